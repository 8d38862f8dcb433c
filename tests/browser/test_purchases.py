"""A member's packages and "why?" in a real browser: by key, by drop-down, with undo; axe finds nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from bookings.models import ItemPackage, Reservation
from portal.models import Member, StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import LocationFactory, MemberFactory, ReservationFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageFactory, PackageVersionFactory, PurchaseFactory


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    place = LocationFactory(studio__slug="linden", slug="centrum", name="Centrum", zone="UTC")
    studio, now = place.studio, timezone.now()
    kim = MemberFactory(studio=studio, first_name="Kim", last_name="de Boer", number="4711")
    pack = PackageFactory(studio=studio, name="5 Pack")
    terms = PackageVersionFactory(package=pack)
    old, new = (PurchaseFactory(member=kim, version=terms, purchased_at=now - timedelta(days=ago)) for ago in (90, 20))
    session = SessionFactory(item__location=place, item__name="Vinyasa", starts_at=now - timedelta(days=2))
    ItemPackage.objects.create(studio=studio, item=session.item, package=pack)
    asked = {"packages": [pack.pk], "on": f"{now:%Y-%m-%d}", "order": "newest_first", "over_use": False}
    ReservationFactory(
        session=session, member=kim, attendance="checked_in", checked_in_at=session.starts_at, purchase=new,
        assigned="rule", choice=asked | {"looked_at": [[new.pk, None], [old.pk, None]]},
    )  # fmt: skip
    coming = SessionFactory(item=session.item, starts_at=now + timedelta(days=2))
    ReservationFactory(session=coming, member=kim, assigned="rule", choice=asked | {"looked_at": []})
    return StaffLoginFactory(studio=studio)


def test_the_purchase_is_changed_in_the_row_told_and_undone(owner: StaffLogin, open_page: OpenPage) -> None:
    kim = Member.objects.get(number="4711")
    old, new = kim.purchases.order_by("purchased_at")
    visit = Reservation.objects.get(purchase=new)
    page = open_page(owner, f"/linden/members/{kim.pk}/")
    assert violations(page) == []
    page.locator("tbody select").select_option(str(old.pk))
    toast = page.locator(".toast")
    expect(toast).to_contain_text("1 of 5 used, now 0 of 5 used")
    expect(page.locator("tbody tr").last).to_contain_text("by hand")
    assert Reservation.objects.get(pk=visit.pk).purchase == old
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator("main")).to_contain_text("0 of 5 used, now 1 of 5 used")
    assert Reservation.objects.get(pk=visit.pk).purchase == new


def test_why_opens_beside_the_list_and_has_a_page_of_its_own(owner: StaffLogin, open_page: OpenPage) -> None:
    kim = Member.objects.get(number="4711")
    page = open_page(owner, f"/linden/members/{kim.pk}/")
    page.get_by_role("link", name="Why?").click()
    expect(page.locator("#why")).to_contain_text("checked in", ignore_case=True)
    assert violations(page) == []
    page.get_by_role("link", name="See it drawn").click()
    expect(page.locator("svg.tree")).to_have_count(2)
    expect(page.locator("ol.said")).to_have_count(2)
    assert violations(page) == []
    page.goto(page.url.split("/reservations/")[0] + "/support/packages/")
    expect(page.locator("svg.tree")).to_have_count(2)
    assert violations(page) == []


def test_a_package_is_sold_and_put_on_hold_by_key_and_button(owner: StaffLogin, open_page: OpenPage) -> None:
    kim = Member.objects.get(number="4711")
    page = open_page(owner, f"/linden/members/{kim.pk}/")
    page.keyboard.press("k")
    expect(page.locator("nav.tabs [aria-current]")).to_have_text("Packages")
    assert violations(page) == []
    page.get_by_role("link", name="Sell package").click()
    assert violations(page) == []
    page.get_by_role("button", name="Sell to Kim de Boer").click()
    expect(page.locator(".offers")).to_contain_text("1 unpaid visit could use this")
    assert violations(page) == []
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Use it for these").click()
    expect(page.locator(".offers")).to_have_count(0)
    page.locator("tbody a.name").first.click()
    page.locator("summary", has_text="Put on hold").click()
    page.get_by_role("button", name="Put on hold").click()
    expect(page.locator("main")).to_contain_text("On hold since")
    expect(page.get_by_role("button", name="Find another purchase")).to_be_visible()
    assert violations(page) == []
