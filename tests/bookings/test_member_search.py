"""The options below a search field: found as one types, by whoever may see members, contact only with its right."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.models import StaffLogin
from portal.roles import RIGHTS, Preset, Right
from tests.factories import MemberFactory, StaffLoginFactory, StudioFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> StaffLogin:
    return StaffLoginFactory(studio=StudioFactory(slug="ours"), preset=Preset.DESK)


@pytest.fixture
def members(desk: StaffLogin) -> None:
    MemberFactory(studio=desk.studio, first_name="Jürgen", last_name="Müller", number="4711", email="jm@example.test")
    MemberFactory(studio=desk.studio, first_name="Kim", last_name="de Boer", phone="+31 6 12 34 56 78", number="4712")
    MemberFactory(first_name="Jürgen", last_name="Müller of another studio")


def ask(client: Client, login: StaffLogin, **query: Any) -> str:
    client.force_login(login.user)
    response = client.get("/ours/members/search/", query, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.usefixtures("members")
def test_an_option_is_a_button_of_the_form_around_it(client: Client, desk: StaffLogin) -> None:
    page = ask(client, desk, q="muller")
    found = desk.studio.members.get(number="4711")
    assert f'name="member" value="{found.pk}"' in page
    assert page.count("data-row") == 1
    assert "jm@example.test" in page
    assert "another studio" not in page


@pytest.mark.usefixtures("members")
def test_options_can_be_links(client: Client, desk: StaffLogin) -> None:
    found = desk.studio.members.get(number="4712")
    page = ask(client, desk, q="0612", options="links")
    assert f'href="/ours/members/{found.pk}/"' in page
    assert "<button" not in page


@pytest.mark.usefixtures("members")
def test_contact_data_needs_its_right(client: Client, desk: StaffLogin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RIGHTS, Preset.DESK, RIGHTS[Preset.DESK] - {Right.SEE_CONTACT})
    for text in ("muller", "boer"):
        page = ask(client, desk, q=text)
        assert "example.test" not in page
        assert "+31" not in page


@pytest.mark.usefixtures("members")
def test_nobody_found_is_said(client: Client, desk: StaffLogin) -> None:
    assert "Nobody found for “nemo”." in ask(client, desk, q="nemo")
    assert "Nobody" not in ask(client, desk, q=" ")


def test_as_many_as_were_asked_for(client: Client, desk: StaffLogin) -> None:
    for _number in range(12):
        MemberFactory(studio=desk.studio, last_name="Jansen")
    assert ask(client, desk, q="jansen").count("data-row") == 10
    assert ask(client, desk, q="jansen", limit=3).count("data-row") == 3
    assert ask(client, desk, q="jansen", limit=10**9).count("data-row") == 10


def test_the_number_of_queries_does_not_grow(client: Client, desk: StaffLogin) -> None:
    client.force_login(desk.user)
    client.get("/ours/members/search/")
    numbers = []
    for more in (1, 29):
        for _number in range(more):
            MemberFactory(studio=desk.studio, last_name="Jansen")
        with CaptureQueriesContext(connection) as queries:
            client.get("/ours/members/search/", {"q": "jansen", "limit": 30})
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("preset", [Preset.TEACHER, Preset.VIEWER])
def test_who_does_not_see_members_is_refused(client: Client, desk: StaffLogin, preset: Preset) -> None:
    client.force_login(StaffLoginFactory(studio=desk.studio, preset=preset).user)
    assert client.get("/ours/members/search/", {"q": "x"}).status_code == 403
