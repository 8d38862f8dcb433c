"""What is done with a connection by a button: tested, paused, resumed, ended (I1, Q26)."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from marketplace import actions, words
from marketplace.actions.pinging import ping
from marketplace.adapters import UnknownAdapter
from marketplace.models import Connection
from marketplace.selectors.connecting import booked_ahead
from marketplace.views.connections import back, find_connection, whole_studio
from portal.access import StudioRequest, studio_view
from portal.roles import Right


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def test(request: StudioRequest, marketplace: str) -> HttpResponse:
    """Call the marketplace once; nothing changes by it."""
    found = find_connection(request, marketplace)
    name = {"name": found.marketplace.name}
    try:
        done = ping(found, now=timezone.now())
    except UnknownAdapter:
        messages.warning(request, _("This release of Tresen does not speak with %(name)s.") % name)
        return back(request, found)
    told = {**name, "milliseconds": done.milliseconds, "text": done.text}
    if done.is_well:
        messages.success(request, _("%(name)s answers, after %(milliseconds)d ms.") % told)
    else:
        messages.error(request, _("%(name)s did not take the test call: %(text)s") % told)
    return back(request, found)


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def pause(request: StudioRequest, marketplace: str) -> HttpResponse:
    whole_studio(request)
    found = actions.pause(find_connection(request, marketplace), by=request.login, now=timezone.now())
    said = _("Paused: nothing more is sold there.")
    messages.success(request, f"{said} {stay_words(found)}".strip())
    return back(request, found)


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_POST
def resume(request: StudioRequest, marketplace: str) -> HttpResponse:
    whole_studio(request)
    found = find_connection(request, marketplace)
    try:
        actions.resume(found, by=request.login, now=timezone.now())
    except actions.NotReady as refusal:
        told = {"missing": words.missing_words(refusal.missing)}
        messages.error(request, _("Still paused. Missing: %(missing)s.") % told)
    else:
        messages.success(request, _("Live again: what may be sold is on its way."))
    return back(request, found)


@studio_view(Right.MANAGE_CONNECTIONS, post=Right.MANAGE_CONNECTIONS, real=True)
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: StudioRequest, marketplace: str) -> HttpResponse:
    """Asks first: what is sold ends at once, what was booked stays."""
    whole_studio(request)
    found = find_connection(request, marketplace)
    if request.method != "POST":
        return render(request, "marketplace/end.html", {"connection": found, "stay": stay_words(found)})
    ended = actions.end(found, by=request.login, now=timezone.now())
    if ended.state == Connection.State.ENDED:
        messages.success(request, _("The connection has ended."))
    else:
        said = _("Nothing more is sold there.")
        messages.success(request, f"{said} {stay_words(found)}".strip())
    return back(request, found)


def stay_words(found: Connection) -> str:
    """Who is booked through it and keeps the place (Q26); "" for nobody."""
    number = booked_ahead(found, now=timezone.now())
    if not number:
        return ""
    text = ngettext("%(number)d booking through %(name)s stays.", "%(number)d bookings through %(name)s stay.", number)
    return text % {"number": number, "name": found.marketplace.name}
