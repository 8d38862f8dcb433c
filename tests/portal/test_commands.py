"""The command palette: what is found by whom; as options for the palette, as links without script."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.models import Location, Studio
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db

URL = "/linden/commands/"


@pytest.fixture
def studio() -> Studio:
    return StudioFactory(slug="linden")


@pytest.fixture
def centrum(studio: Studio) -> Location:
    return LocationFactory(studio=studio, slug="centrum", name="Centrum")


def client_of(studio: Studio, preset: Preset = Preset.OWNER, **fields: Any) -> Client:
    client = Client()
    client.force_login(StaffLoginFactory(studio=studio, preset=preset, **fields).user)
    return client


def found(client: Client, text: str) -> dict[str, list[str]]:
    """The options by section, as the palette gets them."""
    answer = client.get(URL, {"q": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    sections: dict[str, list[str]] = {}
    for section, option in re.findall(
        r'class="palette-section"[^>]*>([^<]*)|<bdi>([^<]*)</bdi>', answer.content.decode()
    ):
        if section:
            sections[section] = []
        else:
            sections[list(sections)[-1]].append(option)
    return sections


def test_nothing_typed_shows_pages_and_what_can_be_begun_by_right(studio: Studio, centrum: Location) -> None:
    owner = found(client_of(studio), "")
    assert list(owner) == ["Pages", "Actions"]
    assert {"Check-ins", "History", "Settings"} <= set(owner["Pages"])
    assert {"Add a walk-in", "New class", "Add closing days"} <= set(owner["Actions"])
    desk = found(client_of(studio, Preset.DESK), "")
    assert "Settings" not in desk["Pages"]
    how = ["What if? What somebody would use for a class", "How packages are used"]
    assert desk["Actions"] == ["Add a walk-in", "New member", *how]
    viewer = found(client_of(studio, Preset.VIEWER), "")
    assert "Actions" not in viewer
    assert "History" not in viewer["Pages"]


def test_members_are_found_without_accents_by_those_who_may_see_them(studio: Studio, centrum: Location) -> None:
    MemberFactory(studio=studio, first_name="Zoë", last_name="Ündün", number="0042")
    MemberFactory(first_name="Zoë", last_name="Elsewhere")
    assert found(client_of(studio, Preset.DESK), "zoe undun") == {"Members": ["Zoë Ündün"]}
    assert found(client_of(studio, Preset.VIEWER), "zoe undun") == {}
    assert "Members" not in found(client_of(studio), "z")


def test_classes_are_the_next_ones_that_the_login_may_see(studio: Studio, centrum: Location) -> None:
    noord = LocationFactory(studio=studio, name="Noord")
    now = timezone.now()
    own = TeacherFactory(studio=studio, name="Mira")
    for place, teacher in ((centrum, own), (noord, TeacherFactory(studio=studio, name="Tom"))):
        item = CalendarItemFactory(location=place, name=f"Vinyasa {place.name}", teacher=teacher)
        for days in (-1, 1):
            SessionFactory(item=item, starts_at=now + timedelta(days=days))
    assert found(client_of(studio), "vinyasa")["Classes"] == ["Vinyasa Centrum", "Vinyasa Noord"]
    pinned = StaffLoginFactory(studio=studio, preset=Preset.DESK)
    pinned.locations.add(noord)
    client = Client()
    client.force_login(pinned.user)
    assert found(client, "vinyasa")["Classes"] == ["Vinyasa Noord"]
    login = StaffLoginFactory(studio=studio, preset=Preset.TEACHER)
    own.login = login
    own.save()
    client.force_login(login.user)
    assert found(client, "vinyasa")["Classes"] == ["Vinyasa Centrum"]


def test_months_and_settings_are_found_by_their_words(studio: Studio, centrum: Location) -> None:
    client = client_of(studio)
    month = f"{centrum.local_day(timezone.now()):%Y-%m}"
    (label,) = found(client, month)["Months"]
    assert label in found(client, label.lower())["Months"]
    assert found(client, "grace")["Settings"] == ["Grace after the end"]
    assert "Settings" not in found(client_of(studio, Preset.DESK), "grace")


def test_without_script_it_is_a_page_of_links(studio: Studio, centrum: Location) -> None:
    MemberFactory(studio=studio, first_name="<b>Kim</b>")
    page = client_of(studio).get(URL, {"q": "kim"}).content.decode()
    assert "<html" in page
    assert "&lt;b&gt;Kim&lt;/b&gt;" in page
    assert 'role="option"' not in page
    nothing = client_of(studio).get(URL, {"q": "zzzz"}).content.decode()
    assert "Nothing found for “zzzz”." in nothing


def test_many_members_cost_as_many_queries_as_one(studio: Studio, centrum: Location) -> None:
    client = client_of(studio)
    item = CalendarItemFactory(location=centrum, name="Kimono")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            found(client, "kim")
        return len(queries)

    asked()
    MemberFactory(studio=studio, first_name="Kim")
    SessionFactory(item=item)
    one = asked()
    for _more in range(29):
        MemberFactory(studio=studio, first_name="Kim")
        SessionFactory(item=item)
    assert asked() == one
