"""Free passes from before a marketplace was connected: found, retired in one step, taken back in one (I13)."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings import actions as booking
from bookings.models import ItemPackage
from marketplace import actions
from marketplace.rules.old_passes import LooksBecause, likeness
from marketplace.selectors.old_passes import Habits, habits
from packages import actions as packages
from packages.models import LedgerEntry, Package, Purchase
from portal.models import Change, Location, StaffLogin
from portal.roles import Preset
from tests.at_once import at_once
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

pytestmark = pytest.mark.django_db
FREE = Decimal("0.00")


@pytest.mark.parametrize(
    ("name", "price", "reason", "word"),
    [
        ("Wellpass Check-in", "0", LooksBecause.NAMED_AFTER, "wellpass"),
        ("EGYM-Wellpass", "0.00", LooksBecause.NAMED_AFTER, "egym wellpass"),
        ("urban sports club M", "0", LooksBecause.NAMED_AFTER, "urban sports"),
        ("ONEFIT", "0", LooksBecause.NAMED_AFTER, "onefit"),
        ("Fítpäss", "0", LooksBecause.NAMED_AFTER, "fitpass"),
        ("Sporty Seven Pass", "0", LooksBecause.NAMED_AFTER, "Sporty Seven"),
        ("Free pass (marketplace)", "0", LooksBecause.WORD, "marketplace"),
        ("Wellpass upgrade", "10", LooksBecause.COSTS_MONEY, ""),
        ("Focus and Discus", "0", LooksBecause.NOTHING, ""),
        ("Free trial", "0", LooksBecause.NOTHING, ""),
        ("Staff", "0", LooksBecause.NOTHING, ""),
        ("", "0", LooksBecause.NOTHING, ""),
    ],
)
def test_what_looks_like_a_pass_and_why(name: str, price: str, reason: LooksBecause, word: str) -> None:
    found = likeness(name, Decimal(price), ["Sporty Seven", ""])
    assert (found.reason, found.word) == (reason, word)
    assert found.looks_like_pass is (reason in {LooksBecause.NAMED_AFTER, LooksBecause.WORD})


@pytest.fixture
def place() -> Location:
    return LocationFactory()


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


@pytest.fixture
def client(manager: StaffLogin) -> Client:
    client = Client()
    client.force_login(manager.user)
    return client


def package(place: Location, name: str = "Wellpass", price: Decimal = FREE) -> Package:
    return PackageVersionFactory(package__studio=place.studio, package__name=name, price=price).package


def given(package: Package, **fields: Any) -> Purchase:
    return PurchaseFactory(version=package.versions.first(), member__studio=package.studio, **fields)


def url(place: Location, name: str = "old_passes", *args: Any) -> str:
    return reverse(f"marketplace:{name}", args=[place.studio.slug, *args])


def rows(client: Client, place: Location) -> list[Any]:
    return [one for one, _why in client.get(url(place)).context["rows"]]


def retire(client: Client, place: Location, *wanted: Package) -> Any:
    return client.post(url(place, "old_passes_retire"), {"package": [one.pk for one in wanted]}, follow=True)


def test_the_finder_lists_free_passes_with_their_members_and_what_is_open(client: Client, place: Location) -> None:
    wellpass, five = package(place), package(place, "5 Pack", Decimal(60))
    held = [given(wellpass), given(wellpass), given(wellpass, uses=None)]
    given(wellpass, member=held[0].member)
    given(wellpass, price=Decimal(5))  # paid for, so none of ours
    given(wellpass, expired_at=timezone.now())
    given(wellpass, expires_on=place.local_day(timezone.now()) - timedelta(days=1))
    given(five)
    session = SessionFactory(item=CalendarItemFactory(location=place), starts_at=timezone.now() + timedelta(days=1))
    ItemPackage.objects.create(studio=place.studio, item=session.item, package=wellpass)
    booking.reserve(session, held[1].member, source="desk", action_id=uuid4(), by=None, now=timezone.now())
    (row,) = rows(client, place)
    assert (row.package, row.is_on_sale, row.purchases, len(row.members)) == (wellpass, True, 4, 3)
    assert (row.open_uses, row.unlimited, row.planned) == (14, 1, 1)
    assert row.alone == [session.item.name]
    page = client.get(url(place)).content.decode()
    assert "free, and “Wellpass” is in its name" in page
    assert "Nothing else on sale is for" in page
    assert habits(place.studio, day=place.local_day(timezone.now())) == Habits(on_sale=1, held=3)
    listed = client.get(url(place, "old_passes_members", wellpass.pk)).context["rows"]
    assert len(listed) == 4


def test_given_for_nothing_under_a_package_that_costs_money_now_is_found_too(client: Client, place: Location) -> None:
    upgraded = package(place, "OneFit", Decimal(10))
    assert rows(client, place) == []
    free = given(upgraded, price=FREE)
    (row,) = rows(client, place)
    assert (row.is_on_sale, row.purchases) == (False, 1)
    retire(client, place, upgraded)
    upgraded.refresh_from_db()
    free.refresh_from_db()
    assert upgraded.archived_at is None
    assert free.expired_at is not None


def test_retired_in_one_step_and_taken_back_in_one(client: Client, place: Location, manager: StaffLogin) -> None:
    wellpass, other, five = package(place), package(place, "Urban"), package(place, "5 Pack", Decimal(60))
    mine, theirs, paid = given(wellpass), given(other), given(five)
    answer = retire(client, place, wellpass)
    assert "1 package, 1 pass" in answer.content.decode()
    for row in (wellpass, other, five, mine, theirs, paid):
        row.refresh_from_db()
    assert (wellpass.archived_at is not None, mine.expired_at is not None) == (True, True)
    assert [other.archived_at, five.archived_at, theirs.expired_at, paid.expired_at] == [None] * 4
    change = Change.objects.get(kind="passes_retired")
    assert (change.by, change.after) == (manager, {"packages": [wellpass.pk], "purchases": [mine.pk]})
    assert LedgerEntry.objects.get(purchase=mine).by == manager
    client.post(url(place, "old_passes_restore", change.pk))
    wellpass.refresh_from_db()
    mine.refresh_from_db()
    assert [wellpass.archived_at, mine.expired_at] == [None, None]
    assert "taken back" in client.get(url(place)).content.decode()
    again = client.post(url(place, "old_passes_restore", change.pk), follow=True)
    assert "taken back already" in again.content.decode()
    assert Change.objects.filter(kind="passes_restored").count() == 1


def test_what_was_changed_since_is_left_alone_and_named(client: Client, place: Location, manager: StaffLogin) -> None:
    wellpass = package(place)
    refunded, revived, plain = given(wellpass), given(wellpass), given(wellpass)
    retire(client, place, wellpass)
    change, now = Change.objects.get(kind="passes_retired"), timezone.now()
    by: dict[str, Any] = {"by": manager, "now": now}
    packages.refund(refunded, amount=FREE, reason="moved", action_id=uuid4(), **by)
    packages.revive(revived, action_id=uuid4(), **by)
    packages.expire(revived, reason="again", action_id=uuid4(), **by)
    packages.restore_package(wellpass, **by)
    packages.archive_package(wellpass, **by)
    answer = client.post(url(place, "old_passes_restore", change.pk), follow=True).content.decode()
    assert "Taken back: 1 pass." in answer
    for one in (refunded, revived):
        assert f"Wellpass of {one.member.name}" in answer
    plain.refresh_from_db()
    revived.refresh_from_db()
    assert (plain.expired_at, revived.expired_at) == (None, now)
    assert Package.objects.get().archived_at == now


def test_booked_visits_keep_the_pass(client: Client, place: Location) -> None:
    wellpass = package(place)
    one = given(wellpass)
    session = SessionFactory(item=CalendarItemFactory(location=place), starts_at=timezone.now() + timedelta(days=1))
    ItemPackage.objects.create(studio=place.studio, item=session.item, package=wellpass)
    made = booking.reserve(session, one.member, source="desk", action_id=uuid4(), by=None, now=timezone.now())
    retire(client, place, wellpass)
    made.reservation.refresh_from_db()
    assert made.reservation.purchase == one
    assert made.reservation.cancelled_at is None


def test_only_what_looks_like_a_pass_can_be_retired(client: Client, place: Location) -> None:
    staff = package(place, "Staff")
    mine = given(staff)
    assert client.post(url(place, "old_passes_retire"), {"package": [staff.pk]}).status_code == 422
    assert client.post(url(place, "old_passes_retire"), {"package": ["x"]}).status_code == 422
    assert client.post(url(place, "old_passes_retire")).status_code == 422
    mine.refresh_from_db()
    assert mine.expired_at is None
    today, now = place.local_day(timezone.now()), timezone.now()
    assert actions.retire(place.studio, [staff.pk], reason="", day=today, by=None, now=now) is None


def test_another_studios_passes_are_neither_seen_nor_touched(client: Client, place: Location) -> None:
    theirs = given(package(LocationFactory()))
    assert rows(client, place) == []
    assert client.post(url(place, "old_passes_retire"), {"package": [theirs.package_id]}).status_code == 422
    assert client.get(url(place, "old_passes_members", theirs.package_id)).status_code == 404
    done = actions.retire(
        theirs.studio, [theirs.package_id], reason="x", day=place.local_day(timezone.now()), by=None, now=timezone.now()
    )
    assert done is not None
    assert client.post(url(place, "old_passes_restore", done.change.pk)).status_code == 404
    theirs.refresh_from_db()
    assert theirs.expired_at is not None


def test_as_many_queries_for_thirty_passes_as_for_one(client: Client, place: Location) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            client.get(url(place))
        return len(captured)

    first = package(place)
    given(first)
    retire(client, place, first)
    given(package(place, "Wellpass 0"))
    queries()
    for_one = queries()
    for number in range(1, 31):
        one = package(place, f"Wellpass {number}")
        given(one)
    assert queries() == for_one


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_retires_and_one_takes_back() -> None:
    place = LocationFactory()
    wellpass = package(place)
    mine = [given(wellpass) for _number in range(3)]
    day, now = place.local_day(timezone.now()), timezone.now()
    click = partial(actions.retire, place.studio, [wellpass.pk], reason="x", day=day, by=None, now=now)
    sale = partial(
        packages.sell, wellpass, MemberFactory(studio=place.studio), zone=place.tz, action_id=uuid4(), by=None,
        now=now - timedelta(seconds=1),
    )  # fmt: skip
    results = at_once([click, click, click, sale], threads=4)
    done = [one for one in results if isinstance(one, actions.Retired)]
    assert len(done) == 1
    # Whoever sold one before had it retired, too; whoever came later was told that it is off sale.
    assert Purchase.objects.filter(expired_at=None).count() == 0
    assert LedgerEntry.objects.filter(kind="expired").count() in {len(mine), len(mine) + 1}
    back = partial(actions.restore, place.studio, done[0].change.pk, by=None, now=timezone.now())
    taken = [one for one in at_once([back, back], threads=2) if isinstance(one, actions.Restored)]
    assert len(taken) == 1
    assert LedgerEntry.objects.filter(kind="revived").count() == LedgerEntry.objects.filter(kind="expired").count()
