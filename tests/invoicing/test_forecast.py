"""What the running month will come to: the pure rule."""

from datetime import date
from decimal import Decimal

import pytest

from invoicing.rules.forecast import Booked, Forecast, Part, Past, forecast

NOVEMBER = date(2026, 11, 1)  # a Sunday; the 30th is a Monday
MONDAYS = (Decimal(80), *[Decimal(0)] * 6)


def past(**fields: object) -> Past:
    return Past(**{"weeks": 8, "by_weekday": MONDAYS, "visits": 100, "shown": 90, **fields})  # type: ignore[arg-type]


def parts(found: Forecast) -> dict[Part, Decimal]:
    return {one.part: one.net for one in found.parts}


def test_it_adds_what_is_payable_what_is_booked_and_days_without_bookings() -> None:
    booked = [Booked(date(2026, 11, 27), Decimal("9.50"), 4), Booked(date(2026, 11, 28), Decimal("8.00"), 1)]

    found = forecast(NOVEMBER, today=date(2026, 11, 22), so_far=Decimal("1204.50"), booked=booked, past=past())

    # 46.00 at nine in ten who come; the 23rd and the 30th are Mondays without a booking, at 80 / 8 each.
    assert parts(found) == {
        Part.SO_FAR: Decimal("1204.50"),
        Part.BOOKED: Decimal("41.40"),
        Part.NOT_BOOKED: Decimal("20.00"),
    }
    assert found.net == Decimal("1265.90")
    assert [one.number for one in found.parts] == [0, 5, 6]
    assert not found.is_small


def test_who_does_not_come_is_paid_as_a_no_show() -> None:
    booked = [Booked(date(2026, 11, 27), Decimal("9.50"), 10, Decimal("4.75"))]

    found = forecast(NOVEMBER, today=date(2026, 11, 22), so_far=Decimal(0), booked=booked, past=past())

    # Nine of ten come, and one does not.
    assert parts(found)[Part.BOOKED] == Decimal("90.25")
    assert found.absent_paid


def test_a_day_with_a_booking_is_not_guessed_besides() -> None:
    booked = [Booked(date(2026, 11, 30), Decimal(10), 1)]

    found = forecast(NOVEMBER, today=date(2026, 11, 29), so_far=Decimal(0), booked=booked, past=past())

    assert parts(found)[Part.NOT_BOOKED] == 0
    assert parts(found)[Part.BOOKED] == 9


def test_a_flat_rate_is_not_added_to() -> None:
    booked = [Booked(date(2026, 11, 30), Decimal(10), 1)]

    found = forecast(NOVEMBER, today=date(2026, 11, 2), so_far=Decimal(300), booked=booked, past=past(), flat=True)

    assert found.net == 300
    assert parts(found) == {Part.SO_FAR: Decimal(300)}


@pytest.mark.parametrize(("visits", "is_small"), [(0, True), (19, True), (20, False)])
def test_few_visits_are_said_to_be_few(visits: int, is_small: bool) -> None:
    booked = [Booked(date(2026, 11, 30), Decimal(10), 2)]
    few = past(visits=visits, shown=visits // 2, by_weekday=(Decimal(0),) * 7)

    found = forecast(NOVEMBER, today=date(2026, 11, 22), so_far=Decimal(0), booked=booked, past=few)

    assert found.is_small is is_small
    assert found.net == (20 if not visits else Decimal(20) * (visits // 2) / visits).__round__(2)  # type: ignore[union-attr]


def test_after_its_end_a_month_is_what_it_is() -> None:
    found = forecast(NOVEMBER, today=date(2026, 12, 2), so_far=Decimal(500), booked=[], past=past())

    assert found.net == 500


def test_a_month_ahead_counts_from_its_first_day() -> None:
    found = forecast(date(2026, 12, 1), today=date(2026, 11, 22), so_far=Decimal(0), booked=[], past=past())

    assert found.parts[-1].number == 31
    assert found.net == 40  # four Mondays


def test_a_young_connection_is_measured_by_the_weeks_it_has() -> None:
    found = forecast(NOVEMBER, today=date(2026, 11, 28), so_far=Decimal(0), booked=[], past=past(weeks=2))

    assert found.net == 40
