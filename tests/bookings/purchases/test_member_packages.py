"""A member's packages on the screen: what is left and why, selling, changing, visits that find another purchase."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings import actions
from bookings.models import CalendarItem, Reservation
from bookings.selectors.purchases import ledger
from packages.models import Hold, LedgerEntry, Purchase
from portal.models import Location, Member, StaffLogin
from portal.roles import Preset
from tests.bookings.purchases.scenes import buy, visited
from tests.factories import (
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def page(client: Client, member: Member, rest: str = "packages/", **query: str) -> str:
    response = client.get(f"/ours/members/{member.pk}/{rest}", query)
    assert response.status_code == 200
    return response.content.decode()


def send(client: Client, member: Member, rest: str, **data: Any) -> Any:
    return client.post(f"/ours/members/{member.pk}/packages/{rest}", {"action_id": uuid4(), **data})


class TestWhatIsLeft:
    def test_used_planned_and_free_are_three_numbers(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow, days_ago=9)
        visited(kim, flow, pack, days_ago=2)
        visited(kim, flow, pack, days_ago=-2, attendance="unknown")
        (card,) = client.get(f"/ours/members/{kim.pk}/packages/").context["open"]
        balance = card.owned.balance
        assert (balance.used, balance.planned, balance.free) == (1, 1, 3)

    def test_what_is_used_up_stands_apart_and_what_lapses_soon_is_marked(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        gone = buy(kim, flow, uses=1)
        visited(kim, flow, gone, days_ago=1)
        buy(kim, flow, expires_on=(timezone.now() + 3 * DAY).date())
        context = client.get(f"/ours/members/{kim.pk}/packages/").context
        assert [card.owned.purchase for card in context["closed"]] == [gone]
        assert [card.owned.lapses_soon for card in context["open"]] == [True]

    def test_prices_are_for_those_who_may_see_money(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow, price=Decimal("61.00"))
        for rest in ("packages/", f"packages/{pack.pk}/"):
            assert "61.00" not in page(client, kim, rest)
        client.force_login(StaffLoginFactory(studio=flow.studio, preset=Preset.OWNER).user)
        for rest in ("packages/", f"packages/{pack.pk}/"):
            assert "61.00" in page(client, kim, rest)

    def test_one_purchase_and_thirty_ask_the_same(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        def queries() -> int:
            with CaptureQueriesContext(
                connection,
            ) as asked:
                page(client, kim)
            return len(asked)

        visited(kim, flow, buy(kim, flow), days_ago=1)
        queries()
        one = queries()
        for number in range(29):
            pack = buy(kim, flow, days_ago=number)
            Hold.objects.create(purchase=pack, first_on="2020-01-01", last_on="2020-02-01")
            visited(kim, flow, pack, days_ago=number + 2)
        assert queries() == one


class TestTheLedger:
    def test_every_plus_and_minus_adds_up_to_what_is_left(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        sent = send(client, kim, "sell/", package=flow.packages.get().pk)
        pack = kim.purchases.get()
        assert sent.status_code == 302
        visited(kim, flow, pack, days_ago=-0.0)
        visited(kim, flow, pack, days_ago=-3, attendance="unknown")
        send(client, kim, f"{pack.pk}/adjust/", uses="2", reason="sorry for the cold room")
        lines = ledger(Purchase.objects.get(pk=pack.pk), now=timezone.now())
        assert sorted(line.change for line in lines) == [-1, 2, 5]
        assert lines[0].left == 6
        assert lines[-1].left == 5
        told = page(client, kim, f"packages/{pack.pk}/")
        assert "sorry for the cold room" in told
        assert owner.user.name in told
        assert "Flow" in told

    def test_a_no_show_and_a_late_cancellation_have_their_line_only_if_they_count(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow, days_ago=30)
        missed = visited(kim, flow, pack, days_ago=5, attendance="unknown")
        at = timezone.now() - 3 * DAY
        late = visited(kim, flow, pack, days_ago=2, attendance="unknown", booking="late_cancelled", cancelled_at=at)
        assert [line.visit for line in ledger(pack, now=timezone.now())] == [missed]
        strict = PackageVersionFactory(package=pack.package, number=2, late_cancel_uses=True)
        other = PurchaseFactory(member=kim, version=strict, purchased_at=pack.purchased_at)
        Reservation.objects.filter(pk=late.pk).update(purchase=other)
        assert [line.visit for line in ledger(other, now=timezone.now())] == [late]

    def test_the_visits_of_an_unlimited_one_are_counted_up(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow, days_ago=30, uses=None)
        visited(kim, flow, pack, days_ago=5)
        visited(kim, flow, pack, days_ago=4)
        assert [line.left for line in ledger(pack, now=timezone.now())] == [2, 1]

    def test_a_visit_where_one_may_not_look_counts_without_its_class(
        self, client: Client, place: Location, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow, days_ago=30)
        visited(kim, flow, pack, days_ago=5)
        pinned = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
        pinned.locations.add(LocationFactory(studio=place.studio, slug="noord"))
        client.force_login(pinned.user)
        told = page(client, kim, f"packages/{pack.pk}/")
        assert "at another location" in told
        assert "Flow" not in told

    def test_one_visit_and_thirty_ask_the_same(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow, days_ago=90, uses=50)

        def queries() -> int:
            with CaptureQueriesContext(connection) as asked:
                page(client, kim, f"packages/{pack.pk}/")
            return len(asked)

        visited(kim, flow, pack, days_ago=1)
        queries()
        one = queries()
        for number in range(29):
            visited(kim, flow, pack, days_ago=number + 2)
        assert queries() == one


class TestSelling:
    def test_a_sale_can_be_back_dated_on_the_clock_of_the_place(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem, place: Location
    ) -> None:
        package = flow.packages.get()
        send(client, kim, "sell/", package=package.pk, purchased_at="2026-01-05T09:30")
        assert kim.purchases.get().purchased_at == datetime(2026, 1, 5, 9, 30, tzinfo=place.tz)

    def test_who_may_not_see_money_sells_for_the_price_of_the_package(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        send(client, kim, "sell/", package=flow.packages.get().pk, price="1.00")
        assert kim.purchases.get().price == Decimal("60.00")

    def test_a_form_that_is_sent_twice_sells_once(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        data = {"package": flow.packages.get().pk, "action_id": uuid4()}
        for _again in range(2):
            assert client.post(f"/ours/members/{kim.pk}/packages/sell/", data).status_code == 302
        assert kim.purchases.count() == 1

    def test_tomorrow_is_refused_beside_the_field(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        answer = send(client, kim, "sell/", package=flow.packages.get().pk, purchased_at="2099-01-05T09:30")
        assert answer.status_code == 422
        assert answer.context["form"].errors["purchased_at"] == ["A sale cannot lie in the future."]
        assert not kim.purchases.exists()

    def test_then_unpaid_visits_are_offered_and_only_the_ticked_ones_use_it(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        """Q8: nothing happens by itself."""
        first, second = (visited(kim, flow, None, days_ago=ago) for ago in (3, 2))
        answer = send(client, kim, "sell/", package=flow.packages.get().pk)
        pack = kim.purchases.get()
        assert "2 unpaid visits could use this" in client.get(answer["Location"]).content.decode()
        assert not Reservation.objects.filter(purchase=pack).exists()
        send(client, kim, f"{pack.pk}/use/", visit=[first.pk])
        assert list(Reservation.objects.filter(purchase=pack)) == [first]
        other = visited(MemberFactory(studio=kim.studio), flow, None, days_ago=1)
        send(client, kim, f"{pack.pk}/use/", visit=[other.pk])
        other.refresh_from_db()
        second.refresh_from_db()
        assert (other.purchase, second.purchase) == (None, None)


class TestChanging:
    def test_hold_resume_extend_expire_revive_and_refund_stand_in_the_ledger(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack, today = buy(kim, flow), timezone.localdate(timezone=flow.location.tz)
        for deed, data in (
            ("hold", {"first_on": today, "reason": "knee"}),
            ("resume", {}),
            ("extend", {"last_on": today + 30 * DAY, "reason": "knee"}),
            ("expire", {}),
            ("revive", {}),
            ("refund", {"amount": "12.50", "reason": "moved"}),
        ):
            assert send(client, kim, f"{pack.pk}/{deed}/", **data).status_code == 302, deed
        kinds = [entry.kind for entry in LedgerEntry.objects.filter(purchase=pack)]
        assert kinds == ["held", "resumed", "extended", "expired", "revived", "refunded"]
        assert "12.50" in page(client, kim, f"packages/{pack.pk}/")

    def test_a_hold_that_has_not_begun_can_be_taken_back(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack, today = buy(kim, flow), timezone.localdate(timezone=flow.location.tz)
        send(client, kim, f"{pack.pk}/hold/", first_on=today + 9 * DAY)
        assert "Take the hold back" in page(client, kim, f"packages/{pack.pk}/")
        assert send(client, kim, f"{pack.pk}/resume/").status_code == 302
        assert not pack.holds.exists()
        assert "Take the hold back" not in page(client, kim, f"packages/{pack.pk}/")

    def test_what_cannot_be_done_is_said_at_its_form(
        self, client: Client, owner: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow)
        visited(kim, flow, pack, days_ago=0.5)
        answer = send(client, kim, f"{pack.pk}/adjust/", uses="-5", reason="wrong pack")
        assert answer.status_code == 422
        assert "1 are used or planned" in answer.content.decode()
        assert [deed.name for deed in answer.context["deeds"] if deed.is_open] == ["adjust"]
        assert send(client, kim, f"{pack.pk}/extend/", last_on="").status_code == 422

    def test_the_desk_holds_and_does_not_refund(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        pack = buy(kim, flow)
        names = [deed.name for deed in client.get(f"/ours/members/{kim.pk}/packages/{pack.pk}/").context["deeds"]]
        assert names == ["hold"]
        assert send(client, kim, f"{pack.pk}/refund/", amount="1", reason="x").status_code == 403

    def test_a_hold_shows_the_bookings_it_hits_and_another_purchase_is_found(
        self, client: Client, desk: StaffLogin, kim: Member, flow: CalendarItem
    ) -> None:
        """Q7: the booking keeps what it uses until somebody asks."""
        spare, pack = buy(kim, flow, days_ago=60), buy(kim, flow)
        coming = SessionFactory(item=flow, starts_at=timezone.now() + 2 * DAY)
        made = actions.reserve(coming, kim, source="desk", action_id=uuid4(), by=desk, now=timezone.now()).reservation
        assert made.purchase == pack
        assert "Find another purchase" not in page(client, kim)
        send(client, kim, f"{pack.pk}/hold/", first_on=timezone.localdate())
        made.refresh_from_db()
        assert made.purchase == pack
        for rest in ("packages/", f"packages/{pack.pk}/"):
            assert "Find another purchase" in page(client, kim, rest)
        client.post(f"/ours/reservations/{made.pk}/choose-again/", {"action_id": uuid4()})
        made.refresh_from_db()
        assert (made.purchase, made.assigned) == (spare, "rule")
        assert "Find another purchase" not in page(client, kim)
