"""What does a marketplace's visit come to? The third axis, derived from the other two and from what it said."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bookings.rules import State
from marketplace.rules.publishing import Fact


class Settlement(StrEnum):
    """The first four are answered here; what the marketplace's statement and its payout say comes after (X2)."""

    NOT_PAYABLE = "not_payable"
    EXPECTED = "expected"
    VALIDATED = "validated"
    ON_STATEMENT = "on_statement"
    MATCHED = "matched"
    SHORT_PAID = "short_paid"
    DISPUTED = "disputed"
    PAID = "paid"


class Asked(StrEnum):
    """The questions, in their order; each is answered yes where the path ends."""

    CONFLICT = "conflict"
    DENIED = "denied"
    NO_TERMS = "no_terms"
    CLASS_CANCELLED = "class_cancelled"
    CANCELLED_IN_TIME = "cancelled_in_time"
    LATE_CANCEL_UNPAID = "late_cancel_unpaid"
    LATE_CANCEL = "late_cancel"
    NO_SHOW_UNPAID = "no_show_unpaid"
    NO_SHOW = "no_show"
    CONFIRMED = "confirmed"
    HERE = "here"
    TO_COME = "to_come"


@dataclass(frozen=True, kw_only=True)
class VisitFacts:
    """`state`: of the reservation. `has_terms`: a contract held on the day of the class.

    `class_cancelled`: the class did not take place, whatever became of the booking before.
    """

    state: State
    class_cancelled: bool
    confirmed_at: datetime | None
    # A conflict that is open, or that a person disputes with the marketplace.
    is_disputed: bool
    # A person said that the guest was not here; whether the marketplace holds a check-in is `confirmed_at`.
    denied: bool
    has_terms: bool
    pays_late_cancels: bool
    pays_no_shows: bool


@dataclass(frozen=True)
class Settled:
    settlement: Settlement
    # What decided, and the fact behind it.
    because: Asked
    fact: Fact = None


def settlement(facts: VisitFacts) -> Settled:
    """Is this visit payable by the contract, and does the marketplace know of it?

    A check-in that both sides know is validated; one that only the desk knows is expected, and at risk (X3). While two
    sides say different things it is disputed, whatever else holds (Q11): so it is where a person said that the guest
    was not here, and the marketplace has the check-in. It wins over a no-show that nobody said (7.6). Nobody pays for a
    class that did not take place, a late cancel before that neither (Q27). `invoicing.selectors.figures` says the same
    of what is billed.
    """
    unpaid, expected = Settlement.NOT_PAYABLE, Settlement.EXPECTED
    if (differ := _where_both_sides_differ(facts)) is not None:
        return differ
    if not facts.has_terms:
        return Settled(unpaid, Asked.NO_TERMS)
    if facts.class_cancelled and facts.state is not State.CHECKED_IN:
        return Settled(unpaid, Asked.CLASS_CANCELLED)
    match facts.state:
        case State.CANCELLED | State.EXCUSED:
            return Settled(unpaid, Asked.CANCELLED_IN_TIME)
        case State.LATE_CANCELLED if facts.pays_late_cancels:
            return Settled(expected, Asked.LATE_CANCEL)
        case State.LATE_CANCELLED:
            return Settled(unpaid, Asked.LATE_CANCEL_UNPAID)
    if facts.confirmed_at is not None:
        return Settled(Settlement.VALIDATED, Asked.CONFIRMED, facts.confirmed_at)
    if facts.state is State.CHECKED_IN:
        return Settled(expected, Asked.HERE)
    if facts.state is not State.NO_SHOW:
        return Settled(expected, Asked.TO_COME)
    return Settled(expected, Asked.NO_SHOW) if facts.pays_no_shows else Settled(unpaid, Asked.NO_SHOW_UNPAID)


def _where_both_sides_differ(facts: VisitFacts) -> Settled | None:
    if facts.is_disputed:
        return Settled(Settlement.DISPUTED, Asked.CONFLICT)
    if facts.denied and facts.confirmed_at is not None and facts.state is not State.CHECKED_IN:
        return Settled(Settlement.DISPUTED, Asked.DENIED, facts.confirmed_at)
    return None
