"""What a marketplace does for its guest: book, cancel, check in (I6-I11, Q11, Q20-Q24, Q29)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from bookings import actions as bookings
from bookings.actions import Refused
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import Booking, CancelAs, Origin, Question
from marketplace import actions
from marketplace.models import Call, Conflict, Connection, Guest, Visit
from portal.members import merging
from portal.members.scrubbing import scrub
from portal.models import Member
from tests.factories import MemberFactory, SpotFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory, PurchaseFactory
from tests.marketplace.guests import book, guest_of, later, refusal
from tests.marketplace.scenes import connected, session_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_day")]


class TestWelcome:
    def test_a_person_is_known_by_the_marketplaces_id(self) -> None:
        connection = connected()
        guest, is_new = actions.welcome(connection, external_id="M1", first_name="Kim", now=timezone.now())
        again, is_new_again = actions.welcome(connection, external_id="M1", first_name="Else", now=timezone.now())
        assert (is_new, is_new_again) == (True, False)
        assert again == guest
        assert guest.member.first_name == "Kim"

    def test_the_email_of_a_member_finds_them_whatever_its_capitals(self) -> None:
        connection = connected()
        member = MemberFactory(studio=connection.studio, email="kim@example.test")
        assert guest_of(connection, email="Kim@Example.TEST").member == member
        assert connection.studio.members.count() == 1

    def test_the_same_name_with_another_email_is_somebody_else(self) -> None:
        connection = connected()
        MemberFactory(studio=connection.studio, first_name="Kim", last_name="Jansen", email="kim@example.test")
        assert guest_of(connection, email="other@example.test").member.email == "other@example.test"

    def test_a_missing_name_is_the_marketplaces(self) -> None:
        assert guest_of(connected(), first_name="", last_name="").member.first_name == "Fitpass One"

    def test_a_merge_takes_the_guest_along_and_its_undo_brings_them_back(self) -> None:
        connection = connected()
        guest = guest_of(connection)
        stranger, kept = guest.member, MemberFactory(studio=connection.studio)
        owner = StaffLoginFactory(studio=connection.studio, preset="owner")
        merge = merging.merge(kept, stranger, take={}, by=owner, now=timezone.now())
        guest.refresh_from_db()
        assert guest.member == kept
        merging.undo_merge(merge, by=owner, now=timezone.now())
        guest.refresh_from_db()
        assert guest.member == stranger

    def test_who_was_deleted_comes_back_as_somebody_new(self) -> None:
        connection = connected()
        guest = guest_of(connection, external_id="M1")
        owner = StaffLoginFactory(studio=connection.studio, preset="owner")
        scrub(guest.member, by=owner, now=timezone.now())
        gone = Guest.objects.get(pk=guest.pk)
        assert gone.key != guest.key
        assert guest_of(connection, external_id="M1").member != gone.member


class TestBooking:
    def test_it_takes_a_place_a_spot_and_a_pass(self) -> None:
        connection = connected()
        session = session_of(connection)
        room = SpotFactory(label="7", fill_order=0, room__location=session.location).room
        session.room = room
        session.save()
        visit = book(session, guest_of(connection))
        reservation = Reservation.objects.select_related("spot").get(visit=visit)
        assert (reservation.source, reservation.spot and reservation.spot.label) == ("fitpass", "7")
        assert (visit.pass_name, visit.booking_ref[:7]) == ("Fitpass One", "tresen-")
        assert not reservation.is_unpaid
        session.refresh_from_db()
        assert session.places_taken == 1
        connection.refresh_from_db()
        assert connection.first_booked_at is not None

    def test_members_own_purchase_is_not_touched(self) -> None:
        connection = connected()
        session = session_of(connection)
        version = PackageVersionFactory(package__studio=connection.studio)
        session.item.packages.add(version.package, through_defaults={"studio": connection.studio})
        member = MemberFactory(studio=connection.studio, email="kim@example.test")
        PurchaseFactory(version=version, member=member)
        visit = book(session, guest_of(connection, email="kim@example.test"))
        assert visit.reservation is not None
        assert visit.reservation.purchase is None
        assert not visit.reservation.is_unpaid

    def test_the_contracts_deadline_is_copied_over_the_studios(self) -> None:
        connection = connected()
        session = later(connection, 6)
        visit = book(session, guest_of(connection))
        assert visit.reservation is not None
        assert visit.reservation.deadline_from == Origin.CONTRACT
        assert visit.reservation.deadline_at == session.starts_at - timedelta(hours=4)
        direct = bookings.reserve(
            session,
            MemberFactory(studio=connection.studio),
            source="direct",
            action_id=uuid4(),
            by=None,
            now=timezone.now(),
        )
        assert direct.reservation.deadline_from == Origin.STUDIO

    def test_the_same_action_again_is_the_same_visit(self) -> None:
        connection = connected()
        session, guest, action = session_of(connection), guest_of(connection), uuid4()
        assert book(session, guest, action_id=action) == book(session, guest, action_id=action)
        session.refresh_from_db()
        assert session.places_taken == 1

    @pytest.mark.parametrize(
        ("change", "question"),
        [
            ({"allows_marketplaces": False}, Question.NOT_FOR_MARKETPLACES),
            ({"marketplace_quota": 0}, Question.ALL_QUOTAS),
            ({"kind": CalendarItem.Kind.EVENT}, Question.NOT_SOLD_THERE),
            ({"closes_minutes": 24 * 60}, Question.CLOSED),
        ],
    )
    def test_what_the_class_says(self, change: dict[str, Any], question: Question) -> None:
        connection = connected()
        with pytest.raises(Refused) as error:
            book(later(connection, 2, **change), guest_of(connection))
        assert refusal(error) is question
        assert not Visit.objects.exists()

    def test_the_contracts_quota_is_this_marketplaces_alone(self) -> None:
        connection = connected()
        terms = connection.contracts.get().terms.get()
        terms.pk, terms.first_on, terms.quota = None, timezone.now().date() - timedelta(days=1), 1
        terms.check_in_rate = Decimal(9)
        terms.save(force_insert=True)
        session = later(connection, 6)
        book(session, guest_of(connection))
        assert refusal_of_booking(session, guest_of(connection)) is Question.QUOTA
        given: dict[str, Any] = {"source": "desk", "action_id": uuid4(), "now": timezone.now()}
        desk = StaffLoginFactory(studio=connection.studio)
        bookings.reserve(session, MemberFactory(studio=connection.studio), by=desk, **given)

    @pytest.mark.parametrize("state", [Connection.State.PAUSED, Connection.State.ENDED])
    def test_a_connection_that_sells_nothing(self, state: Connection.State) -> None:
        connection = connected()
        session, guest = session_of(connection), guest_of(connection)
        ended = timezone.now() if state == Connection.State.ENDED else None
        Connection.objects.filter(pk=connection.pk).update(state=state, ended_at=ended)
        assert refusal_of_booking(session, guest) is Question.NOT_SOLD_THERE

    def test_a_blocked_member_is_refused_as_everybody(self) -> None:
        connection = connected()
        guest = guest_of(connection)
        Member.objects.filter(pk=guest.member_id).update(blocked_reason="owes")
        guest = Guest.objects.select_related("member", "connection").get(pk=guest.pk)
        assert refusal_of_booking(session_of(connection), guest) is Question.MEMBER_BLOCKED

    def test_the_real_time_answer_is_the_bookings_own(self) -> None:
        connection = connected()
        session, guest = later(connection, 6, capacity=1), guest_of(connection)
        asked = actions.explain(connection, session, guest, now=timezone.now())
        assert asked.may_book
        book(session, guest_of(connection))
        session.refresh_from_db()
        asked = actions.explain(connection, session, guest, now=timezone.now())
        assert asked.booking.refusal is not None
        assert asked.booking.refusal.question is refusal_of_booking(session, guest) is Question.FULL

    def test_a_place_from_the_waiting_list_has_its_pass_and_the_contracts_deadline(self) -> None:
        connection = connected()
        session = later(connection, 30, capacity=1, waiting_places=5)
        first, second = guest_of(connection), guest_of(connection)
        book(session, first)
        given: dict[str, Any] = {"action_id": uuid4(), "now": timezone.now()}
        entry = actions.join_waiting(connection, session, second, **given)
        actions.cancel(connection, session, first, action_id=uuid4(), now=timezone.now())
        entry.refresh_from_db()
        bookings.accept_place(entry, action_id=uuid4(), by=None, now=timezone.now())
        visit = Visit.objects.get(guest=second)
        assert visit.reservation is not None
        assert visit.reservation.deadline_from == Origin.CONTRACT

        assert Call.objects.filter(visit=visit, kind=Call.Kind.DECIDE).exists()

    def test_nobody_is_given_a_place_that_their_marketplace_has_not_left(self) -> None:
        """The class's two places for marketplaces are sold: the one that comes free is offered to whoever is next."""
        connection = connected()
        session = later(connection, 30, capacity=3, waiting_places=5, marketplace_quota=2)
        for _ in range(2):
            book(session, guest_of(connection))
        desk = StaffLoginFactory(studio=connection.studio)
        given: dict[str, Any] = {"by": desk, "now": timezone.now()}
        own = MemberFactory.create_batch(2, studio=connection.studio)
        booked = bookings.reserve(session, own[0], source="desk", action_id=uuid4(), **given)
        entry = actions.join_waiting(connection, session, guest_of(connection), action_id=uuid4(), now=timezone.now())
        mine = bookings.join_waiting(session, own[1], source="desk", action_id=uuid4(), **given).entry
        bookings.cancel(booked.reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), **given)
        for one in (entry, mine):
            one.refresh_from_db()
        assert (entry.state, mine.state) == ("waiting", "offered")

    @pytest.mark.parametrize("state", [Connection.State.PAUSED, Connection.State.ENDED])
    def test_a_held_place_is_not_taken_where_nothing_is_sold_any_more(self, state: Connection.State) -> None:
        connection = connected()
        session = later(connection, 30, capacity=1, waiting_places=5)
        first, second = guest_of(connection), guest_of(connection)
        book(session, first)
        entry = actions.join_waiting(connection, session, second, action_id=uuid4(), now=timezone.now())
        actions.cancel(connection, session, first, action_id=uuid4(), now=timezone.now())
        ended = timezone.now() if state == Connection.State.ENDED else None
        Connection.objects.filter(pk=connection.pk).update(state=state, ended_at=ended)
        entry.refresh_from_db()
        with pytest.raises(Refused) as error:
            bookings.accept_place(entry, action_id=uuid4(), by=None, now=timezone.now())
        assert refusal(error) is Question.NOT_SOLD_THERE
        asked = actions.explain(connection, session, guest_of(connection), now=timezone.now())
        assert not asked.may_wait

    def test_who_waited_and_books_the_held_place_has_one_pass(self) -> None:
        connection = connected()
        session = later(connection, 30, capacity=1, waiting_places=5)
        first, second = guest_of(connection), guest_of(connection)
        book(session, first)
        actions.join_waiting(connection, session, second, action_id=uuid4(), now=timezone.now())
        actions.cancel(connection, session, first, action_id=uuid4(), now=timezone.now())
        visit = book(session, second, booking_ref="B2")
        assert list(Visit.objects.filter(guest=second)) == [visit]
        assert visit.booking_ref == "B2"


