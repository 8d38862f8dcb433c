"""Child processes that never outlive us: spawned with a death signal, reaped, restarted, and stopped in order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded.account import Account
from config.embedded.errors import CannotStart

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)

FIRST_BACKOFF, LONGEST_BACKOFF = 0.5, 30.0  # seconds
STAYED_UP = 60.0  # seconds after which a child is taken for healthy again
DEATHS_IN_A_ROW = 7


class Stopped(Exception):
    """Somebody asked us to stop: Ctrl-C, SIGTERM or a closed terminal."""


class GaveUp(Exception):
    """A child died again and again."""


class Processes:
    """Spawns and reaps. Signals are events to wait for here, not handlers that interrupt anything anywhere."""

    def __init__(self) -> None:
        self._stops = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # nohup
            self._stops.discard(signal.SIGHUP)
        # A closed terminal signals the leader of its session. If that is make, make waits for us and tells us nothing.
        self._watch_terminal = signal.SIGHUP in self._stops and has_terminal()
        self._ours: dict[int, subprocess.Popen[bytes]] = {}
        signal.pthread_sigmask(signal.SIG_BLOCK, self._stops | {signal.SIGCHLD})
        # Grandchildren whose parent died become our children, so that none is forgotten.
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str],
        account: Account | None = None,
        death_signal: signal.Signals = signal.SIGTERM,
        stdin: int | None = subprocess.DEVNULL,
        output: int | None = None,
        own_group: bool = True,
    ) -> subprocess.Popen[bytes]:
        """Start `command` as `account`, to get `death_signal` when we die. Main thread only.

        The folder is entered before the account is taken on, so it need not be reachable for it. `output` is a file
        descriptor for both streams; None leaves them on the terminal.
        """
        parent = os.getpid()

        def in_child() -> None:
            # After setuid, which clears the death signal; before exec, which keeps it.
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != parent:  # we died before it was set
                os._exit(1)

        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=stdin,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            process_group=0 if own_group else None,
            preexec_fn=in_child,  # noqa: PLW1509 - this process has one thread
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        self._ours[process.pid] = process
        return process

    def wait(self, seconds: float) -> bool:
        """Wait until a child changed or the time is over, 2 s at most. True when somebody asked us to stop."""
        got = signal.sigtimedwait(self._stops | {signal.SIGCHLD}, min(max(0.0, seconds), 2.0))
        self._reap()
        if self._watch_terminal and not has_terminal():
            self._watch_terminal = False
            return True
        return got is not None and got.si_signo in self._stops

    def pause(self, seconds: float) -> None:
        """Like wait, but raises Stopped."""
        if self.wait(seconds):
            raise Stopped

    def finish(self, process: subprocess.Popen[bytes], name: str, *, log: Path | None = None) -> None:
        """Wait for a process that ends by itself. Raises CannotStart if it failed, and Stopped (ending it) if asked."""
        try:
            while process.poll() is None:
                self.pause(0.5)
        except Stopped:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            raise
        finally:
            kill_group(process.pid)
        if process.returncode:
            raise CannotStart(
                f"{name} failed (status {process.returncode}). {log_tail(log) if log else 'The lines above tell why.'}"
            )

    def _reap(self) -> None:
        """Collect what died: our own children through their Popen, and grandchildren that became ours."""
        with contextlib.suppress(ChildProcessError):
            while dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                process = self._ours.pop(dead.si_pid, None)
                if process is not None and process.returncode is None:
                    process.poll()
                else:
                    os.waitpid(dead.si_pid, 0)


@dataclass
class Child:
    """A process that should be running, and how to start and stop it."""

    name: str
    command: Sequence[str | Path]
    log: Path
    cwd: Path
    env: Callable[[], Mapping[str, str]]  # asked at every start: a restart may need another answer than the first one
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    hurry_signal: signal.Signals = signal.SIGKILL
    patience: float = 10.0  # seconds from stop_signal to hurry_signal, and from that to SIGKILL
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    retry_at: float = field(default=0.0, init=False)
    deaths: int = field(default=0, init=False)

    def start(self, processes: Processes) -> None:
        with self.log.open("ab") as log:
            self.process = processes.spawn(
                self.command,
                cwd=self.cwd,
                env=self.env(),
                account=self.account,
                death_signal=self.stop_signal,
                output=log.fileno(),
            )
        self.started_at = time.monotonic()

    def is_up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_death(self) -> float:
        """Clean up after a death that nobody asked for; how many seconds to wait before the next start.

        Raises GaveUp, with the end of the log, when it died again and again.
        """
        if self.process is not None:
            kill_group(self.process.pid)
            self.process = None
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at > STAYED_UP else self.deaths + 1
        if self.deaths >= DEATHS_IN_A_ROW:
            raise GaveUp(f"{self.name} died {self.deaths} times in a row. {log_tail(self.log)}")
        wait = min(FIRST_BACKOFF * 2 ** (self.deaths - 1), LONGEST_BACKOFF)
        self.retry_at = now + wait
        return wait

    def stop(self, processes: Processes) -> None:
        """Ask to stop, then hurry, then kill. Another Ctrl-C meanwhile skips the waiting."""
        if self.process is None:
            return
        for number in (self.stop_signal, self.hurry_signal, signal.SIGKILL):
            if not self.is_up():
                break
            self.process.send_signal(number)
            until = time.monotonic() + self.patience
            while self.is_up() and (left := until - time.monotonic()) > 0:
                if processes.wait(left):
                    break
        kill_group(self.process.pid)


def has_terminal() -> bool:
    """Whether this process has a terminal that can take its life (not: whether its output goes there)."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def kill_group(group: int) -> None:
    """End what a dead process left in its group (Celery's pool, the web server's workers)."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def log_tail(log: Path, lines: int = 15) -> str:
    text = log.read_bytes()[-8000:].decode(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in text)])
