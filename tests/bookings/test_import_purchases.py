"""Purchases of another system: with their old moment, refused with reasons, taken back, and proven (Q5, N13)."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from bookings import actions
from bookings.models import ItemPackage
from bookings.purchase_import import balance_proof
from packages import actions as packages
from packages.models import LedgerEntry, Package, Purchase
from portal.imports import runs
from portal.models import ImportRow, ImportRun, Member, StaffLogin, Studio
from portal.roles import Preset
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory

HEADER = "Client ID,Pricing Option,Sale Date,Remaining,Expiration Date,Price,Sale ID"
FILE = f"""{HEADER}
4711,Five Pack,2026-01-31 18:00,4,2031-01-31,"60,00",S1
4711,Year Pass,2026-03-01,unlimited,,600,S2
4712,Five Pack,2025-12-01,0,2026-05-31,60.00,S3
9999,Five Pack,2026-01-01,3,,60,S4
4712,Five Pack,yesterday,many,,x,S5
"""
pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> StaffLogin:
    return StaffLoginFactory(studio=LocationFactory().studio)


@pytest.fixture
def studio(owner: StaffLogin) -> Studio:
    MemberFactory(studio=owner.studio, number="4711", first_name="Kim", last_name="Boer")
    MemberFactory(studio=owner.studio, number="4712", first_name="Anna", last_name="Vos")
    return owner.studio


def step(run: ImportRun, status: ImportRun.Status) -> ImportRun:
    runs.begin(run, status)
    runs.work_on(run.pk, now=timezone.now(), still_ours=lambda: None)
    return ImportRun.objects.get(pk=run.pk)


def checked(studio: Studio, owner: StaffLogin, content: str = FILE) -> ImportRun:
    run = runs.upload(studio, by=owner, file_name="sales.csv", content=content.encode(), now=timezone.now())
    assert run.kind == "purchases"
    return step(run, ImportRun.Status.CHECKING)


def imported(studio: Studio, owner: StaffLogin, content: str = FILE) -> ImportRun:
    run = checked(studio, owner, content)
    ImportRun.objects.filter(pk=run.pk).update(only_good_rows=True)
    return step(run, ImportRun.Status.WRITING)


def test_the_preview_says_what_would_be_and_writes_nothing(studio: Studio, owner: StaffLogin) -> None:
    run = checked(studio, owner)
    assert (run.counts["new"], run.counts["refused"], run.counts["new_package"]) == (3, 2, 2)
    assert not Purchase.objects.exists()
    assert not Package.objects.exists()
    unknown, bad = ImportRow.objects.filter(outcome="refused")
    assert unknown.reason_words == ["member number: There is no such member here. Import the members first."]
    assert len(bad.reason_words) == 3
    assert any("“many” is not a number of uses" in reason for reason in bad.reason_words)


def test_purchases_keep_the_moment_at_which_they_were_bought(studio: Studio, owner: StaffLogin) -> None:
    imported(studio, owner)
    five, year, old = Purchase.objects.order_by("pk")
    assert five.purchased_at == datetime(2026, 1, 31, 17, tzinfo=UTC)
    assert (five.uses, five.expires_on, str(five.price), five.source) == (4, date(2031, 1, 31), "60.00", "import")
    assert (year.uses, year.expires_on) == (None, None)
    assert (old.uses, old.expires_on, old.member.number) == (0, date(2026, 5, 31), "4712")
    assert set(LedgerEntry.objects.values_list("kind", "uses")) == {
        ("imported", 4),
        ("imported", None),
        ("imported", 0),
    }
    assert [one.name for one in Package.objects.all()] == ["Five Pack", "Year Pass"]


def test_the_rule_looks_at_them_by_their_old_moment(studio: Studio, owner: StaffLogin) -> None:
    terms = PackageVersionFactory(package__studio=studio, package__name="five pack")
    member = Member.objects.get(number="4711")
    sold = packages.sell(
        terms.package, member, zone=studio.locations.get().tz, action_id=uuid4(), by=owner, now=timezone.now(),
        purchased_at=datetime(2026, 1, 1, tzinfo=UTC),
    ).purchase  # fmt: skip
    imported(studio, owner)
    item = CalendarItemFactory(location=studio.locations.get())
    ItemPackage.objects.create(studio=studio, item=item, package=terms.package)
    session = SessionFactory(item=item, starts_at=timezone.now() + timedelta(days=1))
    visit = actions.reserve(session, member, source="desk", action_id=uuid4(), by=owner, now=timezone.now()).reservation
    assert visit.purchase != sold
    assert visit.purchase.purchased_at == datetime(2026, 1, 31, 17, tzinfo=UTC)


def test_the_same_file_again_brings_nothing(studio: Studio, owner: StaffLogin) -> None:
    imported(studio, owner)
    again = imported(studio, owner)
    assert (again.counts["new"], again.counts["unchanged"]) == (0, 3)
    assert Purchase.objects.count() == 3


def test_two_alike_without_a_number_are_two(studio: Studio, owner: StaffLogin) -> None:
    rows = "Client ID,Pricing Option,Sale Date,Remaining\n" + "4711,Five Pack,2026-01-31,5\n" * 2
    imported(studio, owner, rows)
    assert Purchase.objects.count() == 2
    assert imported(studio, owner, rows).counts["unchanged"] == 2


def test_what_was_changed_here_is_not_overwritten(studio: Studio, owner: StaffLogin) -> None:
    imported(studio, owner)
    Purchase.objects.filter(external_ref="S1").update(uses=9)
    run = checked(studio, owner)
    row = run.rows.get(line=2)
    assert row.outcome == "refused"
    assert "imported before" in row.reason_words[0]


def test_without_a_column_for_the_last_day_the_package_says_it(studio: Studio, owner: StaffLogin) -> None:
    PackageVersionFactory(package__studio=studio, package__name="Five Pack", valid_for=1, valid_unit="months")
    imported(studio, owner, "Client ID,Pricing Option,Sale Date,Remaining\n4711,Five Pack,2026-01-31,5\n")
    assert Purchase.objects.get().expires_on == date(2026, 2, 28)
    assert Package.objects.count() == 1


class TestTakingBack:
    def test_all_of_it_goes(self, studio: Studio, owner: StaffLogin) -> None:
        run = step(imported(studio, owner), ImportRun.Status.UNDOING)
        assert run.counts["kept"] == 0
        assert not Purchase.objects.exists()
        assert not Package.objects.exists()
        assert not LedgerEntry.objects.exists()

    def test_what_was_used_or_changed_since_stays(self, studio: Studio, owner: StaffLogin) -> None:
        run = imported(studio, owner)
        held = Purchase.objects.get(external_ref="S2")
        packages.hold(
            held, first_on=date(2026, 7, 1), last_on=None, reason="", action_id=uuid4(), by=owner, now=timezone.now()
        )
        item = CalendarItemFactory(location=studio.locations.get())
        ItemPackage.objects.create(studio=studio, item=item, package=Package.objects.get(name="Five Pack"))
        session = SessionFactory(item=item, starts_at=timezone.now() + timedelta(days=1))
        member = Member.objects.get(number="4711")
        actions.reserve(session, member, source="desk", action_id=uuid4(), by=owner, now=timezone.now())
        run = step(run, ImportRun.Status.UNDOING)
        assert [one.external_ref for one in Purchase.objects.order_by("pk")] == ["S1", "S2"]
        assert Package.objects.count() == 2
        assert {row.line for row in run.rows.exclude(kept="")} == {2, 3}


class TestProof:
    def test_each_member_old_and_new_what_differs_first(self, studio: Studio, owner: StaffLogin) -> None:
        run = imported(studio, owner)
        lost, anna, kim = balance_proof(run, now=timezone.now())
        assert (lost.name, lost.old, lost.new, lost.refused, lost.agrees) == ("9999", 3, 0, 1, False)
        assert (anna.number, anna.old, anna.new, anna.refused) == ("4712", 0, 0, 1)
        assert (kim.number, kim.old, kim.new, kim.old_unlimited, kim.new_unlimited, kim.agrees) == (
            "4711", 4, 4, 1, 1, True,
        )  # fmt: skip

    def test_a_visit_since_is_seen(self, studio: Studio, owner: StaffLogin) -> None:
        run = imported(studio, owner)
        Purchase.objects.filter(external_ref="S1").update(uses=3)
        assert [(one.old, one.new) for one in balance_proof(run, now=timezone.now()) if one.number == "4711"] == [
            (4, 3)
        ]

    def test_the_file_can_be_downloaded_before_and_after(
        self, client: Client, studio: Studio, owner: StaffLogin
    ) -> None:
        client.force_login(owner.user)
        for run in (checked(studio, owner), imported(studio, owner)):
            page = client.get(f"/{studio.slug}/imports/{run.pk}/").content.decode()
            address = f"/{studio.slug}/imports/{run.pk}/balances.csv"
            assert address in page
            text = b"".join(client.get(address)).decode("utf-8-sig")  # type: ignore[arg-type]
            rows = list(csv.reader(io.StringIO(text)))
            assert rows[0][:6] == ["Member number", "Member", "Rows", "Refused", "Left in the file", "Left here"]
            assert ["4711", "Kim Boer", "2", "0", "4", "4", "1", "1", "yes"] in rows

    def test_only_who_may_import(self, client: Client, studio: Studio, owner: StaffLogin) -> None:
        run = imported(studio, owner)
        client.force_login(StaffLoginFactory(studio=studio, preset=Preset.DESK).user)
        assert client.get(f"/{studio.slug}/imports/{run.pk}/balances.csv").status_code == 403

    def test_the_number_of_queries_is_constant(
        self, studio: Studio, owner: StaffLogin, django_assert_num_queries: Any
    ) -> None:
        run = imported(studio, owner)
        with django_assert_num_queries(3):
            list(balance_proof(run, now=timezone.now()))
