"""What may be booked, cancelled and checked in, and what a reservation's state is called.

Pure: frozen facts in, a decision with its path out. Nothing here reads a clock or a database.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

Fact: TypeAlias = str | int | datetime | date | None


class Booking(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"
    LATE_CANCELLED = "late_cancelled"


class Attendance(StrEnum):
    UNKNOWN = "unknown"
    CHECKED_IN = "checked_in"
    NO_SHOW = "no_show"


class State(StrEnum):
    """The words of the state vocabulary; `templates/components/state.html` draws them."""

    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    NO_CHECK_IN = "no_check_in"
    NO_SHOW = "no_show"
    LATE_CANCELLED = "late_cancelled"
    CANCELLED = "cancelled"
    EXCUSED = "excused"
    SESSION_CANCELLED = "session_cancelled"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of a reservation, on its axes, with the times of its session."""

    booking: Booking
    attendance: Attendance
    excused: bool
    session_cancelled: bool
    starts_at: datetime
    ends_at: datetime
    grace: timedelta


def state_of(standing: Standing, *, now: datetime) -> State:
    """What became of this reservation? (P3, Q4)

    A check-in outweighs everything: it happened. A cancelled session makes nobody a no-show (Q27). Without a tick
    the clock decides: booked until the start, no check-in until the end plus grace, no-show from then on.
    The twin for lists is `ReservationQuerySet.with_state`.
    """
    if standing.attendance is Attendance.CHECKED_IN:
        return State.CHECKED_IN
    if standing.booking is Booking.LATE_CANCELLED:
        return State.LATE_CANCELLED
    if standing.booking is Booking.CANCELLED:
        return State.EXCUSED if standing.excused else State.CANCELLED
    if standing.session_cancelled:
        return State.SESSION_CANCELLED
    if standing.attendance is Attendance.NO_SHOW:
        return State.NO_SHOW
    if now < standing.starts_at:
        return State.BOOKED
    if now < standing.ends_at + standing.grace:
        return State.NO_CHECK_IN
    return State.NO_SHOW


class Question(StrEnum):
    """What a decision asks, in the order of the path."""

    SESSION_CANCELLED = "session_cancelled"
    MEMBER_BLOCKED = "member_blocked"
    ALREADY_BOOKED = "already_booked"
    STARTED = "started"
    NOT_OPEN_YET = "not_open_yet"
    CLOSED = "closed"
    FULL = "full"
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


class Answer(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True)
class Step:
    """One question, its answer, and the fact behind it (a time, a number, a name; None when there is none)."""

    question: Question
    answer: Answer
    fact: Fact = None


@dataclass(frozen=True)
class Decision:
    """The whole path, up to and with the first refusal."""

    path: tuple[Step, ...]

    @property
    def refusal(self) -> Step | None:
        return next((step for step in self.path if step.answer is Answer.REFUSED), None)

    @property
    def allowed(self) -> bool:
        return self.refusal is None

    @property
    def warnings(self) -> tuple[Step, ...]:
        return tuple(step for step in self.path if step.answer is Answer.WARNING)


def _decide(*steps: Step) -> Decision:
    """Walk the questions in order and stop at the first refusal."""
    path = []
    for step in steps:
        path.append(step)
        if step.answer is Answer.REFUSED:
            break
    return Decision(tuple(path))


def _refuse_if(question: Question, condition: bool, fact: Fact = None) -> Step:
    return Step(question, Answer.REFUSED if condition else Answer.FINE, fact)


def _warn_if(question: Question, condition: bool, fact: Fact = None) -> Step:
    return Step(question, Answer.WARNING if condition else Answer.FINE, fact)


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
    for_members = _warn_if if facts.by_staff else _refuse_if
    return _decide(
        _refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        _refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        _refuse_if(Question.ALREADY_BOOKED, facts.booked_already_at is not None, facts.booked_already_at),
        _refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        for_members(Question.STARTED, started, facts.starts_at),
        for_members(Question.NOT_OPEN_YET, not_open, facts.opens_at),
        for_members(Question.CLOSED, closed, facts.closes_at),
        _refuse_if(Question.FULL, facts.capacity is not None and facts.taken >= facts.capacity, facts.capacity),
        _warn_if(Question.ELSEWHERE, facts.elsewhere is not None, facts.elsewhere),
    )


class Origin(StrEnum):
    """Whose cancellation rule applies, the first that has one (Q20)."""

    CONTRACT = "contract"
    ITEM = "item"
    LOCATION = "location"
    STUDIO = "studio"


@dataclass(frozen=True)
class Deadline:
    at: datetime
    origin: Origin


