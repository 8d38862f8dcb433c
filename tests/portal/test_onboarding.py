"""A new studio's first quarter of an hour: what is done is seen, the rest is left and resumed."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from bookings.models import ItemPackage
from portal.models import Change, Invitation, Onboarding, StaffLogin, Studio
from portal.onboarding.path import is_wanted, path_of
from portal.onboarding.rules import Standing, progress
from portal.roles import Preset
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory


def standing(word: str, minutes: int, **more: bool) -> Standing:
    return Standing(word, minutes, **more)


def test_the_percentage_is_of_the_minutes_and_the_next_step_is_the_first_open_one() -> None:
    found = progress([standing("a", 1, done=True), standing("b", 2, skipped=True), standing("c", 4)])
    assert (found.percent, found.minutes, found.next) == (42, 4, "c")


def test_what_is_optional_counts_for_nothing_and_comes_up_last() -> None:
    done = progress([standing("x", 9, optional=True), standing("a", 1, done=True)])
    assert (done.percent, done.minutes, done.next) == (100, 0, "x")
    assert progress([standing("x", 9, optional=True), standing("a", 1)]).next == "a"


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.booleans()), min_size=1, max_size=9))
def test_only_all_of_it_is_a_hundred_percent(rows: list[tuple[int, bool, bool]]) -> None:
    steps = [standing(str(at), minutes, done=done, skipped=skip) for at, (minutes, done, skip) in enumerate(rows)]
    found = progress(steps)
    assert found.is_complete == (not any(one.is_open for one in steps)) == (found.minutes == 0)
    assert 0 <= found.percent <= 100


@pytest.fixture
def studio(db: None) -> Studio:
    studio = StudioFactory(slug="new", name="New")
    LocationFactory(studio=studio, slug="one", name="One", zone="Europe/Berlin", city="")
    return studio


@pytest.fixture
def owner(studio: Studio, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


def state(studio: Studio) -> dict[str, str]:
    path = path_of(studio)
    return {
        one.step.word: "done" if one.standing.done else "skipped" if one.standing.skipped else "open"
        for one in path.steps
    }


def test_an_empty_studio_is_asked_to_begin_on_its_home_page(client: Client, studio: Studio, owner: StaffLogin) -> None:
    home = client.get(reverse("portal:studio", args=["new"]))
    assert b'id="start-heading"' in home.content
    assert reverse("portal:start_studio", args=["new"]).encode() in home.content
    assert not Onboarding.objects.exists()  # looking writes nothing


def test_a_studio_that_began_by_another_road_is_not(studio: Studio) -> None:
    assert is_wanted(studio)
    MemberFactory(studio=studio)
    assert not is_wanted(studio)


def test_each_step_leads_to_the_next_until_all_is_done(client: Client, studio: Studio, owner: StaffLogin) -> None:
    def send(name: str, data: dict[str, object]) -> str:
        answer = client.post(reverse(name, args=["new"]), data)
        assert answer.status_code == 302, answer.content.decode()
        return answer.headers["Location"]

    assert send("portal:start_studio", {"name": "Yoga am Kanal", "language": "de", "zone": "Europe/Vienna"}) == reverse(
        "portal:start_locations", args=["new"]
    )
    address = {"name": "Kanal", "street": "Ufer 1", "postcode": "1010", "city": "Wien", "country": "AT"}
    assert send("portal:start_locations", address) == reverse("bookings:start_timetable", args=["new"])
    place = studio.locations.get()
    assert (place.name, place.zone, place.country) == ("Kanal", "Europe/Vienna", "AT")
    classes: dict[str, object] = {"form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "0"}
    for at in range(3):
        classes |= {f"form-{at}-location": place.pk, f"form-{at}-duration_minutes": "60"}
    classes |= {"form-0-name": "Flow", "form-0-weekdays": ["0", "3"], "form-0-local_start": "18:00"}
    classes |= {"form-1-name": "Yin", "form-1-weekdays": ["6"], "form-1-local_start": "20:00", "form-1-teacher": "Mia"}
    assert send("bookings:start_timetable", classes) == reverse("bookings:start_packages", args=["new"])
    assert {one.name for one in studio.calendar_items.all()} == {"Flow", "Yin"}
    assert studio.sessions.count() >= 26 * 3
    package = {"name": "5 Visits", "uses": "5", "weeks": "10", "price": "60.00", "tax_rate": "9"}
    assert send("bookings:start_packages", package) == reverse("portal:start_people", args=["new"])
    assert ItemPackage.objects.filter(studio=studio).count() == 2
    skipped = client.post(reverse("portal:start_skip", args=["new", "people"]))
    assert skipped.headers["Location"] == reverse("portal:start_desk", args=["new"])
    desk = {"name": "Ana", "email": "ana@new.test", "preset": "desk"}
    assert send("portal:start_desk", desk) == reverse("bookings:practice", args=["new"])
    assert Invitation.objects.get().preset == Preset.DESK
    last = client.post(reverse("portal:start_done", args=["new", "training"]))
    assert last.headers["Location"] == reverse("portal:start", args=["new"])
    assert state(studio) == dict.fromkeys(state(studio), "done") | {"people": "skipped", "marketplaces": "open"}
    assert path_of(studio).progress.percent == 100
    assert b"start-heading" not in client.get(reverse("portal:studio", args=["new"])).content
    assert b"All of it is done." in client.get(reverse("portal:start", args=["new"])).content
    assert set(Change.objects.filter(subject="studio").values_list("kind", flat=True)) >= {"step_done", "step_skipped"}


def test_wrong_answers_are_told_and_nothing_is_made(client: Client, studio: Studio, owner: StaffLogin) -> None:
    place = studio.locations.get()
    for at_name, data in (
        ("portal:start_studio", {"name": "", "language": "de", "zone": "Mars/Olympus"}),
        ("portal:start_locations", {"name": "One", "city": "", "country": ""}),
        ("bookings:start_packages", {"name": "", "price": "-1"}),
        ("portal:start_desk", {"name": "", "email": "x", "preset": "desk"}),
    ):
        assert client.post(reverse(at_name, args=["new"]), data).status_code == 422, at_name
    row = {"form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "0", "form-0-name": "Flow", "form-0-location": place.pk}
    rows = row | {"form-1-name": "Yin", "form-1-weekdays": ["6"], "form-1-local_start": "20:00"}
    rows |= {"form-1-duration_minutes": "60", "form-1-location": place.pk, "form-2-location": place.pk}
    answer = client.post(reverse("bookings:start_timetable", args=["new"]), rows)
    assert answer.status_code == 422
    assert b'value="Yin"' in answer.content  # nothing that was typed is lost
    assert not studio.calendar_items.exists()
    assert client.post(reverse("portal:start_skip", args=["new", "no-such"])).status_code == 404
    assert set(state(studio).values()) == {"open"}


def test_free_for_now_is_an_answer(client: Client, studio: Studio, owner: StaffLogin) -> None:
    client.post(reverse("bookings:start_packages", args=["new"]), {"how": "free"})
    assert state(studio)["packages"] == "done"


def test_it_is_put_away_and_taken_up_again(client: Client, studio: Studio, owner: StaffLogin) -> None:
    client.post(reverse("portal:start_skip", args=["new", "people"]))
    client.post(reverse("portal:start_dismiss", args=["new"]))
    assert not is_wanted(studio)
    assert b"start-heading" not in client.get(reverse("portal:studio", args=["new"])).content
    client.post(reverse("portal:start_resume", args=["new"]))
    assert is_wanted(studio)
    assert state(studio)["people"] == "open"


def test_who_is_pinned_to_a_location_does_not_set_up_the_studio(client: Client, studio: Studio) -> None:
    pinned = StaffLoginFactory(studio=studio, preset=Preset.MANAGER)
    pinned.locations.add(studio.locations.get())
    client.force_login(pinned.user)
    for name in ("portal:start", "portal:start_studio", "bookings:start_timetable", "bookings:start_packages"):
        assert client.get(reverse(name, args=["new"])).status_code == 403, name
    assert client.post(reverse("bookings:practice_make", args=["new"])).status_code == 403


def test_a_manager_may_not_give_logins_and_asks_for_one(client: Client, studio: Studio) -> None:
    client.force_login(StaffLoginFactory(studio=studio, preset=Preset.MANAGER).user)
    answer = client.get(reverse("portal:start_desk", args=["new"]))
    assert answer.headers["Location"] == reverse("portal:staff_ask", args=["new"])


def test_the_log_keeps_what_was_set(client: Client, studio: Studio, owner: StaffLogin) -> None:
    client.post(
        reverse("portal:start_studio", args=["new"]), {"name": "Newer", "language": "en", "zone": "Europe/Berlin"}
    )
    change = Change.objects.get(kind="set", subject="studio")
    assert (change.before["name"], change.after["name"], change.by) == ("New", "Newer", owner)
    assert change.occurred_at <= timezone.now()
