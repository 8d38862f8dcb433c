"""How does a review's score come about? (P11, Q35)"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

LOWEST, HIGHEST = 1, 5
LOW = Decimal(3)  # a score of this or less is looked at at once
CENT = Decimal("0.01")


class Criterion(StrEnum):
    CLASS = "class"
    TEACHER = "teacher"
    PLACE = "place"
    WELCOME = "welcome"


CRITERIA = tuple(Criterion)


@dataclass(frozen=True)
class Term:
    """One criterion of the sum: marks from 1 to 5, the weight as it was agreed when the review was written."""

    criterion: Criterion
    marks: int
    weight: int

    @property
    def product(self) -> int:
        return self.marks * self.weight


@dataclass(frozen=True)
class Arithmetic:
    """The sum as it is shown: each criterion that was marked, in the order of `CRITERIA`."""

    terms: tuple[Term, ...]

    @property
    def weight(self) -> int:
        return sum(term.weight for term in self.terms)

    @property
    def total(self) -> int:
        return sum(term.product for term in self.terms)

    @property
    def score(self) -> Decimal:
        """From 1.00 to 5.00, rounded half up to two decimals, once, at the end."""
        return (Decimal(self.total) / self.weight).quantize(CENT, ROUND_HALF_UP)


def score(marks: Mapping[str, int], weights: Mapping[str, int]) -> Arithmetic:
    """What does this visit score? The marks by their weights, over the weight of what was marked.

    `marks`: 1 to 5 by criterion. `weights`: by criterion, any whole numbers; a criterion of weight 0 is not asked, one
    without marks (a class without a teacher) leaves the sum, and the others share its weight. Raises ValueError for
    marks outside of 1 to 5, of unknown criteria, and where nothing with a weight is marked.
    """
    for name, given in marks.items():
        if Criterion(name) and not LOWEST <= given <= HIGHEST:
            raise ValueError(f"{name}: {given} is not between {LOWEST} and {HIGHEST}")
    terms = tuple(Term(one, marks[one], weights.get(one, 0)) for one in CRITERIA if one in marks and weights.get(one))
    if not terms or any(term.weight < 0 for term in terms):
        raise ValueError("nothing with a weight is marked")
    return Arithmetic(terms)


def weights_in_percent(weights: Mapping[str, int]) -> dict[Criterion, Decimal]:
    """Each criterion's share of the whole, in percent to one decimal; those of weight 0 are not in it."""
    whole = sum(weights.get(one, 0) for one in CRITERIA)
    return {
        one: (Decimal(100 * weights[one]) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
        for one in CRITERIA
        if weights.get(one)
    }
