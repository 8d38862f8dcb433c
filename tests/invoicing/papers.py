"""A house that lacks nothing for an invoice, and what its documents come to."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from bookings.models import Reservation, ScheduledSession
from invoicing.actions import issue
from invoicing.models import (
    BilledVisit,
    Invoice,
)
from invoicing.selectors.figures import summed
from marketplace.models import Visit
from tests.factories.invoicing import AgreementFactory, PayerFactory, SellerFactory
from tests.invoicing.scenes import House, at, house

OCTOBER, NOVEMBER, DECEMBER = date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
ON_5_DECEMBER = at("2026-12-05 05:00")
ON_5_JANUARY = at("2027-01-05 05:00")
D = Decimal
TERMS = {
    "check_in_rate": D("9.50"),
    "no_show_rate": D("4.00"),
    "tax_category": "S",
    "tax_rate": D("19.00"),
}


def with_papers(first_on: date = date(2020, 1, 1), **terms: Any) -> House:
    """A house that lacks nothing."""
    one = house()
    one.terms(first_on, **TERMS | terms)
    SellerFactory(studio=one.connection.studio)
    PayerFactory(marketplace=one.connection.marketplace)
    AgreementFactory(contract=one.contract)
    return one


def issued(one: House, month: date = NOVEMBER, now: datetime = ON_5_DECEMBER) -> Invoice:
    invoice = issue(one.contract, month, now=now)
    assert invoice is not None
    return invoice


def lines(invoice: Invoice) -> list[tuple[str, str, int, str]]:
    return [(line.kind, line.because, line.quantity, str(line.net)) for line in invoice.lines.all()]


def balanced(one: House) -> bool:
    """All documents together come to what the visits are worth now, and no visit stands on two of them."""
    documents = sum(-invoice.net if invoice.is_credit else invoice.net for invoice in one.contract.invoices.all())
    sums = summed([one.connection.pk], date(2026, 1, 1), date(2027, 6, 1), now=at("2027-06-01 00:00"))
    standing = list(BilledVisit.objects.standing().values_list("visit", flat=True))
    return documents == sum(row.net for row in sums) and len(standing) == len(set(standing))


def become(visit: Visit, what: str) -> None:
    """The guest came, missed the class, or had cancelled in time."""
    reservation = Reservation.objects.get(pk=visit.reservation_id)
    with transaction.atomic():
        was, now = reservation.booking == "booked", what != "cancelled"
        ScheduledSession.objects.filter(pk=reservation.session_id).update(
            places_taken=F("places_taken") + int(now) - int(was)
        )
        reservation.booking = "booked" if now else "cancelled"
        reservation.attendance = {"came": "checked_in", "missed": "no_show"}.get(what, "unknown")
        reservation.checked_in_at = reservation.starts_at if what == "came" else None
        reservation.cancelled_at = None if now else reservation.starts_at - timedelta(days=1)
        reservation.save()
