"""Logins and the desk in a real browser: by keyboard, with the lock, and without a fault of axe."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from bookings.models import Reservation, ReservationEvent
from portal.models import StaffLogin
from portal.roles import Preset
from portal.staff import invitations, pins
from tests.browser.conftest import OpenPage, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)

PATH = "/one/check-ins/"
PIN = "7391"


@pytest.fixture
def desk(transactional_db: None) -> StaffLogin:
    studio = StudioFactory(slug="one", name="Studio Linden")
    LocationFactory(studio=studio, slug="centrum", name="Centrum", zone="UTC")
    return StaffLoginFactory(studio=studio, preset=Preset.DESK, user__name="Front desk")


@pytest.fixture
def owner(desk: StaffLogin) -> StaffLogin:
    LocationFactory(studio=desk.studio, slug="noord", name="Noord", zone="UTC")
    return StaffLoginFactory(studio=desk.studio, preset=Preset.OWNER, user__name="Ana Vos")


@pytest.fixture
def kim(desk: StaffLogin) -> StaffLogin:
    login = StaffLoginFactory(studio=desk.studio, preset=Preset.DESK, user__name="Kim de Boer")
    pins.set_pin(login, PIN, now=timezone.now())
    return login


@pytest.fixture
def expected(desk: StaffLogin) -> Reservation:
    item = CalendarItemFactory(location=desk.studio.locations.get(slug="centrum"), name="Vinyasa")
    session = SessionFactory(item=item, starts_at=timezone.now() - timedelta(minutes=10))
    member = MemberFactory(studio=desk.studio, first_name="Ada", last_name="Lindqvist")
    return ReservationFactory(session=session, member=member)


def row(page: Page, reservation: Reservation) -> Locator:
    return page.locator(f"#reservation-{reservation.pk}")


def test_the_desk_is_locked_and_opened_by_keyboard_alone(
    desk: StaffLogin, kim: StaffLogin, expected: Reservation, open_page: OpenPage
) -> None:
    page = open_page(desk, PATH)
    expect(row(page, expected)).to_be_visible()
    page.keyboard.press("Alt+.")
    page.wait_for_url("**/one/switch/**")
    assert violations(page) == []
    assert "Lindqvist" not in page.content()
    page.keyboard.press("1")
    expect(page.get_by_label("PIN")).to_be_focused()
    assert violations(page) == []
    page.keyboard.type("8642")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This is not the PIN.")
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PATH}")
    expect(page.locator(".person-words")).to_contain_text("Kim de Boer")
    row(page, expected).locator(".tick").click()
    expect(row(page, expected).locator(".tick")).to_have_attribute("aria-pressed", "true")
    assert ReservationEvent.objects.get().by == kim


def test_another_tab_is_covered_and_comes_back(
    desk: StaffLogin, kim: StaffLogin, expected: Reservation, open_page: OpenPage
) -> None:
    page = open_page(desk, f"{PATH}?location=centrum")
    other = page.context.new_page()
    other.goto(PATH)
    page.bring_to_front()
    other.get_by_role("button", name="Lock").first.click()
    page.wait_for_url("**/one/switch/**")
    page.get_by_role("link", name="Kim de Boer").click()
    page.get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{PATH}?location=centrum")


def test_a_tick_that_waits_survives_the_lock_and_is_sent_by_who_opens_it(
    desk: StaffLogin, kim: StaffLogin, expected: Reservation, open_page: OpenPage
) -> None:
    page = open_page(desk, PATH)
    page.route("**/reservations/**", lambda route: route.abort())
    page.route("**/changes/**", lambda route: route.abort())
    row(page, expected).locator(".tick").click()
    row(page, expected).locator(".state-waiting-here").wait_for()
    page.get_by_role("button", name="Lock").first.click()
    page.wait_for_url("**/one/switch/**")
    page.unroute_all()
    page.get_by_role("link", name="Kim de Boer").click()
    page.get_by_label("PIN").fill(PIN)
    page.keyboard.press("Enter")
    expect(row(page, expected).locator(".tick")).to_have_attribute("aria-pressed", "true")
    assert ReservationEvent.objects.get().by == kim


def test_without_a_connection_the_list_stays(
    desk: StaffLogin, kim: StaffLogin, expected: Reservation, open_page: OpenPage
) -> None:
    page = open_page(desk, PATH)
    page.context.set_offline(True)
    page.keyboard.press("Alt+.")
    expect(page.locator(".toast")).to_contain_text("Not locked")
    expect(row(page, expected)).to_be_visible()


def test_an_untouched_desk_locks_itself(desk: StaffLogin, kim: StaffLogin, open_page: OpenPage) -> None:
    desk.studio.lock_after_minutes = 1
    desk.studio.save()
    page = open_page(desk, PATH)
    page.evaluate("localStorage.setItem('tresen touched', String(Date.now() - 61_000))")
    page.wait_for_url("**/one/switch/**", timeout=5_000)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_every_page_about_logins_is_without_a_fault(
    owner: StaffLogin, kim: StaffLogin, open_page: OpenPage, scheme: str, width: int
) -> None:
    now, studio = timezone.now(), owner.studio
    wanted = invitations.Wanted(email="late@x.test", name="Late Lena", preset=Preset.TEACHER)
    invitations.invite(studio, wanted, by=owner, now=now - timedelta(days=4), origin="http://x/")
    asked = invitations.Wanted(email="more@x.test", name="More Moritz", preset=Preset.DESK)
    wish = invitations.ask(studio, asked, why="Mondays", by=kim, now=now, origin="http://x/")
    page = open_page(owner, "/one/staff/", viewport={"width": width, "height": 900}, color_scheme=scheme)
    paths = ["", "invite/", "ask/", f"{kim.pk}/", f"{kim.pk}/remove/", f"wishes/{wish.pk}/decline/"]
    for path in [*[f"/one/staff/{path}" for path in paths], "/one/me/", "/one/switch/", "/accounts/2fa/"]:
        page.goto(path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto("/one/staff/")
    page.get_by_role("button", name="Show a link").click()
    assert violations(page) == []
    link = page.get_by_label("Link").input_value()
    stranger = open_page(None, link, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert violations(stranger) == []


def test_an_owner_looks_through_a_desks_eyes_and_ends_it(
    owner: StaffLogin, kim: StaffLogin, expected: Reservation, open_page: OpenPage
) -> None:
    page = open_page(owner, f"/one/staff/{kim.pk}/")
    page.get_by_role("button", name="See as this person").click()
    page.wait_for_url(f"**{PATH}")
    expect(page.get_by_text("You see what Kim de Boer sees")).to_be_visible()
    expect(page.get_by_role("link", name="Staff")).to_have_count(0)
    assert violations(page) == []
    row(page, expected).locator(".tick").click()
    expect(row(page, expected).locator(".tick")).to_have_attribute("aria-pressed", "false")
    assert not ReservationEvent.objects.exists()
    page.get_by_role("button", name="End the preview").click()
    page.wait_for_url("**/one/staff/")
