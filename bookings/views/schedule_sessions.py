"""One session of the schedule, and the series it belongs to: change, cancel, take back, take out (Q27)."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from bookings.actions import Refused, schedule
from bookings.marketplaces import marketplaces
from bookings.models import ScheduledSession
from bookings.plans import Plan, Scope
from bookings.schedule_forms.session import CancelSessionForm, SeriesForm, SessionForm
from bookings.selectors.upcoming import for_login
from bookings.views.schedule import week_word
from bookings.views.schedule_plan import CONFIRMED, Look, fingerprint, is_confirmed, look_at, look_at_cancelling
from bookings.words import day_and_clock, refusal_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.roles import Right


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def session_edit(request: StudioRequest, session: int) -> HttpResponse:
    """Change one session, this and the following, or all to come; who is affected is told first."""
    found, now = find_session(request, session), timezone.now()
    form = SessionForm(request.POST if request.method == "POST" else None, session=found, login=request.login)
    context = _session_context(request, found, now) | {"form": form}
    if not form.is_bound:
        return render(request, "bookings/schedule_session.html", context)
    if not form.is_valid():
        return render(request, "bookings/schedule_session.html", context, status=422)
    values, scope, seen = form.values, form.chosen_scope, form.cleaned_data["seen"]
    look = look_at(schedule.plan_edit(found, values, scope, now=now, seen=seen), found.location)
    if not look.refused and (is_confirmed(request) or not look.is_worth_a_look):
        try:
            done = schedule.edit_session(found, values, scope, by=request.login, now=now, seen=seen)
        except Refused as refusal:
            look = Look(refused=refusal_words(refusal.decision, found.location))
        else:
            messages.success(request, _done_words(done))
            return redirect(_week_of(request, found, done))
    context |= {"look": look, "fingerprint": fingerprint(request.POST), "confirm": _save_words(look)}
    return render(request, "bookings/schedule_session.html", context, status=422 if look.refused else 200)


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def series_edit(request: StudioRequest, session: int) -> HttpResponse:
    """Change the slot of the week from this session on: its weekdays, its rhythm, its end."""
    found, now = find_session(request, session), timezone.now()
    if found.recurrence is None:
        return redirect(_edit_url(request, found))
    given = request.POST if request.method == "POST" else None
    form = SeriesForm(given, recurrence=found.recurrence, session=found, login=request.login)
    back = reverse("bookings:item", args=[request.studio.slug, found.item_id])
    context: dict[str, Any] = {"form": form, "session": found, "item": found.item, "back": back}
    if not form.is_bound:
        return render(request, "bookings/schedule_series.html", context)
    if not form.is_valid():
        return render(request, "bookings/schedule_series.html", context, status=422)
    values, seen = form.values, form.cleaned_data["seen"]
    look = look_at(schedule.plan_edit(found, values, Scope.FOLLOWING, now=now, seen=seen), found.location)
    if not look.refused and is_confirmed(request):
        try:
            done = schedule.edit_session(found, values, Scope.FOLLOWING, by=request.login, now=now, seen=seen)
        except Refused as refusal:
            look = Look(refused=refusal_words(refusal.decision, found.location))
        else:
            messages.success(request, _done_words(done))
            return redirect(back)
    context |= {"look": look, "fingerprint": fingerprint(request.POST), "confirm": _save_words(look)}
    return render(request, "bookings/schedule_series.html", context, status=422 if look.refused else 200)


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: StudioRequest, session: int) -> HttpResponse:
    """Call a class off. The page says who is affected before the button can be pressed; nobody is a no-show."""
    found, now = find_session(request, session), timezone.now()
    form = CancelSessionForm(request.POST if request.method == "POST" else None, session=found)
    scope = form.chosen_scope if form.is_bound and form.is_valid() else Scope.ONE
    sessions = _meant(found, scope, now)
    look, status = look_at_cancelling(sessions), 422 if form.errors else 200
    # The button says which scope the look is of: another one chosen beside it is looked at first.
    if form.is_bound and not form.errors and request.POST.get(CONFIRMED) == scope:
        try:
            schedule.cancel_sessions(sessions, reason=form.cleaned_data["reason"], by=request.login, now=now)
        except Refused as refusal:
            look, status = Look(refused=refusal_words(refusal.decision, found.location)), 422
        else:
            words = ngettext("%(number)d session is cancelled.", "%(number)d sessions are cancelled.", len(sessions))
            messages.success(request, words % {"number": len(sessions)})
            return redirect(_edit_url(request, found))
    context = {"form": form, "session": found, "look": look, "back": _edit_url(request, found)}
    context |= {"fingerprint": scope.value, "confirm": _cancel_words(len(sessions))}
    return render(request, "bookings/schedule_cancel.html", context, status=status)


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def session_restore(request: StudioRequest, session: int) -> HttpResponse:
    """Take a cancellation back, until the start."""
    found = find_session(request, session)
    try:
        schedule.restore_session(found, by=request.login, now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal_words(refusal.decision, found.location))
    else:
        messages.success(request, _("%(name)s takes place again.") % {"name": found.item.name})
    return redirect(_edit_url(request, found))


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def session_remove(request: StudioRequest, session: int) -> HttpResponse:
    """Leave this date out, as long as nobody has booked it."""
    found = find_session(request, session)
    back = _week_of(request, found)
    try:
        schedule.remove_session(found, by=request.login, now=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal_words(refusal.decision, found.location))
        return redirect(_edit_url(request, found))
    when = day_and_clock(found.starts_at, found.location)
    messages.success(request, _("%(name)s, %(when)s is taken out.") % {"name": found.item.name, "when": when})
    return redirect(back)


def find_session(request: StudioRequest, pk: int) -> ScheduledSession:
    """A session that this login sees; raises Http404."""
    sessions = for_login(request.login, locations_for(request.login)).select_related(
        "studio", "item__location", "item__teacher", "item__room", "location", "room", "teacher",
        "recurrence__item__location", "recurrence__teacher", "recurrence__room",
    )  # fmt: skip
    return get_object_or_404(sessions, pk=pk)


def _session_context(request: StudioRequest, session: ScheduledSession, now: datetime) -> dict[str, Any]:
    return {
        "session": session,
        "when": day_and_clock(session.starts_at, session.location),
        "has_begun": session.starts_at <= now,
        "is_empty": not session.reservations.exists(),
        "back": _week_of(request, session),
        "seen": marketplaces().seen([session], now=now).get(session.pk, []),
    }


def _meant(session: ScheduledSession, scope: Scope, now: datetime) -> list[ScheduledSession]:
    """The session, or it and those of its series that follow and still take place."""
    if scope is Scope.ONE or session.recurrence is None:
        return [session]
    following = session.recurrence.sessions.filter(
        starts_at__gte=max(session.starts_at, now), cancelled_at=None
    ).select_related("item", "location", "studio")
    return list(following.order_by("starts_at"))


def _week_of(request: StudioRequest, session: ScheduledSession, done: Plan | None = None) -> str:
    """The week in which the session is, after the change if there was one, with the session marked."""
    becomes = next((one.becomes for one in done.changed if one.session.pk == session.pk), None) if done else None
    starts_at, place = (becomes.starts_at, becomes.location) if becomes else (session.starts_at, session.location)
    url = reverse("bookings:schedule", args=[request.studio.slug])
    return f"{url}?week={week_word(place.local_day(starts_at))}#session-{session.pk}"


def _edit_url(request: StudioRequest, session: ScheduledSession) -> str:
    return reverse("bookings:session_edit", args=[request.studio.slug, session.pk])


def _done_words(done: Plan) -> str:
    changed = len([one for one in done.changed if one.was != one.becomes])
    number = changed + len(done.made) + len(done.dropped)
    if not number:
        return _("Nothing was different, so nothing was changed.")
    words = ngettext("%(number)d session is changed.", "%(number)d sessions are changed.", number) % {"number": number}
    told = done.affected.total - done.affected.without_address
    if told:
        words += " " + ngettext("%(number)d person gets a mail.", "%(number)d people get a mail.", told) % {
            "number": told
        }
    return words


def _save_words(look: Look) -> str:
    people = (one.member for source in look.affected.sources for one in source.people) if look.affected else ()
    told = len({person.pk for person in people if person.email})
    if not told:
        return _("Save")
    return ngettext("Save, and mail %(number)d person", "Save, and mail %(number)d people", told) % {"number": told}


def _cancel_words(number: int) -> str:
    return ngettext("Cancel this session", "Cancel %(number)d sessions", number) % {"number": number}
