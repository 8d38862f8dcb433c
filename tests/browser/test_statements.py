"""A statement by keyboard: one key a line, and the next line that waits is marked."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from invoicing.models import StatementLine
from portal.models import StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import StaffLoginFactory
from tests.invoicing.scenes import house
from tests.invoicing.statement_scenes import NOVEMBER, read


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    """Of a studio with a statement of four lines that nobody knows."""
    there = house()
    there.terms(check_in_rate=Decimal(10))
    rows = [f"x{at},zz,2026-11-02,check_in,{at}" for at in range(1, 5)]
    read(there, "\n".join(["booking_ref,member_ref,starts_at_local,event,net", *rows]), month=NOVEMBER)
    return StaffLoginFactory(studio=there.connection.studio)


def test_lines_are_answered_one_after_the_other_and_none_twice(open_page: OpenPage, owner: StaffLogin) -> None:
    lines = list(StatementLine.objects.order_by("line"))
    page = open_page(owner, f"/{owner.studio.slug}/invoices/statements/{lines[0].statement_id}/")
    page.keyboard.press("j")
    for at, key in ((0, "x"), (1, "a"), (2, "x")):
        expect(page.locator(f"#line-{lines[at].pk}")).to_have_class(re.compile("is-current"))
        page.keyboard.press(key)
        expect(page).to_have_url(re.compile(f"#line-{lines[at + 1].pk}$"))
    page.keyboard.press("k")
    page.keyboard.press("a")  # is claimed: nothing happens
    expect(page.locator("#answers ~ ul > li")).to_have_count(3)
    assert violations(page) == []
    kinds = StatementLine.objects.order_by("line").values_list("answer__kind", flat=True)
    assert list(kinds) == ["disputed", "accepted", "disputed", None]

    page.get_by_role("link", name="Remove this statement").click()
    expect(page.locator("main")).to_contain_text("2 claimed, 1 accepted")
    assert violations(page) == []
