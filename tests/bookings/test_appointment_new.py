"""A new appointment from the list of free times (K1)."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from bookings.models import CalendarItem, ScheduledSession
from portal.models import ClosingDays, Member, StaffLogin, Teacher
from portal.roles import Preset
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
    place = LocationFactory(studio__slug="linden")
    mira = TeacherFactory(studio=place.studio, name="Mira")
    room = RoomFactory(location=place, name="Studio 2")
    return CalendarItemFactory(
        location=place, kind=CalendarItem.Kind.APPOINTMENT, name="Private lesson", teacher=mira, room=room
    )


@pytest.fixture
def kim(item: CalendarItem) -> Member:
    return MemberFactory(studio=item.studio, first_name="Kim", last_name="de Boer")


@pytest.fixture
def desk(item: CalendarItem) -> StaffLogin:
    return StaffLoginFactory(studio=item.studio, preset=Preset.DESK)


def client_of(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


def page(login: StaffLogin, query: str = "") -> Any:
    with time_machine.travel(NOON, tick=False):
        return client_of(login).get(f"/linden/appointments/new/{query}")


def book(login: StaffLogin, lesson: CalendarItem, kim: Any, start: str = "15:00", **more: Any) -> Any:
    data = {
        "item": lesson.pk,
        "teacher": lesson.teacher_id,
        "room": lesson.room_id or "",
        "member": kim.pk if kim else "",
        "starts_at": at(start).isoformat(),
        "action_id": str(uuid4()),
        **more,
    }
    with time_machine.travel(NOON, tick=False):
        return client_of(login).post("/linden/appointments/new/", data, follow=True)


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def starts(answer: Any) -> list[str]:
    return [shown for _moment, shown in answer.context["times"].free]


def test_it_begins_with_the_usual_teacher_room_and_today(desk: StaffLogin, item: CalendarItem) -> None:
    answer = page(desk)
    chosen = answer.context["form"].cleaned_data
    assert (chosen["item"], chosen["teacher"], chosen["room"]) == (item, item.teacher, item.room)
    assert chosen["day"] == date(2026, 6, 10)
    assert starts(answer)[:2] == ["12:00", "12:30"]


def test_only_free_times_are_listed(desk: StaffLogin, item: CalendarItem, kim: Member) -> None:
    SessionFactory(item__location=item.location, teacher=item.teacher, starts_at=at("15:00"))
    found = starts(page(desk, f"?member={kim.pk}"))
    assert {"14:00", "16:00"} < set(found)
    assert not {"14:30", "15:00", "15:30"} & set(found)


def test_a_time_is_a_button_that_books(desk: StaffLogin, item: CalendarItem, kim: Member) -> None:
    answer = book(desk, item, kim)
    assert "Kim de Boer has Private lesson with Mira, Wed 10 Jun, 15:00." in words(answer)
    session = ScheduledSession.objects.get()
    assert (session.teacher, session.room, session.starts_at) == (item.teacher, item.room, at("15:00"))
    assert kim.reservations.get().session == session


def test_a_merged_profile_is_booked_as_the_kept_one(desk: StaffLogin, item: CalendarItem, kim: Member) -> None:
    book(desk, item, MemberFactory(studio=item.studio, merged_into=kim))
    assert kim.reservations.count() == 1


def test_a_time_that_is_taken_meanwhile_is_refused_in_words(desk: StaffLogin, item: CalendarItem, kim: Member) -> None:
    book(desk, item, MemberFactory(studio=item.studio))
    answer = book(desk, item, kim, "15:30")
    assert answer.status_code == 422
    assert "The teacher has something else then: Mira: Private lesson, 15:00–16:00." in words(answer)
    assert kim.reservations.count() == 0


def test_without_a_member_nothing_is_booked(desk: StaffLogin, item: CalendarItem) -> None:
    answer = book(desk, item, None)
    assert answer.status_code == 422
    assert "Nothing was booked" in words(answer)
    assert ScheduledSession.objects.count() == 0


@pytest.mark.parametrize("wrong", ["15:00", "2026-06-10T15:00", "tomorrow", ""])
def test_what_is_no_moment_books_nothing(desk: StaffLogin, item: CalendarItem, kim: Member, wrong: str) -> None:
    assert book(desk, item, kim, starts_at=wrong).status_code == 422
    assert ScheduledSession.objects.count() == 0


def test_what_is_another_studios_cannot_be_chosen(desk: StaffLogin, item: CalendarItem, kim: Member) -> None:
    other = CalendarItemFactory(kind=CalendarItem.Kind.APPOINTMENT)
    foreign: dict[str, Any] = {
        "item": other.pk,
        "teacher": TeacherFactory().pk,
        "room": RoomFactory().pk,
        "member": MemberFactory().pk,
    }
    for name, value in foreign.items():
        assert book(desk, item, kim, **{name: value}).status_code == 422, name
    assert ScheduledSession.objects.count() == 0


def test_a_room_of_another_location_does_not_fit(desk: StaffLogin, item: CalendarItem, kim: Member) -> None:
    far = RoomFactory(location=LocationFactory(studio=item.studio))
    answer = book(desk, item, kim, room=far.pk)
    assert answer.status_code == 422
    assert "This room is at another location" in words(answer)


def test_a_closing_day_is_told(desk: StaffLogin, item: CalendarItem) -> None:
    ClosingDays.objects.create(studio=item.studio, first_on=date(2026, 6, 11), last_on=date(2026, 6, 11), reason="Whit")
    assert "Closed that day: Whit." in words(page(desk, "?day=2026-06-11"))


def test_another_appointment_brings_its_own_teacher(desk: StaffLogin, item: CalendarItem) -> None:
    bo: Teacher = TeacherFactory(studio=item.studio, name="Bo")
    other = CalendarItemFactory(location=item.location, kind=CalendarItem.Kind.APPOINTMENT, name="Trial", teacher=bo)
    answer = page(desk, f"?of={item.pk}&item={other.pk}&teacher={item.teacher_id}&room={item.room_id}")
    chosen = answer.context["form"].cleaned_data
    assert (chosen["teacher"], chosen["room"]) == (bo, None)


def test_without_appointments_it_says_how_to_offer_one(desk: StaffLogin, item: CalendarItem) -> None:
    item.delete()
    assert "No appointments are offered yet" in words(page(desk))


@pytest.mark.parametrize("query", ["?day=never", "?item=x", "?teacher=99999999999999999999", "?member=-1&room=x"])
def test_what_cannot_be_read_is_asked_again(desk: StaffLogin, item: CalendarItem, query: str) -> None:
    assert page(desk, query).status_code == 200


def test_who_may_not_book_does_not_see_it(item: CalendarItem) -> None:
    for preset in (Preset.VIEWER, Preset.TEACHER):
        assert page(StaffLoginFactory(studio=item.studio, preset=preset)).status_code == 403
