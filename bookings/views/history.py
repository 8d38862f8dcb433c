"""Check-in history (P5-P7): months, the classes of a month, and what became of each reservation of a class."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.invoices import MonthBilled, invoices
from bookings.models import CalendarItem, ScheduledSession
from bookings.rules import State
from bookings.selectors import history as past
from bookings.selectors import history_charts as charted
from bookings.selectors.history import Outcome
from bookings.selectors.local_days import next_month
from bookings.states import STATE_WORDS, flag_words, star_of
from bookings.views.history_charts import Fill, bars_of, fill_of, fill_summary, heat_of, summary_of
from bookings.views.money import sees_invoices
from packages.words import money_words
from portal.access import StudioRequest, studio_view
from portal.locations import LocationChoice, location_choice
from portal.models import Location, Studio
from portal.roles import Right
from portal.saved_views import saved_views
from portal.sorting import Column, Head, in_order

PER_PAGE = 100
MONTHS_SHOWN = 12
SOURCES_SHOWN = 4


@dataclass(frozen=True)
class MonthRow:
    """One line of the table of months."""

    month: date
    outcome: Outcome
    by_location: list[int]
    change: int | None  # in check-ins, per cent of the same month of last year; None: no check-ins then
    shares: list[int | None]  # per cent of the check-ins, by source
    billed: MonthBilled | None = None
    amount: str = ""  # of `billed`, for people

    @property
    def net(self) -> Decimal:
        return sum(self.billed.amounts.values(), Decimal(0)) if self.billed else Decimal(0)


@dataclass(frozen=True)
class ClassRow:
    """One line of the table of a month's classes."""

    item: CalendarItem
    outcome: Outcome
    fill: Fill


@dataclass(frozen=True)
class Months:
    """The table of months with what stands above and below it."""

    rows: list[MonthRow]
    total: Outcome
    sources: list[str]
    several: list[Location]
    before: dict[date, int]  # check-ins of the months a year earlier
    # What the months come to is shown; `currencies`: one nearly always, and then the heading names it.
    with_money: bool = False
    currencies: list[str] = field(default_factory=list)

    @property
    def total_by_location(self) -> list[int]:
        return [sum(row.by_location[place] for row in self.rows) for place in range(len(self.several))]

    @property
    def total_additional(self) -> int:
        return sum(row.billed.additional for row in self.rows if row.billed)

    @property
    def amount_heading(self) -> str:
        return ", ".join([_("Amount, net"), *(self.currencies if len(self.currencies) == 1 else [])])

    @property
    def total_amount(self) -> str:
        sums: dict[str, Decimal] = {}
        for row in self.rows:
            for currency, net in row.billed.amounts.items() if row.billed else ():
                sums[currency] = sums.get(currency, Decimal(0)) + net
        return _amount_words(sums, self.currencies)

    @property
    def total_shares(self) -> list[int | None]:
        return [_share(self.total, source) for source in self.sources]


def months_of(
    choice: LocationChoice, first: date, after: date, *, now: datetime, money_of: Studio | None = None
) -> Months:
    """The months from `first` to before `after`, oldest first. `money_of`: the studio, for who may see its invoices."""
    billed = invoices().months(money_of, choice.shown, first, after, now=now) if money_of else None
    sums = [one.amounts for one in billed.values()] if billed else []
    currencies = sorted({currency for one in sums for currency, net in one.items() if net})
    found = past.by_month(choice.shown, next_month(first, step=-12), after, now=now)
    totals = {month: past.total(found[month].values()) for month in list(found)}
    everything = past.total(totals[month] for month in _months(first, after) if month in totals)
    sources = [source for source, _number in everything.sources.most_common(SOURCES_SHOWN)]
    several = choice.shown if len(choice.shown) > 1 else []
    rows = [
        MonthRow(
            month,
            outcome := totals.get(month, Outcome()),
            [found[month][place.pk].checked_in for place in several] if month in found else [0] * len(several),
            _change(outcome, totals.get(next_month(month, step=-12))),
            [_share(outcome, source) for source in sources],
            of_month := billed.get(month) if billed else None,
            _amount_words(of_month.amounts, currencies) if of_month else "",
        )
        for month in _months(first, after)
    ]
    before = {month: total.checked_in for month, total in totals.items() if month < first}
    return Months(rows, everything, sources, several, before, with_money=billed is not None, currencies=currencies)


