"""Can this teacher have this appointment then?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.rules.decisions import Decision, Question, decide, refuse_if, warn_if

Span = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True)
class AppointmentFacts:
    """Moments are aware. What is busy is told as words that name it ("Vinyasa Flow, until 19:00")."""

    starts_at: datetime
    ends_at: datetime
    blocked_reason: str
    location_closed: str | None
    teacher_busy: str | None
    room_busy: str | None
    elsewhere: str | None
    by_staff: bool


def may_book_appointment(facts: AppointmentFacts, *, now: datetime) -> Decision:
    """Can this member meet this teacher then? Neither teacher nor room is ever in two places at once (K1).

    A closing day binds members; staff are warned. Being booked elsewhere warns (Q17).
    """
    for_members = warn_if if facts.by_staff else refuse_if
    return decide(
        refuse_if(Question.IN_THE_PAST, now >= facts.ends_at, facts.starts_at),
        for_members(Question.STARTED, now >= facts.starts_at, facts.starts_at),
        refuse_if(Question.MEMBER_BLOCKED, bool(facts.blocked_reason), facts.blocked_reason or None),
        for_members(Question.LOCATION_CLOSED, facts.location_closed is not None, facts.location_closed),
        refuse_if(Question.TEACHER_BUSY, facts.teacher_busy is not None, facts.teacher_busy),
        refuse_if(Question.ROOM_BUSY, facts.room_busy is not None, facts.room_busy),
        warn_if(Question.ELSEWHERE, facts.elsewhere is not None, facts.elsewhere),
    )


def free_starts(starts: list[datetime], *, duration: timedelta, busy: list[Span], now: datetime) -> list[datetime]:
    """Which of these starts leave the whole duration free? Half-open: one may begin when another ends."""
    return [
        start
        for start in starts
        if start >= now and not any(begin < start + duration and start < end for begin, end in busy)
    ]
