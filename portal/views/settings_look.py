"""How the studio looks: its logo and its colour, with what the colour is worth on light and on dark paper."""

from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.access import StudioRequest, View, locations_for, studio_view
from portal.models import Studio
from portal.preferences import changing, colours
from portal.preferences.look_form import ColourForm, LogoForm
from portal.preferences.registry import Scope
from portal.preferences.since import since
from portal.roles import Right

LOGO_AGE = 30 * 86_400  # seconds


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def settings_look(request: StudioRequest) -> HttpResponse:
    logo, colour = LogoForm(), ColourForm(saved=request.studio.brand_colour)
    step = request.POST.get("step", "") if request.method == "POST" else ""
    if step == "preview":
        colour = ColourForm(request.POST, saved=request.studio.brand_colour)
    elif request.method == "POST":
        if request.login.locations.exists():
            raise PermissionDenied
        with transaction.atomic():
            studio = changing.locked(Scope(request.studio, None, [])).studio
            logo, colour, saved = _posted(request, studio, step)
        if saved:
            return redirect("portal:settings_look", request.studio.slug)
    return _show(request, logo, colour, previewing=step == "preview")


def _posted(request: StudioRequest, studio: Studio, step: str) -> tuple[LogoForm, ColourForm, bool]:
    """Both forms, and whether the one that was sent is saved."""
    logo, colour = LogoForm(), ColourForm(saved=studio.brand_colour)
    if step == "logo":
        logo = LogoForm(request.POST, request.FILES)
        if logo.is_valid():
            return logo, colour, _set(request, studio, "logo", logo.cleaned_data["logo"])
    elif step == "remove_logo":
        return logo, colour, _set(request, studio, "logo", "")
    else:
        colour = ColourForm(request.POST, saved=studio.brand_colour)
        if colour.is_valid():
            return logo, colour, _set(request, studio, "brand_colour", colour.cleaned_data["brand_colour"])
    return logo, colour, False


def _set(request: StudioRequest, studio: Studio, name: str, value: Any) -> bool:
    old = studio.logo.name if name == "logo" else ""
    changing.set_look(studio, name, value, by=request.login, now=timezone.now())
    if old and old != studio.logo.name:
        transaction.on_commit(lambda: default_storage.delete(old))
    messages.success(request, _("Saved. It holds from now on."))
    return True


def _show(request: StudioRequest, logo: LogoForm, colour: ColourForm, *, previewing: bool) -> HttpResponse:
    studio = request.studio
    typed = colour.cleaned_data.get("brand_colour", "") if colour.is_bound and colour.is_valid() else ""
    shown = typed if colour.is_bound else studio.brand_colour
    places = locations_for(request.login)
    context = {
        "logo": logo,
        "colour": colour,
        "shown": shown,
        "on": colours.on(shown) if shown else "",
        "grounds": colours.grounds(shown) if shown else (),
        "changes": since(studio, studio, ["logo", "brand_colour"]),
        "zone": places[0].zone if places else "UTC",
        "may_change": not request.login.locations.exists(),
        "crumbs": [(_("Settings"), reverse("portal:settings", args=[studio.slug]))],
        "previewing": previewing,
    }
    template = "portal/settings_look.html" + ("#previews" if previewing and request.htmx else "")
    wrong = (logo.errors or colour.errors) and not previewing
    return render(request, template, context, status=422 if wrong else 200)


def _kept(view: View) -> View:
    """This browser alone may keep the answer: a new logo has a new address."""

    @wraps(view)
    def answered(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(*args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            response.headers["Cache-Control"] = f"private, max-age={LOGO_AGE}"
            del response.headers["Expires"]
        return response

    return answered


@_kept
@studio_view(None)
@require_safe
def logo(request: StudioRequest) -> HttpResponse:
    """The studio's logo, for those who may be there; 204 when there is none."""
    if not request.studio.logo:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    try:
        with request.studio.logo.open("rb") as file:
            content = file.read()
    except FileNotFoundError:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return HttpResponse(content, content_type="image/png", headers={"Content-Disposition": "inline"})
