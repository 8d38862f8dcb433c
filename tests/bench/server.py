"""Tresen behind granian on 127.0.0.1, as `make run` starts it, and a client that keeps its connection."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from config.embedded.services import ROOT, WEB, WEB_THREADS

WORKERS = 2
CSRF = "c" * 32


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process, self.port = process, port

    def memory(self) -> int:
        """Resident bytes of the server and its workers."""
        pages = 0
        for pid in [self.process.pid, *_children(self.process.pid)]:
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except FileNotFoundError:
                continue
        return pages * os.sysconf("SC_PAGE_SIZE")


def _children(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return found + [grandchild for child in found for grandchild in _children(child)]


@contextmanager
def serving(url: str, application: str = "config.wsgi:application") -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            *WEB,
            str(WORKERS),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            application,
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DATABASE_POOL": str(WEB_THREADS),
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        },
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_until_open(process, port)
        yield Server(process, port)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_until_open(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("The web server did not start; its words are above.")


class Client:
    """One person's browser: a session cookie, a CSRF token, one connection."""

    def __init__(self, server: Server, session_cookie: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.headers = {
            "Cookie": f"{session_cookie}; tresen_csrf={CSRF}",
            "X-CSRFToken": CSRF,
            "Accept-Language": "en",
            "Accept-Encoding": "identity",
        }

    def get(self, path: str) -> tuple[int, bytes]:
        return self._ask("GET", path, None, {})

    def post(self, path: str, fields: dict[str, str], *, htmx: bool = False) -> tuple[int, bytes]:
        more = {"Content-Type": "application/x-www-form-urlencoded"} | ({"HX-Request": "true"} if htmx else {})
        return self._ask("POST", path, urlencode(fields).encode(), more)

    def stream(self, path: str) -> Iterator[bytes]:
        self.connection.request("GET", path, headers=self.headers)
        response = self.connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"GET {path}: {response.status}")
        while chunk := response.read(1 << 16):
            yield chunk

    def _ask(self, method: str, path: str, body: bytes | None, more: dict[str, str]) -> tuple[int, bytes]:
        self.connection.request(method, path, body=body, headers={**self.headers, **more})
        response = self.connection.getresponse()
        return response.status, response.read()
