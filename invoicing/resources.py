"""Tables of invoices as files."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from django.utils.translation import gettext as _

from invoicing.models import Invoice
from invoicing.payout_words import PAYOUT_STATES
from invoicing.rules import Kind
from invoicing.rules.totals import CENT
from invoicing.selectors.visits import all_of, held_before, versions_of
from invoicing.words import BECAUSE_WORDS, KIND_WORDS, held_words, terms_words
from portal.downloads import Cell, Column, Table


class ListRow(Protocol):
    """A line of the list (`views.listing.Row`)."""

    @property
    def month(self) -> date: ...
    @property
    def connection(self) -> Any: ...
    @property
    def invoice(self) -> Invoice | None: ...
    @property
    def places(self) -> str: ...
    @property
    def payout(self) -> Any: ...


def list_table(rows: Iterable[ListRow]) -> Table:
    """The list of invoices; what a credit takes away is below zero, a month without visits has no figures."""
    columns = [
        Column(_("Number")),
        Column(_("Kind")),
        Column(_("Month")),
        Column(_("Marketplace")),
        Column(_("Locations")),
        Column(_("Issued on")),
        Column(_("Check-ins"), total=True),
        Column(_("Additional workouts"), total=True),
        Column(_("No-shows"), total=True),
        Column(_("Late cancels"), total=True),
        Column(_("Adjustments"), total=True),
        Column(_("Net"), total=True),
        Column(_("VAT"), total=True),
        Column(_("Total"), total=True),
        Column(_("Currency")),
        Column(_("Payout")),
        Column(_("Paid around")),
    ]
    return Table(_("Invoices"), columns, (_cells(row) for row in rows))


def _cells(row: ListRow) -> Sequence[Cell]:
    one = row.invoice
    name = row.connection.marketplace.name
    if one is None:
        nothing: list[Cell] = [None] * 11
        return [None, _("no visits, no document"), f"{row.month:%Y-%m}", name, None, None, *nothing]
    figures: list[Cell] = [
        (-1 if one.is_credit else 1) * getattr(one, field)
        for field in ("check_ins", "additional", "no_shows", "late_cancels", "adjustments", "net", "tax", "gross")
    ]
    return [
        one.number,
        one.get_type_code_display(),
        f"{row.month:%Y-%m}",
        name,
        row.places,
        one.issued_on,
        *figures,
        one.currency,
        str(PAYOUT_STATES[row.payout.state]) if row.payout else None,
        row.payout.payout.expected_on if row.payout else one.due_on,
    ]


def visits_table(invoice: Invoice, *, with_members: bool) -> Table:
    """Every visit on the invoice, line by line; who it was only `with_members`. A row for what has no visits here,
    flat rates and what stands on an earlier invoice, so that it adds up to the net; of a credit below zero."""
    columns = [
        Column(_("Line")),
        Column(_("Kind")),
        Column(_("Reason")),
        Column(_("Day")),
        Column(_("Start")),
        Column(_("Class")),
        Column(_("Location")),
        Column(_("Booking number")),
        *([Column(_("Member")), Column(_("Member number"))] if with_members else []),
        Column(_("Contract")),
        Column(_("Amount, net"), total=True),
        Column(_("Currency")),
        Column(_("Invoice")),
    ]
    return Table(_("Visits"), columns, _visits(invoice, with_members=with_members))


def _visits(invoice: Invoice, *, with_members: bool) -> Iterator[Sequence[Cell]]:
    versions = versions_of(invoice.contract)
    told: Counter[int] = Counter()
    amounts: dict[int, Decimal] = defaultdict(Decimal)
    for line, row in all_of(invoice):
        told[line.pk] += 1
        amounts[line.pk] += row.amount
        booked = row.visit.reservation
        who: list[Cell] = [booked.member.name, booked.member.number] if booked else [None, None]
        amount = row.amount.quantize(CENT)
        yield [
            line.position,
            str(KIND_WORDS[row.kind]),
            _("taken back") if row.taken_back else str(BECAUSE_WORDS[row.because]),
            row.day,
            booked.starts_at.astimezone(booked.location.tz) if booked else None,
            booked.session.item.name if booked else None,
            booked.location.name if booked else None,
            row.visit.booking_ref,
            *(who if with_members else []),
            terms_words(*versions[line.terms_id]),
            amount,
            invoice.currency,
            invoice.number,
        ]
    sign, before = -1 if invoice.is_credit else 1, held_before(invoice)
    nothing: list[Cell] = [None] * (7 if with_members else 5)  # day to booking number, member
    for line in invoice.lines.order_by("position"):
        if abs(line.quantity) != told[line.pk]:
            yield [
                line.position,
                str(KIND_WORDS[Kind(line.kind)]),
                held_words(*before[line.pk]) if line.pk in before else None,
                *nothing,
                terms_words(*versions[line.terms_id]),
                (sign * line.net - amounts[line.pk]).quantize(CENT),
                invoice.currency,
                invoice.number,
            ]
