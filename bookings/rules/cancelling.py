"""How can a booking be given up, and with what outcome?"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bookings.rules.decisions import Decision, Question, decide, refuse_if
from bookings.rules.states import Attendance, Booking


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
    # The class was moved or has another teacher: until then the deadline does not bind (Q27).
    waived_until: datetime | None = None

    @property
    def free_until(self) -> datetime:
        """The last moment at which it costs nothing."""
        return max(self.deadline_at, self.waived_until or self.deadline_at)


def ways_to_cancel(facts: CancelFacts, *, now: datetime) -> tuple[CancelAs, ...]:
    """Which outcomes can be written on the buttons? (Q11) A changed class can be given up in time for a day (Q27)."""
    if now <= facts.free_until and now < facts.starts_at:
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
    return decide(
        refuse_if(Question.RESERVATION_CANCELLED, facts.booking is not Booking.BOOKED),
        refuse_if(Question.CHECKED_IN, facts.attendance is Attendance.CHECKED_IN, facts.checked_in_at),
        refuse_if(Question.CORRECTION_LIMIT, now > facts.correction_until, facts.correction_until),
        refuse_if(Question.STARTED, not ways, facts.starts_at),
        refuse_if(Question.OUTCOME_MISSING, outcome is None),
        refuse_if(Question.DEADLINE_PASSED, outcome is not None and outcome not in ways, facts.free_until),
    )
