"""What a studio sells: the list, one package, making and changing it, off sale and on again (K8, Q10)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import ItemPackage
from bookings.rules import Attendance
from packages.models import Package
from portal.models import Change, Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, errors, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory, PurchaseFactory


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", country="NL")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


def five_pack(place: Location, **fields: Any) -> Package:
    terms = PackageVersionFactory(package__studio=place.studio, package__name="5 Pack", **fields)
    return terms.package


def bought(package: Package, **fields: Any) -> Any:
    fields.setdefault("purchased_at", NOW - timedelta(days=3))
    return PurchaseFactory(version=package.versions.first(), member=MemberFactory(studio=package.studio), **fields)


def terms(**fields: Any) -> dict[str, Any]:
    return {
        "name": "5 Pack", "uses": "5", "ends": "for", "valid_for": "2", "valid_unit": "months", "price": "60.00",
        "currency": "EUR", "tax_rate": "9", **fields,
    }  # fmt: skip


def row_of(answer: Any, package: Package) -> Any:
    (row,) = [row for row in answer.context["rows"] if row.package == package]
    return row


def test_the_list_counts_what_runs_and_what_is_owed(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place)
    item = CalendarItemFactory(location=place, name="Small Group")
    ItemPackage.objects.create(studio=place.studio, item=item, package=pack)
    running = bought(pack)
    past = SessionFactory(item=item, starts_at=NOW - timedelta(days=1))
    to_come = SessionFactory(item=item, starts_at=NOW + timedelta(days=1))
    for session, attendance in ((past, Attendance.CHECKED_IN), (to_come, Attendance.UNKNOWN)):
        ReservationFactory(
            session=session, member=running.member, purchase=running, assigned="rule", attendance=attendance,
            checked_in_at=NOW if attendance == Attendance.CHECKED_IN else None,
        )  # fmt: skip
    bought(pack, expires_on=NOW.date() + timedelta(days=14))  # on the last day that is soon
    bought(pack, expires_on=NOW.date() + timedelta(days=15))
    bought(pack, expires_on=NOW.date() - timedelta(days=1))  # over
    bought(pack, expired_at=NOW)
    bought(pack, refunded_at=NOW, refunded=Decimal(1))
    answer = ask(manager, "packages/")
    sold = row_of(answer, pack).sold
    # 5 - 1 used; what is planned is still owed. And two that are untouched.
    assert (sold.active, sold.owed, sold.lapsing, sold.unlimited) == (3, 14, 1, 0)
    assert "Small Group" in words(answer)
    assert "60.00 EUR" in words(answer)


def test_what_is_used_up_runs_no_longer(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place, uses=1)
    one = bought(pack)
    session = SessionFactory(item=CalendarItemFactory(location=place), starts_at=NOW - timedelta(days=1))
    ReservationFactory(session=session, member=one.member, purchase=one, assigned="rule")  # a no-show counts
    assert row_of(ask(manager, "packages/"), pack).sold.active == 0


def test_unlimited_ones_are_told_apart(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place, uses=None)
    bought(pack)
    sold = row_of(ask(manager, "packages/"), pack).sold
    assert (sold.active, sold.owed, sold.unlimited) == (1, 0, 1)


def test_without_packages_the_page_says_what_that_means(manager: StaffLogin) -> None:
    assert "Without packages every class is free" in words(ask(manager, "packages/"))


def test_a_package_is_put_on_sale(manager: StaffLogin, place: Location) -> None:
    answer = ask(manager, "packages/new/", terms(late_cancel_uses="on"), status=302)
    pack = place.studio.packages.get()
    version = pack.versions.get()
    assert (version.uses, version.valid_for, version.valid_unit, version.valid_until) == (5, 2, "months", None)
    assert (version.price, version.tax_rate, version.late_cancel_uses) == (Decimal(60), Decimal(9), True)
    assert answer.url == f"/linden/packages/items/#package-{pack.pk}"
    change = Change.objects.get(subject="package")
    assert (change.kind, change.by) == ("created", manager)
    assert "put on sale" in words(ask(manager, f"packages/{pack.pk}/"))


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name": ""}, "name", "required"),
        ({"uses": "0"}, "uses", "greater than or equal to 1"),
        ({"uses": "99999"}, "uses", "less than or equal to 32767"),
        ({"valid_for": ""}, "valid_for", "for how long"),
        ({"valid_for": "4000"}, "valid_for", "less than or equal to 3660"),
        ({"ends": "until"}, "valid_until", "which day is the last"),
        ({"ends": "x"}, "ends", "valid choice"),
        ({"price": "-1"}, "price", "greater than or equal to 0"),
        ({"price": "12345678.00"}, "price", "digits"),
        ({"currency": "eur"}, "currency", "Three capital letters"),
        ({"tax_rate": "101"}, "tax_rate", "less than or equal to 100"),
    ],
)
def test_terms_that_make_no_sense_are_refused_with_words(
    manager: StaffLogin, place: Location, fields: dict[str, str], field: str, sentence: str
) -> None:
    answer = ask(manager, "packages/new/", terms(**fields), status=422)
    assert sentence in " ".join(errors(answer)[field])
    assert not place.studio.packages.exists()


def test_a_name_is_there_once(manager: StaffLogin, place: Location) -> None:
    five_pack(place)
    answer = ask(manager, "packages/new/", terms(name="5 PACK"), status=422)
    assert "this name already" in errors(answer)["name"][0]
    five_pack(LocationFactory())  # another studio's
    ask(manager, "packages/new/", terms(name="10 Pack"), status=302)


def test_a_fixed_end_and_no_end(manager: StaffLogin, place: Location) -> None:
    ask(manager, "packages/new/", terms(ends="until", valid_until="2027-06-30"), status=302)
    ask(manager, "packages/new/", terms(name="For ever", ends="ever", valid_until="2027-06-30", uses=""), status=302)
    fixed, ever = (place.studio.packages.get(name=name).versions.get() for name in ("5 Pack", "For ever"))
    assert (fixed.valid_until, fixed.valid_for, fixed.valid_unit) == (date(2027, 6, 30), None, "")
    assert (ever.valid_until, ever.valid_for, ever.uses) == (None, None, None)


def seen_by(manager: StaffLogin, pack: Package) -> str:
    seen: str = ask(manager, f"packages/{pack.pk}/change/").context["form"].initial["seen"]
    return seen


def test_what_was_sold_keeps_its_terms_and_that_is_said_before(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place)
    old = bought(pack)
    bought(pack)
    page = ask(manager, f"packages/{pack.pk}/change/")
    assert "2 purchases keep the terms they were sold with. Other terms become version 2." in words(page)
    ask(manager, f"packages/{pack.pk}/change/", terms(price="65", seen=seen_by(manager, pack)), status=302)
    old.refresh_from_db()
    assert (old.version.number, old.version.price) == (1, Decimal(60))
    assert [(one.number, one.price) for one in pack.versions.all()] == [(2, Decimal(65)), (1, Decimal(60))]
    text = words(ask(manager, f"packages/{pack.pk}/"))
    assert "Price: 60.00 → 65" in text


def test_terms_that_nobody_bought_are_changed_in_place(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place)
    assert "Nobody has bought it on these terms yet" in words(ask(manager, f"packages/{pack.pk}/change/"))
    data = terms(name="Five", seen=seen_by(manager, pack))
    ask(manager, f"packages/{pack.pk}/change/", data, status=302)
    assert (place.studio.packages.get().name, pack.versions.get().valid_for) == ("Five", 2)


def test_two_editors_do_not_overwrite_each_other_unseen(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place)
    path, seen = f"packages/{pack.pk}/change/", seen_by(manager, pack)
    ask(manager, path, terms(price="70", seen=seen), status=302)
    answer = ask(manager, path, terms(price="80", seen=seen), status=422)
    assert "Meanwhile" in errors(answer)["__all__"][0]
    assert pack.versions.get().price == Decimal(70)
    again = answer.context["form"]["seen"].value()
    ask(manager, path, terms(price="80", seen=again), status=302)
    assert pack.versions.get().price == Decimal(80)


def test_off_sale_and_on_again(manager: StaffLogin, place: Location) -> None:
    pack = five_pack(place)
    ItemPackage.objects.create(studio=place.studio, item=CalendarItemFactory(location=place), package=pack)
    assert "1 offer would have nothing on sale; it does not become free" in words(ask(manager, f"packages/{pack.pk}/"))
    ask(manager, f"packages/{pack.pk}/archive/", {}, status=302)
    assert "All packages are archived" in words(ask(manager, "packages/"))
    assert row_of(ask(manager, "packages/?archived=1"), pack)
    ask(manager, f"packages/{pack.pk}/restore/", {}, status=302)
    assert row_of(ask(manager, "packages/"), pack)
    assert list(Change.objects.order_by("id").values_list("kind", flat=True)) == ["archived", "restored"]


@pytest.mark.parametrize("preset", [Preset.DESK, Preset.TEACHER, Preset.VIEWER])
def test_who_may_not_manage_packages_is_refused(place: Location, preset: Preset) -> None:
    pack, login = five_pack(place), StaffLoginFactory(studio=place.studio, preset=preset)
    for path in ("", "new/", "items/", f"{pack.pk}/", f"{pack.pk}/change/"):
        ask(login, f"packages/{path}", status=403)
    ask(login, f"packages/{pack.pk}/archive/", {}, status=403)


def test_another_studios_package_is_not_found(manager: StaffLogin) -> None:
    pack = five_pack(LocationFactory())
    for path in (f"{pack.pk}/", f"{pack.pk}/change/"):
        ask(manager, f"packages/{path}", status=404)
    ask(manager, f"packages/{pack.pk}/archive/", {}, status=404)


@pytest.mark.parametrize("path", ["packages/", "packages/{package}/", "packages/items/"])
def test_one_and_thirty_rows_ask_the_same_number_of_queries(manager: StaffLogin, place: Location, path: str) -> None:
    client = Client()
    client.force_login(manager.user)
    pack = five_pack(place)

    def another(number: int) -> None:
        one = PackageVersionFactory(package__studio=place.studio).package
        item = CalendarItemFactory(location=place)
        for package in (one, pack):
            ItemPackage.objects.create(studio=place.studio, item=item, package=package)
        bought(one)
        version = PackageVersionFactory(package=pack, number=number + 2, made_by=manager)
        PurchaseFactory(version=version)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/linden/{path.format(package=pack.pk)}").status_code == 200
        return len(queries)

    another(0)
    count()  # what a session of the browser costs once
    one = count()
    for number in range(1, 30):
        another(number)
    assert count() == one
