"""What the counter does with one reservation: a POST each, with an action id, so that a retry is the same (Q17).

A script (`HX-Request`) gets the changed row, or the reason of a refusal with 409; a browser without script is led back
to its page with the same words as a message.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings import actions
from bookings.actions import ActionIdReused, Done, Refused
from bookings.forms import ActionForm
from bookings.models import Reservation, ReservationEvent
from bookings.selectors import one, roster
from bookings.selectors.reception import Meeting
from bookings.sources import NAMES
from bookings.views.check_ins import TEMPLATE, Viewer, row_of
from bookings.views.roster_rows import ROSTER, ROSTER_TEMPLATE, roster_row
from bookings.words import clock, refusal_words, warning_words
from portal.access import StudioRequest, studio_view
from portal.members.photos import kept_privately, photo_answer
from portal.roles import Right
from portal.views import came_from

Kind = ReservationEvent.Kind
Change = Callable[..., Done]

# What happened, once it has: the toast and the message.
_SAID: dict[str, Callable[[], str]] = {
    Kind.CHECKED_IN: lambda: _("%(name)s is in"),
    Kind.CHECK_IN_REVERTED: lambda: _("%(name)s: check-in taken back"),
    Kind.NO_SHOW: lambda: _("%(name)s did not come"),
    Kind.NO_SHOW_REVERTED: lambda: _("%(name)s: no-show taken back"),
    Kind.WITHDRAWN: lambda: _("%(name)s: booking taken back"),
    Kind.REINSTATED: lambda: _("%(name)s is booked again"),
    Kind.CANCELLED: lambda: _("%(name)s: cancelled"),
}
_NEED_BOOK = {Kind.RESERVED, Kind.CANCELLED}


@studio_view(None, post=Right.CHECK_IN)
@require_POST
def check_in(request: StudioRequest, reservation: int) -> HttpResponse:
    return change(request, visible(request, reservation), actions.check_in)


@studio_view(None, post=Right.REVERT)
@require_POST
def revert_check_in(request: StudioRequest, reservation: int) -> HttpResponse:
    return change(request, visible(request, reservation), actions.revert_check_in)


@studio_view(None, post=Right.CHECK_IN)
@require_POST
def mark_no_show(request: StudioRequest, reservation: int) -> HttpResponse:
    return change(request, visible(request, reservation), actions.mark_no_show)


@studio_view(None, post=Right.REVERT)
@require_POST
def revert_no_show(request: StudioRequest, reservation: int) -> HttpResponse:
    return change(request, visible(request, reservation), actions.revert_no_show)


@studio_view(None, post=Right.BOOK)
@require_POST
def withdraw(request: StudioRequest, reservation: int) -> HttpResponse:
    return change(request, visible(request, reservation), actions.withdraw)


@studio_view(None, post=Right.REVERT)
@require_POST
def undo(request: StudioRequest, event: int) -> HttpResponse:
    """Take one of the last actions back; a booking or its cancellation needs the right to book, too."""
    made = ReservationEvent.objects.filter(studio=request.studio, pk=event).first()
    if made is None:
        raise Http404
    made.reservation = visible(request, made.reservation_id)
    if made.kind in _NEED_BOOK and not request.may(Right.BOOK):
        raise PermissionDenied

    def take_back(reservation: Reservation, **by: Any) -> Done:
        return actions.undo(made, **by)

    return change(request, made.reservation, take_back)


@kept_privately
@studio_view(Right.VIEW_TODAY)
@require_safe
def reservation_photo(request: StudioRequest, reservation: int) -> HttpResponse:
    """The member's photo, for who may see this reservation; 204 when there is none."""
    return photo_answer(visible(request, reservation).member.photo)


def visible(request: StudioRequest, pk: int) -> Reservation:
    """The reservation, if this login may see its session (Q13, Q37). Raises Http404."""
    reservation = one.visible(request.login, pk)
    if reservation is None:
        raise Http404
    return reservation


def change(request: StudioRequest, reservation: Reservation, act: Change) -> HttpResponse:
    """Do it, and tell what came of it."""
    now, form = timezone.now(), ActionForm(request.POST)
    if not form.is_valid():
        words = _("Nothing was changed: the request was not whole. Please load the page again.")
        return _answer(request, reservation, words, status=HTTPStatus.BAD_REQUEST)
    try:
        done = act(reservation, action_id=form.cleaned_data["action_id"], by=request.login, now=now)
    except Refused as refused:
        words = refusal_words(refused.decision, reservation.location)
        return _answer(request, reservation, words, status=HTTPStatus.CONFLICT)
    except ActionIdReused:
        words = _("Nothing was changed: this button was used before. Please load the page again.")
        return _answer(request, reservation, words, status=HTTPStatus.CONFLICT)
    reservation = done.reservation
    notes = warning_words(done.decision, reservation.location)
    return _answer(request, reservation, ". ".join([_said(done), *notes]), done=done, warned=bool(notes))


def _said(done: Done) -> str:
    event, reservation = done.event, done.reservation
    name = reservation.member.name
    if done.repeated and event.kind in {Kind.CHECKED_IN, Kind.IMPORTED} and reservation.checked_in_at:
        by = event.by.user.get_short_name() if event.by else NAMES.get(event.by_word) or ""
        words = _("%(name)s is already in, %(time)s, %(by)s") if by else _("%(name)s is already in, %(time)s")
        return words % {"name": name, "time": clock(reservation.checked_in_at, reservation.location), "by": by}
    return _SAID[event.kind]() % {"name": name}


def _answer(
    request: StudioRequest,
    reservation: Reservation,
    words: str,
    *,
    done: Done | None = None,
    warned: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    """To a script the row as it is now, with the words; else a message on the page that the form came from."""
    if not request.htmx:
        level = messages.ERROR if done is None else messages.WARNING if warned else messages.SUCCESS
        messages.add_message(request, level, words)
        return redirect(came_from(request, default=reverse("bookings:check_ins", args=[request.studio.slug])))
    now = timezone.now()
    if done is None:  # somebody else may have changed it, which may be why
        reservation = visible(request, reservation.pk)
    meeting, viewer = Meeting(reservation.session, reservation.location, [], now), Viewer.of(request)
    undo_url = ""
    if done and not done.repeated and done.event.kind in viewer.undoable:
        undo_url = reverse("bookings:undo", args=[request.studio.slug, done.event.pk])
    context: dict[str, Any] = {
        "viewer": viewer,
        "version": done.event.version if done else "",
        "words": words,
        "warned": warned or done is None,
        "undo_url": undo_url,
    }
    if request.POST.get("as") == ROSTER:
        place = roster.place_of(reservation, now=now)
        template, context["rows"] = ROSTER_TEMPLATE, [roster_row(place, meeting, viewer)]
    else:
        template, context["rows"] = TEMPLATE, [row_of(one.person_of(reservation, now=now), meeting, viewer)]
    return HttpResponse(render_to_string(f"{template}#answer", context), status=status)
