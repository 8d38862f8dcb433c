"""The waiting list, as staff work it and as a member answers from a mail."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from uuid import NAMESPACE_OID, uuid5

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from bookings import actions, mails
from bookings.actions import Waited
from bookings.forms import WaitingForm
from bookings.models import WaitingEntry
from bookings.rules import Booking
from bookings.selectors.upcoming import for_login
from bookings.words import day_and_clock, refusal_words
from portal.access import StudioRequest, locations_for, public, studio_view
from portal.roles import Right
from portal.views import came_from

State = WaitingEntry.State


@studio_view(Right.BOOK)
@require_POST
def waiting(request: StudioRequest, entry: int) -> HttpResponse:
    """Offer, book or take off the list: what stood on the button."""
    sessions = for_login(request.login, locations_for(request.login))
    found = get_object_or_404(
        request.studio.waiting.select_related("member", "session__item", "session__location"),
        pk=entry,
        session__in=sessions,
    )
    level, words = _done(request, found)
    messages.add_message(request, level, words)
    back = f"{reverse('bookings:bookings', args=[request.studio.slug])}?open={found.session_id}"
    return redirect(came_from(request, default=back))


def _done(request: StudioRequest, entry: WaitingEntry) -> tuple[int, str]:
    form = WaitingForm(request.POST)
    if not form.is_valid():
        return messages.ERROR, _("Nothing was changed: the form was not complete. Please load the page again.")
    deeds: dict[str, tuple[Callable[..., Waited], str]] = {
        WaitingForm.OFFER: (actions.offer_place, _("%(name)s is offered a place, held until %(until)s.")),
        WaitingForm.BOOK: (actions.promote, _("%(name)s has the place.")),
        WaitingForm.LEAVE: (actions.leave_waiting, _("%(name)s is off the waiting list.")),
    }
    act, said = deeds[form.cleaned_data["deed"]]
    try:
        done = act(entry, action_id=form.cleaned_data["action_id"], by=request.login, now=timezone.now())
    except actions.Refused as refused:
        return messages.ERROR, refusal_words(refused.decision, entry.session.location)
    except actions.ActionIdReused:
        return messages.ERROR, _("Nothing was changed: this button was used already. Please load the page again.")
    held = done.entry.held_until
    until = day_and_clock(held, entry.session.location) if held else ""
    return messages.SUCCESS, said % {"name": entry.member.name, "until": until}


@public("opened from a mail: signed for one place that is held for one person, and answers nothing else")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, studio: str, token: str) -> HttpResponse:
    """Yes or no to a place that is held. Opening it changes nothing: mail programs open links, too."""
    entry = WaitingEntry.objects.select_related(
        "studio", "member", "session__item", "session__location", "session__teacher", "reservation"
    ).filter(pk=mails.entry_of(token) or 0, studio__slug=studio)
    found = entry.first()
    if found is None:
        raise Http404
    now, refused = timezone.now(), ""
    if request.method == "POST":
        answers = {"accept": actions.accept_place, "decline": actions.decline_place}
        answer = request.POST.get("answer", "")
        if answer not in answers:
            raise Http404
        # The same answer to the same offer is the same action, however often the button is pressed.
        act = partial(answers[answer], found, action_id=uuid5(NAMESPACE_OID, f"{token} {answer}"))
        try:
            act(by=None, now=now)
            return redirect("bookings:place", studio, token)
        except actions.Refused as refusal:
            refused = refusal_words(refusal.decision, found.session.location)
            found = entry.get()
    location = found.session.location
    context = {
        "entry": found,
        "state": _state_of(found),
        "can_answer": found.state == State.OFFERED
        and found.held_until is not None
        and now < found.held_until
        and found.session.cancelled_at is None,
        "refused": refused,
        "when": day_and_clock(found.session.starts_at, location),
        "until": day_and_clock(found.held_until, location) if found.held_until else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, "bookings/place.html", context, status=status)


def _state_of(entry: WaitingEntry) -> str:
    """What became of the offer, as the page words it: a place that was given up later is not "yours" any more."""
    if entry.state == State.ACCEPTED and entry.reservation and entry.reservation.booking != Booking.BOOKED:
        return "given_up"
    return str(entry.state)
