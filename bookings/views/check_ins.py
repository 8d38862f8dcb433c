"""Check-ins: the day at the counter, live (P1, P15, P17, Q13-Q17)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from bookings.forms import ChangesForm, FindForm
from bookings.marketplaces import marketplaces
from bookings.models import ReservationEvent
from bookings.rules import Attendance, Booking, State
from bookings.selectors import reception
from bookings.selectors.reception import Day, Deed, Meeting, Person, plain
from bookings.sources import NAMES
from bookings.states import flag_words
from bookings.views.addresses import address_of
from bookings.views.paid_rows import PaidRow, paid_row
from bookings.views.questions import unanswered_of
from bookings.words import clock, day_and_clock, short_day
from portal.access import StudioRequest, studio_view
from portal.locations import ALL, LocationChoice, location_choice
from portal.people import brief, hue, initials
from portal.roles import Right

Kind = ReservationEvent.Kind
TEMPLATE = "bookings/check_ins.html"
PRIVATE_COOKIE = "tresen_private"


@dataclass(frozen=True)
class Viewer:
    """What the person at the counter may do and see, asked once for all rows."""

    studio: str
    can_tick: bool
    can_revert: bool
    can_book: bool
    can_sell: bool
    sees_contact: bool
    # What pays for a visit is nobody's business who only looks.
    sees_packages: bool

    @classmethod
    def of(cls, request: StudioRequest) -> "Viewer":
        return cls(
            studio=request.studio.slug,
            can_tick=request.may(Right.CHECK_IN),
            can_revert=request.may(Right.REVERT),
            can_book=request.may(Right.BOOK),
            can_sell=request.may(Right.SELL),
            sees_contact=request.may(Right.SEE_CONTACT),
            sees_packages=request.may(Right.CHECK_IN),
        )

    @property
    def undoable(self) -> set[str]:
        kinds = {Kind.CHECKED_IN, Kind.NO_SHOW} if self.can_revert else set()
        return kinds | ({Kind.RESERVED, Kind.CANCELLED} if self.can_revert and self.can_book else set())


@dataclass(frozen=True)
class Row:
    """One person's line, ready to be written: `templates/bookings/check_ins.html`, partial `row`."""

    person: Person
    name: str
    initials: str
    brief: str
    hue: int
    time: str
    star_text: str
    look_at: str
    tick_url: str
    menu: list[tuple[str, str, str]]
    contact: list[str]
    notes: tuple[str, ...]
    find: str
    order: str
    # Made here for browsers without script; a script makes its own (Q17).
    action_id: str
    photo: str
    uses: PaidRow | None
    is_hidden: bool = False


def row_of(person: Person, meeting: Meeting, viewer: Viewer) -> Row:
    location, contact = meeting.location, []
    if viewer.sees_contact:
        contact = [line for line in (person.phone, person.email) if line]
    open_to_change = meeting.now <= location.correction_until(meeting.session.starts_at, meeting.session.ends_at)
    tick, menu = _changes(person, meeting, viewer) if open_to_change else ("", [])
    moment = person.checked_in_at if person.is_in else person.cancelled_at
    return Row(
        person=person,
        name=person.name,
        initials=initials(person.name),
        brief=brief(person.name),
        hue=hue(person.name),
        time=clock(moment, location)
        if moment and location.local_day(moment) == location.local_day(meeting.now)
        else "",
        star_text=star_text(person),
        look_at=flag_words(person.flagged),
        tick_url=tick,
        menu=menu,
        contact=contact,
        notes=person.notes if viewer.can_tick else (),
        find=_find(person, contact),
        order=person.order,
        action_id=str(uuid4()),
        photo=address_of("reservation_photo", viewer.studio, person.id) if person.has_photo else "",
        uses=uses_of(person, viewer),
    )


def uses_of(person: Person, viewer: Viewer) -> PaidRow | None:
    """What this login may see of what pays for the visit."""
    sell_url = address_of("sell_for", viewer.studio, person.id) if viewer.can_sell else ""
    if not viewer.sees_packages:
        return None
    return paid_row(person.paid, source=person.source, is_expected=person.is_expected, sell_url=sell_url)


def _changes(person: Person, meeting: Meeting, viewer: Viewer) -> tuple[str, list[tuple[str, str, str]]]:
    """Where the tick leads (empty: nowhere), and what the row's menu offers as (words, address, action id)."""
    menu: list[tuple[str, str, str]] = []

    def offer(allowed: bool, words: str, name: str) -> None:
        if allowed:
            menu.append((words, address_of(name, viewer.studio, person.id), str(uuid4())))

    if person.booking is not Booking.BOOKED:
        offer(viewer.can_book and not meeting.is_cancelled, _("Take the cancellation back"), "reinstate")
        return "", menu
    if person.is_in:
        offer(viewer.can_revert, _("Take the check-in back"), "revert_check_in")
        return (menu[0][1] if menu else ""), menu
    if meeting.is_cancelled or not viewer.can_tick:
        return "", menu
    waits = person.state is State.NO_CHECK_IN
    offer(waits, _("Did not come"), "mark_no_show")
    marked = person.attendance is Attendance.NO_SHOW and not meeting.is_over
    offer(marked and viewer.can_revert, _("Take the no-show back"), "revert_no_show")
    slip = person.source == "desk" and person.attendance is Attendance.UNKNOWN
    offer(slip and viewer.can_book, _("Take the booking back"), "withdraw")
    return address_of("check_in", viewer.studio, person.id), menu


