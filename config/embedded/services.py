"""Tresen's own processes: web, worker and beat, with the commands that docker-compose.yml has too; and the sandbox."""

import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from config.embedded.leftovers import MARK
from config.embedded.processes import Child

ROOT = Path(__file__).resolve().parents[2]
# Few database connections: on a hot class 8 of them book six times more a second than 32 do.
WEB_THREADS = 4

WORKER = ["celery", "--app", "config", "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"]
BEAT = ["celery", "--app", "config", "beat"]
WEB = [
    *("granian", "--interface", "wsgi", "--respawn-failed-workers", "--workers-kill-timeout", "10"),
    *("--blocking-threads", str(WEB_THREADS), "--workers"),
]

SANDBOX = ["marketplace.sandbox"]
# All that the sandbox is told of our environment: it is another company's, and gets none of our secrets.
FOR_SANDBOX = ("PATH", "HOME", "LANG", "TZ", "PYTHONUNBUFFERED", "TRESEN_VAR", "PORT", MARK)


def sandbox(var: Path, environment: Mapping[str, str], *, port: int) -> Child:
    """The marketplace to try Tresen against, beside the demo (docs/sandbox.md). `port` is its own."""
    told = {name: value for name, value in environment.items() if name in FOR_SANDBOX or name.startswith("SANDBOX_")}
    told["SANDBOX_PORT"] = str(port)
    return Child(
        name="sandbox",
        command=[sys.executable, "-m", *SANDBOX],
        log=var / "log/sandbox.log",
        cwd=ROOT,
        env=lambda: told,
    )


def services(var: Path, environment: Mapping[str, str], *, host: str, port: int) -> list[Child]:
    """The children in the order of their start. `environment` is complete: settings are read from it alone."""

    def child(name: str, words: list[str], *, extra: Mapping[str, str] | None = None, patience: float = 10) -> Child:
        complete = {**environment, **(extra or {})}
        return Child(
            name=name,
            command=[sys.executable, "-m", *words],  # scripts in .venv/bin do not bear a moved checkout or a space
            log=var / f"log/{name}.log",
            cwd=ROOT,
            env=lambda: complete,
            patience=patience,
            hurry_signal=signal.SIGQUIT if name == "worker" else signal.SIGKILL,
        )

    return [
        child("worker", WORKER, patience=30),
        child("beat", [*BEAT, "--schedule", str(var / "celerybeat-schedule"), "--pidfile", ""]),
        child(
            "web",
            [
                *WEB,
                environment.get("WEB_PROCESSES") or "2",
                "--host",
                host,
                "--port",
                str(port),
                "config.wsgi:application",
            ],
            extra={"DATABASE_POOL": str(WEB_THREADS)},
            patience=15,
        ),
    ]
