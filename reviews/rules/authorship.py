"""Is what the link brings the member's own word? The studio keeps the address that the link goes to (Q34)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

#: How long before a visit a changed address must have stood, so that nobody asks. The old address is told of the change
#: at once: who was away has two weeks to say that it is wrong, as many days as a visit can be reviewed.
NOTICE = timedelta(days=14)


#: An address that was there and is not known any more: it was a deleted person's. Nobody is asked there.
UNKNOWN = "?"


@dataclass(frozen=True, kw_only=True)
class AddressChange:
    """The studio put `after` in the place of `before`, "" for none; `key` is its line in the log."""

    key: int
    at: datetime
    before: str
    after: str


def address_at(moment: datetime, changes: Sequence[AddressChange], *, address: str) -> str:
    """Which address did the member have then? `changes`: all of them, in their order; `address`: the present one.

    "" where there was none: a first address that is entered after the visit is asked from the next one on.
    """
    return next((one.before for one in changes if one.at > moment), address)


def change_in_doubt(changes: Sequence[AddressChange], *, ends_at: datetime, now: datetime) -> AddressChange | None:
    """Which change of the address makes it doubtful who writes? None: there is none.

    The last one after the visit to another address: it may have been lent for the visit and given back, and the link
    goes to whoever lent it. Else the last one since `NOTICE` before the end of the visit, unless the address that is
    asked is the one that stood before them all: what was put back in time was a slip of the hand.

    A first address takes nobody's place, and capitals make no other. One that was taken away is replaced by whatever
    comes next, so that two steps are no way around it; taking it away alone gives nobody else a voice.
    """
    last, stood, before, after = "", "", None, None
    for one in changes:
        if one.at > now:
            break
        last = one.before or last
        if one.at > ends_at - NOTICE:
            stood = stood or last
        is_other = bool(one.after and last) and not is_same(last, one.after)
        last = one.after or last
        if one.at > ends_at:
            after = one if is_other else after
        elif is_other and one.at > ends_at - NOTICE:
            before = None if is_same(stood, last) else one
    return after or before


def is_entered_late(entered_on: date | None, *, visited_on: date) -> bool:
    """Was the person entered only after the day on which they are said to have been there? Local days.

    `entered_on` None: not by hand. On the day itself it is a walk-in at the desk, the commonest honest case, from whom
    nothing tells an invented person.
    """
    return entered_on is not None and entered_on > visited_on


def is_same(one: str, other: str) -> bool:
    """Is it the same address? Of what is `UNKNOWN` nobody can say so."""
    return UNKNOWN not in (one, other) and one.strip().casefold() == other.strip().casefold()
