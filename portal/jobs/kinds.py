"""How each kind of job is doing, for the operator: when it ran last, what waits, what failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils.module_loading import autodiscover_modules

from portal.jobs.registry import HANDLERS
from portal.jobs.schedule import slot_of
from portal.models import Job


@dataclass(frozen=True)
class Kind:
    """`every` None: when something causes it. `next_at`: when it is next due by the clock.

    Done jobs are forgotten after two weeks: `done_at` None is "not since then".
    """

    name: str
    every: timedelta | None
    next_at: datetime | None
    done_at: datetime | None
    waiting: int
    failing: int
    dead: int
    error: str


def kinds(now: datetime) -> list[Kind]:
    """Every kind that there is a handler or a job for, those in trouble first, then by name. Two queries."""
    autodiscover_modules("tasks")  # which workers have, and the web has not yet
    is_open = Q(done_at=None, dead_at=None)
    numbers = (
        Job.objects.order_by()
        .values("kind")
        .annotate(
            last=Max("done_at"),
            waiting=Count("pk", filter=is_open),
            failing=Count("pk", filter=is_open & ~Q(last_error="")),
            dead=Count("pk", filter=Q(dead_at__isnull=False)),
        )
    )
    found = {row["kind"]: row for row in numbers}
    failed = Job.objects.filter(done_at=None).exclude(last_error="").order_by("kind", "-pk").distinct("kind")
    errors = dict(failed.values_list("kind", "last_error"))
    rows = [_kind(name, found.get(name), errors.get(name, ""), now) for name in {*HANDLERS, *found}]
    return sorted(rows, key=lambda kind: (not kind.dead, not kind.failing, kind.name))


def _kind(name: str, row: Any, error: str, now: datetime) -> Kind:
    handler = HANDLERS.get(name)
    every = handler.every if handler else None
    numbers = row or {"last": None, "waiting": 0, "failing": 0, "dead": 0}
    return Kind(
        name=name,
        every=every,
        next_at=slot_of(now, every) + every if every else None,
        done_at=numbers["last"],
        waiting=numbers["waiting"],
        failing=numbers["failing"],
        dead=numbers["dead"],
        error=error,
    )
