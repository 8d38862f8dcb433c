"""Packages and purchases: what each verb writes, what it refuses, and what PostgreSQL keeps."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from packages import actions
from packages.actions import ActionIdReused, NotPossible, Reason
from packages.models import Hold, LedgerEntry, Package, PackageVersion, Purchase
from packages.signals import purchase_changed
from portal.models import Change, StaffLogin
from tests.factories import MemberFactory, StaffLoginFactory
from tests.factories.packages import PackageFactory, PackageVersionFactory, PurchaseFactory

NOW = datetime(2026, 6, 15, 9, tzinfo=UTC)
TODAY = date(2026, 6, 15)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> StaffLogin:
    return StaffLoginFactory()


@pytest.fixture
def five_pack(desk: StaffLogin) -> Package:
    terms = {"uses": 5, "price": Decimal(60), "valid_for": 1, "valid_unit": "months"}
    return actions.make_package(desk.studio, name="5 Pack", terms=terms, by=desk, now=NOW)


@pytest.fixture
def bought(five_pack: Package, desk: StaffLogin) -> Purchase:
    return sell(five_pack, desk).purchase


def sell(package: Package, by: StaffLogin, **asked: Any) -> actions.Done:
    member = asked.pop("member", None) or MemberFactory(studio=package.studio)
    return actions.sell(package, member, **({"zone": AMSTERDAM, "action_id": uuid4(), "by": by, "now": NOW} | asked))


def do(verb: Any, purchase: Purchase, by: StaffLogin, **asked: Any) -> actions.Done:
    return verb(purchase, **({"action_id": uuid4(), "by": by, "now": NOW} | asked))


class TestPackages:
    def test_terms_that_nobody_bought_are_changed_in_place(self, five_pack: Package, desk: StaffLogin) -> None:
        version = actions.change_package(five_pack, name="5 Pack", terms={"price": Decimal(65)}, by=desk, now=NOW)
        assert list(five_pack.versions.values_list("number", "price", "uses")) == [(1, Decimal(65), 5)]
        assert version.number == 1

    def test_terms_that_were_sold_stay_and_a_new_version_is_sold(self, five_pack: Package, desk: StaffLogin) -> None:
        old = sell(five_pack, desk).purchase
        actions.change_package(five_pack, name="5 Pack", terms={"uses": 6}, by=desk, now=NOW)
        new = sell(five_pack, desk).purchase
        old.refresh_from_db()
        assert [(one.version.number, one.uses) for one in (old, new)] == [(1, 5), (2, 6)]
        logged = Change.objects.filter(subject="package").values_list("kind", "before", "after")
        assert logged[0] == ("changed", {"uses": 5}, {"uses": 6, "version": 2})

    def test_a_new_name_makes_no_new_version(self, five_pack: Package, desk: StaffLogin, bought: Purchase) -> None:
        actions.change_package(five_pack, name="Five", terms={}, by=desk, now=NOW)
        five_pack.refresh_from_db()
        assert (five_pack.name, five_pack.versions.count()) == ("Five", 1)

    def test_postgresql_keeps_sold_terms(self, bought: Purchase) -> None:
        with pytest.raises(DatabaseError, match="its terms stay"), transaction.atomic():
            PackageVersion.objects.update(uses=50)

    def test_an_archived_package_is_not_sold_and_can_come_back(self, five_pack: Package, desk: StaffLogin) -> None:
        actions.archive_package(five_pack, by=desk, now=NOW)
        with pytest.raises(NotPossible) as refused:
            sell(five_pack, desk)
        assert refused.value.reason is Reason.ARCHIVED
        actions.restore_package(five_pack, by=desk, now=NOW)
        assert sell(five_pack, desk).purchase.pk

    @pytest.mark.parametrize(
        ("terms", "bought_on", "last_day"),
        [
            ({"valid_for": 10, "valid_unit": "days"}, date(2026, 6, 15), date(2026, 6, 24)),
            ({"valid_for": 1, "valid_unit": "weeks"}, date(2026, 6, 15), date(2026, 6, 21)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 6, 15), date(2026, 7, 14)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 1, 28), date(2026, 2, 27)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 1, 29), date(2026, 2, 28)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 1, 31), date(2026, 2, 28)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 2, 1), date(2026, 2, 28)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 3, 31), date(2026, 4, 30)),
            ({"valid_for": 1, "valid_unit": "months"}, date(2026, 2, 28), date(2026, 3, 27)),
            ({"valid_for": 12, "valid_unit": "months"}, date(2028, 2, 29), date(2029, 2, 28)),
            ({"valid_until": date(2026, 12, 31)}, date(2026, 6, 15), date(2026, 12, 31)),
            ({}, date(2026, 6, 15), None),
        ],
    )
    def test_the_last_day(self, terms: dict[str, Any], bought_on: date, last_day: date | None) -> None:
        assert PackageVersion(**terms).last_day(bought_on) == last_day

    @pytest.mark.parametrize(
        "terms",
        [
            {"uses": 0},
            {"valid_for": 1, "valid_unit": ""},
            {"valid_for": None, "valid_unit": "days"},
            {"valid_for": 1, "valid_unit": "days", "valid_until": TODAY},
            {"price": Decimal(-1)},
        ],
    )
    def test_postgresql_refuses_terms_that_make_no_sense(self, terms: dict[str, Any]) -> None:
        package = PackageFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            PackageVersionFactory(package=package, **terms)


class TestSelling:
    def test_a_sale_is_a_purchase_with_the_terms_and_one_entry(self, five_pack: Package, desk: StaffLogin) -> None:
        heard = []
        listener = lambda **news: heard.append(news["entry"].kind)  # noqa: E731 - kept alive by the name
        purchase_changed.connect(listener)
        purchase = sell(five_pack, desk).purchase
        assert (purchase.uses, purchase.price, purchase.expires_on) == (5, Decimal(60), date(2026, 7, 14))
        entry = LedgerEntry.objects.get()
        assert (entry.kind, entry.uses, entry.by) == ("sold", 5, desk)
        assert heard == ["sold"]

    def test_the_day_of_purchase_is_the_day_where_it_was_sold(self, five_pack: Package, desk: StaffLogin) -> None:
        late = datetime(2026, 6, 14, 22, 30, tzinfo=UTC)  # half past midnight in Amsterdam
        assert sell(five_pack, desk, purchased_at=late).purchase.expires_on == date(2026, 7, 14)

    def test_a_sale_of_the_past_keeps_its_moment_and_one_of_the_future_is_refused(
        self, five_pack: Package, desk: StaffLogin
    ) -> None:
        assert sell(five_pack, desk, purchased_at=NOW - timedelta(days=3)).purchase.purchased_at.day == 12
        with pytest.raises(NotPossible) as refused:
            sell(five_pack, desk, purchased_at=NOW + timedelta(minutes=1))
        assert refused.value.reason is Reason.IN_THE_FUTURE

    def test_sent_twice_it_is_sold_once(self, five_pack: Package, desk: StaffLogin) -> None:
        action, member = uuid4(), MemberFactory(studio=desk.studio)
        first = sell(five_pack, desk, action_id=action, member=member)
        second = sell(five_pack, desk, action_id=action, member=member)
        assert (second.repeated, second.purchase, Purchase.objects.count()) == (True, first.purchase, 1)

    @pytest.mark.parametrize("other", ["package", "member", "price", "purchased_at"])
    def test_one_button_does_not_sell_something_else_the_second_time(
        self, five_pack: Package, desk: StaffLogin, other: str
    ) -> None:
        """Back in the browser, something else chosen, sent again: "sold" would be a lie."""
        asked: dict[str, Any] = {"action_id": uuid4(), "member": MemberFactory(studio=desk.studio)}
        sell(five_pack, desk, **asked)
        ten_pack = actions.make_package(desk.studio, name="10 Pack", terms={"uses": 10}, by=desk, now=NOW)
        changed: dict[str, Any] = {
            "package": ten_pack,
            "member": MemberFactory(studio=desk.studio),
            "price": Decimal(55),
            "purchased_at": NOW - timedelta(days=1),
        }
        wanted = {"package": five_pack} | asked | {other: changed[other]}
        with pytest.raises(ActionIdReused):
            sell(wanted.pop("package"), desk, **wanted)

    def test_another_studios_member_cannot_buy(self, five_pack: Package, desk: StaffLogin) -> None:
        sell(five_pack, desk, member=MemberFactory())
        with pytest.raises(IntegrityError, match="purchase_by_its_member"):
            connection.check_constraints()


class TestHolds:
    def test_both_days_are_in_and_the_day_after_is_not(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.hold, bought, desk, first_on=TODAY, last_on=TODAY + timedelta(days=6), reason="")
        days = [TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=6), TODAY + timedelta(days=7)]
        assert [Purchase.objects.on_hold(day).exists() for day in days] == [False, True, True, False]
        assert [Purchase.objects.usable_on(day).exists() for day in days] == [True, False, False, True]

    def test_without_an_end_it_rests_until_it_is_resumed(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.hold, bought, desk, first_on=TODAY, last_on=None, reason="broken leg")
        assert Purchase.objects.on_hold(date(2030, 1, 1)).exists()
        done = do(actions.resume, bought, desk, on=TODAY + timedelta(days=10))
        assert done.entry.after == {"first_on": "2026-06-25", "rested_days": 10}
        assert not Purchase.objects.on_hold(TODAY + timedelta(days=10)).exists()
        assert Purchase.objects.on_hold(TODAY + timedelta(days=9)).exists()

    def test_resumed_on_its_first_day_it_never_rested(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.hold, bought, desk, first_on=TODAY, last_on=None, reason="")
        do(actions.resume, bought, desk, on=TODAY)
        assert not bought.holds.exists()

    def test_one_that_has_not_begun_is_taken_back(self, bought: Purchase, desk: StaffLogin) -> None:
        """Typed for the wrong month: no need to wait until it begins."""
        past, coming = TODAY - timedelta(days=9), TODAY + timedelta(days=9)
        do(actions.hold, bought, desk, first_on=past, last_on=past, reason="")
        do(actions.hold, bought, desk, first_on=coming, last_on=None, reason="")
        done = do(actions.resume, bought, desk, on=TODAY)
        assert done.entry.after == {"first_on": coming.isoformat(), "rested_days": 0}
        assert [one.first_on for one in bought.holds.all()] == [past]

    def test_two_holds_never_overlap(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.hold, bought, desk, first_on=TODAY, last_on=None, reason="")
        with pytest.raises(NotPossible) as refused:
            do(actions.hold, bought, desk, first_on=TODAY + timedelta(days=400), last_on=None, reason="")
        assert refused.value.reason is Reason.ON_HOLD
        with pytest.raises(IntegrityError, match="one_hold_at_a_time"), transaction.atomic():
            Hold.objects.create(purchase=bought, first_on=TODAY + timedelta(days=9), last_on=None)

    def test_what_makes_no_sense_is_refused(self, bought: Purchase, desk: StaffLogin) -> None:
        with pytest.raises(NotPossible) as refused:
            do(actions.hold, bought, desk, first_on=TODAY, last_on=TODAY - timedelta(days=1), reason="")
        assert refused.value.reason is Reason.ENDS_BEFORE_IT_BEGINS
        with pytest.raises(NotPossible) as refused:
            do(actions.resume, bought, desk, on=TODAY)
        assert refused.value.reason is Reason.NOT_ON_HOLD


class TestOtherChanges:
    def test_expired_by_hand_it_ends_at_once_and_can_be_revived(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.expire, bought, desk, reason="moved away")
        assert not Purchase.objects.usable_on(TODAY).exists()
        with pytest.raises(NotPossible) as refused:
            do(actions.hold, bought, desk, first_on=TODAY, last_on=None, reason="")
        assert refused.value.reason is Reason.EXPIRED
        do(actions.revive, bought, desk)
        assert Purchase.objects.usable_on(TODAY).exists()

    def test_another_last_day_needs_a_reason(self, bought: Purchase, desk: StaffLogin) -> None:
        with pytest.raises(NotPossible) as refused:
            do(actions.extend, bought, desk, last_on=date(2026, 8, 1), reason=" ")
        assert refused.value.reason is Reason.REASON_MISSING
        done = do(actions.extend, bought, desk, last_on=date(2026, 8, 1), reason="we were closed")
        assert (done.entry.before, done.entry.after) == ({"expires_on": "2026-07-14"}, {"expires_on": "2026-08-01"})

    def test_uses_are_added_and_taken_but_never_below_what_is_spoken_for(
        self, bought: Purchase, desk: StaffLogin
    ) -> None:
        do(actions.adjust, bought, desk, uses=2, spoken_for=lambda _locked: 4, reason="sorry for the cold room")
        with pytest.raises(NotPossible) as refused:
            do(actions.adjust, bought, desk, uses=-4, spoken_for=lambda _locked: 4, reason="x")
        assert (refused.value.reason, refused.value.fact) == (Reason.BELOW_USED, 4)
        do(actions.adjust, bought, desk, uses=-3, spoken_for=lambda _locked: 4, reason="x")
        bought.refresh_from_db()
        assert bought.uses == 4
        assert list(bought.entries.values_list("uses", flat=True)) == [5, 2, -3]

    def test_an_unlimited_one_cannot_be_adjusted(self, desk: StaffLogin) -> None:
        unlimited = PurchaseFactory(studio=desk.studio, version__uses=None, version__package__studio=desk.studio)
        with pytest.raises(NotPossible) as refused:
            do(actions.adjust, unlimited, desk, uses=1, spoken_for=lambda _locked: 0, reason="x")
        assert refused.value.reason is Reason.UNLIMITED

    def test_no_more_uses_than_can_be_written(self, bought: Purchase, desk: StaffLogin) -> None:
        Purchase.objects.filter(pk=bought.pk).update(uses=32_000)
        with pytest.raises(NotPossible) as refused:
            do(actions.adjust, bought, desk, uses=1000, spoken_for=lambda _locked: 0, reason="x")
        assert (refused.value.reason, refused.value.fact) == (Reason.TOO_MANY, 32_767)

    @pytest.mark.parametrize("amount", [Decimal("60.01"), Decimal(-1)])
    def test_no_more_is_refunded_than_was_paid(self, bought: Purchase, desk: StaffLogin, amount: Decimal) -> None:
        with pytest.raises(NotPossible) as refused:
            do(actions.refund, bought, desk, amount=amount, reason="x")
        assert refused.value.reason is Reason.MORE_THAN_PAID

    def test_a_refund_ends_it_once(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.refund, bought, desk, amount=Decimal(24), reason="two used, three returned")
        assert not Purchase.objects.usable_on(TODAY).exists()
        with pytest.raises(NotPossible) as refused:
            do(actions.refund, bought, desk, amount=Decimal(1), reason="x")
        assert refused.value.reason is Reason.REFUNDED

    def test_one_action_id_is_one_action(self, bought: Purchase, desk: StaffLogin) -> None:
        action = uuid4()
        do(actions.expire, bought, desk, reason="x", action_id=action)
        assert do(actions.expire, bought, desk, reason="x", action_id=action).repeated
        with pytest.raises(ActionIdReused):
            do(actions.revive, bought, desk, action_id=action)

    @pytest.mark.parametrize(
        ("verb", "first", "second"),
        [
            (actions.hold, {"first_on": TODAY, "last_on": TODAY}, {"first_on": TODAY, "last_on": None}),
            (actions.extend, {"last_on": date(2026, 8, 1)}, {"last_on": None}),
            (actions.adjust, {"uses": 1, "spoken_for": lambda _one: 0}, {"uses": 3, "spoken_for": lambda _one: 0}),
            (actions.refund, {"amount": Decimal(24)}, {"amount": Decimal(42)}),
        ],
    )
    def test_the_same_button_with_other_values_is_not_said_to_be_done(
        self, bought: Purchase, desk: StaffLogin, verb: Any, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        action = uuid4()
        do(verb, bought, desk, reason="x", action_id=action, **first)
        assert do(verb, bought, desk, reason="x", action_id=action, **first).repeated
        with pytest.raises(ActionIdReused):
            do(verb, bought, desk, reason="x", action_id=action, **second)

    def test_what_was_refunded_stays_as_it_is(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.hold, bought, desk, first_on=TODAY, last_on=None, reason="")
        do(actions.expire, bought, desk, reason="moved away")
        do(actions.refund, bought, desk, amount=Decimal(60), reason="never came")
        for verb, asked in ((actions.revive, {}), (actions.resume, {"on": TODAY})):
            with pytest.raises(NotPossible) as refused:
                do(verb, bought, desk, **asked)
            assert refused.value.reason is Reason.REFUNDED

    @pytest.mark.parametrize("rewrite", [lambda rows: rows.update(uses=50), lambda rows: rows.delete()])
    def test_nobody_rewrites_the_ledger(self, bought: Purchase, rewrite: Any) -> None:
        with pytest.raises(DatabaseError, match="appended"), transaction.atomic():
            rewrite(LedgerEntry.objects.filter(purchase=bought))


class TestManyAtOnce:
    def test_all_that_run_are_ended_and_come_back_with_an_entry_each(
        self, five_pack: Package, desk: StaffLogin
    ) -> None:
        one, two, over = (sell(five_pack, desk).purchase for _number in range(3))
        do(actions.expire, over, desk, reason="earlier")
        heard: list[Any] = []
        hear = lambda purchase, entry, **_given: heard.append((purchase.pk, entry.kind))  # noqa: E731
        purchase_changed.connect(hear)
        try:
            later = NOW + timedelta(hours=1)
            ended = actions.expire_all(Purchase.objects.all(), reason=" old ", by=desk, now=later)
            assert [(purchase.pk, purchase.expired_at) for purchase in ended] == [(one.pk, later), (two.pk, later)]
            assert actions.expire_all(Purchase.objects.all(), reason="", by=desk, now=later) == []
            back = actions.revive_all(Purchase.objects.filter(pk__in=[one.pk, two.pk]), by=desk, now=later)
        finally:
            purchase_changed.disconnect(hear)
        assert [purchase.expired_at for purchase in back] == [None, None]
        assert heard == [(one.pk, "expired"), (two.pk, "expired"), (one.pk, "revived"), (two.pk, "revived")]
        entries = LedgerEntry.objects.filter(purchase=two).order_by("pk")
        assert [(entry.kind, entry.reason, entry.by) for entry in entries][1:] == [
            ("expired", "old", desk),
            ("revived", "", desk),
        ]
        assert entries[2].before == {"expired_at": str(later)}

    def test_what_was_refunded_is_left_alone(self, bought: Purchase, desk: StaffLogin) -> None:
        do(actions.refund, bought, desk, amount=Decimal(0), reason="moved")
        assert actions.expire_all(Purchase.objects.all(), reason="", by=desk, now=NOW) == []
        Purchase.objects.update(expired_at=NOW)
        assert actions.revive_all(Purchase.objects.all(), by=desk, now=NOW) == []
