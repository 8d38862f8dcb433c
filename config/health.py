"""Is everything at work? `/livez` for what restarts this process, `/healthz` for what watches the installation."""

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connection as pooled
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.access import public
from portal.support import status

BEAT_SILENCE, WORKER_SILENCE = 180.0, 120.0  # seconds without a heartbeat until a part counts as down
REMEMBER = 1.0  # seconds for which an answer is given again: asking costs a database connection

_QUEUE = """
SELECT count(*) FILTER (WHERE is_due),
       extract(epoch FROM now() - min(run_after) FILTER (WHERE is_due))::float,
       (SELECT count(*) FROM portal_job WHERE dead_at IS NOT NULL)
FROM (
    SELECT run_after, run_after <= now() AND (lease_until IS NULL OR lease_until < now()) AS is_due
    FROM portal_job WHERE done_at IS NULL AND dead_at IS NULL
) AS open
"""
_HEARTBEATS = """
SELECT extract(epoch FROM now() - max(seen_at) FILTER (WHERE name = 'beat'))::float,
       extract(epoch FROM now() - max(seen_at) FILTER (WHERE name LIKE 'worker %'))::float
FROM portal_heartbeat
"""


@public("asked by what runs the processes; it says that this one answers, and touches nothing")
@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@public("asked by monitoring; numbers only")
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The parts as JSON, each with `ok`; 503 when one is down. Answers within about five seconds, whatever hangs."""
    report = _latest.get()
    return JsonResponse(report, status=200 if report["ok"] else 503)


def examine() -> dict[str, Any]:
    """Look at every part now."""
    parts = {"web": {"ok": True}, "broker": _broker(), **_database_and_what_it_knows()}
    return {"ok": all(part["ok"] for part in parts.values()), **parts}


class _Latest:
    """The report of a moment ago. Of many that ask at once one looks, and the others get what is known."""

    def __init__(self, look: Callable[[], dict[str, Any]]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._report: dict[str, Any] | None = None
        self._at = 0.0

    def get(self) -> dict[str, Any]:
        known = self._report
        if known is not None and time.monotonic() - self._at < REMEMBER:
            return known
        if not self._lock.acquire(blocking=known is None):
            return known or {"ok": False}
        try:
            self._report = self._look()
            self._at = time.monotonic()
            return self._report
        finally:
            self._lock.release()


_latest = _Latest(examine)
status.register(_latest.get)


def _broker() -> dict[str, Any]:
    began = time.monotonic()
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=None) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return {"ok": False}
    return {"ok": True, "seconds": _rounded(time.monotonic() - began)}


def _database_and_what_it_knows() -> dict[str, Any]:
    """On a connection of its own, so that an exhausted pool does not hide how the rest is doing."""
    parts: dict[str, Any] = {"database": {"ok": False}}
    began = time.monotonic()
    try:
        with psycopg.connect(**_own_connection()) as connection:
            connection.execute("SELECT 1")
            parts["database"] = {"ok": True, "seconds": _rounded(time.monotonic() - began)}
            parts["migrations"] = _migrations(connection)
            parts |= _background(connection)
    except psycopg.OperationalError:
        parts["database"] = {"ok": False}
    except psycopg.errors.UndefinedTable:  # nothing is migrated yet
        parts["migrations"] = {"ok": False}
    return parts


def _migrations(connection: psycopg.Connection) -> dict[str, Any]:
    unapplied = _shipped_migrations() - set(connection.execute("SELECT app, name FROM django_migrations"))
    return {"ok": not unapplied, "unapplied": len(unapplied)}


def _background(connection: psycopg.Connection) -> dict[str, Any]:
    """Beat, workers and the queue. Jobs that wait or are dead are for alerts; they do not make a part down."""
    beat, worker = connection.execute(_HEARTBEATS).fetchone() or (None, None)
    due, oldest, dead = connection.execute(_QUEUE).fetchone() or (0, None, 0)
    return {
        "beat": {"ok": beat is not None and beat < BEAT_SILENCE, "seconds_ago": _rounded(beat)},
        "worker": {"ok": worker is not None and worker < WORKER_SILENCE, "seconds_ago": _rounded(worker)},
        "queue": {"ok": True, "due": due, "oldest_due_seconds": _rounded(oldest), "dead": dead},
    }


def _own_connection() -> dict[str, Any]:
    given = pooled.get_connection_params()
    wanted = {name: given[name] for name in given if name not in {"cursor_factory", "context", "prepare_threshold"}}
    return wanted | {"connect_timeout": 2, "options": "-c statement_timeout=1s -c lock_timeout=1s -c timezone=UTC"}


@cache
def _shipped_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
