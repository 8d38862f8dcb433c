"""A new studio's first timetable and first package (screens.md, Onboarding, 3 and 4)."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import formset_factory
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings.actions import Refused
from bookings.actions.linking import Links, links_of, plan_links, save_links
from bookings.actions.offering import offer
from bookings.models import HUES
from bookings.schedule_forms.start import FirstClassForm, FirstPackageForm
from bookings.words import refusal_words
from packages.actions import make_package
from portal.access import StudioRequest, studio_view
from portal.onboarding import path
from portal.once import once
from portal.roles import Right
from portal.views.onboarding import on, step_page

FORM = ["GET", "HEAD", "POST"]
ROWS = 3
WEEKS = 26  # for which a first series is made; it can be made longer
FREE = "free"


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SETTINGS)
@require_http_methods(FORM)
@once
def start_timetable(request: StudioRequest) -> HttpResponse:
    """Three classes; all of them are made, or none."""
    _whole_studio(request)
    rows = formset_factory(FirstClassForm, extra=ROWS, max_num=ROWS, absolute_max=ROWS)
    given = request.POST if request.method == "POST" else None
    classes = rows(given, form_kwargs={"studio": request.studio})
    trouble = ""
    if given is not None and classes.is_valid():
        filled = [form for form in classes if form.is_filled]
        if not filled:
            trouble = _("Please fill in one class at least, or pass this step over.")
        else:
            try:
                made = _make_classes(request, filled, timezone.now())
            except Refused as refusal:
                trouble = refusal_words(refusal.decision, filled[0].place)
            else:
                words = ngettext(
                    "%(number)d class is in the schedule.", "%(number)d classes are in the schedule.", made
                )
                messages.success(request, words % {"number": made})
                return on(request)
    context: dict[str, Any] = {"classes": classes, "trouble": trouble, "weeks": WEEKS}
    return _page(request, "timetable", context, failed=bool(trouble or any(classes.errors)))


@studio_view(Right.MANAGE_PACKAGES, post=Right.MANAGE_SETTINGS)
@require_http_methods(FORM)
@once
def start_packages(request: StudioRequest) -> HttpResponse:
    """A first package for all classes, or everything free for now (K2)."""
    _whole_studio(request)
    given, now = request.POST if request.method == "POST" else None, timezone.now()
    if given is not None and given.get("how") == FREE:
        path.say_done(request.studio, "packages", by=request.login, now=now)
        messages.success(request, _("Everything is free: anyone can book. Packages can be added at any time."))
        return on(request)
    form = FirstPackageForm(given, initial={"name": _("5 visits"), "uses": 5, "weeks": 10})
    if form.is_bound and form.is_valid():
        if request.studio.packages.filter(name=form.cleaned_data["name"]).exists():
            form.add_error("name", _("There is a package with this name already."))
        else:
            _sell(request, form, now)
            return on(request)
    context = {"form": form, "items": request.studio.calendar_items.filter(archived_at=None).count()}
    return _page(request, "packages", context, failed=bool(form.errors))


@transaction.atomic
def _make_classes(request: StudioRequest, filled: list[FirstClassForm], now: datetime) -> int:
    path.begin(request.studio, now=now)
    for number, form in enumerate(filled):
        first_on = form.place.local_day(now)
        item = form.item(request.studio, colour=number * 5 % HUES)
        offer(item, form.dates(item, first_on, first_on + timedelta(weeks=WEEKS)), by=request.login, now=now)
    return len(filled)


@transaction.atomic
def _sell(request: StudioRequest, form: FirstPackageForm, now: datetime) -> None:
    """Put it on sale for every class. Nothing becomes free by it, so there is nothing to be agreed to but the paid."""
    path.begin(request.studio, now=now)
    name = form.cleaned_data["name"]
    package = make_package(request.studio, name=name, terms=form.terms, by=request.login, now=now)
    items = list(request.studio.calendar_items.filter(archived_at=None).values_list("pk", flat=True))
    seen = links_of(items)
    wanted = Links(seen.pairs | {(item, package.pk) for item in items}, seen.closed)
    agreed = plan_links(request.studio, seen=seen, wanted=wanted, now=now).agreed_as
    save_links(request.studio, seen=seen, wanted=wanted, agreed=agreed, by=request.login, now=now)
    words = ngettext(
        "%(name)s is on sale, for %(number)d class.", "%(name)s is on sale, for %(number)d classes.", len(items)
    )
    messages.success(request, words % {"name": name, "number": len(items)})


def _page(request: StudioRequest, word: str, context: dict[str, Any], *, failed: bool) -> HttpResponse:
    response = step_page(request, word, f"bookings/start_{word}.html", context)
    if failed:
        response.status_code = 422
    return response


def _whole_studio(request: StudioRequest) -> None:
    if request.login.locations.exists() or request.studio.is_practice or not request.may(Right.MANAGE_SETTINGS):
        raise PermissionDenied
