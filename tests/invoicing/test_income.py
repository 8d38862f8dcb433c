"""What marketplaces pay for the visits of some days, as insight asks it: billed, else as it would be."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.invoices import invoices
from invoicing.actions import issue
from tests.factories import LocationFactory, StaffLoginFactory
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, at, house

pytestmark = pytest.mark.django_db

NOW = at("2026-11-22 12:00")
OCTOBER, NOVEMBER = (date(2026, 10, 1), date(2026, 11, 1)), (date(2026, 11, 1), date(2026, 12, 1))
D = Decimal


@pytest.fixture
def there() -> House:
    """October is issued: check-ins at 8.00, a no-show at 4.00; November runs: a check-in at 10.00, one to come."""
    found = house()
    found.terms(check_in_rate=D("8.00"), no_show_rate=D("4.00"))
    found.terms(date(2026, 11, 1), check_in_rate=D("10.00"))
    SellerFactory(studio=found.connection.studio)
    PayerFactory(marketplace=found.connection.marketplace)
    AgreementFactory(contract=found.contract)
    found.visit(at("2026-10-10 18:00"))
    found.visit(at("2026-10-31 20:00"), guest=2)
    found.visit(at("2026-10-12 18:00"), "no_show", guest=2)
    found.visit(at("2026-11-10 18:00"), guest=3)
    found.visit(at("2026-11-28 18:00"), "booked", guest=3)
    assert issue(found.contract, OCTOBER[0], now=at("2026-11-05 05:00")) is not None
    return found


def income(there: House, *spans: tuple[date, date], **more: Any) -> Any:
    studio = there.connection.studio
    return invoices().income(studio, more.get("places") or list(studio.locations.all()), spans, now=NOW)


def test_what_is_billed_counts_as_billed_and_the_rest_as_it_would_be(there: House) -> None:
    assert income(there, OCTOBER, NOVEMBER) == [{"fitpass": {"EUR": D("20.00")}}, {"fitpass": {"EUR": D("10.00")}}]
    day = (date(2026, 10, 31), date(2026, 11, 1))
    across = (date(2026, 10, 12), date(2026, 11, 11))
    assert income(there, day, across) == [{"fitpass": {"EUR": D("8.00")}}, {"fitpass": {"EUR": D("22.00")}}]


def test_other_places_and_days_have_none_of_it(there: House) -> None:
    noord = LocationFactory(studio=there.connection.studio)
    assert income(there, OCTOBER, places=[noord]) == [{}]
    assert income(there, (date(2025, 10, 1), date(2025, 11, 1))) == [{}]


def test_a_studio_without_a_contract_knows_of_no_income() -> None:
    place = LocationFactory()
    assert invoices().income(place.studio, [place], [OCTOBER], now=NOW) is None


def test_a_flat_rate_counts_for_whole_months_of_the_whole_studio() -> None:
    found = house()
    found.terms(check_in_rate=D(0), flat_rate=D("300.00"))
    SellerFactory(studio=found.connection.studio)
    PayerFactory(marketplace=found.connection.marketplace)
    AgreementFactory(contract=found.contract)
    found.visit(at("2026-10-10 18:00"))
    assert issue(found.contract, OCTOBER[0], now=at("2026-11-05 05:00")) is not None
    part = (date(2026, 10, 2), date(2026, 12, 1))
    assert [one["fitpass"]["EUR"] for one in income(found, OCTOBER, part)] == [D("300.00"), D("0.00")]
    LocationFactory(studio=found.connection.studio)
    (one,) = income(found, OCTOBER, places=[found.place])
    assert one["fitpass"]["EUR"] == D("0.00")


def test_insight_says_what_a_visit_of_a_marketplace_brought(there: House) -> None:
    owner = StaffLoginFactory(studio=there.connection.studio)
    client = Client()
    client.force_login(owner.user)
    with time_machine.travel(NOW, tick=False):
        page = client.get(f"/{owner.studio.slug}/insight/marketplaces/").content.decode()
    assert "a visit brought 10.00 EUR" in page  # 30 for three check-ins


def test_ten_times_the_visits_cost_no_more_queries(there: House) -> None:
    with CaptureQueriesContext(database) as few:
        income(there, OCTOBER, NOVEMBER, places=[there.place])
    for day in range(1, 21):
        there.visit(at(f"2026-11-{day:02} 09:00"), guest=day)
    with CaptureQueriesContext(database) as many:
        income(there, OCTOBER, NOVEMBER, places=[there.place])
    assert len(many) == len(few) <= 7
