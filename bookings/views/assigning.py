"""Which purchase a visit uses, decided by a person: chosen, taken back, or asked of the rule again (K5, Q7)."""

from functools import partial
from http import HTTPStatus
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings.actions import ActionIdReused, assigning
from bookings.actions.assigning import Assignment
from bookings.forms import ActionForm
from bookings.models import Reservation, ReservationEvent
from bookings.purchase_forms import AssignForm
from bookings.purchase_words import change_words, purchase_words, standing_words
from bookings.selectors import one
from bookings.selectors.wallet import Balance
from bookings.views.member_rows import bought_by, in_words, options_of, rows_of
from portal.access import StudioRequest, studio_view
from portal.roles import Right
from portal.views import came_from

ROW = "bookings/member_attendance_row.html#answer"


def visible(request: StudioRequest, pk: int) -> Reservation:
    """The reservation, if this login may see its session. Raises Http404."""
    found = one.visible(request.login, pk)
    if found is None:
        raise Http404
    return found


@studio_view(None, post=Right.BOOK)
@require_POST
def assign(request: StudioRequest, reservation: int) -> HttpResponse:
    """Let it use the chosen purchase of its member, whatever speaks against it: the answer warns (K5)."""
    found = visible(request, reservation)
    form = AssignForm(request.POST, member=found.member_id)
    if not form.is_valid():
        return answer(request, found, refused=_("Nothing was changed: this member has no such purchase."))
    act = partial(assigning.assign, found, form.cleaned_data["purchase"], action_id=form.cleaned_data["action_id"])
    return _done(request, found, act)


@studio_view(None, post=Right.BOOK)
@require_POST
def choose_again(request: StudioRequest, reservation: int) -> HttpResponse:
    """Find another purchase: the rule is asked again (Q7)."""
    found, form = visible(request, reservation), ActionForm(request.POST)
    if not form.is_valid():
        return answer(request, found, refused=_("Nothing was changed. Please load the page again."))
    return _done(request, found, partial(assigning.choose_again, found, action_id=form.cleaned_data["action_id"]))


@studio_view(None, post=Right.BOOK)
@require_POST
def assign_undo(request: StudioRequest, event: int) -> HttpResponse:
    """Take a change of the purchase back, if it is the last one of its reservation."""
    made = ReservationEvent.objects.filter(studio=request.studio, pk=event).first()
    if made is None:
        raise Http404
    found, form = visible(request, made.reservation_id), ActionForm(request.POST)
    if not form.is_valid() or made.kind != ReservationEvent.Kind.ASSIGNED:
        return answer(request, found, refused=_("Nothing was changed. Please load the page again."))
    made.reservation = found
    return _done(request, found, partial(assigning.take_back, made, action_id=form.cleaned_data["action_id"]))


def _done(request: StudioRequest, found: Reservation, act: "partial[Assignment]") -> HttpResponse:
    try:
        made = act(by=request.login, now=timezone.now())
    except assigning.ChangedSince:
        return answer(request, found, refused=_("Nothing was changed: the purchase was changed again since."))
    except (assigning.NotTheirs, ActionIdReused):
        return answer(request, found, refused=_("Nothing was changed: this button was used before."))
    return answer(request, found, made=made)


def words_of(made: Assignment, found: Reservation) -> str:
    """Both balances before and after, and what speaks against the purchase that is used now."""
    bought = found.member.purchases.filter(pk__in=made.after).select_related("package").prefetch_related("holds")
    by_key = {one.pk: one for one in bought}
    now_uses = made.done.event.after["purchase"]
    touched = [
        change_words(purchase_words(one, found.location.tz), made.before[pk], made.after[pk])
        for pk, one in by_key.items()
        if made.before[pk] != made.after[pk] or pk == now_uses
    ]
    said = touched or [_("It uses no purchase, as before.")]
    chosen = by_key.get(now_uses) if now_uses else None
    if chosen is None:
        return (
            ". ".join([*touched, _("This visit is unpaid now")])
            if made.done.event.after["assigned"] != "free"
            else (". ".join([*touched, _("This visit is free")]))
        )
    on = found.location.local_day(found.starts_at)
    against = standing_words(chosen, list(chosen.holds.all()), Balance(None), on, found.location.tz)
    if against:
        said.append(_("Mind: on that day it is %(what)s") % {"what": ", ".join(against)})
    free = made.after[chosen.pk].free
    if free is not None and free < 0:
        said.append(_("Mind: more is used and planned than was bought"))
    return ". ".join(said)


def answer(
    request: StudioRequest, found: Reservation, *, made: Assignment | None = None, refused: str = ""
) -> HttpResponse:
    """To htmx the row of the attendance as it is now and a toast with undo; else back with the same words."""
    words = refused or (words_of(made, found) if made else "")
    is_undo = made is not None and made.done.event.undoes_id is not None
    if not request.htmx or is_undo:
        messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, words)
        default = reverse("bookings:member", args=[request.studio.slug, found.member_id])
        if request.htmx:  # from a toast, which stands in no row: the page is shown anew
            return HttpResponse(headers={"HX-Refresh": "true"})
        return redirect(came_from(request, default=default))
    now = timezone.now()
    undo_url, event = "", made.done.event if made else None
    if event is not None and event.undoes_id is None and event.before != event.after:
        undo_url = reverse("bookings:assign_undo", args=[request.studio.slug, event.pk])
    bought = bought_by(request, found.member, now=now)
    visits = list(in_words(found.member.reservations.filter(pk=found.pk), now=now))
    context = {"row": rows_of(request, visits, bought, now=now)[0], "options": options_of(bought, request)}
    context |= {"said": words, "undo_url": undo_url, "undo_fields": {"action_id": uuid4()}}
    context |= {"several": len(request.location_choice.visible) > 1, "may_book": True}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, ROW, context, status=status)
