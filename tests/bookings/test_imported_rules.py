"""What happened, by what another system's row says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bookings.imports.rules import Flag, Said, Told, what_happened
from bookings.rules import Attendance, Booking

START = datetime(2019, 2, 4, 12, tzinfo=UTC)
NOW = START + timedelta(days=400)
DEADLINE = START - timedelta(hours=12)
ROW = Told(
    starts_at=START,
    starts_on=date(2019, 2, 4),
    over_at=START + timedelta(hours=1),
    deadline_at=DEADLINE,
    booked_at=START - timedelta(days=3),
    cancelled=False,
    cancelled_at=None,
    checked_in=False,
    checked_in_at=None,
    checked_in_on=None,
    status=None,
)
IN = {"checked_in_at": START, "checked_in_on": date(2019, 2, 4)}
EARLY, LATE = DEADLINE - timedelta(minutes=1), DEADLINE + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("says", "booking", "attendance", "cancelled_at", "checked_in_at"),
    [
        ({}, Booking.BOOKED, Attendance.NO_SHOW, None, None),
        (IN, Booking.BOOKED, Attendance.CHECKED_IN, None, START),
        ({"checked_in": True}, Booking.BOOKED, Attendance.CHECKED_IN, None, START),
        ({"status": Said.CHECKED_IN}, Booking.BOOKED, Attendance.CHECKED_IN, None, START),
        ({"status": Said.NO_SHOW}, Booking.BOOKED, Attendance.NO_SHOW, None, None),
        ({"cancelled_at": EARLY}, Booking.CANCELLED, Attendance.UNKNOWN, EARLY, None),
        ({"cancelled_at": DEADLINE}, Booking.CANCELLED, Attendance.UNKNOWN, DEADLINE, None),
        ({"cancelled_at": LATE}, Booking.LATE_CANCELLED, Attendance.UNKNOWN, LATE, None),
        ({"cancelled": True}, Booking.CANCELLED, Attendance.UNKNOWN, DEADLINE, None),
        ({"status": Said.LATE_CANCELLED}, Booking.LATE_CANCELLED, Attendance.UNKNOWN, START, None),
        ({"status": Said.CANCELLED, "cancelled_at": LATE}, Booking.LATE_CANCELLED, Attendance.UNKNOWN, LATE, None),
        ({"cancelled_at": EARLY, **IN}, Booking.BOOKED, Attendance.CHECKED_IN, EARLY, START),
    ],
)
def test_what_happened(
    says: dict[str, object],
    booking: Booking,
    attendance: Attendance,
    cancelled_at: datetime | None,
    checked_in_at: datetime | None,
) -> None:
    happened = what_happened(replace(ROW, **says), now=NOW)  # type: ignore[arg-type]

    found = (happened.booking, happened.attendance, happened.cancelled_at, happened.checked_in_at)
    assert found == (booking, attendance, cancelled_at, checked_in_at)


def test_an_excused_cancellation_is_never_late() -> None:
    happened = what_happened(replace(ROW, status=Said.EXCUSED, cancelled_at=LATE), now=NOW)

    assert (happened.booking, happened.excused) == (Booking.CANCELLED, True)


def test_what_is_not_over_is_no_no_show() -> None:
    assert what_happened(ROW, now=START).attendance is Attendance.UNKNOWN


@pytest.mark.parametrize(
    ("says", "flags"),
    [
        ({}, ()),
        ({"cancelled_at": EARLY, **IN}, (Flag.CANCELLED_AND_CHECKED_IN,)),
        ({"checked_in_at": START, "checked_in_on": date(2019, 2, 3)}, (Flag.CHECKED_IN_ON_ANOTHER_DAY,)),
        ({"booked_at": START + timedelta(hours=1)}, (Flag.BOOKED_AFTER_THE_START,)),
        ({"booked_at": None}, ()),
        ({"status": Said.NO_SHOW, **IN}, (Flag.STATUS_SAYS_OTHERWISE,)),
    ],
)
def test_contradictions_are_flagged(says: dict[str, object], flags: tuple[Flag, ...]) -> None:
    assert what_happened(replace(ROW, **says), now=NOW).flags == flags  # type: ignore[arg-type]
