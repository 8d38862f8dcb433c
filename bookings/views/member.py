"""A member's profile: attendance, bookings and log. Notes, data and changes have views of their own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from bookings.member_words import LogLine, line_of
from bookings.models import Reservation
from bookings.rules import CancelAs, State
from bookings.selectors import member as one
from bookings.selectors.member import Year
from bookings.selectors.purchases import packages_used
from bookings.selectors.waiting import waits_of
from bookings.states import STATE_WORDS
from bookings.views.bookings import ways_words
from bookings.views.member_head import Elsewhere, head, the_member
from bookings.views.member_rows import bought_by, in_words, options_of, rows_of
from bookings.words import day_and_clock
from packages.models import Package
from packages.rules import Verdict
from portal.access import StudioRequest, studio_view
from portal.models import Location, Member
from portal.roles import Right

PER_PAGE = 100
SESSIONS_SHOWN = 20


@dataclass(frozen=True)
class Coming:
    """One booking to come, with the outcomes of giving it up."""

    reservation: Any
    free_until: str
    ways: list[tuple[CancelAs, str]]
    action_id: UUID


def leads_to_the_kept_one(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The address of a merged profile is that of the kept one."""

    @wraps(view)
    def led(request: StudioRequest, member: int, **more: str) -> HttpResponseBase:
        try:
            return view(request, member, **more)
        except Elsewhere as elsewhere:
            name = request.resolver_match.view_name if request.resolver_match else "bookings:member"
            return redirect(name, request.studio.slug, elsewhere.member.pk, *more.values())

    return led


@studio_view(Right.VIEW_MEMBERS)
@require_safe
@leads_to_the_kept_one
def member(request: StudioRequest, member: int) -> HttpResponse:
    """The whole history, newest first: what has begun; what is to come stands under Bookings (K5)."""
    now, found = timezone.now(), the_member(request, member)
    context = head(request, found, tab="member", now=now)
    shown = request.location_choice.shown
    listed = attendance_of(request, found, shown, now=now)
    page = Paginator(listed.rows, PER_PAGE, orphans=PER_PAGE).get_page(request.GET.get("page"))
    bought = bought_by(request, found, now=now)
    paid_by = packages_used(one.reservations_of(found, shown, now=now).filter(listed.begun))
    context |= {
        "page": page,
        "rows": rows_of(request, list(page), bought, now=now),
        "options": options_of(bought, request),
        "years": listed.years,
        "year": listed.year,
        "state": listed.state,
        "states": [(word, STATE_WORDS[word], listed.counts[word]) for word in State if listed.counts[word]],
        "package": request.GET.get("package", ""),
        "packages": [(_package_key(package, free=free), package, free, number) for package, free, number in paid_by],
        "total": Year(0, listed.counts),
        "counted": page.paginator.count and listed.rows.order_by().filter(count_word=Verdict.COUNTED).count(),
        "ever": sum(number for _package, _free, number in paid_by),
        "may_export": request.may(Right.EXPORT),
    }
    return render(request, "bookings/member.html", context)


@dataclass(frozen=True)
class Attendance:
    """What the attendance tab lists under its address, and what it can be filtered by."""

    rows: Any
    # What stands under attendance at all, whatever is filtered.
    begun: Q
    years: list[Year]
    year: Year | None
    state: State | None
    # By state, of the chosen year or of all.
    counts: Counter[str]


def attendance_of(request: StudioRequest, member: Member, shown: list[Location], *, now: datetime) -> Attendance:
    """The member's reservations as the address filters them, newest first. Raises Http404 for a word that is none."""
    soon = now + timedelta(days=1)
    begun, paid_by = Q(starts_at__lte=soon), _paid_by(request.GET.get("package", ""))
    years = one.years_of(member, shown, until=soon, now=now, only=paid_by)
    year, state = _year(years, request.GET.get("year", "")), _state(request.GET.get("state", ""))
    rows = in_words(one.reservations_of(member, shown, now=now).filter(begun & paid_by), now=now)
    if year is not None:
        rows = one.with_local_year(rows).filter(local_year=year.year)
    if state is not None:
        rows = rows.filter(state_word=state)
    counts = sum((each.states for each in ([year] if year else years)), start=Counter[str]())
    return Attendance(rows.order_by("-starts_at", "-id"), begun, years, year, state, counts)


FREE, UNPAID = "free", "unpaid"


def _package_key(package: Package | None, *, free: bool) -> str:
    return str(package.pk) if package else FREE if free else UNPAID


def _paid_by(word: str) -> Q:
    """The condition of a package's key, "free" or "unpaid". Raises Http404 for another word."""
    if not word:
        return Q()
    if word in {FREE, UNPAID}:
        free = Q(assigned=Reservation.Assigned.FREE)
        return Q(purchase=None) & (free if word == FREE else ~free)
    if not word.isdecimal() or len(word) > 18:
        raise Http404
    return Q(purchase__package=int(word))


@studio_view(Right.VIEW_MEMBERS)
@require_safe
@leads_to_the_kept_one
def member_bookings(request: StudioRequest, member: int) -> HttpResponse:
    """What is to come: bookings, places on waiting lists, and the next sessions to book."""
    now, found = timezone.now(), the_member(request, member)
    if found.scrubbed_at is not None:
        raise Http404
    context = head(request, found, tab="member_bookings", now=now)
    visible = request.location_choice.visible
    text = request.GET.get("q", "").strip()[:100]
    context |= {
        "bookings": [_coming(request, row, now=now) for row in context["coming"]],
        "waits": [wait for wait in waits_of(found, now=now) if wait.entry.session.location in visible],
        "text": text,
        "sessions": [
            (session, day_and_clock(session.starts_at, session.location))
            for session in one.next_sessions(request.login, visible, text, now=now, limit=SESSIONS_SHOWN)
        ]
        if context["may_book"]
        else [],
    }
    if request.htmx and not request.htmx.boosted:
        return render(request, "bookings/member_bookings.html#sessions", context)
    return render(request, "bookings/member_bookings.html", context)


@studio_view(Right.VIEW_MEMBERS)
@require_safe
@leads_to_the_kept_one
def member_log(request: StudioRequest, member: int) -> HttpResponse:
    """All that happened: bookings, waiting lists, and what people changed in the profile."""
    now, found = timezone.now(), the_member(request, member)
    context = head(request, found, tab="member_log", now=now)
    visible = request.location_choice.visible
    page = Paginator(one.log_of(found, visible), PER_PAGE, orphans=PER_PAGE).get_page(request.GET.get("page"))
    lines: list[LogLine] = [
        line_of(row, visible, with_contact=request.may(Right.SEE_CONTACT))
        for row in one.read_log(request.studio, list(page))
    ]
    return render(request, "bookings/member_log.html", context | {"page": page, "lines": lines})


def _coming(request: StudioRequest, row: Any, *, now: datetime) -> Coming:
    return Coming(row, day_and_clock(row.free_until, row.location), ways_words(request, row, now=now), uuid4())


def _year(years: list[Year], text: str) -> Year | None:
    """The year that the filter names; raises Http404 for one without reservations."""
    if not text:
        return None
    found = next((year for year in years if str(year.year) == text), None)
    if found is None:
        raise Http404
    return found


def _state(word: str) -> State | None:
    """The state that the filter names; raises Http404 for a word that is none."""
    if not word:
        return None
    if word not in set(State):
        raise Http404
    return State(word)
