"""A location that lives by another clock from now on."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from bookings.actions.schedule import writing
from bookings.actions.schedule.carrying_out import send_news, settle, touch
from bookings.models import ScheduledSession
from bookings.plans import SessionChange, Shape
from bookings.plans.values import length_of
from bookings.recurrence import moment
from portal.changes import record_changes
from portal.models import Location, StaffLogin


def change_zone(location: Location, *, before: str, by: StaffLogin | None, now: datetime) -> int:
    """Let sessions to come at this location, which has its new zone already, keep their wall-clock time; how many.

    Past ones, and those that have begun, stay at the moments at which they were. Series need nothing: they are wall
    clock. What would thereby lie in the past stays too. Nobody is told: the clock on the wall, which is what people
    were told, shows the same.
    """
    with transaction.atomic():
        sessions = list(
            ScheduledSession.objects.filter(location=location, starts_at__gt=now)
            .order_by("pk")
            .select_for_update(of=("self",))
        )
        changes = [_change(session, location, ZoneInfo(before)) for session in sessions]
        changes = [change for change in changes if change.is_moved and change.becomes.starts_at > now]
        if not changes:
            return 0
        writing.move(changes, series=None)
        writing.move_deadlines(changes, waived_until=None)
        record_changes(
            ((change.session, change.was.as_facts(), change.becomes.as_facts()) for change in changes),
            "zone_changed",
            studio=location.studio,
            by=by,
            now=now,
        )
        keys = [change.session.pk for change in changes]
        settle(keys, now=now)
        touch(location.studio, keys, now=now)
        send_news({"changed": keys}, studio=location.studio, by=by, now=now)
    return len(changes)


def _change(session: ScheduledSession, location: Location, before: ZoneInfo) -> SessionChange:
    session.location = location
    was = Shape.of(session)
    there = session.starts_at.astimezone(before)
    starts_at = moment(there.date(), there.time(), location.tz)
    becomes = Shape(
        starts_at=starts_at,
        ends_at=starts_at + length_of(session),
        location=location,
        room_id=was.room_id,
        teacher_id=was.teacher_id,
        capacity=was.capacity,
    )
    return SessionChange(session=session, was=was, becomes=becomes, own=tuple(session.own), occurs_on=session.occurs_on)
