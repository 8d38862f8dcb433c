"""The course of a demo studio on any day of the calendar: it grows, has its seasons, and ends at today's size."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bookings.demo.course import Course, closed, season
from bookings.demo.moments import running_since
from bookings.demo.plan import DEMO
from bookings.recurrence import moment

DAY = timedelta(days=1)
# Ends of months, the leap day, the nights on which clocks change, and the turn of the year.
TODAYS = [
    date.fromisoformat(text)
    for text in (
        "2026-11-22", "2026-01-31", "2026-02-28", "2028-02-29", "2026-03-29", "2026-10-25", "2026-12-31", "2027-01-01",
    )
]  # fmt: skip


def course(today: date) -> Course:
    return Course(today, DEMO.age, DEMO.sources, DEMO.joined)


@pytest.mark.parametrize("today", TODAYS)
def test_it_grows_until_today_and_not_beyond(today: date) -> None:
    days = [today - DEMO.past + number * DAY for number in range((DEMO.past + DEMO.future).days + 1)]
    sizes = [course(today).size(day) for day in days]
    assert sizes == sorted(sizes)
    assert 0.3 < sizes[0] < 0.5
    assert {size for day, size in zip(days, sizes, strict=True) if day >= today} == {1.0}
    first = DEMO.begins(today)
    assert (first.day, first <= days[0], course(today).size(first)) == (1, True, sizes[0])


@pytest.mark.parametrize("today", TODAYS)
def test_a_place_has_nothing_before_it_opens(today: date) -> None:
    (opened,) = {place.opened for place in DEMO.places if place.opened}
    assert course(today).demand(today - opened - DAY, opened=opened) == 0
    assert course(today).demand(today - opened, opened=opened) > 0


@pytest.mark.parametrize("today", TODAYS)
def test_marketplaces_join_one_after_the_other(today: date) -> None:
    def shares(day: date) -> dict[str, float]:
        return dict(zip(DEMO.sources, course(today).weights(day), strict=True))

    first, second = sorted(DEMO.joined, key=lambda one: DEMO.joined[one], reverse=True)
    begin = shares(today - DEMO.joined[first] - DAY)
    between = shares(today - DEMO.joined[second] - DAY)
    assert (begin[first], begin[second], between[second]) == (0, 0, 0)
    assert between[first] > 0
    assert shares(today) == DEMO.sources


def test_summer_and_christmas_are_quiet_but_what_is_to_come_is_booked_as_always() -> None:
    assert season(date(2026, 8, 10)) < season(date(2026, 7, 20)) < season(date(2026, 6, 15)) < season(date(2027, 1, 15))
    assert season(date(2026, 12, 28)) == season(date(2027, 1, 2)) < 0.5
    today = date(2026, 8, 10)
    assert course(today).demand(today - DAY) < 0.7
    assert course(today).demand(today) == 1


def test_holidays_that_were() -> None:
    names = [(day.isoformat(), name) for day, name in closed(date(2025, 9, 23), date(2026, 12, 26))]
    assert names == [
        ("2025-12-25", "Christmas"), ("2025-12-26", "Christmas"), ("2026-01-01", "New Year"),
        ("2026-12-25", "Christmas"),
    ]  # fmt: skip


def test_no_class_of_the_week_falls_into_the_hour_that_is_left_out_or_comes_twice() -> None:
    tz = ZoneInfo(DEMO.places[0].zone)
    for day in (date(2026, 3, 29), date(2026, 10, 25), date(2028, 2, 29)):
        for one in DEMO.classes:
            for _weekdays, start in one.week:
                assert moment(day, start, tz).astimezone(tz).time() == start


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25", "2026-11-22", "2028-02-29"])
def test_a_class_runs_at_each_hour_of_the_day_also_when_clocks_change(night: str) -> None:
    tz = ZoneInfo(DEMO.places[0].zone)
    midnight = datetime.combine(date.fromisoformat(night), time(), tz).astimezone(UTC)
    for number in range(23 * 6):
        now = midnight + number * timedelta(minutes=10, seconds=1)
        began = running_since(now, date.fromisoformat(night), tz)
        assert timedelta() <= now - began <= timedelta(minutes=30)
        assert began >= midnight
        assert began.minute % 15 == 0
