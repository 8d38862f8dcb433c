"""Check-in history (P5, P6): months, the classes of a month, the reservations of a class."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import CalendarItem, Reservation
from bookings.rules import Attendance, Booking
from bookings.selectors import history as past
from bookings.views.history import PER_PAGE
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 10, 12, tzinfo=AMSTERDAM)
OCTOBER = date(2026, 10, 1)
NO_TICK: dict[str, Any] = {"attendance": Attendance.UNKNOWN, "checked_in_at": None}


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.fixture
def centrum(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def noord(centrum: Location) -> Location:
    return LocationFactory(slug="noord", name="Noord", studio=centrum.studio, position=1)


@pytest.fixture
def owner(centrum: Location) -> StaffLogin:
    return StaffLoginFactory(studio=centrum.studio)


def visit(place: Location, start: datetime, *, item: CalendarItem | None = None, **fields: Any) -> Reservation:
    session = SessionFactory(item=item or CalendarItemFactory(location=place), location=place, starts_at=start)
    here = {"attendance": Attendance.CHECKED_IN, "checked_in_at": start}
    return ReservationFactory(session=session, **(here | fields))


def get(login: StaffLogin, path: str, *, now: datetime = NOW, status: int = 200) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(now, tick=False):
        answer = client.get(f"/{login.studio.slug}/history/{path}")
    assert answer.status_code == status
    return answer


def words(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


def months(answer: Any) -> dict[str, int]:
    return {f"{row.month:%Y-%m}": row.outcome.checked_in for row in answer.context["rows"]}


def test_check_ins_are_counted_per_month_in_total_and_per_location(
    owner: StaffLogin, centrum: Location, noord: Location
) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    visit(centrum, local("2026-10-07T18:00"), attendance=Attendance.NO_SHOW, checked_in_at=None)
    visit(noord, local("2026-10-06T18:00"))
    visit(noord, local("2026-11-03T18:00"))
    answer = get(owner, "")
    assert months(answer) == {"2026-11": 1, "2026-10": 2}
    october = answer.context["rows"][1]
    assert october.by_location == [1, 1]
    assert (october.outcome.no_shows, october.outcome.first_visits) == (1, 2)
    assert months(get(owner, "?location=noord")) == {"2026-11": 1, "2026-10": 1}


@pytest.mark.parametrize(
    ("start", "month"),
    [
        ("2026-08-31T23:30", "2026-08"),  # ticked at 00:01 of the next month
        ("2026-09-01T00:00", "2026-09"),
        ("2025-12-31T23:59", "2025-12"),
        ("2026-01-01T00:00", "2026-01"),
        ("2026-03-29T03:00", "2026-03"),  # the clock went forward an hour before
        ("2026-10-25T02:30", "2026-10"),  # the hour that comes twice
    ],
)
def test_a_visit_belongs_to_the_local_month_of_its_start(
    owner: StaffLogin, centrum: Location, start: str, month: str
) -> None:
    at = local(start)
    visit(centrum, at, checked_in_at=at + timedelta(minutes=31))
    answer = get(owner, "")
    assert {key: number for key, number in months(answer).items() if number} == {month: 1}
    assert get(owner, f"{month}/").context["total"].checked_in == 1
    assert get(owner, f"{month}/").context["first_visits"] == 1


def test_the_share_of_a_source_and_the_change_on_last_year(owner: StaffLogin, centrum: Location) -> None:
    for source in ("wellpass", "wellpass", "direct"):
        visit(centrum, local("2026-10-06T18:00"), source=source)
    for day in (5, 6):
        visit(centrum, local(f"2025-10-0{day}T18:00"))
    answer = get(owner, "")
    (october,) = [row for row in answer.context["rows"] if row.month == OCTOBER]
    assert answer.context["months"].sources == ["wellpass", "direct"]
    assert october.shares == [67, 33]
    assert october.change == 50
    assert "+50 %" in words(answer)


def test_a_month_lists_its_classes_with_what_became_of_the_bookings(owner: StaffLogin, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, name="Vinyasa Flow", capacity=4)
    session = SessionFactory(item=item, starts_at=local("2026-10-06T18:00"))
    gone = NO_TICK | {"cancelled_at": local("2026-10-06T10:00")}
    ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=session.starts_at)
    ReservationFactory(session=session)
    ReservationFactory(session=session, booking=Booking.LATE_CANCELLED, **gone)
    ReservationFactory(session=session, booking=Booking.CANCELLED, **gone)
    SessionFactory(item=item, starts_at=local("2026-10-07T18:00"), cancelled_at=local("2026-10-07T10:00"))
    answer = get(owner, "2026-10/")
    (row,) = answer.context["classes"]
    listed, outcome = row.item, row.outcome
    assert listed == item
    # The sweep has not stamped the no-show; the clock has made it one. A class that was called off was not held.
    assert (outcome.held, outcome.booked, outcome.checked_in, outcome.no_shows, outcome.late_cancels) == (1, 3, 1, 1, 1)
    assert outcome.occupancy == 50
    assert "50 %" in words(answer)


def test_the_foot_of_the_month_is_the_sum_of_its_classes(owner: StaffLogin, centrum: Location) -> None:
    for capacity, people in ((10, 5), (2, 1)):
        session = SessionFactory(
            item=CalendarItemFactory(location=centrum, capacity=capacity), starts_at=local("2026-10-06T18:00")
        )
        for _ in range(people):
            ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=session.starts_at)
    total = get(owner, "2026-10/").context["total"]
    assert (total.held, total.booked, total.checked_in, total.occupancy) == (2, 6, 6, 50)


def test_occupancy_is_said_to_be_unknown_where_no_capacity_is_recorded(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"), item=CalendarItemFactory(location=centrum, capacity=None))
    assert "not recorded" in words(get(owner, "2026-10/"))


def test_a_class_lists_its_sessions_and_every_reservation_with_its_outcome(
    owner: StaffLogin, centrum: Location
) -> None:
    item = CalendarItemFactory(location=centrum, name="Vinyasa Flow")
    came = visit(centrum, local("2026-10-06T18:00"), item=item, checked_in_at=local("2026-10-06T18:07"))
    missed = visit(centrum, local("2026-10-07T18:00"), item=item, **NO_TICK)
    visit(centrum, local("2026-10-07T18:00"))
    path = f"2026-10/{item.pk}/"
    answer = get(owner, path)
    assert [row for row, _star, _look_at in answer.context["rows"]] == [came, missed]
    page = words(answer)
    assert "<b>1</b> of 2 successful" in page
    assert "Checked in 18:07" in page
    assert "First visit here" in page
    filtered = get(owner, f"{path}?outcome=no_show")
    assert [row for row, _star, _look_at in filtered.context["rows"]] == [missed]
    one = get(owner, f"{path}?session={came.session_id}")
    assert [row for row, _star, _look_at in one.context["rows"]] == [came]


def test_more_than_two_hundred_reservations_come_in_pages(owner: StaffLogin, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, capacity=None)
    session = SessionFactory(item=item, starts_at=local("2026-10-06T18:00"))
    ReservationFactory.create_batch(2 * PER_PAGE + 1, session=session)
    path = f"2026-10/{item.pk}/"
    assert "1-100 of 201" in words(get(owner, path))
    assert len(get(owner, f"{path}?page=2").context["rows"]) == 101
    assert len(get(owner, f"{path}?page=99").context["rows"]) == 101


def test_contact_data_is_on_no_page_of_history(owner: StaffLogin, centrum: Location) -> None:
    came = visit(
        centrum,
        local("2026-10-06T18:00"),
        member=MemberFactory(studio=centrum.studio, email="secret@example.test", phone="+31 6 1234"),
    )
    for path in ("", "2026-10/", f"2026-10/{came.session.item_id}/"):
        page = words(get(owner, path))
        assert "secret@example.test" not in page
        assert "1234" not in page


def test_an_empty_month_names_the_location_that_was_open(owner: StaffLogin, centrum: Location, noord: Location) -> None:
    visit(centrum, local("2026-11-03T18:00"))
    page = words(get(owner, "2026-11/?location=noord"))
    assert "No check-ins in November 2026 at Noord" in page
    assert "Centrum had 1." in page


@pytest.mark.parametrize("path", ["2026-13/", "0000-01/", "abc/", "9999-12/", "2026-12/", "1969-12/", "2026-10/1e3/"])
def test_a_month_that_is_none_or_has_not_begun_is_not_found(owner: StaffLogin, path: str) -> None:
    get(owner, path, status=404)


@pytest.mark.parametrize("query", ["?outcome=lost", "?session=x", "?session=99999999999999999999", "?location=mars"])
def test_a_filter_that_names_nothing_is_not_found(owner: StaffLogin, centrum: Location, query: str) -> None:
    item = visit(centrum, local("2026-10-06T18:00")).session.item
    get(owner, f"2026-10/{item.pk}/{query}", status=404)


def test_another_studios_class_is_not_found_and_its_visits_are_not_counted(owner: StaffLogin) -> None:
    theirs = visit(LocationFactory(), local("2026-10-06T18:00"))
    get(owner, f"2026-10/{theirs.session.item_id}/", status=404)
    get(owner, "2026-10/99999999999999999999/", status=404)
    assert sum(months(get(owner, "")).values()) == 0
    assert get(owner, "2026-10/").context["total"].reservations == 0
    get(StaffLoginFactory(), "", status=200)


def test_a_login_pinned_to_a_location_sees_no_other(owner: StaffLogin, centrum: Location, noord: Location) -> None:
    theirs = visit(centrum, local("2026-10-06T18:00"))
    pinned = StaffLoginFactory(studio=centrum.studio, preset=Preset.DESK)
    pinned.locations.add(noord)
    assert sum(months(get(pinned, "")).values()) == 0
    get(pinned, "?location=centrum", status=404)
    get(pinned, f"2026-10/{theirs.session.item_id}/", status=404)


@pytest.mark.parametrize(("preset", "status"), [(Preset.DESK, 200), (Preset.TEACHER, 403), (Preset.VIEWER, 403)])
def test_who_may_look_back(centrum: Location, preset: Preset, status: int) -> None:
    login = StaffLoginFactory(studio=centrum.studio, preset=preset)
    item = visit(centrum, local("2026-10-06T18:00")).session.item
    for path in ("", "2026-10/", f"2026-10/{item.pk}/"):
        get(login, path, status=status)


def test_the_download_is_offered_to_who_may_export(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    desk = StaffLoginFactory(studio=centrum.studio, preset=Preset.DESK)
    address = "/linden/history/2026-10.csv?location=centrum"
    assert f'href="{address}"' in words(get(owner, "2026-10/?location=centrum"))
    assert "2026-10.csv" not in words(get(desk, "2026-10/"))


def test_thirty_rows_cost_as_many_queries_as_one(owner: StaffLogin, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum)
    numbers = []
    client = Client()
    client.force_login(owner.user)
    with time_machine.travel(NOW, tick=False):
        client.get("/linden/history/")  # the first request also stamps the session
    for more in (1, 29):
        for at in range(more):
            visit(centrum, local("2026-10-06T18:00") + timedelta(hours=at, days=more), item=item)
            visit(centrum, local("2026-10-06T18:00") + timedelta(hours=at, days=more))
        for path in ("", "2026-10/", f"2026-10/{item.pk}/"):
            with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
                assert client.get(f"/linden/history/{path}").status_code == 200
            numbers.append(len(queries))
    assert numbers[:3] == numbers[3:]
    assert max(numbers) <= 15


def test_check_ins_of_the_chart_are_those_of_the_table(centrum: Location) -> None:
    for start in ("2026-09-30T23:59", "2026-10-01T00:00", "2026-10-31T23:59", "2026-11-01T00:00"):
        visit(centrum, local(start))
    first, after = date(2026, 9, 1), date(2026, 12, 1)
    table = past.by_month([centrum], first, after, now=NOW)
    chart = past.check_ins_by_month([centrum], first, after)
    assert chart == {month: found[centrum.pk].checked_in for month, found in table.items()}
    assert list(chart.values()) == [1, 2, 1]


def test_each_month_has_its_file_for_whoever_may_export(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    page = words(get(owner, "?view=table"))
    assert 'href="/linden/history/2026-10.csv' in page
    assert "CSV<span" in page
    desk = StaffLoginFactory(studio=centrum.studio, preset=Preset.DESK)
    assert ".csv" not in words(get(desk, ""))
