"""Staff logins: who may come in, as what, and what was done about it (P18, Q37)."""

from copy import copy
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import StudioRequest, locations_for, say_taken_back, studio_view
from portal.changes import changed_values, record_change
from portal.models import StaffLogin
from portal.people import hue, initials
from portal.roles import Right
from portal.staff import desk, logins, pins, selectors, sessions
from portal.staff.forms import DeskForm, RightsForm
from portal.staff.rules import StaffRefused
from portal.staff.words import WHY_WORDS


def zone_of(request: StudioRequest) -> str:
    """A login belongs to no location: its times are told as at the first one that the reader sees."""
    places = locations_for(request.login)
    return places[0].zone if places else "UTC"


def refused(request: StudioRequest, error: StaffRefused) -> None:
    messages.error(request, str(WHY_WORDS[error.why]))


@studio_view(Right.REQUEST_LOGINS)
@require_safe
def staff(request: StudioRequest) -> HttpResponse:
    """Everybody with a login, what waits for an answer, and what each preset may do."""
    return _staff_page(request, DeskForm(instance=request.studio))


def _staff_page(request: StudioRequest, form: DeskForm, *, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    now, people = timezone.now(), list(selectors.people(request.studio))
    invitations = list(selectors.open_invitations(request.studio))
    wishes = list(selectors.open_wishes(request.studio))
    context = {
        "rows": [
            {
                "login": one,
                "initials": initials(one.user.name),
                "hue": hue(one.user.name),
                "pin": getattr(one, "pin", None),
            }
            for one in people
        ],
        "is_alone": len(people) == 1 and not invitations and not wishes,
        "invitations": [
            {"row": one, "is_late": one.is_late(now), "has_run_out": one.has_run_out(now)} for one in invitations
        ],
        "wishes": wishes,
        "answers": selectors.answered_wishes(request.login),
        "removed": selectors.removed(request.studio),
        "presets": selectors.presets(),
        "rights": selectors.rights_table(),
        "may_manage": request.may(Right.MANAGE_LOGINS),
        "own": request.login,
        "form": form,
        "zone": zone_of(request),
    }
    return render(request, "portal/staff.html", context, status=status)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_desk(request: StudioRequest) -> HttpResponse:
    """When the desk locks by itself, and who needs two steps."""
    before = copy(request.studio)
    form = DeskForm(request.POST, instance=request.studio)
    if not form.is_valid():
        return _staff_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    studio = form.save()
    old, new = changed_values(before, studio, list(form.fields))
    if new:
        record_change(studio, "changed", studio=studio, by=request.login, now=timezone.now(), before=old, after=new)
    messages.success(request, _("Saved."))
    return redirect("portal:staff", request.studio.slug)


def _login(request: StudioRequest, pk: int) -> StaffLogin:
    return get_object_or_404(selectors.people(request.studio), pk=pk)


@studio_view(Right.MANAGE_LOGINS)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_login(request: StudioRequest, login: int) -> HttpResponse:
    """One person's login: rights, sessions, PIN, log."""
    found, now = _login(request, login), timezone.now()
    initial = {
        "preset": found.preset,
        "locations": found.locations.all(),
        "teaches_as": getattr(found, "teacher", None),
    }
    posted = request.POST if request.method == "POST" else None
    form = RightsForm(posted, studio=request.studio, login=found, initial=initial)
    if posted is not None and form.is_valid():
        try:
            logins.change(found, **form.chosen(), by=request.login, now=now)
        except StaffRefused as error:
            form.add_error(None, str(WHY_WORDS[error.why]))
        else:
            messages.success(request, _("Saved. It holds from the next click of this person on."))
            return redirect("portal:staff_login", request.studio.slug, found.pk)
        found = _login(request, login)
    context: dict[str, Any] = {
        "found": found,
        "pin": getattr(found, "pin", None),
        "form": form,
        "initials": initials(found.user.name),
        "hue": hue(found.user.name),
        "devices": sessions.devices(found.user, now=now, this=request.session.session_key),
        "changes": selectors.changes_of(found),
        "can_look_through": found.is_active and found.pk != request.login.pk and desk.may_look_through(request.login),
        "zone": zone_of(request),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "portal/staff_login.html", context, status=status)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_active(request: StudioRequest, login: int) -> HttpResponse:
    """Switch a login off or on."""
    found, is_on = _login(request, login), request.POST.get("on") == "1"
    try:
        logins.switch(found, on=is_on, by=request.login, now=timezone.now())
    except StaffRefused as error:
        refused(request, error)
    else:
        say_taken_back(request)
    return redirect("portal:staff_login", request.studio.slug, found.pk)


@studio_view(Right.MANAGE_LOGINS)
@require_http_methods(["GET", "HEAD", "POST"])
def staff_remove(request: StudioRequest, login: int) -> HttpResponse:
    """Asks first: a removed person has to be invited again."""
    found = _login(request, login)
    if request.method != "POST":
        return render(request, "portal/staff_remove.html", {"found": found})
    try:
        logins.remove(found, by=request.login, now=timezone.now())
    except StaffRefused as error:
        refused(request, error)
        return redirect("portal:staff_login", request.studio.slug, found.pk)
    messages.success(
        request, _("%(name)s has no login here any more. The log keeps the name.") % {"name": found.user.name}
    )
    return redirect("portal:staff", request.studio.slug)


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_sessions_end(request: StudioRequest, login: int) -> HttpResponse:
    """Log this person out of one browser, or of all of them."""
    found, now = _login(request, login), timezone.now()
    ended = end_sessions(request, found, but=request.session.session_key)
    if ended:
        record_change(found, "sessions_ended", studio=request.studio, by=request.login, now=now, after={"count": ended})
    return redirect("portal:staff_login", request.studio.slug, found.pk)


def end_sessions(request: StudioRequest, login: StaffLogin, *, but: str | None) -> int:
    """End the session named by the form, or all with none named; say so. The asking browser stays logged in."""
    given = request.POST.get("session", "")
    ids = [int(given)] if given.isdecimal() and len(given) < 19 else None if not given else []
    ended = sessions.end(login.user, ids=ids, now=timezone.now(), but=but)
    words = ngettext("%(count)d session was ended.", "%(count)d sessions were ended.", ended)
    messages.success(request, words % {"count": ended})
    return ended


@studio_view(None, post=Right.MANAGE_LOGINS)
@require_POST
def staff_pin_remove(request: StudioRequest, login: int) -> HttpResponse:
    found = _login(request, login)
    pins.remove_pin(found, by=request.login, now=timezone.now())
    messages.success(request, _("The PIN is gone. Only its person can set a new one."))
    return redirect("portal:staff_login", request.studio.slug, found.pk)
