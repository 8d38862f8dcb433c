"""Closing days: those that are set, a form for more, and the public holidays of the next twelve months."""

from datetime import date, timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.access import StudioRequest, locations_for, studio_view
from portal.models import ClosingDays, Location
from portal.once import once
from portal.preferences import changing
from portal.preferences.closing_form import ClosingDaysForm
from portal.preferences.places import public_holidays
from portal.preferences.registry import Scope, preview_of
from portal.roles import Right

YEAR = timedelta(days=365)


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def settings_closing_days(request: StudioRequest) -> HttpResponse:
    places, now = locations_for(request.login), timezone.now()
    previewing = request.POST.get("step") == "preview"
    pinned = request.login.locations.exists()
    closing = ClosingDays(studio=request.studio)
    wanted = {name: request.GET.get(name, "")[:100] for name in ("first_on", "last_on", "reason")}
    form = ClosingDaysForm(request.POST or None, instance=closing, places=places, pinned=pinned, initial=wanted)
    if request.method == "POST":
        form = ClosingDaysForm(request.POST, instance=closing, places=places, pinned=pinned)
        if form.is_valid() and not previewing:
            with transaction.atomic():
                changing.add_closing_days(closing, by=request.login, now=now)
            messages.success(request, _("Closed. The schedule leaves these days out."))
            return redirect("portal:settings_closing_days", request.studio.slug)
    scope = Scope(request.studio, None, places)
    complete = form.is_bound and form.is_valid()
    today = min((place.local_day(now) for place in places), default=now.date())
    context = {
        "form": form,
        "preview": preview_of("closing_days", scope, closing, now) if complete else None,
        "previewing": previewing,
        "closing_days": request.studio.closing_days.filter(last_on__gte=today - YEAR).select_related("location"),
        "today": today,
        "places": places,
        "pinned": pinned,
        "holidays": next_holidays(places, today),
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[request.studio.slug]))],
    }
    template = "portal/settings_closing_days.html" + ("#previews" if previewing and request.htmx else "")
    return render(request, template, context, status=422 if form.errors and not previewing else 200)


def next_holidays(places: list[Location], today: date) -> list[tuple[date, str, list[Location]]]:
    """Public holidays of the next twelve months: day, name, the locations that have it."""
    found: dict[tuple[date, str], list[Location]] = {}
    for place in places:
        for day, name in public_holidays(place, today, today + YEAR):
            found.setdefault((day, name), []).append(place)
    return [(day, name, found[day, name]) for day, name in sorted(found)]


@studio_view(Right.MANAGE_SETTINGS)
@require_POST
def settings_closing_days_remove(request: StudioRequest, closing: int) -> HttpResponse:
    """Open again. A login that is pinned cannot open what is closed for the whole studio."""
    found = get_object_or_404(request.studio.closing_days, pk=closing)
    if request.login.locations.exists():
        if found.location_id is None:
            raise PermissionDenied
        get_object_or_404(request.login.locations, pk=found.location_id)
    with transaction.atomic():
        changing.remove_closing_days(found, by=request.login, now=timezone.now())
    messages.success(request, _("%(reason)s: not closed any more.") % {"reason": found.reason})
    return redirect("portal:settings_closing_days", request.studio.slug)