def star_text(person: Person) -> str:
    """What the avatar's star says; empty without one (Q14)."""
    if person.star != "elsewhere":
        return _("First visit here") if person.star else ""
    visits = person.visits_elsewhere
    if not person.elsewhere:
        return ngettext("new here, %(visits)d visit elsewhere", "new here, %(visits)d visits elsewhere", visits) % {
            "visits": visits
        }
    return ngettext(
        "new here, %(visits)d visit at %(location)s", "new here, %(visits)d visits at %(location)s", visits
    ) % {"visits": visits, "location": person.elsewhere}


def _find(person: Person, contact: Iterable[str]) -> str:
    """What typing looks through; numbers of phones also as nothing but digits."""
    words = [person.name, person.number, str(person.id), *contact]
    digits = ["".join(filter(str.isdigit, line)) for line in contact if "@" not in line]
    return plain(" ".join(words + digits))


@dataclass(frozen=True)
class Head:
    meeting: Meeting
    starts: str
    ends: str
    place: str
    # Of its roster.
    url: str


def head_of(meeting: Meeting, *, studio: str, with_location: bool) -> Head:
    session = meeting.session
    parts = [session.teacher, session.room, meeting.location if with_location else None]
    return Head(
        meeting=meeting,
        starts=clock(session.starts_at, meeting.location),
        ends=clock(session.ends_at, meeting.location),
        place=" · ".join(str(part) for part in parts if part),
        url=reverse("bookings:session", args=[studio, meeting.id]),
    )


@dataclass(frozen=True)
class Entry:
    """One of the last actions, in words."""

    deed: Deed
    time: str
    name: str
    brief: str
    words: str
    by: str
    action_id: str
    is_own: bool


def entry_of(deed: Deed, login_id: int) -> Entry:
    event = deed.event
    return Entry(
        deed=deed,
        time=clock(event.occurred_at, deed.location),
        name=deed.person.name,
        brief=brief(deed.person.name),
        words=event.get_kind_display(),
        by=event.by.user.get_short_name() if event.by else _by_marketplace(event.by_word),
        action_id=str(uuid4()),
        is_own=event.by_id == login_id,
    )


def _by_marketplace(word: str) -> str:
    """Its name, where a marketplace did it; what a member did is not said."""
    return (NAMES.get(word) if word else None) or ""


