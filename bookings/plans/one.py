"""One session: made by itself, or made to differ from its series."""

from datetime import datetime, timedelta

from bookings import rules
from bookings.models import CalendarItem, Own, ScheduledSession
from bookings.plans.occurrences import busy, new_session, wanted
from bookings.plans.plan import Plan, SessionChange, Shape, starts_of
from bookings.plans.values import SessionValues, length_of, slot_values
from bookings.recurrence import moment
from bookings.selectors.days_off import days_off


def plan_session(item: CalendarItem, values: SessionValues, *, now: datetime) -> Plan:
    """What would become of one more date of an item."""
    session = new_session(
        item,
        starts_at=values.starts_at,
        ends_at=values.starts_at + timedelta(minutes=values.duration_minutes),
        location=values.location,
        room_id=values.room.pk if values.room else None,
        teacher_id=values.teacher.pk if values.teacher else None,
        capacity=values.capacity,
    )
    session.own = own_words(session, Shape.of(session))
    taken = busy(item, wanted([], [session]), with_classes=True)
    facts = rules.EditFacts(
        archived_at=item.archived_at,
        new_starts=(session.starts_at,),
        room_elsewhere=_is_elsewhere(values),
        closed=_closed(values, item),
        teacher_busy=taken.teacher,
        room_busy=taken.room,
        is_exclusive=item.is_exclusive or taken.by_appointment,
    )
    return Plan(decision=rules.may_edit(facts, now=now), item=item, made=[session])


def plan_one(session: ScheduledSession, values: SessionValues, *, now: datetime, seen: int | None = None) -> Plan:
    """What would become of this session alone."""
    was = Shape.of(session)
    becomes = _shape(session, values)
    change = SessionChange(
        session=session, was=was, becomes=becomes, own=tuple(own_words(session, becomes)), occurs_on=session.occurs_on
    )
    taken = busy(session.item, wanted([change], []), with_classes=True)
    facts = rules.EditFacts(
        cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        new_starts=starts_of([change]),
        was_seen=seen is None or seen == session.version,
        room_elsewhere=_is_elsewhere(values),
        closed=_closed(values, session.item) if change.is_moved else None,
        teacher_busy=taken.teacher,
        room_busy=taken.room,
        is_exclusive=session.is_exclusive or taken.by_appointment,
    )
    return Plan(decision=rules.may_edit(facts, now=now), item=session.item, changed=[change] * (was != becomes))


def _shape(session: ScheduledSession, values: SessionValues) -> Shape:
    """Moments are only computed anew where the form's time differs: the second 02:30 of a night stays the second."""
    now_is = SessionValues.of(session)
    same_time = (values.day, values.local_start, values.location) == (now_is.day, now_is.local_start, now_is.location)
    starts_at = session.starts_at if same_time else values.starts_at
    same_length = values.duration_minutes == now_is.duration_minutes
    length = length_of(session) if same_length else timedelta(minutes=values.duration_minutes)
    return Shape(
        starts_at=starts_at,
        ends_at=starts_at + length,
        location=values.location,
        room_id=values.room.pk if values.room else None,
        teacher_id=values.teacher.pk if values.teacher else None,
        capacity=values.capacity,
    )


def own_words(session: ScheduledSession, becomes: Shape) -> list[str]:
    """In what a session of this shape differs from its series, or from its item where it has none."""
    item, recurrence = session.item, session.recurrence
    length = timedelta(minutes=item.duration_minutes)
    teacher, room, capacity = item.teacher_id, item.room_id, item.capacity
    differs = []
    if recurrence is not None and session.occurs_on is not None:
        slot = slot_values(recurrence)
        length = timedelta(minutes=slot["duration_minutes"])
        teacher, room, capacity = slot["teacher_id"], slot["room_id"], slot["capacity"]
        usual = moment(session.occurs_on, recurrence.local_start, becomes.location.tz)
        differs = [Own.START] if becomes.starts_at != usual else []
    for word, is_own in (
        (Own.DURATION, becomes.ends_at - becomes.starts_at != length),
        (Own.LOCATION, becomes.location.pk != item.location_id),
        (Own.ROOM, becomes.room_id != room),
        (Own.TEACHER, becomes.teacher_id != teacher),
        (Own.CAPACITY, becomes.capacity != capacity),
    ):
        if is_own:
            differs.append(word)
    return [str(word) for word in differs]


def _is_elsewhere(values: SessionValues) -> bool:
    return values.room is not None and values.room.location_id != values.location.pk


def _closed(values: SessionValues, item: CalendarItem) -> str | None:
    return days_off(values.location, values.day, values.day, with_public=item.skips_holidays).get(values.day)
