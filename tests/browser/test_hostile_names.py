"""Script in every name that a page can show (S13, S14): nothing runs, nothing is blocked because nothing is tried."""

from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage

from bookings.models import CalendarItem, Reservation, Room
from portal.models import Location, Member, Studio, Teacher, User
from tests.safety.crawl import page_addresses
from tests.world import World, world

HOSTILE = "\"'><img src=x onerror=alert(1)><script>window.__pwn=1</script></title>{{7*7}}${7*7}"

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hostile() -> World:
    """Two studios in which everything that has a name has this one."""
    made = world()
    for model in (Studio, Location, CalendarItem, Room, Teacher):
        for number, row in enumerate(model.objects.all()):  # type: ignore[attr-defined]
            model.objects.filter(pk=row.pk).update(name=f"{HOSTILE[:90]}{number}")  # type: ignore[attr-defined]
    Member.objects.update(first_name=HOSTILE, last_name=HOSTILE, notes=HOSTILE, phone=HOSTILE[:40])
    Reservation.objects.update(flagged=HOSTILE)
    User.objects.update(name=HOSTILE)
    made.own.studio.imports.update(file_name=HOSTILE, header=[HOSTILE], problem=HOSTILE)
    made.own.studio.import_templates.update(name=HOSTILE[:100])
    return made


def is_ours(said: ConsoleMessage) -> bool:
    """An error that a page made; that the admin has no favicon is none."""
    return said.type == "error" and not said.text.startswith("Failed to load resource")


def test_names_are_shown_and_never_run(hostile: World, live_server: Any, chromium: Browser) -> None:
    pages = [url for url in page_addresses(hostile) if not url.endswith(("/photo/", "/logo/", "/changes/"))]
    # A file is not shown, but kept.
    pages = [url for url in pages if "." not in url.rpartition("/")[2] and "/files/" not in url]
    for user, urls in (
        (hostile.own.owner.user, pages),
        (hostile.people["operator"], ["/admin/", "/admin/portal/member/", "/admin/portal/user/add/"]),
    ):
        client = Client()
        client.force_login(user)  # type: ignore[arg-type]
        name = configured.SESSION_COOKIE_NAME
        context = chromium.new_context()
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        page = context.new_page()
        wrong: list[str] = []
        page.on("dialog", lambda dialog, wrong=wrong: (wrong.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said, wrong=wrong: wrong.append(said.text) if is_ours(said) else None)
        page.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))
        for url in urls:
            answer = page.goto(live_server.url + url)
            assert answer
            assert answer.status == 200, (url, answer.status)
            assert page.evaluate("window.__pwn") is None, url
            assert page.locator("img[src='x']").count() == 0, url
            assert not wrong, (url, wrong)
        context.close()
