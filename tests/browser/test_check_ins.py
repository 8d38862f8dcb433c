"""The counter as a receptionist lives it: keyboard, scanner, two tabs, a cut cable."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Dialog, Page, Route, expect

from bookings import actions
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from portal.models import StaffLogin, Studio
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
    TeacherFactory,
)

PATH = "/linden/check-ins/"
NAMES = ["Ada Lindqvist", "Bram Visser", "Chiara Romano", "Dörte Öhm", "Elif Demir", "Finn Maas"]
NAMES += ["Gül Şahin", "Hanna Kuhn", "Ines Đorđević", "Jonas Brandt", "Kim de Boer", "Łukasz Wójcik"]


@pytest.fixture
def studio(transactional_db: None) -> Studio:
    return StudioFactory(slug="linden", name="Studio Linden")


@pytest.fixture
def running(studio: Studio) -> ScheduledSession:
    """A class that began ten minutes ago, with twelve people in it."""
    place = LocationFactory(studio=studio, slug="centrum", name="Centrum", zone="UTC")
    item = CalendarItemFactory(location=place, name="Vinyasa", teacher=TeacherFactory(studio=studio, name="Mira"))
    session = SessionFactory(item=item, starts_at=timezone.now() - timedelta(minutes=10))
    for number, name in enumerate(NAMES):
        book(session, name, number=f"47{number:02}")
    return session


def book(session: ScheduledSession, name: str, *, number: str, **fields: Any) -> Reservation:
    first, last = name.split(" ", 1)
    member = MemberFactory(studio=session.studio, first_name=first, last_name=last, number=number, **fields)
    return ReservationFactory(session=session, member=member)


@pytest.fixture
def desk(studio: Studio) -> StaffLogin:
    return StaffLoginFactory(studio=studio, preset=Preset.DESK, user__name="Ana Vos")


@pytest.fixture
def page(open_page: OpenPage, running: ScheduledSession, desk: StaffLogin) -> Page:
    opened = open_page(desk, PATH, viewport={"width": 1440, "height": 900})
    expect(opened.locator("#live-word")).to_have_text("live")
    return opened


def row(page: Page, name: str) -> Any:
    return page.locator("[data-row]").filter(has=page.locator(".row-name .full", has_text=name))


def people_in() -> set[str]:
    found = Reservation.objects.attended().select_related("member")
    return {reservation.member.name for reservation in found}


def wait_until(question: Callable[[], bool], *, seconds: float = 6) -> None:
    until = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.05)


def scan(page: Page, code: str) -> None:
    """As a scanner types: keys 5 ms apart by their own time, which a driver cannot promise on a busy machine."""
    page.evaluate(
        """code => {
            const began = performance.now();
            const press = (key, index) => {
                const target = document.activeElement;
                const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
                Object.defineProperty(event, "timeStamp", { value: began + 5 * index });
                if (!target.dispatchEvent(event) || key === "Enter" || !target.matches("input")) return;
                target.value += key;
                target.dispatchEvent(new Event("input", { bubbles: true }));
            };
            [...code, "Enter"].forEach(press);
        }""",
        code,
    )


def cut(page: Page) -> None:
    page.context.set_offline(True)


def mend(page: Page) -> None:
    page.context.set_offline(False)


def test_the_cursor_is_in_the_search_field_and_enter_checks_the_only_match_in(page: Page) -> None:
    expect(page.locator(".search input[type=search]")).to_be_focused()
    page.keyboard.type("ohm", delay=40)
    expect(page.locator("[data-row]:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(row(page, "Dörte Öhm").locator(".state")).to_contain_text("Checked in")
    expect(row(page, "Dörte Öhm").locator(".tick")).to_have_attribute("aria-pressed", "true")
    assert people_in() == {"Dörte Öhm"}


def test_enter_never_takes_a_check_in_back(page: Page) -> None:
    page.keyboard.type("ohm", delay=40)
    page.keyboard.press("Enter")
    expect(row(page, "Dörte Öhm").locator(".state")).to_contain_text("Checked in")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").last).to_contain_text("already in")
    assert people_in() == {"Dörte Öhm"}


def test_ten_people_are_checked_in_by_keyboard_within_twenty_seconds(page: Page) -> None:
    began = time.monotonic()
    for name in NAMES[:10]:
        page.keyboard.type(name.split()[0], delay=40)
        page.keyboard.press("Enter")
    wait_until(lambda: people_in() == set(NAMES[:10]), seconds=20)
    expect(page.locator("[data-in]")).to_have_count(10)
    assert time.monotonic() - began < 20


def test_letters_are_keys_once_escape_has_left_the_field(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Space")
    expect(row(page, "Bram Visser").locator(".state")).to_contain_text("Checked in")
    page.keyboard.press("u")
    expect(row(page, "Bram Visser").locator(".state")).to_contain_text("No check-in yet")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row(page, "Chiara Romano").locator(".state")).to_contain_text("Checked in")
    page.keyboard.press("x")
    expect(row(page, "Chiara Romano")).to_be_hidden()
    page.keyboard.press("1")
    expect(row(page, "Ada Lindqvist")).to_be_focused()
    assert people_in() == {"Chiara Romano"}


def test_escape_clears_the_search_first(page: Page) -> None:
    page.keyboard.type("kim", delay=40)
    expect(page.locator("[data-row]:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".search input[type=search]")).to_have_value("")
    expect(page.locator("[data-row]:visible")).to_have_count(12)
    expect(page.locator(".search input[type=search]")).to_be_focused()


def test_a_scan_checks_in_wherever_the_focus_is(page: Page) -> None:
    """Characters faster than 30 ms apart and an Enter. Letters of the code are no keys, and leave no text behind."""
    scan(page, "4710")
    expect(row(page, "Kim de Boer").locator(".state")).to_contain_text("Checked in")
    expect(page.locator(".search input[type=search]")).to_have_value("")
    page.locator(".aside-heading").click()
    scan(page, "4703")
    expect(row(page, "Dörte Öhm").locator(".state")).to_contain_text("Checked in")
    scan(page, "9999")
    expect(page.locator(".toast").last).to_contain_text("9999: nobody with this number")
    assert people_in() == {"Kim de Boer", "Dörte Öhm"}


def test_privacy_shows_initials_is_remembered_and_reveals_for_a_while(page: Page) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.get_by_text("Kim de Boer", exact=True)).to_be_hidden()
    expect(page.get_by_text("K. d. B.", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_text("Kim de Boer", exact=True)).to_be_hidden()
    page.get_by_text("K. d. B.", exact=True).dblclick()
    expect(page.get_by_text("Kim de Boer", exact=True)).to_be_visible()


def test_a_check_in_elsewhere_shows_within_three_seconds_and_moves_no_row(
    page: Page, running: ScheduledSession
) -> None:
    kim = row(page, "Kim de Boer")
    kim.hover()
    top = kim.bounding_box()["y"]
    owner = StaffLoginFactory(studio=running.studio, preset=Preset.OWNER)
    first = Reservation.objects.get(member__first_name="Ada")
    actions.check_in(first, action_id=uuid4(), by=owner, now=timezone.now())
    expect(row(page, "Ada Lindqvist").locator(".state")).to_contain_text("Checked in", timeout=3_000)
    expect(page.locator("#counts b").first).to_have_text("1")
    expect(page.locator("#deeds")).to_contain_text("Ada Lindqvist checked in")
    assert kim.bounding_box()["y"] == top


def test_a_new_booking_waits_until_the_pointer_has_left(page: Page, running: ScheduledSession) -> None:
    kim = row(page, "Kim de Boer")
    kim.hover()
    top = kim.bounding_box()["y"]
    member = MemberFactory(studio=running.studio, first_name="Aaron", last_name="Abel")
    actions.reserve(
        running,
        member,
        source="desk",
        action_id=uuid4(),
        by=StaffLoginFactory(studio=running.studio),
        now=timezone.now(),
    )
    expect(page.locator("#arrived")).to_have_text("1 new, show")
    assert kim.bounding_box()["y"] == top
    page.mouse.move(5, 5)
    expect(row(page, "Aaron Abel")).to_be_visible()
    expect(page.locator("#arrived")).to_be_hidden()
    names = page.locator("[data-row] .full").all_inner_texts()
    assert names[0] == "Aaron Abel"


def test_a_tick_that_cannot_be_sent_waits_and_is_done_once(page: Page) -> None:
    cut(page)
    kim = row(page, "Kim de Boer")
    kim.locator(".tick").hover()
    top = kim.bounding_box()["y"]
    kim.locator(".tick").click()
    expect(kim.locator(".state:visible")).to_have_text("Waiting, not sent yet")
    assert kim.bounding_box()["y"] == top
    expect(kim.locator(".tick")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#notices")).to_contain_text("1 tick waits here")
    assert people_in() == set()
    mend(page)
    expect(kim.locator(".state:visible")).to_contain_text("Checked in")
    expect(page.locator("#notices")).to_be_empty()
    assert ReservationEvent.objects.filter(kind="checked_in").count() == 1


def test_a_tick_whose_answer_was_lost_is_done_once(page: Page) -> None:
    """The server does it, the cable is cut before the answer: the retry bears the same id."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    page.route("**/check-in/", lose, times=1)
    kim = row(page, "Kim de Boer")
    kim.locator(".tick").click()
    wait_until(lambda: people_in() == {"Kim de Boer"})
    expect(page.locator("#notices")).to_be_empty(timeout=8_000)
    expect(kim.locator(".state:visible")).to_contain_text("Checked in")
    assert ReservationEvent.objects.filter(kind="checked_in").count() == 1


