from reviews.rules.authorship import (
    NOTICE,
    UNKNOWN,
    AddressChange,
    address_at,
    change_in_doubt,
    is_entered_late,
    is_same,
)
from reviews.rules.replying import FREE_FOR, NoReply, NoReport, is_marked, may_edit, may_report, may_respond
from reviews.rules.score import CRITERIA, LOW, Arithmetic, Criterion, Term, score, weights_in_percent
from reviews.rules.standing import Excluded, Place, Spread, effect_on, mean_of, place_of
from reviews.rules.words import cleaned, number
from reviews.rules.writing import OPEN_FOR, Asked, Refusal, may_write

__all__ = [
    "CRITERIA",
    "FREE_FOR",
    "LOW",
    "NOTICE",
    "OPEN_FOR",
    "UNKNOWN",
    "AddressChange",
    "Arithmetic",
    "Asked",
    "Criterion",
    "Excluded",
    "NoReply",
    "NoReport",
    "Place",
    "Refusal",
    "Spread",
    "Term",
    "address_at",
    "change_in_doubt",
    "cleaned",
    "effect_on",
    "is_entered_late",
    "is_marked",
    "is_same",
    "may_edit",
    "may_report",
    "may_respond",
    "may_write",
    "mean_of",
    "number",
    "place_of",
    "score",
    "weights_in_percent",
]
