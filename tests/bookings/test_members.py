"""The list of members: filtered by its address, the same cost for many, its file exactly what it shows."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.selectors import members as listed
from portal.models import DuplicateSuggestion, Location, Member, MemberNote, StaffLogin
from portal.roles import RIGHTS, Preset, Right
from tests.bookings.scenes import booked
from tests.factories import LocationFactory, MemberFactory, ReservationFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PurchaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return LocationFactory(studio__slug="ours", slug="centrum", name="Centrum")


@pytest.fixture
def owner(place: Location, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


def member(place: Location, first_name: str, **fields: Any) -> Member:
    return MemberFactory(studio=place.studio, first_name=first_name, last_name="", **fields)


def names(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/ours/members/{query}")
    assert response.status_code == 200
    return [one.name for one, _photo in response.context["rows"]]


def visit(one: Member, place: Location, *, days_ago: int, source: str = "desk") -> None:
    moment = timezone.now() - timedelta(days=days_ago)
    session = SessionFactory(item__location=place, starts_at=moment)
    ReservationFactory(session=session, member=one, source=source, attendance="checked_in", checked_in_at=moment)


def test_members_are_listed_by_name_without_accents(client: Client, owner: StaffLogin, place: Location) -> None:
    for name in ("Zoe", "Änne", "Bo", "anton"):
        member(place, name)
    MemberFactory(first_name="Of another studio")
    assert names(client) == ["Änne", "anton", "Bo", "Zoe"]
    assert names(client, "?sort=-name") == ["Zoe", "Bo", "anton", "Änne"]
    assert names(client, "?q=anne") == ["Änne"]


def test_members_are_listed_by_when_they_came(client: Client, owner: StaffLogin, place: Location) -> None:
    member(place, "Old", joined_on="2019-01-01")
    member(place, "New")
    member(place, "Middle", joined_on="2024-01-01")
    assert names(client, "?sort=since") == ["Old", "Middle", "New"]
    assert names(client, "?sort=-since") == ["New", "Middle", "Old"]


def test_each_filter_leaves_whom_it_names(client: Client, owner: StaffLogin, place: Location) -> None:
    often, lapsed, blocked = member(place, "Often"), member(place, "Lapsed"), member(place, "Blocked")
    visit(often, place, days_ago=3, source="wellpass")
    visit(lapsed, place, days_ago=31)
    Member.objects.filter(pk=blocked.pk).update(blocked_reason="unpaid")
    Member.objects.filter(pk__in=(often.pk, lapsed.pk)).update(joined_on="2020-01-01")
    waiting = member(place, "Waiting", joined_on="2020-01-01")
    full = SessionFactory(item__location=place, starts_at=timezone.now() + timedelta(days=2), capacity=1)
    booked(full, now=timezone.now())
    actions.join_waiting(full, waiting, source="desk", action_id=uuid4(), by=owner, now=timezone.now())
    DuplicateSuggestion.objects.create(
        studio=place.studio, one=often, other=lapsed, reason="name", found_at=timezone.now()
    )
    assert names(client, "?source=wellpass") == ["Often"]
    assert "Often" not in names(client, "?quiet=1")
    assert "Lapsed" in names(client, "?quiet=1")
    assert names(client, "?blocked=1") == ["Blocked"]
    assert names(client, "?waiting=1") == ["Waiting"]
    assert names(client, "?twins=1") == ["Lapsed", "Often"]
    assert "Blocked" in names(client, "?new=1")
    assert "Lapsed" not in names(client, "?new=1")
    assert names(client, "?source=nonsense") == []
    assert names(client, "?twins=1&source=wellpass") == ["Often"]


def test_who_has_not_paid_and_whose_package_lapses_soon(client: Client, owner: StaffLogin, place: Location) -> None:
    today = place.local_day(timezone.now())
    soon, later, used_up = member(place, "Soon"), member(place, "Later"), member(place, "Used up")
    for one, days, uses in ((soon, 14, 5), (later, 15, 5), (used_up, 14, 1)):
        PurchaseFactory(
            version__package__studio=place.studio, member=one, uses=uses, expires_on=today + timedelta(days=days)
        )
    visit(used_up, place, days_ago=3, source="desk")
    used_up.reservations.update(purchase=used_up.purchases.get(), assigned="rule")
    assert names(client, "?lapsing=1") == ["Soon"]
    owes = member(place, "Owes")
    visit(owes, place, days_ago=3, source="desk")
    assert names(client, "?unpaid=1") == []
    owes.reservations.update(assigned="rule")
    assert names(client, "?unpaid=1") == ["Owes"]


def test_a_location_leaves_who_was_booked_there(client: Client, owner: StaffLogin, place: Location) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord", name="Noord")
    here, there = member(place, "Here"), member(place, "There")
    visit(here, place, days_ago=1)
    visit(there, noord, days_ago=1)
    member(place, "Nowhere")
    assert names(client, "?location=noord") == ["There"]
    assert names(client, "?location=all") == ["Here", "Nowhere", "There"]
    pinned = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    pinned.locations.add(noord)
    client.force_login(pinned.user)
    rows = client.get("/ours/members/").context["rows"]  # all members, but only the visits that this login sees
    assert [(one.name, one.visits) for one, _photo in rows] == [("Here", 0), ("Nowhere", 0), ("There", 1)]


@pytest.mark.parametrize("sort", ["", "-name", "since", "-since"])
def test_pages_show_everybody_once(
    client: Client, owner: StaffLogin, place: Location, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "PER_PAGE", 3)
    for number in range(7):
        member(place, "Same" if number < 4 else f"Name {number}")
    everybody = list(Member.objects.values_list("pk", flat=True))
    seen: list[int] = []
    page = client.get("/ours/members/", {"sort": sort}).context["page"]
    spans = []
    while True:
        spans.append((page.first, page.last, page.total))
        seen += [one.pk for one in page.members]
        if page.after is None:
            break
        query = {"sort": sort, "after": page.after, "first": page.first_after}
        page = client.get("/ours/members/", query).context["page"]
    assert sorted(seen) == sorted(everybody)
    assert spans == [(1, 3, 7), (4, 6, 7), (7, 7, 7)]
    back = client.get("/ours/members/", {"sort": sort, "before": page.before, "first": page.first_before})
    assert [one.pk for one in back.context["page"].members] == seen[3:6]


def test_beyond_a_limit_nobody_is_counted(
    client: Client, owner: StaffLogin, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "PER_PAGE", 2)
    monkeypatch.setattr(listed, "COUNT_MOST", 4)
    for number in range(5):
        member(place, f"Name {number}")
    assert client.get("/ours/members/").context["page"].total is None
    assert "more than" in client.get("/ours/members/").content.decode()


@pytest.mark.parametrize(
    "query", ["?after=0", "?after=abc", "?before=" + "9" * 30, "?first=-1", "?sort=password", "?q=%00x"]
)
def test_an_address_that_makes_no_sense_is_answered(
    client: Client, owner: StaffLogin, place: Location, query: str
) -> None:
    member(place, "Kim")
    assert client.get(f"/ours/members/{query}").status_code in {200, 400}


def test_the_number_of_queries_does_not_grow(client: Client, owner: StaffLogin, place: Location) -> None:
    client.get("/ours/members/")
    numbers = []
    for more in (1, 29):
        for _number in range(more):
            one = member(place, "Kim")
            visit(one, place, days_ago=1)
            MemberNote.objects.create(member=one, text="x", written_at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            client.get("/ours/members/")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]


def rows_of(client: Client, query: str = "") -> list[list[str]]:
    response = client.get(f"/ours/members/members.csv{query}")
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(b"".join(response).decode("utf-8-sig"))))  # type: ignore[arg-type]


def test_the_file_is_what_is_filtered(client: Client, owner: StaffLogin, place: Location) -> None:
    LocationFactory(studio=place.studio, slug="noord")
    kim = member(place, "=Kim", email="kim@example.test", phone="+31 6 1", number="4711", joined_on="2024-02-29")
    member(place, "Bo")
    visit(kim, place, days_ago=1)
    rows = rows_of(client, "?q=kim&location=centrum")
    assert [row[:8] for row in rows] == [
        ["Member number", "First name", "Last name", "E-mail", "Phone", "Member since", "Visits", "Last visit"],
        ["4711", "'=Kim", "", "kim@example.test", "'+31 6 1", "2024-02-29", "1", rows[1][7]],
    ]
    response = client.get("/ours/members/members.xlsx?location=centrum")
    today = timezone.localdate(timezone=place.tz)
    assert response["Content-Disposition"] == f'attachment; filename="members_centrum_{today}.xlsx"'


def test_contact_needs_its_right(
    client: Client, owner: StaffLogin, place: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    member(place, "Kim", email="kim@example.test", phone="+31 6 1")
    monkeypatch.setitem(RIGHTS, Preset.OWNER, RIGHTS[Preset.OWNER] - {Right.SEE_CONTACT})
    assert "kim@example" not in client.get("/ours/members/").content.decode()
    assert not [cell for row in rows_of(client) for cell in row if "kim@" in cell or "E-mail" in cell]


@pytest.mark.parametrize(("preset", "status"), [(Preset.DESK, 403), (Preset.MANAGER, 200), (Preset.TEACHER, 403)])
def test_the_file_needs_its_right(client: Client, place: Location, preset: Preset, status: int) -> None:
    client.force_login(StaffLoginFactory(studio=place.studio, preset=preset).user)
    assert client.get("/ours/members/members.csv").status_code == status


def test_as_one_types_only_the_list_is_answered(client: Client, owner: StaffLogin, place: Location) -> None:
    member(place, "Kim")
    page = client.get("/ours/members/", {"q": "ki"}, headers={"HX-Request": "true"}).content.decode()
    assert "Kim" in page
    assert "<html" not in page
