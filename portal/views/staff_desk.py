"""Who stands at the desk: switch by PIN, lock, one's own account, and a look through another person's eyes."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import StudioRequest, studio_view
from portal.changes import record_change
from portal.operator import looking
from portal.people import hue, initials
from portal.roles import Right
from portal.staff import desk, pins, selectors, sessions
from portal.staff.forms import PinForm, TypePinForm
from portal.staff.pins import Tried
from portal.views import came_from, own_path
from portal.views.staff import end_sessions, zone_of


def _next(request: StudioRequest) -> str:
    """The page to go back to; never another host (S16)."""
    return came_from(request, default=reverse("portal:studio", args=[request.studio.slug]))


@sensitive_post_parameters("pin")
@studio_view(None, at_the_desk=True)
@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: StudioRequest) -> HttpResponse:
    """Say who you are: choose your name, type your PIN. While the desk is locked, every page leads here."""
    if request.method != "POST":
        return _switch_page(request, request.GET.get("person", ""), request.GET.get("next", ""))
    form = TypePinForm(request.POST)
    chosen = request.POST.get("person", "")
    back = request.POST.get("next", "")
    if not form.is_valid():
        return _switch_page(request, chosen, back, error=_("Type your PIN."))
    login = selectors.with_pin(request.studio).filter(pk=form.cleaned_data["person"]).first()
    if login is None:
        return _switch_page(request, "", back, error=_("This person has no PIN any more."))
    now = timezone.now()
    tried = pins.try_pin(login, form.cleaned_data["pin"], now=now)
    if tried.pin is None:
        return _switch_page(request, chosen, back, error=_wrong(tried))
    tried.pin.login = login
    desk.switch_in(request.session, tried.pin)
    return redirect(_next(request))


def _wrong(tried: Tried) -> str:
    if tried.locked_until is None:
        return _("This is not the PIN.")
    minutes = max(1, round((tried.locked_until - timezone.now()).total_seconds() / 60))
    words = ngettext(
        "Too many wrong tries: this PIN rests for %(minutes)d minute. The password still opens.",
        "Too many wrong tries: this PIN rests for %(minutes)d minutes. The password still opens.",
        minutes,
    )
    return words % {"minutes": minutes}


def _switch_page(request: StudioRequest, chosen: str, back: str, *, error: str = "") -> HttpResponse:
    back = own_path(back)
    people = [
        {
            "login": one,
            "initials": initials(one.user.name),
            "hue": hue(one.user.name),
            "key": str(at) if at < 10 else "",
        }
        for at, one in enumerate(selectors.with_pin(request.studio), start=1)
    ]
    person = next((one for one in people if str(one["login"].pk) == chosen), None)  # type: ignore[attr-defined]
    context = {
        "studio": request.studio,
        "is_locked": desk.is_locked(request.session),
        "people": people,
        "person": person,
        "back": back,
        "error": error,
        "query": urlencode({"next": back}) if back else "",
        "login_url": f"{reverse('account_login')}?{urlencode({'next': back or '/'})}",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(request, "portal/switch.html", context, status=status)


@studio_view(None, at_the_desk=True)
@require_POST
def lock(request: StudioRequest) -> HttpResponse:
    """Nobody acts until somebody says who they are."""
    back = _next(request)
    desk.lock(request.session, request.studio)
    return redirect(f"{reverse('portal:switch', args=[request.studio.slug])}?{urlencode({'next': back})}")


@studio_view(None, by_password=True)
@require_safe
def me(request: StudioRequest) -> HttpResponse:
    """One's own account: password, two steps, PIN, sessions."""
    return _me_page(request, PinForm())


def _me_page(request: StudioRequest, form: PinForm) -> HttpResponse:
    own = get_object_or_404(selectors.people(request.studio), pk=request.login.pk)
    context = {
        "own": own,
        "pin": getattr(own, "pin", None),
        "form": form,
        "devices": sessions.devices(own.user, now=timezone.now(), this=request.session.session_key),
        "zone": zone_of(request),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "portal/me.html", context, status=status)


@sensitive_post_parameters("pin", "again")
@studio_view(None, by_password=True)
@require_POST
def me_pin(request: StudioRequest) -> HttpResponse:
    form = PinForm(request.POST)
    if not form.is_valid():
        return _me_page(request, form)
    pins.set_pin(request.login, form.cleaned_data["pin"], now=timezone.now())
    messages.success(request, _("Your PIN is set. At the desk choose your name and type it."))
    return redirect("portal:me", request.studio.slug)


@studio_view(None, by_password=True)
@require_POST
def me_pin_remove(request: StudioRequest) -> HttpResponse:
    pins.remove_pin(request.login, by=request.login, now=timezone.now())
    messages.success(request, _("Your PIN is gone."))
    return redirect("portal:me", request.studio.slug)


@studio_view(None, by_password=True)
@require_POST
def me_sessions_end(request: StudioRequest) -> HttpResponse:
    end_sessions(request, request.login, but=request.session.session_key)
    return redirect("portal:me", request.studio.slug)


@studio_view(None, post=Right.MANAGE_LOGINS, by_password=True)
@require_POST
def staff_preview(request: StudioRequest, login: int) -> HttpResponse:
    """See what this person sees, for a quarter of an hour, and touch nothing (S25)."""
    found = get_object_or_404(selectors.people(request.studio), pk=login, is_active=True, user__is_active=True)
    if found.pk == request.login.pk or not desk.may_look_through(request.login):
        raise Http404
    now = timezone.now()
    record_change(found, "previewed", studio=request.studio, by=request.login, now=now)
    desk.start_preview(request.session, request.studio, found, now=now)
    return redirect("portal:studio", request.studio.slug)


@studio_view(None, at_the_desk=True)
@require_POST
def staff_preview_end(request: StudioRequest) -> HttpResponse:
    looking.leave(request)
    if request.looks_in:
        return redirect("admin:portal_studio_change", request.studio.pk)
    return redirect("portal:staff", request.studio.slug)
