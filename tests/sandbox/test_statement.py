import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from marketplace.sandbox.statement import COLUMNS, Visit, as_csv, lines
from marketplace.sandbox.switches import DIFFERENCES, switches

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
RATES = switches({}).rates
VISIT = Visit(
    booking="FO-1",
    member="FP-1001",
    name="Noor Bakker",
    location="centrum",
    class_name="Yoga",
    starts_at=datetime(2026, 11, 3, 17, tzinfo=UTC),
    state="booked",
    checked_in=True,
)
VISITS = [replace(VISIT, booking=f"FO-{day}", starts_at=datetime(2026, 11, day, 17, tzinfo=UTC)) for day in range(1, 9)]


def stated(visits: list[Visit], *differences: str, month: date = date(2026, 11, 1)) -> list[dict[str, str]]:
    found = lines(visits, month=month, rates=RATES, differences=frozenset(differences), zone=AMSTERDAM)
    return list(csv.DictReader(io.StringIO(as_csv(found))))


def test_a_line_says_who_what_when_and_how_much() -> None:
    (line,) = stated([VISIT])
    assert tuple(line) == COLUMNS
    assert list(line.values()) == [
        *("2026-11", "centrum", "FO-1", "FP-1001", "Noor Bakker", "Yoga", "2026-11-03 18:00", "check_in"),
        *("Fitpass One", "1", "8.40", "0.00", "8.40", "0.76", "EUR"),
    ]


@pytest.mark.parametrize(
    ("changed", "events"),
    [
        ({}, ["check_in"]),
        ({"checked_in": False}, ["no_show"]),
        ({"additional": True}, ["additional"]),
        ({"additional": True, "checked_in": False}, ["no_show"]),
        ({"state": "late_cancelled", "checked_in": False}, ["late_cancel"]),
        ({"state": "cancelled"}, []),
        ({"state": "cancelled_by_studio"}, []),
        ({"state": "refused"}, []),
    ],
)
def test_what_is_paid_for(changed: dict[str, object], events: list[str]) -> None:
    assert [line["event"] for line in stated([replace(VISIT, **changed)])] == events  # type: ignore[arg-type]


def test_a_class_belongs_to_the_month_of_the_studio_s_clock() -> None:
    late = replace(VISIT, starts_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    assert stated([late]) == []
    assert [line["starts_at_local"] for line in stated([late], month=date(2026, 12, 1))] == ["2026-12-01 00:30"]


def test_each_difference_touches_a_visit_of_its_own() -> None:
    right, wrong = stated(VISITS), stated(VISITS, *DIFFERENCES)
    numbers = [line["booking_ref"] for line in wrong]
    assert len(right) == 8
    capped, price, twice, missing = (line["booking_ref"] for line in right[:4])
    assert [line["net"] for line in wrong if line["booking_ref"] in {capped, price}] == ["0.00", "6.72"]
    assert (numbers.count(twice), numbers.count(missing)) == (2, 0)
    assert [line["event"] for line in wrong[-3:]] == ["check_in", "correction", "flat"]
    assert [(line["net"], line["member_ref"]) for line in wrong[-3:]] == [
        ("8.40", "FP-9999"),
        ("-8.40", ""),
        ("-25.00", ""),
    ]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_month_without_visits_bears_every_difference(name: str) -> None:
    assert len(stated([], name)) == (1 if name in {"extra", "correction", "flat"} else 0)


def test_a_name_cannot_become_a_formula() -> None:
    (line,) = stated([replace(VISIT, name="=1+1")])
    assert line["member_name"] == "'=1+1"


@pytest.mark.parametrize("text", ["", "-1", "NaN", "1e9", "ten"])
def test_a_rate_that_makes_no_sense_is_the_usual_one(text: str) -> None:
    assert switches({"rate_check_in": text}).rates["check_in"] == Decimal("8.40")
