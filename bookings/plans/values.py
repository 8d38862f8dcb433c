"""What a form's answer asks for: the values of one session, or of a series, as the wall clock shows them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Self

from bookings.models import CalendarItem, Own, Recurrence, Room, ScheduledSession
from bookings.recurrence import Pattern, moment, monday_of
from portal.models import Location, Teacher


class Scope(StrEnum):
    """Which sessions of a series an edit is meant for. Those that have begun never change."""

    ONE = "one"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class SessionValues:
    """One session. `day` and `local_start` are the location's; `capacity` None is unlimited."""

    day: date
    local_start: time
    duration_minutes: int
    location: Location
    room: Room | None
    teacher: Teacher | None
    capacity: int | None

    @classmethod
    def of(cls, session: ScheduledSession) -> Self:
        """As the session is now."""
        there = session.starts_at.astimezone(session.location.tz)
        return cls(
            day=there.date(),
            local_start=there.time().replace(second=0, microsecond=0),
            duration_minutes=length_of(session) // timedelta(minutes=1),
            location=session.location,
            room=session.room,
            teacher=session.teacher,
            capacity=session.capacity,
        )

    @classmethod
    def of_item(cls, item: CalendarItem, *, day: date, local_start: time) -> Self:
        """As the item has it, at that time."""
        return cls(
            day=day,
            local_start=local_start,
            duration_minutes=item.duration_minutes,
            location=item.location,
            room=item.room,
            teacher=item.teacher,
            capacity=item.capacity,
        )

    @property
    def starts_at(self) -> datetime:
        return moment(self.day, self.local_start, self.location.tz)


@dataclass(frozen=True, kw_only=True)
class SeriesValues:
    """A slot of the week. Monday is 0; `last_on` is inclusive and None where a form left it out, which is refused.

    `left_out`: days of a new series on which there is none; an old one keeps those that it has.
    """

    weekdays: frozenset[int]
    every_weeks: int
    local_start: time
    duration_minutes: int
    first_on: date
    last_on: date | None
    room: Room | None
    teacher: Teacher | None
    capacity: int | None
    left_out: frozenset[date] = frozenset()

    @classmethod
    def of(cls, recurrence: Recurrence) -> Self:
        """As the series is now; what is not its own is the item's."""

        def whose(word: Own) -> Recurrence | CalendarItem:
            return recurrence if word in recurrence.own else recurrence.item

        return cls(
            weekdays=frozenset(recurrence.weekdays),
            every_weeks=recurrence.every_weeks,
            local_start=recurrence.local_start,
            duration_minutes=whose(Own.DURATION).duration_minutes or recurrence.item.duration_minutes,
            first_on=recurrence.first_on,
            last_on=recurrence.last_on,
            room=whose(Own.ROOM).room,
            teacher=whose(Own.TEACHER).teacher,
            capacity=whose(Own.CAPACITY).capacity,
        )

    @classmethod
    def of_item(
        cls, item: CalendarItem, *, weekdays: Collection[int], local_start: time, first_on: date, last_on: date | None
    ) -> Self:
        """A new series in which everything else is the item's."""
        return cls(
            weekdays=frozenset(weekdays),
            every_weeks=1,
            local_start=local_start,
            duration_minutes=item.duration_minutes,
            first_on=first_on,
            last_on=last_on,
            room=item.room,
            teacher=item.teacher,
            capacity=item.capacity,
        )

    @classmethod
    def as_moved(cls, session: ScheduledSession, values: SessionValues) -> Self | None:
        """What one session's form asks of its series: its weekday, time and the rest for those that follow.

        None where the form's day is in another week than the series has the session in.
        """
        recurrence, occurs_on = session.recurrence, session.occurs_on
        if recurrence is None or occurs_on is None or monday_of(values.day) != monday_of(occurs_on):
            return None
        weekdays = set(recurrence.weekdays)
        if values.day != occurs_on:
            weekdays = weekdays - {occurs_on.weekday()} | {values.day.weekday()}
        return cls(
            weekdays=frozenset(weekdays),
            every_weeks=recurrence.every_weeks,
            local_start=values.local_start,
            duration_minutes=values.duration_minutes,
            first_on=recurrence.first_on,
            last_on=recurrence.last_on,
            room=values.room,
            teacher=values.teacher,
            capacity=values.capacity,
        )

    @property
    def pattern(self) -> Pattern:
        return Pattern(
            weekdays=self.weekdays,
            every_weeks=self.every_weeks,
            first_on=self.first_on,
            last_on=self.last_on or self.first_on,
        )


def length_of(session: ScheduledSession) -> timedelta:
    return session.ends_at - session.starts_at


def slot_values(recurrence: Recurrence) -> dict[str, Any]:
    """`duration_minutes`, `teacher_id`, `room_id` and `capacity` of a slot: its own, or the item's."""
    item = recurrence.item
    return {name: getattr(recurrence if word in recurrence.own else item, name) for word, name in SLOT_FIELDS.items()}


# What a slot can have for itself, by the word for it.
SLOT_FIELDS = {
    Own.DURATION: "duration_minutes",
    Own.TEACHER: "teacher_id",
    Own.ROOM: "room_id",
    Own.CAPACITY: "capacity",
}
