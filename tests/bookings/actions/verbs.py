"""The verbs as functions of one shape, with the moment at which each is usual."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from bookings import actions
from bookings.actions import Done, Refused
from bookings.models import Reservation, ScheduledSession
from bookings.rules import CancelAs, Question
from portal.models import Member, StaffLogin
from tests.bookings.scenes import at

BEFORE, DURING, AFTER = at("12:00"), at("18:20"), at("19:10")
UNTOUCHED = {"booking": "booked", "attendance": "unknown", "excused": False}


def question(error: pytest.ExceptionInfo[Refused]) -> Question:
    assert error.value.decision.refusal is not None
    return error.value.decision.refusal.question


Act = Callable[[Reservation, UUID, StaffLogin], Done]


def cancel_late(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=CancelAs.LATE, action_id=action_id, by=by, now=DURING)


def excuse(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=CancelAs.EXCUSED, action_id=action_id, by=by, now=DURING)


def cancel_in_time(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=action_id, by=by, now=at("12:00", days=-1))


def check_in(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.check_in(reservation, action_id=action_id, by=by, now=DURING)


def no_show(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.mark_no_show(reservation, action_id=action_id, by=by, now=DURING)


def reverted(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.revert_check_in(reservation, action_id=action_id, by=by, now=AFTER)


def no_show_reverted(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.revert_no_show(reservation, action_id=action_id, by=by, now=AFTER)


def reinstated(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.reinstate(reservation, action_id=action_id, by=by, now=AFTER)


def withdrawn(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.withdraw(reservation, action_id=action_id, by=by, now=AFTER)


def booked_now(session: ScheduledSession, member: Member, by: StaffLogin | None, now: datetime = BEFORE) -> Done:
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=now)


def cancel_without_outcome(reservation: Reservation, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=None, action_id=uuid4(), by=by, now=DURING)
