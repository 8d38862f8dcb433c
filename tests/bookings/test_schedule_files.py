"""The week of the schedule as a file: what its list shows, with the same filters and rights (Q38)."""

import csv
import io
from typing import Any

import time_machine
from django.test import Client

from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.bookings.test_schedule import NOW, at, get, owner, place, words
from tests.factories import LocationFactory, StaffLoginFactory, TeacherFactory

__all__ = ["owner", "place"]


def file(login: StaffLogin, query: str = "", *, kind: str = "csv", status: int = 200) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(NOW, tick=False):
        answer = client.get(f"/linden/schedule/schedule.{kind}{query}")
        answer.whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == status
    return answer


def rows(login: StaffLogin, query: str = "") -> list[list[str]]:
    return list(csv.reader(io.StringIO(file(login, query).whole.decode("utf-8-sig"), newline="")))


def test_it_holds_what_the_list_shows_with_its_filters(owner: StaffLogin, place: Location) -> None:
    mira = TeacherFactory(studio=place.studio, name="Mira")
    at(place, "2026-11-25T18:00", item__name="Flow", teacher=mira, capacity=14, cancelled_at=NOW)
    at(place, "2026-11-24T09:00", item__name="Yin")
    at(place, "2026-12-01T09:00", item__name="Next week")
    head, yin, flow = rows(owner)
    assert (yin[2], flow[2]) == ("Yin", "Flow")
    assert flow[0] == "2026-11-25T18:00:00+01:00"
    assert (flow[head.index("Teacher")], flow[head.index("Places")], flow[-1]) == ("Mira", "14", "cancelled")
    assert [line[2] for line in rows(owner, f"?teacher={mira.pk}")[1:]] == ["Flow"]
    assert [line[2] for line in rows(owner, "?week=2026-W49")[1:]] == ["Next week"]
    assert "Download 2 rows" in words(get(owner, "?view=list"))
    assert "schedule.csv?teacher=" in get(owner, f"?teacher={mira.pk}").content.decode()


def test_it_bears_its_place_and_week(owner: StaffLogin, place: Location) -> None:
    at(place, "2026-11-25T18:00")
    assert file(owner)["Content-Disposition"] == 'attachment; filename="schedule_centrum_2026-w48.csv"'
    assert file(owner, kind="xlsx")["Content-Disposition"].endswith('.xlsx"')


def test_it_needs_the_right_to_export_and_holds_only_the_locations_of_the_login(place: Location) -> None:
    at(place, "2026-11-25T18:00")
    file(StaffLoginFactory(studio=place.studio, preset=Preset.DESK), status=403)
    pinned = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    pinned.locations.add(LocationFactory(studio=place.studio))
    assert len(rows(pinned)) == 1
