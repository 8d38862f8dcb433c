"""What marketplaces must hear is written in the transaction that causes it, and nothing else is."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bookings import actions as booking
from bookings.actions import schedule
from bookings.models import ScheduledSession
from bookings.rules import CancelAs
from marketplace import actions
from marketplace.models import Call, Connection, Listing
from marketplace.rules import Stand
from portal.jobs import OutsideTransaction
from portal.models import Job
from tests.factories import MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.marketplace import ConnectionFactory, MarketplaceFactory
from tests.marketplace.scenes import Marketplace, book, connected, deliver, drain, item_of, session_of, states

pytestmark = pytest.mark.django_db


def tells(connection: Connection) -> list[int]:
    """The sessions about which a call waits."""
    waiting = Call.objects.filter(connection=connection, kind=Call.Kind.TELL, state=Call.State.WAITING)
    return list(waiting.order_by("pk").values_list("listing__reference", flat=True))


class TestCauses:
    """I3, I4: every road on which what a marketplace shows can change."""

    def test_a_place_taken_anywhere(self) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        assert tells(connection) == [session.pk]
        assert Job.objects.get(kind=actions.DELIVER).payload == {"connection": connection.pk}

    def test_a_place_given_back(self, there: Marketplace) -> None:
        connection = connected()
        reservation = book(session_of(connection, starts_at=timezone.now() + timedelta(days=2)))
        deliver(connection)
        booking.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=timezone.now())
        assert tells(connection) == [reservation.session_id]

    def test_a_check_in_changes_no_place(self) -> None:
        connection = connected()
        session = session_of(connection, starts_at=timezone.now() + timedelta(minutes=10))
        reservation = book(session)
        Call.objects.all().delete()
        login = StaffLoginFactory(studio=session.studio)
        booking.check_in(reservation, action_id=uuid4(), by=login, now=timezone.now())
        assert states(connection) == []

    def test_a_class_that_is_cancelled(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        book(session)
        deliver(connection)
        schedule.cancel_sessions([session], by=None, now=timezone.now())
        deliver(connection)
        assert there.words == ["publish", "cancel"]

    def test_the_switch_of_an_item_for_all_its_sessions_to_come(self) -> None:
        connection = connected()
        item = item_of(connection, allows_marketplaces=False)
        sessions = [SessionFactory(item=item, starts_at=timezone.now() + timedelta(days=days)) for days in (-1, 1, 2)]
        schedule.edit_item(item, {"allows_marketplaces": True}, by=None, now=timezone.now())
        assert tells(connection) == [one.pk for one in sessions[1:]]

    def test_a_session_that_is_removed_from_the_schedule(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection)
        with transaction.atomic():
            actions.tell(session.studio, [session.pk], now=timezone.now())
        deliver(connection)
        schedule.remove_item(session.item, by=None, now=timezone.now())
        deliver(connection)
        assert [(reference, word) for reference, word, _ in there.heard] == [
            (session.pk, "publish"),
            (session.pk, "withdraw"),
        ]
        assert Listing.objects.get().session is None


class TestWhoHears:
    @pytest.mark.parametrize("state", [Connection.State.SETTING_UP, Connection.State.ENDED])
    def test_nobody_who_is_not_live(self, state: str) -> None:
        connection = connected(state=state, ended_at=timezone.now() if state == Connection.State.ENDED else None)
        book(session_of(connection))
        assert (Call.objects.count(), Job.objects.count()) == (0, 0)

    def test_a_paused_one_does(self) -> None:
        connection = connected(state=Connection.State.PAUSED)
        book(session_of(connection))
        assert len(tells(connection)) == 1

    def test_nobody_with_whom_we_cannot_speak(self) -> None:
        connection = connected(marketplace=MarketplaceFactory(key="mute", name="Mute", adapter=""))
        book(session_of(connection))
        assert Call.objects.count() == 0

    def test_no_other_studio(self) -> None:
        ConnectionFactory()
        connection = connected()
        book(session_of(connection))
        assert Call.objects.exclude(connection=connection).count() == 0

    def test_each_marketplace_of_the_studio(self) -> None:
        """Quotas overlap: a place sold at one is told to the others."""
        one = connected()
        two = ConnectionFactory(studio=one.studio, marketplace=MarketplaceFactory(key="second", name="Second"))
        session = session_of(one)
        book(session, source="fitpass")
        assert (tells(one), tells(two)) == ([session.pk], [session.pk])

    @pytest.mark.parametrize(
        "item",
        [{"allows_marketplaces": False}, {"kind": "course"}, {"kind": "appointment"}],
        ids=["switched off", "course", "appointment"],
    )
    def test_nothing_of_what_is_not_sold_there(self, item: dict[str, object]) -> None:
        connection = connected()
        session = SessionFactory(item=item_of(connection, **item))
        with transaction.atomic():
            assert actions.tell(session.studio, [session.pk], now=timezone.now()) == 0
        assert Listing.objects.count() == 0

    def test_a_far_session_waits_for_its_days(self) -> None:
        connection = connected()
        session = session_of(connection, starts_at=timezone.now() + timedelta(days=15))
        book(session)
        assert tells(connection) == []

    def test_what_is_there_already_hears_of_the_switch_being_off(self, there: Marketplace) -> None:
        """Q26: who is booked stays, nobody comes after them."""
        connection = connected()
        session = session_of(connection)
        book(session, source="fitpass")
        deliver(connection)
        schedule.edit_item(session.item, {"allows_marketplaces": False}, by=None, now=timezone.now())
        deliver(connection)
        assert there.words == ["publish", "seats"]
        assert there.free == [9, 0]
        assert Listing.objects.get().stand == Stand.HELD


class TestTransaction:
    def test_a_change_that_is_rolled_back_leaves_nothing(self) -> None:
        session = session_of(connected())
        with transaction.atomic():
            book(session)
            transaction.set_rollback(True)
        assert (Call.objects.count(), Listing.objects.count(), Job.objects.count()) == (0, 0, 0)

    @pytest.mark.django_db(transaction=True)
    def test_news_outside_of_a_transaction_is_refused(self) -> None:
        session = session_of(connected())
        with pytest.raises(OutsideTransaction):
            actions.tell(session.studio, [session.pk], now=timezone.now())

    def test_many_changes_are_one_call(self) -> None:
        connection = connected()
        session = session_of(connection)
        for _ in range(3):
            book(session)
        assert tells(connection) == [session.pk]

    def test_a_thousand_sessions_take_as_many_statements_as_one(self, django_assert_num_queries: object) -> None:
        connection = connected()
        item = item_of(connection)
        start = timezone.now() + timedelta(days=1)
        sessions = ScheduledSession.objects.bulk_create(
            [
                ScheduledSession(
                    studio=item.studio,
                    item=item,
                    location=item.location,
                    starts_at=start + timedelta(minutes=number),
                    ends_at=start + timedelta(minutes=number + 60),
                )
                for number in range(1000)
            ]
        )
        with transaction.atomic(), django_assert_num_queries(4):  # type: ignore[operator]
            assert actions.tell(item.studio, [one.pk for one in sessions], now=timezone.now()) == 1000

    def test_a_studio_without_marketplaces_pays_one_query(self, django_assert_num_queries: object) -> None:
        session = SessionFactory()
        with transaction.atomic(), django_assert_num_queries(1):  # type: ignore[operator]
            actions.tell(session.studio, [session.pk], now=timezone.now())


class TestReports:
    """What the studio did with a guest of a marketplace."""

    def test_a_check_in_at_the_desk_is_reported_once(self, there: Marketplace) -> None:
        connection = connected()
        session = session_of(connection, starts_at=timezone.now() + timedelta(minutes=10))
        reservation = book(session, source="fitpass")
        done = booking.check_in(
            reservation, action_id=uuid4(), by=StaffLoginFactory(studio=session.studio), now=timezone.now()
        )
        with transaction.atomic():
            again = actions.report(done.event)
        deliver(connection)
        assert there.words == ["publish", "checked_in"]
        assert again is not None
        assert Call.objects.filter(kind=Call.Kind.REPORT).get() == again

    def test_nobody_elses_guests_are(self) -> None:
        connection = connected()
        session = session_of(connection, starts_at=timezone.now() + timedelta(minutes=10))
        login = StaffLoginFactory(studio=session.studio)
        for source in ("direct", "other"):
            reservation = book(session, source=source)
            booking.check_in(reservation, action_id=uuid4(), by=login, now=timezone.now())
        assert Call.objects.filter(connection=connection, kind=Call.Kind.REPORT).count() == 0

    def test_a_cancellation_by_the_member_is_not_but_the_place_is_told(self, there: Marketplace) -> None:
        connection = connected()
        reservation = book(session_of(connection, starts_at=timezone.now() + timedelta(days=2)), source="fitpass")
        booking.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=timezone.now())
        assert Call.objects.filter(kind=Call.Kind.REPORT).count() == 0
        login = StaffLoginFactory(studio=reservation.studio)
        staffs = book(reservation.session, source="fitpass")
        booking.cancel(staffs, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=login, now=timezone.now())
        deliver(connection)
        assert there.words == ["publish", "cancelled"]


def test_after_the_commit_a_worker_sends_it(there: Marketplace) -> None:
    connection = connected()
    session = session_of(connection, capacity=10)
    book(session)
    book(session)
    drain()
    assert (there.words, there.free) == (["publish"], [8])
    assert states(connection) == ["done"]
    listing = Listing.objects.get()
    assert (listing.stand, listing.shown_free, listing.external_id) == (Stand.SELLING, 8, f"there-{session.pk}")
    book(session)
    drain()
    assert (there.words, there.free) == (["publish", "seats"], [8, 7])


def test_what_a_marketplace_knows_already_is_not_said_again(there: Marketplace) -> None:
    connection = connected()
    session = session_of(connection)
    reservation = book(session)
    deliver(connection)
    booking.cancel(
        reservation,
        outcome=CancelAs.EXCUSED,
        action_id=uuid4(),
        by=StaffLoginFactory(studio=session.studio),
        now=timezone.now(),
    )
    book(session)
    deliver(connection)
    assert there.words == ["publish"]
    assert states(connection) == ["done", "done"]


def test_the_deadline_told_is_the_contracts(there: Marketplace) -> None:
    """Q20: four hours by contract, twelve by the studio."""
    connection = connected()
    session = session_of(connection, starts_at=timezone.now() + timedelta(days=2))
    book(session)
    deliver(connection)
    ((_, _, offer),) = there.heard
    assert offer is not None
    assert offer.place.free_until == session.starts_at - timedelta(hours=4)
    assert offer.place.location == "centrum"


def test_quotas_of_the_class_and_of_the_contract(there: Marketplace) -> None:
    """The class gives six places to all marketplaces; another one has sold two, the desk one."""
    connection = connected()
    session = SessionFactory(item=item_of(connection, marketplace_quota=6))
    for source in ("second", "second", "desk", "fitpass"):
        book(session, source=source)
    deliver(connection)
    ((_, _, offer),) = there.heard
    assert offer is not None
    assert (offer.seats.offered, offer.seats.own, offer.seats.free) == (6, 1, 3)


def test_a_place_held_for_the_waiting_list_is_not_free(there: Marketplace) -> None:
    connection = connected()
    session = session_of(connection, starts_at=timezone.now() + timedelta(days=2), capacity=1)
    reservation = book(session)
    waiting = MemberFactory(studio=session.studio)
    booking.join_waiting(session, waiting, source="direct", action_id=uuid4(), by=None, now=timezone.now())
    deliver(connection)
    booking.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=timezone.now())
    deliver(connection)
    assert there.free == [0]
