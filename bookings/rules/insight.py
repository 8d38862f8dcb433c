"""What the figures of insight mean: periods and what they are compared with, rates, cohorts, caps, how sure they are.

Days are local to a location. The method of each figure in words: docs/insight.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
# Whole weeks, so that a Monday is compared with a Monday, and no day is in both periods.
WEEKS_BACK = {"90-days": 13, "this-month": 5, "last-month": 5}
FEW = 10  # of whatever a figure is made of: less says little
RETURNS = (30, 90)  # days within which a newcomer comes back


class Range(StrEnum):
    YEAR = "12-months"
    QUARTER = "90-days"
    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"


@dataclass(frozen=True)
class Bucket:
    """Days from `first` to before `after`, and those that they are compared with."""

    first: date
    after: date
    before_first: date
    before_after: date

    @property
    def is_month(self) -> bool:
        """Begins a month; it may still run."""
        return self.first.day == 1 and self.before_first == _year_before(self.first)


@dataclass(frozen=True)
class Period:
    """Buckets one after another without gaps, and so are the days that they are compared with."""

    range: Range
    buckets: tuple[Bucket, ...]

    @property
    def first(self) -> date:
        return self.buckets[0].first

    @property
    def after(self) -> date:
        return self.buckets[-1].after

    @property
    def before_first(self) -> date:
        return self.buckets[0].before_first

    @property
    def before_after(self) -> date:
        return self.buckets[-1].before_after

    @property
    def by_month(self) -> bool:
        return self.range is Range.YEAR


def period_of(wanted: Range, today: date) -> Period:
    """Which days are looked at, and which are they compared with? Today is the last one at most.

    Twelve months: this one and the eleven before, against the same days of the year before. The others go by weeks
    from Monday, against the same weekdays so many whole weeks earlier (`WEEKS_BACK`).
    """
    this_month = today.replace(day=1)
    if wanted is Range.YEAR:
        firsts = [_month(this_month, -back) for back in reversed(range(12))]
        return Period(wanted, tuple(_month_bucket(first, min(_month(first, 1), today + DAY)) for first in firsts))
    first, after = {
        Range.QUARTER: (today + DAY - timedelta(days=90), today + DAY),
        Range.THIS_MONTH: (this_month, today + DAY),
        Range.LAST_MONTH: (_month(this_month, -1), this_month),
    }[wanted]
    back = WEEKS_BACK[wanted] * WEEK
    return Period(wanted, tuple(Bucket(one, end, one - back, end - back) for one, end in _weeks(first, after)))


def _month(month: date, step: int) -> date:
    months = month.year * 12 + month.month - 1 + step
    return date(months // 12, months % 12 + 1, 1)


def _month_bucket(first: date, after: date) -> Bucket:
    return Bucket(first, after, _year_before(first), _year_before(after))


def _year_before(day: date) -> date:
    """29 February ends a range of 28 days: so does 1 March of a year that has none."""
    if (day.month, day.day) == (2, 29):
        return date(day.year - 1, 3, 1)
    return day.replace(year=day.year - 1)


def _weeks(first: date, after: date) -> Iterator[tuple[date, date]]:
    while first < after:
        end = min(first + (7 - first.weekday()) * DAY, after)
        yield first, end
        first = end


def per_cent(part: int, whole: int) -> int | None:
    """How many of a hundred? None of nothing: no rate can be told."""
    return round(100 * part / whole) if whole else None


def is_small(number: int) -> bool:
    """Are these too few to read much into the figure? ("only 6 visits")"""
    return 0 < number < FEW


def is_over(after: date, days: int, today: date) -> bool:
    """Have all newcomers up to the day before `after` had so many days to come back?

    Else the cohort does not count yet: who came on its last day can still return.
    """
    return after + timedelta(days=days) <= today


class Sure(StrEnum):
    """How far a suggestion can be trusted, by how many classes it was seen in."""

    TOO_FEW = "too_few"
    HINT = "hint"
    FAIR = "fair"
    GOOD = "good"


class Advice(StrEnum):
    CAP = "cap"
    NONE_NEEDED = "none_needed"
    UNKNOWN = "unknown"


FEWEST, FAIR_FROM, GOOD_FROM = 4, 8, 16  # classes held
SEEN_OFTEN = 3  # classes in which own members were turned away


@dataclass(frozen=True, kw_only=True)
class SlotFacts:
    """One class at one weekday and time, over the classes held that have a capacity."""

    held: int
    capacity: int
    # So many own members wanted a place (had one, or were turned away) in eight of ten classes, or fewer.
    own_demand: int
    # The most places that marketplaces had in one of them.
    theirs_most: int
    # Classes in which own members were turned away while marketplaces had places.
    displaced: int


@dataclass(frozen=True)
class Suggestion:
    advice: Advice
    sure: Sure
    cap: int | None = None  # places for marketplaces together


def suggest_cap(facts: SlotFacts) -> Suggestion:
    """How many places should marketplaces have in this slot, so that own members find one? (N9)

    What the capacity leaves when own members come as many as they usually do at the most. Nothing to suggest when
    marketplaces had no more than that anyhow, or when too few classes were held to say.
    """
    sure = how_sure(facts)
    if sure is Sure.TOO_FEW:
        return Suggestion(Advice.UNKNOWN, sure)
    cap = max(0, facts.capacity - facts.own_demand)
    if cap >= facts.theirs_most:
        return Suggestion(Advice.NONE_NEEDED, sure)
    return Suggestion(Advice.CAP, sure, cap)


def how_sure(facts: SlotFacts) -> Sure:
    """How sure can one be of it? More than a hint takes eight classes, and that it happened in three of them."""
    if facts.held < FEWEST:
        return Sure.TOO_FEW
    if facts.held < FAIR_FROM or facts.displaced < SEEN_OFTEN:
        return Sure.HINT
    return Sure.GOOD if facts.held >= GOOD_FROM else Sure.FAIR
