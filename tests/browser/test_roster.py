"""The roster and the walk-in by keyboard: tick all, undo one, add a person, somebody without a booking."""

import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from bookings import actions
from bookings.models import Reservation, ScheduledSession
from portal.models import Member, MemberNote, StaffLogin, Studio
from portal.roles import Preset
from tests.browser.conftest import OpenPage, faults
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
    TeacherFactory,
)

NAMES = ("Ada Lindqvist", "Bram Visser", "Chiara Romano")


@pytest.fixture
def studio(transactional_db: None) -> Studio:
    return StudioFactory(slug="linden", name="Studio Linden")


@pytest.fixture
def running(studio: Studio) -> ScheduledSession:
    place = LocationFactory(studio=studio, slug="centrum", name="Centrum", zone="UTC")
    item = CalendarItemFactory(location=place, name="Vinyasa", teacher=TeacherFactory(studio=studio, name="Mira"))
    session = SessionFactory(item=item, starts_at=timezone.now() - timedelta(minutes=10))
    for name in NAMES:
        first, last = name.split(" ")
        ReservationFactory(session=session, member=MemberFactory(studio=studio, first_name=first, last_name=last))
    return session


@pytest.fixture
def desk(studio: Studio) -> StaffLogin:
    return StaffLoginFactory(studio=studio, preset=Preset.DESK, user__name="Ana Vos")


@pytest.fixture
def page(open_page: OpenPage, running: ScheduledSession, desk: StaffLogin) -> Page:
    opened = open_page(desk, f"/linden/sessions/{running.pk}/", viewport={"width": 1440, "height": 900})
    expect(opened.locator("#live-word")).to_have_text("live")
    return opened


def row(page: Page, name: str) -> Any:
    return page.locator("article[data-row]").filter(has=page.locator(".row-name .full", has_text=name))


def people_in() -> set[str]:
    return {one.member.name for one in Reservation.objects.attended().select_related("member")}


