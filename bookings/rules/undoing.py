"""What can be taken back?"""

from dataclasses import dataclass
from datetime import datetime

from bookings.rules.decisions import Decision, Question, decide, refuse_if


@dataclass(frozen=True, kw_only=True)
class UndoFacts:
    """What taking back one recorded change looks at."""

    undone_already: bool
    # The reservation is not as this change left it: something happened since.
    changed_since: bool
    correction_until: datetime
    # The change gave up a place that undoing needs again.
    needs_place: bool
    session_cancelled_at: datetime | None
    booked_again_at: datetime | None
    capacity: int | None
    taken: int
    # Places held for people from the waiting list, and until when the first of them is.
    held: int = 0
    held_until: datetime | None = None


def may_undo(facts: UndoFacts, *, now: datetime) -> Decision:
    """Can this change be taken back? Only the last one, once, until the correction limit (Q4, Q17).

    Taking back a cancellation needs a free place, like a booking: one that was offered to the next in line is not.
    """
    full = facts.needs_place and facts.capacity is not None and facts.taken >= facts.capacity
    all_held = facts.needs_place and facts.capacity is not None and facts.taken + facts.held >= facts.capacity
    return decide(
        refuse_if(Question.UNDONE_ALREADY, facts.undone_already),
        refuse_if(Question.CHANGED_SINCE, facts.changed_since),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        refuse_if(
            Question.SESSION_CANCELLED,
            facts.needs_place and facts.session_cancelled_at is not None,
            facts.session_cancelled_at,
        ),
        refuse_if(
            Question.ALREADY_BOOKED, facts.needs_place and facts.booked_again_at is not None, facts.booked_again_at
        ),
        refuse_if(Question.FULL, full, facts.capacity),
        *([refuse_if(Question.HELD, all_held, facts.held_until)] if facts.held else []),
    )


def nothing_to_undo() -> Decision:
    """The answer where there is no change that could be taken back."""
    return decide(refuse_if(Question.UNDONE_ALREADY, True))
