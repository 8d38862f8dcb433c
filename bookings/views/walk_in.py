"""Somebody stands at the desk without a booking: found or made, booked and checked in by one click."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import actions
from bookings.forms import WalkInForm
from bookings.models import ScheduledSession
from bookings.selectors import reception, roster
from bookings.selectors.reception import Meeting
from bookings.views.whom import Deleted, whom
from bookings.words import clock, day_and_clock, refusal_words, warning_words
from portal.access import StudioRequest, studio_view
from portal.locations import location_choice
from portal.members.photos import photo_url
from portal.members.search import search
from portal.models import Member
from portal.roles import Right
from portal.views import came_from

TEMPLATE = "bookings/walk_in.html"
FOUND = 8


@dataclass(frozen=True)
class ClassChoice:
    """One class that somebody can walk into, in words; `left` None: places are not limited."""

    session: ScheduledSession
    words: str
    left: int | None
    is_chosen: bool


@dataclass(frozen=True)
class Walked:
    """What came of it: the words, and the tick's event for an undo; or why it was refused."""

    words: str
    undo: int | None = None
    refused: str = ""


@studio_view(Right.BOOK, post=Right.CHECK_IN)
@require_http_methods(["GET", "HEAD", "POST"])
def walk_in(request: StudioRequest) -> HttpResponse:
    """Pick the class and the person, or type a new person's name: booked and checked in at once.

    A page of its own, and what the dialog at the counter and on the roster shows.
    """
    if not request.may(Right.CHECK_IN):
        raise PermissionDenied
    now = timezone.now()
    if request.method != "POST":
        return _form(request, now=now)
    form = WalkInForm(request.POST)
    if not form.is_valid():
        return _form(request, now=now, form=form)
    session = _sessions(request, form.cleaned_data["session"])
    walked = _walk(request, session, form, now=now)
    if walked.refused:
        return _form(request, now=now, form=form, refused=walked.refused, session=session)
    if not request.htmx:
        messages.success(request, walked.words)
        return redirect(came_from(request, default=reverse("bookings:session", args=[request.studio.slug, session.pk])))
    can_undo = walked.undo is not None and request.may(Right.REVERT)
    context = {
        "said": walked.words,
        "undo_url": reverse("bookings:undo", args=[request.studio.slug, walked.undo]) if can_undo else "",
        "undo_fields": {"action_id": uuid4()},
    }
    answer = render(request, f"{TEMPLATE}#done", context)
    answer["HX-Trigger"] = "tresen:walked-in"
    return answer


def _sessions(request: StudioRequest, pk: int) -> ScheduledSession:
    sessions = roster.sessions_for(request.login).select_related("item", "location", "room", "teacher", "studio")
    return get_object_or_404(sessions, pk=pk)


def _walk(request: StudioRequest, session: ScheduledSession, form: WalkInForm, *, now: datetime) -> Walked:
    """Do it. Who is booked already is only checked in."""
    data = form.cleaned_data
    member: Member | None = None
    try:
        if data["member"]:
            member = whom(request, data["member"])
        if member and (booked := session.reservations.active().filter(member=member).first()):
            done = actions.check_in(booked, action_id=data["action_id"], by=request.login, now=now)
            return Walked(_("%(name)s was booked already and is in.") % {"name": member.name}, done.event.pk)
        walked = actions.walk_in(
            session, member or form.new_member(), action_id=data["action_id"], by=request.login, now=now
        )
    except Deleted as deleted:
        return Walked("", refused=str(deleted))
    except actions.Refused as refusal:
        return Walked("", refused=refusal_words(refusal.decision, session.location))
    except actions.ActionIdReused:
        return Walked("", refused=_("Nothing was changed: this button was used before. Please load the page again."))
    words = (
        _("%(name)s is booked and in: %(class)s, %(time)s")
        if not walked.is_new
        else _("%(name)s is a new member (%(number)s), booked and in: %(class)s, %(time)s")
    )
    said = words % {
        "name": walked.member.name,
        "number": walked.member.number,
        "class": session.item.name,
        "time": clock(session.starts_at, session.location),
    }
    notes = warning_words(walked.booked.decision, session.location)
    return Walked(" ".join([f"{said}.", *notes]), walked.checked_in.event.pk)


def _form(
    request: StudioRequest,
    *,
    now: datetime,
    form: WalkInForm | None = None,
    refused: str = "",
    session: ScheduledSession | None = None,
) -> HttpResponse:
    text = (request.POST if form else request.GET).get("q", "")[:100]
    wanted = session.pk if session else (request.POST if form else request.GET).get("session", "")
    choices = _choices(request, str(wanted), now=now)
    first, _space, last = text.strip().partition(" ")
    context: dict[str, Any] = {
        "form": form or WalkInForm(initial={"first_name": first, "last_name": last, "action_id": uuid4()}),
        "action_id": uuid4(),
        "text": text,
        "members": [(one, photo_url(request.studio, one)) for one in search(request.studio, text, limit=FOUND)],
        "with_contact": request.may(Right.SEE_CONTACT),
        "choices": choices,
        "refused": refused,
        "next": came_from(request, default=request.GET.get("next", "")),
    }
    name = TEMPLATE
    if request.htmx and not request.htmx.boosted:
        name = f"{TEMPLATE}#{'walk_in_form' if form else 'dialog'}"
    return render(request, name, context, status=422 if form else 200)


def _choices(request: StudioRequest, wanted: str, *, now: datetime) -> list[ClassChoice]:
    """Today's classes at the shown locations that are not over for long, and the one asked for, whenever it is."""
    choice = location_choice(request)
    day = reception.day_of(request.login, choice.shown, now=now)
    meetings = [meeting for meeting in day.meetings if not meeting.is_cancelled]
    known = {str(meeting.id) for meeting in meetings}
    if wanted.isdecimal() and wanted not in known and len(wanted) < 19:
        found = roster.sessions_for(request.login).select_related("item", "location").filter(pk=wanted).first()
        if found:
            meetings.insert(0, Meeting(found, found.location, [], now))
            known.add(wanted)
    best = wanted if wanted in known else _likely(meetings)
    several = len(choice.shown) > 1
    return [_class_choice(meeting, chosen=str(meeting.id) == best, with_location=several) for meeting in meetings]


def _likely(meetings: list[Meeting]) -> str:
    """The one that begins next or runs; else the last of the day."""
    ahead = [meeting for meeting in meetings if meeting.session.ends_at > meeting.now]
    nearest = min(ahead, key=lambda meeting: abs(meeting.session.starts_at - meeting.now), default=None)
    chosen = nearest or (meetings[-1] if meetings else None)
    return str(chosen.id) if chosen else ""


def _class_choice(meeting: Meeting, *, chosen: bool, with_location: bool) -> ClassChoice:
    session, place = meeting.session, meeting.location
    is_today = place.local_day(session.starts_at) == place.local_day(meeting.now)
    begins = clock(session.starts_at, place) if is_today else day_and_clock(session.starts_at, place)
    words = f"{begins} {session.item.name}" + (f" · {place}" if with_location else "")
    left = None if session.capacity is None else max(0, session.capacity - session.places_taken - session.places_held)
    return ClassChoice(session, words, left, chosen)