def cancellation_deadline(
    starts_at: datetime,
    *,
    contract_hours: int | None = None,
    item_hours: int | None,
    location_hours: int | None,
    studio_hours: int,
) -> Deadline:
    """Until when may it be cancelled free of charge, and who says so? (Q20; hours are elapsed hours, Q15)"""
    for origin, hours in (
        (Origin.CONTRACT, contract_hours),
        (Origin.ITEM, item_hours),
        (Origin.LOCATION, location_hours),
    ):
        if hours is not None:
            return Deadline(starts_at - timedelta(hours=hours), origin)
    return Deadline(starts_at - timedelta(hours=studio_hours), Origin.STUDIO)


class CancelAs(StrEnum):
    IN_TIME = "in_time"
    LATE = "late"
    EXCUSED = "excused"


@dataclass(frozen=True, kw_only=True)
class CancelFacts:
    booking: Booking
    attendance: Attendance
    starts_at: datetime
    deadline_at: datetime
    correction_until: datetime
    checked_in_at: datetime | None
    by_staff: bool


def ways_to_cancel(facts: CancelFacts, *, now: datetime) -> tuple[CancelAs, ...]:
    """Which outcomes can be written on the buttons? (Q11)"""
    if now <= facts.deadline_at and now < facts.starts_at:
        return (CancelAs.IN_TIME,)
    if facts.by_staff:
        return (CancelAs.LATE, CancelAs.EXCUSED)
    return (CancelAs.LATE,) if now < facts.starts_at else ()


def may_cancel(facts: CancelFacts, *, outcome: CancelAs | None, now: datetime) -> Decision:
    """Can this reservation be cancelled with this outcome? (Q11)

    Members cannot cancel after the start. Staff can, and must say *excused* or *late*. A check-in must be taken
    back first: a cancellation never erases a visit.
    """
    ways = ways_to_cancel(facts, now=now)
    return _decide(
        _refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        _refuse_if(Question.CHECKED_IN, facts.attendance is Attendance.CHECKED_IN, facts.checked_in_at),
        _refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        _refuse_if(Question.STARTED, not ways, facts.starts_at),
        _refuse_if(Question.OUTCOME_MISSING, outcome is None),
        _refuse_if(Question.DEADLINE_PASSED, outcome is not None and outcome not in ways, facts.deadline_at),
    )


EARLY = timedelta(minutes=60)


@dataclass(frozen=True, kw_only=True)
class AttendanceFacts:
    """What a tick looks at; the days are local to the location."""

    booking: Booking
    session_cancelled_at: datetime | None
    starts_at: datetime
    starts_on: date
    today: date
    correction_until: datetime
    # Where and since when the person is checked in to another class at that time ("Noord 17:55").
    elsewhere: str | None = None


def may_check_in(facts: AttendanceFacts, *, now: datetime) -> Decision:
    """Can the desk tick this person? The whole local day of the session, and after it until the correction limit.

    More than 60 minutes early is only a note (Q16), and so is a check-in elsewhere at that time (Q17).
    """
    return _decide(
        _refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        _refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        _refuse_if(Question.OTHER_DAY, facts.today < facts.starts_on, facts.starts_at),
        _refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        _warn_if(Question.ELSEWHERE, facts.elsewhere is not None, facts.elsewhere),
        _warn_if(Question.EARLY, now < facts.starts_at - EARLY, facts.starts_at),
    )


def may_mark_no_show(facts: AttendanceFacts, *, attendance: Attendance, now: datetime) -> Decision:
    """Can the desk say that this person did not come? From the start on; a tick must be taken back first."""
    return _decide(
        _refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        _refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        _refuse_if(Question.CHECKED_IN, attendance is Attendance.CHECKED_IN),
        _refuse_if(Question.NOT_STARTED, now < facts.starts_at, facts.starts_at),
        _refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
    )


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


def may_undo(facts: UndoFacts, *, now: datetime) -> Decision:
    """Can this change be taken back? Only the last one, once, until the correction limit (Q4, Q17).

    Taking back a cancellation needs a free place, like a booking.
    """
    full = facts.needs_place and facts.capacity is not None and facts.taken >= facts.capacity
    return _decide(
        _refuse_if(Question.UNDONE_ALREADY, facts.undone_already),
        _refuse_if(Question.CHANGED_SINCE, facts.changed_since),
        _refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        _refuse_if(
            Question.SESSION_CANCELLED,
            facts.needs_place and facts.session_cancelled_at is not None,
            facts.session_cancelled_at,
        ),
        _refuse_if(
            Question.ALREADY_BOOKED, facts.needs_place and facts.booked_again_at is not None, facts.booked_again_at
        ),
        _refuse_if(Question.FULL, full, facts.capacity),
    )


def nothing_to_undo() -> Decision:
    """The answer where there is no change that could be taken back."""
    return _decide(_refuse_if(Question.UNDONE_ALREADY, True))


def minutes_late(*, checked_in_at: datetime, starts_at: datetime) -> int:
    """Whole minutes after the start; 0 for someone who was there in time (Q16)."""
    return max(0, int((checked_in_at - starts_at).total_seconds() // 60))
