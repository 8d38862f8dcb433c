"""The studio's locations: the list, one of them, a new one."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import StudioRequest, locations_for, studio_view
from portal.locations import ALL
from portal.models import Location
from portal.once import once
from portal.preferences import changing, places
from portal.preferences.forms import SettingsForm
from portal.preferences.groups import LOCATION_SETTINGS, LOCATIONS
from portal.preferences.registry import Scope
from portal.roles import Right
from portal.views.settings import change, place_of


@studio_view(Right.MANAGE_SETTINGS)
@require_safe
def settings_locations(request: StudioRequest) -> HttpResponse:
    slug = request.studio.slug
    context = {
        "places": locations_for(request.login),
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[slug]))],
        "may_add": not request.login.locations.exists(),
    }
    return render(request, "portal/settings_locations.html", context)


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_location(request: StudioRequest, location: int) -> HttpResponse:
    place = place_of(request, location)
    scope = Scope(request.studio, place, [place])
    form = changing.form_for(LOCATIONS, scope, LOCATION_SETTINGS)
    if request.method == "POST":
        form, answer = change(request, LOCATIONS, scope)
        if answer:
            return answer
    return _show(request, form, scope)


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def settings_location_add(request: StudioRequest) -> HttpResponse:
    """A new location; one that is pinned to some of them cannot make another."""
    if request.login.locations.exists():
        raise PermissionDenied
    studio, existing = request.studio, list(request.studio.locations.in_order())
    first = existing[0] if existing else Location()
    place = Location(studio=studio, zone=first.zone, country=first.country, region=first.region, position=len(existing))
    scope = Scope(studio, place, existing)
    if request.method != "POST":
        return _show(request, changing.form_for(LOCATIONS, scope, LOCATION_SETTINGS), scope)
    with transaction.atomic():
        scope = changing.locked(scope)
        form = changing.form_for(LOCATIONS, scope, LOCATION_SETTINGS, request.POST)
        if not form.is_valid() or request.POST.get("step") == "preview":
            return _show(request, form, scope)
        slug = free_slug(form.cleaned_data["name"], set(studio.locations.values_list("slug", flat=True)))
        changing.add_location(form, slug=slug, by=request.login, now=timezone.now())
    return redirect("portal:settings_locations", studio.slug)


def free_slug(name: str, taken: set[str]) -> str:
    """A word for addresses that no other location of the studio has: "centrum", "centrum-2"."""
    word = slugify(name)[:40] or "location"
    number, slug = 1, word
    while slug in taken | {ALL}:
        number += 1
        slug = f"{word}-{number}"
    return slug


def _show(request: StudioRequest, form: SettingsForm, scope: Scope) -> HttpResponse:
    slug, place = request.studio.slug, form.before
    previewing = request.POST.get("step") == "preview"
    context = {
        "form": form,
        "group": LOCATIONS,
        "scope": scope,
        "place": place if place.pk else None,
        "rows": form.rows(timezone.now()),
        "may_change": True,
        "zone": scope.locations[0].zone if scope.locations else "UTC",
        "zones": places.zones(),
        "crumbs": [
            (_("Settings"), reverse("portal:settings", args=[slug])),
            (_("Locations"), reverse("portal:settings_locations", args=[slug])),
        ],
        "previewing": previewing,
    }
    template = "portal/settings_location.html" + ("#previews" if previewing and request.htmx else "")
    return render(request, template, context, status=422 if form.errors and not previewing else 200)
