"""What a change of the schedule would do, session by session: shown before, carried out after."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

from bookings.models import CalendarItem, Recurrence, Reservation, ScheduledSession
from bookings.rules import Decision
from bookings.selectors.affected import Affected, affected, over_capacity
from portal.models import Location


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What can differ between a session and its item."""

    starts_at: datetime
    ends_at: datetime
    location: Location
    room_id: int | None
    teacher_id: int | None
    capacity: int | None

    @classmethod
    def of(cls, session: ScheduledSession) -> "Shape":
        return cls(
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            location=session.location,
            room_id=session.room_id,
            teacher_id=session.teacher_id,
            capacity=session.capacity,
        )

    def as_facts(self) -> dict[str, object]:
        """For the log of changes: names of fields and plain values."""
        return {
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "location": self.location.pk,
            "room": self.room_id,
            "teacher": self.teacher_id,
            "capacity": self.capacity,
        }


@dataclass(frozen=True, kw_only=True)
class SessionChange:
    """One session and what it becomes. `in_series`: it goes over to the series that the plan makes."""

    session: ScheduledSession
    was: Shape
    becomes: Shape
    own: tuple[str, ...]
    occurs_on: date | None
    in_series: bool = False

    @property
    def is_moved(self) -> bool:
        """Another time or place; another room of the same house is neither."""
        return (self.was.starts_at, self.was.ends_at, self.was.location) != (
            self.becomes.starts_at,
            self.becomes.ends_at,
            self.becomes.location,
        )

    @property
    def has_other_teacher(self) -> bool:
        return self.was.teacher_id != self.becomes.teacher_id

    @property
    def tells_people(self) -> bool:
        """Whether people who are booked must hear of it (Q27)."""
        return self.session.cancelled_at is None and (self.is_moved or self.has_other_teacher)

    @property
    def is_over(self) -> bool:
        return self.becomes.capacity is not None and self.session.places_taken > self.becomes.capacity


@dataclass(frozen=True)
class Skipped:
    """A day on which nothing is made, and why: a name from the calendar, or an English msgid of ours."""

    day: date
    reason: str
    location: Location
    session: ScheduledSession | None = None


@dataclass(frozen=True)
class Over:
    """A session with more people than places, and who they are: last booked first."""

    session: ScheduledSession
    people: list[Reservation]


@dataclass(kw_only=True)
class Plan:
    """Nothing of it is done where `decision` refuses. `made` are sessions not saved yet."""

    decision: Decision
    item: CalendarItem | None = None
    changed: list[SessionChange] = field(default_factory=list)
    # They fall out: cancelled where people are booked or were, else removed.
    dropped: list[ScheduledSession] = field(default_factory=list)
    made: list[ScheduledSession] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    # The series that takes over, not saved yet, and the one it takes over from.
    series: Recurrence | None = None
    replaces: Recurrence | None = None

    @property
    def moved(self) -> list[SessionChange]:
        """Those of which people must hear."""
        return [change for change in self.changed if change.tells_people]

    @cached_property
    def affected(self) -> Affected:
        """Who is booked in what moves, changes its teacher or falls out, by source (Q27)."""
        return affected([*(change.session for change in self.moved), *self.dropped])

    @cached_property
    def over(self) -> list[Over]:
        """Where the new capacity is below what is booked; everybody keeps the place."""
        return [
            Over(change.session, over_capacity(change.session, capacity=change.becomes.capacity))
            for change in self.changed
            if change.is_over
        ]


def refusal(decision: Decision) -> Plan:
    return Plan(decision=decision)


def starts_of(changes: Iterable[SessionChange]) -> tuple[datetime, ...]:
    """Where sessions that move begin afterwards."""
    return tuple(change.becomes.starts_at for change in changes if change.is_moved)