def _amount_words(amounts: Mapping[str, Decimal], currencies: list[str]) -> str:
    """ "1,204.50", with its currency where there are several; "" of nothing."""
    found = [(amounts[currency], currency) for currency in currencies if amounts.get(currency)]
    if len(currencies) == 1:
        return "".join(number_format(net, 2, use_l10n=True, force_grouping=True) for net, _currency in found)
    return ", ".join(money_words(net, currency) for net, currency in found)


def _month_columns(months: Months) -> list[Column]:
    """What the table of months can be sorted by."""
    return [
        Column("month", _("Month"), lambda row: row.month, numbers=False),
        Column("checked_in", _("Check-ins"), lambda row: row.outcome.checked_in),
        *[
            Column(place.slug, place.name, lambda row, at=at: row.by_location[at])  # type: ignore[misc]
            for at, place in enumerate(months.several)
        ],
        Column("change", _("On last year"), lambda row: row.change),
        Column("no_shows", _("No-shows"), lambda row: row.outcome.no_shows),
        Column("late_cancels", _("Late cancels"), lambda row: row.outcome.late_cancels),
        Column("first_visits", _("First visits"), lambda row: row.outcome.first_visits),
        *(_money_columns(months) if months.with_money else []),
    ]


def _money_columns(months: Months) -> list[Column]:
    return [
        Column("additional", _("Additional"), lambda row: row.billed.additional),
        Column("amount", months.amount_heading, lambda row: row.net),
        Column("invoice", _("Invoice"), lambda row: row.billed.how, numbers=False),
    ]


def sorted_months(request: StudioRequest, months: Months) -> tuple[list[MonthRow], list[Head]]:
    return in_order(request, _from_the_first(months.rows), _month_columns(months), default="-month")


