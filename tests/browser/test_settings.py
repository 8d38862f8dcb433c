"""Settings in the browser: the preview while one types, what is wrong beside the field, and keys; no axe faults."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from bookings.rules import Attendance
from bookings.selectors.local_days import next_month
from portal.models import Location, StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)


@pytest.fixture
def place(transactional_db: None) -> Location:
    place = LocationFactory(studio=StudioFactory(slug="linden"), name="Centrum", zone="UTC", country="DE")
    month = next_month(timezone.now().date().replace(day=1), step=-1)
    start = datetime(month.year, month.month, 10, 18, tzinfo=UTC)
    session = SessionFactory(item=CalendarItemFactory(location=place), starts_at=start)
    for minutes in (5, 30):
        at = session.ends_at + timedelta(minutes=minutes)
        ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=at)
    return place


@pytest.fixture
def owner(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio)


def test_the_preview_follows_what_is_typed_and_saving_says_who(
    open_page: OpenPage, owner: StaffLogin, place: Location
) -> None:
    page = open_page(owner, "/linden/history/")
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("/")
    page.keyboard.type("grace")
    expect(page.locator(".setting-names a")).to_have_count(1)
    assert violations(page) == []
    page.get_by_role("link", name="Grace after the end").click()
    field = page.get_by_label("Grace after the end")
    field.fill("15")
    preview = page.locator("#preview-grace_minutes")
    expect(preview).to_contain_text("With 15 min grace, 1 of the 2 no-shows")
    expect(field).to_be_focused()
    field.fill("99999")
    expect(preview.locator(".errorlist")).to_be_visible()
    assert violations(page) == []
    field.fill("20")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved. It holds from now on.")).to_be_visible()
    expect(page.get_by_text(f"by {owner.user.name}")).to_have_count(1)
    place.refresh_from_db()
    assert place.grace_minutes == 20


def test_rules_that_exclude_each_other_are_said_on_top_and_beside_both(open_page: OpenPage, owner: StaffLogin) -> None:
    page = open_page(owner, "/linden/settings/booking/", color_scheme="dark")
    page.get_by_label("Booking opens").fill("10")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-form-errors]")).to_be_focused()
    expect(page.locator(".setting .errorlist")).to_have_count(2)
    assert violations(page) == []


def test_each_page_is_in_order_on_a_phone(open_page: OpenPage, owner: StaffLogin) -> None:
    page = open_page(owner, "/linden/settings/", viewport={"width": 320, "height": 700}, locale="de")
    for path in ("", "booking/", "closing-days/", "look/", "locations/", "locations/add/", "studio/"):
        page.goto(f"/linden/settings/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
        assert violations(page) == [], path


def test_without_script_a_button_previews(open_page: OpenPage, owner: StaffLogin, place: Location) -> None:
    page = open_page(owner, f"/linden/settings/check-in/{place.pk}/", java_script_enabled=False)
    page.get_by_label("Grace after the end").fill("15")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview-grace_minutes")).to_contain_text("With 15 min grace, 1 of the 2 no-shows")
    place.refresh_from_db()
    assert place.grace_minutes == 0
