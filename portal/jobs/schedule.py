"""Periodic work is state-driven: whoever looks asks which slots have no job yet. Dead or many beats do no harm."""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from portal.jobs.queue import enqueue
from portal.jobs.registry import HANDLERS
from portal.models import ScheduledRun


def plan(now: datetime) -> int:
    """Write the jobs of the current slots that have none; how many. Older slots are left: work catches up by itself."""
    current = {(kind, slot_of(now, handler.every)) for kind, handler in HANDLERS.items() if handler.every is not None}
    slots = {slot for _kind, slot in current}
    planned = set(ScheduledRun.objects.filter(slot__in=slots).values_list("name", "slot"))
    return sum(_plan(kind, slot) for kind, slot in sorted(current - planned))


def slot_of(now: datetime, every: timedelta) -> datetime:
    """The start of the slot that `now` lies in: multiples of `every` since 1970, in UTC."""
    seconds = int(every.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def _plan(kind: str, slot: datetime) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portal_scheduledrun (name, slot) VALUES (%s, %s) ON CONFLICT DO NOTHING", [kind, slot]
        )
        if cursor.rowcount == 0:  # another one was quicker
            return False
        enqueue(kind, key=f"{kind} {slot:%Y-%m-%dT%H:%M:%SZ}")
        return True
