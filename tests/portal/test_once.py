"""A double click makes one of everything: the same form of the same page, sent twice, does once what it says."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from bookings.models import CalendarItem, ScheduledSession
from portal.models import ClosingDays, Invitation, Location, Member, MemberNote, StaffLogin
from tests.bookings.schedule_pages import ask
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory

PAGE = {"csrfmiddlewaretoken": "a" * 64}
ANOTHER_PAGE = {"csrfmiddlewaretoken": "b" * 64}
CLOSED = {"first_on": "2027-01-04", "last_on": "2027-01-04", "location": "", "reason": "Floor"}
KIM = {"first_name": "Kim", "last_name": "de Boer", "email": "", "phone": "", "joined_on": "", "notes": ""}
INVITED = {"email": "late@ours.test", "name": "Late", "preset": "desk"}


def the_owner() -> StaffLogin:
    return StaffLoginFactory(studio=LocationFactory(studio__slug="ours", slug="centrum").studio)


def client_of(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "answers", "model"),
    [
        ("settings/closing-days/", CLOSED, ClosingDays),
        ("members/new/", KIM, Member),
        ("staff/invite/", INVITED, Invitation),
    ],
)
def test_sent_twice_it_is_made_once_and_leads_to_the_same_page(path: str, answers: Any, model: Any) -> None:
    client = client_of(the_owner())
    first = client.post(f"/ours/{path}", answers | PAGE)
    second = client.post(f"/ours/{path}", answers | PAGE)
    assert (first.status_code, second.status_code) == (302, 302)
    assert second["Location"] == first["Location"]
    assert model.objects.count() == 1


@pytest.mark.django_db
def test_a_note_written_twice_stands_once() -> None:
    owner = the_owner()
    member, client = MemberFactory(studio=owner.studio), client_of(owner)
    for _click in range(2):
        assert client.post(f"/ours/members/{member.pk}/notes/", {"text": "Knee"} | PAGE).status_code == 302
    assert MemberNote.objects.count() == 1


@pytest.mark.django_db
def test_a_class_is_made_once_with_its_dates() -> None:
    login = the_owner()
    place = Location.objects.get()
    data = {
        "kind": "class", "name": "Morning Flow", "colour": "3", "location": str(place.pk), "duration_minutes": "60",
        "capacity": "12", "how": "weekly", "local_start": "07:00", "weekdays": ["0"], "every_weeks": "1",
        "first_on": "2027-04-05", "last_on": "2027-05-17",
    }  # fmt: skip
    client = client_of(login)
    confirmed = data | {"confirmed": ask(login, "schedule/new/", data | PAGE).context["fingerprint"]} | PAGE
    places = {client.post("/ours/schedule/new/", confirmed)["Location"] for _click in range(2)}
    assert (len(places), CalendarItem.objects.count(), ScheduledSession.objects.count()) == (1, 1, 7)


@pytest.mark.django_db
def test_what_was_refused_and_what_another_page_sends_is_done() -> None:
    client = client_of(the_owner())
    wrong = CLOSED | PAGE | {"last_on": "2027-01-03"}
    assert [client.post("/ours/settings/closing-days/", wrong).status_code for _click in range(2)] == [422, 422]
    for page in (PAGE, ANOTHER_PAGE):
        client.post("/ours/members/new/", KIM | page)
    assert Member.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_the_same_moment_make_one() -> None:
    login = the_owner()
    client = client_of(login)
    cookie, together, answers = client.cookies[settings.SESSION_COOKIE_NAME].value, Barrier(6), []

    def click() -> None:
        try:
            clicking = Client()
            clicking.cookies[settings.SESSION_COOKIE_NAME] = cookie
            together.wait()
            answers.append(clicking.post("/ours/members/new/", KIM | PAGE)["Location"])
        finally:
            connection.close()

    threads = [Thread(target=click) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(answers), len(set(answers)), Member.objects.count()) == (6, 1, 1)
