"""Money at risk: visits that will not be paid unless someone acts, and conflicts for a person to settle (X3, Q11)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.actions import Refused
from bookings.invoices import invoices
from bookings.models import ScheduledSession
from bookings.words import clock, day_and_clock, refusal_words
from marketplace.actions.conflicts import settle_conflict
from marketplace.forms.at_risk import AtRiskForm, SettleForm
from marketplace.models import Conflict
from marketplace.risk_words import conflict_words, place_of, time_left, what_to_do
from marketplace.rules.risk import Act
from marketplace.selectors import at_risk as selectors
from marketplace.selectors.at_risk import AtRisk, Found
from packages.words import money_words
from portal.access import StudioRequest, locations_for, studio_view
from portal.locations import ALL, location_choice
from portal.models import Location, Member
from portal.people import brief
from portal.roles import Right
from portal.views import came_from

TEMPLATE = "marketplace/at_risk.html"
# So many lines are shown above the counter, where people work, and so many on the page.
IN_STRIP, ON_PAGE = 50, 500


@dataclass(frozen=True)
class Line:
    """One visit at risk."""

    found: AtRisk
    name: str
    brief: str
    class_words: str
    left: str
    money: str
    url: str
    action_id: str

    @property
    def can_say(self) -> bool:
        return self.found.risk.act in {Act.TICK, Act.ANSWER}


@dataclass(frozen=True)
class Group:
    """What has to be done, and for which visits."""

    what: str
    lines: list[Line]


@dataclass(frozen=True)
class Card:
    """One conflict, both sides in words."""

    conflict: Conflict
    name: str
    brief: str
    class_words: str
    words: str
    url: str


@studio_view(Right.CHECK_IN)
@require_safe
def at_risk(request: StudioRequest) -> HttpResponse:
    """The whole page; to a script the strip of it, which asks again by itself where marketplaces are connected."""
    form = AtRiskForm(request.GET)
    if not form.is_valid():
        raise Http404
    is_strip = bool(request.htmx) and not request.htmx.boosted
    return _answer(request, session=form.cleaned_data["session"], is_strip=is_strip)


@studio_view(None, post=Right.REVERT)
@require_POST
def conflict_settle(request: StudioRequest, conflict: int) -> HttpResponse:
    """A person says how it was (Q11); the place and the tick follow."""
    now, form = timezone.now(), SettleForm(request.POST)
    places = locations_for(request.login)
    found = get_object_or_404(
        selectors.conflicts(request.login, places).select_related(
            "connection__marketplace", "guest__member", "visit__guest__member", "visit__session", "session", "location"
        ),
        pk=conflict,
    )
    if not form.is_valid():
        return HttpResponseBadRequest()
    session, refused, level = form.cleaned_data["session"], "", messages.SUCCESS
    said = _("Nothing was changed: somebody said so before.")
    try:
        if settle_conflict(found, Conflict.Verdict(form.cleaned_data["verdict"]), by=request.login, now=now):
            level, said = _settled_words(request, found, form.cleaned_data["verdict"], now=now)
    except Refused as refusal:
        place = place_of(found)
        refused = refusal_words(refusal.decision, place) if place else _("Nothing was changed.")
    if request.htmx and refused:
        return _answer(request, session=session, is_strip=True, said=refused, status=422)
    messages.add_message(request, messages.ERROR if refused else level, refused or said)
    if request.htmx:  # the row, its head and the counts may all be others now
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect(came_from(request, default=reverse("marketplace:at_risk", args=[request.studio.slug])))


def _answer(
    request: StudioRequest, *, session: int | None, is_strip: bool, said: str = "", status: int = 200
) -> HttpResponse:
    now, choice = timezone.now(), location_choice(request)
    places = choice.visible if session else choice.shown
    most = IN_STRIP if is_strip else ON_PAGE
    found = selectors.at_risk(request.login, places, now=now, most=most, session=session)
    lines = [_line(request, one, now=now) for one in found.lines]
    cards = [_card(request, one, now=now) for one in selectors.open_conflicts(request.login, places, session=session)]
    asked = {"session": session} if session else {"location": choice.chosen.slug if choice.chosen else ALL}
    context: dict[str, Any] = {
        "groups": _groups(lines),
        "shown": len(lines),
        "number": found.number,
        "first_left": _first_left(found, now=now),
        "cards": cards,
        "sum": _sum(found.sums) if request.may(Right.SEE_MONEY) else "",
        "is_connected": bool(lines or cards) or selectors.is_connected(request.studio),
        "session": session,
        "url": f"{reverse('marketplace:at_risk', args=[request.studio.slug])}?{urlencode(asked)}",
        "is_strip": is_strip,
        "may_tick": request.may(Right.CHECK_IN),
        "may_settle": request.may(Right.REVERT),
        "verdicts": Conflict.Verdict,
        "said": said,
    }
    return render(request, f"{TEMPLATE}#answer" if is_strip else TEMPLATE, context, status=status)


def _line(request: StudioRequest, one: AtRisk, *, now: datetime) -> Line:
    reservation = one.reservation
    money = money_words(one.rate, one.currency) if one.rate is not None and request.may(Right.SEE_MONEY) else ""
    return Line(
        found=one,
        name=reservation.member.name,
        brief=brief(reservation.member.name),
        class_words=_class_words(reservation.session, reservation.location, now=now),
        left=time_left(one.risk.until, reservation.location, now=now),
        money=money,
        url=_row_url(request, reservation.session_id, reservation.pk),
        action_id=str(uuid4()),
    )


def _card(request: StudioRequest, conflict: Conflict, *, now: datetime) -> Card:
    session, member = selectors.class_of(conflict), _who(conflict)
    url = _row_url(request, session.pk, conflict.visit.reservation_id if conflict.visit else None) if session else ""
    return Card(
        conflict=conflict,
        name=member.name if member else "",
        brief=brief(member.name) if member else "",
        class_words=_class_words(session, session.location, now=now) if session else str(conflict.location or ""),
        words=conflict_words(conflict, now=now),
        url=url,
    )


def _who(conflict: Conflict) -> Member | None:
    guest = conflict.guest or (conflict.visit.guest if conflict.visit else None)
    return guest.member if guest else None


def _groups(lines: list[Line]) -> list[Group]:
    """The visits under what has to be done for them, the most urgent first."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(what_to_do(line.found), []).append(line)
    return [Group(what, of_it) for what, of_it in found.items()]


