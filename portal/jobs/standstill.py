"""Has what works behind the pages stopped? Asked by pages that would else wait in silence."""

from datetime import datetime, timedelta

from django.db.models import Max

from portal.models import Heartbeat

# As `/healthz` has it: a worker beats every few seconds, or every half minute when there is nothing to do.
SILENCE = timedelta(minutes=2)


def worker_seen_at() -> datetime | None:
    """When any worker was last seen; None: never. One query."""
    return Heartbeat.objects.filter(name__startswith="worker ").aggregate(last=Max("seen_at"))["last"]


def silent_for(seen_at: datetime | None, *, now: datetime) -> timedelta | None:
    """For how long no worker has answered; None: one is at work."""
    if seen_at is None:
        return timedelta.max
    return now - seen_at if now - seen_at >= SILENCE else None
