"""An item whose teacher, room, capacity, duration or location changes, and with it its sessions to come."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bookings import rules
from bookings.models import CalendarItem, Own, Room, ScheduledSession
from bookings.plans.occurrences import busy, wanted
from bookings.plans.plan import Plan, SessionChange, Shape, starts_of
from bookings.plans.values import SessionValues, length_of
from bookings.recurrence import moment
from portal.models import Teacher

# What sessions have from their item, by the word for having it of their own.
SPREAD = {
    Own.DURATION: "duration_minutes",
    Own.TEACHER: "teacher",
    Own.ROOM: "room",
    Own.CAPACITY: "capacity",
    Own.LOCATION: "location",
}


def plan_item(item: CalendarItem, values: Mapping[str, Any], *, now: datetime) -> Plan:
    """What these values of an item (by name of field) would do to its sessions to come.

    A session, or its series, keeps what it has of its own. At another location the wall clock stays, and rooms are
    the item's new one: the old ones are elsewhere.
    """
    spread = {word: values[name] for word, name in SPREAD.items() if name in values}
    differing = {word: value for word, value in spread.items() if value != getattr(item, SPREAD[word])}
    to_come = item.sessions.filter(starts_at__gt=now, cancelled_at=None).select_related("location", "recurrence")
    changes = [_change(session, differing) for session in to_come.order_by("starts_at", "id")] if differing else []
    changes = [change for change in changes if change.was != change.becomes]
    for change in changes:
        change.session.item = item
    taken = busy(item, wanted(changes, []), with_classes=False)
    location, room = values.get("location", item.location), values.get("room", item.room)
    kind = values.get("kind", item.kind)
    apart = {CalendarItem.Kind.APPOINTMENT, CalendarItem.Kind.COURSE}
    facts = rules.EditFacts(
        new_starts=starts_of(changes),
        room_elsewhere=room is not None and room.location_id != location.pk,
        kind_in_use=kind != item.kind and bool({kind, item.kind} & apart) and item.sessions.exists(),
        teacher_busy=taken.teacher,
        room_busy=taken.room,
        is_exclusive=item.is_exclusive or taken.by_appointment,
    )
    return Plan(decision=rules.may_edit(facts, now=now), item=item, changed=changes)


def _change(session: ScheduledSession, differing: Mapping[Own, Any]) -> SessionChange:
    was = Shape.of(session)
    own = set(session.own) | set(session.recurrence.own if session.recurrence else [])
    if Own.LOCATION in differing and Own.LOCATION not in own:
        own.discard(Own.ROOM)
    if Own.LOCATION in own:
        own.add(Own.ROOM)
    given = {word: value for word, value in differing.items() if word not in own}
    location, starts_at = given.get(Own.LOCATION, was.location), was.starts_at
    if location != was.location:
        there = SessionValues.of(session)
        starts_at = moment(there.day, there.local_start, location.tz)
        given[Own.ROOM] = differing.get(Own.ROOM)
    length = timedelta(minutes=given[Own.DURATION]) if Own.DURATION in given else length_of(session)
    return SessionChange(
        session=session,
        was=was,
        becomes=Shape(
            starts_at=starts_at,
            ends_at=starts_at + length,
            location=location,
            room_id=_key(given[Own.ROOM]) if Own.ROOM in given else was.room_id,
            teacher_id=_key(given[Own.TEACHER]) if Own.TEACHER in given else was.teacher_id,
            capacity=given.get(Own.CAPACITY, was.capacity),
        ),
        own=tuple(word for word in session.own if location == was.location or word != Own.ROOM),
        occurs_on=session.occurs_on,
    )


def _key(row: Room | Teacher | None) -> int | None:
    return row.pk if row else None
