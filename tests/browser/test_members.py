"""Members at the desk: found as one types, opened, noted, photographed, merged and taken apart; axe finds nothing."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from portal.models import Member, MemberNote, StaffLogin
from tests.browser.conftest import OpenPage, faults, violations
from tests.factories import LocationFactory, MemberFactory, ReservationFactory, SessionFactory, StaffLoginFactory


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    place = LocationFactory(studio__slug="linden", slug="centrum", name="Centrum", zone="UTC")
    studio = place.studio
    kim = MemberFactory(studio=studio, first_name="Kim", last_name="de Boer", number="4711", email="kim@example.test")
    MemberFactory(studio=studio, first_name="Kimberly", last_name="Böer", number="4712", email="kb@example.test")
    MemberFactory(studio=studio, first_name="Jürgen", last_name="Müller", number="4713")
    then = timezone.now() - timedelta(days=2)
    session = SessionFactory(item__location=place, item__name="Vinyasa", starts_at=then)
    ReservationFactory(session=session, member=kim, attendance="checked_in", checked_in_at=then)
    return StaffLoginFactory(studio=studio)


def test_a_member_is_found_as_one_types_and_opened_by_key(owner: StaffLogin, open_page: OpenPage) -> None:
    page = open_page(owner, "/linden/members/")
    assert violations(page) == []
    page.get_by_role("searchbox").press_sequentially("muller")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url("/linden/members/?q=muller")
    page.get_by_role("searchbox").press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Jürgen Müller")


def test_a_profile_with_its_tabs_and_a_note(owner: StaffLogin, open_page: OpenPage) -> None:
    kim = Member.objects.get(number="4711")
    page = open_page(owner, f"/linden/members/{kim.pk}/?from=q%3Dkim")
    expect(page.locator("tbody")).to_contain_text("Vinyasa")
    assert violations(page) == []
    page.keyboard.press("]")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kimberly Böer")
    page.wait_for_load_state()
    page.keyboard.press("[")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kim de Boer")
    for tab in ("Bookings", "Log", "Data", "Notes"):
        page.get_by_role("navigation", name="Profile").get_by_role("link", name=tab).click()
        expect(page.locator("nav.tabs [aria-current]")).to_contain_text(tab)
        assert violations(page) == []
    page.get_by_label("Note", exact=False).first.fill("Left shoulder")
    page.get_by_label("for the next visit", exact=False).check()
    page.get_by_role("button", name="Write note").click()
    expect(page.locator(".note")).to_contain_text("Left shoulder")
    page.get_by_role("button", name="Done").click()
    expect(page.locator(".note")).to_have_count(0)
    assert MemberNote.objects.get().done_by == owner


def test_two_profiles_are_merged_and_taken_apart(owner: StaffLogin, open_page: OpenPage) -> None:
    kim, twin = Member.objects.get(number="4711"), Member.objects.get(number="4712")
    page = open_page(owner, f"/linden/members/{twin.pk}/merge/?q=kim")
    page.get_by_role("link", name="Kim de Boer").click()
    assert violations(page) == []
    page.get_by_role("link", name="The other way round").click()
    page.locator("[name=last_name][value=merged]").check()
    page.get_by_role("button", name="Merge 4712 into 4711").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kim Böer")
    assert violations(page) == []
    page.goto(f"/linden/members/{twin.pk}/")
    expect(page).to_have_url(f"/linden/members/{kim.pk}/")
    page.get_by_role("button", name="Take apart again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kim de Boer")
    page.goto(f"/linden/members/{twin.pk}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kimberly Böer")


def test_a_photo_is_chosen_and_shown(owner: StaffLogin, open_page: OpenPage, settings: object, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    written = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(written, "JPEG")
    kim = Member.objects.get(number="4711")
    page = open_page(owner, f"/linden/members/{kim.pk}/edit/")
    assert violations(page) == []
    page.locator("[name=photo]").set_input_files({"name": "x.txt", "mimeType": "text/plain", "buffer": b"no photo"})
    page.get_by_role("button", name="Use this photo").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be read as a photo")
    page.locator("[name=photo]").set_input_files(
        {"name": "x.jpg", "mimeType": "image/jpeg", "buffer": written.getvalue()}
    )
    page.get_by_role("button", name="Use this photo").click()
    expect(page.locator(".profile-who img")).to_have_js_property("naturalWidth", 512)


def test_the_camera_of_the_desk_takes_a_photo(
    owner: StaffLogin, open_page: OpenPage, settings: object, tmp_path: Path
) -> None:
    """Chromium without a camera: a canvas stands in for it."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    kim = Member.objects.get(number="4711")
    page = open_page(owner, f"/linden/members/{kim.pk}/edit/")
    page.evaluate(
        """() => {
          const canvas = document.createElement("canvas");
          canvas.width = 640; canvas.height = 480;
          const pen = canvas.getContext("2d");
          setInterval(() => pen.fillRect(0, 0, 640, 480), 50);
          navigator.mediaDevices.getUserMedia = async () => canvas.captureStream();
        }"""
    )
    page.get_by_role("button", name="Take a photo").click()
    expect(page.locator("video")).to_have_js_property("videoWidth", 640)
    page.get_by_role("button", name="Take it").click()
    expect(page.locator(".profile-who img")).to_be_visible()
    assert Member.objects.get(pk=kim.pk).photo


def test_nothing_scrolls_sideways_on_a_phone(owner: StaffLogin, open_page: OpenPage) -> None:
    kim, twin = Member.objects.get(number="4711"), Member.objects.get(number="4712")
    page = open_page(owner, "/linden/members/", color_scheme="dark")
    for path in ("", f"{kim.pk}/", f"{kim.pk}/bookings/", f"{kim.pk}/edit/", f"{kim.pk}/merge/{twin.pk}/"):
        page.goto(f"/linden/members/{path}")
        assert faults(page, widths=(320, 390)) == []
