"""The command palette by keyboard alone: open, find, move, go, close."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.models import StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    studio = StudioFactory(slug="linden")
    place = LocationFactory(studio=studio)
    item = CalendarItemFactory(location=place, name="Vinyasa")
    SessionFactory(item=item, starts_at=timezone.now() + timedelta(days=1))
    MemberFactory(studio=studio, first_name="Kim", last_name="Bakker")
    MemberFactory(studio=studio, first_name="Kim", last_name="Zander")
    return StaffLoginFactory(studio=studio)


@pytest.mark.parametrize("modifier", ["Control", "Meta"])
def test_the_palette_leads_anywhere_by_keyboard(open_page: OpenPage, owner: StaffLogin, modifier: str) -> None:
    page = open_page(owner, "/linden/history/")
    page.keyboard.press(f"{modifier}+k")
    field = page.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(page.get_by_role("option", name="Home", exact=True)).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    page.keyboard.type("kim")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    zander = page.get_by_role("option", name="Kim Zander")
    expect(zander).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == zander.get_attribute("id")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/linden/members/\d+/$"))


def test_enter_before_the_answer_goes_to_the_first_of_what_was_typed(open_page: OpenPage, owner: StaffLogin) -> None:
    page = open_page(owner, "/linden/history/")
    page.keyboard.press("Control+k")
    page.keyboard.type("vinyasa")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/linden/sessions/\d+/$"))


def test_escape_closes_it_and_the_keys_of_the_page_work_again(open_page: OpenPage, owner: StaffLogin) -> None:
    page = open_page(owner, "/linden/history/", color_scheme="dark", viewport={"width": 320, "height": 700})
    page.keyboard.press("Control+k")
    page.keyboard.type("nothing like xyzzy")
    expect(page.get_by_text("Nothing found for “nothing like xyzzy”.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).not_to_be_visible()
    page.set_viewport_size({"width": 1024, "height": 700})
    page.keyboard.down("?")  # while it is held, what has a key shows it; pressed shortly, it opens the list
    expect(page.locator("html")).to_have_class("show-keys")
    page.keyboard.up("?")
    expect(page.locator("html")).not_to_have_class("show-keys")
    expect(page.locator("#keys")).not_to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("Alt+b")  # with Alt or without: the modifier alone ends no sequence
    expect(page).to_have_url(re.compile(r"/linden/bookings/$"))


def test_without_script_the_rail_leads_to_a_page(open_page: OpenPage, owner: StaffLogin) -> None:
    page = open_page(owner, "/linden/history/", java_script_enabled=False)
    page.get_by_role("link", name="Go to").first.click()
    page.get_by_role("searchbox").fill("kim")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Kim Bakker")).to_be_visible()
