"""Files of invoices: stored bytes, visits as CSV, a year as one ZIP (P8, X4)."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client

from invoicing.actions import issue
from invoicing.models import Invoice
from invoicing.year import year_as_zip
from portal.models import Member
from portal.roles import RIGHTS, Preset, Right
from tests.factories import StaffLoginFactory
from tests.factories.invoicing import Billed, DocumentFactory, InvoiceFactory
from tests.invoicing.scenes import House, at
from tests.invoicing.screens import NOW, body, client_of, noon, of, page, ready, text_of

pytestmark = pytest.mark.django_db


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


@pytest.fixture
def invoice(there: House) -> Invoice:
    return InvoiceFactory(contract=there.contract)


def get(client: Client, there: House, path: str, **headers: str) -> Any:
    return page(client, there.connection.studio, path, **headers)


class TestADocument:
    def test_it_is_the_stored_bytes_under_their_hash(self, there: House, owner: Client, invoice: Invoice) -> None:
        stored = DocumentFactory(invoice=invoice)

        answer = get(owner, there, of(invoice, "files/pdf/"))

        assert answer.content == stored.content
        assert answer["Content-Type"] == "application/pdf"
        assert answer["ETag"] == f'"{hashlib.sha256(stored.content).hexdigest()}"'
        assert f'filename="{invoice.number}.pdf"' in answer["Content-Disposition"]
        again = get(owner, there, of(invoice, "files/pdf/"), **{"If-None-Match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert invoice.events.filter(kind="downloaded", text="pdf").count() == 1

    def test_while_it_is_made_a_page_says_so_and_looks_again(
        self, there: House, owner: Client, invoice: Invoice
    ) -> None:
        answer = get(owner, there, of(invoice, "files/pdf/"))

        assert answer.status_code == 202
        assert answer["Refresh"] == "5"
        assert "is being made" in text_of(answer)
        assert not invoice.events.filter(kind="downloaded").exists()

    def test_a_kind_that_lacks_something_or_does_not_exist_is_not_found(
        self, there: House, owner: Client, invoice: Invoice
    ) -> None:
        assert get(owner, there, of(invoice, "files/xrechnung/")).status_code == 404
        assert get(owner, there, of(invoice, "files/docx/")).status_code == 404

    def test_it_is_nobody_elses(self, there: House, invoice: Invoice) -> None:
        DocumentFactory(invoice=invoice)
        stranger = StaffLoginFactory()

        for path in ("files/pdf/", "visits.csv"):
            assert get(client_of(stranger.studio), there, of(invoice, path)).status_code == 404
            assert page(client_of(stranger.studio), stranger.studio, of(invoice, path)).status_code == 404
            assert get(client_of(there.connection.studio, Preset.DESK), there, of(invoice, path)).status_code == 404


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


class TestVisits:
    def test_every_visit_stands_there_with_its_reason_and_amount(
        self, there: House, owner: Client, invoice: Invoice
    ) -> None:
        head, *rows = rows_of(body(get(owner, there, of(invoice, "visits.csv"))))

        assert len(rows) == invoice.visits.count() == 4
        amounts = [row[head.index("Amount, net")] for row in rows]
        assert amounts == ["9.50", "9.50", "4.75", "0.00"]
        assert rows[3][head.index("Reason")] == "beyond the paid visits of a day"
        assert {row[head.index("Invoice")] for row in rows} == {invoice.number}

    def test_a_flat_rate_has_a_row_so_that_it_adds_up(self) -> None:
        there = ready(flat_rate="300.00", first_on=date(2026, 10, 1))
        there.visit(at("2026-10-03 18:00"))
        issued = issue(there.contract, date(2026, 10, 1), now=NOW)
        assert issued

        head, *rows = rows_of(body(get(client_of(there.connection.studio), there, of(issued, "visits.csv"))))

        assert [row[head.index("Amount, net")] for row in rows] == ["0.00", "300.00"]
        assert rows[1][head.index("Kind")] == "Flat rate of the month"

    def test_a_name_is_no_formula(self, there: House, owner: Client, invoice: Invoice) -> None:
        Member.objects.filter(studio=there.connection.studio).update(first_name="=HYPERLINK(1)")

        head, *rows = rows_of(body(get(owner, there, of(invoice, "visits.csv"))))

        assert all(row[head.index("Member")].startswith("'=") for row in rows)

    def test_who_may_not_see_contact_data_gets_no_names(
        self, there: House, owner: Client, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(RIGHTS, Preset.OWNER, RIGHTS[Preset.OWNER] - {Right.SEE_CONTACT})

        head, *_rows = rows_of(body(get(owner, there, of(invoice, "visits.csv"))))

        assert "Member" not in head
        assert "Amount, net" in head

    def test_they_are_told_in_the_readers_language(self, there: House, owner: Client, invoice: Invoice) -> None:
        owner.cookies["django_language"] = "de"

        content = body(get(owner, there, of(invoice, "visits.csv"))).decode("utf-8-sig")

        assert ";9,50;" in content


class TestAYear:
    def test_it_holds_every_file_the_visits_and_their_hashes(
        self, there: House, owner: Client, invoice: Invoice
    ) -> None:
        pdf = DocumentFactory(invoice=invoice)
        xml = DocumentFactory(invoice=invoice, kind="facturx", content=b"<xml/>")
        InvoiceFactory(contract=there.contract, month=date(2025, 12, 1))

        archive = zipfile.ZipFile(io.BytesIO(body(get(owner, there, "year/2026.zip"))))

        assert archive.testzip() is None
        folder = invoice.number
        assert sorted(archive.namelist()) == sorted(
            [
                f"{folder}/{pdf.file_name}",
                f"{folder}/{xml.file_name}",
                f"{folder}/visits_{folder.lower()}.csv",
                "index.csv",
            ]
        )
        head, *rows = rows_of(archive.read("index.csv"))
        for row in rows:
            told = dict(zip(head, row, strict=True))
            content = archive.read(told["file"])
            assert hashlib.sha256(content).hexdigest() == told["sha256"]
            assert len(content) == int(told["bytes"])
        assert len(rows) == 2
        assert invoice.events.filter(kind="downloaded", text="year").count() == 1

    def test_a_year_without_invoices_is_not_found(self, there: House, owner: Client) -> None:
        assert get(owner, there, "year/2026.zip").status_code == 404

    def test_it_is_written_while_it_is_sent(self, there: House) -> None:
        """No more than one file at a time is held."""
        size = 200_000
        invoices = [
            InvoiceFactory(contract=there.contract, month=date(2026, month, 1), lines=[Billed(number=1)])
            for month in (1, 2, 3)
        ]
        for one in invoices:
            DocumentFactory(invoice=one, content=bytes(size))

        chunks = list(year_as_zip(invoices, with_members=True))

        assert len([chunk for chunk in chunks if len(chunk) > size]) == 3
        assert max(map(len, chunks)) < 1.2 * size