def test_what_waits_survives_a_reload_and_leaving_warns(page: Page) -> None:
    page.route("**/check-in/", lambda route: route.abort("internetdisconnected"))
    kim = row(page, "Kim de Boer")
    kim.locator(".tick").click()
    expect(kim.locator(".state:visible")).to_have_text("Waiting, not sent yet")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.reload()
    assert asked == ["beforeunload"]
    expect(row(page, "Kim de Boer").locator(".state:visible")).to_have_text("Waiting, not sent yet")
    page.unroute("**/check-in/")
    expect(row(page, "Kim de Boer").locator(".state:visible")).to_contain_text("Checked in")


def test_a_refusal_puts_the_row_back_and_says_why(page: Page, running: ScheduledSession) -> None:
    ScheduledSession.objects.filter(pk=running.pk).update(cancelled_at=timezone.now())
    kim = row(page, "Kim de Boer")
    kim.locator(".tick").click()
    expect(page.locator(".toast")).to_contain_text("This class was cancelled")
    expect(kim.locator(".tick")).not_to_have_attribute("aria-busy", "true")
    assert people_in() == set()


def test_a_server_error_puts_the_row_back(page: Page) -> None:
    page.route("**/check-in/", lambda route: route.fulfill(status=500, body="oh"))
    kim = row(page, "Kim de Boer")
    kim.locator(".tick").click()
    expect(page.locator(".toast")).to_contain_text("Not saved")
    expect(kim.locator(".state:visible")).to_contain_text("No check-in yet")


