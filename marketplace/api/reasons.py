"""The contract's word for each thing that bookings can say no to: one table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bookings.actions import Refused
from bookings.rules import Decision, Question
from marketplace.api.errors import Problem, unprocessable
from reviews.rules import Refusal


class Operation(StrEnum):
    """What was to be done; its value is the `cause` of its refusals."""

    BOOK = "bookingFailed"
    REMOVE = "unbookingFailed"
    WAIT = "addToWaitlistFailed"
    LEAVE = "removeFromWaitlistFailed"
    CHECK_IN = "checkInFailed"
    TAKE_BACK = "checkInRemovalFailed"
    REVIEW = "reviewFailed"


NO_PRODUCT, FULL, IN_WAITLIST = "lackOfProduct", "noFreeSpots", "userAlreadyInWaitlist"
ATTENDEE, PENALTY, OVERLAPPED = "userAlreadyAttendee", "userHasPenalty", "overlapped"
RESTRICTED, UNKNOWN = "partnerRestriction", "unknown"
NOT_ATTENDEE, NOT_IN_WAITLIST, NOT_CHECKED_IN = "userNotAttendee", "userNotInWaitlist", "userNotCheckedIn"

NOT_OVER, NOT_CAME, REVIEW_CLOSED, MARKS_MISSING = "classNotOver", "visitWithoutCheckIn", "reviewClosed", "marksMissing"

# The reasons that each operation knows; no other is ever given.
REASONS: Mapping[Operation, frozenset[str]] = {
    Operation.BOOK: frozenset(
        {NO_PRODUCT, FULL, IN_WAITLIST, ATTENDEE, PENALTY, OVERLAPPED, RESTRICTED, UNKNOWN},
    ),
    Operation.REMOVE: frozenset({NOT_ATTENDEE, UNKNOWN}),
    Operation.WAIT: frozenset({NO_PRODUCT, FULL, IN_WAITLIST, ATTENDEE, PENALTY, OVERLAPPED, RESTRICTED, UNKNOWN}),
    Operation.LEAVE: frozenset({NOT_IN_WAITLIST, UNKNOWN}),
    Operation.CHECK_IN: frozenset({NOT_ATTENDEE, RESTRICTED, UNKNOWN}),
    Operation.TAKE_BACK: frozenset({NOT_ATTENDEE, NOT_CHECKED_IN, UNKNOWN}),
    Operation.REVIEW: frozenset({NOT_ATTENDEE, NOT_OVER, NOT_CAME, REVIEW_CLOSED, MARKS_MISSING, UNKNOWN}),
}


# Reason and sentence of what the rule of reviews says no to.
REVIEW_REFUSALS: Mapping[Refusal, tuple[str, str]] = {
    Refusal.NOT_OVER: (NOT_OVER, "The class is not over yet"),
    Refusal.NOT_ATTENDED: (NOT_CAME, "The studio has no check-in of the exerciser in this class"),
    Refusal.TOO_LATE: (REVIEW_CLOSED, "Reviews can be written and changed for 14 days after the class"),
}


@dataclass(frozen=True)
class Word:
    """What a refusal is called, and in a sentence. An operation that does not know the reason says `unknown`."""

    reason: str
    text: str
    # Where the same question means another thing to another operation.
    otherwise: Mapping[Operation, str] | None = None

    def of(self, operation: Operation) -> str:
        reason = (self.otherwise or {}).get(operation, self.reason)
        return reason if reason in REASONS[operation] else UNKNOWN


_GONE_ALREADY = {Operation.REMOVE: NOT_ATTENDEE, Operation.CHECK_IN: NOT_ATTENDEE, Operation.TAKE_BACK: NOT_ATTENDEE}
# Of the studio's own planning: no call of a marketplace asks it.
_INSIDE = Word(UNKNOWN, "The studio's schedule does not allow it")

WORDS: Mapping[Question, Word] = {
    Question.SESSION_CANCELLED: Word(RESTRICTED, "The class is cancelled"),
    Question.MEMBER_BLOCKED: Word(RESTRICTED, "The studio takes no bookings of this exerciser"),
    Question.ALREADY_BOOKED: Word(ATTENDEE, "The exerciser is an attendee of the class already"),
    Question.STARTED: Word(RESTRICTED, "The class has started"),
    Question.NOT_OPEN_YET: Word(RESTRICTED, "Booking has not opened yet"),
    Question.CLOSED: Word(RESTRICTED, "Booking is closed"),
    Question.FULL: Word(FULL, "The class is full"),
    Question.PAID: Word(NO_PRODUCT, "Nothing pays for the class"),
    Question.ELSEWHERE: Word(OVERLAPPED, "The exerciser is booked elsewhere at that time"),
    Question.RESERVATION_CANCELLED: Word(UNKNOWN, "The booking was cancelled", _GONE_ALREADY),
    Question.CHECKED_IN: Word(
        UNKNOWN, "The exerciser is checked in; the studio was asked to look at it", {Operation.BOOK: ATTENDEE}
    ),
    Question.OTHER_DAY: Word(RESTRICTED, "Check-in is possible on the day of the class"),
    Question.EARLY: Word(RESTRICTED, "It is too early to check in"),
    Question.NOT_STARTED: Word(UNKNOWN, "The class has not started"),
    Question.CORRECTION_LIMIT: Word(RESTRICTED, "It is too long ago to be changed"),
    Question.DEADLINE_PASSED: Word(UNKNOWN, "The deadline has passed"),
    Question.OUTCOME_MISSING: Word(UNKNOWN, "The studio has to say how it ended"),
    Question.UNDONE_ALREADY: Word(UNKNOWN, "It was taken back already", {Operation.TAKE_BACK: NOT_CHECKED_IN}),
    Question.CHANGED_SINCE: Word(UNKNOWN, "It was changed since"),
    Question.PART_OF_COURSE: Word(RESTRICTED, "The class is part of a course, which is booked as a whole"),
    Question.HELD: Word(FULL, "The last places are held for the waiting list"),
    Question.WAITING_ALREADY: Word(IN_WAITLIST, "The exerciser is in the waiting list already"),
    Question.CUT_OFF: Word(RESTRICTED, "The waiting list is closed"),
    Question.NOT_FULL: Word(RESTRICTED, "The class has free places: it can be booked"),
    Question.LIST_FULL: Word(FULL, "The waiting list is full"),
    Question.ON_THE_LIST: Word(UNKNOWN, "The exerciser is not in the waiting list", {Operation.LEAVE: NOT_IN_WAITLIST}),
    Question.OFFER_OPEN: Word(UNKNOWN, "No place is offered to the exerciser"),
    Question.OFFER_LAPSED: Word(UNKNOWN, "The offered place was not taken in time", {Operation.LEAVE: NOT_IN_WAITLIST}),
    Question.NO_SESSIONS: Word(RESTRICTED, "Nothing of it is to come"),
    Question.NOT_FOR_MARKETPLACES: Word(RESTRICTED, "The class takes no bookings of marketplaces"),
    Question.NOT_SOLD_THERE: Word(RESTRICTED, "The class is not sold by this marketplace"),
    Question.ALL_QUOTAS: Word(FULL, "The places for marketplaces are taken"),
    Question.QUOTA: Word(FULL, "The places for this marketplace are taken"),
    Question.SPOT_BLOCKED: Word(FULL, "The spot cannot be used"),
    Question.SPOT_TAKEN: Word(FULL, "The spot is taken"),
    Question.OTHER_CLASS: _INSIDE,
    Question.OTHER_ROOM: _INSIDE,
    Question.IN_THE_PAST: _INSIDE,
    Question.LOCATION_CLOSED: _INSIDE,
    Question.TEACHER_BUSY: _INSIDE,
    Question.ROOM_BUSY: _INSIDE,
    Question.ARCHIVED: _INSIDE,
    Question.NO_WEEKDAY: _INSIDE,
    Question.NO_END: _INSIDE,
    Question.ENDS_BEFORE_START: _INSIDE,
    Question.TOO_LONG: _INSIDE,
    Question.NO_DATES: _INSIDE,
    Question.EDITED_SINCE: _INSIDE,
    Question.CALLED_OFF: _INSIDE,
    Question.HAS_BEGUN: _INSIDE,
    Question.INTO_THE_PAST: _INSIDE,
    Question.ROOM_ELSEWHERE: _INSIDE,
    Question.KIND_IN_USE: _INSIDE,
    Question.DAY_IS_OFF: _INSIDE,
    Question.TEACHER_TAKEN: _INSIDE,
    Question.ROOM_TAKEN: _INSIDE,
    Question.OVER: _INSIDE,
    Question.PEOPLE_ARE_IN: _INSIDE,
    Question.NOT_CALLED_OFF: _INSIDE,
    Question.BOOKED_TO_COME: _INSIDE,
    Question.HAS_HISTORY: _INSIDE,
    Question.SAME_WEEK: _INSIDE,
    Question.NAME_TAKEN: _INSIDE,
    Question.ROOM_IN_USE: _INSIDE,
    Question.SPOTS_IN_USE: _INSIDE,
}


def refused(operation: Operation, error: Refused) -> Problem:
    """422 for what a rule refused."""
    word = _word(error.decision)
    return unprocessable(operation, word.of(operation), word.text)


def unless(decision: Decision, operation: Operation) -> dict[str, object]:
    """The contract's eligibility for a decision: `lackOfProduct` only where it is not eligible."""
    if decision.allowed:
        return {"eligible": True}
    word = _word(decision)
    return {"eligible": False, "lackOfProduct": word.of(operation) == NO_PRODUCT, "reason": word.text}


def _word(decision: Decision) -> Word:
    refusal = decision.refusal
    # Not by the member's choice: an action that fails without a question has no word of its own.
    return WORDS[refusal.question] if refusal else Word(UNKNOWN, "It is not possible")
