"""Closing a month: what is still to be settled before it is invoiced, and who signed that it may be (N8)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.words import day_and_clock
from invoicing import rules
from invoicing.actions import closing as actions
from invoicing.closing_words import NOT_SIGNED, points, window_words
from invoicing.plans.closing import blocked
from invoicing.rules import Obstacle
from invoicing.selectors.closing import Checklist, checklist
from invoicing.selectors.listing import Months
from invoicing.words import month_words
from portal.access import StudioRequest, studio_view
from portal.models import Location
from portal.roles import Right

TEMPLATE = "invoicing/close.html"


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def close(request: StudioRequest, month: date) -> HttpResponse:
    """The checklist of a month that has begun, live until it is issued."""
    now = timezone.now()
    places = _begun(request, month, now)
    found = checklist(request.studio, month, now=now)
    context = _context(request, found, places, now) | {
        "crumbs": [(_("Invoices"), reverse("invoicing:invoices", args=[request.studio.slug]))],
        "previous_month": rules.month_before(month),
        "next_month": rules.next_month(month) if _has_begun(rules.next_month(month), places, now) else None,
    }
    return render(request, TEMPLATE, context)


@studio_view(Right.CLOSE_MONTHS, hidden=True)
@require_POST
def close_sign(request: StudioRequest, month: date) -> HttpResponse:
    """Sign by name. Twice is once; signing issues nothing early."""
    now = timezone.now()
    _begun(request, month, now)
    try:
        signed = actions.sign(request.studio, month, by=request.login, now=now)
    except actions.NotSigned as refused:
        messages.error(request, str(NOT_SIGNED[refused.reason]))
    else:
        words = {"month": month_words(month), "name": signed.name}
        messages.success(request, _("%(month)s is signed by %(name)s.") % words)
    return redirect("invoicing:close", request.studio.slug, month)


@studio_view(Right.CLOSE_MONTHS, hidden=True)
@require_POST
def close_take_back(request: StudioRequest, month: date) -> HttpResponse:
    """Until the month is issued."""
    now = timezone.now()
    _begun(request, month, now)
    try:
        was_signed = actions.take_back(request.studio, month, by=request.login, now=now)
    except actions.NotSigned as refused:
        messages.error(request, str(NOT_SIGNED[refused.reason]))
    else:
        if was_signed:
            messages.success(request, _("The signature of %(month)s is taken back.") % {"month": month_words(month)})
    return redirect("invoicing:close", request.studio.slug, month)


def closing_context(
    request: StudioRequest, months: Months, known: Mapping[tuple[int, date], Sequence[Obstacle]], *, now: datetime
) -> dict[str, Any]:
    """For `invoicing/_closing.html`, one line on the page of invoices: how far the checklist of the month before is, or
    of the running one where that is issued. Nothing where no contract holds. `known`: what stands in the way of the
    drafts that the page shows, by contract and month."""
    places = list(request.studio.locations.in_order())
    if not places or not months.open:
        return {"closing": None}
    this = rules.month_of(places[0].local_day(now))
    before = rules.month_before(this)
    month = before if any(one.month == before for one in months.open) else this
    found = {contract: obstacles for (contract, of), obstacles in known.items() if of == month}
    return {"closing": _context(request, checklist(request.studio, month, now=now), places, now, found)}


def _context(
    request: StudioRequest,
    found: Checklist,
    places: list[Location],
    now: datetime,
    known: Mapping[int, Sequence[Obstacle]] | None = None,
) -> dict[str, Any]:
    home = places[0]
    listed = points(found, blocked(request.studio, found.month, known, now=now), request.studio.slug)
    signed = found.closing
    return {
        "month": found.month,
        "month_words": month_words(found.month),
        "found": found,
        "points": listed,
        "open": sum(not one.is_done for one in listed),
        "windows": [(window_words(one), one.is_open) for one in found.windows],
        "any_open": any(one.is_open for one in found.windows),
        "issue_at": day_and_clock(rules.issue_at(found.month, home.tz), home),
        "signed_at": day_and_clock(signed.signed_at, home) if signed else "",
        "may_sign": request.may(Right.CLOSE_MONTHS),
    }


def _begun(request: StudioRequest, month: date, now: datetime) -> list[Location]:
    """The studio's locations; raises Http404 for a month that has begun nowhere, and for a studio without any."""
    places = list(request.studio.locations.in_order())
    if not places or not _has_begun(month, places, now):
        raise Http404
    return places


def _has_begun(month: date, places: list[Location], now: datetime) -> bool:
    return any(month <= place.local_day(now) for place in places)
