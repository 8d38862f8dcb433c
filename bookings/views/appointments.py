"""A new appointment: what, with whom, for whom, on which day; then one of the times at which all are free (K1)."""

from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import actions
from bookings.forms import AppointmentForm, BookAppointmentForm
from bookings.models import CalendarItem
from bookings.selectors.appointments import closing_on, free_times
from bookings.words import clock, day_and_clock, refusal_words, warning_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.members.photos import photo_url
from portal.members.search import search
from portal.models import Location
from portal.roles import Right

TEMPLATE = "bookings/appointment_new.html"
FOUND = 10


@dataclass(frozen=True)
class Times:
    """The free times of one day, as (moment, local words); `closed` says why there are none."""

    day: date
    free: list[tuple[str, str]]
    closed: str


@studio_view(Right.BOOK)
@require_http_methods(["GET", "HEAD", "POST"])
def appointment_new(request: StudioRequest) -> HttpResponse:
    locations, now = locations_for(request.login), timezone.now()
    if request.method == "POST":
        return _book(request, locations, now=now)
    return render(request, TEMPLATE, _context(request, request.GET, locations, now=now))


def _book(request: StudioRequest, locations: list[Location], *, now: datetime) -> HttpResponse:
    form = BookAppointmentForm(request.POST, studio=request.studio, locations=locations)
    if not form.is_valid():
        errors = [str(error) for found in form.errors.values() for error in found]
        words = " ".join([_("Nothing was booked: something is missing or does not fit."), *errors])
        return _refused(request, locations, words, now=now)
    data = form.cleaned_data
    item, member = data["item"], data["member"]
    try:
        done = actions.book_appointment(
            item,
            member,
            data["teacher"],
            data["starts_at"],
            room=data["room"],
            source="desk",
            action_id=data["action_id"],
            by=request.login,
            now=now,
        )
    except actions.Refused as refused:
        return _refused(request, locations, refusal_words(refused.decision, item.location), now=now)
    except actions.ActionIdReused:
        words = _("Nothing was booked: this button was used already. Please choose a time again.")
        return _refused(request, locations, words, now=now)
    session = done.reservation.session
    said = _("%(name)s has %(class)s with %(teacher)s, %(when)s.") % {
        "name": member.name,
        "class": item.name,
        "teacher": data["teacher"].name,
        "when": day_and_clock(session.starts_at, item.location),
    }
    messages.success(request, " ".join([said, *warning_words(done.decision, item.location)]))
    back = reverse("bookings:bookings", args=[request.studio.slug])
    return redirect(f"{back}?open={session.pk}#session-{session.pk}")


def _refused(request: StudioRequest, locations: list[Location], words: str, *, now: datetime) -> HttpResponse:
    context = _context(request, request.POST, locations, now=now) | {"refused": words}
    return render(request, TEMPLATE, context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _context(request: StudioRequest, data: QueryDict, locations: list[Location], *, now: datetime) -> dict[str, Any]:
    form = AppointmentForm(_with_usual(request, data, locations, now=now), studio=request.studio, locations=locations)
    form.full_clean()
    chosen, text = form.cleaned_data, data.get("q", "")[:100]
    member = chosen.get("member")
    return {
        "form": form,
        # Errors are told only of what somebody filled in.
        "errors": {name: found for name, found in form.errors.items() if data.get(name)},
        "has_items": form.fields["item"].queryset.exists(),  # type: ignore[attr-defined]
        "member": member,
        "photo": photo_url(request.studio, member) if member else "",
        "text": text,
        "members": [(one, photo_url(request.studio, one)) for one in search(request.studio, text, limit=FOUND)],
        "as_links": False,
        "with_contact": request.may(Right.SEE_CONTACT),
        "times": _times(chosen, now=now) if form.is_valid() else None,
        "action_id": uuid4(),
        "crumbs": [(_("Bookings"), reverse("bookings:bookings", args=[request.studio.slug]))],
        "may_schedule": request.may(Right.MANAGE_SCHEDULE),
        "refused": "",
    }


def _with_usual(request: StudioRequest, data: QueryDict, locations: list[Location], *, now: datetime) -> QueryDict:
    """What the address leaves open is filled in as usual: the first appointment, its teacher and room, today."""
    usual = data.copy()
    items = AppointmentForm(None, studio=request.studio, locations=locations).fields["item"].queryset  # type: ignore[attr-defined]
    text = usual.get("item", "")
    item = items.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else items.first()
    if item is None:
        return usual
    # Another item was chosen: its own teacher and room, not those of the one before.
    changed = usual.get("of", text) != text
    usual.setdefault("item", str(item.pk))
    for name, own in (("teacher", item.teacher_id), ("room", item.room_id)):
        if changed or name not in usual:
            usual[name] = str(own or "")
    usual.setdefault("day", item.location.local_day(now).isoformat())
    return usual


def _times(chosen: dict[str, Any], *, now: datetime) -> Times:
    item: CalendarItem = chosen["item"]
    closed = closing_on(item.location, chosen["day"])
    free = free_times(item, chosen["teacher"], chosen["day"], room=chosen["room"], now=now)
    return Times(
        day=chosen["day"],
        free=[(moment.isoformat(), clock(moment, item.location)) for moment in free],
        closed=closed.reason if closed else "",
    )
