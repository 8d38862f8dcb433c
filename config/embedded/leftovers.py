"""Processes of an earlier start that was killed. Each was sent its death signal; this waits until they are gone."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from config.embedded.processes import Processes

# In the environment of web, worker and beat, and of all that they start.
MARK = "TRESEN_SUPERVISED_IN"
SERVERS = {"postgres", "valkey-server"}


def wait_for_leftovers(data: Path, processes: Processes, tell: Callable[[str], None]) -> None:
    """Wait until nothing of an earlier start runs on `data`; call it only while holding its lock.

    After 10 seconds our own processes are ended. PostgreSQL is asked to shut down and never killed: it may be writing
    what it was given, so it gets the time that it needs.
    """
    started = time.monotonic()
    told = False
    while found := leftovers(data):
        if not told:
            tell("Waiting for processes of an earlier start that was killed ...")
            told = True
        waited = time.monotonic() - started
        for pid, is_postgres in found.items():
            with contextlib.suppress(ProcessLookupError):
                if is_postgres:
                    if waited < 1:
                        os.kill(pid, signal.SIGINT)
                elif waited > 5:
                    os.kill(pid, signal.SIGKILL if waited > 10 else signal.SIGTERM)
        processes.pause(0.5)


def leftovers(data: Path) -> dict[int, bool]:
    """Processes of other starts on `data`: their ids, and whether each is PostgreSQL."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or (pid := int(entry.name)) == os.getpid():
            continue
        if is_server_in(data / "postgres", pid):
            found[pid] = True
        elif is_server_in(data / "valkey", pid) or _is_marked(data, entry):
            found[pid] = False
    return found


def is_server_in(folder: Path, pid: int) -> bool:
    """Whether `pid` is one of our servers, living in `folder` (each server's working directory is its data)."""
    process = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        executable = process.joinpath("exe").readlink().name.removesuffix(" (deleted)")
        return executable in SERVERS and process.joinpath("cwd").readlink() == folder.resolve()
    return False


def _is_marked(data: Path, process: Path) -> bool:
    with contextlib.suppress(OSError):
        return f"{MARK}={data}".encode() in process.joinpath("environ").read_bytes().split(b"\0")
    return False
