"""Who may wait for a place, whose turn is it, and until when is a place held?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bookings.rules.booking import MarketplaceFacts, steps_of_marketplace
from bookings.rules.decisions import Decision, Origin, Question, decide, refuse_if, warn_if

MINUTE = timedelta(minutes=1)
# Nobody can answer a mail in less, whatever is set.
SHORTEST_HOLD = 5 * MINUTE


class Waiting(StrEnum):
    """What became of a wait."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    LAPSED = "lapsed"
    LEFT = "left"


def cut_off(starts_at: datetime, *, minutes: int) -> datetime:
    """Until when is a free place offered to the list? From then on it is first come, first served."""
    return starts_at - minutes * MINUTE


def hold_until(now: datetime, *, minutes: int, starts_at: datetime) -> datetime:
    """Until when is a place held for someone who is offered it now? Never beyond the start."""
    return min(now + max(minutes * MINUTE, SHORTEST_HOLD), starts_at)


def places_to_offer(
    *, capacity: int | None, taken: int, held: int, waiting: int, cut_off_at: datetime, now: datetime
) -> int:
    """How many of those who wait can be offered a place now? `held` counts the holds that have not lapsed."""
    if now >= cut_off_at:
        return 0
    return waiting if capacity is None else min(waiting, max(0, capacity - taken - held))


@dataclass(frozen=True, kw_only=True)
class WaitFacts:
    """What joining a waiting list looks at. `capacity` None is unlimited; `held` counts holds that stand now."""

    session_cancelled_at: datetime | None
    starts_at: datetime
    opens_at: datetime | None
    opens_from: Origin | None
    cut_off_at: datetime
    capacity: int | None
    taken: int
    held: int
    waiting: int
    waiting_places: int
    waiting_places_from: Origin | None
    booked_already_at: datetime | None
    waiting_since: datetime | None
    blocked_reason: str
    whole_course: bool
    by_staff: bool
    # None: not a marketplace's guest.
    marketplace: MarketplaceFacts | None = None


def may_wait(facts: WaitFacts, *, now: datetime) -> Decision:
    """Can this member join the waiting list of this session?

    Only while a place that comes free can still be offered, and only when there is none: then booking is the way. A
    course is booked whole and has no list.
    """
    full = facts.capacity is not None and facts.taken + facts.held >= facts.capacity
    not_open = facts.opens_at is not None and now < facts.opens_at
    for_members = warn_if if facts.by_staff else refuse_if
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        refuse_if(Question.PART_OF_COURSE, facts.whole_course),
        refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        refuse_if(Question.ALREADY_BOOKED, facts.booked_already_at is not None, facts.booked_already_at),
        refuse_if(Question.WAITING_ALREADY, facts.waiting_since is not None, facts.waiting_since),
        refuse_if(Question.STARTED, now >= facts.starts_at, facts.starts_at),
        refuse_if(Question.CUT_OFF, now >= facts.cut_off_at, facts.cut_off_at),
        for_members(Question.NOT_OPEN_YET, not_open, facts.opens_at, facts.opens_from),
        *steps_of_marketplace(facts.marketplace, for_members, quotas=False),
        refuse_if(Question.NOT_FULL, not full),
        refuse_if(
            Question.LIST_FULL,
            facts.waiting >= facts.waiting_places,
            facts.waiting_places,
            facts.waiting_places_from,
        ),
    )


def may_leave(state: Waiting, *, held_until: datetime | None, now: datetime) -> Decision:
    """Can this wait be ended? Not twice, and an offer that lapsed has ended by itself."""
    lapsed = state is Waiting.OFFERED and held_until is not None and now >= held_until
    return decide(
        refuse_if(Question.OFFER_LAPSED, lapsed or state is Waiting.LAPSED, held_until),
        refuse_if(Question.ON_THE_LIST, state not in {Waiting.WAITING, Waiting.OFFERED}),
    )


@dataclass(frozen=True, kw_only=True)
class OfferFacts:
    """What taking an offered place, or giving it to someone on the list, looks at."""

    state: Waiting
    held_until: datetime | None
    session_cancelled_at: datetime | None
    starts_at: datetime
    booked_already_at: datetime | None
    blocked_reason: str
    capacity: int | None
    taken: int
    # Holds that stand now, this one's own not among them.
    held_for_others: int
    # None: not a marketplace's guest.
    marketplace: MarketplaceFacts | None = None


def may_accept(facts: OfferFacts, *, now: datetime) -> Decision:
    """Can this person take the place that was offered?"""
    overdue = facts.state is Waiting.OFFERED and facts.held_until is not None and now >= facts.held_until
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        refuse_if(Question.ALREADY_BOOKED, facts.booked_already_at is not None, facts.booked_already_at),
        refuse_if(Question.OFFER_LAPSED, overdue or facts.state is Waiting.LAPSED, facts.held_until),
        refuse_if(Question.OFFER_OPEN, facts.state is not Waiting.OFFERED),
        refuse_if(Question.STARTED, now >= facts.starts_at, facts.starts_at),
        refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        *steps_of_marketplace(facts.marketplace, refuse_if),
    )


def may_promote(facts: OfferFacts, *, now: datetime) -> Decision:
    """Can staff give this person a place out of turn, or after the cut-off? Needs one that is free or held for them."""
    own = facts.state is Waiting.OFFERED
    full = facts.capacity is not None and facts.taken + facts.held_for_others >= facts.capacity
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        refuse_if(Question.ALREADY_BOOKED, facts.booked_already_at is not None, facts.booked_already_at),
        refuse_if(Question.ON_THE_LIST, not own and facts.state is not Waiting.WAITING),
        refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        refuse_if(Question.STARTED, now >= facts.starts_at, facts.starts_at),
        *steps_of_marketplace(facts.marketplace, warn_if),
        refuse_if(Question.FULL, full, facts.capacity),
    )
