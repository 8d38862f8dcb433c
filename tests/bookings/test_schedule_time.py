"""Wall-clock time in series: DST nights, month ends, leap days, New Year, a location that changes its zone (Q15)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.actions import schedule
from bookings.actions.zones import change_zone
from bookings.models import CalendarItem, ScheduledSession
from bookings.plans import Scope, SeriesValues, SessionValues
from bookings.recurrence import Pattern, follow, moment
from portal.models import Change, Location
from portal.signals import zone_changed
from tests.bookings.scenes import booked, fresh
from tests.factories import CalendarItemFactory, LocationFactory, SessionFactory

AMSTERDAM, NEW_YORK, LORD_HOWE = (
    ZoneInfo(name) for name in ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe")
)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        # Clocks go forward: what is skipped moves to the first time that exists.
        (AMSTERDAM, date(2026, 3, 29), time(1, 59), "2026-03-29T00:59Z"),
        (AMSTERDAM, date(2026, 3, 29), time(2, 0), "2026-03-29T01:00Z"),
        (AMSTERDAM, date(2026, 3, 29), time(2, 30), "2026-03-29T01:00Z"),
        (AMSTERDAM, date(2026, 3, 29), time(3, 0), "2026-03-29T01:00Z"),
        (NEW_YORK, date(2026, 3, 8), time(2, 59), "2026-03-08T07:00Z"),
        # Half an hour is skipped there.
        (LORD_HOWE, date(2026, 10, 4), time(2, 15), "2026-10-03T15:30Z"),
        # Clocks go back: the first of the two.
        (AMSTERDAM, date(2026, 10, 25), time(2, 30), "2026-10-25T00:30Z"),
        (NEW_YORK, date(2026, 11, 1), time(1, 30), "2026-11-01T05:30Z"),
        # A whole day was skipped there.
        (ZoneInfo("Pacific/Apia"), date(2011, 12, 30), time(10), "2011-12-30T10:00Z"),
    ],
)
def test_a_wall_clock_time_is_one_moment(zone: ZoneInfo, day: date, clock: time, expected: str) -> None:
    assert moment(day, clock, zone) == datetime.fromisoformat(expected)


@given(
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    clock=st.times(),
    zone=st.sampled_from([AMSTERDAM, NEW_YORK, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Santiago")]),
)
def test_a_moment_shows_its_wall_clock_or_the_first_one_after_a_gap(day: date, clock: time, zone: ZoneInfo) -> None:
    clock = clock.replace(microsecond=0)
    there = moment(day, clock, zone).astimezone(zone)
    if there.replace(tzinfo=None) != datetime.combine(day, clock):
        before = (moment(day, clock, zone) - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert before < datetime.combine(day, clock) < there.replace(tzinfo=None)
    assert there.fold == 0


DAYS = st.frozensets(st.integers(0, 6), min_size=1)


@given(
    weekdays=DAYS,
    every=st.integers(1, 5),
    first=st.dates(date(2023, 1, 1), date(2028, 12, 31)),
    length=st.integers(0, 400),
)
def test_a_series_has_its_weekdays_in_its_weeks_and_no_others(
    weekdays: frozenset[int], every: int, first: date, length: int
) -> None:
    last = first + timedelta(days=length)
    days = Pattern(weekdays=weekdays, every_weeks=every, first_on=first, last_on=last).days()
    monday = first - timedelta(days=first.weekday())
    wanted = [
        day
        for number in range(length + 1)
        for day in (first + timedelta(days=number),)
        if day.weekday() in weekdays and (day - monday).days // 7 % every == 0
    ]
    assert days == wanted


@given(old=DAYS, new=DAYS)
def test_weekdays_that_stay_stay_and_no_two_become_one(old: frozenset[int], new: frozenset[int]) -> None:
    becomes = follow(old, new)
    assert all(becomes[day] == day for day in old & new)
    assert set(becomes.values()) <= new
    assert len(set(becomes.values())) == len(becomes) == min(len(old), len(new))


def _item(zone: str = "Europe/Amsterdam") -> CalendarItem:
    return CalendarItemFactory(location=LocationFactory(zone=zone))


def _series(item: CalendarItem, first: date, last: date, clock: time, *weekdays: int) -> list[str]:
    values = SeriesValues.of_item(item, weekdays=weekdays, local_start=clock, first_on=first, last_on=last)
    schedule.create_series(item, values, by=None, now=datetime.combine(first, time(), UTC) - timedelta(days=2))
    sessions = ScheduledSession.objects.filter(item=item).order_by("starts_at")
    return [f"{one.starts_at.astimezone(item.location.tz):%m-%d %H:%M} {one.starts_at:%H:%M}" for one in sessions]


@pytest.mark.django_db
def test_an_evening_class_stays_at_its_hour_when_the_clocks_change() -> None:
    assert _series(_item(), date(2026, 3, 23), date(2026, 3, 30), time(18), 0) == [
        "03-23 18:00 17:00",
        "03-30 18:00 16:00",
    ]
    assert _series(_item(), date(2026, 10, 19), date(2026, 10, 26), time(18), 0) == [
        "10-19 18:00 16:00",
        "10-26 18:00 17:00",
    ]
    assert _series(_item("America/New_York"), date(2026, 3, 1), date(2026, 3, 8), time(2, 30), 6) == [
        "03-01 02:30 07:30",
        "03-08 03:00 07:00",
    ]


@pytest.mark.django_db
def test_a_night_class_lasts_its_minutes_in_the_night_of_the_change() -> None:
    item = _item()
    assert _series(item, date(2026, 3, 22), date(2026, 4, 5), time(2, 30), 6) == [
        "03-22 02:30 01:30",
        "03-29 03:00 01:00",
        "04-05 02:30 00:30",
    ]
    assert {one.ends_at - one.starts_at for one in item.sessions.all()} == {timedelta(hours=1)}
    # Shown as it takes place, and no change of it by looking.
    odd = item.sessions.get(occurs_on=date(2026, 3, 29))
    plan = schedule.plan_edit(odd, SessionValues.of(odd), Scope.ONE, now=odd.starts_at - timedelta(days=9))
    assert (SessionValues.of(odd).local_start, plan.changed) == (time(3), [])


@pytest.mark.django_db
def test_month_ends_leap_days_and_new_year_are_days_like_others() -> None:
    assert [one[:5] for one in _series(_item(), date(2028, 2, 28), date(2028, 3, 1), time(9), *range(7))] == [
        "02-28",
        "02-29",
        "03-01",
    ]
    assert [one[:5] for one in _series(_item(), date(2026, 12, 30), date(2027, 1, 2), time(23, 30), *range(7))] == [
        "12-30",
        "12-31",
        "01-01",
        "01-02",
    ]
    from_leap_day = _series(_item(), date(2028, 2, 29), date(2030, 2, 28), time(9), 1)
    assert (from_leap_day[0][:5], from_leap_day[-1][:5]) == ("02-29", "02-26")


@pytest.mark.django_db
def test_sessions_to_come_keep_their_wall_clock_when_the_location_changes_its_zone() -> None:
    item = _item("Europe/Lisbon")
    now = datetime(2026, 10, 20, 12, 30, tzinfo=UTC)
    past = SessionFactory(item=item, starts_at=now - timedelta(hours=1))
    _series(item, date(2026, 10, 20), date(2026, 10, 27), time(18), 1)
    summer, winter = item.sessions.filter(starts_at__gt=now).order_by("starts_at")
    reservation = booked(summer, now=now)
    deadline = reservation.deadline_at
    Location.objects.filter(pk=item.location_id).update(zone="Asia/Kathmandu")
    item.location.refresh_from_db()
    # 18:00 in Kathmandu today is over already: that one stays at its moment.
    assert change_zone(item.location, before="Europe/Lisbon", by=None, now=now) == 1
    kathmandu = ZoneInfo("Asia/Kathmandu")
    summer.refresh_from_db()
    winter.refresh_from_db()
    past.refresh_from_db()
    assert past.starts_at == now - timedelta(hours=1)
    assert summer.starts_at == datetime(2026, 10, 20, 17, tzinfo=UTC)
    assert winter.starts_at.astimezone(kathmandu) == datetime(2026, 10, 27, 18, tzinfo=kathmandu)
    assert fresh(reservation).deadline_at == deadline


@pytest.mark.django_db
def test_a_new_zone_of_a_location_reaches_its_sessions_and_their_people() -> None:
    item = _item()
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    _series(item, date(2026, 6, 8), date(2026, 6, 8), time(18), 0)
    reservation = booked(item.sessions.get(), now=now)
    item.location.zone = "Europe/London"
    item.location.save()
    zone_changed.send(Location, location=item.location, before="Europe/Amsterdam", by=None, now=now)
    moved = fresh(reservation)
    assert moved.starts_at == moved.session.starts_at == datetime(2026, 6, 8, 17, tzinfo=UTC)
    assert moved.deadline_at == reservation.deadline_at + timedelta(hours=1)
    assert moved.waived_until is None
    assert Change.objects.get(subject="scheduledsession").kind == "zone_changed"
