"""Arithmetic of series: which days, which moments. Pure: nothing here reads a clock or a database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import WEEKLY, rrule

WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Weekdays (Monday is 0) of every so many weeks, counted from the week of `first_on`, to `last_on` inclusive."""

    weekdays: frozenset[int]
    every_weeks: int
    first_on: date
    last_on: date

    def days(self, *, left_out: Collection[date] = ()) -> list[date]:
        """The local days of the series, in order."""
        if not self.weekdays:
            return []
        rule = rrule(
            WEEKLY,
            interval=self.every_weeks,
            byweekday=sorted(self.weekdays),
            wkst=0,
            dtstart=datetime.combine(self.first_on, time()),
            until=datetime.combine(self.last_on, time()),
        )
        left_out = frozenset(left_out)
        return [moment.date() for moment in rule if moment.date() not in left_out]


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When the wall clock of the zone shows this on this day, in UTC (Q15).

    A time that is skipped (02:30 when the clocks go forward) moves to the first one that exists, 03:00. One that comes
    twice is the first.
    """
    there = datetime.combine(day, clock, zone).replace(fold=0)
    at = there.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == there.replace(tzinfo=None):
        return at
    return _first_after_gap(there, zone)


def _first_after_gap(there: datetime, zone: ZoneInfo) -> datetime:
    """The moment at which the clocks jump over `there`, to the second."""
    # With the offset of after the jump it lies before it, and the other way round.
    before, after = there.replace(fold=1).astimezone(UTC), there.astimezone(UTC)
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def follow(old: Collection[int], new: Collection[int]) -> dict[int, int]:
    """Which weekday does each old one become? One that stays is itself; the others are matched in their order.

    An old one without a partner falls out, and is not in the answer; a new one without is made anew.
    """
    stay = set(old) & set(new)
    leaving, coming = sorted(set(old) - stay), sorted(set(new) - stay)
    return {day: day for day in stay} | dict(zip(leaving, coming, strict=False))
