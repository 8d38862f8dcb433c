"""Two desks at once, real threads: a hold is before a booking or after it, and one visit is paid once (K4, Q8)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from bookings import actions
from bookings.actions import assigning
from bookings.actions.selling import PaidSince, sell_for
from bookings.models import CalendarItem, ItemPackage, Reservation
from bookings.selectors.wallet import balances
from packages.actions import hold
from packages.models import Purchase
from portal.members import merging
from portal.models import Member, StaffLogin
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
SOON = NOW + timedelta(days=2)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow() -> CalendarItem:
    item = CalendarItemFactory(location=LocationFactory())
    terms = PackageVersionFactory(package__studio=item.studio, uses=1)
    ItemPackage.objects.create(studio=item.studio, item=item, package=terms.package)
    return item


@pytest.fixture
def desk(flow: CalendarItem) -> StaffLogin:
    return StaffLoginFactory(studio=flow.studio)


@pytest.fixture
def kim(flow: CalendarItem) -> Member:
    return MemberFactory(studio=flow.studio)


def buy(member: Member, item: CalendarItem) -> Purchase:
    version = item.packages.get().versions.get()
    return PurchaseFactory(member=member, version=version, purchased_at=NOW - timedelta(days=1))


def book(member: Member, item: CalendarItem, by: StaffLogin, *, hours: int = 0) -> Reservation:
    session = SessionFactory(item=item, starts_at=SOON + timedelta(hours=hours))
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=NOW).reservation


def beside(deed: Callable[[], Any]) -> Thread:
    """Another connection, started."""

    def work() -> None:
        try:
            deed()
        finally:
            connection.close()

    thread = Thread(target=work)
    thread.start()
    return thread


def test_a_booking_waits_for_a_hold_that_is_being_placed(flow: CalendarItem, kim: Member, desk: StaffLogin) -> None:
    pack = buy(kim, flow)
    with transaction.atomic():
        hold(pack, first_on=NOW.date(), last_on=None, reason="", action_id=uuid4(), by=desk, now=NOW)
        booking = beside(lambda: book(kim, flow, desk))
        booking.join(0.5)
        assert booking.is_alive()
    booking.join()
    assert Reservation.objects.get().choice["looked_at"] == [[pack.pk, "on_hold"]]


def test_a_hold_waits_for_a_booking_that_is_being_made(flow: CalendarItem, kim: Member, desk: StaffLogin) -> None:
    pack = buy(kim, flow)
    with transaction.atomic():
        row = book(kim, flow, desk)
        asked: dict[str, Any] = {"first_on": NOW.date(), "last_on": None, "reason": ""}
        holding = beside(lambda: hold(pack, action_id=uuid4(), by=desk, now=NOW, **asked))
        holding.join(0.5)
        assert holding.is_alive()
        assert not pack.holds.exists()
    holding.join()
    assert (row.purchase, pack.holds.count()) == (pack, 1)


def test_two_desks_sell_for_one_visit_once(flow: CalendarItem, kim: Member, desk: StaffLogin) -> None:
    """Both saw it unpaid: one sells, the other is told."""
    row, package, told = book(kim, flow, desk), flow.packages.get(), []
    together = Barrier(2)

    def sell() -> None:
        together.wait()
        try:
            sell_for(row, package, action_id=uuid4(), by=desk, now=NOW)
        except PaidSince:
            told.append("paid")

    for thread in [beside(sell), beside(sell)]:
        thread.join()
    pack = Purchase.objects.get()
    row.refresh_from_db()
    assert (told, row.purchase) == (["paid"], pack)
    assert balances([pack], now=NOW)[pack.pk].free == 0


@pytest.mark.parametrize("deed", ["assign", "choose_again", "sell_for", "undo"])
def test_a_merge_and_a_change_of_the_purchase_meet_no_deadlock(flow: CalendarItem, desk: StaffLogin, deed: str) -> None:
    """Reservations are locked before purchases by both; the one that waited finds the row at its new member."""
    package = flow.packages.get()
    for round_ in range(4):
        kept, merged = MemberFactory(studio=flow.studio), MemberFactory(studio=flow.studio)
        pack = buy(merged, flow)
        row = book(merged, flow, desk, hours=2 * round_)
        given: dict[str, Any] = {"action_id": uuid4(), "by": desk, "now": NOW}
        if deed == "sell_for":
            assigning.assign(row, None, action_id=uuid4(), by=desk, now=NOW)
        merge: Callable[[], Any] = partial(merging.merge, kept, merged, take={}, by=desk, now=NOW)
        if deed == "undo":
            merge = partial(merging.undo_merge, merge(), by=desk, now=NOW)
        change: Callable[[], Any] = {
            "assign": partial(assigning.assign, row, pack, **given),
            "undo": partial(assigning.assign, row, None, **given),
            "choose_again": partial(assigning.choose_again, row, **given),
            "sell_for": partial(sell_for, row, package, **given),
        }[deed]
        assert at_once(merge, change) == []


def at_once(*deeds: Callable[[], Any]) -> list[BaseException]:
    """Each on its own connection, begun together; what went wrong."""
    together, wrong = Barrier(len(deeds)), []

    def work(deed: Callable[[], Any]) -> None:
        try:
            together.wait()
            deed()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            wrong.append(error)

    for thread in [beside(partial(work, deed)) for deed in deeds]:
        thread.join()
    return wrong
