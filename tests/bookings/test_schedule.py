"""The week of the schedule, as a grid and as a list (P16, Q13, Q15)."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import CalendarItem, ScheduledSession, WaitingEntry
from portal.models import ClosingDays, Location, StaffLogin
from portal.roles import Preset
from tests.factories import (
    LocationFactory,
    MemberFactory,
    RoomFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local(text: str, zone: str = "Europe/Amsterdam") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


NOW = local("2026-11-25T12:00")  # the Wednesday of week 48
PATH = "/linden/schedule/"


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", country="NL")


@pytest.fixture
def owner(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio)


def at(place: Location, start: str, **fields: Any) -> ScheduledSession:
    return SessionFactory(item__location=place, starts_at=local(start, place.zone), **fields)


def get(login: StaffLogin, query: str = "", *, now: datetime = NOW, status: int = 200) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(now, tick=False):
        answer = client.get(PATH + query)
    assert answer.status_code == status
    return answer


def words(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


def shown(answer: Any) -> dict[str, list[str]]:
    return {
        f"{day.day:%a}": [f"{block.slot.start} {block.slot.name}" for block in day.blocks]
        for day in answer.context["days"]
        if day.blocks
    }


def test_the_week_shows_each_session_on_its_day_at_its_wall_clock_time(owner: StaffLogin, place: Location) -> None:
    at(place, "2026-11-23T18:00", item__name="Flow")
    at(place, "2026-11-29T23:30", item__name="Late")
    at(place, "2026-11-22T23:59", item__name="Before")
    at(place, "2026-11-30T00:00", item__name="After")
    assert shown(get(owner)) == {"Mon": ["18:00 Flow"], "Sun": ["23:30 Late"]}
    assert shown(get(owner, "?week=2026-W49")) == {"Mon": ["00:00 After"]}
    assert shown(get(owner, "?view=list")) == {"Mon": ["18:00 Flow"], "Sun": ["23:30 Late"]}


@pytest.mark.parametrize("week", ["2026-W13", "2026-W43"])  # the clocks change on their Sundays
def test_on_the_days_of_a_clock_change_the_wall_clock_stands(owner: StaffLogin, place: Location, week: str) -> None:
    monday = date.fromisocalendar(2026, int(week[-2:]), 1)
    for days in (5, 6, 7):
        at(place, f"{monday + timedelta(days=days)}T09:00", item__name="Flow")
    answer = get(owner, f"?week={week}")
    assert shown(answer) == {"Sat": ["09:00 Flow"], "Sun": ["09:00 Flow"]}
    assert [block.classes.split()[1] for day in answer.context["days"] for block in day.blocks] == ["at-9", "at-9"]


def test_locations_in_two_zones_each_have_their_own_clock(owner: StaffLogin, place: Location) -> None:
    far = LocationFactory(studio=place.studio, slug="far", zone="America/New_York")
    at(place, "2026-11-23T09:00", item__name="Here")
    at(far, "2026-11-23T09:00", item__name="There")
    at(far, "2026-11-22T23:00", item__name="Sunday there")
    answer = get(owner)
    assert shown(answer) == {"Mon": ["09:00 Here", "09:00 There"]}
    assert answer.context["now_line"] is None


def test_a_word_that_is_no_week_is_not_found(owner: StaffLogin) -> None:
    for week in ("2026-W00", "2026-W54", "2026-13", "0000-W01", "9999-W60", "x"):
        get(owner, f"?week={week}", status=404)
    assert get(owner, "?week=2999-W52").context["next_week"] == ""
    assert get(owner, "?week=1970-W01").context["last_week"] == ""


def test_filters_narrow_the_week_and_say_how_much_they_hide(owner: StaffLogin, place: Location) -> None:
    mira = TeacherFactory(studio=place.studio, name="Mira")
    loft = RoomFactory(location=place, name="Loft")
    at(place, "2026-11-23T18:00", item__name="Flow", teacher=mira)
    at(place, "2026-11-23T19:00", item__name="Talk", item__kind=CalendarItem.Kind.EVENT, room=loft)
    assert shown(get(owner, f"?teacher={mira.pk}")) == {"Mon": ["18:00 Flow"]}
    assert shown(get(owner, f"?room={loft.pk}")) == {"Mon": ["19:00 Talk"]}
    assert shown(get(owner, "?kind=event")) == {"Mon": ["19:00 Talk"]}
    nothing = get(owner, "?kind=event&teacher=0")
    assert shown(nothing) == {}
    assert "the filters hide 2 sessions" in words(nothing)


def test_one_location_of_two_is_shown_when_chosen(owner: StaffLogin, place: Location) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord", name="Noord")
    at(place, "2026-11-23T18:00", item__name="Flow")
    at(noord, "2026-11-23T18:00", item__name="Yin")
    assert shown(get(owner, "?location=noord")) == {"Mon": ["18:00 Yin"]}
    get(owner, "?location=missing", status=404)


def test_marks_say_what_is_special(owner: StaffLogin, place: Location) -> None:
    session = at(place, "2026-11-23T18:00", capacity=1, own=["teacher"])
    WaitingEntry.objects.create(
        studio=place.studio, session=session, member=MemberFactory(studio=place.studio), source="desk", joined_at=NOW
    )
    at(place, "2026-11-24T18:00", cancelled_at=NOW)
    text = words(get(owner))
    assert "differs from its series" in text
    assert "cancelled" in text
    (block,) = get(owner).context["days"][0].blocks
    assert (block.slot.waiting, block.booked) == (1, "0 of 1")


def test_days_say_when_a_location_is_closed_or_has_a_holiday(owner: StaffLogin, place: Location) -> None:
    at(place, "2026-12-24T18:00")
    ClosingDays.objects.create(
        studio=place.studio, location=place, first_on=date(2026, 12, 23), last_on=date(2026, 12, 24), reason="Repairs"
    )
    days = get(owner, "?week=2026-W52").context["days"]
    assert [day.closed for day in days[:5]] == [[], [], ["Repairs"], ["Repairs"], []]
    assert days[4].holiday  # Christmas Day


def test_an_empty_week_says_so(owner: StaffLogin) -> None:
    assert "Nothing is scheduled in this week" in words(get(owner))


def test_a_teacher_sees_own_sessions_only(place: Location) -> None:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.TEACHER)
    at(place, "2026-11-23T18:00", item__name="Own", teacher=TeacherFactory(studio=place.studio, login=login))
    at(place, "2026-11-23T19:00", item__name="Others")
    answer = get(login)
    assert shown(answer) == {"Mon": ["18:00 Own"]}
    assert "Others" not in words(answer)
    assert 'data-key="n"' not in words(answer)


def test_another_studio_is_not_found(owner: StaffLogin) -> None:
    stranger = StaffLoginFactory()
    get(stranger, status=404)


def test_a_pinned_login_sees_its_locations(place: Location) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord")
    login = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    login.locations.add(noord)
    at(place, "2026-11-23T18:00", item__name="Centrum's")
    at(noord, "2026-11-23T18:00", item__name="Noord's")
    assert shown(get(login)) == {"Mon": ["18:00 Noord's"]}


@pytest.mark.parametrize("view", ["week", "list"])
def test_one_and_thirty_sessions_ask_the_same_number_of_queries(owner: StaffLogin, place: Location, view: str) -> None:
    client = Client()
    client.force_login(owner.user)

    def count() -> int:
        with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
            assert client.get(f"{PATH}?view={view}").status_code == 200
        return len(queries)

    at(place, "2026-11-23T18:00")
    count()  # what a session of the browser costs once
    one = count()
    for hour in range(8, 18):
        for day in (23, 24, 25):
            at(place, f"2026-11-{day}T{hour:02}:00")
    assert count() == one
    assert one <= 15


def test_a_name_that_is_markup_is_shown_as_text(owner: StaffLogin, place: Location) -> None:
    at(place, "2026-11-23T18:00", item__name="<img src=x onerror=alert(1)>")
    assert "<img src=x" not in words(get(owner))
