"""Which purchase does a visit use, and does it count?

Pure: frozen facts in, the answer with its path out. Nothing here reads a clock or a database. The two questions are the
decision trees of the package accounting (K2-K4 and K6), drawn in the product from what these functions return (K7).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Order(StrEnum):
    """In which order a member's purchases are looked at (Q1); the studio's setting."""

    NEWEST_FIRST = "newest_first"
    EXPIRES_FIRST = "expires_first"
    OLDEST_FIRST = "oldest_first"


class PassedOver(StrEnum):
    """Why a purchase was not taken."""

    OTHER_PACKAGE = "other_package"
    REFUNDED = "refunded"
    ON_HOLD = "on_hold"
    EXPIRED = "expired"
    USED_UP = "used_up"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """What the choice needs to know about one of the member's purchases."""

    purchase_id: int
    package_id: int
    # When it was bought, not when somebody typed it in (Q5).
    purchased_at: datetime
    # Whether a hold covers the day in question.
    on_hold: bool
    # The last day on which it can be used, local to the location (Q6); None: never ends.
    expires_on: date | None
    expired_by_hand: bool = False
    refunded: bool = False
    # Limit - used - planned (Q2); None: unlimited.
    uses_left: int | None


@dataclass(frozen=True)
class Look:
    """One purchase that was looked at; `passed_over` None: it could be used."""

    candidate: Candidate
    passed_over: PassedOver | None


class Outcome(StrEnum):
    FREE = "free"
    PURCHASE = "purchase"
    UNPAID = "unpaid"


@dataclass(frozen=True)
class Choice:
    """What a reservation uses, everything that was looked at on the way in the order of looking, and what was asked."""

    outcome: Outcome
    taken: Candidate | None
    looked_at: tuple[Look, ...]
    accepted: frozenset[int] = frozenset()
    # None where it is free: no purchase was asked for.
    on: date | None = None
    order: Order = Order.NEWEST_FIRST
    over_use: bool = False


def choose_purchase(
    candidates: Iterable[Candidate],
    *,
    accepted: Collection[int] | None,
    on: date,
    order: Order = Order.NEWEST_FIRST,
    over_use: bool = False,
) -> Choice:
    """Which purchase does this reservation use? The most recent valid one, else none: then it is unpaid (K2-K4).

    `accepted`: the packages associated with the calendar item; None: none ever were, so it is free and anyone can sign
    in; empty: all of them are archived, which does not make it free (Q10). `on`: the local day of the session, on which
    the purchase must be valid, its last day included (Q6). `over_use`: a purchase that is used up is taken all the same
    (the literal reading of K3, Q1).
    """
    if accepted is None:
        return Choice(Outcome.FREE, None, ())
    looked_at = tuple(
        Look(candidate, passed_over(candidate, accepted=accepted, on=on, over_use=over_use))
        for candidate in in_order(candidates, order)
    )
    taken = next((look.candidate for look in looked_at if look.passed_over is None), None)
    outcome = Outcome.PURCHASE if taken else Outcome.UNPAID
    return Choice(outcome, taken, looked_at, frozenset(accepted), on, order, over_use)


def passed_over(candidate: Candidate, *, accepted: Collection[int], on: date, over_use: bool) -> PassedOver | None:
    """Why can this purchase not be used for a session on that day? The first reason, None when it can."""
    used_up = candidate.uses_left is not None and candidate.uses_left <= 0
    reasons = (
        (PassedOver.OTHER_PACKAGE, candidate.package_id not in accepted),
        (PassedOver.REFUNDED, candidate.refunded),
        (PassedOver.ON_HOLD, candidate.on_hold),
        (PassedOver.EXPIRED, candidate.expired_by_hand or is_over(candidate.expires_on, on)),
        (PassedOver.USED_UP, used_up and not over_use),
    )
    return next((reason for reason, applies in reasons if applies), None)


def is_over(expires_on: date | None, on: date) -> bool:
    """Whether the last day has passed on that day; it can be used on its last day (Q6)."""
    return expires_on is not None and on > expires_on


def in_order(candidates: Iterable[Candidate], order: Order) -> list[Candidate]:
    """The purchases as they are looked at; those bought at the same moment by the higher number first (Q5)."""
    newest = sorted(candidates, key=lambda one: (one.purchased_at, one.purchase_id), reverse=True)
    if order is Order.OLDEST_FIRST:
        return sorted(newest, key=lambda one: one.purchased_at)
    if order is Order.EXPIRES_FIRST:
        return sorted(newest, key=lambda one: one.expires_on or date.max)
    return newest


class CountQuestion(StrEnum):
    """The questions of the second tree, in its order (K6)."""

    PURCHASE = "purchase"
    CANCELLED = "cancelled"
    LATE_CANCEL_USES = "late_cancel_uses"
    CHECKED_IN = "checked_in"
    SESSION_CANCELLED = "session_cancelled"
    NO_SHOW = "no_show"


class Verdict(StrEnum):
    COUNTED = "counted"
    NOT_COUNTED = "not_counted"
    NOT_YET = "not_yet"


@dataclass(frozen=True)
class CountStep:
    """One question, its answer, and the moment behind it, where there is one."""

    question: CountQuestion
    answer: bool
    fact: datetime | None = None


@dataclass(frozen=True)
class Count:
    """Whether a reservation counts against its purchase, and the path to that answer."""

    verdict: Verdict
    path: tuple[CountStep, ...]

    @property
    def counted(self) -> bool:
        return self.verdict is Verdict.COUNTED


@dataclass(frozen=True, kw_only=True)
class CountFacts:
    """What counting looks at. Moments are aware."""

    has_purchase: bool
    session_cancelled_at: datetime | None
    cancelled_at: datetime | None
    cancelled_late: bool
    # The package's switch (Q3).
    late_cancel_uses: bool
    checked_in_at: datetime | None
    # The desk said that the member did not come, which it can from the start on.
    marked_no_show: bool
    # The session's end and the location's grace: from then on a missing check-in is a no-show (Q4).
    over_at: datetime


def counts(facts: CountFacts, *, now: datetime) -> Count:
    """Does this reservation count against its purchase? (K6)

    Without a purchase no. Cancelled no, unless it was late and the package says that late cancellations use a session
    (Q3). Checked in yes, and so is a no-show: active, no check-in, and over. A cancelled session counts for nobody
    (Q27). Anything else not yet.
    """
    path: list[CountStep] = []

    def ask(question: CountQuestion, answer: bool, fact: datetime | None = None) -> bool:
        path.append(CountStep(question, answer, fact))
        return answer

    def verdict() -> Verdict:
        off = facts.session_cancelled_at is not None
        if not ask(CountQuestion.PURCHASE, facts.has_purchase):
            return Verdict.NOT_COUNTED
        if ask(CountQuestion.CANCELLED, facts.cancelled_at is not None, facts.cancelled_at):
            late = facts.cancelled_late and facts.late_cancel_uses and not off
            return Verdict.COUNTED if ask(CountQuestion.LATE_CANCEL_USES, late) else Verdict.NOT_COUNTED
        if ask(CountQuestion.CHECKED_IN, facts.checked_in_at is not None, facts.checked_in_at):
            return Verdict.COUNTED
        if ask(CountQuestion.SESSION_CANCELLED, off, facts.session_cancelled_at):
            return Verdict.NOT_COUNTED
        no_show = ask(CountQuestion.NO_SHOW, facts.marked_no_show or now >= facts.over_at, facts.over_at)
        return Verdict.COUNTED if no_show else Verdict.NOT_YET

    answer = verdict()
    return Count(answer, tuple(path))
