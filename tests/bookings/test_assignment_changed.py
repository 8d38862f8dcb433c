"""What a person decided about a purchase, when something happened since: at another desk, in a merge, by cancelling."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import assigning
from bookings.models import CalendarItem, ItemPackage, Reservation
from bookings.rules import CancelAs
from bookings.selectors.purchases import could_use, in_trouble, owned
from bookings.selectors.wallet import balances
from packages.models import Hold, Policy, Purchase
from portal.members import merging
from portal.models import Location, Member, StaffLogin
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
TODAY = date(2026, 6, 15)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return LocationFactory()


@pytest.fixture
def desk(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio)


@pytest.fixture
def kim(place: Location) -> Member:
    return MemberFactory(studio=place.studio)


@pytest.fixture
def flow(place: Location) -> CalendarItem:
    item = CalendarItemFactory(location=place)
    terms = PackageVersionFactory(package__studio=place.studio)
    ItemPackage.objects.create(studio=item.studio, item=item, package=terms.package)
    return item


def buy(member: Member, item: CalendarItem, *, days_ago: int = 1, **fields: Any) -> Purchase:
    version = item.packages.get().versions.get()
    return PurchaseFactory(member=member, version=version, purchased_at=NOW - days_ago * DAY, **fields)


def book(member: Member, item: CalendarItem, by: StaffLogin, *, days: float = 2, source: str = "desk") -> Reservation:
    session = SessionFactory(item=item, starts_at=NOW + days * DAY)
    return actions.reserve(session, member, source=source, action_id=uuid4(), by=by, now=NOW).reservation


def given(by: StaffLogin) -> dict[str, Any]:
    return {"action_id": uuid4(), "by": by, "now": NOW}


class TestUndo:
    def test_one_change_is_taken_back_once(self, flow: CalendarItem, kim: Member, desk: StaffLogin) -> None:
        """Two desks press the same undo: the second is told, and nothing breaks."""
        older, newer = buy(kim, flow, days_ago=30), buy(kim, flow)
        row = book(kim, flow, desk)
        made = assigning.assign(row, older, **given(desk)).done.event
        assigning.take_back(made, **given(desk))
        with pytest.raises(assigning.ChangedSince):
            assigning.take_back(made, **given(desk))
        row.refresh_from_db()
        assert row.purchase == newer

    def test_what_changed_the_purchase_since_is_not_undone_with_it(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        """Cancelled and taken back, it found its purchase used up and took another one: that stands."""
        older, newer = buy(kim, flow, days_ago=30, uses=1), buy(kim, flow, uses=1)
        row = book(kim, flow, desk)
        made = assigning.assign(row, older, **given(desk)).done.event
        actions.cancel(row, outcome=CancelAs.IN_TIME, **given(desk))
        assigning.assign(book(kim, flow, desk, days=3), older, **given(desk))
        back = actions.reinstate(row, **given(desk)).reservation
        assert back.purchase == newer
        with pytest.raises(assigning.ChangedSince):
            assigning.take_back(made, **given(desk))

    def test_a_purchase_that_went_back_to_its_own_profile_is_not_taken(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        other = MemberFactory(studio=flow.studio)
        theirs, row = buy(other, flow), book(kim, flow, desk)
        merge = merging.merge(kim, other, take={}, by=desk, now=NOW)
        assigning.assign(row, theirs, **given(desk))
        made = assigning.assign(row, None, **given(desk)).done.event
        merging.undo_merge(merge, by=desk, now=NOW)
        with pytest.raises(assigning.ChangedSince):
            assigning.take_back(made, **given(desk))

    def test_what_a_person_left_unpaid_stays_so_when_a_cancellation_is_taken_back(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        buy(kim, flow)
        row = book(kim, flow, desk)
        assigning.assign(row, None, **given(desk))
        actions.cancel(row, outcome=CancelAs.IN_TIME, **given(desk))
        back = actions.reinstate(row, **given(desk)).reservation
        assert (back.purchase, back.assigned) == (None, "hand")


class TestUnpaidVisits:
    def test_those_in_a_hold_leave_their_turn_to_the_next(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        """One use is left, and the first unpaid visit lies in the hold: the second one could use it (Q8)."""
        rows = [book(kim, flow, desk, days=days) for days in (1, 2, 3)]
        pack = buy(kim, flow, uses=1)
        Hold.objects.create(purchase=pack, first_on=TODAY, last_on=TODAY + DAY)
        assert could_use(pack, [flow.location], now=NOW) == [rows[1]]

    def test_judged_on_the_day_of_booking_they_are_offered_and_are_no_trouble(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        """Q6: what the rule takes is not called expired beside it; a hold over the day of the class still is."""
        Policy.objects.create(studio=flow.studio, judged=Policy.Judged.BOOKING)
        unpaid = book(kim, flow, desk, days=4)
        pack = buy(kim, flow, expires_on=TODAY)
        assert could_use(pack, [flow.location], now=NOW) == [unpaid]
        planned = book(kim, flow, desk, days=5)
        assert planned.purchase == pack
        assert in_trouble(owned(kim, today=TODAY, now=NOW), [flow.location], now=NOW) == []
        Hold.objects.create(purchase=pack, first_on=TODAY + 5 * DAY, last_on=None)
        [(visit, _one)] = in_trouble(owned(kim, today=TODAY, now=NOW), [flow.location], now=NOW)
        assert visit == planned

    def test_two_desks_never_give_away_more_than_is_left(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        first, second = book(kim, flow, desk, days=1), book(kim, flow, desk, days=2)
        pack = buy(kim, flow, uses=1)
        assigning.assign_unpaid([first], pack, **given(desk))
        with pytest.raises(assigning.ChangedSince):
            assigning.assign_unpaid([second], pack, **given(desk))
        assert balances([pack], now=NOW)[pack.pk].free == 0

    def test_all_or_none_and_a_form_sent_twice_is_done_once(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        rows = [book(kim, flow, desk, days=days) for days in (1, 2)]
        pack, other, asked = buy(kim, flow), buy(kim, flow, days_ago=9), given(desk)
        for _ in range(2):
            made = assigning.assign_unpaid(rows, pack, **asked)
            assert made is not None
            assert made.after[pack.pk].planned == 2
        unpaid = book(kim, flow, desk, days=3)
        assigning.assign(unpaid, None, **given(desk))
        with pytest.raises(assigning.ChangedSince):
            assigning.assign_unpaid([unpaid, rows[0]], other, **given(desk))
        unpaid.refresh_from_db()
        assert unpaid.is_unpaid


class TestAMarketplacesGuest:
    def test_own_purchases_are_left_alone_until_somebody_switches_by_hand(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        """Q21: the source decides; after the switch the balance counts, and the rule switches back."""
        pack, session = buy(kim, flow), SessionFactory(item=flow, starts_at=NOW + 2 * DAY)
        row = actions.reserve(session, kim, source="wellpass", action_id=uuid4(), by=None, now=NOW).reservation
        assert (row.purchase, row.is_unpaid) == (None, False)
        actions.cancel(row, outcome=CancelAs.IN_TIME, **given(desk))
        assert actions.reinstate(row, **given(desk)).reservation.purchase is None
        assert assigning.assign(row, pack, **given(desk)).after[pack.pk].planned == 1
        back = assigning.choose_again(row, **given(desk))
        assert (back.done.reservation.purchase, back.after[pack.pk].planned) == (None, 0)

    def test_a_place_from_the_waiting_list_is_that_of_the_marketplace(
        self, flow: CalendarItem, kim: Member, desk: StaffLogin
    ) -> None:
        buy(kim, flow)
        session = SessionFactory(item=flow, starts_at=NOW + 2 * DAY, capacity=1)
        holder = actions.reserve(session, MemberFactory(studio=flow.studio), source="desk", **given(desk)).reservation
        entry = actions.join_waiting(session, kim, source="wellpass", action_id=uuid4(), by=None, now=NOW).entry
        actions.cancel(holder, outcome=CancelAs.IN_TIME, **given(desk))
        place = actions.accept_place(entry, action_id=uuid4(), by=None, now=NOW).reservation
        assert place is not None
        assert (place.purchase, place.assigned) == (None, "free")
