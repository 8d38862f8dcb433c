"""The visits on a line of an invoice, issued or as a draft, a page at a time, with who came to which class."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

from django.db import connection as database
from django.db.models import Count, QuerySet

from invoicing.models import BilledVisit, Invoice, InvoiceLine
from invoicing.rules import Because, Kind
from invoicing.rules.totals import Entry
from invoicing.selectors.delta import DELTA, asked, billable_months
from marketplace.models import Contract, Visit

PER_PAGE = 100
BATCH = 500
# What a row names.
JOINED = (
    "guest",
    "reservation__member",
    "reservation__location",
    "reservation__session__item",
)


@dataclass(frozen=True)
class LineVisit:
    """A visit as it stands on a line: what it was and by which clause, net; a reversal takes away."""

    visit: Visit
    day: date
    kind: Kind
    because: Because
    amount: Decimal
    taken_back: bool = False


def billed_on(line: InvoiceLine) -> QuerySet[BilledVisit]:
    """The line's visits in the order of their classes."""
    return line.visits.order_by("day", "visit__reservation__starts_at", "visit")


def named(visits: Collection[int]) -> dict[int, Visit]:
    """Those visits (keys) with what they name, by key. One query."""
    return Visit.objects.select_related(*JOINED).in_bulk(visits)


def with_visits(rows: Iterable[BilledVisit]) -> list[LineVisit]:
    """Those rows with what they name. One query."""
    billed = list(rows)
    visits = named([row.visit_id for row in billed])
    return [
        LineVisit(
            visits[row.visit_id],
            row.day,
            Kind(row.kind),
            Because(row.because),
            row.amount,
            row.reverses_id is not None,
        )
        for row in billed
    ]


def all_of(invoice: Invoice) -> Iterator[tuple[InvoiceLine, LineVisit]]:
    """Every visit on the invoice with its line, read in batches: line by line, in the order of the classes."""
    lines = {line.pk: line for line in invoice.lines.select_related("terms")}
    rows = (
        invoice.visits.order_by("line__position", "day", "visit__reservation__starts_at", "visit")
        .select_related(None)
        .iterator(chunk_size=BATCH)
    )
    while batch := list(islice(rows, BATCH)):
        for row, seen in zip(batch, with_visits(batch), strict=True):
            yield lines[row.line_id], seen


def held_before(invoice: Invoice) -> dict[int, tuple[int, str]]:
    """By line (key), how many of its visits have no row on this invoice, and the number of the one that has them.

    Only a credit or a replacement has such lines: what other invoices took back meanwhile, or it took back itself,
    stays where it was.
    """
    before = _before(invoice)
    if not before:
        return {}
    lines = InvoiceLine.objects.filter(invoice__in=[invoice, *before]).exclude(kind=Kind.FLAT)
    rows = list(lines.annotate(rows=Count("visits")))
    holding = {(line.invoice_id, _clause(line)) for line in rows if line.rows}
    found = {}
    for line in rows:
        if line.invoice_id == invoice.pk and line.rows != abs(line.quantity):
            holder = next((one for one in before if (one.pk, _clause(line)) in holding), before[0])
            found[line.pk] = (abs(line.quantity) - line.rows, holder.number)
    return found


def _before(invoice: Invoice) -> list[Invoice]:
    """What it corrects or replaces, what that replaced, and so on."""
    found, one = [], invoice.corrects or invoice.replaces
    while one is not None:
        found.append(one)
        one = one.replaces
    return found


def _clause(line: InvoiceLine) -> tuple[object, ...]:
    return (line.kind, line.because, line.month, line.terms_id, line.price, line.tax_category, line.tax_rate,
            line.quantity < 0)  # fmt: skip


# The draft's twin of `billed_on`: what would stand on the line now.
_ON_LINE = (
    DELTA
    + """
SELECT visit, day, sign, amount FROM entries
 WHERE (month, sign, kind, because, terms, amount, tax_category, tax_rate)
     = (%(of)s, %(sign)s, %(kind)s, %(because)s, %(terms)s, %(price)s, %(category)s, %(rate)s)
 ORDER BY day, visit LIMIT %(limit)s OFFSET %(offset)s
"""
)


def drafted_on(
    contract: Contract, month: date, line: Entry, *, first: int, now: datetime, most: int = PER_PAGE
) -> list[LineVisit]:
    """The visits that would stand on this line of the draft, from number `first` (0: the first) on. Four queries."""
    months = billable_months(contract, month)
    facts = asked(contract, month, months, now=now) | {
        "of": line.month,
        "sign": -1 if line.quantity < 0 else 1,
        "kind": line.kind,
        "because": line.because,
        "terms": line.terms,
        "price": line.price,
        "category": line.tax_category,
        "rate": line.tax_rate,
        "limit": most,
        "offset": first,
    }
    with database.cursor() as cursor:
        cursor.execute(_ON_LINE, facts)
        rows: Sequence[tuple[int, date, int, Decimal]] = cursor.fetchall()
    visits = named([row[0] for row in rows])
    return [
        LineVisit(visits[visit], day, line.kind, line.because, sign * amount, sign < 0)
        for visit, day, sign, amount in rows
    ]


def versions_of(contract: Contract) -> dict[int, tuple[int, date]]:
    """The number of each version of the contract's terms (key), by its first day, and that day."""
    found = contract.terms.order_by("first_on", "id").values_list("pk", "first_on")
    return {key: (number, first_on) for number, (key, first_on) in enumerate(found, 1)}