def test_tick_all_by_key_then_one_is_taken_back(page: Page) -> None:
    page.keyboard.press("Shift+A")
    expect(page.get_by_text("3 people are in.")).to_be_visible()
    assert people_in() == set(NAMES)
    page.locator("#ticked li").filter(has_text="Bram Visser").get_by_role("button").click()
    expect(row(page, "Bram Visser").locator(".tick")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#ticked li")).to_have_count(2)
    assert people_in() == set(NAMES) - {"Bram Visser"}


def test_space_ticks_the_current_row_and_the_roster_s_own_line_stays(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(row(page, "Ada Lindqvist").locator(".tick")).to_have_attribute("aria-pressed", "true")
    expect(row(page, "Ada Lindqvist").locator(".row-open")).to_be_visible()  # only a roster's row has it
    expect(page.locator("#tabs")).to_contain_text("Expected 3")


def test_a_person_is_added_by_typing(page: Page, studio: Studio) -> None:
    MemberFactory(studio=studio, first_name="Kím", last_name="de Boer")
    page.keyboard.press("a")
    field = page.get_by_role("searchbox", name="Name, e-mail, phone, number")
    expect(field).to_be_focused()
    field.fill("kim boer")
    expect(page.locator("#add-options .option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Book this place")).to_be_focused()
    page.keyboard.press("Enter")
    expect(row(page, "Kím de Boer")).to_be_visible()  # slides in by itself
    expect(page.locator("#tabs")).to_contain_text("Expected 4")


def test_a_new_person_walks_in_at_reception_by_keyboard_alone(
    open_page: OpenPage, running: ScheduledSession, desk: StaffLogin
) -> None:
    page = open_page(desk, "/linden/check-ins/", viewport={"width": 1440, "height": 900})
    expect(page.locator("#live-word")).to_have_text("live")
    began = time.monotonic()
    page.keyboard.press("Escape")  # out of the search field
    page.keyboard.press("n")
    expect(page.get_by_role("searchbox", name="Who is here?")).to_be_focused()
    page.keyboard.type("Zoe Quark", delay=60)
    expect(page.get_by_text("Nobody found for")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("First name")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("booked and in: Vinyasa")).to_be_visible()
    expect(row(page, "Zoe Quark")).to_be_visible()
    assert time.monotonic() - began < 40
    expect(page.locator("#dialog")).not_to_be_visible()
    assert Member.objects.filter(first_name="Zoe", last_name="Quark").count() == 1
    assert "Zoe Quark" in people_in()


def test_a_member_walks_in_by_arrow_and_enter(page: Page, studio: Studio) -> None:
    for first in ("Kim", "Kira"):
        MemberFactory(studio=studio, first_name=first, last_name="Sol")
    page.keyboard.press("n")
    expect(page.get_by_role("searchbox", name="Who is here?")).to_be_focused()
    page.keyboard.type("sol", delay=60)
    expect(page.locator("#walk-in-options .option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row(page, "Kira Sol")).to_be_visible()
    assert people_in() == {"Kira Sol"}


def test_cancelling_from_the_panel_can_be_undone(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.get_by_role("button", name="Cancel, excused").click()
    expect(row(page, "Ada Lindqvist").locator(".state")).to_have_text("Excused")
    expect(page.get_by_role("button", name="Take the cancellation back")).to_be_visible()
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(row(page, "Ada Lindqvist").locator(".state")).to_have_text("No check-in yet")


def test_a_note_is_kept_shown_and_done(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.get_by_label("Note for the next visit").fill("Her mat is here")
    page.get_by_role("button", name="Keep the note").click()
    expect(row(page, "Ada Lindqvist").locator(".row-note")).to_have_text("Her mat is here")
    page.get_by_role("button", name="Done").click()
    expect(row(page, "Ada Lindqvist").locator(".row-note")).to_have_count(0)
    assert MemberNote.objects.get().done_at is not None


def test_a_class_that_is_cancelled_meanwhile_is_shown_so(page: Page, running: ScheduledSession) -> None:
    from bookings.actions import schedule  # noqa: PLC0415

    schedule.cancel_sessions([running], reason="storm", by=None, now=timezone.now())
    expect(page.locator(".session-head").get_by_text("Class cancelled")).to_be_visible()


def test_the_log_and_the_waiting_list_are_shown_anew_by_themselves(
    open_page: OpenPage, running: ScheduledSession, desk: StaffLogin, studio: Studio
) -> None:
    log = open_page(desk, f"/linden/sessions/{running.pk}/?tab=log", viewport={"width": 1440, "height": 900})
    expect(log.get_by_text("Nothing has happened yet.")).to_be_visible()
    later = SessionFactory(item=running.item, starts_at=timezone.now() + timedelta(hours=5), capacity=1)
    actions.reserve(later, MemberFactory(studio=studio), source="desk", action_id=uuid4(), by=desk, now=timezone.now())
    waiting = open_page(desk, f"/linden/sessions/{later.pk}/?tab=waiting", viewport={"width": 1440, "height": 900})
    expect(waiting.get_by_text("Nobody is waiting.")).to_be_visible()

    ada = running.reservations.get(member__first_name="Ada")
    actions.check_in(ada, action_id=uuid4(), by=desk, now=timezone.now())
    expect(log.locator("#list tbody .full")).to_have_text("Ada Lindqvist")
    bram = Member.objects.get(first_name="Bram")
    actions.join_waiting(later, bram, source="desk", action_id=uuid4(), by=desk, now=timezone.now())
    expect(waiting.locator("#list").get_by_text("Bram Visser").first).to_be_visible()
    expect(waiting.locator("#tabs")).to_contain_text("Waiting list 1")


def test_what_is_typed_before_the_walk_in_opens_is_not_lost(page: Page, studio: Studio) -> None:
    MemberFactory(studio=studio, first_name="Kira", last_name="Sol")
    asked: list[Route] = []
    page.route("**/walk-in/**", lambda route: asked.append(route))  # noqa: PLW0108 - playwright asks for a Python function
    page.keyboard.press("n")
    page.keyboard.type("kix")
    page.keyboard.press("Backspace")
    page.keyboard.type("ra")
    asked[0].continue_()
    expect(page.get_by_role("searchbox", name="Who is here?")).to_have_value("kira")
    expect(page.locator("#walk-in-options .option")).to_have_count(1)


def test_without_script_everything_is_there_as_pages(
    open_page: OpenPage, running: ScheduledSession, desk: StaffLogin
) -> None:
    page = open_page(desk, f"/linden/sessions/{running.pk}/", java_script_enabled=False)
    row(page, "Ada Lindqvist").locator(".row-open").click()
    page.get_by_role("button", name="Cancel, excused").click()
    expect(page.locator("#tabs")).to_contain_text("Cancelled 1")
    page.goto("/linden/walk-in/?q=bram")
    page.get_by_role("button", name="Bram Visser").click()
    expect(page.get_by_text("Bram Visser was booked already and is in.")).to_be_visible()


@pytest.mark.parametrize(("theme", "widths"), [("light", (1440, 390, 320)), ("dark", (768,))])
def test_no_barriers_and_nothing_scrolls_sideways(
    open_page: OpenPage, running: ScheduledSession, desk: StaffLogin, theme: str, widths: tuple[int, ...]
) -> None:
    first = running.reservations.order_by("id")[0]
    MemberNote.objects.create(member=first.member, text="mat", for_next_visit=True, written_at=timezone.now())
    roster = f"/linden/sessions/{running.pk}/"
    page = open_page(desk, roster, color_scheme=theme)
    parts = (f"?person={first.pk}", "?add=1&q=a", "?tab=cancelled", "?tab=waiting", "?tab=log")
    for path in (roster, *(f"{roster}{part}" for part in parts), "/linden/walk-in/?q=a"):
        page.goto(path)
        assert faults(page, widths=widths) == []
