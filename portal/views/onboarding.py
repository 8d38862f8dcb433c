"""A new studio's first quarter of an hour: the path, and the ground floor's own steps (screens.md, Onboarding)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import ModelForm
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import StudioRequest, studio_view
from portal.changes import changed_values, record_change
from portal.models import Location, Studio
from portal.onboarding import path
from portal.onboarding.forms import PlaceForm, StudioForm, ZoneForm
from portal.onboarding.registry import step_of
from portal.preferences.changing import locked
from portal.preferences.places import zones
from portal.preferences.registry import Scope
from portal.preferences.since import KIND
from portal.roles import Preset, Right
from portal.signals import zone_changed
from portal.staff import invitations
from portal.staff.forms import InviteForm
from portal.staff.rules import StaffRefused
from portal.staff.words import WHY_WORDS

FORM = ["GET", "HEAD", "POST"]


@studio_view(Right.MANAGE_SETTINGS)
@require_safe
def start(request: StudioRequest) -> HttpResponse:
    """The whole path, with percentages; everything can be left and resumed."""
    _whole_studio(request)
    return render(request, "portal/start.html", {"path": path.path_of(request.studio)})


@studio_view(Right.MANAGE_SETTINGS)
@require_POST
def start_skip(request: StudioRequest, step: str) -> HttpResponse:
    _whole_studio(request)
    found = step_of(step)
    if found is None:
        raise Http404
    path.skip(request.studio, step, by=request.login, now=timezone.now())
    messages.success(request, _("%(step)s: passed over. You can do it at any time.") % {"step": found.title})
    return on(request)


@studio_view(Right.MANAGE_SETTINGS)
@require_POST
def start_done(request: StudioRequest, step: str) -> HttpResponse:
    """Somebody says so; for what no table can tell."""
    _whole_studio(request)
    if step_of(step) is None:
        raise Http404
    path.say_done(request.studio, step, by=request.login, now=timezone.now())
    return on(request)


@studio_view(Right.MANAGE_SETTINGS)
@require_POST
def start_dismiss(request: StudioRequest) -> HttpResponse:
    _whole_studio(request)
    path.dismiss(request.studio, by=request.login, now=timezone.now())
    messages.success(request, _("Put away. You find it again under Settings."))
    return redirect("portal:studio", request.studio.slug)


@studio_view(Right.MANAGE_SETTINGS)
@require_POST
def start_resume(request: StudioRequest) -> HttpResponse:
    _whole_studio(request)
    path.resume(request.studio, by=request.login, now=timezone.now())
    return redirect("portal:start", request.studio.slug)


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(FORM)
def start_studio(request: StudioRequest) -> HttpResponse:
    """Name, language, and the zone of the first location."""
    _whole_studio(request)
    with transaction.atomic():
        studio, place = _held(request) if request.method == "POST" else (request.studio, _first(request.studio))
        given = request.POST if request.method == "POST" else None
        forms: list[ModelForm] = [StudioForm(given, instance=studio)]
        if place is not None:
            forms.append(ZoneForm(given, instance=place))
        wrong = [form for form in forms if not form.is_valid()]  # all are asked, so that all say what is wrong
        if given is not None and not wrong:
            for form in forms:
                _save(request, form)
            path.say_done(studio, "studio", by=request.login, now=timezone.now())
            return on(request)
    context = {"forms": forms, "zones": zones(), "lead": _("This stands in the head of each page and in mails.")}
    return step_page(request, "studio", "portal/start_form.html", context)


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(FORM)
def start_locations(request: StudioRequest) -> HttpResponse:
    """The address of the first location; more of them have their page in the settings."""
    _whole_studio(request)
    with transaction.atomic():
        _studio, place = _held(request) if request.method == "POST" else (request.studio, _first(request.studio))
        if place is None:
            return redirect("portal:settings_location_add", request.studio.slug)
        form = PlaceForm(request.POST if request.method == "POST" else None, instance=place)
        if form.is_bound and form.is_valid():
            _save(request, form)
            return on(request)
    others = [one for one in request.studio.locations.in_order() if one.pk != place.pk]
    return step_page(request, "locations", "portal/start_locations.html", {"forms": [form], "others": others})


@studio_view(Right.MANAGE_SETTINGS)
@require_safe
def start_people(request: StudioRequest) -> HttpResponse:
    """The roads by which people come in; each is a page of its own."""
    _whole_studio(request)
    return step_page(request, "people", "portal/start_people.html", {"number": request.studio.members.count()})


@studio_view(Right.MANAGE_SETTINGS)
@require_http_methods(FORM)
def start_desk(request: StudioRequest) -> HttpResponse:
    """Invite the desk; who may not give logins asks for one on the page of the staff."""
    _whole_studio(request)
    if not request.may(Right.MANAGE_LOGINS):
        return redirect("portal:staff_ask", request.studio.slug)
    given = request.POST if request.method == "POST" else None
    form = InviteForm(given, studio=request.studio, initial={"preset": Preset.DESK})
    if form.is_bound and form.is_valid():
        wanted, origin = form.wanted(), request.build_absolute_uri("/")
        try:
            invitations.invite(request.studio, wanted, by=request.login, now=timezone.now(), origin=origin)
        except StaffRefused as error:
            form.add_error(None, str(WHY_WORDS[error.why]))
        else:
            messages.success(request, _("A mail with a link is on its way to %(email)s.") % {"email": wanted.email})
            return on(request)
    return step_page(request, "desk", "portal/start_desk.html", {"forms": [form]})


def step_page(request: StudioRequest, word: str, template: str, context: dict[str, Any]) -> HttpResponse:
    """A step's page, beside the path; 422 where one of its forms has errors."""
    way = path.path_of(request.studio)
    here = next(one for one in way.steps if one.step.word == word)
    failed = any(form.errors for form in context.get("forms", ()))
    return render(request, template, {**context, "path": way, "here": here}, status=422 if failed else 200)


def on(request: StudioRequest) -> HttpResponse:
    """To the next open step; to the overview after the last."""
    way = path.path_of(request.studio)
    if way.progress.is_complete or way.next is None:
        return redirect("portal:start", request.studio.slug)
    return redirect(way.next.step.url_name, request.studio.slug)


def _whole_studio(request: StudioRequest) -> None:
    """A login that is pinned to locations does not set up the studio; a studio for practice needs no setting up."""
    if request.login.locations.exists() or request.studio.is_practice:
        raise PermissionDenied


def _first(studio: Studio) -> Location | None:
    return studio.locations.in_order().first()


def _held(request: StudioRequest) -> tuple[Studio, Location | None]:
    studio = locked(Scope(request.studio, None, [])).studio
    return studio, _first(studio)


def _save(request: StudioRequest, form: ModelForm) -> None:
    """Write what differs, and the log. A valid form has its row changed already, so the old one is read again."""
    row, now = form.instance, timezone.now()
    old = type(row).objects.get(pk=row.pk)
    before, after = changed_values(old, row, list(form.fields))
    if not after:
        return
    row.save(update_fields=list(after))
    record_change(row, KIND, studio=request.studio, by=request.login, now=now, before=before, after=after)
    if "zone" in after:
        zone_changed.send(Location, location=row, before=before["zone"], by=request.login, now=now)
