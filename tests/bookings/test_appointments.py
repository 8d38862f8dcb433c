"""Appointments: one member, one teacher; nobody and nothing is in two places at once."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from bookings import actions
from bookings.actions import Done, Refused, appointments
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import Question
from bookings.selectors.appointments import free_times
from portal.models import ClosingDays
from tests.at_once import at_once
from tests.bookings.scenes import at
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    RoomFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db

NOON = at("12:00")


@pytest.fixture
def item() -> CalendarItem:
    return CalendarItemFactory(kind=CalendarItem.Kind.APPOINTMENT, duration_minutes=60, name="Private lesson")


def book(item: CalendarItem, teacher: Any, starts_at: datetime, **more: Any) -> Done:
    given = {
        "source": "desk",
        "action_id": uuid4(),
        "by": StaffLoginFactory(studio=item.studio),
        "now": NOON,
        **more,
    }
    member = given.pop("member", None) or MemberFactory(studio=item.studio)
    return actions.book_appointment(item, member, teacher, starts_at, **given)


def why(refused: Any) -> Question:
    return refused.value.decision.refusal.question


def test_makes_the_session_with_its_one_place_and_books_it(item: CalendarItem) -> None:
    teacher, member = TeacherFactory(studio=item.studio), MemberFactory(studio=item.studio)
    done = book(item, teacher, at("15:00"), member=member)
    session = done.reservation.session
    assert (session.teacher, session.starts_at, session.ends_at) == (teacher, at("15:00"), at("16:00"))
    assert (session.capacity, session.places_taken, session.is_exclusive) == (1, 1, True)
    assert done.reservation.member == member


def test_a_repeated_booking_makes_no_second_session(item: CalendarItem) -> None:
    teacher, member, action_id = TeacherFactory(studio=item.studio), MemberFactory(studio=item.studio), uuid4()
    one = book(item, teacher, at("15:00"), member=member, action_id=action_id)
    again = book(item, teacher, at("15:00"), member=member, action_id=action_id)
    assert again.repeated
    assert again.event == one.event
    assert ScheduledSession.objects.count() == 1


@pytest.mark.parametrize(
    ("start", "is_free"), [("14:00", True), ("14:30", False), ("15:00", False), ("15:59", False), ("16:00", True)]
)
def test_the_teacher_has_one_thing_at_a_time(item: CalendarItem, start: str, is_free: bool) -> None:
    teacher = TeacherFactory(studio=item.studio, name="Mira")
    book(item, teacher, at("15:00"))
    if is_free:
        book(item, teacher, at(start))
    else:
        with pytest.raises(Refused) as refused:
            book(item, teacher, at(start))
        assert why(refused) == Question.TEACHER_BUSY
        assert refused.value.decision.refusal.fact == "Mira: Private lesson, 15:00–16:00"
        assert ScheduledSession.objects.count() == 1


def test_a_class_of_the_teacher_is_in_the_way_too_unless_it_is_cancelled(item: CalendarItem) -> None:
    teacher = TeacherFactory(studio=item.studio, name="Mira")
    flow = SessionFactory(item__location=item.location, item__name="Flow", item__teacher=teacher, starts_at=at("15:30"))
    with pytest.raises(Refused) as refused:
        book(item, teacher, at("15:00"))
    assert refused.value.decision.refusal.fact == "Mira: Flow, 15:30–16:30"
    flow.cancelled_at = NOON
    flow.save()
    book(item, teacher, at("15:00"))


def test_the_room_has_one_thing_at_a_time(item: CalendarItem) -> None:
    room = RoomFactory(location=item.location, name="Studio 2")
    book(item, TeacherFactory(studio=item.studio), at("15:00"), room=room)
    with pytest.raises(Refused) as refused:
        book(item, TeacherFactory(studio=item.studio), at("15:30"), room=room)
    assert why(refused) == Question.ROOM_BUSY
    assert refused.value.decision.refusal.fact == "Studio 2: Private lesson, 15:00–16:00"
    book(item, TeacherFactory(studio=item.studio), at("15:30"))


def test_what_is_over_cannot_be_booked(item: CalendarItem) -> None:
    with pytest.raises(Refused) as refused:
        book(item, TeacherFactory(studio=item.studio), at("11:00"))
    assert why(refused) == Question.IN_THE_PAST


def test_a_closing_day_warns_staff(item: CalendarItem) -> None:
    ClosingDays.objects.create(studio=item.studio, first_on=date(2026, 6, 10), last_on=date(2026, 6, 10), reason="Whit")
    done = book(item, TeacherFactory(studio=item.studio), at("15:00"))
    assert [step.question for step in done.decision.warnings] == [Question.LOCATION_CLOSED]
    with pytest.raises(Refused):
        book(item, TeacherFactory(studio=item.studio), at("15:00"), by=None)


def test_a_blocked_member_has_no_appointment(item: CalendarItem) -> None:
    member = MemberFactory(studio=item.studio, blocked_reason="unpaid")
    with pytest.raises(Refused) as refused:
        book(item, TeacherFactory(studio=item.studio), at("15:00"), member=member)
    assert why(refused) == Question.MEMBER_BLOCKED
    assert ScheduledSession.objects.count() == 0


def test_the_databases_no_is_told_in_words(item: CalendarItem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone else writes an appointment between the question and the answer: PostgreSQL refuses, and we say why."""
    teacher = TeacherFactory(studio=item.studio, name="Mira")
    book(item, teacher, at("15:00"))
    asked = appointments.appointment_facts
    looked: list[int] = []

    def stale(*args: Any, **more: Any) -> Any:
        looked.append(1)
        facts = asked(*args, **more)
        return facts if len(looked) > 1 else _without_busy(facts)

    monkeypatch.setattr(appointments, "appointment_facts", stale)
    with pytest.raises(Refused) as refused:
        book(item, teacher, at("15:30"))
    assert why(refused) == Question.TEACHER_BUSY
    assert ScheduledSession.objects.count() == 1


