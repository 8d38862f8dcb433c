"""The state of one reservation in Python and of many in SQL are one definition (`design.md`, fact 8)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking, State
from portal.models import Location
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 10, 16, 0, tzinfo=UTC)
GRACES = (0, 1, 15, 24 * 60)


@dataclass(frozen=True)
class Story:
    """A reservation on its axes, placed so that one of its borders lies near NOW."""

    booking: Booking
    attendance: Attendance
    excused: bool
    session_cancelled: bool
    grace: int
    minutes: int
    border: str
    off: timedelta

    @property
    def starts_at(self) -> datetime:
        back = {"start": 0, "end": self.minutes, "grace": self.minutes + self.grace}[self.border]
        return NOW - timedelta(minutes=back) + self.off


@st.composite
def stories(draw: st.DrawFn) -> Story:
    booking = draw(st.sampled_from(Booking))
    return Story(
        booking=booking,
        attendance=draw(st.sampled_from(Attendance)) if booking is Booking.BOOKED else Attendance.UNKNOWN,
        excused=draw(st.booleans()),
        session_cancelled=draw(st.booleans()),
        grace=draw(st.sampled_from(GRACES)),
        minutes=draw(st.integers(1, 180)),
        border=draw(st.sampled_from(["start", "end", "grace"])),
        off=draw(st.sampled_from([-1, 0, 1]) | st.integers(-(10**11), 10**11)) * timedelta(microseconds=1),
    )


def write(story: Story, location: Location) -> None:
    session = ScheduledSession.objects.create(
        item=CalendarItemFactory(location=location),
        studio=location.studio,
        location=location,
        starts_at=story.starts_at,
        ends_at=story.starts_at + timedelta(minutes=story.minutes),
        places_taken=int(story.booking is Booking.BOOKED),
        cancelled_at=NOW if story.session_cancelled else None,
    )
    Reservation.objects.create(
        studio=location.studio,
        session=session,
        member=MemberFactory(studio=location.studio),
        location=location,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        source="desk",
        deadline_at=session.starts_at,
        deadline_from="studio",
        booking=story.booking,
        attendance=story.attendance,
        excused=story.excused,
        cancelled_at=None if story.booking is Booking.BOOKED else NOW,
        checked_in_at=NOW if story.attendance is Attendance.CHECKED_IN else None,
    )


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(stories(), min_size=1, max_size=6))
def test_the_list_and_the_single_row_agree(db: None, told: list[Story]) -> None:
    with transaction.atomic():
        places = {grace: LocationFactory(grace_minutes=grace) for grace in {story.grace for story in told}}
        for story in told:
            write(story, places[story.grace])
        rows = list(Reservation.objects.with_state(NOW).select_related("session", "location").order_by("id"))
        assert [row.state_word for row in rows] == [row.state(NOW) for row in rows]
        assert len(rows) == len(told)
        # What the sweep would stamp is what the clock alone calls a no-show.
        due = set(Reservation.objects.due_for_sweep(NOW).values_list("id", flat=True))
        clock = {r.id for r in rows if r.attendance == Attendance.UNKNOWN and r.state(NOW) is State.NO_SHOW}
        assert due == clock
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("clock", "state"),
    [
        ("17:59", State.BOOKED),
        ("18:00", State.NO_CHECK_IN),
        ("18:59", State.NO_CHECK_IN),
        ("19:00", State.NO_SHOW),
    ],
)
def test_q4_the_clock_of_a_class_from_18_to_19(clock: str, state: State) -> None:
    reservation = booked(evening_class())
    row = Reservation.objects.with_state(at(clock)).get()
    assert (row.state_word, reservation.state(at(clock))) == (state, state)
