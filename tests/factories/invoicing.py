"""Parties, and invoices as they stand once they are issued, for tests.

What was issued is never changed, so an invoice is made whole, with its lines, the visits on them and its payout. Tests
of the issuing itself ask the actions.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import factory
from django.db import connection, transaction
from django.db.models import F
from factory.django import DjangoModelFactory

from bookings.models import Reservation, ScheduledSession
from invoicing.documents import model as einvoice
from invoicing.models import (
    BilledVisit,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    NumberSeries,
    Payer,
    Payout,
    SelfBillingAgreement,
    Seller,
)
from invoicing.rules import PAID, Because, Kind, last_day, next_month
from marketplace.models import Contract, ContractTerms, Guest, Visit
from portal.models import Location
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, ReservationFactory, SessionFactory
from tests.factories.marketplace import ContractFactory, ContractTermsFactory, MarketplaceFactory

MONTH = date(2026, 10, 1)
CENT = Decimal("0.01")


class SellerFactory(DjangoModelFactory[Seller]):
    """A studio in Amsterdam; its IBAN and VAT id are well formed and nobody's."""

    class Meta:
        model = Seller

    studio = factory.SubFactory("tests.factories.StudioFactory")
    legal_name = "Linde Yoga B.V."
    street = "Lindengracht 1"
    postcode = "1015 KB"
    city = "Amsterdam"
    country = "NL"
    vat_id = "NL004495445B01"
    registration = "34233181"
    iban = "NL91ABNA0417164300"
    account_holder = "Linde Yoga B.V."
    payout_country = "NL"
    email = "books@linde.example"


class PayerFactory(DjangoModelFactory[Payer]):
    class Meta:
        model = Payer
        django_get_or_create = ["marketplace"]

    marketplace = factory.SubFactory(MarketplaceFactory)
    legal_name = "Fitpass Nederland B.V."
    street = "Keizersgracht 2"
    postcode = "1016 EE"
    city = "Amsterdam"
    country = "NL"
    vat_id = "NL123456782B90"
    email = "partners@fitpass.example"


class AgreementFactory(DjangoModelFactory[SelfBillingAgreement]):
    class Meta:
        model = SelfBillingAgreement

    contract = factory.SubFactory(ContractFactory)
    studio = factory.SelfAttribute("contract.studio")
    version = "1"
    signed_by = "Ada Owner"
    signed_on = date(2020, 1, 1)


@dataclass(frozen=True)
class Billed:
    """A line to be: so many visits of one kind for one reason at one price. Of an earlier `month`: an adjustment."""

    kind: Kind = Kind.CHECK_IN
    because: Because = Because.CHECK_IN
    number: int = 2
    price: Decimal = Decimal("9.50")
    month: date | None = None


LINES = (
    Billed(),
    Billed(Kind.NO_SHOW, Because.NO_SHOW, 1, Decimal("4.75")),
    Billed(Kind.CHECK_IN, Because.DAY_CAP, 1, Decimal(0)),
)


class InvoiceFactory(DjangoModelFactory[Invoice]):
    """Of October 2026: two check-ins, a no-show, and a check-in that the day's cap leaves unpaid; 19 % VAT.

    `lines`: what else is on it (`Billed`). `terms`: the version that they name. Its payout comes along.
    """

    class Meta:
        model = Invoice
        exclude = ["serial"]

    contract = factory.SubFactory(ContractFactory)
    connection = factory.SelfAttribute("contract.connection")
    studio = factory.SelfAttribute("contract.studio")
    month = MONTH
    type_code = Invoice.TypeCode.SELF_BILLED
    serial = factory.Sequence(lambda n: n + 1)
    number = factory.LazyAttribute(lambda one: f"FITPASS-{one.studio.slug.upper()}-{one.month.year}-{one.serial:04}")
    issued_on = factory.LazyAttribute(lambda one: next_month(one.month).replace(day=5))
    issued_at = factory.LazyAttribute(lambda one: at(one.issued_on, 6))
    due_on = factory.LazyAttribute(lambda one: next_month(one.month).replace(day=15))
    currency = "EUR"

    @classmethod
    def _create(
        cls,
        model_class: type[Invoice],
        *args: Any,  # noqa: ARG003 - as factory_boy calls it
        lines: Sequence[Billed] = LINES,
        terms: ContractTerms | None = None,
        tax_rate: Decimal = Decimal(19),
        payout: bool = True,
        **fields: Any,
    ) -> Invoice:
        contract: Contract = fields["contract"]
        terms = terms or contract.terms.first() or ContractTermsFactory(contract=contract)
        fields = _totals(lines, fields["month"], tax_rate) | fields
        if fields.get("corrects"):
            payout = False
        fields["series"], fields["series_number"] = _next_number(fields["studio"], fields["number"])
        fields.setdefault("snapshot", _snapshot(fields, lines, terms, tax_rate))
        fields.setdefault("hash", f"{fields['series_number']:064}")
        with transaction.atomic():  # the lines come first: nothing is added to what is issued
            invoice = model_class(pk=_next_key(), **fields)
            for position, one in enumerate(lines, start=1):
                bill(invoice, one, position=position, terms=terms, tax_rate=tax_rate)
            invoice.save(force_insert=True)
        if payout:
            PayoutFactory(invoice=invoice)
        return invoice


