"""An issued invoice is taken back as a whole by a credit of its own number, and issued anew as it is now (Q31).

The only way of correcting that every format takes (docs/einvoices.md): 261 for 389, 381 for 380, with positive amounts
and the number of what they correct; then, where something is left to bill, a new invoice.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from django.db import connection as database
from django.db import transaction

from invoicing.actions.issuing import Obstructed, bill, entry_of, finish, line_of
from invoicing.actions.telling import tell
from invoicing.documents.model import TypeCode
from invoicing.models import BilledVisit, Invoice, InvoiceEvent, InvoiceLine, Seller
from invoicing.plans.obstacles import obstacles_of
from invoicing.rules import Kind
from invoicing.rules.totals import Entry
from invoicing.selectors.flat import flat_changes
from portal.models import StaffLogin, User

CREDITS = {TypeCode.SELF_BILLED: TypeCode.SELF_BILLED_CREDIT, TypeCode.INVOICE: TypeCode.CREDIT}


class NotToCorrect(Exception):
    """It is a credit itself, or has been taken back already."""


def correct(
    invoice: Invoice,
    *,
    now: datetime,
    by: StaffLogin | None = None,
    operator: User | None = None,
    text: str = "",
) -> tuple[Invoice, Invoice | None]:
    """The credit, and the invoice in the place of the old one; None where nothing is left to bill.

    Raises NotToCorrect, or Obstructed where something is missing for a document. One transaction.
    """
    with transaction.atomic():
        locked(invoice)
        if invoice.is_credit or Invoice.objects.filter(corrects=invoice).exists():
            raise NotToCorrect
        contract, month = invoice.contract, invoice.month
        type_code = TypeCode(invoice.type_code)
        lines = list(invoice.lines.order_by("position"))
        kept = _kept(invoice, lines)
        months = sorted({line.month for line in lines} | {month})
        credit = _credit(invoice, lines, CREDITS[type_code], now=now)
        key, entries = bill(contract, month, months, [*flat_changes(contract, months), *kept], now=now)
        found = obstacles_of(contract, month, entries or [entry_of(line) for line in lines], now=now)
        if found:
            raise Obstructed(found)
        replacement = finish(contract, month, key, entries, type_code, now=now, replaces=invoice) if entries else None
        tell(invoice, InvoiceEvent.Kind.CORRECTED, now=now, by=by, operator=operator, text=text)
    return credit, replacement


def locked(invoice: Invoice) -> None:
    """What is issued and answered at one studio goes one after another: the seller first, then the invoice."""
    Seller.objects.select_for_update().filter(studio=invoice.studio_id).first()
    Invoice.objects.select_for_update(of=("self",), no_key=True).get(pk=invoice.pk)


def _kept(invoice: Invoice, lines: list[InvoiceLine]) -> list[Entry]:
    """What the credit takes back although it has to stay: what the invoice itself took back of earlier ones, and
    visits that a later invoice has taken back since. Flat rates are compared anew."""
    standing = Counter(BilledVisit.objects.standing().filter(invoice=invoice).values_list("line", flat=True))
    return [
        replace(entry_of(line), quantity=line.quantity - standing[line.pk])
        for line in lines
        if line.kind != Kind.FLAT and line.quantity != standing[line.pk]
    ]


def _credit(invoice: Invoice, lines: list[InvoiceLine], type_code: TypeCode, *, now: datetime) -> Invoice:
    """Every line again; each visit that stands on it is reversed."""
    with database.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        (key,) = cursor.fetchone()
    entries = [entry_of(line) for line in lines]
    mirrored = InvoiceLine.objects.bulk_create(
        line_of(invoice.contract, key, at, one) for at, one in enumerate(entries, 1)
    )
    line_for = {old.pk: new.pk for old, new in zip(lines, mirrored, strict=True)}
    standing = BilledVisit.objects.standing().filter(invoice=invoice)
    BilledVisit.objects.bulk_create(
        [
            BilledVisit(
                studio_id=row.studio_id,
                invoice_id=key,
                line_id=line_for[row.line_id],
                visit_id=row.visit_id,
                month=row.month,
                day=row.day,
                kind=row.kind,
                because=row.because,
                terms_id=row.terms_id,
                amount=-row.amount,
                tax_category=row.tax_category,
                tax_rate=row.tax_rate,
                reverses=row,
            )
            for row in standing
        ],
        batch_size=1000,
    )
    return finish(invoice.contract, invoice.month, key, entries, type_code, now=now, corrects=invoice)
