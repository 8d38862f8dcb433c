"""History by keyboard: down from the months to a class and up again, from month to month, chart or table, the file."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.rules import Attendance
from bookings.selectors.local_days import next_month
from portal.models import StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)

PATH = "/linden/history/"


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    """The owner of a studio with a visit on the first of each of the last two months but this one."""
    studio = StudioFactory(slug="linden")
    place = LocationFactory(studio=studio, slug="centrum", zone="UTC")
    item = CalendarItemFactory(location=place, name="Vinyasa")
    this_month = timezone.now().date().replace(day=1)
    for back in (1, 2):
        day = next_month(this_month, step=-back)
        start = datetime(day.year, day.month, 1, 18, tzinfo=ZoneInfo("UTC"))
        ReservationFactory(
            session=SessionFactory(item=item, starts_at=start),
            attendance=Attendance.CHECKED_IN,
            checked_in_at=start - timedelta(minutes=3),
        )
    return StaffLoginFactory(studio=studio)


def at(page: Page, path: str) -> None:
    expect(page).to_have_url(re.compile(f"{path}$"))
    page.wait_for_load_state()  # before it, a key is heard by nobody


def test_the_whole_history_is_read_by_keyboard(open_page: OpenPage, owner: StaffLogin) -> None:
    last = f"{next_month(timezone.now().date().replace(day=1), step=-1):%Y-%m}"
    before = f"{next_month(timezone.now().date().replace(day=1), step=-2):%Y-%m}"
    page = open_page(owner, PATH)
    assert violations(page) == []
    page.keyboard.press("j")  # this month
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    at(page, f"/{last}/")
    assert violations(page) == []
    page.keyboard.press("ArrowLeft")
    at(page, f"/{before}/")
    page.keyboard.press("ArrowRight")
    at(page, f"/{last}/")
    page.keyboard.press("v")
    at(page, r"\?view=table")
    expect(page.locator(".bars")).to_have_count(0)
    with page.expect_download() as download:
        page.keyboard.press("d")
    assert download.value.suggested_filename == f"checkins_centrum_{last}.csv"
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    at(page, r"/\d+/")
    assert violations(page) == []
    page.keyboard.press("Backspace")
    at(page, f"/{last}/")
    page.keyboard.press("Backspace")
    at(page, PATH)


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_nothing_scrolls_sideways(open_page: OpenPage, owner: StaffLogin, width: int) -> None:
    page = open_page(owner, PATH, viewport={"width": width, "height": 700}, color_scheme="dark", locale="de")
    for link in (None, "tbody th a", "tbody th a"):
        if link:
            with page.expect_navigation():
                page.locator(link).last.click()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert violations(page) == []
