"""Insight's statements over all visits say what a person would count one by one: local days, month ends, DST."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking, State
from bookings.rules.insight import Period, Range, period_of
from bookings.selectors import insight as counted
from bookings.selectors import insight_people as people
from bookings.selectors.insight import Scope, Spot
from portal.models import Location
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 10, 12, tzinfo=ZoneInfo("Europe/Amsterdam"))
TODAY = date(2026, 11, 10)
ZONES = ("Europe/Amsterdam", "America/New_York", "Pacific/Kiritimati")
# Borders of periods, nights on which clocks change, and the hours about them.
BORDERS = [
    datetime.fromisoformat(text)
    for text in (
        "2024-12-01", "2025-11-11", "2025-12-01", "2026-01-01", "2026-03-01", "2026-03-29T02:00", "2026-10-25T02:00",
        "2026-11-01", "2026-11-10T11:00",
    )
]  # fmt: skip


@dataclass(frozen=True)
class Visit:
    place: int
    member: int
    local: datetime
    source: str
    booking: Booking
    attendance: Attendance
    cancelled: bool


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    booking = draw(st.sampled_from([Booking.BOOKED, Booking.BOOKED, Booking.LATE_CANCELLED, Booking.CANCELLED]))
    return Visit(
        place=draw(st.integers(0, 2)),
        member=draw(st.integers(0, 2)),
        local=draw(st.sampled_from(BORDERS))
        + draw(st.sampled_from([-61, -1, 0, 1, 90, *(days * 24 * 60 for days in (30, 31, 90, 91))]))
        * timedelta(minutes=1),
        source=draw(st.sampled_from(["direct", "desk", "wellpass"])),
        booking=booking,
        attendance=draw(st.sampled_from([Attendance.CHECKED_IN, *Attendance]))
        if booking is Booking.BOOKED
        else Attendance.UNKNOWN,
        cancelled=draw(st.integers(0, 5)) == 0,
    )


@pytest.fixture
def places() -> list[Location]:
    first = LocationFactory(zone=ZONES[0], grace_minutes=15)
    return [first, *(LocationFactory(studio=first.studio, zone=zone) for zone in ZONES[1:])]


def write(wanted: list[Visit], places: list[Location]) -> list[Reservation]:
    """All of them, each in a class of its own; their number of places is not looked at here."""
    studio, item = places[0].studio, CalendarItemFactory(location=places[0])
    guests = [MemberFactory(studio=studio) for _ in range(3)]
    starts = [one.local.replace(tzinfo=places[one.place].tz).astimezone(UTC) for one in wanted]
    sessions = ScheduledSession.objects.bulk_create(
        ScheduledSession(
            studio=studio, item=item, location=places[one.place], starts_at=start,
            ends_at=start + timedelta(hours=1), cancelled_at=NOW if one.cancelled else None, capacity=10,
            places_taken=int(one.booking is Booking.BOOKED),
        )
        for one, start in zip(wanted, starts, strict=True)
    )  # fmt: skip
    Reservation.objects.bulk_create(
        Reservation(
            studio=studio, session=session, member=guests[one.member], location=places[one.place],
            starts_at=session.starts_at, ends_at=session.ends_at, source=one.source, booking=one.booking,
            attendance=one.attendance, deadline_at=session.starts_at, deadline_from="studio",
            checked_in_at=session.starts_at if one.attendance is Attendance.CHECKED_IN else None,
            cancelled_at=None if one.booking is Booking.BOOKED else NOW,
        )
        for one, session in zip(wanted, sessions, strict=True)
    )  # fmt: skip
    return list(Reservation.objects.select_related("session", "location").order_by("starts_at", "id"))


def local_day(row: Reservation) -> date:
    return row.starts_at.astimezone(row.location.tz).date()


def spot(period: Period, day: date) -> Spot | None:
    for number, bucket in enumerate(period.buckets):
        if bucket.first <= day < bucket.after:
            return Spot(number, before=False)
        if bucket.before_first <= day < bucket.before_after:
            return Spot(number, before=True)
    return None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(visits(), min_size=1, max_size=9), st.sampled_from(Range))
def test_the_statements_count_as_a_person_would(places: list[Location], wanted: list[Visit], range_: Range) -> None:
    period = period_of(range_, TODAY)
    scope = Scope(places[0].studio, places, period, NOW)
    with transaction.atomic():
        rows = write(wanted, places)
        found = counted.visits(scope)
        cohorts = people.newcomers(scope, TODAY)
        stayed = people.stayed(scope)
        transaction.set_rollback(True)
    assert told(found) == one_by_one(rows, period)
    assert slots_told(found) == slots_one_by_one(rows, period)
    expected, later = newcomers_one_by_one(rows, period)
    assert {where: {source: vars(one) for source, one in by.items()} for where, by in cohorts.items()} == expected
    assert {n: {source: dict(by) for source, by in one.items()} for n, one in stayed.items()} == later


def told(found: counted.Visits) -> dict[Any, Any]:
    return {
        (where, source): vars(counts)
        for where, by_source in found.buckets.items()
        for source, counts in by_source.items()
        if counts.decided
    }


def one_by_one(rows: list[Reservation], period: Period) -> dict[Any, Any]:
    words = {State.CHECKED_IN: "came", State.NO_SHOW: "no_shows", State.LATE_CANCELLED: "late"}
    counts: dict[Any, Any] = defaultdict(lambda: {"came": 0, "no_shows": 0, "late": 0})
    for row in rows:
        where, word = spot(period, local_day(row)), words.get(row.state(NOW))
        if word == "late" and row.session.cancelled_at is not None:
            continue  # nobody was late for a class that did not take place
        if where and word:
            counts[where, row.source][word] += 1
    return dict(counts)


def slots_told(found: counted.Visits) -> dict[Any, Any]:
    return {(slot, source): both for slot, by_source in found.slots.items() for source, both in by_source.items()}


def slots_one_by_one(rows: list[Reservation], period: Period) -> dict[Any, Any]:
    counts: Counter[Any] = Counter()
    for row in rows:
        there, where = row.starts_at.astimezone(row.location.tz), spot(period, local_day(row))
        if where and row.attendance == Attendance.CHECKED_IN:
            counts[((there.isoweekday(), there.hour), row.source), where.before] += 1
    return {key: (counts[key, False], counts[key, True]) for key, _before in counts}


def newcomers_one_by_one(rows: list[Reservation], period: Period) -> tuple[dict[Any, Any], dict[Any, Any]]:
    found: dict[Any, Any] = defaultdict(dict)
    later: dict[Any, Any] = defaultdict(lambda: defaultdict(dict))
    by_member: dict[int, list[Reservation]] = defaultdict(list)
    for row in rows:
        if row.attendance == Attendance.CHECKED_IN:
            by_member[row.member_id].append(row)
    for visits_ in by_member.values():
        first, day = visits_[0], local_day(visits_[0])
        where = spot(period, day)
        if where is None:
            continue
        names = ("number", "within_30", "within_90", "ripe", "bought")
        one = found[where].setdefault(first.source, dict.fromkeys(names, 0))
        again = next((local_day(row) for row in visits_ if row.starts_at > first.starts_at), None)
        one["number"] += 1
        one["within_30"] += again is not None and again <= day + timedelta(days=30)
        one["within_90"] += again is not None and again <= day + timedelta(days=90)
        one["ripe"] += day + timedelta(days=90) < TODAY
        if where.before:
            continue
        came = {spot(period, local_day(row)) for row in visits_} - {None, where}
        for other in came:
            if not other.before and other.number > where.number:
                distances = later[where.number][first.source]
                distance = other.number - where.number
                distances[distance] = distances.get(distance, 0) + 1
    return dict(found), {n: {source: dict(by) for source, by in one.items()} for n, one in later.items()}
