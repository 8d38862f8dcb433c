"""The schedule by keyboard: a weekly class is made, a session with people is moved; narrow, dark, without script."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from playwright.sync_api import Page, expect

from bookings.models import ScheduledSession
from portal.models import StaffLogin
from portal.roles import Preset
from tests.browser.conftest import OpenPage, faults, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    RoomFactory,
    SessionFactory,
    SpotFactory,
    StaffLoginFactory,
    StudioFactory,
    TeacherFactory,
)

PATH = "/linden/schedule/"


def next_monday() -> date:
    today = datetime.now(UTC).date()
    return today + timedelta(days=7 - today.weekday())


@pytest.fixture
def session(transactional_db: None) -> ScheduledSession:
    """A class next Monday at 18:00 with one person in it, another at the same time, and a cancelled one."""
    place = LocationFactory(studio=StudioFactory(slug="linden"), zone="UTC")
    room = RoomFactory(location=place, name="Loft")
    for number in range(3):
        SpotFactory(room=room, label=str(number + 1), fill_order=number)
    item = CalendarItemFactory(location=place, name="Vinyasa", teacher=TeacherFactory(studio=place.studio), room=room)
    at = datetime.combine(next_monday(), time(18), UTC)
    session = SessionFactory(item=item, starts_at=at, room=room)
    SessionFactory(item=item, starts_at=at + timedelta(minutes=15))
    SessionFactory(item=item, starts_at=at + timedelta(days=1), cancelled_at=at - timedelta(days=30))
    member = MemberFactory(studio=place.studio, first_name="Kim", last_name="Visser")
    ReservationFactory(session=session, member=member, source="wellpass")
    return session


@pytest.fixture
def manager(session: ScheduledSession) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio, preset=Preset.MANAGER)


def type_day(page: Page, selector: str, day: date) -> None:
    """Into a field for a day, digit by digit as its language wants them."""
    page.locator(selector).focus()
    page.keyboard.type(f"{day:%m%d%Y}")


def test_a_weekly_class_is_made_by_keyboard(open_page: OpenPage, manager: StaffLogin) -> None:
    page = open_page(manager, PATH, locale="en-US")
    page.keyboard.press("n")
    page.wait_for_url("**/schedule/new/**")
    assert violations(page) == []
    page.locator("[name=name]").focus()
    page.keyboard.type("Morning Flow")
    page.locator("[name=local_start]").focus()
    page.keyboard.type("0700AM")
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement.name") != "weekdays":
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # Monday
    type_day(page, "[name=first_on]", next_monday())
    type_day(page, "[name=last_on]", next_monday() + timedelta(days=21))
    page.keyboard.press("Enter")
    plan = page.locator("#plan")
    expect(plan).to_contain_text("4 sessions are made")
    expect(plan).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Create 4 sessions")
    page.keyboard.press("Enter")
    expect(page.locator(".banner")).to_contain_text("4 sessions are in the schedule")
    assert violations(page) == []
    starts = ScheduledSession.objects.filter(item__name="Morning Flow").values_list("starts_at", flat=True)
    assert [one.hour for one in starts] == [7] * 4


def test_a_session_with_people_is_moved_by_keyboard(
    open_page: OpenPage, manager: StaffLogin, session: ScheduledSession
) -> None:
    page = open_page(manager, PATH, locale="en-US")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**week=**")
    expect(page.locator(f"#session-{session.pk}")).to_contain_text("1 of 16")
    assert violations(page) == []
    page.keyboard.press("j")
    expect(page.locator(".slot.is-current")).to_have_id(f"session-{session.pk}")
    page.keyboard.press("e")
    page.wait_for_url(f"**/schedule/sessions/{session.pk}/")
    assert violations(page) == []
    page.locator("[name=local_start]").focus()
    page.keyboard.type("0730PM")
    page.keyboard.press("Enter")
    plan = page.locator("#plan")
    expect(plan).to_contain_text("1 booking is affected")
    expect(plan).to_contain_text("Kim Visser")
    assert violations(page) == []
    page.locator("#plan button").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".banner")).to_contain_text("1 person gets a mail")
    expect(page.locator(f"#session-{session.pk}")).to_contain_text("19:30")
    page.keyboard.press("w")
    page.wait_for_url("**view=list**")
    expect(page.locator(f"#session-{session.pk}")).to_contain_text("19:30")
    assert violations(page) == []


def test_a_session_is_cancelled_without_script(
    open_page: OpenPage, manager: StaffLogin, session: ScheduledSession
) -> None:
    page = open_page(manager, f"{PATH}sessions/{session.pk}/", java_script_enabled=False)
    page.get_by_role("link", name="Cancel the session").click()
    page.get_by_label("Reason").fill("Mira is ill")
    page.get_by_role("button", name="Cancel this session").click()
    expect(page.locator(".banner")).to_contain_text("1 session is cancelled")
    session.refresh_from_db()
    assert session.cancelled_reason == "Mira is ill"


def test_spots_are_blocked_by_keyboard(open_page: OpenPage, manager: StaffLogin, session: ScheduledSession) -> None:
    page = open_page(manager, f"/linden/rooms/{session.room_id}/")
    assert violations(page) == []
    page.locator(".spot").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    second = page.locator(".spot").nth(1)
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(second).to_be_focused()
    page.keyboard.press("Enter")
    expect(second).to_have_attribute("aria-pressed", "false")


PAGES = ["", "?view=list", "new/", "items/", "copy/", "feeds/", "sessions/{session}/", "sessions/{session}/cancel/"]


def test_nothing_scrolls_sideways(open_page: OpenPage, manager: StaffLogin, session: ScheduledSession) -> None:
    page = open_page(manager, PATH, color_scheme="dark", locale="de")
    for one in PAGES:
        page.goto(PATH + (one.format(session=session.pk) or f"?week={next_monday():%G-W%V}"))
        assert faults(page, widths=(320, 1024)) == []
