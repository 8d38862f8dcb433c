"""What may be put into the schedule, moved in it, and taken out of it?"""

from dataclasses import dataclass
from datetime import date, datetime

from bookings.rules.decisions import Decision, Question, decide, refuse_if, warn_if

LONGEST_YEARS = 2


@dataclass(frozen=True, kw_only=True)
class SeriesFacts:
    """`dates`: how many days the pattern has. Days are local to the location."""

    weekdays: frozenset[int]
    first_on: date
    last_on: date | None
    dates: int
    archived_at: datetime | None
    room_elsewhere: bool


def may_recur(facts: SeriesFacts) -> Decision:
    """Can this be scheduled every week? A series has an end, after its start and within two years of it."""
    return decide(
        refuse_if(Question.ARCHIVED, facts.archived_at is not None, facts.archived_at),
        refuse_if(Question.NO_WEEKDAY, not facts.weekdays),
        refuse_if(Question.NO_END, facts.last_on is None),
        refuse_if(Question.ENDS_BEFORE_START, facts.last_on is not None and facts.last_on < facts.first_on),
        refuse_if(
            Question.TOO_LONG,
            facts.last_on is not None and facts.last_on > years_later(facts.first_on, LONGEST_YEARS),
            years_later(facts.first_on, LONGEST_YEARS),
        ),
        refuse_if(Question.NO_DATES, facts.dates == 0),
        refuse_if(Question.ROOM_ELSEWHERE, facts.room_elsewhere),
    )


def years_later(day: date, years: int) -> date:
    """The same day so many years on; of a leap day, the last of February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


@dataclass(frozen=True, kw_only=True)
class EditFacts:
    """`new_starts`: where what changes begins after the change. `was_seen`: the editor saw it as it is now."""

    new_starts: tuple[datetime, ...]
    room_elsewhere: bool
    cancelled_at: datetime | None = None
    starts_at: datetime | None = None
    archived_at: datetime | None = None
    was_seen: bool = True
    kind_in_use: bool = False
    closed: str | None = None
    teacher_busy: str | None = None
    room_busy: str | None = None
    is_exclusive: bool = False


def may_edit(facts: EditFacts, *, now: datetime) -> Decision:
    """Can this session, or this series, become this? What has begun stays as it was; nothing moves into the past.

    A closing day is a warning: who writes a class onto it means it. So are a teacher and a room in two places, but for
    appointments, which have both to themselves.
    """
    started = facts.starts_at is not None and facts.starts_at <= now
    past = min((start for start in facts.new_starts if start <= now), default=None)
    return decide(
        refuse_if(Question.EDITED_SINCE, not facts.was_seen),
        refuse_if(Question.ARCHIVED, facts.archived_at is not None, facts.archived_at),
        refuse_if(Question.CALLED_OFF, facts.cancelled_at is not None, facts.cancelled_at),
        refuse_if(Question.HAS_BEGUN, started, facts.starts_at),
        refuse_if(Question.INTO_THE_PAST, past is not None, past),
        refuse_if(Question.ROOM_ELSEWHERE, facts.room_elsewhere),
        refuse_if(Question.KIND_IN_USE, facts.kind_in_use),
        warn_if(Question.DAY_IS_OFF, facts.closed is not None, facts.closed),
        *(
            (
                refuse_if(Question.TEACHER_TAKEN, facts.teacher_busy is not None, facts.teacher_busy),
                refuse_if(Question.ROOM_TAKEN, facts.room_busy is not None, facts.room_busy),
            )
            if facts.is_exclusive
            else (
                warn_if(Question.TEACHER_TAKEN, facts.teacher_busy is not None, facts.teacher_busy),
                warn_if(Question.ROOM_TAKEN, facts.room_busy is not None, facts.room_busy),
            )
        ),
    )


@dataclass(frozen=True, kw_only=True)
class CallOffFacts:
    cancelled_at: datetime | None
    starts_at: datetime
    ends_at: datetime
    checked_in: int


def may_call_off(facts: CallOffFacts, *, now: datetime) -> Decision:
    """Can this class be cancelled? Until its end; who is checked in keeps the visit (Q27)."""
    return decide(
        refuse_if(Question.CALLED_OFF, facts.cancelled_at is not None, facts.cancelled_at),
        refuse_if(Question.OVER, now >= facts.ends_at, facts.ends_at),
        warn_if(Question.PEOPLE_ARE_IN, facts.checked_in > 0, facts.checked_in),
    )


def may_restore(facts: CallOffFacts, *, now: datetime) -> Decision:
    """Can a cancelled class take place after all? Until its start."""
    return decide(
        refuse_if(Question.NOT_CALLED_OFF, facts.cancelled_at is None),
        refuse_if(Question.HAS_BEGUN, facts.starts_at <= now, facts.starts_at),
    )


@dataclass(frozen=True, kw_only=True)
class RemovalFacts:
    """`booked_to_come`: sessions to come that take place and have people in them; `reservations`: ever made."""

    booked_to_come: int
    reservations: int


def may_remove(facts: RemovalFacts) -> Decision:
    """Can this item be taken out of the schedule? Its booked sessions to come must be cancelled first."""
    return decide(refuse_if(Question.BOOKED_TO_COME, facts.booked_to_come > 0, facts.booked_to_come))


def may_copy_week(*, same_week: bool) -> Decision:
    """Can this week be copied onto that one?"""
    return decide(refuse_if(Question.SAME_WEEK, same_week))


def may_remove_session(*, starts_at: datetime, reservations: int, now: datetime) -> Decision:
    """Can this date be taken out without a trace? Only if nobody ever booked it; else it is cancelled."""
    return decide(
        refuse_if(Question.HAS_BEGUN, starts_at <= now, starts_at),
        refuse_if(Question.HAS_HISTORY, reservations > 0, reservations),
    )
