"""A line of a marketplace's statement and a visit of ours: do they say the same, and if not, why? (X2)

Facts are yes or no, so that a month of a hundred thousand lines comes down to a few dozen different sets of them. Each
set is explained once, here; the database gathers the facts and writes the answers back (`actions.matching`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntFlag, StrEnum


class Event(StrEnum):
    """What a line is about. A correction and a flat rate are no visits."""

    VISIT = "visit"  # the file does not say more
    CHECK_IN = "check_in"
    NO_SHOW = "no_show"
    LATE_CANCEL = "late_cancel"
    ADDITIONAL = "additional"
    CORRECTION = "correction"
    FLAT = "flat"
    NOTHING = "nothing"  # cancelled in time, or whatever else they list and do not pay


class By(StrEnum):
    """What led from a line to a visit, the surest first."""

    BOOKING = "booking"
    MEMBER = "member"
    NAME = "name"
    CLASS = "class"
    FLAT = "flat"


class Verdict(StrEnum):
    MATCHED = "matched"
    OTHER_PRICE = "other_price"
    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    TWICE = "twice"


class Reason(StrEnum):
    """The likely one. What is matched needs none."""

    NONE = ""
    LISTED_TWICE = "listed_twice"
    CURRENCY = "currency"
    FLAT_RATE = "flat_rate"
    CORRECTION = "correction"
    OTHER_MONTH = "other_month"
    UNKNOWN_MEMBER = "unknown_member"
    NOT_BILLED = "not_billed"
    NO_VISIT = "no_visit"
    NOT_VALIDATED = "not_validated"
    THEIR_CAP = "their_cap"
    OUR_CAP = "our_cap"
    REFILLED = "refilled"
    EVENT = "event"
    NOT_PAYABLE = "not_payable"
    QUANTITY = "quantity"
    TAX_INCLUDED = "tax_included"
    ROUNDING = "rounding"
    STEP = "step"
    TIER = "tier"
    CORRECTED_SINCE = "corrected_since"
    UNREADABLE = "unreadable"
    TAKEN_BACK = "taken_back"
    SAME_MONTH = "same_month"
    BOOKED_BEFORE = "booked_before"
    UNEXPLAINED = "unexplained"


# The cause lies on our side, or in a line that is still to be read: nothing to claim.
OURS_TO_MEND = (Reason.CORRECTED_SINCE, Reason.UNREADABLE)


class Fact(IntFlag):
    """Of one row: a line, a visit of ours, or both."""

    LINE = 1  # a line of the file
    OURS = 2  # a visit of ours that belongs to this month's invoice, or its flat rate
    AGAIN = 4  # another line has taken that visit already
    SAME = 8  # both amounts are equal
    CURRENCY = 16  # the line's currency is not the contract's
    FLAT = 32  # a flat rate, by their word or by ours
    CORRECTION = 64  # a correction, by their word or by ours
    OTHER_MONTH = 128  # its day lies outside of the month
    KNOWN_VISIT = 256  # the line leads to a booking of ours, whatever became of it
    KNOWN_MEMBER = 512  # the line's member is one of ours
    NAMES_MEMBER = 1024  # the line says who it was
    UNVALIDATED = 2048  # the marketplace has confirmed no check-in of our visit
    THEIR_ZERO = 4096  # they pay nothing for it
    OUR_ZERO = 8192  # we say that nothing is to be paid
    OUR_CAP = 16384  # because of a cap
    LATE_CANCEL = 32768  # both call it a late cancel, or it is one and on no line
    OTHER_EVENT = 65536  # they say check-in and we say no-show, or anything else that differs
    MULTIPLE = 131072  # their quantity times our amount is their amount
    TAX = 262144  # one of the amounts is the other with its tax
    CENTS = 524288  # they differ by no more than two cents
    OTHER_RATE = 1048576  # it is another rate of the contract
    EDGE = 2097152  # our visit's month in UTC is another one
    NO_SHOW = 4194304  # of ours: nobody came
    CORRECTED = 8388608  # our records say something else than the invoice by now, and it is what they say
    REFUSED = 16777216  # a line that could not be read names our visit
    NEGATIVE = 33554432  # they take money back
    SAME_MONTH = 67108864  # a correction of theirs, and the booking that it names is of this month
    BOOKED_ELSEWHERE = 134217728  # it was booked in another month


@dataclass(frozen=True)
class Asked:
    """A question on the way and its answer; where it is yes, it decided."""

    reason: Reason
    decided: bool


@dataclass(frozen=True)
class Explained:
    verdict: Verdict
    reason: Reason
    path: tuple[Asked, ...]


Question = tuple[Reason, Callable[[Fact], bool]]


def verdict_of(facts: Fact) -> Verdict:
    """Do both sides have it, once, at one price?"""
    if Fact.LINE not in facts:
        return Verdict.MISSING_THERE
    if Fact.AGAIN in facts:
        return Verdict.TWICE
    if Fact.OURS not in facts:
        return Verdict.MISSING_HERE
    return Verdict.MATCHED if Fact.SAME in facts and Fact.CURRENCY not in facts else Verdict.OTHER_PRICE


def explained(facts: Fact) -> Explained:
    """What stands between both sides, and the likely reason: the first question that is answered yes.

    The path holds every question that was asked, in that order.
    """
    verdict = verdict_of(facts)
    path: list[Asked] = []
    for reason, holds in _QUESTIONS[verdict]:
        decided = holds(facts)
        path.append(Asked(reason, decided))
        if decided:
            return Explained(verdict, reason, tuple(path))
    return Explained(verdict, Reason.NONE if verdict is Verdict.MATCHED else Reason.UNEXPLAINED, tuple(path))


def _has(*wanted: Fact, without: Iterable[Fact] = ()) -> Callable[[Fact], bool]:
    def holds(facts: Fact) -> bool:
        return all(one in facts for one in wanted) and not any(one in facts for one in without)

    return holds


_QUESTIONS: dict[Verdict, tuple[Question, ...]] = {
    Verdict.MATCHED: (),
    Verdict.TWICE: (
        (Reason.TAKEN_BACK, _has(Fact.NEGATIVE)),
        (Reason.LISTED_TWICE, _has(Fact.AGAIN)),
    ),
    Verdict.MISSING_HERE: (
        (Reason.FLAT_RATE, _has(Fact.FLAT)),
        (Reason.CORRECTED_SINCE, _has(Fact.CORRECTED)),
        (Reason.SAME_MONTH, _has(Fact.SAME_MONTH)),
        (Reason.CORRECTION, _has(Fact.CORRECTION)),
        (Reason.OTHER_MONTH, _has(Fact.OTHER_MONTH)),
        (Reason.TAKEN_BACK, _has(Fact.NEGATIVE)),
        (Reason.NOT_BILLED, _has(Fact.KNOWN_VISIT)),
        (Reason.UNKNOWN_MEMBER, _has(Fact.NAMES_MEMBER, without=[Fact.KNOWN_MEMBER])),
        (Reason.NO_VISIT, _has(Fact.LINE)),
    ),
    Verdict.MISSING_THERE: (
        (Reason.UNREADABLE, _has(Fact.REFUSED)),
        (Reason.CORRECTED_SINCE, _has(Fact.CORRECTED)),
        (Reason.FLAT_RATE, _has(Fact.FLAT)),
        (Reason.CORRECTION, _has(Fact.CORRECTION)),
        (Reason.REFILLED, _has(Fact.LATE_CANCEL)),
        (Reason.EVENT, _has(Fact.NO_SHOW)),
        (Reason.NOT_VALIDATED, _has(Fact.UNVALIDATED)),
        (Reason.OTHER_MONTH, _has(Fact.EDGE)),
        (Reason.BOOKED_BEFORE, _has(Fact.BOOKED_ELSEWHERE)),
    ),
    Verdict.OTHER_PRICE: (
        (Reason.CURRENCY, _has(Fact.CURRENCY)),
        (Reason.CORRECTED_SINCE, _has(Fact.CORRECTED)),
        (Reason.FLAT_RATE, _has(Fact.FLAT)),
        (Reason.CORRECTION, _has(Fact.CORRECTION)),
        (Reason.TAKEN_BACK, _has(Fact.NEGATIVE)),
        (Reason.OUR_CAP, _has(Fact.OUR_ZERO, Fact.OUR_CAP)),
        (Reason.EVENT, _has(Fact.OTHER_EVENT)),
        (Reason.NOT_PAYABLE, _has(Fact.OUR_ZERO)),
        (Reason.REFILLED, _has(Fact.THEIR_ZERO, Fact.LATE_CANCEL)),
        (Reason.THEIR_CAP, _has(Fact.THEIR_ZERO)),
        (Reason.QUANTITY, _has(Fact.MULTIPLE)),
        (Reason.ROUNDING, _has(Fact.CENTS)),
        (Reason.TAX_INCLUDED, _has(Fact.TAX)),
        (Reason.STEP, _has(Fact.OTHER_RATE)),
        (Reason.TIER, _has(Fact.LINE)),
    ),
}
