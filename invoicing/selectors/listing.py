"""The studio's invoices as a list, and the months that are not issued yet. Each function costs a fixed number of
queries, whatever the number of invoices."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection as database
from django.db.models import Min

from invoicing import rules
from invoicing.models import Invoice, InvoiceDocument, InvoiceEvent, IssueAttempt
from invoicing.rules.answers import Stand, stand
from marketplace.models import Contract
from portal.models import Location, Studio


@dataclass(frozen=True)
class OpenMonth:
    """A contract's month without an invoice. `attempt`: the last try to issue it, where one came to nothing."""

    contract: Contract
    month: date
    attempt: IssueAttempt | None = None


@dataclass(frozen=True)
class Months:
    """What is not issued, the oldest first; and months that are over and had no visits, the newest first."""

    open: list[OpenMonth] = field(default_factory=list)
    empty: list[OpenMonth] = field(default_factory=list)


def months_without_invoice(studio: Studio, *, now: datetime, zone: ZoneInfo) -> Months:
    """Of each live contract the running month, the one before it, and any older one that could not be issued."""
    this = rules.month_of(now.astimezone(zone).date())
    contracts = list(
        Contract.objects.filter(studio=studio)
        .exclude(connection__activated_at=None)
        .select_related("connection__marketplace")
        .annotate(begins_on=Min("terms__first_on"))
        .exclude(begins_on=None)
        .order_by("connection__marketplace__name", "pk")
    )
    attempts = {
        (one.contract_id, one.month): one for one in IssueAttempt.objects.filter(studio=studio, contract__in=contracts)
    }
    wanted = {(one.pk, month) for one in contracts for month in (this, rules.month_before(this)) if _holds(one, month)}
    issued = _issued(studio, wanted | set(attempts))
    by_key = {one.pk: one for one in contracts}
    for one in contracts:
        one.studio = studio
    found = Months()
    for key, month in sorted(
        wanted | set(attempts), key=lambda one: (one[1], by_key[one[0]].connection.marketplace_id)
    ):
        if (key, month) in issued:
            continue
        attempt = attempts.get((key, month))
        is_empty = attempt is not None and not attempt.obstacles and month < this
        (found.empty if is_empty else found.open).append(OpenMonth(by_key[key], month, attempt))
    found.empty.reverse()
    return found


def locations_of(studio: Studio, invoices: Collection[int]) -> dict[int, list[Location]]:
    """Where the visits on each invoice (keys) took place, in the studio's order of locations."""
    places = list(studio.locations.in_order())
    if len(places) == 1:
        return dict.fromkeys(invoices, places)
    with database.cursor() as cursor:
        cursor.execute(_WHERE, [list(invoices), [place.pk for place in places]])
        there = set(cursor.fetchall())
    return {one: [place for place in places if (one, place.pk) in there] for one in invoices}


# Asked of each invoice and location, so that it ends at the first visit that it finds.
_WHERE = """
SELECT invoice, place FROM unnest(%s::bigint[]) invoice CROSS JOIN unnest(%s::bigint[]) place
 WHERE EXISTS (
   SELECT FROM invoicing_billedvisit billed
     JOIN marketplace_visit visit ON visit.id = billed.visit_id
     JOIN bookings_reservation booked ON booked.id = visit.reservation_id
    WHERE billed.invoice_id = invoice AND booked.location_id = place)
"""


def stands_of(invoices: Collection[int]) -> dict[int, Stand]:
    """How the matter of each invoice (keys) stands between the studio and who wrote or pays it."""
    told: dict[int, list[str]] = {one: [] for one in invoices}
    kinds = [*Stand, InvoiceEvent.Kind.ANSWERED]
    events = InvoiceEvent.objects.filter(invoice__in=invoices, kind__in=kinds).order_by("id")
    for invoice, kind in events.values_list("invoice", "kind"):
        told[invoice].append(kind)
    return {invoice: stand(kinds) for invoice, kinds in told.items()}


def with_pdf(invoices: Collection[int]) -> set[int]:
    """Those whose PDF is made."""
    made = InvoiceDocument.objects.filter(invoice__in=invoices, kind="pdf")
    return set(made.values_list("invoice", flat=True))


def _holds(contract: Contract, month: date) -> bool:
    """Whether it holds on some day of the month, and the connection was live then."""
    begins: date = max(contract.begins_on, contract.connection.activated_at.date())  # type: ignore[attr-defined, union-attr]
    return begins <= rules.last_day(month) and (contract.ends_on is None or contract.ends_on >= month)


def _issued(studio: Studio, wanted: Iterable[tuple[int, date]]) -> set[tuple[int, date]]:
    months = {month for _contract, month in wanted}
    found = Invoice.objects.filter(studio=studio, month__in=months, corrects=None)
    return set(found.values_list("contract", "month"))
