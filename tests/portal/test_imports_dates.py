"""Dates of other systems, in the zone of the location (Q15)."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.imports.dates import NotADate, Order, order_of, read_day, read_moment

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "order", "utc"),
    [
        ("2018-01-03 12:00:00", Order.YEAR, "2018-01-03T11:00"),
        ("2018-07-03T12:00", Order.YEAR, "2018-07-03T10:00"),
        ("2018-07-03T12:00:00.123Z", Order.YEAR, "2018-07-03T12:00"),
        ("2018-07-03 12:00:00+02:00", Order.YEAR, "2018-07-03T10:00"),
        ("03.01.2018 12:00", Order.DAY, "2018-01-03T11:00"),
        ("03.01.18, 12:00", Order.DAY, "2018-01-03T11:00"),
        ("01/03/2018 2:05 PM", Order.MONTH, "2018-01-03T13:05"),
        ("1/3/2018 12:05 am", Order.MONTH, "2018-01-02T23:05"),
        ("3 Jan 2018 2:00 PM", Order.DAY, "2018-01-03T13:00"),
        # The night of 25 to 26 March 2018 has no 02:30; that of 28 October has two.
        ("2018-03-25 02:30:00", Order.YEAR, "2018-03-25T01:00"),
        ("2018-10-28 02:30:00", Order.YEAR, "2018-10-28T00:30"),
    ],
)
def test_a_moment_is_read_in_the_zone_of_the_location(text: str, order: Order, utc: str) -> None:
    assert read_moment(text, order=order, zone=AMSTERDAM) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_clock_in_a_column_of_its_own_belongs_to_the_day() -> None:
    read = read_moment("03.01.2018", order=Order.DAY, zone=AMSTERDAM, clock="18:30")
    assert read == datetime(2018, 1, 3, 17, 30, tzinfo=UTC)

    read = read_moment("18:25", order=Order.DAY, zone=AMSTERDAM, day=date(2018, 1, 3))
    assert read == datetime(2018, 1, 3, 17, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-13-01", "31.02.2018", "12", "12:00", "soon", "2018-01-01 25:00", "0000-01-01", "Monday", "99999-1-1"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(NotADate):
        read_moment(text, order=Order.DAY, zone=AMSTERDAM)


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["2018-01-03"], Order.YEAR),
        (["01/02/2018", "13/02/2018"], Order.DAY),
        (["01/02/2018", "01/13/2018"], Order.MONTH),
        (["01/02/2018", "03/04/2018"], None),
        (["13/02/2018", "02/13/2018"], None),
    ],
)
def test_the_order_is_only_what_the_file_proves(texts: list[str], order: Order | None) -> None:
    assert order_of(texts) is order


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_refused(text: str) -> None:
    for order in Order:
        try:
            read_moment(text, order=order, zone=AMSTERDAM)
            read_day(text, order=order)
        except NotADate:
            pass
