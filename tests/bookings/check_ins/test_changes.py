"""What the buttons of *Check-ins* do, with script and without."""

from uuid import uuid4

import pytest
from django.test import Client

from bookings import actions
from bookings.models import ReservationEvent, ScheduledSession
from portal.models import Location
from portal.roles import Preset
from tests.bookings.check_ins.counter import login, member, rows, tick, words
from tests.bookings.scenes import at, booked, evening_class, kinds
from tests.factories import (
    LocationFactory,
)

pytestmark = pytest.mark.django_db


def test_a_tick_answers_with_the_row_and_undo(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    response = tick(desk, kim)
    html = response.content.decode()
    assert response.status_code == 200
    assert "Checked in 18:10" in rows(html)["Kim de Boer"]
    assert "<p>Kim de Boer is in</p>" in html
    made = kim.events.get(kind="checked_in")
    assert f'data-undo="/linden/events/{made.pk}/undo/"' in html
    assert 'aria-pressed="true"' in html


def test_the_same_action_id_is_done_once(desk: Client, vinyasa: ScheduledSession) -> None:
    kim, again = booked(vinyasa), uuid4()
    assert [tick(desk, kim, action_id=again).status_code for _ in range(3)] == [200, 200, 200]
    assert kinds(kim) == ["reserved", "checked_in"]


def test_who_is_in_already_stays_in_and_it_says_since_when(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim"))
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("18:02"))
    assert "<p>Kim is already in, 18:02, Ana</p>" in tick(desk, kim).content.decode()
    assert kinds(kim) == ["reserved", "checked_in"]


def test_more_than_an_hour_early_is_only_a_note(desk: Client, centrum: Location) -> None:
    kim = booked(evening_class(item__location=centrum, starts_at=at("20:00")), member(centrum.studio, "Kim"))
    html = tick(desk, kim).content.decode()
    assert "Kim is in. That is early: the class begins Wed 10 Jun, 20:00." in html
    assert kinds(kim) == ["reserved", "checked_in"]


def test_being_in_elsewhere_at_that_time_is_a_note(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = member(vinyasa.studio, "Kim")
    noord = evening_class(item__location=LocationFactory(studio=vinyasa.studio, name="Noord"))
    there, here = booked(noord, kim), booked(vinyasa, kim)
    actions.check_in(there, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("17:55"))
    html = tick(desk, here).content.decode()
    assert "This person is also in another class at that time: Noord 17:55." in html
    assert kinds(here) == ["reserved", "checked_in"]


def test_a_refusal_is_a_conflict_with_its_reason_and_the_true_row(desk: Client, centrum: Location) -> None:
    old = booked(evening_class(item__location=centrum, starts_at=at("18:00", days=-9)), member(centrum.studio, "Kim"))
    response = tick(desk, old)
    assert response.status_code == 409
    assert "This class could be corrected until" in response.content.decode()
    assert kinds(old) == ["reserved"]


@pytest.mark.parametrize("action_id", ["", "nonsense", "12345", "😀"])
def test_a_bad_action_id_is_a_bad_request(desk: Client, vinyasa: ScheduledSession, action_id: str) -> None:
    kim = booked(vinyasa)
    assert tick(desk, kim, action_id=action_id).status_code == 400
    assert kinds(kim) == ["reserved"]


def test_an_action_id_of_something_else_is_a_conflict(desk: Client, vinyasa: ScheduledSession) -> None:
    kim, ada, used = booked(vinyasa), booked(vinyasa), uuid4()
    tick(desk, kim, action_id=used)
    assert tick(desk, ada, action_id=used).status_code == 409
    assert kinds(ada) == ["reserved"]


def test_each_change_has_its_way_back(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa)
    for verb in ("check-in", "revert-check-in", "no-show", "revert-no-show", "withdraw"):
        assert tick(desk, kim, verb).status_code == 200, verb
    assert kinds(kim) == [
        "reserved", "checked_in", "check_in_reverted", "no_show", "no_show_reverted", "withdrawn",
    ]  # fmt: skip
    last = kim.events.latest("id")
    assert desk.post(f"/linden/events/{last.pk}/undo/", {"action_id": uuid4()}).status_code == 302


def test_without_script_one_is_led_back_with_the_words(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim"))
    url = f"/linden/reservations/{kim.pk}/check-in/"
    response = desk.post(url, {"action_id": uuid4(), "next": "/linden/check-ins/?q=kim"}, follow=True)
    assert response.redirect_chain == [("/linden/check-ins/?q=kim", 302)]
    assert "Kim is in" in words(response.content.decode())
    elsewhere = desk.post(url, {"action_id": uuid4(), "next": "https://evil.test/"})
    assert elsewhere.headers["Location"] == "/linden/check-ins/"


def test_get_changes_nothing(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa)
    for verb in ("check-in", "revert-check-in", "no-show", "withdraw"):
        assert desk.get(f"/linden/reservations/{kim.pk}/{verb}/").status_code == 405
    assert ReservationEvent.objects.count() == 1
