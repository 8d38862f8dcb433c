"""A decision and its path: the questions that were asked, their answers, and the facts behind them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

Fact: TypeAlias = str | int | datetime | date | None


class Question(StrEnum):
    """What a decision asks, in the order of the path."""

    SESSION_CANCELLED = "session_cancelled"
    MEMBER_BLOCKED = "member_blocked"
    ALREADY_BOOKED = "already_booked"
    STARTED = "started"
    NOT_OPEN_YET = "not_open_yet"
    CLOSED = "closed"
    FULL = "full"
    PAID = "paid"
    ELSEWHERE = "elsewhere"
    RESERVATION_CANCELLED = "reservation_cancelled"
    CHECKED_IN = "checked_in"
    OTHER_DAY = "other_day"
    EARLY = "early"
    NOT_STARTED = "not_started"
    CORRECTION_LIMIT = "correction_limit"
    DEADLINE_PASSED = "deadline_passed"
    OUTCOME_MISSING = "outcome_missing"
    UNDONE_ALREADY = "undone_already"
    CHANGED_SINCE = "changed_since"
    PART_OF_COURSE = "part_of_course"
    HELD = "held"
    WAITING_ALREADY = "waiting_already"
    CUT_OFF = "cut_off"
    NOT_FULL = "not_full"
    LIST_FULL = "list_full"
    ON_THE_LIST = "on_the_list"
    OFFER_OPEN = "offer_open"
    OFFER_LAPSED = "offer_lapsed"
    NO_SESSIONS = "no_sessions"
    IN_THE_PAST = "in_the_past"
    LOCATION_CLOSED = "location_closed"
    TEACHER_BUSY = "teacher_busy"
    ROOM_BUSY = "room_busy"
    # Of the schedule (`bookings.rules.scheduling`).
    ARCHIVED = "archived"
    NO_WEEKDAY = "no_weekday"
    NO_END = "no_end"
    ENDS_BEFORE_START = "ends_before_start"
    TOO_LONG = "too_long"
    NO_DATES = "no_dates"
    EDITED_SINCE = "edited_since"
    CALLED_OFF = "called_off"
    HAS_BEGUN = "has_begun"
    INTO_THE_PAST = "into_the_past"
    ROOM_ELSEWHERE = "room_elsewhere"
    KIND_IN_USE = "kind_in_use"
    DAY_IS_OFF = "day_is_off"
    TEACHER_TAKEN = "teacher_taken"
    ROOM_TAKEN = "room_taken"
    OVER = "over"
    PEOPLE_ARE_IN = "people_are_in"
    NOT_CALLED_OFF = "not_called_off"
    BOOKED_TO_COME = "booked_to_come"
    HAS_HISTORY = "has_history"
    SAME_WEEK = "same_week"
    NAME_TAKEN = "name_taken"
    ROOM_IN_USE = "room_in_use"
    SPOTS_IN_USE = "spots_in_use"
    OTHER_CLASS = "other_class"
    OTHER_ROOM = "other_room"
    SPOT_BLOCKED = "spot_blocked"
    SPOT_TAKEN = "spot_taken"
    # Of what a marketplace may sell (I6, Q24).
    NOT_FOR_MARKETPLACES = "not_for_marketplaces"
    NOT_SOLD_THERE = "not_sold_there"
    ALL_QUOTAS = "all_quotas"
    QUOTA = "quota"


class Origin(StrEnum):
    """Whose rule applies: the first that has one (Q20)."""

    CONTRACT = "contract"
    ITEM = "item"
    LOCATION = "location"
    STUDIO = "studio"


class Answer(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True)
class Step:
    """One question, its answer, the fact behind it (a time, a number, a name; None when there is none), whose rule."""

    question: Question
    answer: Answer
    fact: Fact = None
    origin: Origin | None = None


@dataclass(frozen=True)
class Decision:
    """The whole path, up to and with the first refusal, and the questions that were not asked because of it."""

    path: tuple[Step, ...]
    unasked: tuple[Question, ...] = ()

    @property
    def refusal(self) -> Step | None:
        return next((step for step in self.path if step.answer is Answer.REFUSED), None)

    @property
    def allowed(self) -> bool:
        return self.refusal is None

    @property
    def warnings(self) -> tuple[Step, ...]:
        return tuple(step for step in self.path if step.answer is Answer.WARNING)


def decide(*steps: Step) -> Decision:
    """Walk the questions in order and stop at the first refusal."""
    refused = next((number for number, step in enumerate(steps) if step.answer is Answer.REFUSED), len(steps))
    return Decision(steps[: refused + 1], tuple(step.question for step in steps[refused + 1 :]))


def refuse_if(question: Question, condition: bool, fact: Fact = None, origin: Origin | None = None) -> Step:
    return Step(question, Answer.REFUSED if condition else Answer.FINE, fact, origin)


def warn_if(question: Question, condition: bool, fact: Fact = None, origin: Origin | None = None) -> Step:
    return Step(question, Answer.WARNING if condition else Answer.FINE, fact, origin)
