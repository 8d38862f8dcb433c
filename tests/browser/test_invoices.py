"""Invoices by keyboard: from the list to one of them, its visits and why, its files, and back."""

import re
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from invoicing.rules import Because, Kind
from portal.models import StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import StaffLoginFactory
from tests.factories.invoicing import Billed, DocumentFactory, InvoiceFactory
from tests.invoicing.scenes import at
from tests.invoicing.screens import ready

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    """Of a studio with a draft, and an invoice that has a day's cap on it."""
    there = ready()
    there.visit(at("2026-01-15 18:00"))
    lines = [Billed(number=2), Billed(Kind.CHECK_IN, Because.DAY_CAP, 1, Decimal(0))]
    invoice = InvoiceFactory(contract=there.contract, month=date(2025, 12, 1), lines=lines)
    DocumentFactory(invoice=invoice)
    return StaffLoginFactory(studio=there.connection.studio)


def at_path(page: Page, path: str) -> None:
    expect(page).to_have_url(re.compile(path))
    page.wait_for_load_state()


def test_an_invoice_is_read_by_keyboard(open_page: OpenPage, owner: StaffLogin) -> None:
    slug = owner.studio.slug
    page = open_page(owner, f"/{slug}/history/")
    page.keyboard.press("g")
    page.keyboard.press("i")
    at_path(page, f"/{slug}/invoices/$")
    assert violations(page) == []
    with page.expect_download() as download:
        page.keyboard.press("j")
        page.keyboard.press("d")
    assert download.value.suggested_filename.endswith(".pdf")
    page.keyboard.press("Enter")
    at_path(page, r"-2025-\d+/$")
    assert violations(page) == []
    with page.expect_download() as download:
        page.keyboard.press("x")
    assert download.value.suggested_filename.startswith("visits_")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#visits tbody tr")).to_have_count(2)
    page.locator("#visits").get_by_role("link", name=re.compile("Why")).first.click()
    expect(page.locator(".why-panel")).to_contain_text("Is it a check-in?")
    assert violations(page) == []
    page.keyboard.press("Backspace")
    at_path(page, f"/{slug}/invoices/$")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone(open_page: OpenPage, owner: StaffLogin, scheme: str) -> None:
    slug = owner.studio.slug
    number = owner.studio.invoices.get().number
    page = open_page(owner, f"/{slug}/invoices/", viewport=PHONE, color_scheme=scheme)
    for path in (f"/{slug}/invoices/", f"/{slug}/invoices/{number}/?line=1"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert violations(page) == []
