from reviews.rules.score import CRITERIA, Arithmetic, Criterion, Term, score, weights_in_percent
from reviews.rules.standing import Excluded, Place, Spread, effect_on, mean_of, place_of
from reviews.rules.writing import OPEN_FOR, Asked, Refusal, may_write

__all__ = [
    "CRITERIA",
    "OPEN_FOR",
    "Arithmetic",
    "Asked",
    "Criterion",
    "Excluded",
    "Place",
    "Refusal",
    "Spread",
    "Term",
    "effect_on",
    "may_write",
    "mean_of",
    "place_of",
    "score",
    "weights_in_percent",
]
