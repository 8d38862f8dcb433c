"""A marketplace's own server for webhooks, on this machine: it notes what comes, and answers as a test wants it to."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answering = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Came:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answering:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return write


@dataclass
class Theirs:
    """`answers`: of the next requests, one each; then it thanks for everything."""

    port: int = 0
    came: list[Came] = field(default_factory=list)
    answers: list[Answering] = field(default_factory=list)
    # Connections, also those on which nothing was asked.
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?key=not-for-the-log"

    @property
    def types(self) -> list[str]:
        return [one.json["type"] for one in self.came]


@pytest.fixture
def theirs(settings: Any) -> Iterator[Theirs]:
    settings.PRIVATE_TARGETS = True
    found = Theirs()

    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            found.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.came.append(Came(self.path, headers, body))
            (found.answers.pop(0) if found.answers else answer(202, b"thanks"))(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
