"""Saved views: a person's own tabs, the address behind each of them in one canonical form."""

import pytest
from django.test import Client, RequestFactory

from portal.models import SavedView, StaffLogin
from portal.saved_views import MOST, canonical, save_view, saved_views
from tests.factories import LocationFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def login(client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=LocationFactory(studio__slug="ours").studio)
    client.force_login(login.user)
    return login


def kept(login: StaffLogin) -> list[tuple[str, str, str]]:
    return list(login.saved_views.values_list("screen", "name", "query"))


def save(client: Client, **data: str) -> str:
    """The message that the page shows next."""
    form = {"screen": "members", "name": "Sleepers", "query": "source=wellpass&new=1", "next": "/ours/members/"} | data
    response = client.post("/ours/views/", form)
    assert (response.status_code, response["Location"]) == (302, "/ours/members/")
    return client.get("/ours/check-ins/").content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("b=2&a=1", "a=1&b=2"),
        ("?a=1&page=7&after=x&before=y&open=3&empty=", "a=1"),
        ("a=2&a=1", "a=1&a=2"),
        ("q=M%C3%BCller", "q=M%C3%BCller"),
        ("", ""),
        ("page=2", ""),
    ],
)
def test_one_list_has_one_query(query: str, expected: str) -> None:
    assert canonical(query) == expected


def test_a_view_is_kept_for_the_person_who_keeps_it(client: Client, login: StaffLogin) -> None:
    assert "Kept as “Sleepers”." in save(client)
    assert kept(login) == [("members", "Sleepers", "new=1&source=wellpass")]
    assert kept(StaffLoginFactory(studio=login.studio)) == []


def test_the_same_name_gives_way(client: Client, login: StaffLogin) -> None:
    save(client)
    save(client, name="SLEEPERS", query="q=kim")
    assert kept(login) == [("members", "SLEEPERS", "q=kim")]


@pytest.mark.parametrize(
    "data",
    [{"name": ""}, {"name": "x" * 41}, {"query": ""},
     {"query": "page=2"}, {"query": "q=" + "x" * 1000}, {"screen": "a b"}],
)  # fmt: skip
def test_what_cannot_be_kept_is_said(client: Client, login: StaffLogin, data: dict[str, str]) -> None:
    assert "This view was not kept" in save(client, **data)
    assert kept(login) == []


def test_there_is_an_end_to_tabs(client: Client, login: StaffLogin) -> None:
    for number in range(MOST):
        save_view(login, screen="members", name=f"View {number}", query=f"q={number}")
    assert "there are many already" in save(client)
    assert len(kept(login)) == MOST


def test_the_tab_of_the_address_is_current(login: StaffLogin) -> None:
    save_view(login, screen="members", name="Kims", query="q=kim")
    save_view(login, screen="bookings", name="Others", query="q=kim")
    request = RequestFactory().get("/ours/members/?page=2&q=kim")
    request.login = login  # type: ignore[attr-defined]
    found = saved_views(request, "members")  # type: ignore[arg-type]
    assert [(tab.name, tab.current) for tab in found.tabs] == [("Kims", True)]
    assert not found.can_save


def test_only_ones_own_view_can_be_removed(client: Client, login: StaffLogin) -> None:
    other = save_view(StaffLoginFactory(studio=login.studio), screen="members", name="Theirs", query="q=a")
    own = save_view(login, screen="members", name="Mine", query="q=a")
    assert other
    assert own
    for view in (other.pk, own.pk, "x", "9" * 30, ""):
        assert client.post("/ours/views/remove/", {"view": view, "next": "/ours/members/"}).status_code == 302
    assert list(SavedView.objects.all()) == [other]