class PayoutFactory(DjangoModelFactory[Payout]):
    class Meta:
        model = Payout

    invoice = factory.SubFactory(InvoiceFactory, payout=False)
    studio = factory.SelfAttribute("invoice.studio")
    amount = factory.SelfAttribute("invoice.gross")
    currency = factory.SelfAttribute("invoice.currency")
    expected_on = factory.SelfAttribute("invoice.due_on")


class DocumentFactory(DjangoModelFactory[InvoiceDocument]):
    """Not a real PDF: only its bytes and their hash."""

    class Meta:
        model = InvoiceDocument

    invoice = factory.SubFactory(InvoiceFactory)
    studio = factory.SelfAttribute("invoice.studio")
    kind = "pdf"
    file_name = factory.LazyAttribute(lambda one: f"{one.invoice.number}.{'pdf' if one.kind == 'pdf' else 'xml'}")
    media_type = factory.LazyAttribute(lambda one: "application/pdf" if one.kind == "pdf" else "application/xml")
    content = b"%PDF-1.7 of a test"
    sha256 = factory.LazyAttribute(lambda one: hashlib.sha256(one.content).hexdigest())


def _next_key() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        return cursor.fetchone()[0]


def at(day: date, hour: int) -> datetime:
    """A moment of that day in Amsterdam's winter."""
    return datetime.combine(day, time(hour), ZoneInfo("Europe/Amsterdam"))


def visit_of(
    contract: Contract, day: date, *, kind: Kind = Kind.CHECK_IN, place: Location | None = None, **fields: Any
) -> Visit:
    """One of the marketplace's guests, at 18:00 of that day: came, did not come, or cancelled late."""
    studio, connection = contract.studio, contract.connection
    place = place or studio.locations.first() or LocationFactory(studio=studio)
    starts_at = at(day, 18)
    session = ScheduledSession.objects.filter(location=place, starts_at=starts_at).first() or SessionFactory(
        item=studio.calendar_items.filter(location=place).first() or CalendarItemFactory(location=place),
        starts_at=starts_at,
        capacity=None,
    )
    booking: dict[str, Any] = {}
    if kind in {Kind.CHECK_IN, Kind.ADDITIONAL}:
        booking = {"attendance": Reservation.Attendance.CHECKED_IN, "checked_in_at": starts_at}
    if kind is Kind.NO_SHOW:
        booking = {"attendance": Reservation.Attendance.NO_SHOW}
    if kind is Kind.LATE_CANCEL:
        booking = {
            "booking": Reservation.Booking.LATE_CANCELLED,
            "cancelled_at": starts_at - timedelta(hours=1),
        }
    member = fields.pop("member", None) or MemberFactory(studio=studio)
    reservation = ReservationFactory(session=session, member=member, source=connection.marketplace_id, **booking)
    guest, _ = Guest.objects.get_or_create(
        connection=connection, external_id=f"guest-{member.pk}", defaults={"studio": studio, "member": member}
    )
    return Visit.objects.create(
        **{
            "studio": studio,
            "connection": connection,
            "booking_ref": f"booking-{reservation.pk}",
            "guest": guest,
            "session": session,
            "reservation": reservation,
            "terms": contract.terms.first(),
            "pass_name": connection.marketplace_id,
            "requested_at": reservation.booked_at,
            **fields,
        }
    )


