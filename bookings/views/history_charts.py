"""The charts of the history as its templates draw them: bars, the heat map, how full classes were."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.selectors.history import Outcome
from bookings.selectors.history_charts import Fullness, Slot, SlotCount
from bookings.selectors.local_days import next_month
from portal.access import StudioRequest

BAR_HEIGHT = 100
HEAT_STEPS = 5


@dataclass(frozen=True)
class Bar:
    """`before`: the same month of the year before, None where that is not known."""

    label: str
    value: int
    height: int
    current: bool
    url: str
    before: int | None = None
    before_height: int = 0

    @property
    def box(self) -> int:
        return max(self.height, self.before_height)

    @property
    def top(self) -> int:
        return self.box - self.height

    @property
    def before_top(self) -> int:
        return self.box - self.before_height


def bars_of(
    request: StudioRequest, check_ins: dict[date, int], *, current: date, before: dict[date, int] | None = None
) -> list[Bar]:
    """One bar for each month; `before` holds the check-ins of the months a year earlier, by those months."""
    last_year = {month: (before or {}).get(next_month(month, step=-12)) for month in check_ins}
    highest = max([*check_ins.values(), *(number for number in last_year.values() if number)], default=0) or 1

    def height(number: int) -> int:
        return max(1, round(BAR_HEIGHT * number / highest))

    return [
        Bar(
            label=date_format(month, "M"),
            value=number,
            height=height(number),
            current=month == current,
            url=reverse("bookings:history_month", args=[request.studio.slug, month]),
            before=last_year[month],
            before_height=height(last_year[month] or 0) if last_year[month] else 0,
        )
        for month, number in check_ins.items()
    ]


def summary_of(check_ins: dict[date, int], before: dict[date, int] | None = None) -> str:
    """The chart in a sentence or two, for those who do not see it."""
    best = max(check_ins, key=lambda month: check_ins[month])
    words = _("Check-ins per month, most in %(month)s: %(number)d") % {
        "month": date_format(best, "YEAR_MONTH_FORMAT"),
        "number": check_ins[best],
    }
    last_year = sum((before or {}).get(next_month(month, step=-12), 0) for month in check_ins)
    if not last_year:
        return words
    both = {"now": sum(check_ins.values()), "before": last_year}
    return f"{words}. " + _("%(now)d in these months, %(before)d in the same months a year before") % both


@dataclass(frozen=True)
class HeatCell:
    count: SlotCount
    step: int  # 0 none, then 1 to HEAT_STEPS


@dataclass(frozen=True)
class HeatRow:
    weekday: str
    cells: list[HeatCell]
    visits: int
    before: int


@dataclass(frozen=True)
class SlotRow:
    """One line of the heat map's table."""

    weekday: str
    hour: str
    count: SlotCount
    per_class: str
    change: int


@dataclass(frozen=True)
class Heat:
    hours: list[str]
    rows: list[HeatRow]
    slots: list[SlotRow]
    summary: str
    visits: int
    before: int


def heat_of(counts: dict[Slot, SlotCount]) -> Heat | None:
    """The heat map of a month: a row for each weekday, a column for each hour from the first to the last one used."""
    visits = sum(count.visits for count in counts.values())
    if not visits:
        return None
    used = [hour for _weekday, hour in counts]
    hours = range(min(used), max(used) + 1)
    highest = max(count.visits for count in counts.values())
    nothing = SlotCount(0, 0, 0)

    def cell(slot: Slot) -> HeatCell:
        count = counts.get(slot, nothing)
        return HeatCell(count, -(-HEAT_STEPS * count.visits // highest))

    rows = []
    for weekday in range(1, 8):
        cells = [cell((weekday, hour)) for hour in hours]
        both = [sum(getattr(one.count, name) for one in cells) for name in ("visits", "before")]
        rows.append(HeatRow(_weekday(weekday), cells, *both))
    slots = [
        SlotRow(_weekday(weekday), f"{hour}:00", count, _decimal(count.per_class), count.visits - count.before)
        for (weekday, hour), count in counts.items()
    ]
    before = sum(count.before for count in counts.values())
    return Heat([f"{hour}" for hour in hours], rows, slots, _heat_summary(counts, visits, before), visits, before)


def _weekday(number: int) -> str:
    return str(WEEKDAYS[number - 1])


def _decimal(number: float | None) -> str:
    return "" if number is None else number_format(round(number, 1), 1)


def _heat_summary(counts: dict[Slot, SlotCount], visits: int, before: int) -> str:
    """Where most come, where nobody comes although a class was held, and how the month before was."""
    (weekday, hour), most = max(counts.items(), key=lambda pair: pair[1].visits)
    empty = sum(1 for count in counts.values() if count.held and not count.visits)
    facts = {
        "weekday": _weekday(weekday),
        "hour": f"{hour}:00",
        "most": most.visits,
        "visits": visits,
        "before": before,
    }
    words = _(
        "Most check-ins on %(weekday)s at %(hour)s: %(most)d of %(visits)d. The month before had %(before)d in all."
    )
    said = words % facts
    if empty:
        said += " " + ngettext(
            "%(number)d time with classes had no check-in.", "%(number)d times with classes had no check-in.", empty
        ) % {"number": empty}
    return said


@dataclass(frozen=True)
class Fill:
    """How full a class was, in per cent of the places offered; None where no capacity is recorded."""

    booked: int | None
    shown: int | None
    mean: int | None
    before: int | None
    offered: int

    @property
    def booked_width(self) -> int:
        return min(self.booked or 0, 100)

    @property
    def shown_width(self) -> int:
        return min(self.shown or 0, 100)

    @property
    def mean_at(self) -> float:
        """Where the mark of the mean begins; it is half a per cent wide and stays inside."""
        return min(max((self.mean or 0) - 0.25, 0), 99.5)


def fill_of(outcome: Outcome, before: Fullness, mean: Fullness) -> Fill:
    """`before` of the month before, `mean` of the last four weeks."""
    shown = round(100 * outcome.checked_in / outcome.capacity) if outcome.capacity else None
    return Fill(outcome.occupancy, shown, mean.per_cent, before.per_cent, outcome.capacity)


def fill_summary(named: Iterable[tuple[str, Fill]]) -> str:
    """The chart of how full classes were, in a sentence."""
    known = [(name, fill.booked) for name, fill in named if fill.booked is not None]
    if not known:
        return _("No capacity is recorded.")
    fullest, emptiest = max(known, key=lambda pair: pair[1]), min(known, key=lambda pair: pair[1])
    return _("Fullest: %(fullest)s, %(most)d %%. Emptiest: %(emptiest)s, %(least)d %%.") % {
        "fullest": fullest[0],
        "most": fullest[1],
        "emptiest": emptiest[0],
        "least": emptiest[1],
    }
