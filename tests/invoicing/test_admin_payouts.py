"""The operator's desk: who pays, payouts with their state, marks, a CSV of payouts."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoicing.models import Payer, Payout, PayoutEvent
from invoicing.selectors.payouts import standing_of
from portal.models import User
from tests.bookings.schedule_pages import NOW, words
from tests.factories import LocationFactory, UserFactory
from tests.factories.invoicing import InvoiceFactory, PayerFactory
from tests.factories.marketplace import ContractTermsFactory, MarketplaceFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/invoicing/payout/"
UPLOAD = f"{LIST}upload/"


@pytest.fixture
def operator() -> User:
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def client(operator: User) -> Any:
    client = Client()
    client.force_login(operator)
    with time_machine.travel(NOW, tick=False):
        yield client


@pytest.fixture
def payout() -> Payout:
    """28.26 of R-2026-0001, due on the 16th of November and late by now."""
    return make("R-2026-0001", "linden")


def make(number: str, slug: str, **fields: Any) -> Payout:
    place = LocationFactory(studio__slug=slug, studio__name=slug.title())
    terms = ContractTermsFactory(contract__connection__studio=place.studio)
    invoice = InvoiceFactory(contract=terms.contract, number=number, due_on=date(2026, 11, 16), **fields)
    return Payout.objects.get(invoice=invoice)


def told(payout: Payout) -> list[tuple[Any, ...]]:
    return list(payout.events.order_by("pk").values_list("kind", "on", "amount", "reference", "note"))


def csv(*lines: str, header: str = "Number;Date;Amount;Reference", encoding: str = "utf-8") -> SimpleUploadedFile:
    return SimpleUploadedFile("payouts.csv", "\n".join([header, *lines]).encode(encoding))


class TestTheList:
    def test_is_filtered_by_state(self, client: Client, payout: Payout) -> None:
        other = make("R-2026-0002", "eiche")
        PayoutEvent.objects.create(
            studio=other.studio, payout=other, kind="received", on=NOW.date(), amount=other.amount, recorded_at=NOW
        )
        assert "28.26 EUR 0.00 EUR" in words(client.get(LIST))
        shown = words(client.get(f"{LIST}?state=late"))
        assert "R-2026-0001" in shown
        assert "R-2026-0002" not in shown
        assert "R-2026-0002" in words(client.get(f"{LIST}?state=received"))
        assert "R-2026-0002" not in words(client.get(f"{LIST}?state=open"))

    def test_costs_as_many_queries_with_many(
        self, client: Client, payout: Payout, django_assert_max_num_queries: Any
    ) -> None:
        for month in range(1, 10):
            InvoiceFactory(contract=payout.invoice.contract, month=date(2025, month, 1), lines=())
        with django_assert_max_num_queries(14):
            client.get(LIST)

    def test_several_are_marked_with_a_day_and_a_reference(
        self, client: Client, operator: User, payout: Payout
    ) -> None:
        other = make("R-2026-0002", "eiche")
        done = make("R-2026-0003", "birke")
        PayoutEvent.objects.create(
            studio=done.studio, payout=done, kind="received", on=NOW.date(), amount=done.amount, recorded_at=NOW
        )
        chosen = {"action": "mark_sent", "_selected_action": [payout.pk, other.pk, done.pk]}
        page = client.post(LIST, chosen)
        assert "1 of those chosen has nothing more to bring" in words(page)
        answer = client.post(LIST, chosen | {"apply": "1", "on": "2026-11-17", "reference": "RUN-7"})
        assert answer.status_code == 302
        assert told(payout) == told(other) == [("sent", date(2026, 11, 17), Decimal("28.26"), "RUN-7", "")]
        assert payout.events.get().operator == operator
        assert len(told(done)) == 1

    def test_several_wait_for_all_sellers_before_the_first(self, client: Client, payout: Payout) -> None:
        """As do issues and corrections: whoever marks the same ones in another order waits, and no deadlock ends it."""
        make("R-2026-0002", "eiche")
        chosen = {"action": "mark_sent", "_selected_action": [*Payout.objects.values_list("pk", flat=True)]}
        file = {"kind": "sent", "file": csv("R-2026-0001;16.11.2026;1,00;", "R-2026-0002;16.11.2026;1,00;")}
        for path, given in (
            (LIST, chosen | {"apply": "1", "on": "2026-11-17", "reference": "RUN-7"}),
            (UPLOAD, file | {"tell": "1"}),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert client.post(path, given).status_code == 302
            first = next(one["sql"] for one in captured if one["sql"].endswith("FOR NO KEY UPDATE"))
            assert 'FROM "invoicing_seller"' in first
            assert re.search(r"IN \(\d+, \d+\)", first)

    def test_none_is_marked_on_a_day_that_cannot_be(self, client: Client, payout: Payout) -> None:
        chosen = {"action": "mark_received", "_selected_action": [payout.pk], "apply": "1", "on": "2027-01-01"}
        assert "This day is still to come." in words(client.post(LIST, chosen))
        assert told(payout) == []


class TestOne:
    def test_is_told_and_taken_back(self, client: Client, payout: Payout) -> None:
        url = f"{LIST}{payout.pk}/tell/"
        assert "28.26" in client.get(url).content.decode()
        given = {"kind": "received", "on": "2026-11-17", "amount": "20.00", "reference": "TR-1"}
        assert client.post(url, given).status_code == 302
        page = words(client.get(f"{LIST}{payout.pk}/change/"))
        assert "short: 8.26 EUR have not come" in page
        assert "Has all of it come? no · 20.00 EUR Did the last try fail? no Has a part of it come? yes · 8.26" in page
        assert "TR-1" in page
        assert client.post(f"{LIST}told/{payout.events.get().pk}/take-back/").status_code == 302
        assert standing_of(payout, today=NOW.date()).state == "late"
        client.post(f"{LIST}told/{payout.events.first().pk}/take-back/")  # type: ignore[union-attr]
        assert payout.events.count() == 2

    def test_a_failed_one_needs_its_field(self, client: Client, payout: Payout) -> None:
        url = f"{LIST}{payout.pk}/tell/"
        given = {"kind": "failed", "on": "2026-11-17", "why": "account closed"}
        assert "What was wrong?" in words(client.post(url, given))
        client.post(url, given | {"wrong": "iban"})
        assert told(payout) == [("failed", date(2026, 11, 17), None, "", "iban: account closed")]

    @pytest.mark.parametrize(
        "given",
        [
            {"kind": "sent", "on": "2026-11-17", "amount": ""},
            {"kind": "sent", "on": "2026-11-17", "amount": "-1"},
            {"kind": "sent", "on": "2026-11-01", "amount": "1"},
            {"kind": "reminded", "on": "2026-11-17", "amount": "1"},
            {},
        ],
    )
    def test_what_cannot_be_is_refused(self, client: Client, payout: Payout, given: dict[str, str]) -> None:
        assert client.post(f"{LIST}{payout.pk}/tell/", given).status_code == 422
        assert told(payout) == []

    def test_who_may_only_look_tells_nothing(self, payout: Payout) -> None:
        looker = UserFactory(is_staff=True)
        looker.user_permissions.add(Permission.objects.get_or_create(codename="view_payout", content_type=_type())[0])
        client = Client()
        client.force_login(looker)
        assert client.get(LIST).status_code == 200
        given = {"kind": "sent", "on": "2026-11-17", "amount": "1"}
        assert client.post(f"{LIST}{payout.pk}/tell/", given).status_code == 403
        assert client.get(UPLOAD).status_code == 403
        client.post(LIST, {"action": "mark_sent", "_selected_action": [payout.pk], "apply": "1", "on": "2026-11-17"})
        assert told(payout) == []


def _type() -> Any:
    return ContentType.objects.get_for_model(Payout)


class TestTheFile:
    def upload(self, client: Client, file: Any, **fields: Any) -> Any:
        return client.post(UPLOAD, {"kind": "sent", "file": file, **fields})

    def test_is_looked_at_first_and_told_once(self, client: Client, operator: User, payout: Payout) -> None:
        page = self.upload(client, csv("R-2026-0001;16.11.2026;28,26;RUN 7"))
        assert "Would be told: 1" in words(page)
        assert told(payout) == []
        carried = page.context["carried"]
        assert client.post(UPLOAD, {"kind": "sent", "carried": carried, "tell": "1"}).status_code == 302
        assert told(payout) == [("sent", date(2026, 11, 16), Decimal("28.26"), "RUN 7", "")]
        assert payout.events.get().operator == operator
        again = self.upload(client, csv("R-2026-0001;16.11.2026;28,26;RUN 7"), tell="1")
        assert again.status_code == 302
        assert len(told(payout)) == 1

    def test_rows_that_are_refused_are_listed_and_the_others_told(self, client: Client, payout: Payout) -> None:
        make("R-2026-0002", "eiche")
        make("R-2026-0002", "birke")
        credit = InvoiceFactory(
            contract=payout.invoice.contract, type_code="261", corrects=payout.invoice, number="R-C-2026-0001", net=0,
            tax=0, gross=0, lines=(),
        )  # fmt: skip
        page = self.upload(
            client,
            csv(
                "R-2026-0001;16.11.2026;1.028,26;RUN 7",
                "R-2026-0009;16.11.2026;1,00;",
                "R-2026-0002;16.11.2026;1,00;",
                f"{credit.number};16.11.2026;1,00;",
                "R-2026-0001;31.11.2026;1,00;",
                "R-2026-0001;16.11.2026;many;",
                "R-2026-0001;16.11.2026;-5,00;",
                "R-2026-0001;16.11.2026;5,00 USD;",
                "R-2026-0001;24.12.2026;5,00;",
                "R-2026-0001;16.11.2026;1.028,26;RUN 7",
                "R-2026-0001;16.11.2026;5,00;x;too many",
            ),
            tell="1",
        )
        assert page.status_code == 200, page.context["form"].errors
        assert told(payout) == [("sent", date(2026, 11, 16), Decimal("1028.26"), "RUN 7", "")]
        refused = {row.line: row.why for row in page.context["file"].refused}
        for line, why in {
            3: "There is no invoice with this number.",
            4: "Several studios have an invoice with this number.",
            5: "This is a correction.",
            6: "",
            7: "“many” is not an amount.",
            8: "An amount above 0 is needed.",
            9: "The invoice is in EUR.",
            10: "This day is still to come.",
            11: "This row stands in the file twice.",
            12: "This row has more cells than the header has columns.",
        }.items():
            assert refused[line].startswith(why)
            assert refused[line]
        assert "Refused, not told: 10" in words(page)

    def test_a_number_of_two_studios_is_told_by_the_studio_s_name(self, client: Client, payout: Payout) -> None:
        other = make("R-2026-0001", "eiche")
        header = "Studio,Invoice number,Paid on,Amount"
        self.upload(client, csv("eiche,R-2026-0001,2026-11-16,28.26", header=header), tell="1")
        assert (told(payout), len(told(other))) == ([], 1)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
    def test_is_read_in_other_encodings(self, client: Client, payout: Payout, encoding: str) -> None:
        file = csv(
            "R-2026-0001;16.11.2026;1.028,26;Überweisung", encoding=encoding, header="Rechnung;Datum;Betrag;Referenz"
        )
        # A byte order mark is proof; a few letters in an old code page are a guess, which a person can set right.
        chosen = {"encoding": encoding} if encoding == "cp1252" else {}
        self.upload(client, file, tell="1", **chosen)
        assert told(payout)[0][2:4] == (Decimal("1028.26"), "Überweisung")

    @pytest.mark.parametrize(
        ("file", "said"),
        [
            (csv("R;2026-11-16;1", header="Number;Date;Sum of it"), "These columns are missing: amount."),
            (csv("R;2026-11-16;1", header="Number;Number;Amount"), "stands more than once in the header"),
            (csv("R;2026-11-16;1.234"), "The amounts can be read in two ways."),
            (csv("R;02/03/2026;1.00"), "The dates can be read in two ways."),
            (csv(), "The file has a header, but no rows."),
            (SimpleUploadedFile("x.csv", b"PK\x03\x04 workbook"), "This is a workbook"),
            (SimpleUploadedFile("x.csv", b"a" * (2**20 + 1)), "The file is larger than 1 MiB."),
            ("", "Choose a file."),
        ],
    )
    def test_what_cannot_be_read_is_said(self, client: Client, payout: Payout, file: Any, said: str) -> None:
        if hasattr(file, "seek"):
            file.seek(0)
        page = self.upload(client, file, tell="1")
        assert page.status_code == 422
        assert said in words(page)
        assert told(payout) == []

    def test_how_it_writes_amounts_and_days_can_be_chosen(self, client: Client, payout: Payout) -> None:
        self.upload(client, csv("R-2026-0001;11/09/2026;1.234;"), mark=",", order="mdy", tell="1")
        assert told(payout)[0][1:3] == (date(2026, 11, 9), Decimal("1234.00"))


class TestThePayer:
    GIVEN = {
        "marketplace": "fitpass", "legal_name": "Fitpass B.V.", "country": "NL", "vat_id": "NL 123456782 B90",
        "registration": "34233181", "electronic_scheme": "0106", "electronic_address": "34233181",
    }  # fmt: skip

    def test_is_written_down_and_never_deleted(self, client: Client) -> None:
        MarketplaceFactory()
        assert client.post("/admin/invoicing/payer/add/", self.GIVEN).status_code == 302
        assert Payer.objects.get().vat_id == "NL123456782B90"
        assert client.post("/admin/invoicing/payer/fitpass/delete/", {"post": "yes"}).status_code == 403

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            ({"vat_id": "NL1"}, "vat_id"),
            ({"registration": "1"}, "registration"),
            ({"electronic_address": ""}, "electronic_address"),
            ({"electronic_address": "12"}, "electronic_address"),
            ({"country": "nl"}, "country"),
            ({"legal_name": "Fitpass 🌳"}, "legal_name"),
        ],
    )
    def test_bad_numbers_are_refused(self, client: Client, given: dict[str, str], name: str) -> None:
        PayerFactory(marketplace=MarketplaceFactory())
        page = client.post("/admin/invoicing/payer/fitpass/change/", self.GIVEN | given)
        assert name in page.context["adminform"].form.errors
