"""What may be done to rooms and their numbered spots?"""

from dataclasses import dataclass
from datetime import datetime

from bookings.rules.decisions import Decision, Question, decide, refuse_if
from bookings.rules.states import Booking


def may_name_room(*, name_is_taken: bool, name: str) -> Decision:
    """Can a room of this location have this name?"""
    return decide(refuse_if(Question.NAME_TAKEN, name_is_taken, name))


def may_remove_room(*, sessions_to_come: int) -> Decision:
    """Can this room go? Not while classes are planned in it."""
    return decide(refuse_if(Question.ROOM_IN_USE, sessions_to_come > 0, sessions_to_come))


def may_set_spots(*, given_to_come: int) -> Decision:
    """Can spots be taken away? Not those that somebody has in a class to come."""
    return decide(refuse_if(Question.SPOTS_IN_USE, given_to_come > 0, given_to_come))


@dataclass(frozen=True, kw_only=True)
class SpotFacts:
    """`same_session`: of a swap, whether both are in one class. `taken_by`: who has the spot now."""

    booking: Booking
    correction_until: datetime
    in_the_room: bool
    is_blocked: bool = False
    taken_by: str | None = None
    same_session: bool = True


def may_have_spot(facts: SpotFacts, *, now: datetime) -> Decision:
    """Can this person have this spot? (Q29)"""
    return decide(
        refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        refuse_if(Question.OTHER_CLASS, not facts.same_session),
        refuse_if(Question.OTHER_ROOM, not facts.in_the_room),
        refuse_if(Question.SPOT_BLOCKED, facts.is_blocked),
        refuse_if(Question.SPOT_TAKEN, facts.taken_by is not None, facts.taken_by),
    )
