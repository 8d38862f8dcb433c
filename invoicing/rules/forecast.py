"""What will the running month come to? A guess that says how it was made (N8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from invoicing.rules.months import last_day

WEEKS = 8
FEW = 20  # visits; fewer tell little about the next ones
CENT = Decimal("0.01")
ZERO = Decimal(0)


class Part(StrEnum):
    """What a forecast adds up."""

    SO_FAR = "so_far"
    BOOKED = "booked"
    NOT_BOOKED = "not_booked"


@dataclass(frozen=True, kw_only=True)
class Past:
    """The weeks before today, at most WEEKS: fewer since the first visit. `by_weekday`: net that was payable on them,
    Monday first. `visits`: all that are over; `shown`: those whose person came."""

    weeks: int
    by_weekday: tuple[Decimal, ...]
    visits: int
    shown: int


@dataclass(frozen=True)
class Booked:
    """Visits of one day to come, what a check-in of them is worth, and what a no-show of them is."""

    day: date
    rate: Decimal
    number: int
    no_show_rate: Decimal = ZERO


@dataclass(frozen=True)
class Counted:
    """One part: what it adds, of how many visits (booked) or days (not booked)."""

    part: Part
    net: Decimal
    number: int = 0


@dataclass(frozen=True)
class Forecast:
    """`net` is the sum of the parts. `visits` and `shown`: the show rate; without visits everybody is taken to come.
    `absent_paid`: who does not come is in it at the rate of no-shows."""

    net: Decimal
    parts: tuple[Counted, ...]
    weeks: int
    visits: int
    shown: int
    absent_paid: bool = False

    @property
    def is_small(self) -> bool:
        return self.visits < FEW


def forecast(
    month: date, *, today: date, so_far: Decimal, booked: Sequence[Booked], past: Past, flat: bool = False
) -> Forecast:
    """What will this month come to, net?

    What is payable so far; visits that are booked, at their rate and the show rate of the weeks before, and those who
    will not come at the rate of no-shows; and days on which nothing is booked yet, each as its weekday went in these
    weeks. Where a flat rate pays for the month, visits add nothing.
    """
    parts = [Counted(Part.SO_FAR, so_far)]
    if not flat:
        parts += [_booked(booked, past), _not_booked(_days_without(booked, month, today), past)]
    net = sum((part.net for part in parts), ZERO)
    absent_paid = not flat and past.shown < past.visits and any(one.no_show_rate for one in booked)
    return Forecast(net, tuple(parts), past.weeks, past.visits, past.shown, absent_paid)


def _booked(booked: Sequence[Booked], past: Past) -> Counted:
    worth = sum((one.rate * one.number for one in booked), ZERO)
    if past.visits:
        absent = sum((one.no_show_rate * one.number for one in booked), ZERO)
        worth = (worth * past.shown + absent * (past.visits - past.shown)) / past.visits
    return Counted(Part.BOOKED, worth.quantize(CENT, ROUND_HALF_UP), sum(one.number for one in booked))


def _not_booked(days: Sequence[date], past: Past) -> Counted:
    worth = sum((past.by_weekday[day.weekday()] for day in days), ZERO) / max(past.weeks, 1)
    return Counted(Part.NOT_BOOKED, worth.quantize(CENT, ROUND_HALF_UP), len(days))


def _days_without(booked: Sequence[Booked], month: date, today: date) -> list[date]:
    """The month's days after today on which nothing is booked."""
    taken = {one.day for one in booked}
    first = max(month, today + timedelta(days=1))
    days = [first + timedelta(days=ahead) for ahead in range((last_day(month) - first).days + 1)]
    return [day for day in days if day not in taken]