def test_a_login_that_ended_is_told_and_loses_nothing(page: Page, desk: StaffLogin) -> None:
    cookies: Any = page.context.cookies()
    page.context.clear_cookies()
    kim = row(page, "Kim de Boer")
    kim.locator(".tick").click()
    expect(page.locator("#notices")).to_contain_text("You are logged out")
    expect(kim.locator(".state:visible")).to_have_text("Waiting, not sent yet")
    page.context.add_cookies(cookies)
    expect(kim.locator(".state:visible")).to_contain_text("Checked in")
    expect(page.locator("#notices")).to_be_empty()


def test_a_right_that_was_taken_away_is_told(page: Page, desk: StaffLogin) -> None:
    desk.is_active = False
    desk.save()
    expect(page.locator("#notices")).to_contain_text("Your login may no longer do this")


def test_old_data_says_so(page: Page) -> None:
    page.clock.install()
    cut(page)
    page.clock.run_for(70_000)
    expect(page.locator("#live-word")).to_contain_text("updated")
    expect(page.locator("#notices")).to_contain_text("No connection since")


def test_a_day_of_three_hundred_rows_is_sifted_at_once(page: Page, running: ScheduledSession) -> None:
    """Answer within 100 ms feels immediate; on a machine as busy as a test's, three times that at most."""
    page.evaluate(
        """() => {
            const rows = [...document.querySelectorAll("[data-row]")];
            for (let n = 0; n < 24; n += 1) for (const row of rows) {
                const copy = row.cloneNode(true);
                copy.id = `${row.id}-${n}`;
                row.parentElement.append(copy);
            }
        }"""
    )
    spent = page.evaluate(
        """() => {
            const input = document.querySelector(".search input");
            const began = performance.now();
            input.value = "kim";
            input.dispatchEvent(new Event("input", { bubbles: true }));
            document.body.getBoundingClientRect();
            return performance.now() - began;
        }"""
    )
    expect(page.locator("[data-row]:visible")).to_have_count(25)
    assert spent < 300


