"""What is a marketplace's visit worth, and by which clause of the contract? (Q18, Q19)"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

ADDITIONAL_FROM = 5  # the fifth visit at the location within them
ZERO = Decimal(0)


class Kind(StrEnum):
    """What became of a visit, as far as a contract may pay for it. Nothing else is on an invoice."""

    CHECK_IN = "check_in"
    ADDITIONAL = "additional"
    NO_SHOW = "no_show"
    LATE_CANCEL = "late_cancel"
    # Booked and not over yet: of a draft only.
    TO_COME = "to_come"
    # Of a line, never of a visit.
    FLAT = "flat"


class Because(StrEnum):
    """The clause that decided; each is answered yes where the path ends."""

    NO_TERMS = "no_terms"
    FLAT_RATE = "flat_rate"
    NO_SHOW_UNPAID = "no_show_unpaid"
    LATE_CANCEL_UNPAID = "late_cancel_unpaid"
    REFILLED = "refilled"
    DAY_CAP = "day_cap"
    PERIOD_CAP = "period_cap"
    ADDITIONAL = "additional"
    STEP = "step"
    CHECK_IN = "check_in"
    NO_SHOW = "no_show"
    LATE_CANCEL = "late_cancel"
    TO_COME = "to_come"


PAID = frozenset({Because.ADDITIONAL, Because.STEP, Because.CHECK_IN, Because.NO_SHOW, Because.LATE_CANCEL})


class AdditionalBy(StrEnum):
    """Who says that a visit is an additional workout (Q19)."""

    MARKETPLACE = "marketplace"
    RULE = "rule"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The clauses that a visit is judged by: the contract's version on its local day. Rates are net, per visit."""

    check_in: Decimal
    no_show: Decimal = ZERO
    late_cancel: Decimal = ZERO
    late_cancel_paid: str = "never"  # never, unless_refilled, always
    additional: Decimal | None = None  # None: as a check-in, and only where the marketplace says so
    paid_per_day: int | None = None
    paid_per_30_days: int | None = None
    flat: Decimal | None = None
    steps: tuple[tuple[int, Decimal], ...] = ()  # from so many paid check-ins of the month on, this rate


@dataclass(frozen=True, kw_only=True)
class VisitFacts:
    """One visit and its place among the others of the same person; the counts include itself.

    `attended_here`: visits that took place at this location within 30 local days. `of_day`: its number among the
    payable ones of the local day; `paid_before`: paid ones of the 29 local days before and of this day before it;
    `of_month`: its number among the paid check-ins of the contract's month. Each is asked only where a clause asks.
    """

    kind: Kind  # check_in, no_show, late_cancel or to_come
    terms: Terms | None
    flagged: bool | None = None  # what the marketplace says of an additional workout
    refilled: bool = False
    attended_here: int = 1
    of_day: int = 1
    paid_before: int = 0
    of_month: int = 1


@dataclass(frozen=True)
class Step:
    """A question on the way, and whether it decided."""

    asked: Because
    decided: bool
    fact: int | str | Decimal | None = None


@dataclass(frozen=True)
class Payable:
    """`amount` is net. `path`: every question in the order in which it was asked, the last one decided."""

    kind: Kind
    because: Because
    amount: Decimal
    path: tuple[Step, ...]
    additional_by: AdditionalBy | None = None

    @property
    def is_paid(self) -> bool:
        return self.because in PAID


def additional_by(facts: VisitFacts) -> AdditionalBy | None:
    """Is this visit an additional workout, and who says so? The marketplace first; else our own rule, where the
    contract has a rate for one: the fifth visit at the location within 30 days (Q19)."""
    if facts.kind is not Kind.CHECK_IN or facts.terms is None:
        return None
    if facts.flagged is not None:
        return AdditionalBy.MARKETPLACE if facts.flagged else None
    beyond = facts.terms.additional is not None and facts.attended_here >= ADDITIONAL_FROM
    return AdditionalBy.RULE if beyond else None


def payable(facts: VisitFacts) -> Payable:
    """What does the contract pay for this visit, and which clause says so?

    A flat rate pays for all. An additional workout is paid for itself: it is under no cap and uses none up. Else the
    caps decide in the order day, 30 days; then a check-in has the rate of its volume step.
    """
    by = additional_by(facts)
    kind = Kind.ADDITIONAL if by else facts.kind
    path: list[Step] = []
    for because, amount, decided, fact in _questions(facts, by):
        path.append(Step(because, decided, fact))
        if decided:
            return Payable(kind, because, amount, tuple(path), by)
    raise AssertionError(facts)  # pragma: no cover - each kind ends in a clause of its own


def _questions(
    facts: VisitFacts, by: AdditionalBy | None
) -> Iterable[tuple[Because, Decimal, bool, int | str | Decimal | None]]:
    kind, terms = facts.kind, facts.terms
    yield Because.TO_COME, ZERO, kind is Kind.TO_COME, None
    yield Because.NO_TERMS, ZERO, terms is None, None
    if terms is None:
        return
    yield Because.FLAT_RATE, ZERO, terms.flat is not None, terms.flat
    if kind is Kind.NO_SHOW:
        yield Because.NO_SHOW_UNPAID, ZERO, terms.no_show == 0, None
    if kind is Kind.LATE_CANCEL:
        never = terms.late_cancel_paid == "never" or terms.late_cancel == 0
        yield Because.LATE_CANCEL_UNPAID, ZERO, never, None
        yield Because.REFILLED, ZERO, terms.late_cancel_paid == "unless_refilled" and facts.refilled, None
    if by is not None:
        rate = terms.check_in if terms.additional is None else terms.additional
        yield Because.ADDITIONAL, rate, True, by.value
    if terms.paid_per_day is not None:
        yield Because.DAY_CAP, ZERO, facts.of_day > terms.paid_per_day, terms.paid_per_day
    if terms.paid_per_30_days is not None:
        yield Because.PERIOD_CAP, ZERO, facts.paid_before >= terms.paid_per_30_days, terms.paid_per_30_days
    if kind is Kind.CHECK_IN:
        step = step_rate(terms.steps, facts.of_month)
        if terms.steps:
            yield Because.STEP, step or ZERO, step is not None, facts.of_month
        yield Because.CHECK_IN, terms.check_in, True, None
    yield Because.NO_SHOW, terms.no_show, kind is Kind.NO_SHOW, None
    yield Because.LATE_CANCEL, terms.late_cancel, True, None


def step_rate(steps: Sequence[tuple[int, Decimal]], number: int) -> Decimal | None:
    """The rate of the month's paid check-in with that number; None: no step is reached."""
    reached = [rate for first, rate in sorted(steps) if first <= number]
    return reached[-1] if reached else None


def is_refilled(rank: int, free_places: int | None) -> bool:
    """Was the place of a late cancel taken by somebody else? `rank` counts the class's late cancels back from the last
    one; the places that stayed free at the end are those of the last ones. None: no limit, so nobody needed it."""
    return free_places is not None and rank > free_places


def flat_shares(pieces: Sequence[tuple[Decimal, int]], *, of: int) -> list[Decimal]:
    """The parts of a month's flat rate, to the cent: each piece is a rate and on how many of the month's `of` days it
    held. What is rounded off one is in the next, so a rate that stays the same adds up to itself."""
    shares, exact, given = [], Decimal(0), Decimal(0)
    for rate, days in pieces:
        exact += rate * days
        share = (exact / of).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP") - given
        shares.append(share)
        given += share
    return shares
