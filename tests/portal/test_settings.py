"""Settings: who sets what, since when; two people at once; rules that cannot hold together; bad input."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.rules.waiting import SHORTEST_HOLD
from portal.models import Change, ClosingDays, Location, StaffLogin, Studio
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory, StudioFactory

pytestmark = pytest.mark.django_db

STUDIO = "/linden/settings/booking/"


@pytest.fixture
def studio() -> Studio:
    studio = StudioFactory(slug="linden", name="Linden")
    LocationFactory(studio=studio, slug="centrum", name="Centrum", position=0)
    LocationFactory(studio=studio, slug="noord", name="Noord", position=1)
    return studio


@pytest.fixture
def owner(studio: Studio) -> StaffLogin:
    return StaffLoginFactory(studio=studio, user__name="Linde van Aalst")


@pytest.fixture
def client(owner: StaffLogin) -> Client:
    return client_of(owner)


def client_of(login: StaffLogin) -> Client:
    client = Client()
    client.force_login(login.user)
    return client


def rules(studio: Studio, **changed: Any) -> dict[str, Any]:
    """What the browser sends: the fields as saved, but for those changed, and what was seen."""
    names = ("opens_hours", "closes_minutes", "cancel_hours", "waiting_places")
    names += ("waiting_cutoff_minutes", "waiting_hold_minutes")
    saved = {name: getattr(studio, name) for name in names}
    sent = {name: "" if value is None else value for name, value in (saved | changed).items()}
    return {"seen": json.dumps(saved), **sent}


def saved(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


def test_a_setting_is_saved_with_who_and_when_and_what_it_was(client: Client, studio: Studio) -> None:
    assert client.post(STUDIO, rules(studio, cancel_hours=6)).status_code == 302
    assert saved(studio).cancel_hours == 6
    change = Change.objects.get(studio=studio)
    assert (change.subject, change.kind, change.before, change.after) == (
        "studio",
        "set",
        {"cancel_hours": 12},
        {"cancel_hours": 6},
    )
    page = client.get(STUDIO).content.decode()
    assert page.count("by Linde van Aalst") == 1
    assert "Reset to 12" in page


def test_what_was_not_changed_is_not_logged(client: Client, studio: Studio) -> None:
    assert client.post(STUDIO, rules(studio)).status_code == 302
    assert not Change.objects.exists()


def test_a_setting_goes_back_to_how_it_was_delivered_and_others_stay(client: Client, studio: Studio) -> None:
    client.post(STUDIO, rules(studio, cancel_hours=6, waiting_places=3))
    fresh = saved(studio)
    client.post(STUDIO, {"reset": "cancel_hours", "seen": rules(fresh)["seen"]})
    assert (saved(studio).cancel_hours, saved(studio).waiting_places) == (12, 3)


@pytest.mark.parametrize("name", ["name", "slug", "nonsense"])
def test_only_what_the_page_shows_and_has_a_default_can_be_reset(client: Client, studio: Studio, name: str) -> None:
    assert client.post(STUDIO, {"reset": name}).status_code == 404


def test_the_second_of_two_people_is_told_and_decides(client: Client, studio: Studio) -> None:
    """Both opened the page at 12 hours; one set 6, the other types 24."""
    old = rules(studio, cancel_hours=24)
    other = client_of(StaffLoginFactory(studio=studio, preset=Preset.MANAGER, user__name="Mo Manager"))
    other.post(STUDIO, rules(studio, cancel_hours=6))
    answer = client.post(STUDIO, old)
    assert answer.status_code == 422
    assert "Meanwhile Mo Manager set this to 6" in answer.content.decode()
    assert saved(studio).cancel_hours == 6
    again = old | {"seen": answer.context["form"]["seen"].value()}
    assert client.post(STUDIO, again).status_code == 302
    assert saved(studio).cancel_hours == 24


def test_what_somebody_else_set_meanwhile_is_not_overwritten_by_a_page_that_is_older(
    client: Client, studio: Studio
) -> None:
    old = rules(studio, waiting_places=4)
    other = client_of(StaffLoginFactory(studio=studio, user__name="Mo Manager"))
    other.post(STUDIO, rules(studio, cancel_hours=6))
    answer = client.post(STUDIO, old, follow=True)
    assert (saved(studio).cancel_hours, saved(studio).waiting_places) == (6, 4)
    assert "Meanwhile Mo Manager set “Free cancellation until” to 6. That was kept." in answer.content.decode()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"opens_hours": 1, "closes_minutes": 60, "cancel_hours": 0, "waiting_cutoff_minutes": 59}, "opens closes"),
        ({"opens_hours": 12, "cancel_hours": 12}, "opens cancel"),
        ({"opens_hours": 2, "cancel_hours": 1, "waiting_cutoff_minutes": 120}, "opens waiting_cutoff"),
        ({"closes_minutes": 121}, "closes waiting_cutoff"),
    ],
)
def test_rules_that_cannot_hold_together_are_named_beside_both(
    client: Client, studio: Studio, values: dict[str, int], fields: str
) -> None:
    answer = client.post(STUDIO, rules(studio, **values))
    assert answer.status_code == 422
    endings = {"opens": "_hours", "cancel": "_hours"}
    wanted = {f"{name}{endings.get(name, '_minutes')}" for name in fields.split()}
    assert wanted <= set(answer.context["form"].errors)
    assert saved(studio).opens_hours is None
    assert saved(studio).closes_minutes is None


def test_a_location_is_judged_with_the_studio_rule_that_it_does_not_replace(client: Client, studio: Studio) -> None:
    client.post(STUDIO, rules(studio, opens_hours=48))
    place = studio.locations.get(slug="noord")
    url = f"{STUDIO}{place.pk}/"
    answer = client.post(url, {"opens_hours": "", "closes_minutes": "", "cancel_hours": 48})
    assert answer.status_code == 422
    assert "No booking could be cancelled free" in answer.content.decode()
    assert client.post(url, {"opens_hours": "", "closes_minutes": "", "cancel_hours": 24}).status_code == 302
    assert saved(place).cancel_hours == 24
    conflict = client.post(STUDIO, rules(saved(studio), opens_hours=24))
    assert conflict.status_code == 422
    assert "At Noord: No booking could be cancelled free" in conflict.content.decode()


@pytest.mark.parametrize("value", ["-1", "x", "99999", "1.5", "9" * 400])
def test_bad_numbers_are_answered_with_words(client: Client, studio: Studio, value: str) -> None:
    answer = client.post(STUDIO, rules(studio, cancel_hours=value))
    assert answer.status_code == 422
    assert answer.context["form"].errors["cancel_hours"]
    assert saved(studio).cancel_hours == 12


@pytest.mark.parametrize("seen", ["", "[]", "{", '{"cancel_hours": [1]}', "null"])
def test_what_was_seen_can_be_anything_that_somebody_sends(client: Client, studio: Studio, seen: str) -> None:
    assert client.post(STUDIO, rules(studio) | {"seen": seen}).status_code in {302, 422}


def test_a_preview_saves_nothing_and_says_what_is_wrong(client: Client, studio: Studio) -> None:
    answer = client.post(STUDIO, rules(studio, cancel_hours="-3") | {"step": "preview"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert client.post(STUDIO, rules(studio, cancel_hours=3) | {"step": "preview"}).status_code == 200
    assert saved(studio).cancel_hours == 12


def test_a_login_pinned_to_a_location_sets_what_is_its_own_and_reads_the_rest(studio: Studio) -> None:
    manager = StaffLoginFactory(studio=studio, preset=Preset.MANAGER)
    noord, centrum = studio.locations.get(slug="noord"), studio.locations.get(slug="centrum")
    manager.locations.add(noord)
    client = client_of(manager)
    assert client.get(STUDIO).status_code == 200
    assert client.post(STUDIO, rules(studio, cancel_hours=6)).status_code == 403
    assert client.post(f"{STUDIO}{noord.pk}/", {"cancel_hours": 6}).status_code == 302
    assert client.get(f"{STUDIO}{centrum.pk}/").status_code == 404
    assert client.post("/linden/settings/locations/add/", {"name": "West"}).status_code == 403
    assert client.post("/linden/settings/look/", {"brand_colour": "#112233"}).status_code == 403


def test_the_search_finds_by_what_a_setting_is_called_and_what_it_changes(client: Client) -> None:
    page = client.get("/linden/settings/", {"q": "NO-show"})
    assert [setting.field for one in page.context["shown"] for setting in one.settings] == ["grace_minutes"]
    nothing = client.get("/linden/settings/", {"q": "zzz"}, headers={"HX-Request": "true"})
    assert "No setting is called “zzz”" in nothing.content.decode()


LOCATION = {"name": "West", "position": "2", "zone": "Europe/Berlin", "country": "DE", "region": "BY"}


def test_a_location_is_added_with_a_word_of_its_own_for_addresses(client: Client, studio: Studio) -> None:
    for name in ("West", "All"):
        assert client.post("/linden/settings/locations/add/", LOCATION | {"name": name}).status_code == 302
    assert set(studio.locations.values_list("slug", flat=True)) == {"centrum", "noord", "west", "all-2"}
    assert studio.locations.get(slug="west").region == "BY"
    assert Change.objects.filter(subject="location").count() == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": "centrum"}, "name"),
        ({"name": ""}, "name"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"region": "Atlantis"}, "region"),
        ({"country": "XX"}, "country"),
    ],
)
def test_a_location_that_cannot_be_is_answered_with_words(
    client: Client, studio: Studio, changed: dict[str, str], field: str
) -> None:
    answer = client.post("/linden/settings/locations/add/", LOCATION | changed)
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]
    assert studio.locations.count() == 2


def test_a_location_keeps_its_own_name_when_it_is_saved_again(client: Client, studio: Studio) -> None:
    place = Location.objects.get(studio=studio, slug="noord")
    sent = LOCATION | {"name": "Noord"}
    assert client.post(f"/linden/settings/locations/{place.pk}/", sent).status_code == 302
    assert saved(place).zone == "Europe/Berlin"


def test_the_pages_ask_the_same_number_of_queries_for_two_locations_and_for_thirty(
    client: Client, studio: Studio
) -> None:
    def asked() -> list[int]:
        counts = []
        for url in ("/linden/settings/", STUDIO, "/linden/settings/locations/", "/linden/settings/closing-days/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            counts.append(len(queries))
        return counts

    asked()  # the first request of a session writes that it was seen
    few = asked()
    for number in range(28):
        LocationFactory(studio=studio, slug=f"p{number}")
        ClosingDays.objects.create(studio=studio, first_on="2027-01-01", last_on="2027-01-02", reason=f"{number}")
    assert asked() == few


def test_a_place_is_held_no_shorter_than_any_hold_lasts(client: Client, studio: Studio) -> None:
    least = SHORTEST_HOLD // timedelta(minutes=1)
    answer = client.post(STUDIO, rules(studio, waiting_hold_minutes=least - 1))
    assert answer.status_code == 422
    assert f"greater than or equal to {least}" in answer.content.decode()
    assert client.post(STUDIO, rules(studio, waiting_hold_minutes=least)).status_code == 302
    assert saved(studio).waiting_hold_minutes == least
