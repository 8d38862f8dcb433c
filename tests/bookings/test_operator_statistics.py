"""Figures over all studios: by local month, with totals, a CSV, and as many queries for many studios as for one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.operator import visits_of_month
from portal.models import Studio
from portal.operator import statistics
from tests.factories import LocationFactory, MemberFactory, ReservationFactory, StudioFactory, UserFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
# Already the first of November in Amsterdam, still October in UTC.
EDGE = datetime(2026, 10, 31, 23, 30, tzinfo=UTC)


@pytest.fixture
def client() -> Any:
    found = Client()
    found.force_login(UserFactory(is_staff=True, is_superuser=True))
    with time_machine.travel(NOW, tick=False):
        yield found


def visit(studio: Studio, at: datetime, source: str = "direct", attendance: str = "checked_in", **more: Any) -> Any:
    place = studio.locations.first() or LocationFactory(studio=studio)
    return ReservationFactory(
        session__item__location=place,
        session__starts_at=at,
        member__studio=studio,
        source=source,
        attendance=attendance,
        checked_in_at=at if attendance == "checked_in" else None,
        booked_at=at - timedelta(days=1),
        **more,
    )


def of(studio: Studio, month: str) -> dict[str, float]:
    first = datetime.fromisoformat(f"{month}-01").date()
    found = statistics.counted(first, (first + timedelta(days=31)).replace(day=1), now=NOW)
    return dict(found.get((studio.pk, first), {}))


def test_a_visit_counts_in_the_month_and_the_studio_where_it_was(client: Client) -> None:
    one, other = StudioFactory(), StudioFactory()
    visit(one, EDGE, "wellpass")
    visit(one, EDGE + timedelta(days=3), attendance="no_show")
    visit(other, EDGE - timedelta(days=3))
    assert {"visits": 2, "check_ins": 1, "no_shows": 1, "members": 1, "source:wellpass": 1}.items() <= of(
        one, "2026-11"
    ).items()
    assert "check_ins" not in of(one, "2026-10")
    assert of(other, "2026-10")["check_ins"] == 1


def test_a_member_with_many_visits_is_one_active_member_and_bookings_are_counted_by_day(client: Client) -> None:
    studio = StudioFactory()
    place = LocationFactory(studio=studio)
    kim = MemberFactory(studio=studio)
    for day in range(2, 13):
        at = datetime(2026, 11, day, 18, tzinfo=UTC)
        ReservationFactory(
            session__item__location=place,
            session__starts_at=at,
            member=kim,
            attendance="checked_in",
            checked_in_at=at,
            booked_at=at,
        )
    numbers = of(studio, "2026-11")
    assert (numbers["members"], numbers["check_ins"], numbers["booked"]) == (1, 11, 11)
    per_day = next(one for one in statistics.measures() if one.word == "booked")
    assert per_day.value(numbers) == 11 / 22
    assert per_day.value(statistics.together([numbers, numbers])) == 22 / 22


def test_the_page_and_the_csv_show_every_studio_with_totals_and_defuse_names(client: Client) -> None:
    one, other = StudioFactory(name="=HYPERLINK(1)"), StudioFactory(name="<b>Two</b>")
    visit(one, EDGE + timedelta(days=1))
    visit(other, EDGE + timedelta(days=1), "onefit")
    page = client.get("/admin/statistics/").content.decode()
    assert "&lt;b&gt;Two" in page
    assert "onefit 100" in page
    assert "All studios" in page
    assert client.get("/admin/statistics/?month=2026-10").status_code == 200
    for wrong in ("2020-01", "x", "2026-13"):
        assert client.get(f"/admin/statistics/?month={wrong}").status_code == 404
    answer = client.get("/admin/statistics.csv")
    lines = b"".join(answer).decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 12 * 2
    assert lines[0].endswith("Check-ins through direct,Check-ins through onefit")
    assert any(line.startswith("2026-11,'=HYPERLINK(1)") for line in lines)


def test_studios_for_practice_are_in_no_figure(client: Client) -> None:
    real = StudioFactory(name="Real one")
    StudioFactory(name="For practice", practice_of=real)
    page = client.get("/admin/statistics/").content.decode()
    assert "Real one" in page
    assert "For practice" not in page


def test_many_studios_cost_as_many_queries_as_one(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/admin/statistics/")
        return len(captured)

    client.get("/admin/statistics/")
    visit(StudioFactory(), EDGE)
    few = queries()
    for _number in range(8):
        visit(StudioFactory(), EDGE)
    assert queries() == few


@pytest.mark.parametrize(
    ("zone", "now", "counted"),
    [
        ("Europe/Amsterdam", EDGE, ["2026-10-31T23:10+00:00"]),
        ("UTC", EDGE, ["2026-10-31T22:30+00:00", "2026-10-31T23:10+00:00", "2026-10-01T00:30+00:00"]),
        (
            "America/New_York",
            datetime(2026, 11, 1, 2, tzinfo=UTC),
            ["2026-10-31T22:30+00:00", "2026-10-31T23:10+00:00", "2026-11-01T01:00+00:00"],
        ),
    ],
)
def test_visits_this_month_are_of_the_month_that_it_is_at_the_place(
    zone: str, now: datetime, counted: list[str]
) -> None:
    studio = StudioFactory()
    LocationFactory(studio=studio, zone=zone)
    for at in ("2026-10-01T00:30", "2026-10-31T22:30", "2026-10-31T23:10", "2026-11-01T01:00"):
        moment = datetime.fromisoformat(f"{at}+00:00")
        if moment <= now:
            visit(studio, moment)
    assert visits_of_month([studio.pk], now).get(studio.pk, 0) == len(counted)
