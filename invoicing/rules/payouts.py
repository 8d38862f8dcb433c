"""When does the money of an invoice come, and has it come? (P10, Q30)"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import holidays

from invoicing.rules.months import next_month

PAID_ON = 15  # of the month after the visits
LATE_AFTER = timedelta(days=3)  # "around" is over, and who waits is reminded
ZERO = Decimal(0)
# Days on which banks do not pay; those of Catholic places belong to a region as a whole.
_CLOSED = ("public", "bank", "catholic")


def payout_on(month: date, country: str, region: str = "") -> date:
    """Around when are this month's visits paid? The 15th of the next month, or the next business day there (Q30).

    `month`: its first day; `country`: ISO 3166-1 of the payout; `region`: ISO 3166-2 without the country. Of a country
    that is not known only Saturdays and Sundays are no business days.
    """
    return business_day(next_month(month).replace(day=PAID_ON), country, region)


def business_day(day: date, country: str, region: str = "") -> date:
    """The day itself, or the next one on which banks pay there."""
    while not _is_business_day(day, country, region):
        day += timedelta(days=1)
    return day


def regions_of(country: str) -> list[str]:
    """The regions whose holidays differ; none of a country without, or one that is not known."""
    return list(holidays.list_supported_countries().get(country, []))


def _is_business_day(day: date, country: str, region: str) -> bool:
    closed = _closed(country, region, day.year)
    return day.weekday() < 5 if closed is None else closed.is_working_day(day)


@lru_cache(maxsize=256)
def _closed(country: str, region: str, year: int) -> holidays.HolidayBase | None:
    if country not in holidays.list_supported_countries():
        return None
    known = region if region in regions_of(country) else None
    kinds = getattr(holidays, country).supported_categories
    return holidays.country_holidays(
        country, subdiv=known, years=year, categories=[one for one in _CLOSED if one in kinds]
    )


class PayoutState(StrEnum):
    """Where the money of a month is."""

    EXPECTED = "expected"
    LATE = "late"
    SENT = "sent"
    RECEIVED = "received"
    SHORT = "short"
    FAILED = "failed"
    # A correction, or adjustments of earlier months, took all of it away.
    NOTHING = "nothing"


class Told(StrEnum):
    """What was told about a payout: `PayoutEvent.Kind` without what takes back and what reminds."""

    SENT = "sent"
    RECEIVED = "received"
    FAILED = "failed"


@dataclass(frozen=True)
class Telling:
    told: Told
    amount: Decimal | None = None


@dataclass(frozen=True)
class MonthMoney:
    """A contract's month: what its invoices come to by now, gross, credits taken away; and what was received for it."""

    month: date
    own: Decimal
    came: Decimal = ZERO


@dataclass(frozen=True)
class SetOff:
    """So much (above 0) of what came too much for an earlier month, or what that month came to below nothing."""

    month: date
    amount: Decimal


def set_offs(months: Iterable[MonthMoney]) -> dict[date, tuple[SetOff, ...]]:
    """What is set off against each month's payout, the oldest first. `months`: all of one contract, in their order.

    What a month came to below nothing, and what came for it beyond that, goes into the next payouts until it is used
    up. It takes away only what has not come there, so that money which is there needs no explanation.
    """
    open_rests: list[SetOff] = []
    found: dict[date, tuple[SetOff, ...]] = {}
    for one in months:
        missing = one.own - one.came
        used, left = _split(open_rests, max(missing, ZERO))
        found[one.month] = tuple(used)
        open_rests = [*left, SetOff(one.month, -missing)] if missing < 0 else left
    return found


def _split(rests: Iterable[SetOff], amount: Decimal) -> tuple[list[SetOff], list[SetOff]]:
    """Those that make up the amount, or less, and what is left of all."""
    used, left = [], []
    for one in rests:
        part = min(one.amount, amount)
        amount -= part
        if part:
            used.append(SetOff(one.month, part))
        if one.amount > part:
            left.append(SetOff(one.month, one.amount - part))
    return used, left


@dataclass(frozen=True, kw_only=True)
class PayoutFacts:
    """`expected`: what the month's invoices come to by now, gross, its credits and `set_off` of earlier months taken
    away; `told`: what was told and not taken back, in the order in which it was told."""

    expected: Decimal
    expected_on: date
    told: Sequence[Telling] = ()
    set_off: Sequence[SetOff] = ()

    @property
    def received(self) -> Decimal:
        return _sum(self.told, Told.RECEIVED)


class PayoutAsked(StrEnum):
    """The questions of the path, asked so that yes is where it ends."""

    RECEIVED = "received"
    FAILED = "failed"
    SHORT = "short"
    NOTHING = "nothing"
    SENT = "sent"
    LATE = "late"
    EXPECTED = "expected"


@dataclass(frozen=True)
class PayoutStep:
    asked: PayoutAsked
    decided: bool
    fact: date | Decimal | None = None


@dataclass(frozen=True)
class PayoutAnswer:
    """`missing`: what has still to come; below zero where more came than was expected."""

    state: PayoutState
    missing: Decimal
    path: tuple[PayoutStep, ...]


def payout_state(facts: PayoutFacts, today: date) -> PayoutAnswer:
    """Where is the money of this invoice? What came decides first, then what failed last, then what is on its way.

    `today`: the studio's local day. Late is what nobody has told anything about three days after the day around which
    it was expected.
    """
    path: list[PayoutStep] = []
    for asked, decided, fact in _questions(facts, today):
        path.append(PayoutStep(asked, decided, fact))
        if decided:
            return PayoutAnswer(PayoutState(asked.value), facts.expected - facts.received, tuple(path))
    raise AssertionError(facts)  # pragma: no cover - the last question is answered yes


def _questions(facts: PayoutFacts, today: date) -> Iterable[tuple[PayoutAsked, bool, date | Decimal | None]]:
    came = facts.received
    last = facts.told[-1].told if facts.told else None
    yield PayoutAsked.RECEIVED, came > 0 and came >= facts.expected, came
    yield PayoutAsked.FAILED, last is Told.FAILED, None
    yield PayoutAsked.SHORT, came > 0, facts.expected - came
    yield PayoutAsked.NOTHING, facts.expected <= 0, facts.expected
    yield PayoutAsked.SENT, last is Told.SENT, None
    yield PayoutAsked.LATE, today >= late_on(facts.expected_on), late_on(facts.expected_on)
    yield PayoutAsked.EXPECTED, True, facts.expected_on


def state_of(facts: PayoutFacts, today: date) -> PayoutState:
    """The state alone; `payout_state` says how it came about."""
    return payout_state(facts, today).state


def late_on(expected_on: date) -> date:
    """The first day on which a payout that nobody told anything about is late."""
    return expected_on + LATE_AFTER


def _sum(told: Iterable[Telling], kind: Told) -> Decimal:
    return sum((one.amount or ZERO for one in told if one.told is kind), ZERO)
