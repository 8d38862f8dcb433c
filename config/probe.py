"""Health probes for containers: `python -m config.probe web|worker|beat` exits 0 when that process does its work.

What the whole installation's health is, /healthz tells.
"""

import http.client
import os
import platform
import sys
import time
from pathlib import Path

from config.celery import app

BEAT_SILENCE = 15 * 60  # seconds; beat writes its schedule at least every eight minutes


def web_answers(host: str = "127.0.0.1", port: int = 8000) -> bool:
    """Whether a web process on this machine answers at all, asked as the proxy in front of it would ask."""
    public = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].lstrip(".")
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        headers = {"Host": "localhost" if public == "*" else public, "X-Forwarded-Proto": "https"}
        connection.request("GET", "/livez", headers=headers)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker_answers() -> bool:
    """Whether the worker with this host's name takes messages."""
    name = f"celery@{platform.node()}"
    return bool(app.control.inspect(destination=[name], timeout=10).ping())


def beat_ticks() -> bool:
    """Whether beat has written its schedule lately."""
    files = Path(os.environ["TRESEN_VAR"]).glob("celerybeat-schedule*")
    return max((file.stat().st_mtime for file in files), default=0.0) > time.time() - BEAT_SILENCE


PROBES = {"web": web_answers, "worker": worker_answers, "beat": beat_ticks}

if __name__ == "__main__":
    sys.exit(0 if PROBES[sys.argv[1]]() else 1)
