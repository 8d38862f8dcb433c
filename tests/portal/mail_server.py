"""A mail server for tests: it speaks SMTP on a port of its own, and fails as it is told."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


class MailServer(socketserver.ThreadingTCPServer):
    """`answers` by command, as {"RCPT": "550 5.1.1 nobody"}; "." is the answer to the mail, "" to hang up instead."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.answers: dict[str, str] = {}
        self.delay = 0.0  # seconds before it says that it took a mail
        self.pause = 0.0  # before each answer
        self.is_silent = False
        self.on_taken: Callable[[], Any] = lambda: None
        self.connections = 0
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]  # type: ignore[misc]


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        with suppress(ConnectionError):
            self._talk()

    def _talk(self) -> None:
        self.server.connections += 1
        if self.server.is_silent:
            self.rfile.read()
            return
        recipients: list[str] = []
        self._say("220 mail.test ESMTP")
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ")[0].split(":")[0].upper()
            answer = self.server.answers.get(command, "354 go on" if command == "DATA" else "250 2.0.0 fine")
            if not answer:
                return
            self._say(answer)
            if command == "QUIT":
                return
            if command == "RCPT":
                recipients.append(line.partition(":")[2].strip("<> "))
            if command == "DATA" and answer.startswith("3") and not self._take(recipients):
                return

    def _take(self, recipients: list[str]) -> bool:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b".") else line)
        time.sleep(self.server.delay)
        answer = self.server.answers.get(".", "250 2.0.0 taken")
        if not answer or answer.startswith("2"):
            self.server.raw.append(b"".join(lines))
            self.server.recipients.append(recipients)
            self.server.on_taken()
        if answer:
            self._say(answer)
        return bool(answer)

    def _say(self, answer: str) -> None:
        time.sleep(self.server.pause)
        self.wfile.write(f"{answer}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
