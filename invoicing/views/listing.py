"""The studio's invoices: months that run as drafts with a forecast, and what was issued (P8-P10, N8)."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from invoicing import rules
from invoicing.actions import ISSUE
from invoicing.models import Invoice, IssueAttempt
from invoicing.rules.answers import WAITS, Stand
from invoicing.rules.payouts import PayoutState
from invoicing.selectors import listing as listed
from invoicing.selectors.payouts import Standing, standings_of
from invoicing.views.closing import closing_context
from invoicing.views.running import running_months
from marketplace.models import Connection
from portal.access import StudioRequest, locations_for, studio_view
from portal.jobs.progress import progress_of
from portal.roles import Right
from portal.sorting import Column, Head, in_order

PER_PAGE = 100
WAITING = "waiting"  # beside the states of payouts: what somebody has to answer
ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """One line of the list: an invoice, or a month of a contract that had no visits (`invoice` None).

    Numbers of a credit are below zero: it takes away.
    """

    month: date
    connection: Connection
    invoice: Invoice | None = None
    attempt: IssueAttempt | None = None
    places: str = ""
    payout: Standing | None = None
    stand: Stand = Stand.OPEN
    has_pdf: bool = False

    @property
    def sign(self) -> int:
        return -1 if self.invoice and self.invoice.is_credit else 1

    def number(self, name: str) -> Any:
        """A figure of the invoice with its sign; None where there is none."""
        return None if self.invoice is None else self.sign * getattr(self.invoice, name)

    check_ins = property(lambda self: self.number("check_ins"))
    additional = property(lambda self: self.number("additional"))
    no_shows = property(lambda self: self.number("no_shows"))
    late_cancels = property(lambda self: self.number("late_cancels"))
    adjustments = property(lambda self: self.number("adjustments"))
    net = property(lambda self: self.number("net"))
    tax = property(lambda self: self.number("tax"))
    gross = property(lambda self: self.number("gross"))

    @property
    def waits(self) -> bool:
        return self.stand in WAITS


@dataclass
class Year:
    """The sums of a year's invoices in one currency."""

    year: int
    currency: str
    invoices: int = 0
    sums: dict[str, Any] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        self.invoices += 1
        for name in ("check_ins", "additional", "no_shows", "late_cancels", "adjustments", "net", "tax", "gross"):
            self.sums[name] = self.sums.get(name, 0) + getattr(row, name)


@dataclass(frozen=True)
class Filters:
    """What the address narrows the list to."""

    marketplace: str = ""
    year: int | None = None
    state: str = ""

    @property
    def any(self) -> bool:
        return bool(self.marketplace or self.year or self.state)

    def keep(self, row: Row) -> bool:
        return (
            self.marketplace in ("", row.connection.marketplace_id)
            and self.year in (None, row.month.year)
            and (not self.state or (row.waits if self.state == WAITING else _state_of(row) == self.state))
        )


@dataclass(frozen=True)
class Listing:
    """Everything that the studio has, and what of it the address asks for, in its order."""

    everything: list[Row]
    rows: list[Row]
    heads: list[Head]
    filters: Filters
    years: list[Year]
    # Columns that say something of some row: additional workouts and no-shows "where they apply" (P9).
    applies: dict[str, bool]

    @property
    def marketplaces(self) -> list[Connection]:
        found = {row.connection.marketplace_id: row.connection for row in self.everything}
        return [found[key] for key in sorted(found)]

    @property
    def before_numbers(self) -> int:
        """Columns between a row's name and its figures."""
        return 1 + (self.applies["marketplace"] or self.applies["places"])

    @property
    def rest(self) -> int:
        """Columns that a month without visits has nothing for; payout and document are two."""
        return len(self.heads) - self.applies["marketplace"]

    @property
    def several_currencies(self) -> bool:
        return len({year.currency for year in self.years}) > 1

    @property
    def all_years(self) -> list[int]:
        return sorted({row.month.year for row in self.everything}, reverse=True)

    @property
    def states(self) -> list[PayoutState]:
        there = {_state_of(row) for row in self.everything}
        return [state for state in PayoutState if state in there]


def listing_of(request: StudioRequest, months: listed.Months, *, today: date) -> Listing:
    """The list as the address has it. Raises Http404 for a filter that names nothing."""
    filters, everything = _filters(request), _rows(request, months, today=today)
    kept = [row for row in everything if filters.keep(row)]
    applies = {
        name: any(getattr(row, name) for row in kept)
        for name in ("additional", "no_shows", "late_cancels", "adjustments", "tax")
    }
    applies["places"] = request.studio.locations.count() > 1
    applies["marketplace"] = len({row.connection.pk for row in everything}) > 1
    rows, heads = in_order(request, kept, _columns(applies), default="-month")
    return Listing(everything, rows, heads, filters, _years(kept), applies)


