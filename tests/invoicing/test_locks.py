"""Whatever waits for what is issued waits in one order: the seller first. Two opposite ones would end in a deadlock."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from invoicing.actions import closing, correct, issue, parties, payouts
from invoicing.actions.answering import answer
from invoicing.models import Invoice, Payout, PayoutEvent, Seller, TaxStatus
from invoicing.rules.answers import Answer
from portal.models import StaffLogin
from tests.factories import StaffLoginFactory
from tests.invoicing.scenes import House, at
from tests.invoicing.screens import NOW, client_of, noon, ready

pytestmark = pytest.mark.django_db

OCTOBER, ON_THE_5TH, LATE = date(2026, 10, 1), at("2026-11-05 06:00"), datetime(2026, 11, 25, tzinfo=UTC)
Deed = Callable[[House, Invoice, StaffLogin], object]


def locks(deed: Callable[[], object]) -> list[str]:
    """The tables that it locks rows of, in order."""
    with CaptureQueriesContext(database) as captured:
        deed()
    texts = [one["sql"] for one in captured if re.search(r"FOR (NO KEY )?UPDATE", one["sql"])]
    return [found[1] for text in texts if (found := re.search(r'FROM "(\w+)"', text))]


def told(invoice: Invoice) -> PayoutEvent:
    payout = Payout.objects.get(invoice=invoice)
    return payouts.tell(payout, "received", on=date(2026, 11, 20), amount=Decimal(1), now=NOW)


def remove_status(there: House, _invoice: Invoice, owner: StaffLogin) -> None:
    status = TaxStatus.objects.create(studio=owner.studio, first_on=date(2026, 12, 1), small_business=True)
    parties.remove_tax_status(status, by=owner, now=NOW)


def save_settings(there: House, _invoice: Invoice, _owner: StaffLogin) -> None:
    seller = Seller.objects.get()
    given = {name: getattr(seller, name) for name in ("legal_name", "country", "vat_id", "registration", "prefix")}
    page = client_of(seller.studio).post(f"/{seller.studio.slug}/settings/invoices/", given | {"city": "Utrecht"})
    assert page.status_code == 302
    seller.refresh_from_db()
    assert seller.city == "Utrecht"


DEEDS: dict[str, Deed] = {
    "issue": lambda there, _invoice, _owner: issue(there.contract, date(2026, 9, 1), now=NOW),
    "correct": lambda _there, invoice, _owner: correct(invoice, now=NOW),
    "answer": lambda _there, invoice, owner: answer(invoice, Answer.CORRECTION, by=owner, now=NOW, text="x"),
    "close": lambda _there, _invoice, owner: closing.take_back(
        owner.studio, OCTOBER.replace(month=9), by=owner, now=NOW
    ),
    "sign": lambda there, _invoice, owner: parties.sign(there.contract, "Ada", by=owner, now=NOW),
    "end": lambda there, _invoice, owner: parties.end_agreement(there.contract.self_billing.get(), by=owner, now=NOW),
    "add_status": lambda _there, _invoice, owner: parties.add_tax_status(
        owner.studio, date(2026, 12, 1), small_business=True, by=owner, now=NOW
    ),
    "remove_status": remove_status,
    "settings": save_settings,
    "tell": lambda _there, invoice, _owner: told(invoice),
    "remind": lambda _there, _invoice, _owner: payouts.remind_late(now=LATE),
}


@pytest.mark.parametrize("name", DEEDS)
def test_the_seller_is_locked_before_anything_else(name: str) -> None:
    with noon():
        there = ready(issuer="studio" if name == "answer" else "marketplace")
        owner = StaffLoginFactory(studio=there.connection.studio)
        there.visit(at("2026-10-20 18:00"))
        invoice = issue(there.contract, OCTOBER, now=ON_THE_5TH)
        assert invoice
        found = locks(lambda: DEEDS[name](there, invoice, owner))
    assert found[0] == "invoicing_seller"


def test_who_takes_back_what_was_told_waits_there_too() -> None:
    with noon():
        there = ready()
        there.visit(at("2026-10-20 18:00"))
        invoice = issue(there.contract, OCTOBER, now=ON_THE_5TH)
        assert invoice
        event = told(invoice)
        found = locks(lambda: payouts.take_back(event, now=NOW))
    assert found == ["invoicing_seller", "invoicing_payout"]


def test_several_payouts_wait_for_all_sellers_before_the_first() -> None:
    with noon():
        for _ in range(2):
            there = ready()
            there.visit(at("2026-10-20 18:00"))
            assert issue(there.contract, OCTOBER, now=ON_THE_5TH)
        with CaptureQueriesContext(database) as captured:
            assert len(payouts.remind_late(now=LATE)) == 2
    first = next(one["sql"] for one in captured if "UPDATE" in one["sql"])
    assert re.search(r"IN \((\d+), (\d+)\) ORDER BY", first)
