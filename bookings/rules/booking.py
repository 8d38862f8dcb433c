"""May this member have a place in this session?"""

from dataclasses import dataclass
from datetime import datetime

from bookings.rules.decisions import Decision, Question, decide, refuse_if, warn_if


@dataclass(frozen=True, kw_only=True)
class BookingFacts:
    """What the question *bookable?* looks at. Moments are aware; `capacity` None is unlimited."""

    session_cancelled_at: datetime | None
    starts_at: datetime
    opens_at: datetime | None
    closes_at: datetime | None
    correction_until: datetime
    capacity: int | None
    taken: int
    booked_already_at: datetime | None
    elsewhere: str | None
    blocked_reason: str
    by_staff: bool


def may_book(facts: BookingFacts, *, now: datetime) -> Decision:
    """Can this member have a place in this session? (K1)

    Opening, closing and the start bind members; staff are warned and may go on until the correction limit.
    Being booked elsewhere at that time warns and never blocks (Q17).
    """
    started = now >= facts.starts_at
    not_open = facts.opens_at is not None and now < facts.opens_at
    closed = facts.closes_at is not None and now >= facts.closes_at
    for_members = warn_if if facts.by_staff else refuse_if
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        refuse_if(Question.ALREADY_BOOKED, facts.booked_already_at is not None, facts.booked_already_at),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        for_members(Question.STARTED, started, facts.starts_at),
        for_members(Question.NOT_OPEN_YET, not_open, facts.opens_at),
        for_members(Question.CLOSED, closed, facts.closes_at),
        refuse_if(Question.FULL, facts.capacity is not None and facts.taken >= facts.capacity, facts.capacity),
        warn_if(Question.ELSEWHERE, facts.elsewhere is not None, facts.elsewhere),
    )
