"""The star of the first visit at a location (Q14)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings import actions
from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking, CancelAs
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, ReservationFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db


def stars(*reservations: Reservation) -> list[bool]:
    found = {row.pk: row.first_here for row in Reservation.objects.with_first_visit()}
    return [found[reservation.pk] for reservation in reservations]


def test_a_no_show_does_not_end_newness_and_a_visit_does() -> None:
    monday = evening_class()
    desk, member = StaffLoginFactory(studio=monday.studio), MemberFactory(studio=monday.studio)
    first = booked(monday, member)
    second = booked(evening_class(item=monday.item, starts_at=at("18:00", days=1)), member)
    actions.mark_no_show(first, action_id=uuid4(), by=desk, now=at("18:20"))
    assert stars(first, second) == [True, True]
    actions.check_in(second, action_id=uuid4(), by=desk, now=at("18:00", days=1))
    assert stars(first, second) == [False, True]
    actions.revert_check_in(second, action_id=uuid4(), by=desk, now=at("18:01", days=1))
    assert stars(first, second) == [True, True]


def test_of_two_bookings_on_one_day_the_first_tick_keeps_its_star_for_ever() -> None:
    noon = evening_class(starts_at=at("12:00"))
    desk, member = StaffLoginFactory(studio=noon.studio), MemberFactory(studio=noon.studio)
    early = booked(noon, member)
    late = booked(evening_class(item=noon.item), member)
    assert stars(early, late) == [True, True]
    actions.check_in(early, action_id=uuid4(), by=desk, now=at("11:55"))
    assert stars(early, late) == [True, False]
    actions.check_in(late, action_id=uuid4(), by=desk, now=at("17:55"))
    assert stars(early, late) == [True, False]


def test_a_cancelled_reservation_has_no_star_and_ends_no_newness() -> None:
    session = evening_class()
    member = MemberFactory(studio=session.studio)
    gone = booked(session, member)
    actions.cancel(gone, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=at("12:00", days=-1))
    again = booked(session, member)
    assert stars(gone, again) == [False, True]


def test_new_here_but_known_at_the_other_location() -> None:
    centrum = evening_class()
    member = MemberFactory(studio=centrum.studio)
    noord = LocationFactory(studio=centrum.studio)
    for days in (-3, -2, 2):
        ReservationFactory(
            session=evening_class(item=CalendarItemFactory(location=noord), starts_at=at("18:00", days=days)),
            member=member,
            attendance=Attendance.CHECKED_IN,
            checked_in_at=at("18:00", days=days),
        )
    here = booked(centrum, member, now=at("09:00"))
    row = Reservation.objects.with_first_visit().get(pk=here.pk)
    assert (row.first_here, row.visits_elsewhere) == (True, 2)


def test_another_members_visit_ends_nobody_elses_newness() -> None:
    session = evening_class()
    ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=at("18:00"))
    assert stars(booked(session)) == [True]


@dataclass(frozen=True)
class Visit:
    place: int
    hour: int  # few, so that equal starts occur
    booking: Booking
    attendance: Attendance


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    booking = draw(st.sampled_from([Booking.BOOKED, Booking.BOOKED, Booking.CANCELLED, Booking.LATE_CANCELLED]))
    attendance = draw(st.sampled_from(Attendance)) if booking is Booking.BOOKED else Attendance.UNKNOWN
    return Visit(draw(st.integers(0, 2)), draw(st.integers(0, 3)), booking, attendance)


def plainly_first(row: Reservation, rows: list[Reservation]) -> bool:
    """No attended visit here before this one; for a booked one without a tick, none at all."""
    attended = [r for r in rows if r.attendance == Attendance.CHECKED_IN and r.location_id == row.location_id]
    if row.attendance == Attendance.CHECKED_IN:
        return min(attended, key=lambda r: (r.starts_at, r.pk)) == row
    return row.booking == Booking.BOOKED and not attended


def plainly_elsewhere(row: Reservation, rows: list[Reservation]) -> int:
    return sum(
        r.attendance == Attendance.CHECKED_IN and r.location_id != row.location_id and r.starts_at < row.starts_at
        for r in rows
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(visits(), min_size=1, max_size=8))
def test_the_annotation_is_the_plain_definition(db: None, told: list[Visit]) -> None:
    noon = datetime(2026, 6, 10, 12, tzinfo=UTC)
    with transaction.atomic():
        places = [LocationFactory()]
        places += [LocationFactory(studio=places[0].studio) for _ in range(2)]
        items = [CalendarItemFactory(location=place) for place in places]
        member = MemberFactory(studio=places[0].studio)
        for visit in told:
            starts_at = noon + timedelta(hours=visit.hour)
            session = ScheduledSession.objects.create(
                item=items[visit.place],
                studio=member.studio,
                location=places[visit.place],
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=1),
            )
            ReservationFactory(
                session=session,
                member=member,
                booking=visit.booking,
                cancelled_at=None if visit.booking is Booking.BOOKED else noon,
                attendance=visit.attendance,
                checked_in_at=noon if visit.attendance is Attendance.CHECKED_IN else None,
            )
        rows = list(Reservation.objects.with_first_visit().order_by("id"))
        assert [(r.first_here, r.visits_elsewhere) for r in rows] == [
            (plainly_first(r, rows), plainly_elsewhere(r, rows)) for r in rows
        ]
        transaction.set_rollback(True)
