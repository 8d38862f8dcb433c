"""Who is in stays in; who was stamped as absent can still come."""

from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import Refused
from bookings.models import ScheduledSession
from bookings.rules import Attendance, Question, State
from portal.models import StaffLogin
from tests.bookings.actions.verbs import AFTER, check_in, question, reverted
from tests.bookings.scenes import at, booked, everything, fresh, kinds
from tests.factories import StaffLoginFactory

pytestmark = pytest.mark.django_db


class TestCheckingIn:
    def test_someone_who_is_in_stays_in_with_the_first_time(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        first = actions.check_in(reservation, action_id=uuid4(), by=desk, now=at("18:02"))
        state = everything()
        second = actions.check_in(
            reservation, action_id=uuid4(), by=StaffLoginFactory(studio=session.studio), now=at("18:05")
        )
        assert (second.repeated, second.event) == (True, first.event)
        assert (second.reservation.checked_in_at, second.reservation.checked_in_by) == (at("18:02"), desk)
        assert everything() == state

    def test_q4_a_tick_at_ten_past_turns_the_no_show_into_attended(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        assert actions.sweep_no_shows(now=at("19:05")) == 1
        assert fresh(reservation).state(at("19:05")) is State.NO_SHOW
        actions.check_in(reservation, action_id=uuid4(), by=desk, now=AFTER)
        row = fresh(reservation)
        assert (row.state(AFTER), row.checked_in_at, row.checked_in_by) == (State.CHECKED_IN, AFTER, desk)
        assert kinds(reservation) == ["reserved", "no_show", "checked_in"]

    def test_undo_takes_back_the_last_tick_only_and_keeps_all_in_the_log(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        first = check_in(reservation, uuid4(), desk)
        reverted(reservation, uuid4(), desk)
        second = actions.check_in(reservation, action_id=uuid4(), by=desk, now=AFTER)
        with pytest.raises(Refused) as refused:
            actions.undo(first.event, action_id=uuid4(), by=desk, now=AFTER)
        assert question(refused) is Question.UNDONE_ALREADY
        undone = actions.undo(second.event, action_id=uuid4(), by=desk, now=AFTER)
        assert undone.event.undoes == second.event
        row = fresh(reservation)
        assert (row.attendance, row.checked_in_at, row.checked_in_by) == (Attendance.UNKNOWN, None, None)
        assert kinds(reservation) == ["reserved", *["checked_in", "check_in_reverted"] * 2]
