"""The screens of packages in a browser: making one, the matrix, *what if*, selling from a row; axe finds nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.models import ItemPackage, Reservation
from packages.models import Package
from portal.models import StaffLogin
from portal.roles import Preset
from tests.browser.conftest import OpenPage, violations
from tests.factories import LocationFactory, MemberFactory, ReservationFactory, SessionFactory, StaffLoginFactory
from tests.factories.packages import PackageVersionFactory, PurchaseFactory

SIZES = ({"width": 1440, "height": 900}, {"width": 1024, "height": 768}, {"width": 390, "height": 844})
LONG = "Ten mornings of small groups with a teacher of your own choice"


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    """A class now, which takes one package: Kim's visit uses it, Ada's is unpaid."""
    place = LocationFactory(studio__slug="linden", slug="centrum", name="Centrum", zone="UTC")
    studio, now = place.studio, timezone.now()
    terms = PackageVersionFactory(package__studio=studio, package__name=LONG, uses=10)
    session = SessionFactory(item__location=place, item__name="Vinyasa", starts_at=now + timedelta(minutes=1))
    ItemPackage.objects.create(studio=studio, item=session.item, package=terms.package)
    kim, ada = (MemberFactory(studio=studio, first_name=name, last_name="Boer") for name in ("Kim", "Ada"))
    bought = PurchaseFactory(member=kim, version=terms, uses=10, purchased_at=now - timedelta(days=1))
    asked = {
        "looked_at": [],
        "packages": [terms.package_id],
        "on": f"{now:%Y-%m-%d}",
        "order": "newest_first",
        "over_use": False,
    }
    rule = {"session": session, "assigned": "rule", "choice": asked}
    ReservationFactory(member=kim, purchase=bought, **rule)
    ReservationFactory(member=ada, **rule)
    return StaffLoginFactory(studio=studio)


def is_whole(page: Page, words: str) -> bool:
    """Whether these words stand on the page uncut and inside of their row."""
    found = page.get_by_text(words, exact=True).first
    return bool(
        found.evaluate(
            "e => { const row = e.closest('[data-row]').getBoundingClientRect(), own = e.getBoundingClientRect();"
            " return e.scrollWidth <= e.parentElement.clientWidth && own.right <= row.right && own.left >= row.left }"
        )
    )


@pytest.mark.parametrize("path", ["/linden/check-ins/", "/linden/sessions/{}/"])
def test_what_is_left_is_never_cut_off(owner: StaffLogin, open_page: OpenPage, path: str) -> None:
    session = Reservation.objects.values_list("session", flat=True)[0]
    page = open_page(owner, path.format(session), viewport=SIZES[0])
    for size in SIZES:
        page.set_viewport_size(size)
        assert is_whole(page, "9 of 10 left"), size


def test_a_package_is_made_linked_and_found_by_key(owner: StaffLogin, open_page: OpenPage) -> None:
    page = open_page(owner, "/linden/packages/", viewport=SIZES[0])
    expect(page.get_by_role("link", name="What if?")).to_be_visible()
    page.keyboard.press("n")
    page.get_by_role("button", name="Put on sale").click()
    expect(page.get_by_role("alert")).to_contain_text("Name")
    page.get_by_label("Name").fill("Trial")
    page.get_by_label("For", exact=True).fill("2")
    page.get_by_role("button", name="Put on sale").click()
    trial = Package.objects.get(name="Trial")
    page.get_by_role("checkbox", name="Vinyasa: Trial").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("checkbox", name="Vinyasa: Trial")).to_be_checked()
    assert ItemPackage.objects.filter(package=trial).exists()
    assert violations(page) == []
    page.keyboard.press("Control+k")
    page.keyboard.type("trial")
    expect(page.get_by_role("option", name="Trial")).to_be_visible()


def test_what_if_tells_the_outcome_and_books_nothing(owner: StaffLogin, open_page: OpenPage) -> None:
    page = open_page(owner, "/linden/packages/", viewport=SIZES[1])
    page.keyboard.press("f")
    page.get_by_role("searchbox", name="Name or number").fill("kim")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Kim Boer").click()
    page.get_by_role("link", name="Vinyasa").click()
    expect(page.locator(".what-if-answer h2")).to_contain_text("is used")
    assert violations(page) == []
    assert Reservation.objects.count() == 2


def test_the_desk_sells_from_a_row_in_two_clicks_and_sees_the_price(owner: StaffLogin, open_page: OpenPage) -> None:
    desk = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
    page = open_page(desk, "/linden/check-ins/", viewport=SIZES[2], color_scheme="dark")
    page.get_by_role("link", name="sell Ada Boer a package").click()
    offer = page.get_by_role("dialog").get_by_role("button", name=f"Sell {LONG}")
    expect(offer).to_contain_text("10 uses · 60.00 EUR")
    expect(offer).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text(f"Ada Boer bought {LONG}")
    expect(page.locator(".badge-unpaid")).to_have_count(0)
