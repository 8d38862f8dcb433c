"""Why? The two decision trees with a reservation's path lit, the same unlit in Support, and "what if" (K7)."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.models import Reservation
from bookings.purchase_words import purchase_words
from bookings.selectors.member import next_sessions
from bookings.selectors.purchases import last_change_by_hand, names_of
from bookings.selectors.upcoming import for_login
from bookings.selectors.wallet import Wallet
from bookings.trees import draw
from bookings.views.assigning import visible
from bookings.views.member_rows import JOINED, uses_words
from bookings.why import Path, choice_tree, count_tree, explain_choice, explain_count
from bookings.words import day_and_clock
from packages.models import Policy
from packages.rules import Outcome
from portal.access import StudioRequest, locations_for, studio_view
from portal.members.search import search
from portal.models import Member
from portal.roles import Right

FOUND = 10


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def why(request: StudioRequest, reservation: int) -> HttpResponse:
    """Both paths of one reservation: a page, and for htmx the panel alone."""
    now = timezone.now()
    seen = visible(request, reservation)
    joined = request.studio.reservations.select_related(*JOINED, "member", "session__studio")
    found = joined.with_state(now).with_count(now).get(pk=seen.pk)
    context = _explained(request, found, now=now) | {"crumbs": _crumbs(request, found)}
    if request.htmx and not request.htmx.boosted:
        return render(request, "bookings/why.html#panel", context | {"in_panel": True})
    return render(request, "bookings/why.html", context)


@studio_view(Right.VIEW_TODAY)
@require_safe
def support_packages(request: StudioRequest) -> HttpResponse:
    """How packages are used: the trees as the studio has set them, for everybody."""
    policy = Policy.of(request.studio)
    trees = [draw(choice_tree(policy)), draw(count_tree())]
    context = {"drawings": trees, "may_book": request.may(Right.BOOK)}
    context["crumbs"] = [(_("Help"), reverse("portal:support", args=[request.studio.slug]))]
    return render(request, "bookings/support_packages.html", context)


@studio_view(Right.BOOK)
@require_safe
def what_if(request: StudioRequest) -> HttpResponse:
    """Pick a member and a session: what a reservation would use. Nothing is booked and nothing locked."""
    now, visible_places = timezone.now(), locations_for(request.login)
    member = _of_studio(request, request.GET.get("member", ""))
    sessions = for_login(request.login, visible_places).select_related("item", "location", "studio")
    picked = request.GET.get("session", "")
    session = get_object_or_404(sessions, pk=int(picked)) if _is_key(picked) else None
    text, words = request.GET.get("q", "")[:100], request.GET.get("class", "")[:100]
    context: dict[str, Any] = {
        "crumbs": _crumbs_of_packages(request),
        "member": member,
        "session": session,
        "text": text,
        "words": words,
        "members": [] if member else list(search(request.studio, text, limit=FOUND)),
        "sessions": []
        if session
        else [
            (one, day_and_clock(one.starts_at, one.location))
            for one in next_sessions(request.login, visible_places, words, now=now, limit=FOUND)
        ],
    }
    if session is not None:
        context["when"] = day_and_clock(session.starts_at, session.location)
    if member is not None and session is not None:
        path = Path.of(Wallet(member, request.studio, now=now).choose(session))
        bought = member.purchases.select_related("package").in_bulk()
        named = names_of(request.studio, path.packages)
        context["explained"] = explain_choice(path, bought=bought, named=named, zone=session.location.tz)
    return render(request, "bookings/what_if.html", context)


def _explained(request: StudioRequest, found: Any, *, now: datetime) -> dict[str, Any]:
    path = Path.stored(found)
    bought = found.member.purchases.select_related("package").in_bulk()
    named, zone = names_of(request.studio, path.packages), found.location.tz
    by_hand = found.assigned == Reservation.Assigned.HAND
    context: dict[str, Any] = {
        "reservation": found,
        "when": day_and_clock(found.starts_at, found.location),
        "uses": uses_words(found),
        "by_hand": by_hand,
        "counting": explain_count(found, now=now),
        "choice": explain_choice(path, bought=bought, named=named, zone=zone),
    }
    if by_hand:
        made = last_change_by_hand(found)
        context["overruled"] = made
        context["overruled_by"] = made.by.user.name if made and made.by else ""
        context["overruled_at"] = day_and_clock(made.occurred_at, found.location) if made else ""
        today = Wallet(found.member, request.studio, now=now, without=found).choose(found.session)
        taken = bought.get(today.taken.purchase_id) if today.taken else None
        context["today"] = (
            purchase_words(taken, zone) if taken else _("free") if today.outcome is Outcome.FREE else _("unpaid")
        )
        context["differs"] = (today.taken.purchase_id if today.taken else None) != found.purchase_id
    return context


def _crumbs(request: StudioRequest, found: Any) -> list[tuple[str, str]]:
    slug = request.studio.slug
    if request.may(Right.VIEW_MEMBERS):
        return [(found.member.name, reverse("bookings:member", args=[slug, found.member_id]))]
    return [(found.session.item.name, reverse("bookings:session", args=[slug, found.session_id]))]


def _crumbs_of_packages(request: StudioRequest) -> list[tuple[str, str]]:
    slug = request.studio.slug
    if request.may(Right.MANAGE_PACKAGES):
        return [(_("Packages"), reverse("bookings:packages", args=[slug]))]
    return [(_("How packages are used"), reverse("bookings:support_packages", args=[slug]))]


def _of_studio(request: StudioRequest, text: str) -> Member | None:
    return get_object_or_404(request.studio.members.people(), pk=int(text)) if _is_key(text) else None


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) < 19
