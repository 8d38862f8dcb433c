"""A course is booked whole (K1): all sessions to come, or none."""

from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import Refused, RefusedFor
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import Booking, CancelAs, Question
from tests.at_once import at_once
from tests.bookings.scenes import at, booked, kinds
from tests.factories import CalendarItemFactory, MemberFactory, SessionFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

NOON = at("12:00")
EVENINGS = 4


@pytest.fixture
def course() -> CalendarItem:
    """Four evenings at 18:00, a week apart, the first this evening; two places."""
    item = CalendarItemFactory(kind=CalendarItem.Kind.COURSE, capacity=2, name="Deep Roots")
    for week in range(EVENINGS):
        SessionFactory(item=item, starts_at=at("18:00", days=7 * week))
    return item


def evenings(course: CalendarItem) -> list[ScheduledSession]:
    return list(course.sessions.order_by("starts_at"))


def book(course: CalendarItem, member: Any = None, **more: Any) -> actions.CourseDone:
    given = {"source": "direct", "action_id": uuid4(), "by": None, "now": NOON, **more}
    return actions.reserve_course(course, member or MemberFactory(studio=course.studio), **given)


def give_up(course: CalendarItem, member: Any, **more: Any) -> actions.CourseDone:
    given = {"outcome": CancelAs.LATE, "action_id": uuid4(), "by": None, "now": NOON, **more}
    return actions.cancel_course(course, member, **given)


def test_one_booking_takes_a_place_in_every_evening(course: CalendarItem) -> None:
    member = MemberFactory(studio=course.studio)
    done = book(course, member)
    rows = [one.reservation for one in done.done]
    assert [row.session for row in rows] == evenings(course)
    assert {row.member_id for row in rows} == {member.pk}
    assert all(kinds(row) == ["reserved"] for row in rows)
    assert [session.places_taken for session in evenings(course)] == [1] * EVENINGS


def test_only_what_is_to_come_is_booked(course: CalendarItem) -> None:
    first, second, *_ = evenings(course)
    ScheduledSession.objects.filter(pk=second.pk).update(cancelled_at=NOON)
    done = book(course, now=at("18:00"))
    assert [one.reservation.session for one in done.done] == evenings(course)[2:]
    assert first.reservations.count() == 0


def test_one_full_evening_refuses_them_all_and_is_named(course: CalendarItem) -> None:
    third = evenings(course)[2]
    ScheduledSession.objects.filter(pk=third.pk).update(capacity=0)
    with pytest.raises(RefusedFor) as refused:
        book(course)
    assert refused.value.session == third
    assert refused.value.decision.refusal.question == Question.FULL
    assert Reservation.objects.count() == 0
    assert [session.places_taken for session in evenings(course)] == [0] * EVENINGS


def test_one_evening_is_not_bookable_by_itself(course: CalendarItem) -> None:
    for by in (None, StaffLoginFactory(studio=course.studio)):
        with pytest.raises(Refused) as refused:
            booked(evenings(course)[0], by=by, now=NOON)
        assert refused.value.decision.refusal.question == Question.PART_OF_COURSE


def test_who_is_in_it_does_not_book_it_again(course: CalendarItem) -> None:
    member = MemberFactory(studio=course.studio)
    book(course, member)
    with pytest.raises(RefusedFor) as refused:
        book(course, member)
    assert refused.value.decision.refusal.question == Question.ALREADY_BOOKED
    assert Reservation.objects.count() == EVENINGS


def test_a_repeated_booking_is_the_same_one(course: CalendarItem) -> None:
    member, action_id = MemberFactory(studio=course.studio), uuid4()
    first = book(course, member, action_id=action_id)
    again = book(course, member, action_id=action_id)
    assert again.repeated
    assert [one.event.pk for one in again.done] == [one.event.pk for one in first.done]


def test_booking_opens_and_closes_with_the_first_evening(course: CalendarItem) -> None:
    course.opens_hours, course.closes_minutes = 24, 60
    course.save()
    assert len(book(course).done) == EVENINGS  # the last evening is three weeks away
    with pytest.raises(RefusedFor) as refused:
        book(course, now=at("17:00"))
    assert refused.value.decision.refusal.question == Question.CLOSED
    with pytest.raises(RefusedFor) as refused:
        book(course, now=at("17:59", days=-1))
    assert refused.value.decision.refusal.question == Question.NOT_OPEN_YET


def test_nothing_to_come_is_refused_in_words(course: CalendarItem) -> None:
    with pytest.raises(RefusedFor) as refused:
        book(course, now=at("18:00", days=30))
    assert refused.value.session is None
    assert refused.value.decision.refusal.question == Question.NO_SESSIONS


def test_giving_it_up_frees_what_is_to_come_and_keeps_what_was(course: CalendarItem) -> None:
    member = MemberFactory(studio=course.studio)
    book(course, member)
    done = give_up(course, member, now=at("12:00", days=7))
    assert len(done.done) == EVENINGS - 1
    rows = member.reservations.order_by("starts_at")
    # The deadline of the second evening has passed at noon of its day; the others are in time.
    assert [row.booking for row in rows] == [
        Booking.BOOKED,
        Booking.LATE_CANCELLED,
        Booking.CANCELLED,
        Booking.CANCELLED,
    ]
    assert [session.places_taken for session in evenings(course)] == [1, 0, 0, 0]


def test_giving_it_up_twice_with_one_id_is_once(course: CalendarItem) -> None:
    member, action_id = MemberFactory(studio=course.studio), uuid4()
    book(course, member)
    first, again = give_up(course, member, action_id=action_id), give_up(course, member, action_id=action_id)
    assert again.repeated
    assert [one.event.pk for one in again.done] == [one.event.pk for one in first.done]
    with pytest.raises(RefusedFor):
        give_up(course, member)


def test_one_evening_alone_can_be_cancelled_and_the_rest_stays(course: CalendarItem) -> None:
    done = book(course)
    actions.cancel(done.done[1].reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=NOON)
    assert [session.places_taken for session in evenings(course)] == [1, 0, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_of_thirty_who_book_two_places_at_once_two_have_all_evenings(course: CalendarItem) -> None:
    members = MemberFactory.create_batch(30, studio=course.studio)
    results = at_once([partial(book, course, member) for member in members])
    assert [one for one in results if isinstance(one, Exception) and not isinstance(one, RefusedFor)] == []
    assert sum(isinstance(one, actions.CourseDone) for one in results) == 2
    assert [session.places_taken for session in evenings(course)] == [2] * EVENINGS
    assert Reservation.objects.count() == 2 * EVENINGS


@pytest.mark.django_db(transaction=True)
def test_booking_and_giving_up_at_once_meet_no_deadlock(course: CalendarItem) -> None:
    desk = StaffLoginFactory(studio=course.studio)
    members = MemberFactory.create_batch(6, studio=course.studio)
    ScheduledSession.objects.update(capacity=6)
    first = book(course, members[0]).done[0].reservation

    def verb(turn: int) -> Any:
        member = members[turn % 6]
        return [
            partial(book, course, member, by=desk),
            partial(give_up, course, member, outcome=CancelAs.EXCUSED, by=desk),
            partial(actions.check_in, first, action_id=uuid4(), by=desk, now=NOON),
        ][turn % 3 if turn % 5 else 1]

    results = at_once([verb(turn) for turn in range(90)])
    assert [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)] == []
    for session in evenings(course):
        assert session.places_taken == session.reservations.active().count()
