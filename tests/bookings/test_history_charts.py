"""Charts of the history: last year's outline, the heat map in local hours, how full classes were; sorting."""

from datetime import date, timedelta

import pytest
from django.test import RequestFactory

from bookings.models import ScheduledSession
from bookings.rules import Attendance
from bookings.selectors import history_charts as charted
from bookings.views.history_charts import HEAT_STEPS, bars_of, heat_of, summary_of
from portal.models import Location, StaffLogin
from portal.sorting import Column, in_order
from tests.bookings.test_history import NOW, get, local, visit, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)

OCTOBER = date(2026, 10, 1)


@pytest.fixture
def centrum(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def owner(centrum: Location) -> StaffLogin:
    return StaffLoginFactory(studio=centrum.studio)


def test_a_bar_has_the_outline_of_the_same_month_a_year_before(owner: StaffLogin, centrum: Location) -> None:
    for start in ("2026-10-06T18:00", "2025-10-07T18:00", "2025-10-08T18:00"):
        visit(centrum, local(start))
    answer = get(owner, "")
    october = next(bar for bar in answer.context["bars"] if bar.label.startswith("Oct"))
    assert (october.value, october.height, october.before, october.before_height) == (1, 50, 2, 100)
    assert (october.box, october.top, october.before_top) == (100, 50, 0)
    assert "1 in these months, 2 in the same months a year before" in words(answer)
    november = answer.context["bars"][-1]
    assert (november.before, november.before_height) == (None, 0)


def test_without_a_year_before_nothing_is_outlined_or_compared(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    answer = get(owner, "")
    assert "bar-before" not in words(answer)
    assert "a year before" not in words(answer)


@pytest.mark.parametrize(
    ("start", "slot"),
    [
        ("2026-10-06T00:10", (2, 0)),
        ("2026-10-06T23:50", (2, 23)),
        ("2026-10-24T18:30", (6, 18)),  # summer time
        ("2026-10-26T18:30", (1, 18)),  # winter time: an hour later for UTC
        ("2026-10-25T02:30", (7, 2)),
    ],
)
def test_the_heat_map_counts_in_the_locations_own_hours(centrum: Location, start: str, slot: tuple[int, int]) -> None:
    visit(centrum, local(start))
    assert charted.by_weekday_and_hour([centrum], OCTOBER, now=NOW) == {slot: charted.SlotCount(1, 0, 1)}


def test_two_locations_are_counted_by_their_own_clocks(centrum: Location) -> None:
    lisbon = LocationFactory(studio=centrum.studio, zone="Europe/Lisbon")
    for place in (centrum, lisbon):
        visit(place, local("2026-10-06T18:00"))
    assert set(charted.by_weekday_and_hour([centrum, lisbon], OCTOBER, now=NOW)) == {(2, 18), (2, 17)}


def test_a_slot_knows_the_month_before_and_the_classes_without_a_visit(centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    visit(centrum, local("2026-09-08T18:00"))
    visit(centrum, local("2026-08-04T18:00"))
    visit(centrum, local("2026-10-07T09:00"), attendance=Attendance.NO_SHOW, checked_in_at=None)
    SessionFactory(item=CalendarItemFactory(location=centrum), starts_at=local("2026-10-08T09:00"), cancelled_at=NOW)
    counts = charted.by_weekday_and_hour([centrum], OCTOBER, now=NOW)
    assert counts == {(2, 18): charted.SlotCount(1, 1, 1), (3, 9): charted.SlotCount(0, 0, 1)}
    heat = heat_of(counts)
    assert heat
    assert (heat.hours[0], heat.hours[-1], heat.visits, heat.before) == ("9", "18", 1, 1)
    assert [slot.count.is_small for slot in heat.slots] == [True, False]
    assert "1 time with classes had no check-in." in heat.summary


def test_the_steps_of_the_heat_map_go_from_nothing_to_the_most() -> None:
    counts = {(1, hour): charted.SlotCount(number, 0, 1) for hour, number in enumerate((0, 1, 20, 21, 99, 100))}
    heat = heat_of(counts)
    assert heat
    assert [cell.step for cell in heat.rows[0].cells] == [0, 1, 1, 2, HEAT_STEPS, HEAT_STEPS]
    assert heat_of({(1, 9): charted.SlotCount(0, 5, 1)}) is None


def held(place: Location, day: str, *, taken: int, item: object, capacity: int | None = 10) -> ScheduledSession:
    session = SessionFactory(item=item, starts_at=local(f"{day}T18:00"), capacity=capacity)
    for _one in range(taken):
        ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=session.starts_at)
    return session


def test_occupancy_has_the_four_weeks_up_to_the_months_end_and_the_month_before(
    owner: StaffLogin, centrum: Location
) -> None:
    item = CalendarItemFactory(location=centrum, name="Vinyasa", capacity=10)
    held(centrum, "2026-09-10", taken=2, item=item)
    held(centrum, "2026-10-02", taken=10, item=item)  # more than four weeks before the end
    held(centrum, "2026-10-05", taken=4, item=item)
    held(centrum, "2026-10-20", taken=8, item=item)
    held(centrum, "2026-10-21", taken=3, item=item, capacity=None)
    (row,) = get(owner, "2026-10/").context["classes"]
    assert (row.fill.booked, row.fill.mean, row.fill.before, row.fill.offered) == (73, 60, 20, 30)
    (row,) = get(owner, "2026-09/").context["classes"]
    assert (row.fill.booked, row.fill.before) == (20, None)


def test_the_mean_of_a_running_month_ends_now(centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, capacity=10)
    start = NOW - timedelta(days=28)
    for at, taken in ((start - timedelta(hours=1), 9), (start, 5), (NOW + timedelta(hours=1), 1)):
        session = SessionFactory(item=item, starts_at=at, capacity=10)
        for _one in range(taken):
            ReservationFactory(session=session)
    _before, mean = charted.fullness_before([centrum], date(2026, 11, 1), now=NOW)[item.pk]
    assert (mean.taken, mean.offered) == (5, 10)


def test_a_page_without_visits_draws_no_heat_map(owner: StaffLogin, centrum: Location) -> None:
    SessionFactory(item=CalendarItemFactory(location=centrum), starts_at=local("2026-10-06T18:00"))
    answer = get(owner, "2026-10/")
    assert answer.context["heat"] is None
    assert "heat-heading" not in words(answer)


def test_charts_or_tables_by_the_address(owner: StaffLogin, centrum: Location) -> None:
    visit(centrum, local("2026-10-06T18:00"))
    drawn, told = words(get(owner, "2026-10/")), words(get(owner, "2026-10/?view=table"))
    assert all(mark in drawn for mark in ('class="heat"', 'class="bars"', 'class="fills"'))
    assert not any(mark in told for mark in ('class="heat"', 'class="bars"', 'class="fills"'))
    assert "only 1 visit" in told


def test_the_order_stands_in_the_address_and_in_the_heading(owner: StaffLogin, centrum: Location) -> None:
    for name, number in (("Yin", 1), ("Barre", 3), ("Flow", 2)):
        item = CalendarItemFactory(location=centrum, name=name)
        for day in range(number):
            visit(centrum, local(f"2026-10-0{day + 1}T18:00"), item=item)

    def names(query: str) -> list[str]:
        return [row.item.name for row in get(owner, f"2026-10/{query}").context["classes"]]

    assert names("") == ["Barre", "Flow", "Yin"]
    assert names("?sort=-checked_in") == ["Barre", "Flow", "Yin"]
    assert names("?sort=checked_in") == ["Yin", "Flow", "Barre"]
    assert names("?sort=-name") == ["Yin", "Flow", "Barre"]
    assert names("?sort=nonsense") == ["Barre", "Flow", "Yin"]
    page = words(get(owner, "2026-10/?sort=-checked_in"))
    assert 'aria-sort="descending"><a href="/linden/history/2026-10/?sort=checked_in">Checked in' in page


def test_what_is_not_recorded_stands_last_both_ways() -> None:
    columns = [Column("size", "Size", lambda row: row)]
    for query, wanted in (("size", [1, 2, None]), ("-size", [2, 1, None])):
        rows, _heads = in_order(RequestFactory().get("/", {"sort": query}), [2, None, 1], columns, default="size")
        assert rows == wanted


def test_the_summary_of_no_months_before_is_one_sentence() -> None:
    assert summary_of({OCTOBER: 3}) == "Check-ins per month, most in October 2026: 3"
    assert bars_of(RequestFactory().get("/"), {}, current=OCTOBER) == []
