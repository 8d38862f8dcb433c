"""May terms begin on that day?"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Misdated(StrEnum):
    """What is wrong with the first day of a version of terms."""

    TAKEN = "taken"
    BEFORE_NEWEST = "before_newest"
    OVER = "over"
    AFTER_END = "after_end"
    OTHER_CONTRACT = "other_contract"


@dataclass(frozen=True, kw_only=True)
class TermsFacts:
    """Days are local to the studio. `others`: the first days of the contract's versions; `earlier_until`: the last day
    of the studio's earlier contract with the same marketplace."""

    first_on: date
    others: tuple[date, ...]
    ends_on: date | None
    earlier_until: date | None


def misdated(facts: TermsFacts, *, today: date) -> Misdated | None:
    """Why may no version of the terms begin on that day? None: it may.

    The first version may begin in the past, as the contract did. Each further one begins after those before it, today
    at the earliest: what was visited until now was agreed as it stood.
    """
    if facts.first_on in facts.others:
        return Misdated.TAKEN
    if facts.others and facts.first_on < max(facts.others):
        return Misdated.BEFORE_NEWEST
    if facts.others and facts.first_on < today:
        return Misdated.OVER
    if facts.ends_on is not None and facts.first_on > facts.ends_on:
        return Misdated.AFTER_END
    if facts.earlier_until is not None and facts.first_on <= facts.earlier_until:
        return Misdated.OTHER_CONTRACT
    return None
