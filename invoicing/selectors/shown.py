"""What other apps' screens show of invoices: figures of months and of single reservations, no words."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection as database
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from invoicing import rules
from invoicing.models import BilledVisit, Invoice
from invoicing.rules import Because
from invoicing.selectors.delta import ADJUSTED
from invoicing.selectors.figures import FIGURES
from invoicing.selectors.parties import home_of
from marketplace.models import Visit
from portal.models import Location, Studio


class How(StrEnum):
    """How far a month is: running, over and not issued yet, issued, or long over without anything to bill."""

    OPEN = "open"
    CLOSING = "closing"
    ISSUED = "issued"
    NOTHING = "nothing"


@dataclass
class Month:
    """`amounts`: net, by currency, of what is billed or, where nothing is yet, of what would be."""

    how: How
    # Of what stands issued for it.
    numbers: list[str] = field(default_factory=list)
    additional: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


# All that was billed for a month, by whatever invoice, less what credits took back; whole, or of some locations.
_BILLED = """
SELECT line.month, invoice.currency,
       sum(CASE WHEN line.kind = 'additional' THEN line.quantity ELSE 0 END * side.sign),
       sum(line.net * side.sign)
  FROM invoicing_invoiceline line
  JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
  CROSS JOIN LATERAL (SELECT CASE WHEN invoice.corrects_id IS NULL THEN 1 ELSE -1 END AS sign) side
 WHERE invoice.studio_id = %(studio)s AND line.month >= %(first)s AND line.month < %(after)s
 GROUP BY 1, 2
"""
_BILLED_THERE = """
SELECT billed.month, invoice.currency,
       sum(CASE WHEN billed.kind <> 'additional' THEN 0 WHEN billed.reverses_id IS NULL THEN 1 ELSE -1 END),
       sum(billed.amount)
  FROM invoicing_billedvisit billed
  JOIN invoicing_invoice invoice ON invoice.id = billed.invoice_id
  JOIN marketplace_visit visit ON visit.id = billed.visit_id
  JOIN bookings_reservation booked ON booked.id = visit.reservation_id
 WHERE invoice.studio_id = %(studio)s AND billed.month >= %(first)s AND billed.month < %(after)s
   AND booked.location_id = ANY(%(locations)s)
 GROUP BY 1, 2
"""
# What contracts' months without an invoice come to as things are.
_TO_BILL = (
    FIGURES
    + """
SELECT figures.month, contract.currency, count(*) FILTER (WHERE figures.kind = 'additional'), sum(figures.amount)
  FROM figures JOIN marketplace_contract contract ON contract.id = figures.contract
 WHERE figures.location = ANY(%(locations)s)
   AND NOT EXISTS (SELECT FROM invoicing_invoice invoice
                    WHERE invoice.contract_id = figures.contract AND invoice.month = figures.month
                      AND invoice.corrects_id IS NULL)
 GROUP BY 1, 2
"""
)


def months(
    studio: Studio, locations: Collection[Location], first: date, after: date, *, now: datetime
) -> dict[date, Month] | None:
    """From `first` to before `after`, of visits at these locations; None: the studio has no contract. Six queries.

    A flat rate is of the whole studio, so it is in the amounts only where no location is left out.
    """
    if not studio.contracts.exists():
        return None
    home, places = home_of(studio.pk), [place.pk for place in locations]
    this = rules.month_of(now.astimezone(home.tz).date()) if home else rules.month_of(now.date())
    is_whole = set(places) >= set(studio.locations.values_list("pk", flat=True))
    issued: dict[date, list[str]] = defaultdict(list)
    standing_ones = Invoice.objects.standing().filter(studio=studio, month__gte=first, month__lt=after)
    for month, number in standing_ones.order_by("id").values_list("month", "number"):
        issued[month].append(number)
    facts: dict[str, Any] = {"studio": studio.pk, "locations": places, "first": first, "after": after, "now": now}
    rows = _rows(_BILLED if is_whole else _BILLED_THERE, facts)
    # What is older is issued, or nobody bills it by itself any more.
    recent = max(first, rules.month_before(this, ADJUSTED))
    if recent < after:
        connections = list(studio.connections.values_list("pk", flat=True))
        rows += _rows(_TO_BILL, facts | {"first": recent, "connections": connections})
    found: dict[date, Month] = {}
    month = first
    while month < after:
        found[month] = Month(_how(month, this, issued), issued.get(month, []))
        month = rules.next_month(month)
    for month, currency, additional, amount in rows:
        found[month].additional += additional
        found[month].amounts[currency] += amount
        if found[month].how is How.NOTHING:
            found[month].how = How.CLOSING
    return found


def _how(month: date, this: date, issued: Collection[date]) -> How:
    if month in issued:
        return How.ISSUED
    return How.OPEN if month >= this else How.CLOSING if month == rules.month_before(this) else How.NOTHING


def standing(studio: Studio, reservations: Collection[int]) -> dict[int, str]:
    """By the reservation's key, the number of the invoice that it stands billed on, paid or not. One query."""
    rows = BilledVisit.objects.standing().filter(studio=studio, visit__reservation__in=list(reservations))
    return dict(rows.values_list("visit__reservation", "invoice__number"))


@dataclass(frozen=True)
class OfReservation:
    """A visit of a reservation. `number`: of the invoice on which it stands, "" on none yet; `because` and `amount`:
    what it stands billed for there."""

    reservation: int
    visit: int
    number: str
    because: str
    amount: Decimal | None

    @property
    def is_unpaid(self) -> bool:
        """Billed at 0.00, and no flat rate pays for it."""
        return self.amount == 0 and self.because != Because.FLAT_RATE


def visits_of(studio: Studio, reservations: Collection[int]) -> list[OfReservation]:
    """The marketplaces' visits of these reservations, with what stands billed for them. One query."""
    billed = BilledVisit.objects.standing().filter(visit=OuterRef("pk"))
    visits = Visit.objects.filter(studio=studio, reservation__in=list(reservations)).annotate(
        number=Coalesce(Subquery(billed.values("invoice__number")[:1]), Value("")),
        because=Coalesce(Subquery(billed.values("because")[:1]), Value("")),
        amount=Subquery(billed.values("amount")[:1]),
    )
    return [OfReservation(*row) for row in visits.values_list("reservation", "pk", "number", "because", "amount")]


def all_issued(studio: Studio, month: date) -> bool:
    """Whether no contract that may have visits of the month is without its invoice. One query."""
    open_ones = studio.contracts.exclude(invoices__month=month).filter(terms__first_on__lt=rules.next_month(month))
    return not open_ones.exclude(ends_on__lt=month).exists()


def _rows(sql: str, facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql, facts)
        return cursor.fetchall()
