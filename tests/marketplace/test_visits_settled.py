"""What a marketplace says of who came, and what a person decides where it contradicts the desk (I9-I11, Q22)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from bookings import actions as bookings
from bookings.actions import Refused
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Booking, Question
from marketplace import actions
from marketplace.models import Conflict
from tests.factories import MemberFactory, StaffLoginFactory
from tests.marketplace.guests import book, guest_of, later, refusal
from tests.marketplace.scenes import connected

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_day")]


class TestCheckIn:
    def test_it_is_ticked_at_the_desk_by_the_marketplaces_word(self) -> None:
        connection = connected()
        session, guest = later(connection, 1), guest_of(connection)
        book(session, guest)
        visit = actions.check_in(connection, session, guest, action_id=uuid4(), now=timezone.now())
        event = ReservationEvent.objects.get(kind="checked_in")
        assert (event.by, event.by_word) == (None, "fitpass")
        assert visit.confirmed_at is not None
        assert Reservation.objects.get().attendance == "checked_in"

    def test_whom_a_person_did_not_see_is_asked_about(self) -> None:
        connection = connected()
        session, guest = later(connection, 1), guest_of(connection)
        visit = book(session, guest)
        desk, start = StaffLoginFactory(studio=connection.studio), session.starts_at
        assert visit.reservation is not None
        bookings.mark_no_show(visit.reservation, action_id=uuid4(), by=desk, now=start)
        actions.check_in(connection, session, guest, action_id=uuid4(), now=start + timedelta(minutes=5))
        visit.reservation.refresh_from_db()
        assert visit.reservation.attendance == "no_show"
        assert Conflict.objects.get().kind == Conflict.Kind.CHECK_IN_NOT_TAKEN

    def test_taking_it_back_leaves_what_the_desk_has_seen(self) -> None:
        connection = connected()
        session, guest = later(connection, 1), guest_of(connection)
        visit = book(session, guest)
        desk = StaffLoginFactory(studio=connection.studio)
        reservation = visit.reservation
        assert reservation is not None
        bookings.check_in(reservation, action_id=uuid4(), by=desk, now=timezone.now())
        given: dict[str, Any] = {"now": timezone.now()}
        actions.check_in(connection, session, guest, action_id=uuid4(), **given)
        actions.take_back_check_in(connection, session, guest, action_id=uuid4(), **given)
        reservation.refresh_from_db()
        assert reservation.attendance == "checked_in"
        bookings.revert_check_in(reservation, action_id=uuid4(), by=desk, **given)
        actions.check_in(connection, session, guest, action_id=uuid4(), **given)
        actions.take_back_check_in(connection, session, guest, action_id=uuid4(), **given)
        reservation.refresh_from_db()
        assert reservation.attendance == "unknown"

    def test_a_cancelled_booking_is_not_revived(self) -> None:
        connection = connected()
        session, guest = later(connection, 6), guest_of(connection)
        book(session, guest)
        actions.cancel(connection, session, guest, action_id=uuid4(), now=timezone.now())
        with pytest.raises(Refused):
            actions.check_in(connection, session, guest, action_id=uuid4(), now=timezone.now())
        assert Conflict.objects.get().kind == Conflict.Kind.CHECK_IN_AFTER_CANCEL
        assert Reservation.objects.get().booking == Booking.CANCELLED


class TestSettling:
    def conflict(self) -> Conflict:
        connection = connected()
        session, guest = later(connection, 6), guest_of(connection)
        book(session, guest)
        actions.cancel(connection, session, guest, action_id=uuid4(), now=timezone.now())
        with pytest.raises(Refused):
            actions.check_in(connection, session, guest, action_id=uuid4(), now=timezone.now())
        return Conflict.objects.get()

    def test_was_here_takes_the_place_again(self) -> None:
        conflict = self.conflict()
        desk = StaffLoginFactory(studio=conflict.studio)
        here = Conflict.Verdict.WAS_HERE
        assert actions.settle_conflict(conflict, here, by=desk, now=timezone.now())
        assert not actions.settle_conflict(conflict, here, by=desk, now=timezone.now())
        reservation = Reservation.objects.get()
        assert (reservation.booking, reservation.attendance, reservation.flagged) == ("booked", "checked_in", "")

    def test_was_not_here_leaves_the_cancellation(self) -> None:
        conflict = self.conflict()
        desk = StaffLoginFactory(studio=conflict.studio)
        actions.settle_conflict(conflict, Conflict.Verdict.WAS_NOT_HERE, by=desk, now=timezone.now())
        reservation = Reservation.objects.get()
        assert (reservation.booking, reservation.flagged) == ("cancelled", "")

    def test_where_no_place_is_left_it_stays_open(self) -> None:
        conflict = self.conflict()
        desk = StaffLoginFactory(studio=conflict.studio)
        session = ScheduledSession.objects.get()
        ScheduledSession.objects.update(capacity=1)
        given: dict[str, Any] = {"source": "desk", "action_id": uuid4(), "by": desk, "now": timezone.now()}
        bookings.reserve(session, MemberFactory(studio=conflict.studio), **given)
        with pytest.raises(Refused) as error:
            actions.settle_conflict(conflict, Conflict.Verdict.WAS_HERE, by=desk, now=timezone.now())
        assert refusal(error) is Question.FULL
        conflict.refresh_from_db()
        assert conflict.settled_at is None
