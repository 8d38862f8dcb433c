"""What is done in a person's panel on the roster: cancelling with its outcome, and another spot."""

from functools import partial
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from bookings import actions
from bookings.actions import assigning
from bookings.actions.assigning import Assignment
from bookings.forms import ActionForm, CancelForm, NoteForm
from bookings.models import Reservation, ReservationEvent, ScheduledSession, Spot
from bookings.paid_words import against_words, balance_words
from bookings.selectors import one, roster
from bookings.views import reservations
from bookings.views.check_ins import Viewer
from bookings.views.roster_panels import person_panel
from bookings.words import refusal_words
from portal.access import StudioRequest, studio_view
from portal.roles import Right

PANEL = "bookings/session.html#panel_answer"


def on_roster(request: StudioRequest, pk: int) -> tuple[ScheduledSession, Reservation]:
    """A reservation and its session, if this login may open the roster. Raises Http404."""
    reservation = one.visible(request.login, pk)
    if reservation is None:
        raise Http404
    sessions = roster.sessions_for(request.login).select_related("item", "location", "room", "teacher", "studio")
    return get_object_or_404(sessions, pk=reservation.session_id), reservation


def panel_answer(
    request: StudioRequest,
    session: ScheduledSession,
    reservation: int,
    *,
    said: str = "",
    refused: str = "",
    note_form: NoteForm | None = None,
    **more: Any,
) -> HttpResponse:
    """The person's panel as it is now, with what was said; without script the roster with that panel open."""
    if not request.htmx:
        if said or refused:
            messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, refused or said)
        address = reverse("bookings:session", args=[request.studio.slug, session.pk])
        return redirect(f"{address}?person={reservation}#panel")
    panel = person_panel(request, session, reservation, now=timezone.now(), note_form=note_form)
    context = {
        "panel": panel,
        "session": session,
        "studio": request.studio,
        "viewer": Viewer.of(request),
        "said": refused or said,
        "undo_url": "",
        **more,
    }
    answer = render(request, PANEL, context, status=422 if refused or note_form else 200)
    answer["HX-Trigger"] = "tresen:poll"
    return answer


@studio_view(None, post=Right.BOOK)
@require_POST
def give_up(request: StudioRequest, reservation: int) -> HttpResponse:
    """Cancel with the outcome that stood on the button (Q11); answered as a tick is, with an undo."""
    found = reservations.visible(request, reservation)
    form = CancelForm(request.POST)
    # An unreadable outcome is refused by the rule, which asks for one.
    outcome = form.cleaned_data.get("outcome") if form.is_valid() else None
    return reservations.change(request, found, partial(actions.cancel, outcome=outcome))


@studio_view(None, post=Right.BOOK)
@require_POST
def take_back(request: StudioRequest, reservation: int) -> HttpResponse:
    """Take a cancellation back; needs a free place."""
    return reservations.change(request, reservations.visible(request, reservation), actions.reinstate)


@studio_view(None, post=Right.BOOK)
@require_POST
def spot(request: StudioRequest, reservation: int) -> HttpResponse:
    """Give this person another spot; who has it now gets this person's."""
    session, found = on_roster(request, reservation)
    form = ActionForm(request.POST)
    wanted = request.POST.get("spot", "")
    if not form.is_valid() or not wanted.isdecimal():
        return panel_answer(request, session, reservation, refused=_("Nothing was changed: choose a spot."))
    chosen = get_object_or_404(Spot, pk=int(wanted), room_id=session.room_id or 0, is_blocked=False)
    holder = session.reservations.active().filter(spot=chosen).select_related("member", "session", "location").first()
    by, now, action_id = request.login, timezone.now(), form.cleaned_data["action_id"]
    try:
        if holder is None or holder.pk == found.pk:
            actions.move_to_spot(found, chosen, action_id=action_id, by=by, now=now)
            said = _("%(name)s has spot %(spot)s.") % {"name": found.member.name, "spot": chosen.label}
        else:
            actions.swap_spots(found, holder, action_id=action_id, by=by, now=now)
            said = _("%(name)s has spot %(spot)s, and %(other)s the other one.") % {
                "name": found.member.name,
                "spot": chosen.label,
                "other": holder.member.name,
            }
    except actions.Refused as refusal:
        return panel_answer(request, session, reservation, refused=refusal_words(refusal.decision, session.location))
    except actions.ActionIdReused:
        return panel_answer(
            request, session, reservation, refused=_("Nothing was changed: this button was used before.")
        )
    return panel_answer(request, session, reservation, said=said)


@studio_view(None, post=Right.BOOK)
@require_POST
def package(request: StudioRequest, reservation: int) -> HttpResponse:
    """Let this visit use another purchase of its member, or none (K5); `event`: take such a change back."""
    session, found = on_roster(request, reservation)
    form = ActionForm(request.POST)
    wanted, event = request.POST.get("purchase", ""), request.POST.get("event", "")
    if not form.is_valid() or not (wanted.isdecimal() or not wanted) or not (event.isdecimal() or not event):
        return panel_answer(request, session, reservation, refused=_("Nothing was changed: choose a package."))
    act: partial[Assignment]
    if event:
        made = get_object_or_404(found.events.filter(kind=ReservationEvent.Kind.ASSIGNED), pk=int(event))
        act = partial(assigning.take_back, made)
    else:
        chosen = get_object_or_404(found.member.purchases, pk=int(wanted)) if wanted else None
        act = partial(assigning.assign, found, chosen)
    try:
        done = act(action_id=form.cleaned_data["action_id"], by=request.login, now=timezone.now())
    except assigning.ChangedSince:
        return panel_answer(
            request, session, reservation, refused=_("Nothing was changed: the package was changed again since.")
        )
    except (assigning.NotTheirs, actions.ActionIdReused):
        return panel_answer(
            request, session, reservation, refused=_("Nothing was changed: this button was used before.")
        )
    undo: dict[str, Any] = {}
    if not event:
        address = reverse("bookings:roster_package", args=[request.studio.slug, reservation])
        undo = {"undo_url": address, "undo_fields": {"action_id": uuid4(), "event": done.done.event.pk}}
    return panel_answer(request, session, reservation, said=_uses_words(done, found), swapped=bool(event), **undo)


def _uses_words(made: Assignment, found: Reservation) -> str:
    """What the visit uses now, both balances before and after, and what speaks against it."""
    bought = found.member.purchases.filter(pk__in=made.after).select_related("package").prefetch_related("holds")
    uses, words = made.done.event.after["purchase"], []
    for purchase in bought.order_by("-purchased_at", "-pk"):
        before, after = made.before[purchase.pk], made.after[purchase.pk]
        words.append(balance_words(purchase.package.name, before, after))
        if purchase.pk == uses:
            on = found.location.local_day(found.starts_at)
            against = against_words(purchase, list(purchase.holds.all()), before, on)
            words += [_("Mind: it is %(what)s") % {"what": ", ".join(against)}] if against else []
    if uses is None:
        words.append(_("This visit is unpaid now"))
    return f"{found.member.name}: {'. '.join(words)}."
