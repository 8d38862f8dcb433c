"""May this member have a place in this session?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bookings.rules.decisions import Decision, Fact, Origin, Question, Step, decide, refuse_if, warn_if


@dataclass(frozen=True, kw_only=True)
class MarketplaceFacts:
    """What is asked besides when a marketplace books for its member. `shared_quota` is the class's, for all of them."""

    switched_on: bool
    not_sold: str
    quota: int | None
    own: int
    shared_quota: int | None
    of_marketplaces: int


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
    # Whose rule `opens_at` and `closes_at` are.
    opens_from: Origin | None = None
    closes_from: Origin | None = None
    # Places held for others from the waiting list, and until when the first of them is.
    held: int = 0
    held_until: datetime | None = None
    # Neither free nor covered by a purchase (K3).
    unpaid: bool = False
    # One evening of a course, which is booked whole; None: not a course, or asked as part of the whole.
    course: str | None = None
    # None: not a marketplace's booking.
    marketplace: MarketplaceFacts | None = None


def may_book(facts: BookingFacts, *, now: datetime) -> Decision:
    """Can this member have a place in this session? (K1)

    Opening, closing and the start bind members; staff are warned and may go on until the correction limit.
    Being booked elsewhere at that time warns and never blocks (Q17). A place that is held for someone from the waiting
    list is not free. What nothing pays for is refused to a member and booked as unpaid by staff. A marketplace is
    asked the same and, besides, whether it may sell the class and has places left of its own (I6, Q24).
    """
    started = now >= facts.starts_at
    not_open = facts.opens_at is not None and now < facts.opens_at
    closed = facts.closes_at is not None and now >= facts.closes_at
    full = facts.capacity is not None and facts.taken >= facts.capacity
    all_held = facts.capacity is not None and facts.taken + facts.held >= facts.capacity
    for_members = warn_if if facts.by_staff else refuse_if
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        *([refuse_if(Question.PART_OF_COURSE, True, facts.course)] if facts.course is not None else []),
        refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        refuse_if(Question.ALREADY_BOOKED, facts.booked_already_at is not None, facts.booked_already_at),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        for_members(Question.STARTED, started, facts.starts_at),
        for_members(Question.NOT_OPEN_YET, not_open, facts.opens_at, facts.opens_from),
        for_members(Question.CLOSED, closed, facts.closes_at, facts.closes_from),
        *steps_of_marketplace(facts.marketplace, for_members),
        refuse_if(Question.FULL, full, facts.capacity),
        *([refuse_if(Question.HELD, all_held, facts.held_until)] if facts.held else []),
        for_members(Question.PAID, facts.unpaid),
        warn_if(Question.ELSEWHERE, facts.elsewhere is not None, facts.elsewhere),
    )


def steps_of_marketplace(
    facts: MarketplaceFacts | None, for_members: Callable[[Question, bool, Fact], Step], *, quotas: bool = True
) -> list[Step]:
    """What is asked besides of a marketplace's guest. Without `quotas`: who waits, waits for a place of them, too."""
    if facts is None:
        return []
    all_sold = facts.shared_quota is not None and facts.of_marketplaces >= facts.shared_quota
    own_sold = facts.quota is not None and facts.own >= facts.quota
    steps = [
        for_members(Question.NOT_FOR_MARKETPLACES, not facts.switched_on, None),
        for_members(Question.NOT_SOLD_THERE, bool(facts.not_sold), facts.not_sold or None),
    ]
    if not quotas:
        return steps
    return [
        *steps,
        for_members(Question.ALL_QUOTAS, all_sold, facts.shared_quota),
        for_members(Question.QUOTA, own_sold, facts.quota),
    ]


def may_be_sold(facts: MarketplaceFacts) -> Decision:
    """Has this marketplace a place of the class for a guest of its own, whatever the room says? (Q24)"""
    return decide(*steps_of_marketplace(facts, refuse_if))


def is_paid(*, unpaid: bool, by_staff: bool) -> Decision:
    """Is it free, or paid for by a purchase? A member needs one; staff book it as unpaid (K3)."""
    return decide((warn_if if by_staff else refuse_if)(Question.PAID, unpaid))


def may_book_all(facts: Sequence[BookingFacts], *, now: datetime) -> tuple[Decision, int]:
    """Can this member have a place in every session of a course? All or none.

    The decision of the first session that refuses, else that of the first one, with its position in `facts`.
    """
    if not facts:
        return no_sessions(), 0
    decisions = [may_book(one, now=now) for one in facts]
    position = next((number for number, one in enumerate(decisions) if not one.allowed), 0)
    return decisions[position], position


def no_sessions() -> Decision:
    """The answer where nothing of a course is to come."""
    return decide(refuse_if(Question.NO_SESSIONS, True))