def zone_of(request: StudioRequest) -> ZoneInfo:
    """In whose clock months end: the studio's first location."""
    place = next(iter(locations_for(request.login)), None)
    return place.tz if place else ZoneInfo("UTC")


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def invoices(request: StudioRequest) -> HttpResponse:
    now, zone = timezone.now(), zone_of(request)
    today = now.astimezone(zone).date()
    months = listed.months_without_invoice(request.studio, now=now, zone=zone)
    listing = listing_of(request, months, today=today)
    page = Paginator(listing.rows, PER_PAGE).get_page(request.GET.get("page"))
    context: dict[str, Any] = {
        "running": running_months(request.studio, months.open, now=now, zone=zone),
        "listing": listing,
        "page": page,
        "progress": progress_of(ISSUE, request.studio),
        "waiting": WAITING,
        "waits": sum(row.waits for row in listing.everything),
        "this_month": rules.month_of(today),
        "may_export": request.may(Right.EXPORT),
        "may_close": request.may(Right.CLOSE_MONTHS),
        "zip_years": sorted({row.month.year for row in listing.everything if row.invoice}, reverse=True),
    }
    known = {(one.open.contract.pk, one.month): one.obstacles for one in context["running"]}
    context |= closing_context(request, months, known, now=now)
    return render(request, "invoicing/invoices.html", context)


def _rows(request: StudioRequest, months: listed.Months, *, today: date) -> list[Row]:
    found = list(request.studio.invoices.select_related("connection__marketplace").defer("snapshot"))
    keys = [invoice.pk for invoice in found]
    places = listed.locations_of(request.studio, keys)
    payouts = standings_of(found, today=today)
    stands, made = listed.stands_of(keys), listed.with_pdf(keys)
    rows = [
        Row(
            invoice.month,
            invoice.connection,
            invoice,
            places=", ".join(place.name for place in places[invoice.pk]) or _("none"),
            payout=payouts.get(invoice.pk),
            stand=stands[invoice.pk],
            has_pdf=invoice.pk in made,
        )
        for invoice in found
    ]
    rows += [Row(one.month, one.contract.connection, attempt=one.attempt) for one in months.empty]
    return sorted(rows, key=lambda row: (row.month, row.invoice.pk if row.invoice else 0), reverse=True)


def _years(rows: list[Row]) -> list[Year]:
    found: dict[tuple[int, str], Year] = {}
    for row in rows:
        if row.invoice is not None:
            key = (row.month.year, row.invoice.currency)
            found.setdefault(key, Year(*key)).add(row)
    return [found[key] for key in sorted(found, reverse=True)]


def _filters(request: StudioRequest) -> Filters:
    marketplace, year, state = (request.GET.get(name, "") for name in ("marketplace", "year", "state"))
    if state and state not in {*PayoutState, WAITING}:
        raise Http404
    if year and not (year.isdecimal() and len(year) == 4):
        raise Http404
    if marketplace and not request.studio.connections.filter(marketplace=marketplace).exists():
        raise Http404
    return Filters(marketplace, int(year) if year else None, state)


def _state_of(row: Row) -> PayoutState | None:
    return row.payout.state if row.payout else None


def _columns(applies: dict[str, bool]) -> list[Column]:
    """What the list can be sorted by, as far as it applies."""
    words = {
        "check_ins": _("Check-ins"),
        "additional": _("Additional"),
        "no_shows": _("No-shows"),
        "late_cancels": _("Late cancels"),
        "adjustments": _("Adjustments"),
        "gross": ", ".join([_("Total"), *([_("incl. VAT")] if applies["tax"] else [])]),
        "tax": _("VAT"),
    }
    columns = [
        Column("number", _("Number"), lambda row: row.invoice.number if row.invoice else None, numbers=False),
        Column("month", _("Month"), lambda row: (row.month, row.invoice.pk if row.invoice else 0), numbers=False),
    ]
    if applies["marketplace"]:
        columns.append(Column("marketplace", _("Marketplace"), lambda row: row.connection.marketplace.name, False))
    elif applies["places"]:
        columns.append(Column("places", _("Locations"), lambda row: row.places or None, numbers=False))
    columns += [
        Column(name, label, lambda row, name=name: getattr(row, name))  # type: ignore[misc]
        for name, label in words.items()
        if applies.get(name, True)
    ]
    return columns
