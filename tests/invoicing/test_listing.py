"""The list of invoices: what runs, what was issued, filters, sums, files (P8, P9, N8)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoicing.actions import issue_or_note
from invoicing.models import IssueAttempt
from invoicing.rules import Because, Kind
from invoicing.selectors.flat import flat_changes
from portal.jobs import enqueue
from portal.models import Job
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory, UserFactory
from tests.factories.invoicing import Billed, DocumentFactory, InvoiceFactory
from tests.factories.marketplace import ConnectionFactory, ContractTermsFactory, MarketplaceFactory
from tests.invoicing.scenes import House, at
from tests.invoicing.screens import NOW, body, client_of, noon, page, queries, ready, text_of

pytestmark = pytest.mark.django_db
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


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


def shown(owner: Client, there: House, path: str = "") -> str:
    return text_of(page(owner, there.connection.studio, path))


class TestWhatRuns:
    def test_a_draft_with_its_forecast_and_its_dates(self, there: House, owner: Client) -> None:
        there.visit(at("2026-11-03 18:00"))
        there.visit(at("2026-11-04 18:00"), "no_show", guest=2)
        there.visit(at("2026-11-28 18:00"), "booked", guest=3)

        found = shown(owner, there)

        assert "November 2026" in found
        assert '14.25 <span class="unit">EUR net</span>' in found  # 9.50 + 4.75
        # Of two one came, at 9.50, and one did not, at 4.75. The 24th is a Tuesday as the 3rd, the 25th a Wednesday as
        # the 4th.
        assert "7.13 EUR: 1 booked visit to come, at its rate, with 50 %" in found
        assert "; the others at the rate of no-shows" in found
        assert "closes 3 Dec, issued 5 Dec, paid around 15 Dec (Tue)" in found
        assert "only 2 visits to go by" in found
        # Nothing is issued yet.
        assert "November will be here on 5 December" in found
        assert "Draft so far: 14.25 EUR." in found

    def test_what_stands_in_the_way_is_said_from_the_first_day(self, there: House, owner: Client) -> None:
        there.connection.marketplace.payer.delete()
        there.visit(at("2026-11-03 18:00"))

        assert "has not written down yet which company the marketplace pays with" in shown(owner, there)

    def test_a_month_that_could_not_be_issued_says_why_and_when_it_was_tried(self, there: House, owner: Client) -> None:
        there.visit(at("2026-10-20 18:00"))
        there.connection.marketplace.payer.delete()
        issue_or_note(there.contract, OCTOBER, now=datetime(2026, 11, 5, 5, 5, tzinfo=UTC))

        found = shown(owner, there)

        assert "Not created yet: expected 5 Nov, 06:00, last try 5 Nov, 06:05." in found
        assert "which company the marketplace pays with" in found

    def test_a_month_without_visits_is_a_line_and_no_document(self, there: House, owner: Client) -> None:
        assert issue_or_note(there.contract, OCTOBER, now=NOW - timedelta(days=10)) is None

        found = shown(owner, there)

        assert "Oct 2026" in found
        assert "no visits, no document" in found
        assert ',"no visits, no document",2026-10,' in body(page_file(owner, there)).decode()

    def test_how_far_a_large_run_is(self, there: House, owner: Client) -> None:
        with transaction.atomic():
            for number in range(3):
                key = f"invoice:{number}:2026-10:2026-11-05T06"
                enqueue("invoicing.issue", key=key, studio=there.connection.studio)
        Job.objects.filter(key__startswith="invoice:0:").update(done_at=NOW)

        assert "1 of 3 invoices" in shown(owner, there)
        # The operator sees the whole house.
        desk = Client()
        desk.force_login(UserFactory(is_staff=True, is_superuser=True))
        assert "1 of 3" in desk.get("/admin/invoicing/invoice/").content.decode()
        assert "1 of 3" in desk.get("/admin/portal/job/?kind=invoicing.issue").content.decode()
        assert "1 of 3" not in desk.get("/admin/portal/job/?kind=invoicing.documents").content.decode()
        Job.objects.update(done_at=NOW)
        assert "of 3 invoices" not in shown(owner, there)

    def test_a_studio_without_a_contract_is_told_when_they_begin(self) -> None:
        login = StaffLoginFactory()
        client = Client()
        client.force_login(login.user)

        assert "No invoices yet" in text_of(page(client, login.studio))


def page_file(owner: Client, there: House, kind: str = "csv", query: str = "") -> Any:
    return owner.get(f"/{there.connection.studio.slug}/invoices.{kind}{query}")


class TestWhatWasIssued:
    def test_an_invoice_states_its_numbers_and_leads_to_its_document(self, there: House, owner: Client) -> None:
        lines = [Billed(number=3), Billed(Kind.ADDITIONAL, Because.ADDITIONAL, 1, Decimal("5.00"))]
        invoice = InvoiceFactory(contract=there.contract, lines=lines)

        found = shown(owner, there)

        assert invoice.number in found
        assert "Additional" in found
        assert "being made" in found
        # What applies to no invoice has no column.
        assert "Late cancels</a>" not in found
        assert "39.87" in found  # 33.50 and 19 %
        assert 'data-label="Total, incl. VAT"' in found
        DocumentFactory(invoice=invoice)
        assert f'/invoices/{invoice.number}/files/pdf/"' in shown(owner, there)

    def test_a_credit_takes_away_from_the_year(self, there: House, owner: Client) -> None:
        first = InvoiceFactory(contract=there.contract, lines=[Billed(number=2)])
        InvoiceFactory(contract=there.contract, lines=[Billed(number=2)], type_code="261", corrects=first)
        InvoiceFactory(contract=there.contract, lines=[Billed(number=3)], replaces=first, payout=False)

        found = shown(owner, there)

        assert "−22.61" in found
        assert "3 documents" in found
        assert "28.50 net" in found

    def test_filters_and_order_are_the_address_and_the_file_is_what_it_shows(self, there: House, owner: Client) -> None:
        studio = there.connection.studio
        other = ContractTermsFactory(
            contract__connection=ConnectionFactory(studio=studio, marketplace=MarketplaceFactory(key="b", name="Bee"))
        ).contract
        old = InvoiceFactory(contract=there.contract, month=date(2025, 12, 1))
        new = InvoiceFactory(contract=other, month=OCTOBER)

        def numbers(query: str) -> list[bool]:
            on_page = shown(owner, there, query)
            in_file = body(page_file(owner, there, query=query)).decode()
            assert [one.number in on_page for one in (old, new)] == [one.number in in_file for one in (old, new)]
            return [one.number in in_file for one in (old, new)]

        assert numbers("") == [True, True]
        assert numbers("?year=2025") == [True, False]
        assert numbers("?marketplace=b") == [False, True]
        assert numbers("?state=late") == [True, True]
        assert numbers("?state=received") == [False, False]
        assert "Nothing fits this" in shown(owner, there, "?state=received")
        for sort, first in (("month", old), ("-month", new)):
            rows = body(page_file(owner, there, query=f"?sort={sort}")).decode().splitlines()
            assert rows[1].startswith(first.number)
        assert body(page_file(owner, there, "xlsx"))[:2] == b"PK"

    @pytest.mark.parametrize("query", ["?state=none", "?year=last", "?marketplace=nobody"])
    def test_a_filter_that_names_nothing_is_not_found(self, there: House, owner: Client, query: str) -> None:
        assert page(owner, there.connection.studio, query).status_code == 404

    def test_where_the_visits_took_place(self, there: House, owner: Client) -> None:
        LocationFactory(studio=there.connection.studio, name="Elsewhere")
        InvoiceFactory(contract=there.contract)

        found = shown(owner, there)

        assert there.place.name in found
        assert "Elsewhere" not in found.split("Issued")[-1]

    def test_thirty_invoices_cost_the_queries_of_one(self, there: House, owner: Client) -> None:
        url = f"/{there.connection.studio.slug}/invoices/"
        month = date(2024, 1, 1)
        InvoiceFactory(contract=there.contract, month=month, lines=[Billed(number=1)])
        owner.get(url)  # writes what a session keeps of itself
        one = queries(owner, url)
        for back in range(1, 30):
            InvoiceFactory(
                contract=there.contract, month=date(2023 - back // 12, 1 + back % 12, 1), lines=[Billed(number=0)]
            )

        assert queries(owner, url) == one

    def test_what_is_in_the_way_of_a_draft_is_asked_once_for_it_and_for_the_checklist(
        self, there: House, owner: Client, django_assert_num_queries: Any
    ) -> None:
        there.visit(at("2026-11-03 18:00"))
        with CaptureQueriesContext(connection) as asked:
            page(owner, there.connection.studio)
        assert sum('FROM "invoicing_selfbillingagreement"' in one["sql"] for one in asked.captured_queries) == 1
        with django_assert_num_queries(3):  # whatever the number of months
            flat_changes(there.contract, [date(2026, 8, 1), date(2026, 9, 1), OCTOBER, NOVEMBER])


class TestWhoSeesIt:
    @pytest.mark.parametrize("preset", [Preset.TEACHER, Preset.DESK, Preset.VIEWER])
    def test_who_lacks_the_right_finds_neither_page_nor_entry(self, there: House, preset: Preset) -> None:
        client = client_of(there.connection.studio, preset)

        assert page(client, there.connection.studio).status_code == 404
        assert "/invoices/" not in client.get(f"/{there.connection.studio.slug}/check-ins/").content.decode()

    def test_a_manager_does_and_one_who_is_pinned_to_a_location_does_not(self, there: House) -> None:
        studio = there.connection.studio
        manager = StaffLoginFactory(studio=studio, preset=Preset.MANAGER)
        client = Client()
        client.force_login(manager.user)
        check_ins = f"/{studio.slug}/check-ins/"

        assert page(client, studio).status_code == 200
        assert f"/{studio.slug}/invoices/" in client.get(check_ins).content.decode()
        manager.locations.add(there.place)
        assert page(client, studio).status_code == 404
        assert f"/{studio.slug}/invoices/" not in client.get(check_ins).content.decode()

    def test_another_studio_finds_nothing(self, there: House) -> None:
        assert page(client_of(StaffLoginFactory().studio), there.connection.studio).status_code == 404


def test_the_palette_finds_an_invoice_by_number_or_month_and_a_draft(there: House, owner: Client) -> None:
    invoice = InvoiceFactory(contract=there.contract)
    url = f"/{there.connection.studio.slug}/commands/"

    for text in (invoice.number[:9], "october 2026", "2026-10"):
        assert invoice.number in owner.get(url, {"q": text}).content.decode(), text
    assert "/invoices/draft/2026-11/" in owner.get(url, {"q": "draft nov"}).content.decode()
    desk = client_of(there.connection.studio, Preset.DESK)
    assert "/invoices/" not in desk.get(url, {"q": "2026-10"}).content.decode()
    assert IssueAttempt.objects.count() == 0
