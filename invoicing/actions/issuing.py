"""A month becomes an invoice: once, with the next number, and never to be changed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection as database
from django.db import transaction

from invoicing.actions.documenting import DOCUMENTS
from invoicing.actions.telling import tell
from invoicing.documents.model import TypeCode, as_json
from invoicing.models import (
    Invoice,
    InvoiceEvent,
    InvoiceLine,
    IssueAttempt,
    NumberSeries,
    Payout,
    Seller,
)
from invoicing.plans.composing import Facts, composed
from invoicing.plans.obstacles import obstacles_of
from invoicing.rules import Because, Kind, Obstacle, ends_at
from invoicing.rules.chain import chained
from invoicing.rules.payouts import business_day, payout_on
from invoicing.rules.totals import Entry, totals
from invoicing.selectors.delta import DELTA, LINE, ORDER, asked, billable_months
from invoicing.selectors.drafts import issuer_of
from invoicing.selectors.flat import flat_changes
from invoicing.selectors.parties import holidays_of, home_of, payer_of
from invoicing.signals import invoice_issued
from marketplace.models import Contract, ContractTerms
from portal.jobs import enqueue

ISSUE = "invoicing.issue"
# The visits and their lines, from one look at the figures; `first_position`: of the first line.
_BILL = f"""
{DELTA}, lines AS (
  INSERT INTO invoicing_invoiceline (studio_id, invoice_id, month, kind, because, terms_id, quantity, price, net,
                                     tax_category, tax_rate, position)
  SELECT %(studio)s, %(invoice)s, month, kind, because, terms, sign * count(*), amount, sign * count(*) * amount,
         tax_category, tax_rate, %(first_position)s - 1 + row_number() OVER (ORDER BY {ORDER})
    FROM entries GROUP BY {LINE}
  RETURNING id, month, kind, because, terms_id, sign(quantity) AS sign, price, tax_category, tax_rate
)
INSERT INTO invoicing_billedvisit (studio_id, invoice_id, line_id, visit_id, month, day, kind, because, terms_id,
                                   amount, tax_category, tax_rate, reverses_id, replaces_id)
SELECT entries.studio, %(invoice)s, lines.id, entries.visit, entries.month, entries.day, entries.kind, entries.because,
       entries.terms, entries.sign * entries.amount, entries.tax_category, entries.tax_rate, entries.reverses,
       entries.replaces
  FROM entries JOIN lines
    ON (lines.month, lines.sign, lines.kind, lines.because, lines.terms_id, lines.price, lines.tax_category,
        lines.tax_rate)
     = (entries.month, entries.sign, entries.kind, entries.because, entries.terms, entries.amount,
        entries.tax_category, entries.tax_rate)
