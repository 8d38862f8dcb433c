"""What a contract's next invoice would hold: what its visits are worth now, less what was billed for them before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection as database

from invoicing.models import BilledVisit, Invoice, IssueAttempt
from invoicing.rules import Because, Kind, month_before, month_of, next_month
from invoicing.rules.totals import Entry
from invoicing.selectors.figures import FIGURES, Figure, figures
from marketplace.models import Contract, Visit

# So many earlier months are compared with what was billed for them; later changes need a correction (Q31).
ADJUSTED = 3

# `entries`: a row for each visit that is new (+1) or taken back (-1); one that changed is both. Further parameters:
# contract; months, whose visits may be billed now.
DELTA = f"""{FIGURES}
, wanted AS (
  SELECT * FROM figures WHERE contract = %(contract)s AND kind <> 'to_come' AND month = ANY(%(months)s)
), heads AS (
  -- The newest row of each visit, and whether it was reversed.
  SELECT DISTINCT ON (billed.visit_id) billed.*, invoice.contract_id AS contract,
         EXISTS (SELECT FROM invoicing_billedvisit back WHERE back.reverses_id = billed.id) AS reversed
    FROM invoicing_billedvisit billed
    JOIN invoicing_invoice invoice ON invoice.id = billed.invoice_id
   WHERE billed.reverses_id IS NULL AND invoice.connection_id = ANY(%(connections)s) AND billed.id IN (
           SELECT row.id FROM wanted JOIN invoicing_billedvisit row ON row.visit_id = wanted.visit
           UNION ALL
           SELECT row.id FROM invoicing_invoice held JOIN invoicing_billedvisit row ON row.invoice_id = held.id
            WHERE held.contract_id = %(contract)s AND row.month = ANY(%(months)s))
   ORDER BY billed.visit_id, billed.id DESC
), pairs AS (
  SELECT wanted.visit, wanted.studio, wanted.month, wanted.day, wanted.kind, wanted.because, wanted.terms,
         wanted.amount, wanted.tax_category, wanted.tax_rate,
         heads.id AS head, heads.contract AS billed_by, heads.reversed, heads.visit_id AS billed_visit,
         heads.studio_id AS billed_studio, heads.month AS billed_month, heads.day AS billed_day,
         heads.kind AS billed_kind, heads.because AS billed_because, heads.terms_id AS billed_terms,
         heads.amount AS billed_amount, heads.tax_category AS billed_category, heads.tax_rate AS billed_rate,
         (wanted.kind, wanted.amount, wanted.tax_category, wanted.tax_rate) IS DISTINCT FROM
         (heads.kind, heads.amount, heads.tax_category, heads.tax_rate) AS differs
    FROM wanted FULL JOIN heads ON heads.visit_id = wanted.visit
), entries AS MATERIALIZED (
  SELECT visit, studio, month, day, kind, because, terms, amount, tax_category, tax_rate, 1 AS sign,
         NULL::bigint AS reverses, head AS replaces
    FROM pairs
   WHERE visit IS NOT NULL AND (head IS NULL OR reversed OR (differs AND billed_by = %(contract)s))
  UNION ALL
  SELECT billed_visit, billed_studio, billed_month, billed_day, billed_kind, billed_because, billed_terms,
         billed_amount, billed_category, billed_rate, -1, head, NULL
    FROM pairs
   WHERE head IS NOT NULL AND NOT reversed AND differs AND billed_by = %(contract)s
)
"""  # noqa: S608 - put together from texts of ours
# The order of lines: of the month before those of earlier ones, paid before unpaid, then as people count visits.
_KINDS = ["flat", "check_in", "additional", "no_show", "late_cancel"]
ORDER = (
    f"month = %(month)s DESC, month DESC, sign DESC, amount = 0, array_position(ARRAY{_KINDS}, kind::text), because,"
    " terms, amount DESC, tax_category, tax_rate"
)
LINE = "month, sign, kind, because, terms, amount, tax_category, tax_rate"
_GROUPED = f"SELECT {LINE}, count(*) FROM entries GROUP BY {LINE} ORDER BY {ORDER}"  # noqa: S608 - all ours


@dataclass(frozen=True)
class Changed:
    """A visit that is no longer worth what was billed for it. `before` None: not billed yet; `after` None: nothing."""

    visit: int
    before: BilledVisit | None
    after: Figure | None

    @property
    def difference(self) -> Decimal:
        """Net."""
        return (self.after.amount if self.after else Decimal(0)) - (self.before.amount if self.before else Decimal(0))


def asked(contract: Contract, month: date, months: Collection[date], *, now: datetime) -> dict[str, Any]:
    """The parameters of DELTA for these months of a contract; `month` is the one that is issued."""
    return {
        "connections": [contract.connection_id],
        "contract": contract.pk,
        "month": month,
        "months": sorted(months),
        "first": min(months),
        "after": next_month(max(months)),
        "now": now,
    }


def entries_of(contract: Contract, month: date, months: Collection[date], *, now: datetime) -> list[Entry]:
    """The lines that an invoice of `month` would have now, in their order, without its flat rate. One query."""
    with database.cursor() as cursor:
        cursor.execute(DELTA + _GROUPED, asked(contract, month, months, now=now))
        rows = cursor.fetchall()
    return [
        Entry(
            kind=Kind(kind),
            because=Because(because),
            month=of,
            terms=terms,
            quantity=sign * number,
            price=amount,
            tax_category=category,
            tax_rate=rate,
        )
        for of, sign, kind, because, terms, amount, category, rate, number in rows
    ]


def billable_months(contract: Contract, month: date) -> list[date]:
    """The month, and the earlier ones that are settled: issued, or tried and found without a visit. Two queries."""
    earliest = month_before(month, ADJUSTED)
    issued = Invoice.objects.filter(contract=contract, month__gte=earliest, month__lt=month, corrects=None)
    empty = IssueAttempt.objects.filter(contract=contract, month__gte=earliest, month__lt=month, obstacles=[])
    return sorted({month, *issued.values_list("month", flat=True), *empty.values_list("month", flat=True)})


def changed_since(invoice: Invoice, *, now: datetime) -> list[Changed]:
    """The visits of the invoice's month that are worth something else than what stands billed for them (Q31).

    Judged as the next invoice judges them. A visit that was billed for this month and whose class is in another one by
    now, or the other way round, is compared all the same. In the order of their days. Six queries at most.
    """
    month = invoice.month
    first = min(billable_months(invoice.contract, next_month(month)))
    of = BilledVisit.objects.standing().filter(invoice__contract=invoice.contract_id)
    billed = {row.visit_id: row for row in of.filter(month=month)}
    worth = {one.visit: one for one in _worth(invoice, min(first, month), next_month(month), now=now)}
    worth = {visit: one for visit, one in worth.items() if one.month == month}
    elsewhere = of.filter(visit__in=worth.keys() - billed.keys())
    here = worth.keys() - set(elsewhere.values_list("visit", flat=True))
    if moved := billed.keys() - worth.keys():
        worth |= {
            one.visit: one for day in _months_of(moved) for one in _worth(invoice, day, next_month(day), moved, now=now)
        }
    found = [
        Changed(visit, billed.get(visit), worth.get(visit))
        for visit in billed.keys() | here
        if _said(billed.get(visit)) != _said(worth.get(visit))
    ]
    return sorted(found, key=lambda one: (_day(one), one.visit))


def _worth(
    invoice: Invoice, first: date, after: date, only: Collection[int] | None = None, *, now: datetime
) -> list[Figure]:
    return [
        one
        for one in figures(invoice.connection_id, first, after, now=now, only=only)
        if one.contract == invoice.contract_id and one.kind is not Kind.TO_COME
    ]


def _months_of(visits: Collection[int]) -> set[date]:
    """The local months in which their classes are now."""
    starts = Visit.objects.filter(pk__in=visits).exclude(reservation=None).select_related("reservation__location")
    places = [(one.reservation.location, one.reservation.starts_at) for one in starts if one.reservation]
    return {month_of(place.local_day(starts_at)) for place, starts_at in places}


def _said(one: BilledVisit | Figure | None) -> tuple[str, Decimal, str | None, Decimal | None] | None:
    return (str(one.kind), one.amount, one.tax_category, one.tax_rate) if one else None


def _day(one: Changed) -> date:
    either = one.after or one.before
    assert either is not None  # noqa: S101 - one of them differs from the other
    return either.day
