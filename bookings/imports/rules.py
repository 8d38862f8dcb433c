"""What happened, by what another system's export says of one reservation. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bookings.rules import Attendance, Booking


class Said(StrEnum):
    """What a status word of another system means; a person maps each word once."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"
    LATE_CANCELLED = "late_cancelled"
    EXCUSED = "excused"


class Flag(StrEnum):
    """A contradiction that a person should look at. The values are msgids: `Reservation.flagged` keeps them."""

    CANCELLED_AND_CHECKED_IN = "cancelled and checked in"
    CHECKED_IN_ON_ANOTHER_DAY = "checked in on another day"
    BOOKED_AFTER_THE_START = "booked after the start"
    STATUS_SAYS_OTHERWISE = "the status says otherwise"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a row says; moments are aware, days local to the location. None: the row does not say."""

    starts_at: datetime
    starts_on: date
    # From then on a missing check-in is a no-show: the end plus the location's grace.
    over_at: datetime
    deadline_at: datetime
    booked_at: datetime | None
    cancelled: bool
    cancelled_at: datetime | None
    checked_in: bool
    checked_in_at: datetime | None
    checked_in_on: date | None
    status: Said | None


@dataclass(frozen=True, kw_only=True)
class Happened:
    booking: Booking
    attendance: Attendance
    excused: bool
    cancelled_at: datetime | None
    checked_in_at: datetime | None
    flags: tuple[Flag, ...]


def what_happened(told: Told, *, now: datetime) -> Happened:
    """How does this reservation of another system stand here?

    A check-in outweighs everything: it happened (Q11). A cancellation is late after the deadline. What is neither and
    is over is a no-show (Q4). Where the file has no moment, the session's start stands in for a check-in and for a late
    cancellation, the deadline for one in time. Contradictions are kept and flagged, never resolved by dropping a row.
    """
    came = told.checked_in or told.checked_in_at is not None or told.status is Said.CHECKED_IN
    gave_up = (
        told.cancelled
        or told.cancelled_at is not None
        or told.status in {Said.CANCELLED, Said.LATE_CANCELLED, Said.EXCUSED}
    )
    flags = _flags(told, came=came, gave_up=gave_up)
    if came:
        return Happened(
            booking=Booking.BOOKED,
            attendance=Attendance.CHECKED_IN,
            excused=False,
            cancelled_at=told.cancelled_at,
            checked_in_at=told.checked_in_at or told.starts_at,
            flags=flags,
        )
    if gave_up:
        late = told.status is Said.LATE_CANCELLED or (
            told.status is not Said.EXCUSED and told.cancelled_at is not None and told.cancelled_at > told.deadline_at
        )
        return Happened(
            booking=Booking.LATE_CANCELLED if late else Booking.CANCELLED,
            attendance=Attendance.UNKNOWN,
            excused=told.status is Said.EXCUSED,
            cancelled_at=told.cancelled_at or (told.starts_at if late else told.deadline_at),
            checked_in_at=None,
            flags=flags,
        )
    missed = told.status is Said.NO_SHOW or now >= told.over_at
    return Happened(
        booking=Booking.BOOKED,
        attendance=Attendance.NO_SHOW if missed else Attendance.UNKNOWN,
        excused=False,
        cancelled_at=None,
        checked_in_at=None,
        flags=flags,
    )


def _flags(told: Told, *, came: bool, gave_up: bool) -> tuple[Flag, ...]:
    found = []
    if came and gave_up:
        found.append(Flag.CANCELLED_AND_CHECKED_IN)
    if told.checked_in_on is not None and told.checked_in_on != told.starts_on:
        found.append(Flag.CHECKED_IN_ON_ANOTHER_DAY)
    if told.booked_at is not None and told.booked_at > told.starts_at:
        found.append(Flag.BOOKED_AFTER_THE_START)
    no_show_but_otherwise = told.status is Said.NO_SHOW and (came or gave_up)
    came_but_no_tick = told.status is Said.CHECKED_IN and told.cancelled_at is not None and told.checked_in_at is None
    if no_show_but_otherwise or came_but_no_tick:
        found.append(Flag.STATUS_SAYS_OTHERWISE)
    return tuple(found)
