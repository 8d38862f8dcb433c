"""Check-in history (P5-P7): months, the classes of a month, and what became of each reservation of a class."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from bookings.exports import month_as_csv
from bookings.models import ScheduledSession
from bookings.rules import State
from bookings.selectors import history as past
from bookings.selectors.history import Outcome
from bookings.selectors.local_days import next_month
from bookings.states import STATE_WORDS, flag_words, star_of
from portal.access import StudioRequest, studio_view
from portal.locations import LocationChoice, location_choice
from portal.models import Location
from portal.roles import Right

PER_PAGE = 100
MONTHS_SHOWN = 12
SOURCES_SHOWN = 4
BAR_HEIGHT = 100


@dataclass(frozen=True)
class MonthRow:
    """One line of the table of months."""

    month: date
    outcome: Outcome
    by_location: list[int]
    change: int | None  # in check-ins, per cent of the same month of last year; None: no check-ins then
    shares: list[int | None]  # per cent of the check-ins, by source


@studio_view(Right.VIEW_HISTORY)
@require_safe
def history(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    this_month = _this_month(choice, now)
    first, after = next_month(this_month, step=1 - MONTHS_SHOWN), next_month(this_month)
    found = past.by_month(choice.shown, next_month(first, step=-12), after, now=now)
    totals = {month: past.total(found[month].values()) for month in list(found)}
    months = list(_months(first, after))
    everything = past.total(totals[month] for month in months if month in totals)
    sources = [source for source, _number in everything.sources.most_common(SOURCES_SHOWN)]
    several = choice.shown if len(choice.shown) > 1 else []
    rows = [
        MonthRow(
            month,
            outcome := totals.get(month, Outcome()),
            [found[month][place.pk].checked_in for place in several] if month in found else [0] * len(several),
            _change(outcome, totals.get(next_month(month, step=-12))),
            [_share(outcome, source) for source in sources],
        )
        for month in months
    ]
    context = {
        "rows": _from_the_first(rows)[::-1],
        "total": everything,
        "total_by_location": [sum(row.by_location[place] for row in rows) for place in range(len(several))],
        "total_shares": [_share(everything, source) for source in sources],
        "several": several,
        "sources": sources,
        "bars": _bars(request, {row.month: row.outcome.checked_in for row in rows}, current=this_month),
        "summary": _summary({row.month: row.outcome.checked_in for row in rows}),
        "may_export": request.may(Right.EXPORT),
        "as_table": request.GET.get("view") == "table",
        "others": _elsewhere(choice, first, after) if not everything.reservations else [],
    }
    return render(request, "bookings/history.html", context)


@studio_view(Right.VIEW_HISTORY)
@require_safe
def history_month(request: StudioRequest, month: date) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    this_month = _not_in_the_future(month, choice, now)
    # The last twelve months, or those up to an older one.
    last = this_month if month > next_month(this_month, step=-MONTHS_SHOWN) else month
    first, after = next_month(last, step=1 - MONTHS_SHOWN), next_month(last)
    check_ins = dict.fromkeys(_months(first, after), 0) | past.check_ins_by_month(choice.shown, first, after)
    classes = past.by_class(choice.shown, month, now=now)
    total = past.total(outcome for _item, outcome in classes)
    context = {
        "month": month,
        "previous_month": next_month(month, step=-1) if month > date(1970, 1, 1) else None,
        "next_month": next_month(month) if month < this_month else None,
        "crumbs": [(_("Check-in history"), reverse("bookings:history", args=[request.studio.slug]))],
        "classes": classes,
        "total": total,
        "first_visits": past.first_visits_in(choice.shown, month),
        "show_places": len(choice.shown) > 1,
        "may_export": request.may(Right.EXPORT),
        "bars": _bars(request, check_ins, current=month),
        "summary": _summary(check_ins),
        "check_ins": check_ins,
        "as_table": request.GET.get("view") == "table",
        "others": _elsewhere(choice, month, next_month(month)) if not classes else [],
    }
    return render(request, "bookings/history_month.html", context)


@studio_view(Right.VIEW_HISTORY)
@require_safe
def history_class(request: StudioRequest, month: date, item: int) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    _not_in_the_future(month, choice, now)
    calendar_item = get_object_or_404(
        request.studio.calendar_items.select_related("teacher", "location")
        .filter(sessions__location__in=choice.visible)
        .distinct(),
        pk=item,
    )
    sessions = past.sessions_of(calendar_item, choice.shown, month, now=now)
    outcome = _wanted(request.GET.get("outcome", ""))
    chosen = _one_of(sessions, request.GET.get("session", ""))
    shown = [(session, result) for session, result in sessions if chosen in (None, session.pk)]
    counts = past.total(result for _session, result in shown)
    rows = past.reservations_of([session for session, _result in shown], outcome=outcome, now=now)
    page = Paginator(rows, PER_PAGE, orphans=PER_PAGE).get_page(request.GET.get("page"))
    slug = request.studio.slug
    context = {
        "month": month,
        "item": calendar_item,
        "crumbs": [
            (_("Check-in history"), reverse("bookings:history", args=[slug])),
            (date_format(month, "YEAR_MONTH_FORMAT"), reverse("bookings:history_month", args=[slug, month])),
        ],
        "sessions": sessions,
        "total": past.total(result for _session, result in sessions),
        "chosen_session": chosen,
        "page": page,
        "rows": [(row, star_of(row), flag_words(row.flagged)) for row in page],
        "outcome": outcome,
        "outcomes": [(state, STATE_WORDS[state], counts.states[state]) for state in State if counts.states[state]],
        "reservations": counts.reservations,
        "show_places": len(choice.shown) > 1,
    }
    return render(request, "bookings/history_class.html", context)


@studio_view(Right.EXPORT)
@require_GET
def history_csv(request: StudioRequest, month: date) -> StreamingHttpResponse:
    """The month as a file (P7, Q38)."""
    if not request.may(Right.VIEW_HISTORY):
        raise PermissionDenied
    choice, now = location_choice(request), timezone.now()
    _not_in_the_future(month, choice, now)
    place = choice.chosen.slug if choice.chosen else request.studio.slug
    rows = month_as_csv(choice.shown, month, now=now, with_members=request.may(Right.SEE_CONTACT))
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    name = f"checkins_{place}_{month:%Y-%m}.csv"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


def _this_month(choice: LocationChoice, now: datetime) -> date:
    """The month that has begun somewhere among the locations."""
    return max((place.local_day(now).replace(day=1) for place in choice.visible), default=now.date().replace(day=1))


def _not_in_the_future(month: date, choice: LocationChoice, now: datetime) -> date:
    """This month; raises Http404 for one that has not begun."""
    this_month = _this_month(choice, now)
    if month > this_month:
        raise Http404
    return this_month


def _months(first: date, after: date) -> Iterator[date]:
    while first < after:
        yield first
        first = next_month(first)


def _from_the_first(rows: list[MonthRow]) -> list[MonthRow]:
    """Without the empty months before the studio's first reservation."""
    first = next((at for at, row in enumerate(rows) if row.outcome.reservations), 0)
    return rows[first:]


