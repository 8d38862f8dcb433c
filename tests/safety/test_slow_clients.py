"""Clients that send half a request and wait must not make others wait (S29)."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
from django.conf import settings

HALF_OPEN, HONEST = 200, 100


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(number)]
    server = subprocess.Popen([*command, "--log-level", "error", "config.wsgi:application"], cwd=settings.BASE_DIR)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", number), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield number
    finally:
        server.terminate()
        server.wait(30)


def test_honest_requests_are_answered_while_200_others_never_finish_theirs(port: int) -> None:
    waiting = []
    for number in range(HALF_OPEN):
        half = socket.create_connection(("127.0.0.1", port), timeout=5)
        head = b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\n"
        half.sendall(head if number % 2 else head + b"Content-Length: 1000\r\n\r\nlogin=")
        waiting.append(half)
    took = []
    for _ in range(HONEST):
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        assert connection.getresponse().status == 200
        took.append(time.monotonic() - began)
        connection.close()
    for half in waiting:
        half.close()
    assert sorted(took)[int(HONEST * 0.99) - 1] < 1
