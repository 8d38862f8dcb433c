"""The sandbox as a process of its own, beside the tests: its Django has other settings than theirs."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from config.probe import web_answers
from marketplace.sandbox import moments, signing
from marketplace.sandbox.store import Store
from tests.config.installation import ROOT, eventually, free_port

SECRET = "wellpass-demo-secret"


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()


class Sandbox:
    """The process, and a browser without a screen."""

    def __init__(self, folder: Path, tresen: str, **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        self.cookies: dict[str, str] = {}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        given = {"SANDBOX_VAR": str(folder), "SANDBOX_PORT": str(self.port), "SANDBOX_TRESEN": tresen}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "marketplace.sandbox"],
            cwd=ROOT,
            env=kept | given | {"SANDBOX_SECONDS": "2"} | settings,
            stdout=(folder / "log").open("w"),
            stderr=subprocess.STDOUT,
        )
        eventually(lambda: web_answers(port=self.port) or self.process.poll() is not None)
        assert self.process.poll() is None, (folder / "log").read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Store:
        """Its own database, looked into from outside."""
        return Store(self.folder)

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        connection.request(method, path, body, {**cookie, **(headers or {})})
        response = connection.getresponse()
        for line in response.headers.get_all("Set-Cookie") or []:
            self.cookies |= {name: one.value for name, one in SimpleCookie(line).items()}
        return Answer(response)

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        """As a form of ours is posted."""
        if "sandbox_csrf" not in self.cookies:
            self.get("/operator/")
        body = urlencode({**fields, "csrfmiddlewaretoken": self.cookies["sandbox_csrf"]}).encode()
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def tell(self, kind: str, data: dict[str, Any], *, secret: str = SECRET, name: str = "", at: str = "") -> Answer:
        """A message as the studio signs it."""
        said = {"type": kind, "timestamp": at or moments.written(moments.now()), "data": data}
        body = json.dumps(said).encode()
        headers = signing.headers(secret, name or str(uuid4()), int(time.time()), body)
        return self.ask("POST", "/hooks/", body, {"Content-Type": "application/json", **headers})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Nothing answers where the studio should be."""
    made = Sandbox(tmp_path_factory.mktemp("sandbox"), f"http://127.0.0.1:{free_port()}")
    yield made
    made.stop()


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.store.clear()
    running.cookies.clear()
    return running


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path)
    made.make()
    return made