def _without_busy(facts: Any) -> Any:
    return replace(facts, teacher_busy=None, room_busy=None)


class TestFreeTimes:
    def test_leave_out_what_is_taken_and_what_is_past(self, item: CalendarItem) -> None:
        teacher = TeacherFactory(studio=item.studio)
        book(item, teacher, at("15:00"))
        times = free_times(item, teacher, date(2026, 6, 10), now=NOON)
        assert times[0] == at("12:00")
        assert {at("14:00"), at("16:00")} < set(times)
        assert not {at("14:30"), at("15:00"), at("15:30")} & set(times)
        assert times[-1] == at("22:00")

    def test_are_none_on_a_closing_day(self, item: CalendarItem) -> None:
        ClosingDays.objects.create(
            studio=item.studio,
            location=item.location,
            first_on=date(2026, 6, 11),
            last_on=date(2026, 6, 11),
            reason="Whit",
        )
        teacher = TeacherFactory(studio=item.studio)
        assert free_times(item, teacher, date(2026, 6, 11), now=NOON) == []
        assert free_times(item, teacher, date(2026, 6, 12), now=NOON) != []

    def test_look_at_the_room_as_well(self, item: CalendarItem) -> None:
        room = RoomFactory(location=item.location)
        book(item, TeacherFactory(studio=item.studio), at("15:00"), room=room)
        other = TeacherFactory(studio=item.studio)
        assert at("15:00") in free_times(item, other, date(2026, 6, 10), now=NOON)
        assert at("15:00") not in free_times(item, other, date(2026, 6, 10), room=room, now=NOON)

    def test_are_wall_clock_times_on_the_nights_of_the_clock_change(self) -> None:
        place = LocationFactory(zone="Europe/Amsterdam")
        item = CalendarItemFactory(location=place, kind=CalendarItem.Kind.APPOINTMENT)
        for day in (date(2026, 3, 29), date(2026, 10, 25)):
            now = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")) - timedelta(days=3)
            times = free_times(item, TeacherFactory(studio=item.studio), day, now=now)
            assert times[0].astimezone(place.tz).strftime("%H:%M") == "06:00"
            assert len(times) == 33


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["teacher", "room"])
def test_of_forty_who_want_one_hour_exactly_one_has_it(item: CalendarItem, what: str) -> None:
    desk = StaffLoginFactory(studio=item.studio)
    members = MemberFactory.create_batch(40, studio=item.studio)
    teachers = TeacherFactory.create_batch(40, studio=item.studio)
    room = RoomFactory(location=item.location) if what == "room" else None
    calls = [
        partial(
            book,
            item,
            teachers[0] if what == "teacher" else teachers[number],
            at("15:00") + timedelta(minutes=number % 50),
            member=member,
            room=room,
            by=desk,
        )
        for number, member in enumerate(members)
    ]
    results = at_once(calls)
    won = [one for one in results if isinstance(one, Done)]
    lost = {one.decision.refusal.question for one in results if isinstance(one, Refused) and one.decision.refusal}
    assert len(won) == 1
    assert lost == {Question.TEACHER_BUSY if what == "teacher" else Question.ROOM_BUSY}
    assert len([one for one in results if isinstance(one, Refused)]) == 39
    assert ScheduledSession.objects.count() == Reservation.objects.count() == 1
