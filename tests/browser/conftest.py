"""A headless Chromium against the running product; each test has its own browser profile.

`open_page(login, path)` opens a page as that person. A script error or a break of the content policy on any page fails
the test at its end. CHROMIUM names the browser's binary; without it that is Debian's Chromium without a window
(chromium-headless-shell: the same engine at under half the work), else Debian's whole one, else Playwright's own.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from portal.models import StaffLogin

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
OpenPage = Callable[..., Page]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    # Playwright runs an event loop in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=15_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer) -> Iterator[OpenPage]:
    """`open_page(login, "/studio/check-ins/", viewport={...}, color_scheme="dark")`: a page in a profile of its own."""
    contexts = []
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    def opened(login: StaffLogin | None, path: str, **options: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **options)
        contexts.append(context)
        if login is not None:
            context.add_cookies([session_cookie(login, live_server.url)])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", heard)
        page.goto(path)
        return page

    with _Requests() as requests:
        yield opened
        for context in contexts:
            context.close()
        requests.wait_until_answered()
    assert faults == []


class _Requests:
    """Counts those that are being answered. The tables are emptied after a test: whoever still reads them would be in
    each other's way."""

    def __init__(self) -> None:
        self._open, self._changed = 0, threading.Condition()

    def __enter__(self) -> "_Requests":
        request_started.connect(self._start)
        request_finished.connect(self._end)
        return self

    def __exit__(self, *_exception: object) -> None:
        request_started.disconnect(self._start)
        request_finished.disconnect(self._end)

    def _start(self, **_said: object) -> None:
        with self._changed:
            self._open += 1

    def _end(self, **_said: object) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def wait_until_answered(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._open <= 0, timeout=10)


def session_cookie(login: StaffLogin, url: str) -> Any:
    client = Client()
    client.force_login(login.user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


_VIOLATIONS = """
axe.run({resultTypes: ["violations"]}).then(({violations}) => violations.flatMap(
    (one) => one.nodes.map((node) => `${one.id}: ${node.target} ${node.html.slice(0, 120)}`)))
"""


def violations(page: Page) -> list[str]:
    """What axe-core finds against WCAG 2.2 AA and its best practices, as lines to read."""
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_VIOLATIONS)
    return found


def faults(page: Page, *, widths: tuple[int, ...]) -> list[str]:
    """What is wrong with the page as it stands: scrolling sideways at any of these widths, and what axe-core finds at
    the first and the last of them."""
    found = []
    height = (page.viewport_size or {"height": 800})["height"]
    for width in widths:
        page.set_viewport_size({"width": width, "height": height})
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{page.url} is {wide} px wide at {width}")
        if width in (widths[0], widths[-1]):
            found += [f"{page.url} at {width} px: {line}" for line in violations(page)]
    return found