@studio_view(Right.VIEW_HISTORY)
@require_safe
def history(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    this_month = this_month_of(choice, now)
    first, after = next_month(this_month, step=1 - MONTHS_SHOWN), next_month(this_month)
    months = months_of(choice, first, after, now=now, money_of=request.studio if sees_invoices(request) else None)
    rows, heads = sorted_months(request, months)
    check_ins = {row.month: row.outcome.checked_in for row in months.rows}
    context = {
        "rows": rows,
        "heads": heads,
        "months": months,
        "total": months.total,
        "bars": bars_of(request, check_ins, current=this_month, before=months.before),
        "with_before": any(months.before.values()),
        "summary": summary_of(check_ins, months.before),
        "as_table": request.GET.get("view") == "table",
        "may_export": request.may(Right.EXPORT),
        "views": saved_views(request, "history"),
        "others": _elsewhere(choice, first, after) if not months.total.reservations else [],
    }
    return render(request, "bookings/history.html", context)


@studio_view(Right.VIEW_HISTORY)
@require_safe
def history_month(request: StudioRequest, month: date) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    this_month = not_in_the_future(month, choice, now)
    # The last twelve months, or those up to an older one.
    last = this_month if month > next_month(this_month, step=-MONTHS_SHOWN) else month
    first, after = next_month(last, step=1 - MONTHS_SHOWN), next_month(last)
    counted = past.check_ins_by_month(choice.shown, next_month(first, step=-12), after)
    check_ins = {one: counted.get(one, 0) for one in _months(first, after)}
    classes = classes_of(choice, month, now=now)
    rows, heads = sorted_classes(request, classes)
    context = {
        "month": month,
        "previous_month": next_month(month, step=-1) if month > date(1970, 1, 1) else None,
        "next_month": next_month(month) if month < this_month else None,
        "crumbs": [(_("Check-in history"), reverse("bookings:history", args=[request.studio.slug]))],
        "classes": rows,
        "heads": heads,
        "total": past.total(row.outcome for row in classes),
        "first_visits": past.first_visits_in(choice.shown, month),
        "show_places": len(choice.shown) > 1,
        "may_export": request.may(Right.EXPORT),
        "bars": bars_of(request, check_ins, current=month, before=counted),
        "with_before": any(one < first for one in counted),
        "summary": summary_of(check_ins, counted),
        "check_ins": check_ins,
        "heat": heat_of(charted.by_weekday_and_hour(choice.shown, month, now=now)) if classes else None,
        "month_before": next_month(month, step=-1),
        "fill_summary": fill_summary((row.item.name, row.fill) for row in classes),
        "as_table": request.GET.get("view") == "table",
        "views": saved_views(request, "history_month"),
        "others": _elsewhere(choice, month, next_month(month)) if not classes else [],
    }
    return render(request, "bookings/history_month.html", context)


def classes_of(choice: LocationChoice, month: date, *, now: datetime) -> list[ClassRow]:
    """The month's classes by name, each with how full it was, had been in four weeks, and in the month before."""
    earlier = charted.fullness_before(choice.shown, month, now=now)
    return [
        ClassRow(item, outcome, fill_of(outcome, *earlier.get(item.pk, (charted.NOTHING, charted.NOTHING))))
        for item, outcome in past.by_class(choice.shown, month, now=now)
    ]


def sorted_classes(request: StudioRequest, classes: list[ClassRow]) -> tuple[list[ClassRow], list[Head]]:
    return in_order(request, classes, _class_columns(), default="name")


def _class_columns() -> list[Column]:
    return [
        Column("name", _("Class"), lambda row: row.item.name.casefold(), numbers=False),
        Column("held", _("Held"), lambda row: row.outcome.held),
        Column("booked", _("Booked"), lambda row: row.outcome.booked),
        Column("checked_in", _("Checked in"), lambda row: row.outcome.checked_in),
        Column("no_shows", _("No-show"), lambda row: row.outcome.no_shows),
        Column("late_cancels", _("Late cancel"), lambda row: row.outcome.late_cancels),
        Column("places", _("Places"), lambda row: row.fill.offered),
        Column("occupancy", _("Occupancy"), lambda row: row.fill.booked),
        Column("mean", _("4 weeks"), lambda row: row.fill.mean),
        Column("before", _("Month before"), lambda row: row.fill.before),
    ]


@studio_view(Right.VIEW_HISTORY)
@require_safe
def history_class(request: StudioRequest, month: date, item: int) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    not_in_the_future(month, choice, now)
    calendar_item = item_of(request, choice, item)
    sessions = past.sessions_of(calendar_item, choice.shown, month, now=now)
    outcome, chosen, shown = filtered(request, sessions)
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
        "listed": counts.states[outcome] if outcome else counts.reservations,
        "may_export": request.may(Right.EXPORT),
        "show_places": len(choice.shown) > 1,
    }
    return render(request, "bookings/history_class.html", context)


def item_of(request: StudioRequest, choice: LocationChoice, item: int) -> CalendarItem:
    """A class that was held where this login may look. Raises Http404."""
    found = request.studio.calendar_items.select_related("teacher", "location")
    return get_object_or_404(found.filter(sessions__location__in=choice.visible).distinct(), pk=item)


Sessions = list[tuple[ScheduledSession, Outcome]]


def filtered(request: StudioRequest, sessions: Sessions) -> tuple[State | None, int | None, Sessions]:
    """The outcome and the session that the address names, and the sessions that are left. Raises Http404."""
    outcome = _wanted(request.GET.get("outcome", ""))
    chosen = _one_of(sessions, request.GET.get("session", ""))
    return outcome, chosen, [(session, result) for session, result in sessions if chosen in (None, session.pk)]


def this_month_of(choice: LocationChoice, now: datetime) -> date:
    """The month that has begun somewhere among the locations."""
    return max((place.local_day(now).replace(day=1) for place in choice.visible), default=now.date().replace(day=1))


def not_in_the_future(month: date, choice: LocationChoice, now: datetime) -> date:
    """This month; raises Http404 for one that has not begun."""
    this_month = this_month_of(choice, now)
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