def test_the_title_tells_how_many_are_missing(page: Page) -> None:
    assert page.title() == "(12) Check-ins - Centrum - Studio Linden"
    row(page, "Kim de Boer").locator(".tick").click()
    expect(page).to_have_title("(11) Check-ins - Centrum - Studio Linden")


def test_it_works_without_script(open_page: OpenPage, running: ScheduledSession, desk: StaffLogin) -> None:
    page = open_page(desk, PATH, java_script_enabled=False)
    page.locator(".search input[type=search]").fill("ohm")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]:visible")).to_have_count(1)
    row(page, "Dörte Öhm").locator(".tick").click()
    expect(page.locator(".banner")).to_contain_text("Dörte Öhm is in")
    assert people_in() == {"Dörte Öhm"}
    row(page, "Dörte Öhm").locator(".tick").click()
    expect(page.locator(".banner")).to_contain_text("check-in taken back")
    assert people_in() == set()


@pytest.mark.parametrize(("theme", "widths"), [("dark", (1440, 320, 390)), ("light", (1024, 390, 320))])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    open_page: OpenPage, running: ScheduledSession, desk: StaffLogin, theme: str, widths: tuple[int, ...]
) -> None:
    actions.check_in(running.reservations.get(member__first_name="Ada"), action_id=uuid4(), by=desk, now=timezone.now())
    page = open_page(desk, PATH, viewport={"width": widths[0], "height": 800}, color_scheme=theme)
    expect(page.locator("#live-word")).to_have_text("live")
    page.locator(".counter-menu summary").first.click()
    assert faults(page, widths=widths) == []


def test_the_viewer_sees_no_ticks_no_undo_and_no_contact(
    open_page: OpenPage, running: ScheduledSession, studio: Studio, desk: StaffLogin
) -> None:
    actions.check_in(running.reservations.get(member__first_name="Ada"), action_id=uuid4(), by=desk, now=timezone.now())
    viewer = StaffLoginFactory(studio=studio, preset=Preset.VIEWER)
    page = open_page(viewer, PATH)
    expect(page.locator("[data-row]")).to_have_count(12)
    expect(page.locator(".tick")).to_have_count(0)
    expect(page.locator("#deeds button")).to_have_count(0)
    assert "@example.test" not in page.content()
    assert violations(page) == []
