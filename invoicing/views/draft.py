"""The running month as the invoice that it would be now, each line opening its visits (N8)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from invoicing import rules
from invoicing.rules import Kind
from invoicing.rules.totals import Entry
from invoicing.selectors import visits as seen
from invoicing.selectors.listing import OpenMonth
from invoicing.views.invoice import LineRow, line_asked, visit_row, why_asked
from invoicing.views.listing import zone_of
from invoicing.views.running import running_month
from invoicing.views.why import why_of
from invoicing.words import line_about, line_name
from marketplace.models import Contract
from portal.access import StudioRequest, studio_view
from portal.roles import Right


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def draft(request: StudioRequest, month: date, marketplace: str) -> HttpResponse:
    """What would be issued now; a month that is issued leads to its invoice."""
    now, zone = timezone.now(), zone_of(request)
    contract = contract_of(request, marketplace, month)
    if month > rules.month_of(now.astimezone(zone).date()):
        raise Http404
    issued = request.studio.invoices.filter(contract=contract, month=month, corrects=None, replaces=None).first()
    if issued is not None:
        return redirect("invoicing:invoice", request.studio.slug, issued.number)
    attempt = contract.attempts.filter(month=month).first()
    running = running_month(request.studio, OpenMonth(contract, month, attempt), now=now, zone=zone)
    entries = {key_of(line): line for line in running.draft.lines}
    chosen = line_asked(request)
    # A line that is gone is no mistake of the reader: drafts change while they are looked at.
    part = _visits(request, contract, month, chosen, entries[chosen], now=now) if chosen in entries else {}
    if part and request.htmx and not request.htmx.boosted:
        return render(request, "invoicing/invoice_visits.html", part | {"currency": contract.currency})
    context = {
        "running": running,
        "contract": contract,
        "month": month,
        "lines": _rows(contract, month, running.draft.lines),
        "is_self_billed": running.draft.issuer == "marketplace",
        "crumbs": [(_("Invoices"), reverse("invoicing:invoices", args=[request.studio.slug]))],
    }
    return render(request, "invoicing/draft.html", context | part)


def contract_of(request: StudioRequest, marketplace: str, month: date) -> Contract:
    """The connection's contract that held in that month, the newest; of several, `?contract=` names one. Raises
    Http404."""
    connection = get_object_or_404(request.studio.connections, marketplace=marketplace)
    contracts = connection.contracts.select_related("connection__marketplace", "studio")
    found = contracts.filter(terms__first_on__lte=rules.last_day(month)).distinct().order_by("-pk")
    holding = [one for one in found if one.ends_on is None or one.ends_on >= month]
    if not holding:
        raise Http404
    return next((one for one in holding if str(one.pk) == request.GET.get("contract")), holding[0])


def key_of(line: Entry) -> str:
    """Names a line of a draft in an address, as long as it is the same clause, month and price."""
    sign = "-" if line.quantity < 0 else ""
    return f"{sign}{line.kind}.{line.because}.{line.month:%Y-%m}.{line.terms}.{line.price}.{line.tax_rate}"


def _rows(contract: Contract, month: date, lines: tuple[Entry, ...]) -> list[LineRow]:
    versions = seen.versions_of(contract)
    return [
        LineRow(
            key=key_of(line),
            name=line_name(line.kind, line.because),
            about=line_about(*versions[line.terms], line.month, month, taken_back=line.quantity < 0),
            quantity=line.quantity,
            price=line.price,
            net=line.net,
            is_adjustment=line.month != month,
            is_unpaid=line.price == Decimal(0),
            has_visits=line.kind is not Kind.FLAT,
        )
        for line in lines
    ]


def _visits(
    request: StudioRequest, contract: Contract, month: date, key: str, line: Entry, *, now: datetime
) -> dict[str, Any]:
    numbers = range(abs(line.quantity)) if line.kind is not Kind.FLAT else range(0)
    page = Paginator(numbers, seen.PER_PAGE).get_page(request.GET.get("page"))
    rows = seen.drafted_on(contract, month, line, first=max(page.start_index() - 1, 0), now=now) if numbers else []
    return {
        "line_key": key,
        "line_name": line_name(line.kind, line.because),
        "page": page,
        "visits": [visit_row(row) for row in rows],
        **why_asked(request, rows, lambda row: why_of(contract, row, now=now)),
    }
