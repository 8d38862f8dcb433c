"""How a connection is doing: last and next sync, calls and answers of the day, what waits, whether anybody works."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db.models import Aggregate, Count, FloatField, Q

from marketplace.models import Call, Connection, Exchange, SyncRun
from marketplace.rules import Lateness
from marketplace.rules.lateness import PERIOD
from marketplace.selectors.late import sync_standing_of, with_facts
from portal.jobs.standstill import silent_for, worker_seen_at

SLOTS = 48


class P95(Aggregate):
    """The time within which 19 of 20 were over, as PostgreSQL interpolates it."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.95) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


class Slot(StrEnum):
    """What became of one half hour."""

    DIFFERED = "differed"  # compared, and something had to be told
    SAME = "same"
    MISSING = "missing"
    RUNNING = "running"  # the half hour that is not over
    BEFORE = "before"  # the connection was not active


@dataclass(frozen=True)
class HalfHour:
    """`at`: its beginning; `differed`: of its comparisons together."""

    at: datetime
    slot: Slot
    differed: int = 0


@dataclass(frozen=True)
class Answers:
    """Requests since the day began: how many, which went wrong, and the 95th percentile in milliseconds."""

    number: int
    wrong: int
    refused: int
    p95: float | None

    @property
    def percent_wrong(self) -> float:
        return 100 * self.wrong / self.number if self.number else 0.0


@dataclass(frozen=True)
class Health:
    """`worker_silent`: for how long no worker has answered; None: one does. `given_up`, `waiting`: calls."""

    connection: Connection
    lateness: Lateness
    compared_at: datetime | None
    theirs: Answers
    ours: Answers
    strip: tuple[HalfHour, ...]
    worker_silent: timedelta | None
    worker_seen_at: datetime | None
    given_up: int
    waiting: int


def health_of(connection: Connection, *, day_began: datetime, now: datetime) -> Health:
    """Five queries. `day_began`: midnight of today at the studio."""
    found = with_facts(Connection.objects.filter(pk=connection.pk)).get()
    exchanges = connection.exchanges.filter(at__gte=day_began).aggregate(
        **_counted("asked", Exchange.Direction.IN), **_counted("told", Exchange.Direction.OUT)
    )
    opened = Q(state__in=[Call.State.WAITING, Call.State.SENDING])
    calls = connection.calls.filter(opened | Q(state=Call.State.DEAD)).aggregate(
        given_up=Count("pk", filter=Q(state=Call.State.DEAD)),
        waiting=Count("pk", filter=opened),
    )
    seen_at = worker_seen_at()
    return Health(
        connection=found,
        lateness=sync_standing_of(found, now=now).lateness,
        compared_at=found.compared_at,  # type: ignore[attr-defined]
        theirs=_answers("asked", exchanges),
        ours=_answers("told", exchanges),
        strip=strips([found], now=now)[found.pk],
        worker_silent=silent_for(seen_at, now=now),
        worker_seen_at=seen_at,
        given_up=calls["given_up"],
        waiting=calls["waiting"],
    )


def _counted(word: str, direction: Exchange.Direction) -> dict[str, Aggregate]:
    """A marketplace that is refused with a reason was answered well; one that refuses us has not taken what we told."""
    mine = Q(direction=direction)
    refused = Q(status__gte=400, status__lt=500)
    wrong = Q(status=None) | Q(status__gte=500)
    if direction == Exchange.Direction.OUT:
        wrong |= refused
    return {
        f"{word}_number": Count("pk", filter=mine),
        f"{word}_wrong": Count("pk", filter=mine & wrong),
        f"{word}_refused": Count("pk", filter=mine & refused),
        f"{word}_p95": P95("milliseconds", filter=mine),
    }


def _answers(word: str, found: dict[str, float | None]) -> Answers:
    return Answers(
        number=int(found[f"{word}_number"] or 0),
        wrong=int(found[f"{word}_wrong"] or 0),
        refused=int(found[f"{word}_refused"] or 0),
        p95=found[f"{word}_p95"],
    )


def strips(connections: Collection[Connection], *, now: datetime) -> dict[int, tuple[HalfHour, ...]]:
    """By the connection's key the last 48 half hours, the oldest first, the last one still running. One query.

    In UTC: each half hour is as long as the others.
    """
    first = _slot_of(now) - (SLOTS - 1) * PERIOD
    runs = SyncRun.objects.filter(connection__in=connections, started_at__gte=first, ended_at__isnull=False).order_by()
    compared: dict[int, dict[datetime, int]] = {one.pk: {} for one in connections}
    for key, started_at, differed in runs.values_list("connection", "started_at", "differed"):
        at = _slot_of(started_at)
        compared[key][at] = compared[key].get(at, 0) + differed
    return {
        one.pk: tuple(
            _half_hour(first + number * PERIOD, compared[one.pk], active=one.activated_at or now, now=now)
            for number in range(SLOTS)
        )
        for one in connections
    }


def _half_hour(at: datetime, compared: dict[datetime, int], *, active: datetime, now: datetime) -> HalfHour:
    if at in compared:
        return HalfHour(at, Slot.DIFFERED if compared[at] else Slot.SAME, compared[at])
    if at + PERIOD > now:
        return HalfHour(at, Slot.RUNNING)
    return HalfHour(at, Slot.BEFORE if at < active else Slot.MISSING)


def _slot_of(moment: datetime) -> datetime:
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
