"""The bookings of the next 14 days as a file: who the page shows, with the same filters and the same rights."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client

from bookings.rules import Booking
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)

NOW = datetime(2026, 11, 10, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))


@pytest.fixture
def centrum(db: None) -> Location:
    return LocationFactory(studio=StudioFactory(slug="linden"), slug="centrum", name="Centrum")


@pytest.fixture
def owner(centrum: Location) -> StaffLogin:
    return StaffLoginFactory(studio=centrum.studio)


def rows(login: StaffLogin, query: str = "", *, status: int = 200, kind: str = "csv") -> list[list[str]]:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(NOW, tick=False):
        answer: Any = client.get(f"/linden/bookings.{kind}{query}")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == status
    if kind != "csv" or status != 200:
        return []
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture
def flow(centrum: Location) -> Any:
    item = CalendarItemFactory(location=centrum, name="Flow")
    session = SessionFactory(item=item, starts_at=NOW + timedelta(days=1))
    ReservationFactory(session=session, source="direct", member=MemberFactory(studio=centrum.studio, first_name="Ada"))
    ReservationFactory(session=session, source="wellpass", member=MemberFactory(studio=centrum.studio, first_name="Bo"))
    ReservationFactory(session=session, booking=Booking.CANCELLED, cancelled_at=NOW, source="direct")
    ReservationFactory(session=SessionFactory(item=item, starts_at=NOW + timedelta(days=20)))
    ReservationFactory(session=SessionFactory(item=item, starts_at=NOW - timedelta(days=1)))
    return session


def test_the_file_holds_who_the_page_shows_with_its_filters(owner: StaffLogin, flow: Any) -> None:
    head, *lines = rows(owner)
    assert [line[head.index("Member")].split()[0] for line in lines] == ["Ada", "Bo"]
    assert lines[0][:3] == ["2026-11-11T12:00:00+01:00", "Flow", "Centrum"]
    assert len(rows(owner, "?source=wellpass")) == 2
    assert len(rows(owner, "?cancelled=1")) == 4
    assert len(rows(owner, "?kind=workshop")) == 1
    rows(owner, kind="xlsx")


def test_a_late_cancel_of_a_class_that_has_begun_stands_in_it(owner: StaffLogin, flow: Any) -> None:
    running = SessionFactory(item=flow.item, starts_at=NOW - timedelta(minutes=10))
    ReservationFactory(session=running, booking=Booking.LATE_CANCELLED, cancelled_at=NOW - timedelta(hours=1))
    ReservationFactory(session=flow, booking=Booking.LATE_CANCELLED, cancelled_at=NOW)
    assert len(rows(owner)) == 4


def test_it_needs_the_right_to_export_and_holds_only_the_locations_of_the_login(flow: Any) -> None:
    rows(StaffLoginFactory(studio=flow.studio, preset=Preset.DESK), status=403)
    manager = StaffLoginFactory(studio=flow.studio, preset=Preset.MANAGER)
    manager.locations.add(LocationFactory(studio=flow.studio))
    assert len(rows(manager)) == 1


def test_the_page_says_how_many_rows_the_file_has(owner: StaffLogin, flow: Any) -> None:
    client = Client()
    client.force_login(owner.user)
    with time_machine.travel(NOW, tick=False):
        for query, number in (("", "2 rows"), ("?source=wellpass", "1 row"), ("?cancelled=1", "3 rows")):
            assert f"Download {number}<" in client.get(f"/linden/bookings/{query}").content.decode()
