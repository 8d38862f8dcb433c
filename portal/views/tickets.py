"""Questions to the operator: the contact form, the list, the thread, its files."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import StudioRequest, locations_for, studio_view
from portal.models import Ticket
from portal.once import once
from portal.roles import Right
from portal.support import tickets as actions
from portal.support.files import as_download
from portal.support.forms import MessageForm, TicketForm
from portal.support.whence import whence
from portal.views.support import crumbs, support_context

ON_A_PAGE = 50


@studio_view(None)
@require_http_methods(["GET", "HEAD", "POST"])
@once
def ticket_new(request: StudioRequest) -> HttpResponse:
    """Ask the operator. A form that is refused comes back with everything that was typed.

    A studio for practice is erased with all that it has: from there one asks in the name of the real one.
    """
    if request.studio.practice_of is not None:
        url = reverse("portal:ticket_new", args=[request.studio.practice_of.slug])
        return redirect(f"{url}?{request.META['QUERY_STRING']}".rstrip("?"))
    came_from = whence(request)
    if request.method != "POST":
        form = TicketForm.first(came_from, subject=request.GET.get("subject", ""))
        return _form(request, form)
    form = TicketForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, form)
    words = form.cleaned_data
    try:
        ticket = actions.open_ticket(
            request.login,
            subject=words["subject"],
            text=words["text"],
            about=form.about,
            files=words["attachments"],
            now=timezone.now(),
        )
    except actions.TooMany:
        form.add_error(None, _too_many())
        return _form(request, form)
    text = _("Sent. Your reference number is %(reference)s; it is mailed to you, too.")
    messages.success(request, text % {"reference": ticket.reference})
    return redirect("portal:ticket", request.studio.slug, ticket.reference)


@studio_view(None)
@require_safe
def tickets(request: StudioRequest) -> HttpResponse:
    """The questions that this login may see, the newest first."""
    found = actions.visible_to(request.login).select_related("login__user")
    came_from = whence(request)
    return render(
        request,
        "portal/tickets.html",
        support_context(request, came_from)
        | {
            "page": Paginator(found, ON_A_PAGE).get_page(request.GET.get("p")),
            "sees_all": request.may(Right.MANAGE_SETTINGS),
            "zone": _zone(request),
            "crumbs": crumbs(request, came_from),
        },
    )


@studio_view(None)
@require_safe
def ticket(request: StudioRequest, reference: str) -> HttpResponse:
    found = _ticket(request, reference)
    response = _thread(request, found, MessageForm())
    if not request.preview_until:
        actions.note_read(found, now=timezone.now())
    return response


@studio_view(None)
@require_POST
@once
def ticket_reply(request: StudioRequest, reference: str) -> HttpResponse:
    found = _ticket(request, reference)
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return _thread(request, found, form)
    words = form.cleaned_data
    try:
        actions.reply(found, login=request.login, text=words["text"], files=words["attachments"], now=timezone.now())
    except actions.TooMany:
        form.add_error(None, _too_many())
        return _thread(request, found, form)
    messages.success(request, _("Sent."))
    return redirect("portal:ticket", request.studio.slug, found.reference)


@studio_view(None)
@require_POST
def ticket_close(request: StudioRequest, reference: str) -> HttpResponse:
    found = _ticket(request, reference)
    if actions.close(found, by=request.login, now=timezone.now()):
        messages.success(request, _("The question is closed. You can open it again at any time."))
    return redirect("portal:ticket", request.studio.slug, found.reference)


@studio_view(None)
@require_POST
def ticket_reopen(request: StudioRequest, reference: str) -> HttpResponse:
    found = _ticket(request, reference)
    if actions.reopen(found, by=request.login, now=timezone.now()):
        messages.success(request, _("The question is open again."))
    return redirect("portal:ticket", request.studio.slug, found.reference)


@studio_view(None)
@require_safe
def ticket_file(request: StudioRequest, reference: str, ticket_file: int) -> HttpResponse:
    """An attachment, to be saved and never shown: what is in it is somebody else's."""
    file = actions.file_of(_ticket(request, reference), ticket_file)
    if file is None:
        raise Http404
    return as_download(file)


def _zone(request: StudioRequest) -> str:
    """In which the moments are written: that of the first location that this login sees."""
    return next((place.zone for place in locations_for(request.login)), "UTC")


def _ticket(request: StudioRequest, reference: str) -> Ticket:
    return get_object_or_404(actions.visible_to(request.login), reference=reference.upper())


def _form(request: StudioRequest, form: TicketForm) -> HttpResponse:
    came_from = whence(request)
    context: dict[str, Any] = {
        "form": form,
        "says_about": any(field.value() for field in form.facts) or any(field.errors for field in form.facts),
        "crumbs": crumbs(request, came_from),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "portal/ticket_new.html", support_context(request, came_from) | context, status=status)


def _thread(request: StudioRequest, found: Ticket, form: MessageForm) -> HttpResponse:
    written = actions.thread(found)
    listed = (_("Questions"), reverse("portal:tickets", args=[request.studio.slug]))
    context = {
        "ticket": found,
        "written": written,
        "zone": _zone(request),
        "form": form,
        "crumbs": [*crumbs(request, whence(request)), listed],
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    # A script is led on by the redirect of what it sent, as a browser is, so that a form sent twice is one (`once`).
    is_part = bool(request.htmx) and not request.htmx.boosted
    name = "portal/ticket.html#thread" if is_part else "portal/ticket.html"
    return render(request, name, context | {"is_part": is_part}, status=status)


def _too_many() -> str:
    return _(
        "Not sent: your studio has written very often within this hour. Your text is still here. Please send it in an"
        " hour, or write to us by mail."
    )