def bill(
    invoice: Invoice, billed: Billed, *, position: int, terms: ContractTerms, tax_rate: Decimal = Decimal(19)
) -> InvoiceLine:
    """A line with its visits, one a day from the month's second day on."""
    month = billed.month or invoice.month
    tax = {"tax_category": "S" if tax_rate else "E", "tax_rate": tax_rate}
    words = {"kind": billed.kind, "because": billed.because, "month": month, "terms": terms}
    line = InvoiceLine.objects.create(
        studio=invoice.studio,
        invoice=invoice,
        position=position,
        quantity=billed.number,
        price=billed.price,
        net=billed.number * billed.price,
        **words,
        **tax,
    )
    for nth in range(billed.number if billed.kind is not Kind.FLAT else 0):
        visit = visit_of(invoice.contract, month + timedelta(days=1 + nth % 27), kind=billed.kind)
        BilledVisit.objects.create(
            studio=invoice.studio,
            invoice=invoice,
            line=line,
            visit=visit,
            day=month + timedelta(days=1 + nth % 27),
            amount=billed.price,
            **words,
            **tax,
        )
    return line


def _totals(lines: Sequence[Billed], month: date, tax_rate: Decimal) -> dict[str, Any]:
    net = sum((one.number * one.price for one in lines), Decimal(0))
    tax = (net * tax_rate / 100).quantize(CENT, rounding="ROUND_HALF_UP")
    own = [one for one in lines if one.month in (None, month) and one.because in PAID]

    def paid(kind: Kind) -> int:
        return sum(one.number for one in own if one.kind is kind)

    return {
        "check_ins": paid(Kind.CHECK_IN),
        "additional": paid(Kind.ADDITIONAL),
        "no_shows": paid(Kind.NO_SHOW),
        "late_cancels": paid(Kind.LATE_CANCEL),
        "adjustments": sum((one.number * one.price for one in lines if one.month not in (None, month)), Decimal(0)),
        "net": net,
        "tax": tax,
        "gross": net + tax,
    }


def _next_number(studio: Any, number: str) -> tuple[NumberSeries, int]:
    prefix, _, year = number.rpartition("-")[0].rpartition("-")
    series, _ = NumberSeries.objects.get_or_create(studio=studio, prefix=prefix, year=int(year))
    NumberSeries.objects.filter(pk=series.pk).update(last=F("last") + 1)
    series.refresh_from_db()
    return series, series.last


def _snapshot(
    fields: dict[str, Any], lines: Sequence[Billed], terms: ContractTerms, tax_rate: Decimal
) -> dict[str, Any]:
    category = "S" if tax_rate else "E"
    return einvoice.as_json(
        einvoice.EInvoice(
            number=fields["number"],
            type_code=einvoice.TypeCode(fields["type_code"]),
            issued_on=fields["issued_on"],
            issued_at=fields["issued_at"],
            currency=fields["currency"],
            language="en",
            period_first=fields["month"],
            period_last=last_day(fields["month"]),
            due_on=fields["due_on"],
            contract_number=fields["contract"].number,
            note="Self-billing",
            seller=einvoice.Party(name="Linde Yoga B.V.", city="Amsterdam", country="NL", vat_id="NL004495445B01"),
            buyer=einvoice.Party(name="Fitpass Nederland B.V.", city="Amsterdam", country="NL"),
            iban="NL91ABNA0417164300",
            account_holder="Linde Yoga B.V.",
            lines=tuple(
                einvoice.Line(
                    id=str(position),
                    name=str(one.because),
                    quantity=Decimal(one.number),
                    price=one.price,
                    net=one.number * one.price,
                    tax_category=category,
                    tax_rate=tax_rate,
                )
                for position, one in enumerate(lines, start=1)
            ),
            vat=(einvoice.VatBreakdown(category=category, rate=tax_rate, base=fields["net"], tax=fields["tax"]),),
            net=fields["net"],
            tax=fields["tax"],
            gross=fields["gross"],
        )
    )
