"""The axes of a reservation, and what its state is called."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Booking(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"
    LATE_CANCELLED = "late_cancelled"


class Attendance(StrEnum):
    UNKNOWN = "unknown"
    CHECKED_IN = "checked_in"
    NO_SHOW = "no_show"


class State(StrEnum):
    """The words of the state vocabulary; `templates/components/state.html` draws them."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    NO_CHECK_IN = "no_check_in"
    NO_SHOW = "no_show"
    LATE_CANCELLED = "late_cancelled"
    CANCELLED = "cancelled"
    EXCUSED = "excused"
    SESSION_CANCELLED = "session_cancelled"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of a reservation, on its axes, with the times of its session."""

    booking: Booking
    attendance: Attendance
    excused: bool
    session_cancelled: bool
    starts_at: datetime
    ends_at: datetime
    grace: timedelta


def state_of(standing: Standing, *, now: datetime) -> State:
    """What became of this reservation? (P3, Q4)

    A check-in outweighs everything: it happened. A cancelled session makes nobody a no-show (Q27). Without a tick
    the clock decides: booked until the start, no check-in until the end plus grace, no-show from then on.
    The twin for lists is `ReservationQuerySet.with_state`.
    """
    if standing.attendance is Attendance.CHECKED_IN:
        return State.CHECKED_IN
    if standing.booking is Booking.LATE_CANCELLED:
        return State.LATE_CANCELLED
    if standing.booking is Booking.CANCELLED:
        return State.EXCUSED if standing.excused else State.CANCELLED
    if standing.session_cancelled:
        return State.SESSION_CANCELLED
    if standing.attendance is Attendance.NO_SHOW:
        return State.NO_SHOW
    if now < standing.starts_at:
        return State.BOOKED
    if now < standing.ends_at + standing.grace:
        return State.NO_CHECK_IN
    return State.NO_SHOW
