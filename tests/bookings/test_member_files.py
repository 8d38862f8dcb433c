"""A member's attendance as a file: what the tab lists, with the same filters and rights (Q38)."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.models import Location, Member
from portal.roles import Preset
from tests.bookings.test_member import kim, place, visit
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory

__all__ = ["kim", "place"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(place: Location, client: Client) -> Any:
    login = StaffLoginFactory(studio=place.studio)
    client.force_login(login.user)
    return login


def rows(client: Client, member: Member, query: str = "") -> list[list[str]]:
    answer: Any = client.get(f"/ours/members/{member.pk}/attendance.csv{query}")
    content = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))


def test_it_holds_what_the_tab_lists_with_its_filters(owner: Any, client: Client, kim: Member, place: Location) -> None:
    now = timezone.now()
    visit(kim, place, now - timedelta(days=2), attendance="checked_in", name="Yin")
    visit(kim, place, now - timedelta(days=800), attendance="no_show")
    visit(MemberFactory(studio=place.studio), place, now - timedelta(days=3))
    head, last, first = rows(client, kim)
    assert (last[1], last[head.index("First visit")], first[1]) == ("Yin", "yes", "Flow")
    assert [line[1] for line in rows(client, kim, "?state=no_show")[1:]] == ["Flow"]
    assert [line[1] for line in rows(client, kim, f"?year={(now - timedelta(days=800)).year}")[1:]] == ["Flow"]
    page = client.get(f"/ours/members/{kim.pk}/?state=no_show").content.decode()
    assert "Download 1 row<" in page
    assert "attendance.csv?state=no_show" in page
    answer = client.get(f"/ours/members/{kim.pk}/attendance.xlsx")
    assert answer["Content-Disposition"] == 'attachment; filename="attendance_4711.xlsx"'


def test_it_needs_the_right_to_export(client: Client, kim: Member, place: Location) -> None:
    client.force_login(StaffLoginFactory(studio=place.studio, preset=Preset.DESK).user)
    assert client.get(f"/ours/members/{kim.pk}/attendance.csv").status_code == 403


def test_it_holds_only_the_locations_of_the_login(owner: Any, client: Client, kim: Member, place: Location) -> None:
    owner.locations.add(place)
    visit(kim, LocationFactory(studio=place.studio), timezone.now() - timedelta(days=2))
    assert len(rows(client, kim)) == 1


def test_that_of_a_merged_profile_is_the_kept_one_s(owner: Any, client: Client, kim: Member) -> None:
    merged = MemberFactory(studio=kim.studio, merged_into=kim)
    answer = client.get(f"/ours/members/{merged.pk}/attendance.csv")
    assert answer["Location"] == f"/ours/members/{kim.pk}/attendance.csv"
