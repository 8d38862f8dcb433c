"""What a demo studio tells: bookings, what happened to them, and waits, as they stand before they are rows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking, Origin
from portal.models import Location, Member


@dataclass(slots=True)
class Told:
    """An event; `key` makes its action's id."""

    kind: ReservationEvent.Kind
    key: int
    at: datetime
    by_id: int | None
    by_word: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class Booked:
    """A reservation; its session has its key only when all are written."""

    session: ScheduledSession
    member: Member
    source: str
    booked_at: datetime
    deadline_at: datetime
    deadline_from: Origin
    booking: Booking = Booking.BOOKED
    attendance: Attendance = Attendance.UNKNOWN
    excused: bool = False
    cancelled_at: datetime | None = None
    checked_in_at: datetime | None = None
    checked_in_by_id: int | None = None
    spot_id: int | None = None
    purchase_id: int | None = None
    assigned: str = Reservation.Assigned.FREE
    choice: dict[str, Any] = field(default_factory=dict)
    events: list[Told] = field(default_factory=list)

    @property
    def starts_at(self) -> datetime:
        return self.session.starts_at

    @property
    def member_id(self) -> int:
        return self.member.pk

    @property
    def location(self) -> Location:
        return self.session.location


@dataclass(slots=True)
class Waited:
    """Somebody on the list of a full class until it began; offered nothing. `keys` as in `Told`, one for each event."""

    session: ScheduledSession
    member: Member
    joined_at: datetime
    closed_at: datetime
    keys: tuple[int, int]
