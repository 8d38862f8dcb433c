"""What may the operator decide about a review? Only for a named breach, with a reason (P13, Q33, Q34)."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a case can end with; the words of `Report.Decision`."""

    HIDDEN = "hidden"
    KEPT = "kept"
    SHOWN_AGAIN = "shown_again"
    VISIT_STANDS = "visit_stands"
    VISIT_FELL = "visit_fell"


ABOUT_THE_VISIT = frozenset({Verdict.VISIT_STANDS, Verdict.VISIT_FELL})


class Obstacle(StrEnum):
    DECIDED = "decided"
    HIDDEN_ALREADY = "hidden_already"
    NOT_HIDDEN = "not_hidden"
    NOT_DISPUTED = "not_disputed"
    SETTLED_ALREADY = "settled_already"
    RULE_MISSING = "rule_missing"
    REASON_MISSING = "reason_missing"


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is known of the review: hidden now, and changed since (`mended`); its visit has no check-in (any more), and
    was found to stand or fall; `doubted`: the studio
    had a hand in the address that wrote (`rules.authorship`), which is settled with the visit."""

    hidden: bool
    checked_in: bool
    stands: bool = False
    fell: bool = False
    doubted: bool = False
    mended: bool = False


def obstacle_to(verdict: Verdict, case: Case, *, rule: str, reason: str) -> Obstacle | None:
    """What keeps the operator from deciding so? None: nothing. `rule`, `reason`: as they were given, may be empty."""
    if not reason.strip():
        return Obstacle.REASON_MISSING
    if verdict in ABOUT_THE_VISIT:
        return _obstacle_of_visit(verdict, case)
    if not rule:
        return Obstacle.RULE_MISSING
    if verdict is Verdict.SHOWN_AGAIN:
        return None if case.hidden else Obstacle.NOT_HIDDEN
    if verdict is Verdict.HIDDEN and case.mended:
        return None  # the words as they are now breach a rule, too
    return Obstacle.HIDDEN_ALREADY if case.hidden else None


def _obstacle_of_visit(verdict: Verdict, case: Case) -> Obstacle | None:
    """Of a visit with a check-in and an author nobody doubts there is nothing to settle; each answer can be given after
    the other."""
    if case.checked_in and not case.doubted:
        return Obstacle.NOT_DISPUTED
    same = case.stands if verdict is Verdict.VISIT_STANDS else case.fell
    return Obstacle.SETTLED_ALREADY if same else None
