"""Only the last change, once, until the correction limit."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.actions import ActionIdReused, Refused
from bookings.models import ScheduledSession
from bookings.rules import Attendance, Question
from portal.models import StaffLogin
from tests.bookings.actions.verbs import AFTER, cancel_in_time, check_in, no_show, question, reinstated, reverted
from tests.bookings.scenes import booked, everything, fresh

pytestmark = pytest.mark.django_db


class TestUndoing:
    def test_only_the_last_change(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        marked = no_show(reservation, uuid4(), desk)
        check_in(reservation, uuid4(), desk)
        state = everything()
        for event in (marked.event, reservation.events.get(kind="reserved")):
            with pytest.raises(Refused) as refused:
                actions.undo(event, action_id=uuid4(), by=desk, now=AFTER)
            assert question(refused) is Question.CHANGED_SINCE
        assert everything() == state

    def test_an_undo_is_not_undone(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        check_in(reservation, uuid4(), desk)
        back = reverted(reservation, uuid4(), desk)
        with pytest.raises(Refused) as refused:
            actions.undo(back.event, action_id=uuid4(), by=desk, now=AFTER)
        assert question(refused) is Question.UNDONE_ALREADY

    def test_one_id_undoes_one_change(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation, action_id = booked(session), uuid4()
        check_in(reservation, uuid4(), desk)
        reverted(reservation, action_id, desk)
        again = check_in(reservation, uuid4(), desk)
        with pytest.raises(ActionIdReused):
            actions.undo(again.event, action_id=action_id, by=desk, now=AFTER)
        # Asked for the reservation instead of the event, it answers with the tick that it took back then.
        assert reverted(reservation, action_id, desk).repeated
        assert fresh(reservation).attendance == Attendance.CHECKED_IN

    def test_a_cancellation_stays_when_the_place_is_gone(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        cancel_in_time(reservation, uuid4(), desk)
        for _ in range(3):
            booked(session)
        with pytest.raises(Refused) as refused:
            reinstated(reservation, uuid4(), desk)
        assert question(refused) is Question.FULL

    def test_a_cancellation_stays_when_the_member_booked_again(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        cancel_in_time(reservation, uuid4(), desk)
        booked(session, reservation.member)
        with pytest.raises(Refused) as refused:
            reinstated(reservation, uuid4(), desk)
        assert question(refused) is Question.ALREADY_BOOKED

    def test_it_never_writes_the_time_of_a_session_on_the_move(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        check_in(reservation, uuid4(), desk)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reverted(reservation, uuid4(), desk)
        [update] = [q["sql"] for q in queries if q["sql"].startswith('UPDATE "bookings_reservation"')]
        assert "starts_at" not in update.split("WHERE")[0]
