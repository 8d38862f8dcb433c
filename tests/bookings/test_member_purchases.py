"""Purchases go with a merge, come back with its undo, are exported, and lose their words with the person."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions.assigning import assign
from bookings.models import ItemPackage, Reservation
from bookings.rules import Question
from bookings.selectors.wallet import balances
from packages import actions as packages
from packages.holdings import Purchases
from packages.models import LedgerEntry, Purchase
from portal.members import merging
from portal.members.words import people_of
from portal.models import Member, StaffLogin
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Any:
    return LocationFactory()


@pytest.fixture
def owner(place: Any) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio)


@pytest.fixture
def pair(place: Any) -> tuple[Member, Member]:
    return MemberFactory(studio=place.studio), MemberFactory(studio=place.studio)


@pytest.fixture
def item(place: Any) -> Any:
    item = CalendarItemFactory(location=place)
    terms = PackageVersionFactory(package__studio=place.studio)
    ItemPackage.objects.create(studio=item.studio, item=item, package=terms.package)
    return item


def buy(item: Any, member: Member) -> Purchase:
    done = packages.sell(
        item.packages.get(), member, zone=item.location.tz, action_id=uuid4(), by=None, now=NOW - timedelta(days=3)
    )
    return done.purchase


def book(item: Any, member: Member, by: StaffLogin, *, hours: int = 48) -> Reservation:
    session = SessionFactory(item=item, starts_at=NOW + timedelta(hours=hours))
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=NOW).reservation


def test_purchases_and_what_uses_them_move_and_come_back(item: Any, pair: Any, owner: StaffLogin) -> None:
    kept, merged = pair
    pack, row = buy(item, merged), book(item, merged, owner)
    assert row.purchase == pack
    done = merging.merge(kept, merged, take={}, by=owner, now=NOW)
    assert [one.member for one in Purchase.objects.all()] == [kept]
    assert book(item, kept, owner, hours=60).purchase == pack
    left = merging.undo_merge(done, by=owner, now=NOW)
    pack.refresh_from_db()
    row.refresh_from_db()
    assert (pack.member, row.member, row.purchase) == (merged, merged, pack)
    assert "is unpaid now" in left[0]
    assert [one.is_unpaid for one in Reservation.objects.filter(member=kept)] == [True]
    assert balances([pack], now=NOW)[pack.pk].free == 4


def test_a_booking_that_a_merge_withdrew_comes_back_with_a_use(item: Any, pair: Any, owner: StaffLogin) -> None:
    kept, merged = pair
    pack = buy(item, merged)
    session = SessionFactory(item=item, starts_at=NOW + timedelta(hours=48))
    for member in (kept, merged):
        actions.reserve(session, member, source="desk", action_id=uuid4(), by=owner, now=NOW)
    done = merging.merge(kept, merged, take={}, by=owner, now=NOW)
    assert balances([pack], now=NOW)[pack.pk].free == 5
    others = [book(item, kept, owner, hours=72 + 2 * n) for n in range(5)]
    assign(others[0], None, action_id=uuid4(), by=owner, now=NOW)
    merging.undo_merge(done, by=owner, now=NOW)
    assert balances([pack], now=NOW)[pack.pk].free == 4


def test_whoever_books_a_merged_profile_uses_the_kept_one_s_purchase(item: Any, pair: Any, owner: StaffLogin) -> None:
    kept, merged = pair
    pack, stale = buy(item, merged), Member.objects.get(pk=merged.pk)
    merging.merge(kept, merged, take={}, by=owner, now=NOW)
    row = Reservation.objects.get(pk=book(item, stale, owner).pk)
    assert (row.member, row.purchase) == (kept, pack)


def test_whoever_buys_for_a_merged_profile_buys_for_the_kept_one(item: Any, pair: Any, owner: StaffLogin) -> None:
    kept, merged = pair
    stale = Member.objects.get(pk=merged.pk)
    merging.merge(kept, merged, take={}, by=owner, now=NOW)
    assert buy(item, stale).member == kept


@pytest.mark.parametrize("is_free", [True, False])
def test_of_two_who_are_one_by_now_only_one_is_booked(
    item: Any, pair: Any, owner: StaffLogin, *, is_free: bool
) -> None:
    kept, merged = pair
    if is_free:
        ItemPackage.objects.all().delete()
    stale, session = Member.objects.get(pk=merged.pk), SessionFactory(item=item, starts_at=NOW + timedelta(hours=48))
    given = {"source": "desk", "by": owner, "now": NOW}
    actions.reserve(session, kept, action_id=uuid4(), **given)
    merging.merge(kept, merged, take={}, by=owner, now=NOW)
    with pytest.raises(actions.Refused) as refused:
        actions.reserve(session, stale, action_id=uuid4(), **given)
    assert refused.value.decision.refusal.question == Question.ALREADY_BOOKED
    assert Reservation.objects.get().member == kept


def test_an_export_holds_the_purchase_and_every_entry(item: Any, pair: Any, owner: StaffLogin) -> None:
    pack = buy(item, pair[0])
    packages.extend(pack, last_on=NOW.date(), reason="Broken arm", action_id=uuid4(), by=owner, now=NOW)
    bought, log = Purchases().export([pair[0]], now=NOW)
    [row] = bought.rows
    assert (row[0], row[4], row[5]) == (pack.package.name, 5, NOW.date())
    assert [entry[2] for entry in log.rows] == ["sold", "last day changed"]
    assert all(len(bought.columns) == len(row) for row in bought.rows)


def test_scrubbing_takes_the_words_and_leaves_the_numbers(item: Any, pair: Any, owner: StaffLogin) -> None:
    pack = buy(item, pair[0])
    day = NOW.date()
    packages.hold(pack, first_on=day, last_on=None, reason="Broken arm", action_id=uuid4(), by=owner, now=NOW)
    Purchase.objects.filter(pk=pack.pk).update(external_ref="K-17")
    Purchases().scrub(people_of([pair[0]]), now=NOW)
    pack.refresh_from_db()
    assert (pack.external_ref, pack.uses, pack.holds.get().reason) == ("", 5, "")
    assert set(LedgerEntry.objects.values_list("reason", flat=True)) == {""}
