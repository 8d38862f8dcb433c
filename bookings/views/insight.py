"""Insight for who may see money: visits, classes, people, marketplaces. The address is the view (*Charts*, N9)."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.rules.insight import Range, period_of
from bookings.selectors.insight import Scope
from bookings.sources import source_name
from bookings.views.insight_classes import classes_parts
from bookings.views.insight_marketplaces import marketplaces_parts
from bookings.views.insight_people import people_parts
from bookings.views.insight_tables import Look, Part, in_order
from bookings.views.insight_visits import visits_parts
from portal.access import StudioRequest, studio_view
from portal.locations import location_choice
from portal.roles import Right
from portal.saved_views import saved_views

VISITS, CLASSES, PEOPLE, MARKETPLACES = "visits", "classes", "people", "marketplaces"
# Which page has which chart: a file needs only that page's questions.
CHARTS = {
    VISITS: ("check-ins", "hours", "rates", "rates-by-source"),
    CLASSES: ("classes",),
    PEOPLE: ("newcomers", "retention"),
    MARKETPLACES: ("balance", "caps"),
}


@dataclass(frozen=True)
class Chip:
    label: str
    url: str
    is_current: bool
    number: int | None = None


def look_of(request: StudioRequest) -> Look:
    """What the address asks for. Raises Http404 for a range that there is not, or a location out of sight."""
    choice, now = location_choice(request), timezone.now()
    today = max((place.local_day(now) for place in choice.visible), default=now.date())
    wanted = request.GET.get("range", Range.YEAR)
    if wanted not in set(Range):
        raise Http404
    scope = Scope(request.studio, choice.shown, period_of(Range(wanted), today), now)
    return Look(scope, choice, today, request.GET.get("source", ""), request.studio.slug)


def parts_of(request: StudioRequest, look: Look, page: str) -> list[Part]:
    """The charts of a page; as many queries for thirty rows as for one."""
    if page == VISITS:
        return visits_parts(look)
    if page == CLASSES:
        return classes_parts(request, look)
    return people_parts(look) if page == PEOPLE else marketplaces_parts(look)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def insight(request: StudioRequest) -> HttpResponse:
    return _page(request, VISITS)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def insight_classes(request: StudioRequest) -> HttpResponse:
    return _page(request, CLASSES)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def insight_people(request: StudioRequest) -> HttpResponse:
    return _page(request, PEOPLE)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def insight_marketplaces(request: StudioRequest) -> HttpResponse:
    return _page(request, MARKETPLACES)


def _page(request: StudioRequest, page: str) -> HttpResponse:
    look = look_of(request)
    parts = parts_of(request, look, page)
    context = {
        "parts": parts,
        "is_empty": all(part.is_empty for part in parts),
        "tabs": _tabs(request, page),
        "ranges": _ranges(request, look),
        "sources": _sources(request, look),
        "period": look.period,
        "last_day": look.period.buckets[-1],
        "views": saved_views(request, f"insight_{page}"),
        "query": _query(request),
    }
    return render(request, "bookings/insight.html", context)


def _query(request: StudioRequest) -> str:
    """The filters as the files' addresses have them."""
    query = request.GET.copy()
    return f"?{query.urlencode()}" if query else ""


def _with(request: StudioRequest, **words: str) -> str:
    query = request.GET.copy()
    for word, value in words.items():
        query.pop(word, None)
        if value:
            query[word] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _tabs(request: StudioRequest, page: str) -> list[Chip]:
    """The pages, with the range and the location kept; a source only where it was chosen from."""
    words = {VISITS: _("Visits"), CLASSES: _("Classes"), PEOPLE: _("People"), MARKETPLACES: _("Marketplaces")}
    names = {VISITS: "insight"} | {one: f"insight_{one}" for one in (CLASSES, PEOPLE, MARKETPLACES)}
    query = request.GET.copy()
    query.pop("source", None)
    kept = f"?{query.urlencode()}" if query else ""
    return [
        Chip(words[one], reverse(f"bookings:{names[one]}", args=[request.studio.slug]) + kept, one == page)
        for one in CHARTS
    ]


def _ranges(request: StudioRequest, look: Look) -> list[Chip]:
    words = {
        Range.YEAR: _("12 months"),
        Range.QUARTER: _("90 days"),
        Range.THIS_MONTH: _("This month"),
        Range.LAST_MONTH: _("Last month"),
    }
    return [
        Chip(words[one], _with(request, range="" if one is Range.YEAR else one.value), one is look.period.range)
        for one in Range
    ]


def _sources(request: StudioRequest, look: Look) -> list[Chip]:
    """A chip for each source that was seen, and for the one that the address names; none where all are compared."""
    if not look.found and not look.source:
        return []
    found = {look.source: 0} | look.found if look.source else look.found
    chips = [Chip(_("All sources"), _with(request, source=""), not look.source)]
    return chips + [
        Chip(source_name(one), _with(request, source=one), one == look.source, found[one]) for one in in_order(found)
    ]