def _change(outcome: Outcome, before: Outcome | None) -> int | None:
    if before is None or not before.checked_in:
        return None
    return round(100 * (outcome.checked_in - before.checked_in) / before.checked_in)


def _share(outcome: Outcome, source: str) -> int | None:
    return round(100 * outcome.sources[source] / outcome.checked_in) if outcome.checked_in else None


@dataclass(frozen=True)
class Bar:
    label: str
    value: int
    height: int
    current: bool
    url: str


def _bars(request: StudioRequest, check_ins: dict[date, int], *, current: date) -> list[Bar]:
    highest = max(check_ins.values(), default=0) or 1
    return [
        Bar(
            label=date_format(month, "M"),
            value=number,
            height=max(1, round(BAR_HEIGHT * number / highest)),
            current=month == current,
            url=reverse("bookings:history_month", args=[request.studio.slug, month]),
        )
        for month, number in check_ins.items()
    ]


def _summary(check_ins: dict[date, int]) -> str:
    """The chart in one sentence, for those who do not see it."""
    best = max(check_ins, key=lambda month: check_ins[month])
    return _("Check-ins per month, most in %(month)s: %(number)d") % {
        "month": date_format(best, "YEAR_MONTH_FORMAT"),
        "number": check_ins[best],
    }


def _elsewhere(choice: LocationChoice, first: date, after: date) -> list[tuple[Location, int]]:
    """What the filter hides: check-ins at the locations that are not shown, those without any left out."""
    hidden = [place for place in choice.visible if place not in choice.shown]
    counted = ((place, sum(past.check_ins_by_month([place], first, after).values())) for place in hidden)
    return [(place, number) for place, number in counted if number]


def _wanted(word: str) -> State | None:
    """The state that the filter names; raises Http404 for a word that is none."""
    if not word:
        return None
    if word not in set(State):
        raise Http404
    return State(word)


def _one_of(sessions: list[tuple[ScheduledSession, Outcome]], number: str) -> int | None:
    """The session that the filter names; raises Http404 for one that is not listed."""
    if not number:
        return None
    found = next((session.pk for session, _result in sessions if str(session.pk) == number), None)
    if found is None:
        raise Http404
    return found
