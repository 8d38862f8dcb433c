"""What do all reviews together say, and what does this one change? A plain mean, no hidden weights (Q35)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

CENT = Decimal("0.01")


class Excluded(StrEnum):
    """Why a review is shown and does not count."""

    HIDDEN = "hidden"  # the operator found a breach of the terms (P13)
    DISPUTED = "disputed"  # the visit is no longer one, or it is in doubt who wrote: until settled (Q34)
    OLD = "old"  # written more than 12 months ago


@dataclass(frozen=True)
class Spread:
    """The mean of some scores, None of none; how many there are, and how many round to 1, 2, 3, 4 and 5 stars."""

    mean: Decimal | None
    count: int
    stars: tuple[int, int, int, int, int]


@dataclass(frozen=True)
class Place:
    """Where one score stands among others: how many are higher, as high, and lower."""

    higher: int
    same: int
    lower: int


def mean_of(scores: Sequence[Decimal]) -> Spread:
    """How is the studio rated? The plain mean of these scores, to two decimals, rounded half up."""
    rounded = Counter(stars_of(one) for one in scores)
    stars = (rounded[1], rounded[2], rounded[3], rounded[4], rounded[5])
    return Spread(_mean(scores), len(scores), stars)


def effect_on(scores: Sequence[Decimal], own: Decimal) -> tuple[Decimal | None, Decimal]:
    """What does this review change? The mean of the others (None: there are none), and the mean with it.

    `scores`: all that count, without `own`.
    """
    return _mean(scores), _rounded([*scores, own])


def place_of(scores: Sequence[Decimal], own: Decimal) -> Place:
    """Where does it stand in its month? `scores`: the month's others."""
    return Place(
        higher=sum(one > own for one in scores),
        same=sum(one == own for one in scores),
        lower=sum(one < own for one in scores),
    )


def stars_of(one: Decimal) -> int:
    """A score as whole stars, half a star up."""
    return int(one.quantize(Decimal(1), ROUND_HALF_UP))


def _mean(scores: Sequence[Decimal]) -> Decimal | None:
    return _rounded(scores) if scores else None


def _rounded(scores: Sequence[Decimal]) -> Decimal:
    return (sum(scores, Decimal(0)) / len(scores)).quantize(CENT, ROUND_HALF_UP)
