"""What another setting would have meant last month: each number counted from reservations that happened."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking, Origin
from bookings.selectors import judged
from bookings.selectors.local_days import next_month
from portal.models import Location
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MONTH = date(2026, 10, 1)


@pytest.fixture
def place() -> Location:
    return LocationFactory(
        studio=StudioFactory(slug="linden"), zone="Europe/Amsterdam", grace_minutes=5, name="Centrum"
    )


def session(
    place: Location, *, at: datetime = datetime(2026, 10, 8, 17, tzinfo=UTC), **fields: Any
) -> ScheduledSession:
    return SessionFactory(item=CalendarItemFactory(location=place, **fields), starts_at=at)


def ticked(session: ScheduledSession, minutes: int) -> Reservation:
    """So many minutes after the end."""
    at = session.ends_at + timedelta(minutes=minutes)
    return ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=at)


def cancelled(
    session: ScheduledSession, hours: int, *, late: bool, origin: Origin = Origin.STUDIO, **more: Any
) -> None:
    booking = Booking.LATE_CANCELLED if late else Booking.CANCELLED
    at = session.starts_at - timedelta(hours=hours)
    ReservationFactory(session=session, booking=booking, cancelled_at=at, deadline_from=origin, **more)


def test_grace_counts_who_was_ticked_after_the_old_grace_and_within_the_new(place: Location) -> None:
    one = session(place)
    for minutes in (-50, 5, 6, 15, 16):
        ticked(one, minutes)
    ReservationFactory(session=one)  # never ticked
    ReservationFactory(session=one, attendance=Attendance.NO_SHOW)
    cancelled(one, 1, late=True)
    ticked(session(place, at=datetime(2026, 9, 30, 21, tzinfo=UTC)), 6)  # 23:00 of 30 September here
    ticked(session(place, at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC)), 6)  # 1 November here
    ReservationFactory(session=SessionFactory(item=one.item, starts_at=one.starts_at, cancelled_at=NOW))
    ticked(session(LocationFactory(studio=place.studio)), 6)
    found = judged.no_shows_by_grace(place, MONTH, grace=timedelta(minutes=15), at=NOW)
    assert (found.now, found.then, found.still) == (5, 3, 2)
    less = judged.no_shows_by_grace(place, MONTH, grace=timedelta(0), at=NOW)
    assert (less.now, less.then) == (5, 6)


def event(reservation: Reservation, after_end: timedelta, *, by: Any, kind: str = "checked_in") -> None:
    ReservationEvent.objects.create(
        studio=reservation.studio,
        reservation=reservation,
        kind=kind,
        action_id=f"00000000-0000-0000-0000-{ReservationEvent.objects.count():012}",
        occurred_at=reservation.ends_at + after_end,
        by=by,
        version=1,
    )


def test_corrections_are_what_people_did_after_the_end_and_midnight_is_always_open(place: Location) -> None:
    """A class from 19:00 to 20:00 local time; with a limit of 2 hours, until midnight all the same."""
    by = StaffLoginFactory(studio=place.studio)
    row = ReservationFactory(session=session(place))
    for hours in (-1, 1, 3, 5, 30):
        event(row, timedelta(hours=hours), by=by)
    event(row, timedelta(hours=30), by=None)  # the sweep
    event(row, timedelta(hours=30), by=by, kind="imported")
    assert judged.corrections_by_limit(place, MONTH, limit=timedelta(hours=2)) == (4, 2)
    assert judged.corrections_by_limit(place, MONTH, limit=timedelta(hours=5)) == (4, 1)
    assert judged.corrections_by_limit(place, MONTH, limit=timedelta(hours=30)) == (4, 0)


def test_midnight_is_the_locations_own_on_the_night_that_has_25_hours(place: Location) -> None:
    by = StaffLoginFactory(studio=place.studio)
    row = ReservationFactory(session=session(place, at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC)))  # 02:30, first time
    event(row, timedelta(hours=20), by=by)  # 21:30 UTC is 22:30 of the same day
    event(row, timedelta(hours=21), by=by)  # 23:30
    event(row, timedelta(hours=22), by=by)  # 00:30 of the next
    assert judged.corrections_by_limit(place, MONTH, limit=timedelta(0)) == (3, 1)


def test_a_deadline_judges_the_cancellations_that_its_rule_decided(place: Location) -> None:
    one = session(place)
    for hours in (2, 6, 11):
        cancelled(one, hours, late=True)
    for hours in (13, 24, 30):
        cancelled(one, hours, late=False)
    cancelled(one, 13, late=False, excused=True)
    cancelled(one, 2, late=True, origin=Origin.ITEM)
    cancelled(one, 2, late=True, origin=Origin.CONTRACT)
    judge = lambda hours: judged.cancellations_by_deadline([place], MONTH, hours=hours, origins=(Origin.STUDIO,))  # noqa: E731
    six, twenty = judge(6), judge(24)
    assert (six.late, six.late_in_time, six.in_time, six.in_time_late) == (3, 2, 3, 0)
    assert (twenty.late, twenty.late_in_time, twenty.in_time, twenty.in_time_late) == (3, 0, 3, 1)


def test_opening_and_closing_judge_what_members_booked_themselves(place: Location) -> None:
    one = session(place)
    for hours, source in ((100, "direct"), (10, "direct"), (1, "wellpass"), (100, "desk"), (100, "import")):
        ReservationFactory(session=one, source=source, booked_at=one.starts_at - timedelta(hours=hours))
    ReservationFactory(session=session(place, opens_hours=24), source="direct")
    ReservationFactory(session=one, source="direct", booked_at=None)
    assert judged.bookings_outside([place], MONTH, opens=timedelta(hours=48)) == (3, 1)
    assert judged.bookings_outside([place], MONTH, closes=timedelta(minutes=60)) == (4, 1)


def test_the_page_says_it_in_words_while_one_types_and_saves_nothing(place: Location) -> None:
    month = next_month(place.local_day(timezone.now()).replace(day=1), step=-1)
    one = session(place, at=datetime(month.year, month.month, 10, 17, tzinfo=UTC))
    for minutes in (6, 12, 40):
        ticked(one, minutes)
    ReservationFactory(session=one)
    client = Client()
    client.force_login(StaffLoginFactory(studio=place.studio).user)
    url = f"/linden/settings/check-in/{place.pk}/"
    sent = {"grace_minutes": "15", "correction_hours": "72", "step": "preview"}
    said = client.post(url, sent, headers={"HX-Request": "true"}).content.decode()
    assert f"With 15 min grace, 2 of the 4 no-shows of {month:%B %Y} would have been attended." in said
    assert "1 of the 4 have no tick to this day" in said
    place.refresh_from_db()
    assert place.grace_minutes == 5
    for value in ("0", "5", "6", "-1", "", "99999", "x"):
        assert client.post(url, sent | {"grace_minutes": value}).status_code == 200
    without = client.get(url).content.decode()
    assert "had 4 no-shows here." in without


def test_numbers_at_other_locations_never_count(place: Location) -> None:
    other = LocationFactory(studio=place.studio)
    cancelled(session(other), 2, late=True)
    ReservationFactory(session=session(other), source="direct")
    assert judged.cancellations_by_deadline([place], MONTH, hours=1, origins=(Origin.STUDIO,)).late == 0
    assert judged.bookings_outside([place], MONTH, opens=timedelta(0)) == (0, 0)