def refusal_of_booking(session: ScheduledSession, guest: Guest) -> Question:
    with pytest.raises(Refused) as error:
        book(session, guest)
    return refusal(error)


class TestCancelling:
    @pytest.mark.parametrize(("hours", "late"), [(6, False), (3, True)])
    def test_late_is_what_the_contract_says(self, hours: int, late: bool) -> None:
        connection = connected()
        session, guest = later(connection, hours), guest_of(connection)
        book(session, guest)
        done = actions.cancel(connection, session, guest, action_id=uuid4(), now=timezone.now())
        assert (done.late, done.deadline_from) == (late, Origin.CONTRACT)
        session.refresh_from_db()
        assert session.places_taken == 0

    def test_again_is_the_same_answer(self) -> None:
        connection = connected()
        session, guest, action = later(connection, 6), guest_of(connection), uuid4()
        book(session, guest)
        first = actions.cancel(connection, session, guest, action_id=action, now=timezone.now())
        again = actions.cancel(connection, session, guest, action_id=action, now=timezone.now())
        assert (first.late, first.repeated, again.late, again.repeated) == (False, False, False, True)

    def test_nobody_else_cancels_what_the_desk_booked(self) -> None:
        connection = connected()
        session, guest = later(connection, 6), guest_of(connection)
        desk = StaffLoginFactory(studio=connection.studio)
        bookings.reserve(session, guest.member, source="desk", action_id=uuid4(), by=desk, now=timezone.now())
        with pytest.raises(actions.NotBooked):
            actions.cancel(connection, session, guest, action_id=uuid4(), now=timezone.now())

    def test_after_a_check_in_the_visit_stays_and_a_person_is_asked(self) -> None:
        connection = connected()
        session, guest = later(connection, 1), guest_of(connection)
        visit = book(session, guest)
        desk = StaffLoginFactory(studio=connection.studio)
        assert visit.reservation is not None
        bookings.check_in(visit.reservation, action_id=uuid4(), by=desk, now=timezone.now())
        for _ in range(2):
            with pytest.raises(Refused) as error:
                actions.cancel(connection, session, guest, action_id=uuid4(), now=timezone.now())
            assert refusal(error) is Question.CHECKED_IN
        conflict = Conflict.objects.get()
        assert conflict.kind == Conflict.Kind.CANCELLED_AFTER_CHECK_IN
        visit.reservation.refresh_from_db()
        assert (visit.reservation.attendance, visit.reservation.flagged) == ("checked_in", "conflict")
        not_here = Conflict.Verdict.WAS_NOT_HERE
        assert actions.settle_conflict(conflict, not_here, by=desk, now=timezone.now())
        visit.reservation.refresh_from_db()
        assert visit.reservation.booking == Booking.LATE_CANCELLED
