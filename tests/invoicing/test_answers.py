"""What the studio answers to an invoice, and what the operator answers to that (P9)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoicing.actions import issue
from invoicing.models import Invoice, InvoiceEvent
from invoicing.rules.answers import stand
from invoicing.selectors.answers import with_stand
from portal.roles import Preset
from tests.factories import StaffLoginFactory, UserFactory
from tests.factories.invoicing import InvoiceFactory
from tests.invoicing.scenes import House, at
from tests.invoicing.screens import client_of, noon, of, page, ready, text_of
from tests.marketplace.scenes import drain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("gathered")]
Kind = InvoiceEvent.Kind


@pytest.fixture(autouse=True)
def _at_noon() -> Iterator[None]:
    with noon():
        yield


@pytest.fixture
def there() -> House:
    return ready()


@pytest.fixture
def owner(there: House) -> Client:
    return client_of(there.connection.studio)


def issued(there: House) -> Invoice:
    there.visit(at("2026-10-20 18:00"))
    there.visit(at("2026-10-21 18:00"), guest=2)
    invoice = issue(there.contract, date(2026, 10, 1), now=datetime(2026, 11, 5, 5, tzinfo=UTC))
    assert invoice
    return invoice


@pytest.fixture
def invoice(there: House) -> Invoice:
    return issued(there)


def post(client: Client, there: House, invoice: Invoice, path: str, text: str = "") -> Any:
    return client.post(f"/{there.connection.studio.slug}/invoices/{invoice.number}/{path}", {"text": text})


def told(invoice: Invoice) -> list[str]:
    quiet = [Kind.ISSUED, Kind.MAILED, Kind.OPENED]
    return list(invoice.events.exclude(kind__in=quiet).order_by("id").values_list("kind", flat=True))


def shown(owner: Client, there: House, invoice: Invoice, path: str = "") -> str:
    return text_of(page(owner, there.connection.studio, of(invoice, path)))


class TestAccepting:
    def test_twice_is_once(self, there: House, owner: Client, invoice: Invoice) -> None:
        final = "Accepting is final: you can no longer object afterwards."
        assert 'aria-describedby="accept-help"' in shown(owner, there, invoice)
        assert final in shown(owner, there, invoice)
        post(owner, there, invoice, "accept/")
        assert post(owner, there, invoice, "accept/").status_code == 302

        assert told(invoice) == [Kind.ACCEPTED]
        found = shown(owner, there, invoice)
        assert "Accepted." in found
        assert "/accept/" not in found
        assert "/objection/" not in found
        # Whoever comes to it all the same reads why it is too late.
        objecting = shown(owner, there, invoice, "objection/")
        assert f"Accepted. {final}" in objecting
        assert "another answer is still open" not in objecting

    def test_it_is_the_owners(self, there: House, invoice: Invoice) -> None:
        manager = client_of(there.connection.studio, Preset.MANAGER)

        assert post(manager, there, invoice, "accept/").status_code == 404
        assert post(manager, there, invoice, "objection/", "no").status_code == 404
        assert "/accept/" not in shown(manager, there, invoice)
        assert "/question/" in shown(manager, there, invoice)
        assert told(invoice) == []


class TestAskingAndAnswering:
    def test_a_question_reaches_the_operator_and_the_answer_the_owners(
        self, there: House, owner: Client, invoice: Invoice, django_capture_on_commit_callbacks: Any
    ) -> None:
        operator = UserFactory(email="operator@example.test", is_staff=True, is_superuser=True)

        post(owner, there, invoice, "question/", "Why 2?\nWe counted 3.")
        drain()

        asked = next(one for one in mail.outbox if one.to == ["operator@example.test"])
        assert invoice.number in asked.subject
        assert "We counted 3." in asked.body
        assert f"/admin/invoicing/invoice/{invoice.pk}/answer/" in asked.body
        assert "Your question is with the operator" in shown(owner, there, invoice)

        desk = Client()
        desk.force_login(operator)
        url = f"/admin/invoicing/invoice/{invoice.pk}/answer/"
        assert "We counted 3." in desk.get(url).content.decode()
        assert invoice.number in desk.get("/admin/invoicing/invoice/?waits=1").content.decode()
        mail.outbox.clear()
        desk.post(url, {"text": "The third was cancelled in time."})
        drain()

        (reply,) = mail.outbox
        assert reply.to == [there.connection.studio.logins.get(preset=Preset.OWNER).user.email]
        assert "The third was cancelled in time." in reply.body
        found = shown(owner, there, invoice)
        assert "The third was cancelled in time." in found
        assert "the operator" in found
        assert invoice.number not in desk.get("/admin/invoicing/invoice/?waits=1").content.decode()
        # Nobody waits any more.
        desk.post(url, {"text": "Once more."})
        assert told(invoice) == [Kind.QUESTIONED, Kind.ANSWERED]

    def test_one_question_at_a_time_and_the_same_one_once(self, there: House, owner: Client, invoice: Invoice) -> None:
        post(owner, there, invoice, "question/", "Why?")
        post(owner, there, invoice, "question/", "Why?")
        post(owner, there, invoice, "question/", "And why?")
        post(owner, there, invoice, "objection/", "Wrong.")

        assert told(invoice) == [Kind.QUESTIONED]
        assert "another answer is still open" in shown(owner, there, invoice, "question/")

    def test_a_question_without_words_is_asked_for_them(self, there: House, owner: Client, invoice: Invoice) -> None:
        answer = post(owner, there, invoice, "question/", "  ")

        assert answer.status_code == 422
        assert "Please write what you want to know." in text_of(answer)
        assert told(invoice) == []


class TestObjecting:
    def test_it_says_what_it_means_and_asks_for_a_correction(
        self, there: House, owner: Client, invoice: Invoice
    ) -> None:
        assert "no longer counts as your invoice" in shown(owner, there, invoice, "objection/")
        assert post(owner, there, invoice, "objection/").status_code == 422

        post(owner, there, invoice, "objection/", "Two visits are missing.")

        assert told(invoice) == [Kind.OBJECTED]
        assert "Objected to." in shown(owner, there, invoice)
        listing = text_of(page(owner, there.connection.studio, "?state=waiting"))
        assert invoice.number in listing
        assert "objected to" in listing

    def test_accepting_takes_it_back(self, there: House, owner: Client, invoice: Invoice) -> None:
        post(owner, there, invoice, "objection/", "Two visits are missing.")
        post(owner, there, invoice, "accept/")

        assert told(invoice) == [Kind.OBJECTED, Kind.ACCEPTED]

    def test_the_operator_corrects_it(self, there: House, owner: Client, invoice: Invoice) -> None:
        operator = UserFactory(is_staff=True, is_superuser=True)
        desk = Client()
        desk.force_login(operator)
        post(owner, there, invoice, "objection/", "A visit is missing.")
        there.visit(at("2026-10-22 18:00"), guest=3)
        url = f"/admin/invoicing/invoice/{invoice.pk}/correct/"
        assert "cannot be taken back" in desk.get(url).content.decode()

        desk.post(url, {"text": "It was forgotten."})
        desk.post(url, {"text": "It was forgotten."})

        assert told(invoice) == [Kind.OBJECTED, Kind.CORRECTED]
        assert Invoice.objects.get(replaces=invoice).check_ins == 3
        assert Invoice.objects.get(corrects=invoice).gross == invoice.gross

    def test_nobody_but_an_operator_answers(self, there: House, owner: Client, invoice: Invoice) -> None:
        staff = Client()
        staff.force_login(UserFactory(is_staff=True))
        for client in (owner, staff):
            for deed in ("answer", "correct"):
                url = f"/admin/invoicing/invoice/{invoice.pk}/{deed}/"
                assert client.post(url, {"text": "x"}).status_code in {302, 403}
        assert told(invoice) == []


class TestTheOperatorsDesk:
    LIST = "/admin/invoicing/invoice/"

    def test_an_answered_objection_still_waits(self, owner: Client, there: House, invoice: Invoice) -> None:
        desk = Client()
        desk.force_login(UserFactory(is_staff=True, is_superuser=True))
        post(owner, there, invoice, "objection/", "Wrong.")
        desk.post(f"{self.LIST}{invoice.pk}/answer/", {"text": "We look into it."})

        waiting = desk.get(f"{self.LIST}?waits=1").content.decode()
        assert invoice.number in waiting
        assert f"/{invoice.pk}/answer/" in waiting
        assert "objected to" in waiting

    def test_who_only_looks_is_shown_no_way_to_act(self, owner: Client, there: House, invoice: Invoice) -> None:
        post(owner, there, invoice, "question/", "Why?")
        looker = UserFactory(is_staff=True)
        content = ContentType.objects.get_for_model(Invoice)
        looker.user_permissions.add(Permission.objects.get_or_create(codename="view_invoice", content_type=content)[0])
        staff, desk = Client(), Client()
        staff.force_login(looker)
        desk.force_login(UserFactory(is_staff=True, is_superuser=True))

        for path in (self.LIST, f"{self.LIST}{invoice.pk}/change/"):
            seen = staff.get(path).content.decode()
            assert "question asked" in seen
            assert "/answer/" not in seen
            assert "/correct/" not in seen
            assert f"/{invoice.pk}/correct/" in desk.get(path).content.decode()

    def test_many_cost_as_many_queries_as_one(self, invoice: Invoice) -> None:
        desk = Client()
        desk.force_login(UserFactory(is_staff=True, is_superuser=True))
        desk.get(self.LIST)
        with CaptureQueriesContext(connection) as one:
            desk.get(self.LIST)
        for month in range(1, 6):
            InvoiceFactory(contract=invoice.contract, month=date(2025, month, 1), lines=())
        with CaptureQueriesContext(connection) as six:
            desk.get(self.LIST)
        assert len(six) == len(one)

    def test_sql_says_of_many_how_the_matter_of_one_stands(self, invoice: Invoice) -> None:
        kinds = [Kind.ACCEPTED, Kind.QUESTIONED, Kind.ANSWERED, Kind.OBJECTED, Kind.CORRECTION_WANTED, Kind.CORRECTED]
        told = [*product(kinds, repeat=2), *((Kind.ACCEPTED, one, Kind.OPENED, Kind.ANSWERED) for one in kinds)]
        told += [(Kind.CORRECTED, Kind.QUESTIONED, Kind.ANSWERED, other) for other in kinds]
        expected = {}
        for nth, events in enumerate(told):
            day = date(2000 + nth // 12, nth % 12 + 1, 1)
            made = InvoiceFactory(contract=invoice.contract, month=day, lines=(), payout=False)
            InvoiceEvent.objects.bulk_create(
                InvoiceEvent(studio=made.studio, invoice=made, kind=kind, occurred_at=made.issued_at) for kind in events
            )
            expected[made.pk] = stand(events)
        assert dict(with_stand(Invoice.objects.exclude(pk=invoice.pk)).values_list("pk", "stands")) == expected


class TestTheStudiosOwnInvoice:
    @pytest.fixture
    def there(self) -> House:
        return ready(issuer="studio")

    def test_nobody_objects_to_it(self, there: House, owner: Client, invoice: Invoice) -> None:
        assert page(owner, there.connection.studio, of(invoice, "objection/")).status_code == 404
        assert "accept-help" not in shown(owner, there, invoice)
        assert post(owner, there, invoice, "objection/", "x").status_code == 404

    def test_it_is_corrected_at_once_after_saying_what_is_issued(
        self, there: House, owner: Client, invoice: Invoice
    ) -> None:
        there.visit(at("2026-10-22 18:00"), guest=3)
        assert "This is made at once, and cannot be taken back" in shown(owner, there, invoice, "correction/")

        post(owner, there, invoice, "correction/", "A visit was forgotten.")
        post(owner, there, invoice, "correction/", "A visit was forgotten.")

        credit, replacement = Invoice.objects.get(corrects=invoice), Invoice.objects.get(replaces=invoice)
        assert (credit.type_code, credit.check_ins) == ("381", 2)
        assert (replacement.type_code, replacement.check_ins) == ("380", 3)
        assert Invoice.objects.count() == 3
        # A credit is never corrected.
        assert page(owner, there.connection.studio, of(credit, "correction/")).status_code == 404

    def test_what_is_missing_is_said_and_nothing_is_issued(self, there: House, owner: Client, invoice: Invoice) -> None:
        there.connection.marketplace.payer.delete()

        post(owner, there, invoice, "correction/", "x")

        assert "Nothing was issued." in shown(owner, there, invoice)
        assert Invoice.objects.count() == 1


def test_another_studio_answers_nothing(there: House, invoice: Invoice) -> None:
    stranger = StaffLoginFactory()
    client = client_of(stranger.studio)

    for path in ("accept/", "question/", "objection/", "correction/"):
        assert post(client, there, invoice, path, "x").status_code == 404
    assert told(invoice) == []
