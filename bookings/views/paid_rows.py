"""What a row says of its payment, wherever rows of people are shown."""

from dataclasses import dataclass

from bookings.paid_words import rest_words
from bookings.selectors.paid import Paid
from bookings.sources import OWN


@dataclass(frozen=True)
class PaidRow:
    """The package and what is left of it, or one of two marks; `sell_url`: where the mark *unpaid* leads, or empty.

    The two are apart, so that on a narrow row the name gives way and never the number.
    """

    package: str
    left: str
    is_free: bool = False
    is_unpaid: bool = False
    sell_url: str = ""


def paid_row(paid: Paid | None, *, source: str, is_expected: bool, sell_url: str) -> PaidRow | None:
    """None where there is nothing to say. A marketplace's guest is not *free*: its pass pays (Q21).

    `is_expected`: the place is kept; who gave it up owes nothing.
    """
    if paid is None:
        return None
    is_free = paid.is_free and source in OWN and is_expected
    is_unpaid = paid.is_unpaid and is_expected
    if paid.purchase is None and not is_free and not is_unpaid:
        return None
    left = rest_words(paid) if paid.purchase is not None else ""
    return PaidRow(paid.package, left, is_free, is_unpaid, sell_url if is_unpaid else "")
