"""Somebody without a booking: found or made, booked and in."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance
from portal.models import Member, Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import client_of, login, member, words
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import LocationFactory, MemberFactory, SessionFactory

pytestmark = pytest.mark.django_db
URL = "/linden/walk-in/"


def walk(client: Client, session: ScheduledSession, **data: Any) -> Any:
    return client.post(URL, {"action_id": uuid4(), "session": session.pk, **data})


def test_the_class_that_begins_or_runs_is_chosen_and_others_of_the_day_can_be(
    desk: Client, vinyasa: ScheduledSession
) -> None:
    evening_class(item=vinyasa.item, starts_at=at("08:00"))
    evening_class(item=vinyasa.item, starts_at=at("20:00"))
    evening_class(item=vinyasa.item, starts_at=at("21:00"), cancelled_at=at("12:00"))
    evening_class(item=vinyasa.item, starts_at=at("18:00", days=1))
    html = desk.get(URL).content.decode()
    options = [words(one) for one in html.split("<option")[1:4]]
    assert html.count("<option") == 3
    assert "18:00 Vinyasa Flow" in html.split(" selected>")[1][:40]
    assert "16 places left" in options[0]


def test_a_member_is_found_by_what_is_typed_and_booked_and_in_by_one_click(
    desk: Client, vinyasa: ScheduledSession
) -> None:
    kim = member(vinyasa.studio, "Kím de Boer")
    html = desk.get(URL, {"q": "kim boer"}).content.decode()
    assert f'name="member" value="{kim.pk}"' in html
    response = walk(desk, vinyasa, member=kim.pk)
    assert response.headers["Location"] == f"/linden/sessions/{vinyasa.pk}/"
    made = Reservation.objects.get(member=kim)
    assert (made.attendance, made.source, made.checked_in_at) == (Attendance.CHECKED_IN, "desk", at("18:10"))


def test_a_new_person_becomes_a_member_with_a_number(desk: Client, vinyasa: ScheduledSession) -> None:
    answer = desk.post(
        URL,
        {"action_id": uuid4(), "session": vinyasa.pk, "first_name": "Zoë", "last_name": "Quark"},
        headers={"HX-Request": "true"},
    )
    made = Member.objects.get(first_name="Zoë")
    assert made.number
    assert f"Zoë Quark is a new member ({made.number}), booked and in" in answer.content.decode()
    assert answer.headers["HX-Trigger"] == "tresen:walked-in"
    assert Reservation.objects.get(member=made).attendance == Attendance.CHECKED_IN


def test_pressed_twice_it_is_done_once(desk: Client, vinyasa: ScheduledSession) -> None:
    again = {"action_id": uuid4(), "first_name": "Zoë"}
    for _ in range(2):
        walk(desk, vinyasa, **again)
    assert Member.objects.filter(first_name="Zoë").count() == 1
    assert Reservation.objects.count() == 1


def test_who_is_booked_already_is_only_checked_in(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    walk(desk, vinyasa, member=kim.member_id)
    assert Reservation.objects.get().attendance == Attendance.CHECKED_IN


def test_a_full_class_is_refused_in_words_and_makes_nobody(desk: Client, vinyasa: ScheduledSession) -> None:
    ScheduledSession.objects.update(capacity=1)
    booked(vinyasa)
    response = walk(desk, vinyasa, first_name="Zoë")
    assert response.status_code == 422
    assert "This class is full" in response.content.decode()
    assert not Member.objects.filter(first_name="Zoë").exists()
    assert 'value="Zoë"' in response.content.decode()  # nothing is typed twice


@pytest.mark.parametrize(
    ("typed", "first", "last"), [("Zoë van der Quark", "Zoë", "van der Quark"), ("Zoë", "Zoë", "")]
)
def test_the_name_that_was_looked_for_is_the_new_persons(
    desk: Client, vinyasa: ScheduledSession, typed: str, first: str, last: str
) -> None:
    """Whoever presses the button with the mouse has typed the name once, in the search."""
    assert walk(desk, vinyasa, q=typed).status_code == 302
    assert Member.objects.filter(first_name=first, last_name=last).exists()
    for no_name in ("zoe@example.test", "+49 170 1234567"):
        assert walk(desk, vinyasa, q=no_name).status_code == 422


def test_nobody_chosen_and_no_name_is_said_at_the_field(desk: Client, vinyasa: ScheduledSession) -> None:
    response = walk(desk, vinyasa)
    assert response.status_code == 422
    assert "Choose a person, or type the new person&#x27;s first name." in response.content.decode()


def test_an_address_that_is_none_is_refused(desk: Client, vinyasa: ScheduledSession) -> None:
    assert walk(desk, vinyasa, first_name="Zoë", email="zoe@").status_code == 422


def test_another_studio_s_class_and_member_do_not_exist(desk: Client, vinyasa: ScheduledSession) -> None:
    foreign = SessionFactory()
    assert walk(desk, foreign, first_name="Zoë").status_code == 404
    assert walk(desk, vinyasa, member=member(foreign.studio, "Kim").pk).status_code == 404


def test_a_class_at_another_location_does_not_exist_for_a_pinned_login(
    studio: Studio, vinyasa: ScheduledSession
) -> None:
    pinned = login(studio)
    pinned.locations.add(LocationFactory(studio=studio))
    client = client_of(pinned)
    assert walk(client, vinyasa, first_name="Zoë").status_code == 404
    assert "Vinyasa Flow" not in client.get(URL).content.decode()


@pytest.mark.parametrize("preset", [Preset.VIEWER, Preset.TEACHER])
def test_who_may_not_book_has_no_walk_in(studio: Studio, vinyasa: ScheduledSession, preset: Preset) -> None:
    assert client_of(login(studio, preset)).get(URL).status_code == 403


def test_a_day_without_classes_says_so(desk: Client, studio: Studio) -> None:
    LocationFactory(studio=studio)
    assert "There is no class today" in desk.get(URL).content.decode()


def test_a_merged_profile_walks_in_as_the_kept_one(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = member(vinyasa.studio, "Kim de Boer")
    merged = MemberFactory(studio=vinyasa.studio, merged_into=kim)
    walk(desk, vinyasa, member=merged.pk)
    assert Reservation.objects.get(session=vinyasa, attendance=Attendance.CHECKED_IN).member == kim


def test_somebody_who_was_deleted_is_refused_in_words(desk: Client, vinyasa: ScheduledSession) -> None:
    scrubbed = MemberFactory(studio=vinyasa.studio, first_name="deleted member 4711", scrubbed_at=at("08:00"))
    answer = walk(desk, vinyasa, member=scrubbed.pk)
    assert answer.status_code == 422
    assert "This person was deleted and cannot be booked." in answer.content.decode()
    assert not Reservation.objects.filter(member=scrubbed).exists()
