"""Bookings by keyboard: open a class, cancel with the outcome on the button, take it back; also without script."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from bookings.models import ScheduledSession
from bookings.rules import Booking
from portal.models import StaffLogin
from portal.roles import Preset
from tests.browser.conftest import OpenPage, faults, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)

PATH = "/linden/bookings/"


@pytest.fixture
def session(transactional_db: None) -> ScheduledSession:
    """A class in two days with two people, after one of today."""
    place = LocationFactory(studio=StudioFactory(slug="linden"), zone="UTC")
    item = CalendarItemFactory(location=place, name="Vinyasa")
    SessionFactory(item=item, starts_at=timezone.now() + timedelta(minutes=1))
    later = SessionFactory(item=item, starts_at=timezone.now() + timedelta(days=2))
    for name in ("Ada", "Kim"):
        ReservationFactory(
            session=later, member=MemberFactory(studio=place.studio, first_name=name, last_name="Visser")
        )
    return later


@pytest.fixture
def desk(session: ScheduledSession) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio, preset=Preset.DESK)


def test_a_booking_is_cancelled_and_taken_back_by_keyboard(
    open_page: OpenPage, desk: StaffLogin, session: ScheduledSession
) -> None:
    page = open_page(desk, PATH)
    page.keyboard.press("t")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("e")
    row = page.locator(".row.booking").first
    expect(row).to_contain_text("Ada Visser")
    assert violations(page) == []
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Cancel, in time")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Cancelled")
    expect(page.locator(f"#numbers-{session.pk}")).to_contain_text("1 of 16")
    page.keyboard.press("u")
    expect(row).to_contain_text("Booked")
    expect(page.locator(f"#numbers-{session.pk}")).to_contain_text("2 of 16")
    session.refresh_from_db()
    assert session.places_taken == 2


def test_it_works_without_script(open_page: OpenPage, desk: StaffLogin, session: ScheduledSession) -> None:
    page = open_page(desk, PATH, java_script_enabled=False)
    page.locator(f"#session-{session.pk} summary").click()
    page.get_by_role("link", name="Show 2 people").click()
    page.locator(".row.booking summary").first.click()
    page.get_by_role("button", name="Cancel, in time").click()
    expect(page.locator(".banner")).to_contain_text("Ada Visser: cancelled in time.")
    assert session.reservations.filter(booking=Booking.CANCELLED).count() == 1
    page.get_by_role("button", name="Take back").first.click()
    expect(page.locator(".banner")).to_contain_text("Ada Visser is booked again.")


def test_nothing_scrolls_sideways(open_page: OpenPage, desk: StaffLogin, session: ScheduledSession) -> None:
    page = open_page(desk, f"{PATH}?open={session.pk}", color_scheme="dark", locale="de")
    assert faults(page, widths=(320, 390, 1024)) == []