"""  # noqa: S608 - put together from texts of ours


class Obstructed(Exception):
    """Something is missing that only a person can give."""

    def __init__(self, obstacles: Sequence[Obstacle]) -> None:
        super().__init__(", ".join(obstacles))
        self.obstacles = tuple(obstacles)


def issue(contract: Contract, month: date, *, now: datetime) -> Invoice | None:
    """Issue the contract's month, with the changes of earlier months as adjustments (P8, Q30, Q31).

    Returns the invoice that there is already, if there is one; None where there is nothing to bill, which is noted.
    Raises Obstructed; then nothing is written. One transaction; issues of one studio go one after another.
    """
    with transaction.atomic():
        seller = Seller.objects.select_for_update().filter(studio=contract.studio_id).first()
        existing = Invoice.objects.filter(contract=contract, month=month, corrects=None, replaces=None).first()
        if existing is not None:
            return existing
        home = home_of(contract.studio_id)
        if home is None or now < ends_at(month, home.tz):
            raise Obstructed([Obstacle.NOT_OVER])
        months = billable_months(contract, month)
        key, entries = bill(contract, month, months, flat_changes(contract, months), now=now)
        if not entries:
            note_attempt(contract, month, (), now=now)
            return None
        found = obstacles_of(contract, month, entries, now=now, seller=seller)
        if found:
            raise Obstructed(found)
        is_self_billed = issuer_of(contract, month) is ContractTerms.Issuer.MARKETPLACE
        type_code = TypeCode.SELF_BILLED if is_self_billed else TypeCode.INVOICE
        invoice = finish(contract, month, key, entries, type_code, now=now)
        IssueAttempt.objects.filter(contract=contract, month=month).delete()
        return invoice


def issue_or_note(contract: Contract, month: date, *, now: datetime) -> Invoice | None:
    """The same, by itself: what is missing is kept for people to see, and the next try comes."""
    try:
        return issue(contract, month, now=now)
    except Obstructed as obstructed:
        note_attempt(contract, month, obstructed.obstacles, now=now)
        return None


def note_attempt(contract: Contract, month: date, obstacles: Sequence[Obstacle], *, now: datetime) -> None:
    """Keep why a try came to no invoice; no obstacles: there was nothing to bill."""
    IssueAttempt.objects.update_or_create(
        contract=contract,
        month=month,
        defaults={"studio_id": contract.studio_id, "tried_at": now, "obstacles": list(obstacles)},
    )


def bill(
    contract: Contract, month: date, months: Sequence[date], given: Sequence[Entry], *, now: datetime
) -> tuple[int, list[Entry]]:
    """Write the lines of an invoice to be, those given first, and the visits on them; its key, and all lines in order.

    PostgreSQL checks only at the end of the transaction that the invoice exists.
    """
    with database.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('invoicing_invoice', 'id'))")
        (key,) = cursor.fetchone()
        InvoiceLine.objects.bulk_create(line_of(contract, key, at, one) for at, one in enumerate(given, 1))
        facts: dict[str, Any] = {"studio": contract.studio_id, "invoice": key, "first_position": len(given) + 1}
        cursor.execute(_BILL, asked(contract, month, months, now=now) | facts)
    lines = InvoiceLine.objects.filter(studio=contract.studio_id, invoice=key).order_by("position")
    return key, [entry_of(line) for line in lines]


def line_of(contract: Contract, invoice: int, position: int, one: Entry) -> InvoiceLine:
    return InvoiceLine(
        studio_id=contract.studio_id,
        invoice_id=invoice,
        position=position,
        kind=one.kind,
        because=one.because,
        month=one.month,
        terms_id=one.terms,
        quantity=one.quantity,
        price=one.price,
        net=one.net,
        tax_category=one.tax_category,
        tax_rate=one.tax_rate,
    )


def entry_of(line: InvoiceLine) -> Entry:
    return Entry(
        kind=Kind(line.kind),
        because=Because(line.because),
        month=line.month,
        terms=line.terms_id,
        quantity=line.quantity,
        price=line.price,
        tax_category=line.tax_category,
        tax_rate=line.tax_rate,
    )


def finish(
    contract: Contract,
    month: date,
    key: int,
    entries: Sequence[Entry],
    type_code: TypeCode,
    *,
    now: datetime,
    corrects: Invoice | None = None,
    replaces: Invoice | None = None,
) -> Invoice:
    """Give the lines under `key` their invoice: number, frozen words and sums, payout, the order for its files."""
    studio = contract.studio
    seller = Seller.objects.get(studio=studio)
    payer = payer_of(contract.connection.marketplace_id)
    if payer is None:
        raise Obstructed([Obstacle.NO_PAYER])
    home = home_of(studio.pk)
    issued_on = home.local_day(now) if home else now.date()
    series, number = _next_number(contract, seller, type_code, issued_on.year)
    where = holidays_of(studio.pk)
    due_on = max(payout_on(month, *where), business_day(issued_on, *where))
    paper = composed(
        Facts(
            contract=contract,
            month=month,
            entries=entries,
            type_code=type_code,
            seller=seller,
            payer=payer,
            number=number,
            issued_at=now.replace(microsecond=0),
            issued_on=issued_on,
            due_on=due_on,
            preceding=corrects or replaces,
            currency=(corrects or replaces or contract).currency,
        )
    )
    sums = totals(entries, month)
    previous = Invoice.objects.filter(studio=studio).order_by("-id").values_list("hash", flat=True).first() or ""
    invoice = Invoice.objects.create(
        pk=key,
        studio=studio,
        connection_id=contract.connection_id,
        contract=contract,
        month=month,
        type_code=type_code,
        series=series,
        series_number=series.last,
        number=number,
        corrects=corrects,
        replaces=replaces,
        issued_at=now,
        issued_on=issued_on,
        due_on=due_on,
        currency=paper.currency,
        check_ins=sums.check_ins,
        additional=sums.additional,
        no_shows=sums.no_shows,
        late_cancels=sums.late_cancels,
        adjustments=sums.adjustments,
        net=sums.net,
        tax=sums.tax,
        gross=sums.gross,
        snapshot=as_json(paper),
        previous_hash=previous,
        hash=chained(previous, as_json(paper)),
    )
    if corrects is None and sums.gross > 0:
        Payout.objects.create(
            studio=studio, invoice=invoice, amount=sums.gross, currency=invoice.currency, expected_on=due_on
        )
    tell(invoice, InvoiceEvent.Kind.ISSUED, now=now)
    enqueue(DOCUMENTS, key=f"invoice-documents:{key}", payload={"invoice": key}, studio=studio)
    invoice_issued.send(Invoice, invoice=invoice, now=now)
    return invoice


def _next_number(contract: Contract, seller: Seller, type_code: TypeCode, year: int) -> tuple[NumberSeries, str]:
    """The series of the issuer, kind and year, locked until the transaction ends, and the next number in it."""
    marketplace = contract.connection.marketplace_id
    prefix = f"{marketplace}-{contract.studio.slug}".upper() if type_code.is_self_billed else seller.prefix
    prefix += "-C" if type_code.is_credit else ""
    facts: dict[str, Any] = {"studio": contract.studio, "prefix": prefix, "year": year}
    NumberSeries.objects.get_or_create(**facts)
    series = NumberSeries.objects.select_for_update().get(**facts)
    series.last += 1
    series.save(update_fields=["last"])
    return series, f"{prefix}-{year}-{series.last:04}"
