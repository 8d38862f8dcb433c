"""Sessions to be made, and what stands in their way: days off, and teachers and rooms that are taken."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Q

from bookings.models import CalendarItem, Recurrence, ScheduledSession
from bookings.plans.plan import SessionChange, Skipped
from bookings.plans.values import slot_values
from bookings.recurrence import moment
from bookings.selectors.days_off import days_off

# No session is longer: an older start cannot still be running.
_LONGEST = timedelta(days=1)


def new_sessions(
    recurrence: Recurrence, days: Collection[date], *, now: datetime
) -> tuple[list[ScheduledSession], list[Skipped]]:
    """The sessions of a series on these days, not saved, and the days off. What would have begun is not made."""
    if not days:
        return [], []
    item, location = recurrence.item, recurrence.item.location
    off = days_off(location, min(days), max(days), with_public=item.skips_holidays)
    slot = slot_values(recurrence)
    length = timedelta(minutes=slot.pop("duration_minutes"))
    made, skipped = [], []
    for day in sorted(days):
        starts_at = moment(day, recurrence.local_start, location.tz)
        if starts_at <= now:
            continue
        if day in off:
            skipped.append(Skipped(day, off[day], location))
            continue
        made.append(
            new_session(item, starts_at=starts_at, ends_at=starts_at + length, recurrence=recurrence, day=day, **slot)
        )
    return made, skipped


def new_session(
    item: CalendarItem,
    *,
    starts_at: datetime,
    ends_at: datetime,
    recurrence: Recurrence | None = None,
    day: date | None = None,
    **slot: object,
) -> ScheduledSession:
    return ScheduledSession(
        studio_id=item.studio_id,
        item=item,
        **{"location": item.location, "room_id": item.room_id, "teacher_id": item.teacher_id, "capacity": item.capacity}
        | slot,
        starts_at=starts_at,
        ends_at=ends_at,
        recurrence=recurrence,
        occurs_on=day,
        is_exclusive=item.is_exclusive,
    )


@dataclass(frozen=True)
class Wanted:
    """A time for which a teacher and a room are wanted; `pk` None: a session that is not there yet."""

    pk: int | None
    starts_at: datetime
    ends_at: datetime
    teacher_id: int | None
    room_id: int | None


def wanted(changed: Iterable[SessionChange], made: Iterable[ScheduledSession]) -> list[Wanted]:
    """What a plan wants: the times of what changes and of what is made."""
    changes = [change for change in changed if change.session.cancelled_at is None and change.was != change.becomes]
    return [
        *(
            Wanted(one.session.pk, to.starts_at, to.ends_at, to.teacher_id, to.room_id)
            for one in changes
            for to in (one.becomes,)
        ),
        *(Wanted(None, one.starts_at, one.ends_at, one.teacher_id, one.room_id) for one in made),
    ]


@dataclass(frozen=True)
class Busy:
    """What the teacher or the room is taken by, as words; None: nothing. `by_appointment`: one is among it."""

    teacher: str | None = None
    room: str | None = None
    by_appointment: bool = False


def busy(item: CalendarItem, wishes: list[Wanted], *, with_classes: bool) -> Busy:
    """Who has the teacher or the room at one of these times? Two queries at most.

    An appointment has both to itself, so it clashes with everything; a class clashes with appointments only, and
    `with_classes` with other classes, which may be meant (a course in the other half of the room).
    """
    teachers = {wish.teacher_id for wish in wishes} - {None}
    rooms = {wish.room_id for wish in wishes} - {None}
    if not teachers and not rooms:
        return Busy()
    others = ScheduledSession.objects.filter(
        Q(teacher__in=teachers) | Q(room__in=rooms),
        studio=item.studio_id,
        cancelled_at=None,
        starts_at__gt=min(wish.starts_at for wish in wishes) - _LONGEST,
        starts_at__lt=max(wish.ends_at for wish in wishes),
    ).exclude(pk__in=[wish.pk for wish in wishes if wish.pk])
    if not (item.is_exclusive or with_classes):
        others = others.filter(is_exclusive=True)
    by_day: dict[date, list[ScheduledSession]] = defaultdict(list)
    for other in others.select_related("item", "location"):
        by_day[other.starts_at.date()].append(other)
    meets = [
        (wish, other)
        for wish in wishes
        for days in (-1, 0, 1)
        for other in by_day.get(wish.starts_at.date() + timedelta(days=days), ())
        if other.starts_at < wish.ends_at and wish.starts_at < other.ends_at
    ]
    of_teacher = [other for wish, other in meets if wish.teacher_id == other.teacher_id and other.teacher_id]
    in_room = [other for wish, other in meets if wish.room_id == other.room_id and other.room_id]
    return Busy(
        teacher=_words(of_teacher[0]) if of_teacher else None,
        room=_words(in_room[0]) if in_room else None,
        by_appointment=any(other.is_exclusive for other in of_teacher + in_room),
    )


def _words(session: ScheduledSession) -> str:
    return f"{session.item.name}, {session.starts_at.astimezone(session.location.tz):%Y-%m-%d %H:%M}"
