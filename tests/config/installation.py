"""Tresen as `make run` starts it, in a data folder of its own, to be watched and hurt from outside."""

import contextlib
import http.client
import os
import pty
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "PostgreSQL": "bin/postgres",
    "Valkey": "valkey-server",
    "worker": " worker",
    "beat": " beat",
    "web": "granian",
}


def eventually(question: Callable[[], T], *, seconds: float = 30) -> T:
    """The first truthy answer; fails with the last one when there is none in time."""
    until = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < until:
        time.sleep(0.05)
    assert answer, f"not within {seconds} s"
    return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and text, asked as the proxy with TLS in front of web asks; (0, why) when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0]
    try:
        connection.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": "https"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
    finally:
        connection.close()


class Installation:
    def __init__(self, var: Path) -> None:
        self.var = var
        self.port = free_port()
        self.output = var.with_name(f"{var.name}.output")
        self.process: subprocess.Popen[bytes] | None = None
        self._terminal: int | None = None

    def start(self, *, terminal: bool = False) -> None:
        """Start and wait until it says that it is ready; on a terminal of its own if asked."""
        with self.output.open("wb") as output:
            self.process = self._spawn(output.fileno(), terminal=terminal)
        eventually(lambda: "Tresen is ready" in self.said() or self._process.poll() is not None, seconds=60)
        assert self._process.poll() is None, self.said()

    def try_to_start(self) -> tuple[int, str]:
        """What a start that is expected to be refused ends with and says."""
        done = subprocess.run(
            [sys.executable, "-m", "config.embedded"],
            cwd=ROOT,
            env=self._environment() | {"PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.returncode, done.stdout

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self._process.send_signal(number)
        return self._process.wait(40)

    def close_terminal(self) -> int:
        assert self._terminal is not None
        os.close(self._terminal)
        self._terminal = None
        return self._process.wait(40)

    def kill_all(self) -> None:
        everything = self.all_pids()
        for pid in everything:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        eventually(lambda: not alive(everything))

    def said(self) -> str:
        if self._terminal is not None:
            with contextlib.suppress(OSError), self.output.open("ab") as output:
                output.write(os.read(self._terminal, 100_000))
        return self.output.read_text()

    def pid(self, name: str) -> int | None:
        """The direct child with this name, if it runs."""
        supervisor = self._process.pid if self._terminal is None else next(iter(children(self._process.pid)))
        for pid in children(supervisor):
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                if NAMES[name] in command:
                    return pid
        return None

    def environment_of(self, name: str) -> dict[str, str]:
        pid = self.pid(name)
        lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        return dict(line.split("=", 1) for line in lines if line)

    def database(self) -> psycopg.Connection:
        return psycopg.connect(self.environment_of("web")["DATABASE_URL"], autocommit=True)

    def all_pids(self) -> set[int]:
        """The supervisor and everything below it."""
        found, new = set[int](), {self._process.pid}
        while new:
            found |= new
            new = {child for pid in new for child in children(pid)} - found
        return found

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        assert self.process is not None
        return self.process

    def _environment(self) -> dict[str, str]:
        ours = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {"TRESEN_VAR": str(self.var), "PORT": str(self.port), "TRESEN_DEMO": "0", "WEB_PROCESSES": "1"}

    def _spawn(self, output: int, *, terminal: bool) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "config.embedded"]
        if not terminal:
            return subprocess.Popen(command, cwd=ROOT, env=self._environment(), stdout=output, stderr=output)
        self._terminal, inner = pty.openpty()
        os.set_blocking(self._terminal, False)
        process = subprocess.Popen(
            # As in a terminal window with make: a session of its own, led by a process that waits and tells nothing.
            ["setsid", "--ctty", "sh", "-c", 'trap : HUP; "$@"; exit $?', "sh", *command],
            cwd=ROOT,
            env=self._environment(),
            stdin=inner,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)
        return process


def children(pid: int) -> set[int]:
    with contextlib.suppress(OSError):
        return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()


def alive(pids: set[int]) -> set[int]:
    """Those that run: a zombie does not."""
    return {pid for pid in pids if (state := state_of(pid)) and state != "Z"}


def state_of(pid: int) -> str | None:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return None
