"""Which purchase a reservation uses when it is made, changed, given up and taken back, on real rows (K3-K6, Q1-Q10)."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings import actions
from bookings.actions import assigning
from bookings.actions.schedule import calling_off
from bookings.models import CalendarItem, ItemPackage, Reservation, ReservationEvent, ScheduledSession
from bookings.rules import CancelAs, Question
from bookings.selectors.wallet import Balance, Wallet, balances
from packages.actions import adjust
from packages.models import Hold, Policy, Purchase
from portal.models import Location, Member, StaffLogin
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageFactory, PurchaseFactory

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
SOON = NOW + timedelta(days=2)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return LocationFactory()


@pytest.fixture
def desk(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio)


@pytest.fixture
def member(place: Location) -> Member:
    return MemberFactory(studio=place.studio)


@pytest.fixture
def flow(place: Location) -> CalendarItem:
    """A class that takes one package."""
    item = CalendarItemFactory(location=place)
    link(item, PackageFactory(studio=place.studio))
    return item


def link(item: CalendarItem, package: Any) -> None:
    ItemPackage.objects.create(studio=item.studio, item=item, package=package)


def buy(member: Member, item: CalendarItem, *, days_ago: int = 1, **fields: Any) -> Purchase:
    package = item.packages.get()
    version = package.versions.first()
    made = {"version": version} if version else {"version__package": package}
    return PurchaseFactory(member=member, purchased_at=NOW - timedelta(days=days_ago), **made, **fields)


def book(member: Member, item: CalendarItem, by: StaffLogin | None, *, starts_at: datetime = SOON) -> Reservation:
    session = SessionFactory(item=item, starts_at=starts_at)
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=NOW).reservation


def numbers(purchase: Purchase, now: datetime = NOW) -> tuple[int, int, int | None]:
    balance = balances([Purchase.objects.get(pk=purchase.pk)], now=now)[purchase.pk]
    return balance.used, balance.planned, balance.free


class TestWhenItIsMade:
    def test_without_packages_it_is_free_and_stays_so_when_packages_are_linked_later(
        self, place: Location, member: Member, desk: StaffLogin
    ) -> None:
        item = CalendarItemFactory(location=place)
        free = book(member, item, desk)
        link(item, PackageFactory(studio=place.studio))
        later = book(member, item, desk, starts_at=SOON + timedelta(hours=4))
        free.refresh_from_db()
        assert [(one.assigned, one.is_unpaid) for one in (free, later)] == [("free", False), ("rule", True)]

    def test_the_newest_valid_one_is_taken_and_the_path_is_kept(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        old = buy(member, flow, days_ago=40)
        held = buy(member, flow, days_ago=3)
        Hold.objects.create(purchase=held, first_on=SOON.date(), last_on=None)
        reservation = book(member, flow, desk)
        assert reservation.purchase == old
        assert reservation.choice["looked_at"] == [[held.pk, "on_hold"], [old.pk, None]]

    def test_five_bookings_to_come_are_planned_and_the_sixth_is_unpaid(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        pack = buy(member, flow)
        made = [book(member, flow, desk, starts_at=SOON + timedelta(hours=2 * n)) for n in range(6)]
        assert [one.purchase_id for one in made] == [pack.pk] * 5 + [None]
        assert numbers(pack) == (0, 5, 0)
        assert made[5].is_unpaid

    def test_a_member_is_refused_what_staff_may_book_unpaid(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        session = SessionFactory(item=flow, starts_at=SOON)
        with pytest.raises(actions.Refused) as refused:
            actions.reserve(session, member, source="direct", action_id=uuid4(), by=None, now=NOW)
        assert refused.value.decision.refusal.question is Question.PAID
        done = actions.reserve(session, member, source="desk", action_id=uuid4(), by=desk, now=NOW)
        assert [step.question for step in done.decision.warnings] == [Question.PAID]

    def test_the_day_is_that_of_the_class_where_it_is(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        """Q6: a pass to 30 June is good for 23:30 of that day and not for 00:05 of the next."""
        pack = buy(member, flow, expires_on=date(2026, 6, 30))
        before = book(member, flow, desk, starts_at=datetime(2026, 6, 30, 21, 30, tzinfo=UTC))
        after = book(member, flow, desk, starts_at=datetime(2026, 6, 30, 22, 5, tzinfo=UTC))
        assert (before.purchase_id, after.purchase_id) == (pack.pk, None)

    def test_judged_on_the_day_of_booking_if_the_studio_says_so(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        Policy.objects.create(studio=flow.studio, judged=Policy.Judged.BOOKING)
        pack = buy(member, flow, expires_on=NOW.date())
        assert book(member, flow, desk).purchase == pack

    def test_all_its_packages_archived_it_is_not_free(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        buy(member, flow)
        flow.packages.update(archived_at=NOW)
        assert book(member, flow, desk).is_unpaid

    def test_over_use_shows_more_than_was_bought(self, flow: CalendarItem, member: Member, desk: StaffLogin) -> None:
        Policy.objects.create(studio=flow.studio, over_use=True)
        pack = buy(member, flow, uses=1)
        for hours in (0, 2):
            book(member, flow, desk, starts_at=SOON + timedelta(hours=hours))
        assert numbers(pack) == (0, 2, -1)

    def test_a_course_takes_a_use_for_each_evening(self, place: Location, member: Member, desk: StaffLogin) -> None:
        course = CalendarItemFactory(location=place, kind=CalendarItem.Kind.COURSE)
        link(course, PackageFactory(studio=place.studio))
        pack = buy(member, course, uses=2)
        for week in range(3):
            SessionFactory(item=course, starts_at=SOON + timedelta(weeks=week))
        done = actions.reserve_course(course, member, source="desk", action_id=uuid4(), by=desk, now=NOW)
        assert [one.reservation.purchase_id for one in done.done] == [pack.pk, pack.pk, None]

    @pytest.mark.parametrize("bought", [1, 200])
    def test_at_most_five_queries_however_much_was_bought(
        self, flow: CalendarItem, member: Member, bought: int, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(bought):
            buy(member, flow, days_ago=number + 1)
        session = ScheduledSession.objects.select_related("item", "location", "studio").get(
            pk=SessionFactory(item=flow, starts_at=SOON).pk
        )
        with django_assert_max_num_queries(5):
            Wallet(member, flow.studio, now=NOW, lock=True).choose(session)


class TestWhatBecomesOfIt:
    def test_a_cancellation_gives_the_use_back_and_a_late_one_too_unless_the_package_says_so(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        pack = buy(member, flow)
        soon = book(member, flow, desk, starts_at=NOW + timedelta(hours=2))
        assert numbers(pack) == (0, 1, 4)
        actions.cancel(soon, outcome=CancelAs.LATE, action_id=uuid4(), by=desk, now=NOW)
        assert numbers(pack) == (0, 0, 5)

    def test_with_the_switch_a_late_cancellation_uses_one(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        package = flow.packages.get()
        pack = PurchaseFactory(member=member, version__package=package, version__late_cancel_uses=True)
        soon = book(member, flow, desk, starts_at=NOW + timedelta(hours=2))
        actions.cancel(soon, outcome=CancelAs.LATE, action_id=uuid4(), by=desk, now=NOW)
        assert numbers(pack) == (1, 0, 4)

    def test_a_no_show_counts_by_the_clock(self, flow: CalendarItem, member: Member, desk: StaffLogin) -> None:
        pack = buy(member, flow)
        reservation = book(member, flow, desk)
        assert numbers(pack, reservation.ends_at - timedelta(seconds=1)) == (0, 1, 4)
        assert numbers(pack, reservation.ends_at) == (1, 0, 4)

    def test_a_cancellation_taken_back_keeps_its_purchase_only_while_a_use_is_left(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        older, newer = buy(member, flow, days_ago=30), buy(member, flow, uses=1)
        first = book(member, flow, desk)
        actions.cancel(first, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=desk, now=NOW)
        second = book(member, flow, desk, starts_at=SOON + timedelta(hours=3))
        assert (first.purchase, second.purchase) == (newer, newer)
        back = actions.reinstate(first, action_id=uuid4(), by=desk, now=NOW).reservation
        assert back.purchase == older
        assert (numbers(newer), numbers(older)) == ((0, 1, 0), (0, 1, 4))


class TestByHand:
    def test_both_balances_change_at_once_and_it_can_be_taken_back(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        older, newer = buy(member, flow, days_ago=30), buy(member, flow)
        reservation = book(member, flow, desk)
        changed = assigning.assign(reservation, older, action_id=uuid4(), by=desk, now=NOW)
        assert changed.before == {older.pk: Balance(5), newer.pk: Balance(5, planned=1)}
        assert changed.after == {older.pk: Balance(5, planned=1), newer.pk: Balance(5)}
        assert changed.done.reservation.assigned == "hand"
        back = assigning.take_back(changed.done.event, action_id=uuid4(), by=desk, now=NOW).done.reservation
        assert (back.purchase, back.assigned) == (newer, "rule")
        kinds = ReservationEvent.objects.filter(reservation=reservation).order_by("id").values_list("kind", flat=True)
        assert list(kinds) == ["reserved", "assigned", "assigned"]

    def test_held_expired_and_used_up_ones_can_be_chosen(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        used_up = buy(member, flow, uses=0, expires_on=NOW.date() - timedelta(days=9))
        reservation = book(member, flow, desk)
        assert assigning.assign(reservation, used_up, action_id=uuid4(), by=desk, now=NOW).after == {
            used_up.pk: Balance(0, planned=1)
        }

    def test_anothers_purchase_is_refused_by_the_action_and_by_postgresql(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        theirs = buy(MemberFactory(studio=flow.studio), flow)
        reservation = book(member, flow, desk)
        with pytest.raises(assigning.NotTheirs):
            assigning.assign(reservation, theirs, action_id=uuid4(), by=desk, now=NOW)
        Reservation.objects.filter(pk=reservation.pk).update(purchase=theirs)
        with pytest.raises(IntegrityError, match="reservation_uses_its_members_purchase"):
            connection.check_constraints()

    def test_the_rule_is_asked_again_as_if_it_were_made_now(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        one_use = buy(member, flow, uses=1)
        reservation = book(member, flow, desk)
        same = assigning.choose_again(reservation, action_id=uuid4(), by=desk, now=NOW).done.reservation
        assert same.purchase == one_use  # its own use does not stand in its way
        Purchase.objects.filter(pk=one_use.pk).update(expired_at=NOW)
        other = buy(member, flow, days_ago=50)
        again = assigning.choose_again(reservation, action_id=uuid4(), by=desk, now=NOW).done.reservation
        assert (again.purchase, again.assigned) == (other, "rule")

    def test_sent_twice_it_is_done_once(self, flow: CalendarItem, member: Member, desk: StaffLogin) -> None:
        older = buy(member, flow, days_ago=30)
        reservation, action = book(member, flow, desk), uuid4()
        for _ in range(2):
            assigning.assign(reservation, older, action_id=action, by=desk, now=NOW)
        with pytest.raises(actions.ActionIdReused):
            assigning.assign(reservation, None, action_id=action, by=desk, now=NOW)
        assert ReservationEvent.objects.filter(reservation=reservation, kind="assigned").count() == 1


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.data())
def test_counting_in_a_list_is_counting_one_by_one(flow: CalendarItem, member: Member, facts: Any) -> None:
    """K6: the annotation and the rule agree on whatever a reservation can be, at any moment."""
    draw = facts.draw
    switch = draw(st.booleans())
    package = PackageFactory(studio=flow.studio)
    pack = PurchaseFactory(member=member, version__package=package, version__late_cancel_uses=switch)
    session = SessionFactory(item=flow, starts_at=SOON, capacity=None, cancelled_at=draw(st.sampled_from([None, NOW])))
    Location.objects.filter(pk=session.location_id).update(grace_minutes=draw(st.sampled_from([0, 15])))
    booking = draw(st.sampled_from(["booked", "cancelled", "late_cancelled"]))
    attendance = draw(st.sampled_from(["unknown", "checked_in", "no_show"])) if booking == "booked" else "unknown"
    row = ReservationFactory(
        session=session,
        member=member,
        purchase=draw(st.sampled_from([None, pack])),
        assigned="rule",
        booking=booking,
        cancelled_at=None if booking == "booked" else NOW,
        attendance=attendance,
        checked_in_at=SOON if attendance == "checked_in" else None,
    )
    minutes = draw(st.sampled_from([-1, 59, 60, 61, 74, 75, 76, 24 * 60 + 60]))
    now = SOON + timedelta(minutes=minutes)
    one = Reservation.objects.select_related("session", "location", "purchase__version").get(pk=row.pk)
    assert Reservation.objects.with_count(now).get(pk=row.pk).count_word == one.count(now).verdict
    row.delete()
    ScheduledSession.objects.filter(pk=session.pk).update(places_taken=0)


@pytest.mark.django_db(transaction=True)
def test_two_desks_that_want_the_last_use_get_it_once(flow: CalendarItem, member: Member, desk: StaffLogin) -> None:
    """Different sessions, real threads: one takes it, another the next valid purchase, the third is unpaid."""
    for _round in range(5):
        older, newer = buy(member, flow, days_ago=30, uses=1), buy(member, flow, uses=1)
        sessions = [SessionFactory(item=flow, starts_at=SOON + timedelta(hours=2 * n)) for n in range(3)]
        together, wrong = Barrier(3), []

        def ask(session: ScheduledSession, together: Barrier = together, wrong: list[BaseException] = wrong) -> None:
            try:
                together.wait()
                actions.reserve(session, member, source="desk", action_id=uuid4(), by=desk, now=NOW)
            except BaseException as error:  # noqa: BLE001 - shown below
                wrong.append(error)
            finally:
                connection.close()

        threads = [Thread(target=ask, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
        used = Reservation.objects.filter(session__in=sessions).values_list("purchase_id", flat=True)
        assert set(used) == {older.pk, newer.pk, None}
        Purchase.objects.update(expired_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_uses_are_taken_away_before_a_booking_or_after_it(flow: CalendarItem, member: Member, desk: StaffLogin) -> None:
    """What is spoken for is counted while no reservation can take a use: the booking waits and finds none left."""
    pack, session = buy(member, flow, uses=1), SessionFactory(item=flow, starts_at=SOON)

    def book_meanwhile() -> None:
        try:
            actions.reserve(session, member, source="desk", action_id=uuid4(), by=desk, now=NOW)
        finally:
            connection.close()

    thread = Thread(target=book_meanwhile)

    def spoken_for(locked: Purchase) -> int:
        thread.start()
        thread.join(0.5)
        return balances([locked], now=NOW)[locked.pk].spoken_for

    adjust(pack, uses=-1, spoken_for=spoken_for, reason="sold by mistake", action_id=uuid4(), by=desk, now=NOW)
    thread.join()
    assert Reservation.objects.get().purchase is None
    assert numbers(pack) == (0, 0, 0)


class TestAClassThatTakesPlaceAfterAll:
    def test_a_use_that_went_elsewhere_meanwhile_is_not_taken_twice(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        pack = buy(member, flow, uses=1)
        first = book(member, flow, desk)
        calling_off.cancel_sessions([first.session], by=desk, now=NOW)
        other = book(member, flow, desk, starts_at=SOON + timedelta(hours=3))
        assert other.purchase == pack
        calling_off.restore_session(ScheduledSession.objects.get(pk=first.session_id), by=desk, now=NOW)
        first.refresh_from_db()
        assert (first.purchase, first.is_unpaid) == (None, True)
        assert numbers(pack) == (0, 1, 0)
        assert first.events.last().kind == ReservationEvent.Kind.ASSIGNED

    def test_another_valid_purchase_is_taken_then(self, flow: CalendarItem, member: Member, desk: StaffLogin) -> None:
        pack, spare = buy(member, flow, uses=1), buy(member, flow, days_ago=9)
        first = book(member, flow, desk)
        calling_off.cancel_sessions([first.session], by=desk, now=NOW)
        book(member, flow, desk, starts_at=SOON + timedelta(hours=3))
        calling_off.restore_session(ScheduledSession.objects.get(pk=first.session_id), by=desk, now=NOW)
        first.refresh_from_db()
        assert first.purchase == spare
        assert numbers(pack) == (0, 1, 0)

    def test_it_keeps_its_purchase_while_a_use_is_left(
        self, flow: CalendarItem, member: Member, desk: StaffLogin
    ) -> None:
        pack = buy(member, flow, uses=2)
        first = book(member, flow, desk)
        calling_off.cancel_sessions([first.session], by=desk, now=NOW)
        book(member, flow, desk, starts_at=SOON + timedelta(hours=3))
        newer = buy(member, flow, days_ago=0)
        calling_off.restore_session(ScheduledSession.objects.get(pk=first.session_id), by=desk, now=NOW)
        first.refresh_from_db()
        assert (first.purchase, numbers(pack), numbers(newer)) == (pack, (0, 2, 0), (0, 0, 5))
