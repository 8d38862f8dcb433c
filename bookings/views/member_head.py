"""What every tab of a profile shows above itself: who it is, what can be done, and the way through the list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID, uuid4

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from bookings.profile_tabs import tabs_for
from bookings.rules import Attendance
from bookings.selectors import member as one
from bookings.selectors import members as listed
from bookings.selectors.members import Filters
from bookings.words import clock
from portal.access import StudioRequest
from portal.locations import location_choice
from portal.members.photos import photo_url
from portal.models import Member
from portal.roles import Right
from portal.saved_views import canonical


class Elsewhere(Exception):
    """The profile was merged: `member` is where it is now."""

    def __init__(self, member: Member) -> None:
        super().__init__(member.pk)
        self.member = member


@dataclass(frozen=True)
class Today:
    """A booking of today without a tick, and what its button sends."""

    reservation: Any
    words: str
    action_id: UUID


def the_member(request: StudioRequest, pk: int) -> Member:
    """The member of this studio. Raises Http404, and Elsewhere for one that was merged into another."""
    member = get_object_or_404(request.studio.members.select_related("merged_into"), pk=pk)
    if member.merged_into is not None:
        raise Elsewhere(member.kept)
    return member


def alive(request: StudioRequest, pk: int) -> Member:
    """One who can be changed: neither merged nor scrubbed. Raises Http404."""
    return get_object_or_404(request.studio.members.people(), pk=pk)


def head(request: StudioRequest, member: Member, *, tab: str, now: datetime) -> dict[str, Any]:
    """The context of a tab. It asks the same queries whatever the member has done."""
    choice = location_choice(request)
    coming = one.upcoming_of(member, choice.visible, now=now)
    places = one.visited(member, choice.visible)
    query = canonical(request.GET.get("from", "")[:1000])
    return {
        "member": member,
        "photo": photo_url(request.studio, member),
        "star": "" if places or member.scrubbed_at else "here",
        "places": [name for name, _number in places],
        "coming": coming,
        "today": [] if member.scrubbed_at else _today(coming, now=now),
        "tab": tab,
        "tabs": _tabs(request, member, query),
        "may_book": request.may(Right.BOOK) and member.scrubbed_at is None,
        "may_sell": request.may(Right.SELL) and member.scrubbed_at is None,
        "may_check_in": request.may(Right.CHECK_IN),
        "may_manage": request.may(Right.MANAGE_MEMBERS) and member.scrubbed_at is None,
        "with_contact": request.may(Right.SEE_CONTACT),
        "several": len(choice.visible) > 1,
        "crumbs": [(_("Members"), _list_url(request, query))],
        "zone": choice.visible[0].zone if choice.visible else "UTC",
        "merges": member.merges.filter(undone_at=None).select_related("merged"),
        **_beside(request, member, query, now=now),
    }


def _tabs(request: StudioRequest, member: Member, query: str) -> list[tuple[str, str, str]]:
    """Name, word and address of each tab; they keep the list that one came from."""
    words = [("member", _("Attendance")), ("member_packages", _("Packages")), ("member_bookings", _("Bookings"))]
    brought = [(tab.name, str(tab.word)) for tab in tabs_for(request.login.rights)]
    words += [*brought, ("member_notes", _("Notes")), ("member_log", _("Log"))]
    if request.may(Right.MANAGE_MEMBERS):
        words.append(("member_data", _("Data")))
    if member.scrubbed_at is not None:
        kept = {"member", "member_packages", "member_log", *(name for name, _word in brought)}
        words = [(name, word) for name, word in words if name in kept]
    came_by = f"?{urlencode({'from': query})}" if query else ""
    slug = request.studio.slug
    return [(name, word, reverse(_view_name(name), args=[slug, member.pk]) + came_by) for name, word in words]


def _view_name(tab: str) -> str:
    """Tabs of other apps are registered with their app's name."""
    return tab if ":" in tab else f"bookings:{tab}"


def _beside(request: StudioRequest, member: Member, query: str, *, now: datetime) -> dict[str, str]:
    """The addresses of the person before and after in the list that one came from, on the same tab."""
    words = dict(parse_qsl(query))
    filters = Filters.of(words)
    found = listed.filtered(request.studio, filters, request.location_choice, now=now)
    before, after = listed.neighbours(found, filters, member)
    name = request.resolver_match.view_name if request.resolver_match else "bookings:member"
    came_by = f"?{urlencode({'from': query})}" if query else ""
    slug = request.studio.slug
    return {
        side: reverse(name, args=[slug, pk]) + came_by if pk else ""
        for side, pk in (("before_url", before), ("after_url", after))
    }


def _list_url(request: StudioRequest, query: str) -> str:
    address = reverse("bookings:members", args=[request.studio.slug])
    return f"{address}?{query}" if query else address


def _today(coming: list[Any], *, now: datetime) -> list[Today]:
    """The bookings of the local day that can be ticked now."""
    found = []
    for row in coming:
        is_today = row.location.local_day(row.starts_at) == row.location.local_day(now)
        if is_today and row.attendance != Attendance.CHECKED_IN and row.session.cancelled_at is None:
            words = f"{clock(row.starts_at, row.location)} {row.session.item.name}"
            found.append(Today(row, words, uuid4()))
    return found
