"""What stands beside the roster: one person with all that can be done, or the search for somebody to add."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings.forms import NoteForm
from bookings.models import Reservation, ScheduledSession, Spot
from bookings.paid_words import against_words, left_words
from bookings.rules import Attendance, Booking, CancelAs
from bookings.selectors import roster
from bookings.selectors.reception import Meeting
from bookings.selectors.wallet import balances
from bookings.views.bookings import ways_words
from bookings.views.check_ins import Viewer
from bookings.views.roster_rows import RosterRow, roster_row
from bookings.views.whom import whom
from bookings.words import day_and_clock, short_day
from portal.access import StudioRequest
from portal.members.photos import photo_url
from portal.members.search import search
from portal.models import Member, MemberNote
from portal.roles import Right

FOUND = 10


@dataclass(frozen=True)
class SpotChoice:
    """One numbered place of the room; `holder` is who has it, empty when it is free."""

    spot: Spot
    holder: str
    is_own: bool


@dataclass(frozen=True)
class PurchaseChoice:
    """One purchase of the member: its package, its balance, and what speaks against it."""

    pk: int
    words: str
    is_own: bool


@dataclass(frozen=True)
class PersonPanel:
    """One reservation with all that can be done about it."""

    row: RosterRow
    reservation: Reservation
    member: Member
    contact: list[str]
    ways: list[tuple[CancelAs, str]]
    can_mark_absent: bool
    can_take_absence_back: bool
    can_reinstate: bool
    spots: list[SpotChoice]
    notes: list[MemberNote]
    note_form: NoteForm | None
    booked_words: str
    # Empty without the right to see members.
    profile_url: str
    # What this member bought, to be chosen by hand (K5); None: this login may not see or change it.
    purchases: list[PurchaseChoice] | None

    @property
    def action_id(self) -> str:
        """Another one for each form."""
        return str(uuid4())


@dataclass(frozen=True)
class AddPanel:
    """Looking for somebody to add: what was typed, who fits, and who was chosen."""

    text: str
    # With the address of each one's photo.
    members: list[tuple[Member, str]]
    chosen: Member | None


def panel_context(request: StudioRequest, session: ScheduledSession, *, now: datetime) -> dict[str, Any]:
    """What the address asks for beside the list: `?person=12`, `?add=1&q=kim&member=7`, or nothing.

    Raises Http404 for a person who is not on this roster.
    """
    context: dict[str, Any] = {
        "session": session,
        "studio": request.studio,
        "panel": None,
        "adding": None,
        "with_contact": request.may(Right.SEE_CONTACT),
        "back": reverse("bookings:session", args=[request.studio.slug, session.pk]),
    }
    if person := request.GET.get("person"):
        return context | {"panel": person_panel(request, session, _number(person), now=now)}
    if request.GET.get("add") and request.may(Right.BOOK) and request.may(Right.VIEW_MEMBERS):
        context["adding"] = _adding(request)
    return context


def person_panel(
    request: StudioRequest,
    session: ScheduledSession,
    pk: int,
    *,
    now: datetime,
    note_form: NoteForm | None = None,
) -> PersonPanel:
    """The panel of one reservation of this session. Raises Http404."""
    viewer = Viewer.of(request)
    reservation = get_object_or_404(
        session.reservations.select_related("member", "session", "location", "spot", "checked_in_by__user"), pk=pk
    )
    place = roster.place_of(reservation, now=now)
    is_open = now <= session.correction_until
    booked = reservation.booking == Booking.BOOKED
    attendance, cancelled = reservation.attendance, session.cancelled_at is not None
    member = reservation.member
    return PersonPanel(
        row=roster_row(place, Meeting(session, session.location, [place.person], now), viewer),
        reservation=reservation,
        member=member,
        contact=[line for line in (member.phone, member.email) if line] if viewer.sees_contact else [],
        ways=ways_words(request, reservation, now=now),
        can_mark_absent=is_open
        and booked
        and not cancelled
        and viewer.can_tick
        and now >= session.starts_at
        and attendance == Attendance.UNKNOWN,
        can_take_absence_back=is_open and booked and viewer.can_revert and attendance == Attendance.NO_SHOW,
        can_reinstate=is_open and not booked and not cancelled and viewer.can_book,
        spots=_spots(session, reservation) if booked and viewer.can_book and is_open else [],
        notes=_notes(member) if viewer.can_tick else [],
        note_form=(note_form or NoteForm()) if viewer.can_tick else None,
        booked_words=day_and_clock(reservation.booked_at, session.location) if reservation.booked_at else "",
        profile_url=_profile(request, member),
        purchases=_purchases(reservation, now=now) if viewer.can_book and viewer.sees_packages else None,
    )


def _purchases(reservation: Reservation, *, now: datetime) -> list[PurchaseChoice]:
    """All of the member, newest first, also those that the rule would pass over: three queries."""
    bought = list(reservation.member.purchases.select_related("package").prefetch_related("holds").newest_first())
    left, place = balances(bought, now=now), reservation.location
    on = place.local_day(reservation.starts_at)
    return [
        PurchaseChoice(
            pk=one.pk,
            words=", ".join(
                [
                    _("%(package)s of %(day)s")
                    % {"package": one.package.name, "day": short_day(one.purchased_at, place)},
                    left_words(left[one.pk].free, left[one.pk].limit),
                    *against_words(one, list(one.holds.all()), left[one.pk], on),
                ]
            ),
            is_own=one.pk == reservation.purchase_id,
        )
        for one in bought
    ]


def _notes(member: Member) -> list[MemberNote]:
    return list(member.staff_notes.filter(for_next_visit=True, done_at=None).select_related("written_by__user"))


def _profile(request: StudioRequest, member: Member) -> str:
    if not request.may(Right.VIEW_MEMBERS):
        return ""
    return reverse("bookings:member", args=[request.studio.slug, member.pk])


def _spots(session: ScheduledSession, reservation: Reservation) -> list[SpotChoice]:
    """The spots of the session's room that can be had, in the order of their labels as people read numbers."""
    if session.room is None:
        return []
    holders = {
        held.spot_id: held.member.name
        for held in session.reservations.active().filter(spot__isnull=False).select_related("member")
    }
    spots = session.room.spots.filter(is_blocked=False)
    ordered = sorted(spots, key=lambda spot: (not spot.label.isdecimal(), spot.label.zfill(10)))
    return [SpotChoice(spot, holders.get(spot.pk, ""), spot.pk == reservation.spot_id) for spot in ordered]


def _adding(request: StudioRequest) -> AddPanel:
    text = request.GET.get("q", "")[:100]
    chosen = None
    if wanted := request.GET.get("member"):
        chosen = whom(request, _number(wanted))
    found: Iterable[Member] = [] if chosen else search(request.studio, text, limit=FOUND)
    return AddPanel(text, [(member, photo_url(request.studio, member)) for member in found], chosen)


def _number(text: str) -> int:
    """A key as the address says it; raises Http404."""
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)
