"""May this visit be reviewed? Only one that was attended, for 14 days, once (Q34)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Counted from the end of the session.
OPEN_FOR = timedelta(days=14)


class Refusal(StrEnum):
    NOT_OVER = "not_over"
    NOT_ATTENDED = "not_attended"
    TOO_LATE = "too_late"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is known of the visit: `attended` is its check-in, `has_review` that it was reviewed before."""

    ends_at: datetime
    attended: bool
    has_review: bool


def may_write(asked: Asked, *, now: datetime) -> Refusal | None:
    """May the member write, or change what they wrote? None: yes.

    A review that is there is changed rather than written again: one each. Who reviewed a visit that was disputed later
    may still change the words until the 14 days are over; a hidden one can be mended, and stays hidden until the
    operator decides.
    """
    if now < asked.ends_at:
        return Refusal.NOT_OVER
    if not asked.attended and not asked.has_review:
        return Refusal.NOT_ATTENDED
    if now >= asked.ends_at + OPEN_FOR:
        return Refusal.TOO_LATE
    return None
