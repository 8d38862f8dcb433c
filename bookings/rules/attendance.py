"""Who may be ticked, and who may be called a no-show?"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bookings.rules.decisions import Decision, Question, decide, refuse_if, warn_if
from bookings.rules.states import Attendance, Booking

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
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        refuse_if(Question.OTHER_DAY, facts.today < facts.starts_on, facts.starts_at),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        warn_if(Question.ELSEWHERE, facts.elsewhere is not None, facts.elsewhere),
        warn_if(Question.EARLY, now < facts.starts_at - EARLY, facts.starts_at),
    )


def may_mark_no_show(facts: AttendanceFacts, *, attendance: Attendance, now: datetime) -> Decision:
    """Can the desk say that this person did not come? From the start on; a tick must be taken back first."""
    return decide(
        refuse_if(Question.SESSION_CANCELLED, facts.session_cancelled_at is not None, facts.session_cancelled_at),
        refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        refuse_if(Question.CHECKED_IN, attendance is Attendance.CHECKED_IN),
        refuse_if(Question.NOT_STARTED, now < facts.starts_at, facts.starts_at),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
    )


def minutes_late(*, checked_in_at: datetime, starts_at: datetime) -> int:
    """Whole minutes after the start; 0 for someone who was there in time (Q16)."""
    return max(0, int((checked_in_at - starts_at).total_seconds() // 60))
