"""The roster of one session: who is expected, who gave up, who waits, and what happened (K1, X3, Q4, Q11)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4, uuid5

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from bookings import actions
from bookings.forms import AllForm, ChangesForm
from bookings.invoices import invoices
from bookings.marketplaces import marketplaces
from bookings.models import Reservation, ReservationEvent, ScheduledSession, WaitingEntry
from bookings.rules import State
from bookings.selectors import reception, roster
from bookings.selectors.reception import Day
from bookings.selectors.roster import Place, Roster
from bookings.selectors.session_log import log_of, read
from bookings.selectors.waiting import OnList
from bookings.sources import OWN, is_own
from bookings.states import STATE_WORDS
from bookings.views.check_ins import Viewer, entry_of
from bookings.views.roster_log import line_of
from bookings.views.roster_panels import panel_context
from bookings.views.roster_rows import ROSTER_TEMPLATE, roster_row
from bookings.words import clock, day_and_clock, refusal_words, short_day
from portal.access import StudioRequest, studio_view
from portal.people import brief
from portal.roles import Right

TEMPLATE = ROSTER_TEMPLATE
PRIVATE_COOKIE = "tresen_private"
LOG_PER_PAGE = 100
# One request does so many; the page asks again for the rest.
AT_ONCE = 200


class Tab(StrEnum):
    EXPECTED = "expected"
    CANCELLED = "cancelled"
    WAITING = "waiting"
    LOG = "log"


@dataclass(frozen=True)
class Shown:
    """One tab as the navigation draws it; `number` None has none."""

    tab: Tab
    word: str
    number: int | None
    is_current: bool


def session_for(request: StudioRequest, pk: int, *, now: datetime) -> ScheduledSession:
    """The session with all that its head names. Raises Http404; PermissionDenied for history without its right."""
    sessions = roster.sessions_for(request.login).select_related("item", "location", "room", "teacher", "studio")
    session = get_object_or_404(sessions, pk=pk)
    if now > session.correction_until and not request.may(Right.VIEW_HISTORY):
        raise PermissionDenied
    return session


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def session(request: StudioRequest, session: int) -> HttpResponse:
    """The whole page, or for a script the panel that the address asks for."""
    now = timezone.now()
    found = session_for(request, session, now=now)
    if request.htmx and not request.htmx.boosted:
        return render(request, f"{TEMPLATE}#panel", panel_context(request, found, now=now))
    tab = _tab(request)
    viewer = Viewer.of(request)
    seen = roster.roster_of(found, now=now)
    context = _context(request, seen, viewer, tab) | panel_context(request, found, now=now)
    context |= {
        "crumbs": _crumbs(request, seen),
        "rows": [roster_row(place, seen.meeting, viewer) for place in _of_tab(seen, tab)],
        "zone": found.location.zone,
        "clock": clock(now, found.location),
        "today": short_day(now, found.location),
        "changes_url": f"{reverse('bookings:session_changes', args=[request.studio.slug, found.pk])}?tab={tab}",
        "private": request.COOKIES.get(PRIVATE_COOKIE) == "1",
        "private_cookie": PRIVATE_COOKIE,
        "ticked": _ticked(request, seen) if viewer.can_revert else [],
        "tab_query": f"&tab={tab}" if tab is not Tab.EXPECTED else "",
        "can_export": request.may(Right.EXPORT),
        "edit_url": _edit_url(request, found),
        "waits": [_wait_row(one, seen, viewer) for one in seen.waiting] if tab is Tab.WAITING else [],
        "seen": marketplaces().seen([found], now=now).get(found.pk, []),
        "seen_url": reverse("bookings:session_seen", args=[request.studio.slug, found.pk]),
        "at_risk_url": marketplaces().at_risk_url(request.studio.slug, session=found.pk) if viewer.can_tick else "",
        "after_issue": _after_issue(seen, viewer),
    }
    if tab is Tab.LOG:
        page = Paginator(log_of(found), LOG_PER_PAGE).get_page(request.GET.get("page"))
        happened = read(page.object_list, session=found, undoable=viewer.undoable, now=now)
        context |= {
            "page": page,
            "limit": _limit_words(seen),
            "lines": [line_of(one, found.location) for one in happened],
        }
    return render(request, TEMPLATE, context)


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def session_changes(request: StudioRequest, session: int) -> HttpResponse:
    """What is newer than a tab's version and moment, as at the counter: 204, or the changed rows with all counts.

    205 when the page must be loaded anew: the session itself was changed, or the tab is one without rows of people.
    """
    form, now = ChangesForm(request.GET), timezone.now()
    if not form.is_valid():
        session_for(request, session, now=now)
        return HttpResponseBadRequest()
    version, since = form.cleaned_data["since"], min(form.cleaned_data["at"], now)
    beat = reception.beat(request.studio, since=since, now=now)
    if beat.version == version and not beat.clock:
        return stamped(HttpResponse(status=204), version, now)
    found, tab = session_for(request, session, now=now), _tab(request)
    if found.version > version:
        return stamped(HttpResponse(status=205), beat.version, now)
    news = roster.news_of(found, version=version, since=since, now=now)
    if not news.any:
        return stamped(HttpResponse(status=204), beat.version, now)
    if tab in (Tab.WAITING, Tab.LOG):
        return stamped(HttpResponse(status=205), beat.version, now)
    viewer = Viewer.of(request)
    seen = roster.roster_of(found, now=now)
    changed = [place for place in seen.places if news.concerns(place.person)]
    context = _context(request, seen, viewer, tab) | {
        "rows": [roster_row(place, seen.meeting, viewer) for place in changed]
    }
    return stamped(HttpResponse(render_to_string(f"{TEMPLATE}#news", context, request)), seen.version, now)


@studio_view(None, post=Right.CHECK_IN)
@require_POST
def session_all(request: StudioRequest, session: int) -> HttpResponse:
    """Say one thing of everyone who has no tick: here, or did not come. Each can be taken back by itself.

    The action id of each is made from the form's, so that a retry is the same actions (Q17).
    """
    now, form = timezone.now(), AllForm(request.POST)
    found = session_for(request, session, now=now)
    if not form.is_valid():
        return HttpResponseBadRequest()
    batch, deed = form.cleaned_data["action_id"], form.cleaned_data["deed"]
    act = actions.check_in if deed == AllForm.HERE else actions.mark_no_show
    seen = roster.roster_of(found, now=now)
    done, refused = 0, ""
    open_ones = _without_word(seen)
    for reservation in open_ones[:AT_ONCE]:
        try:
            act(reservation, action_id=uuid5(batch, str(reservation.pk)), by=request.login, now=now)
            done += 1
        except actions.Refused as refusal:
            refused = refusal_words(refusal.decision, found.location)
    words = refused or _all_words(deed, done, left=max(0, len(open_ones) - AT_ONCE))
    address = reverse("bookings:session", args=[request.studio.slug, found.pk])
    messages.add_message(request, messages.ERROR if refused else messages.SUCCESS, words)
    return redirect(f"{address}?ticked={batch}#ticked" if done else address)


def stamped(response: HttpResponse, version: int, now: datetime) -> HttpResponse:
    """With what the tab asks next time."""
    response.headers["Tresen-Version"], response.headers["Tresen-At"] = str(version), now.isoformat()
    return response


def _tab(request: HttpRequest) -> Tab:
    word = request.GET.get("tab", Tab.EXPECTED)
    if word not in set(Tab):
        raise Http404
    return Tab(word)


def _of_tab(seen: Roster, tab: Tab) -> list[Place]:
    return {Tab.EXPECTED: seen.expected, Tab.CANCELLED: seen.cancelled}.get(tab, [])


def _context(request: StudioRequest, seen: Roster, viewer: Viewer, tab: Tab) -> dict[str, Any]:
    """What both the page and its news hold."""
    found, place = seen.session, seen.location
    day = Day(seen.now, seen.version, [place], [seen.meeting])
    entries = [entry_of(deed, request.login.pk) for deed in reception.last_deeds(day, undoable=viewer.undoable)]
    return {
        "studio": request.studio,
        "session": found,
        "roster": seen,
        "day": day,
        "counts": day.counts,
        "viewer": viewer,
        "at": seen.now.isoformat(),
        "title": f"{found.item.name}, {day_and_clock(found.starts_at, place)}",
        "tab": tab,
        "tabs": _tabs(seen, tab),
        "head": _head(seen),
        "entries": entries,
        "own_last": next((entry for entry in entries if entry.is_own and entry.deed.can_undo), None),
        "states": [(STATE_WORDS[state], seen.states[state]) for state in State if seen.states[state]],
        "sources": seen.sources.most_common(),
        "unanswered": [roster_row(one, seen.meeting, viewer) for one in seen.unanswered[:AT_ONCE]],
        "can_tick_all": viewer.can_tick and bool(_to_tick(seen)),
        "limit_at": day_and_clock(found.correction_until, place),
        "batch": str(uuid4()),
    }


def _edit_url(request: StudioRequest, found: ScheduledSession) -> str:
    if not request.may(Right.MANAGE_SCHEDULE):
        return ""
    return reverse("bookings:session_edit", args=[request.studio.slug, found.pk])


@dataclass(frozen=True)
class WaitRow:
    """Somebody on the waiting list."""

    entry: WaitingEntry
    position: int
    name: str
    brief: str
    initials: str
    hue: int
    number: str
    joined: str
    by: str
    held_until: str
    can_change: bool
    action_id: str


def _wait_row(one: OnList, seen: Roster, viewer: Viewer) -> WaitRow:
    entry, member = one.entry, one.entry.member
    return WaitRow(
        entry=entry,
        position=one.position,
        name=member.name,
        brief=brief(member.name),
        initials=member.initials,
        hue=member.hue,
        number=member.number,
        joined=day_and_clock(entry.joined_at, seen.location),
        by=entry.by.user.name if entry.by else "",
        held_until=day_and_clock(one.held_until, seen.location) if one.is_offered and one.held_until else "",
        can_change=viewer.can_book and seen.now < seen.session.starts_at,
        action_id=str(uuid4()),
    )


def _head(seen: Roster) -> dict[str, Any]:
    found, place = seen.session, seen.location
    item = found.item
    quota = item.marketplace_quota
    sold = sum(number for source, number in seen.sources.items() if source not in OWN)
    marketplaces = None
    if item.allows_marketplaces:
        marketplaces = f"{sold} / {quota}" if quota is not None else str(sold)
    return {
        "starts": clock(found.starts_at, place),
        "ends": clock(found.ends_at, place),
        "day": short_day(found.starts_at, place),
        "place": " · ".join(str(part) for part in (found.teacher or _("no teacher"), found.room, place) if part),
        "marketplaces": marketplaces,
        "changed": _changed_words(found),
        "cancelled": day_and_clock(found.cancelled_at, place) if found.cancelled_at else "",
    }


def _changed_words(found: ScheduledSession) -> str:
    """In what this session differs from its series."""
    words = {
        "start": _("time"),
        "duration": _("duration"),
        "location": _("location"),
        "room": _("room"),
        "teacher": _("teacher"),
        "capacity": _("capacity"),
    }
    return ", ".join(words[one] for one in words if one in found.own)


def _tabs(seen: Roster, current: Tab) -> list[Shown]:
    return [
        Shown(Tab.EXPECTED, _("Expected"), len(seen.expected), current is Tab.EXPECTED),
        Shown(Tab.CANCELLED, _("Cancelled"), len(seen.cancelled), current is Tab.CANCELLED),
        Shown(Tab.WAITING, _("Waiting list"), len(seen.waiting), current is Tab.WAITING),
        Shown(Tab.LOG, _("Log"), None, current is Tab.LOG),
    ]


def _crumbs(request: StudioRequest, seen: Roster) -> list[tuple[str, str]]:
    """Where one comes from: the counter for today, the bookings for what is to come, the history for what was."""
    slug, place = request.studio.slug, seen.location
    day, today = place.local_day(seen.session.starts_at), place.local_day(seen.now)
    if day == today and request.may(Right.VIEW_TODAY):
        return [(_("Check-ins"), reverse("bookings:check_ins", args=[slug]))]
    if day < today and request.may(Right.VIEW_HISTORY):
        month = day.replace(day=1)
        address = reverse("bookings:history_class", args=[slug, month, seen.session.item_id])
        return [(_("History"), reverse("bookings:history", args=[slug])), (seen.session.item.name, address)]
    return [(_("Bookings"), reverse("bookings:bookings", args=[slug]))]


def _to_tick(seen: Roster) -> list[Place]:
    """Who can be ticked now: has a place, no tick, and nobody said that they did not come."""
    if seen.session.cancelled_at or not seen.is_open_to_change:
        return []
    if seen.location.local_day(seen.now) < seen.location.local_day(seen.session.starts_at):
        return []
    return [place for place in seen.expected if not place.person.is_in and place.person.id not in seen.answered]


def _without_word(seen: Roster) -> list[Reservation]:
    keys = [place.person.id for place in _to_tick(seen)]
    return list(
        seen.session.reservations.filter(pk__in=keys)
        .select_related("session", "location", "member")
        .order_by("member__first_name", "member__last_name", "id")
    )


def _all_words(deed: str, done: int, *, left: int) -> str:
    if deed == AllForm.HERE:
        words = ngettext("%(number)d person is in.", "%(number)d people are in.", done) % {"number": done}
    else:
        words = ngettext("%(number)d person did not come.", "%(number)d people did not come.", done) % {"number": done}
    if left:
        more = ngettext("%(number)d is left: press again.", "%(number)d are left: press again.", left) % {
            "number": left
        }
        words = f"{words} {more}"
    return words


def _ticked(request: StudioRequest, seen: Roster) -> list[dict[str, Any]]:
    """Who was ticked by the *all* that the address names, each with its undo while that is the last change."""
    try:
        batch = UUID(request.GET.get("ticked", ""))
    except ValueError:
        return []
    people = {uuid5(batch, str(place.person.id)): place.person for place in seen.expected}
    events = ReservationEvent.objects.filter(studio=request.studio, action_id__in=people, undone_by=None)
    return [
        {"event": event, "person": people[event.action_id], "action_id": str(uuid4())}
        for event in events.order_by("id")
        if people[event.action_id].attendance == event.after.get("attendance")
    ]


# No month is issued sooner after its last class; until then nothing is asked.
_NOT_ISSUED_YET = timedelta(days=4)


def _after_issue(seen: Roster, viewer: Viewer) -> str:
    """What becomes of a correction that is still possible here although the month is issued; "" where none is."""
    session = seen.session
    may_correct = seen.is_open_to_change and (viewer.can_tick or viewer.can_revert or viewer.can_book)
    if not may_correct or seen.now - session.ends_at < _NOT_ISSUED_YET:
        return ""
    if all(is_own(person.source) for person in seen.meeting.people):
        return ""
    return invoices().after_issue(session.studio, session.location, session.location.local_day(session.starts_at))


def _limit_words(seen: Roster) -> str:
    """Until when, or since when no more, this session can be corrected, and who still can (Q4)."""
    until = day_and_clock(seen.session.correction_until, seen.location)
    if seen.is_open_to_change:
        return _("This class can be corrected until %(moment)s.") % {"moment": until}
    return _(
        "This class could be corrected until %(moment)s. Nothing here can be taken back any more. An owner can set a"
        " longer correction limit for %(location)s in the settings; then it is open again."
    ) % {"moment": until, "location": seen.location.name}
