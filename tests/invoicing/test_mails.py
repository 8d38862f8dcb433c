"""What owners and the operator hear by mail: issued, paid, late, to be closed, not created. Each once."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import transaction

from invoicing import tasks
from invoicing.actions import mailing, payouts
from invoicing.actions.issuing import note_attempt
from invoicing.models import Invoice, InvoiceEvent, MonthClosing, Payout
from invoicing.payout_words import failed_note
from invoicing.rules import Obstacle
from invoicing.signals import invoice_issued
from marketplace.models import Contract
from portal.jobs import worker
from portal.mail import operator_address
from portal.models import Job, NoticeChoice, StaffLogin
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory, UserFactory
from tests.factories.invoicing import InvoiceFactory, PayerFactory, visit_of
from tests.factories.marketplace import ContractTermsFactory
from tests.marketplace.scenes import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("gathered")]

FIFTH = datetime(2026, 11, 5, 5, 1, tzinfo=UTC)


@pytest.fixture
def owner() -> StaffLogin:
    place = LocationFactory(studio__slug="linden", studio__name="Linde", zone="Europe/Amsterdam")
    StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER, user__email="mia@linde.example")
    return StaffLoginFactory(studio=place.studio, user__email="ada@linde.example", user__name="Ada Owner")


@pytest.fixture
def contract(owner: StaffLogin) -> Contract:
    terms = ContractTermsFactory(contract__connection__studio=owner.studio)
    return terms.contract


@pytest.fixture
def invoice(contract: Contract) -> Invoice:
    return InvoiceFactory(contract=contract, due_on=date(2026, 11, 16))


def work(at: datetime) -> list[Any]:
    """What the jobs that are due send at that moment."""
    assert tasks.mail_issued
    mail.outbox.clear()
    # Jobs are due by PostgreSQL's clock.
    Job.objects.filter(done_at=None).update(run_after=datetime(2020, 1, 1, tzinfo=UTC))
    with time_machine.travel(at, tick=False):
        drain()
    return mail.outbox


def issue(invoice: Invoice) -> None:
    invoice_issued.send(Invoice, invoice=invoice, now=FIFTH)


class TestIssued:
    def test_tells_each_owner_what_is_on_it_and_when_it_is_paid(self, owner: StaffLogin, invoice: Invoice) -> None:
        StaffLoginFactory(studio=owner.studio, user__email="ben@linde.example")
        issue(invoice)
        issue(invoice)
        first, second = sorted(work(FIFTH), key=lambda one: one.to)
        assert (first.to, second.to) == (["ada@linde.example"], ["ben@linde.example"])
        assert first.subject == f"Invoice {invoice.number}: October 2026, 28.26 EUR"
        for said in (
            "Check-ins: 2\nNo-shows: 1\n\nNet 23.75 EUR, VAT 4.51 EUR, in all 28.26 EUR.",
            "It is paid around Mon 16 Nov 2026.",
            f"/linden/invoices/{invoice.number}/",
            "you can accept it, ask about it, or object",
        ):
            assert said in first.body
        assert "Additional" not in first.body
        assert InvoiceEvent.objects.filter(kind="mailed").count() == 1

    def test_is_noted_as_mailed_when_a_mail_went_out_and_not_before(self, owner: StaffLogin, invoice: Invoice) -> None:
        issue(invoice)
        with time_machine.travel(FIFTH, tick=False):
            worker.drain("worker test")
        NoticeChoice.objects.create(login=owner, kind="invoicing.issued", how="off")
        assert work(FIFTH) == []
        assert not InvoiceEvent.objects.filter(kind="mailed").exists()

    def test_speaks_the_language_of_the_studio(self, owner: StaffLogin, invoice: Invoice) -> None:
        owner.studio.language = "de"
        owner.studio.save()
        issue(invoice)
        assert "28,26 EUR" in work(FIFTH)[0].subject

    def test_names_what_a_correction_corrects(self, invoice: Invoice) -> None:
        fields = {"net": invoice.net, "tax": invoice.tax, "gross": invoice.gross, "lines": ()}
        credit = InvoiceFactory(contract=invoice.contract, type_code="261", corrects=invoice, **fields)
        issue(credit)
        (told,) = work(FIFTH)
        assert told.subject == f"Correction {credit.number} of invoice {invoice.number}"
        assert "takes back the whole of invoice" in told.body
        assert "It is paid around" not in told.body

    def test_what_was_issued_long_ago_is_no_news(self, invoice: Invoice) -> None:
        issue(invoice)
        assert work(FIFTH + timedelta(days=8)) == []

    def test_who_may_not_see_invoices_any_more_gets_none(self, owner: StaffLogin, invoice: Invoice) -> None:
        StaffLoginFactory(studio=owner.studio, user__email="ben@linde.example")
        issue(invoice)
        StaffLogin.objects.filter(pk=owner.pk).update(preset=Preset.DESK)
        assert [one.to for one in work(FIFTH)] == [["ben@linde.example"]]


class TestPayouts:
    def tell(self, invoice: Invoice, kind: str, amount: str | None = None, **fields: Any) -> Any:
        now = datetime(2026, 11, 17, 9, tzinfo=UTC)
        given = {"on": now.date(), "amount": Decimal(amount) if amount else None, "now": now}
        event = payouts.tell(Payout.objects.get(invoice=invoice), kind, **given, **fields)
        return event, now

    def test_tells_what_was_sent(self, invoice: Invoice) -> None:
        _event, now = self.tell(invoice, "sent", "28.26", reference="TR-1")
        (told,) = work(now)
        assert told.subject == "On its way: 28.26 EUR for October 2026"
        assert "Reference: TR-1." in told.body
        assert "Expected were" not in told.body

    def test_tells_what_came_and_what_is_missing(self, invoice: Invoice) -> None:
        _event, now = self.tell(invoice, "received", "20.00")
        (told,) = work(now)
        assert told.subject == "Less than expected: 20.00 EUR for October 2026"
        assert "Expected: 28.26 EUR. Where it stands: short: 8.26 EUR have not come." in told.body
        _event, now = self.tell(invoice, "received", "8.26")
        (told,) = work(now)
        assert told.subject == "Paid out: 8.26 EUR for October 2026"

    def test_names_the_field_that_was_wrong(self, invoice: Invoice) -> None:
        _event, now = self.tell(invoice, "failed", note=failed_note("iban", "account closed"))
        (told,) = work(now)
        assert "failed on Tue 17 Nov 2026: IBAN, account closed" in told.body
        assert "/linden/settings/invoices/" in told.body

    def test_what_was_taken_back_is_not_told(self, invoice: Invoice) -> None:
        event, now = self.tell(invoice, "received", "20.00")
        payouts.take_back(event, now=now)
        assert work(now) == []

    def test_late_goes_to_the_owners_and_to_the_operator_once(self, invoice: Invoice, settings: Any) -> None:
        settings.OPERATOR_EMAIL = "desk@operator.example"
        late = datetime(2026, 11, 19, 8, tzinfo=UTC)
        payouts.remind_late(now=late)
        payouts.remind_late(now=late + timedelta(days=1))
        first, second = sorted(work(late), key=lambda one: one.to)
        assert (first.to, second.to) == (["ada@linde.example"], ["desk@operator.example"])
        assert "28.26 EUR of Fitpass One were expected around Mon 16 Nov 2026" in first.body
        assert "mark it in the admin" in second.body

    def test_late_is_not_told_once_it_was_sent(self, invoice: Invoice) -> None:
        late = datetime(2026, 11, 19, 8, tzinfo=UTC)
        payouts.remind_late(now=late)
        self.tell(invoice, "sent", "28.26")
        assert [one.subject for one in work(late)] == ["On its way: 28.26 EUR for October 2026"]


class TestTheMonthToClose:
    FIRST = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)  # 06:00 in Amsterdam

    def ask(self, now: datetime) -> list[Any]:
        mailing.ask_for_mails(now=now)
        return work(now)

    def test_is_told_once_on_the_first_where_there_is_something(self, contract: Contract) -> None:
        visit_of(contract, date(2026, 10, 20))
        assert self.ask(self.FIRST - timedelta(minutes=1)) == []
        (told,) = self.ask(self.FIRST)
        assert told.to == ["ada@linde.example"]
        assert told.subject == "October 2026: look at it before it is invoiced"
        assert "until Wed 4 Nov 2026; the invoices are issued on Thu 5 Nov 2026" in told.body
        assert "/linden/invoices/close/2026-10/" in told.body
        assert self.ask(self.FIRST + timedelta(hours=1)) == []

    def test_is_caught_up_until_the_invoices_are_issued(self, contract: Contract) -> None:
        visit_of(contract, date(2026, 10, 20))
        assert self.ask(datetime(2026, 11, 5, 5, 0, tzinfo=UTC)) == []
        assert len(self.ask(datetime(2026, 11, 5, 4, 59, tzinfo=UTC))) == 1

    def test_is_not_told_where_there_is_nothing_or_it_is_signed(self, contract: Contract) -> None:
        assert self.ask(self.FIRST) == []
        Job.objects.all().delete()
        visit_of(contract, date(2026, 10, 20))
        MonthClosing.objects.create(studio=contract.studio, month=date(2026, 10, 1), signed_at=self.FIRST, name="Ada")
        assert self.ask(self.FIRST) == []


class TestNotCreated:
    LATE = datetime(2026, 11, 5, 6, 1, tzinfo=UTC)  # 07:01 in Amsterdam

    def fail(self, contract: Contract, *obstacles: Obstacle) -> None:
        with transaction.atomic():
            note_attempt(contract, date(2026, 10, 1), obstacles, now=FIFTH)

    def test_is_told_once_with_the_reason(self, contract: Contract) -> None:
        self.fail(contract, Obstacle.NO_BANK, Obstacle.NO_AGREEMENT)
        mailing.ask_for_mails(now=FIFTH)
        assert work(FIFTH) == []
        mailing.ask_for_mails(now=self.LATE)
        mailing.ask_for_mails(now=self.LATE + timedelta(hours=1))
        (told,) = work(self.LATE)
        assert told.subject == "Not created yet: the Fitpass One invoice of October 2026"
        assert "- The bank account is missing: Settings > Invoices.\n- The marketplace writes this invoice" in told.body

    def test_goes_to_the_operator_too_where_only_they_can_mend_it(self, contract: Contract) -> None:
        UserFactory(is_staff=True, is_superuser=True, email="root@operator.example")
        self.fail(contract, Obstacle.NO_PAYER)
        mailing.ask_for_mails(now=self.LATE)
        first, second = sorted(work(self.LATE), key=lambda one: str(one.to[0]))
        assert (first.to[0], second.to[0]) == ("ada@linde.example", "root@operator.example")
        assert ("/linden/invoices/" in first.body, "/admin/invoicing/payer/" in second.body) == (True, True)

    @pytest.mark.parametrize(
        ("obstacle", "payer", "is_theirs"),
        [
            (Obstacle.NO_VAT_ID, {"vat_id": ""}, True),
            (Obstacle.NO_VAT_ID, {}, False),
            (Obstacle.UNPRINTABLE, {"legal_name": "Fitpass 🌳"}, True),
            (Obstacle.UNPRINTABLE, {"buyer_reference": "🌳"}, True),
            (Obstacle.UNPRINTABLE, {"vat_id": ""}, False),
            (Obstacle.NO_BANK, {"vat_id": ""}, False),
        ],
    )
    def test_what_is_wrong_with_the_payer_is_the_operator_s(
        self, contract: Contract, obstacle: Obstacle, payer: dict[str, str], is_theirs: bool
    ) -> None:
        UserFactory(is_staff=True, is_superuser=True, email="root@operator.example")
        PayerFactory(marketplace=contract.connection.marketplace, **payer)
        self.fail(contract, obstacle)
        mailing.ask_for_mails(now=self.LATE)
        assert ("root@operator.example" in [one.to[0] for one in work(self.LATE)]) == is_theirs

    def test_is_not_told_when_it_is_there_or_old(self, contract: Contract) -> None:
        self.fail(contract, Obstacle.NO_BANK)
        mailing.ask_for_mails(now=self.LATE + timedelta(days=11))
        assert not Job.objects.exists()
        mailing.ask_for_mails(now=self.LATE)
        self.fail(contract)
        assert work(self.LATE) == []


def test_the_operator_s_address_is_the_setting_or_the_first_operator_s(settings: Any) -> None:
    settings.OPERATOR_EMAIL = ""
    assert operator_address() == ""
    UserFactory(is_staff=True, is_superuser=True, email="one@operator.example")
    UserFactory(is_staff=True, is_superuser=True, email="two@operator.example")
    assert operator_address() == "one@operator.example"
    settings.OPERATOR_EMAIL = "desk@operator.example"
    assert operator_address() == "desk@operator.example"
