"""What the operator's first page says of money, and one studio's part of it."""

from datetime import UTC, date, datetime

import pytest
from django.test import Client

from invoicing.models import InvoiceEvent, IssueAttempt, Payout, PayoutEvent
from invoicing.rules import Obstacle
from portal.operator import needs
from portal.operator.needs import Need
from tests.factories import UserFactory
from tests.factories.invoicing import InvoiceFactory
from tests.factories.marketplace import ContractTermsFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def waiting() -> dict[str, Need]:
    return {one.word: one for one in needs.needs(NOW) if one.count}


def test_late_failed_and_questioned_wait_and_what_came_does_not() -> None:
    contract = ContractTermsFactory().contract
    invoice = InvoiceFactory(contract=contract, due_on=date(2026, 11, 2))
    assert waiting()["payouts_late"].count == 1
    assert waiting()["payouts_late"].url.endswith("?state=late")

    payout = Payout.objects.get(invoice=invoice)
    told = {"studio": payout.studio, "payout": payout, "on": NOW.date(), "amount": payout.amount, "recorded_at": NOW}
    PayoutEvent.objects.create(kind="failed", **told)
    assert "payouts_failed" in waiting()
    assert "payouts_late" not in waiting()
    PayoutEvent.objects.create(kind="received", **told)
    assert not {"payouts_failed", "payouts_late", "payouts_short", "questions"} & set(waiting())

    InvoiceEvent.objects.create(studio=invoice.studio, invoice=invoice, kind="questioned", occurred_at=NOW)
    assert waiting()["questions"].oldest == NOW


def test_a_month_that_cannot_be_issued_waits_with_its_reason() -> None:
    contract = ContractTermsFactory().contract
    common = {"studio": contract.studio, "contract": contract, "tried_at": NOW}
    IssueAttempt.objects.create(month=date(2026, 9, 1), obstacles=[], **common)
    assert "obstructed" not in waiting()
    IssueAttempt.objects.create(month=date(2026, 10, 1), obstacles=[Obstacle.NO_PAYER], **common)
    assert waiting()["obstructed"].count == 1
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    for path in ("/admin/invoicing/issueattempt/", f"/admin/portal/studio/{contract.studio_id}/change/"):
        assert "has not written down yet which company" in client.get(path).content.decode(), path