def _class_words(session: ScheduledSession, place: Location, *, now: datetime) -> str:
    is_today = place.local_day(session.starts_at) == place.local_day(now)
    begins = clock(session.starts_at, place) if is_today else day_and_clock(session.starts_at, place)
    return f"{begins} {session.item.name}"


def _row_url(request: StudioRequest, session: int, reservation: int | None) -> str:
    roster = reverse("bookings:session", args=[request.studio.slug, session])
    return f"{roster}#reservation-{reservation}" if reservation else roster


def _sum(sums: dict[str, Decimal]) -> str:
    """What they come to by their contracts, by currency."""
    return ", ".join(money_words(amount, currency) for currency, amount in sorted(sums.items()))


def _first_left(found: Found, *, now: datetime) -> str:
    if found.first_until is None or not found.lines:
        return ""
    return time_left(found.first_until, found.lines[0].reservation.location, now=now)


def _settled_words(request: StudioRequest, conflict: Conflict, verdict: str, *, now: datetime) -> tuple[int, str]:
    """What was noted; of a guest without a booking also what is left to do, and where."""
    member = _who(conflict)
    words = {"name": member.name if member else conflict.connection.marketplace.name}
    if verdict == Conflict.Verdict.WAS_HERE and (conflict.visit is None or conflict.visit.reservation_id is None):
        said = _("%(name)s was here, but this check-in has no booking: book and tick the guest in the class.") % words
        classes = selectors.classes_of(request.login, locations_for(request.login), conflict)
        ways = ((_row_url(request, one.pk, None), _class_words(one, one.location, now=now)) for one in classes)
        return messages.WARNING, format_html("{} {}", said, format_html_join(" ", '<a href="{}">{}</a>', ways))
    said = {
        Conflict.Verdict.WAS_HERE: _("%(name)s was here: the visit stands."),
        Conflict.Verdict.WAS_NOT_HERE: _("%(name)s was not here."),
        Conflict.Verdict.DISPUTED: _("%(name)s: noted as disputed. Nothing was changed here."),
    }[Conflict.Verdict(verdict)]
    after_issue = "" if verdict == Conflict.Verdict.DISPUTED else _after_issue(conflict)
    return messages.SUCCESS, f"{said % words} {after_issue}".strip()


def _after_issue(conflict: Conflict) -> str:
    """What becomes of it where the month of the visit is issued already (Q31)."""
    session, place = selectors.class_of(conflict), place_of(conflict)
    if place is None:
        return ""
    day = place.local_day(session.starts_at if session else conflict.about)
    return invoices().after_issue(conflict.studio, place, day, conflict.connection.marketplace_id)