@studio_view(Right.VIEW_TODAY)
@require_safe
def check_ins(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    day = reception.day_of(request.login, choice.shown, now=now)
    viewer = Viewer.of(request)
    find = FindForm(request.GET)
    # What the tab shows: it is told when the day has other classes.
    asked = {"location": _shown(choice), "day": reception.shape_of(day)}
    blocks = _blocks(day, viewer, find)
    context = _context(request, day, viewer) | {
        "title": _title(day, choice),
        "find": find,
        "is_found_only": find.is_used,
        "over": [block for block in blocks if block["meeting"].is_over],
        "ahead": [block for block in blocks if not block["meeting"].is_over],
        "found": any(not block["is_hidden"] for block in blocks),
        "over_counts": _totals(block["meeting"] for block in blocks if block["meeting"].is_over),
        "empty": _empty(request, choice, now) if not day.meetings else None,
        "today": short_day(now, choice.shown[0]),
        "clock": clock(now, choice.shown[0]),
        "zone": choice.shown[0].zone,
        "changes_url": f"{reverse('bookings:check_ins_changes', args=[viewer.studio])}?{urlencode(asked)}",
        "private": request.COOKIES.get(PRIVATE_COOKIE) == "1",
        "private_cookie": PRIVATE_COOKIE,
        "at_risk_url": marketplaces().at_risk_url(viewer.studio, location=_shown(choice)) if viewer.can_tick else "",
    }
    return render(request, TEMPLATE, context)


@studio_view(Right.VIEW_TODAY)
@require_safe
def check_ins_changes(request: StudioRequest) -> HttpResponse:
    """What is newer than a tab's version and moment: 204 from one read, or the changed rows, heads, counts, actions.

    205 when the tab has to load the page anew: at one of its locations another day has begun, or the day has other
    classes than it shows.
    """
    form, now = ChangesForm(request.GET), timezone.now()
    if not form.is_valid():
        return HttpResponseBadRequest()
    version, since = form.cleaned_data["since"], min(form.cleaned_data["at"], now)
    beat = reception.beat(request.studio, since=since, now=now)
    if beat.version == version and not beat.clock and not _may_be_another_day(since, now):
        return _stamped(HttpResponse(status=HTTPStatus.NO_CONTENT), version, now)
    choice = location_choice(request)
    if any(place.local_day(since) != place.local_day(now) for place in choice.shown):
        return _stamped(HttpResponse(status=HTTPStatus.RESET_CONTENT), beat.version, now)
    day = reception.day_of(request.login, choice.shown, now=now)
    if request.GET.get("day", "") not in ("", reception.shape_of(day)):
        return _stamped(HttpResponse(status=HTTPStatus.RESET_CONTENT), beat.version, now)
    changed = reception.changed_people(day, request.studio, version=version, since=since)
    viewer = Viewer.of(request)
    meetings = {meeting.id: meeting for meeting in day.meetings}
    touched = sorted({person.session_id for person in changed} | reception.turned(day, since=since))
    context = _context(request, day, viewer) | {
        "rows": [row_of(person, meetings[person.session_id], viewer) for person in changed],
        "heads": [head_of(meetings[pk], studio=viewer.studio, with_location=len(choice.shown) > 1) for pk in touched],
        "title": _title(day, choice),
    }
    return _stamped(HttpResponse(render_to_string(f"{TEMPLATE}#news", context)), day.version, now)


def _may_be_another_day(since: datetime, now: datetime) -> bool:
    """Whether any zone's midnight can lie between (all lie on a quarter of an hour); spares a look at the locations."""
    quarter = 15 * 60
    return int(since.timestamp()) // quarter != int(now.timestamp()) // quarter


def _stamped(response: HttpResponse, version: int, now: datetime) -> HttpResponse:
    """With what the tab asks next time."""
    response.headers["Tresen-Version"], response.headers["Tresen-At"] = str(version), now.isoformat()
    return response


def _context(request: StudioRequest, day: Day, viewer: Viewer) -> dict[str, Any]:
    deeds = reception.last_deeds(day, undoable=viewer.undoable)
    entries = [entry_of(deed, request.login.pk) for deed in deeds]
    open_questions = unanswered_of(day, studio=viewer.studio) if viewer.can_tick else []
    return {
        "studio": request.studio,
        "day": day,
        "counts": day.counts,
        "viewer": viewer,
        "entries": entries,
        "unanswered": open_questions,
        "without_tick": sum(one.number for one in open_questions),
        "own_last": next((entry for entry in entries if entry.is_own and entry.deed.can_undo), None),
        "at": day.now.isoformat(),
    }


def _blocks(day: Day, viewer: Viewer, find: FindForm) -> list[dict[str, Any]]:
    """Each session with its head and rows. What a search or a filter leaves out is there, hidden, for the script."""
    wanted, several = plain(find.words).split(), len(day.locations) > 1
    blocks = []
    for meeting in day.meetings:
        rows = [row_of(person, meeting, viewer) for person in meeting.people]
        if find.is_used:
            rows = [replace(row, is_hidden=not _fits(row, wanted, find.show_only)) for row in rows]
        is_hidden = find.is_used and all(row.is_hidden for row in rows)
        head = head_of(meeting, studio=viewer.studio, with_location=several)
        blocks.append({"meeting": meeting, "head": head, "rows": rows, "is_hidden": is_hidden})
    return blocks


def _fits(row: Row, words: list[str], show_only: str) -> bool:
    person = row.person
    if show_only == FindForm.MISSING and (person.is_in or not person.is_expected):
        return False
    if show_only == FindForm.NEW and not person.first_here:
        return False
    return all(word in row.find for word in words)


def _totals(meetings: Iterable[Meeting]) -> dict[str, int]:
    found = list(meetings)
    return {
        "classes": len(found),
        "in": sum(meeting.is_in for meeting in found),
        "expected": sum(meeting.expected for meeting in found),
    }


def _shown(choice: LocationChoice) -> str:
    return choice.chosen.slug if choice.chosen else ALL


def _title(day: Day, choice: LocationChoice) -> str:
    """ "(3) Check-ins - Centrum": how many have begun without their tick."""
    missing = f"({day.counts['missing']}) " if day.counts["missing"] else ""
    place = choice.chosen.name if choice.chosen else _("All locations")
    return missing + _("Check-ins") + f" - {place}"


def _empty(request: StudioRequest, choice: LocationChoice, now: datetime) -> dict[str, str]:
    heading = (
        _("No classes at %(location)s today.") % {"location": choice.chosen.name}
        if choice.chosen
        else _("No classes today.")
    )
    session = reception.next_session(request.login, choice.shown, now=now)
    if session is None:
        return {"heading": heading, "text": _("None is planned yet.")}
    begins = f"{day_and_clock(session.starts_at, session.location)} {session.item}"
    text = _("Next: %(begins)s, %(booked)d booked.")
    return {"heading": heading, "text": text % {"begins": begins, "booked": session.places_taken}}
