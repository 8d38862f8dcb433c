"""Settings > Invoices: seller, bank account, tax status, self-billing. Of owners alone."""

from datetime import date
from typing import Any

import pytest
from django.core import mail
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from invoicing import tasks
from invoicing.actions import parties
from invoicing.models import SelfBillingAgreement, Seller, TaxStatus
from invoicing.rules import identifiers
from marketplace.models import Connection
from portal.models import Change, Job, StaffLogin, Studio
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, errors, words
from tests.factories import PASSWORD, LocationFactory, StaffLoginFactory
from tests.factories.invoicing import AgreementFactory, InvoiceFactory, PayerFactory, SellerFactory
from tests.factories.marketplace import ConnectionFactory, ContractTermsFactory, MarketplaceFactory
from tests.marketplace.scenes import drain

PATH = "settings/invoices/"
SELLER = {
    "legal_name": "Linde Yoga B.V.",
    "street": "Lindengracht 1",
    "postcode": "1015 KB",
    "city": "Amsterdam",
    "country": "NL",
    "vat_id": "NL 004495445 B01",
    "tax_number": "",
    "registration": "34 23 31 81",
    "electronic_scheme": "0106",
    "electronic_address": "34233181",
    "contact": "Ada Owner",
    "phone": "+31 20 1234567",
    "email": "books@linde.example",
    "prefix": "r-nl",
}
BANK = {
    "iban": "NL91 ABNA 0417 1643 00",
    "bic": "abnanl2a",
    "account_holder": "",
    "payout_country": "DE",
    "payout_region": "BY",
}

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> StaffLogin:
    place = LocationFactory(studio__slug="linden", name="Centrum")
    return StaffLoginFactory(studio=place.studio, user__email="ada@linde.example", user__name="Ada Owner")


class TestTheSeller:
    def test_is_written_down_with_its_numbers_as_they_are_kept(self, owner: StaffLogin) -> None:
        ask(owner, PATH, SELLER, status=302)
        seller = Seller.objects.get(studio=owner.studio)
        assert (seller.vat_id, seller.registration, seller.prefix) == ("NL004495445B01", "34233181", "R-NL")
        assert (seller.electronic_scheme, seller.electronic_address) == ("0106", "34233181")
        said = words(ask(owner, PATH))
        assert "Since 11/25/2026" in said or "by Ada Owner" in said
        assert Change.objects.get(subject="seller").after["legal_name"] == "Linde Yoga B.V."

    def test_what_is_not_changed_is_not_told(self, owner: StaffLogin) -> None:
        ask(owner, PATH, SELLER, status=302)
        ask(owner, PATH, SELLER | {"city": "Utrecht"}, status=302)
        assert Change.objects.filter(subject="seller").latest("pk").after == {"city": "Utrecht"}
        ask(owner, PATH, SELLER | {"city": "Utrecht"}, status=302)
        assert Change.objects.filter(subject="seller").count() == 2

    @pytest.mark.parametrize(
        ("given", "name", "said"),
        [
            ({"legal_name": ""}, "legal_name", "This field is required."),
            ({"country": ""}, "country", "An invoice names the country"),
            ({"country": "Netherlands"}, "country", "Select a valid choice."),
            ({"vat_id": "NL004495446B01"}, "vat_id", "Not a VAT id of this country: it begins with NL"),
            ({"vat_id": "DE136695976"}, "vat_id", "Not a VAT id of this country"),
            ({"tax_number": "123456789"}, "tax_number", "Not a tax number of this country"),
            ({"registration": "HRB 1"}, "registration", "A KvK number has 8 digits."),
            ({"electronic_address": "1"}, "electronic_address", "A KvK number has 8 digits."),
            ({"electronic_address": ""}, "electronic_address", "Enter the number of this kind"),
            ({"electronic_scheme": ""}, "electronic_scheme", "Of which kind is the address"),
            (
                {"electronic_scheme": "0088", "electronic_address": "5790000435945"},
                "electronic_address",
                "A GLN has 13 digits",
            ),
            ({"email": "books"}, "email", "Enter a valid email address."),
            ({"prefix": "R 1"}, "prefix", "Capital letters, digits and hyphens."),
            ({"prefix": "R-C"}, "prefix", "Corrections have a C at the end."),
            ({"prefix": "one-linden"}, "prefix", "In this range the marketplace numbers its invoices."),
            ({"prefix": "soon-linden"}, "prefix", "In this range the marketplace numbers its invoices."),
            ({"legal_name": "Linde 🌳"}, "legal_name", "“🌳” cannot be printed on an invoice."),
        ],
    )
    def test_bad_input_is_answered_beside_its_field(
        self, owner: StaffLogin, given: dict[str, str], name: str, said: str
    ) -> None:
        MarketplaceFactory(key="one")
        answer = ask(owner, PATH, SELLER | given, status=422)
        assert list(errors(answer)) == [name]
        assert errors(answer)[name][0].startswith(said)
        assert f'href="#id_{name}"' in answer.content.decode()
        assert not Seller.objects.exists()

    def test_a_range_is_taken_by_what_was_issued_in_it(self, owner: StaffLogin) -> None:
        connection = ConnectionFactory(studio=owner.studio)
        contract = ContractTermsFactory(contract__connection=connection).contract
        # Of the marketplace, while the studio had another address.
        InvoiceFactory(contract=contract, number="ONE-OLD-2026-0001", lines=())
        InvoiceFactory(contract=contract, number="TWO-C-2026-0001", month=date(2026, 9, 1), lines=())
        # The studio's own, formerly, with a correction.
        own = InvoiceFactory(
            contract=contract, number="LY-2026-0001", type_code="380", month=date(2026, 8, 1), lines=()
        )
        InvoiceFactory(
            contract=contract, number="LY-C-2026-0001", type_code="381", month=own.month, corrects=own, lines=()
        )
        for prefix in ("one-old", "two", "ly-c"):
            assert list(errors(ask(owner, PATH, SELLER | {"prefix": prefix}, status=422))) == ["prefix"]
        ask(owner, PATH, SELLER | {"prefix": "r"}, status=302)
        ask(owner, PATH, SELLER | {"prefix": "ly"}, status=302)
        assert Seller.objects.get().prefix == "LY"

    def test_corrections_do_not_number_in_a_marketplace_s_range(self, owner: StaffLogin) -> None:
        """The address ends like a range of corrections."""
        Studio.objects.filter(pk=owner.studio_id).update(slug="linden-c")
        owner.studio.refresh_from_db()
        MarketplaceFactory(key="one")
        assert list(errors(ask(owner, PATH, SELLER | {"prefix": "one-linden"}, status=422))) == ["prefix"]
        ask(owner, PATH, SELLER | {"prefix": "linden"}, status=302)

    def test_german_and_austrian_numbers(self, owner: StaffLogin) -> None:
        german = {"country": "DE", "vat_id": "DE136695976", "tax_number": "181/815/08155", "registration": "HRB 86891"}
        leitweg = {"electronic_scheme": "0204", "electronic_address": "04011000-1234512345-06"}
        ask(owner, PATH, SELLER | german | leitweg, status=302)
        austrian = {"country": "AT", "vat_id": "ATU13585627", "tax_number": "59-119/9013", "registration": "122119m"}
        electronic = {"electronic_scheme": "9914", "electronic_address": "ATU13585627"}
        ask(owner, PATH, SELLER | austrian | electronic, status=302)
        assert Seller.objects.get().registration == "FN 122119m"

    def test_two_people_do_not_overwrite_each_other(self, owner: StaffLogin) -> None:
        ask(owner, PATH, SELLER, status=302)
        seen = ask(owner, PATH).context["form"].initial["seen"]
        Seller.objects.update(city="Utrecht")
        found = errors(ask(owner, PATH, SELLER | {"city": "Delft", "seen": seen}, status=422))
        assert found["city"][0].startswith("Meanwhile")

    def test_is_heard_of_by_owners_alone(self, owner: StaffLogin) -> None:
        manager = StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER)
        assert "/linden/settings/invoices/" in ask(owner, "settings/?q=iban").content.decode()
        assert "/linden/settings/invoices/" not in ask(manager, "settings/").content.decode()
        ask(manager, PATH, status=404)
        ask(manager, PATH, SELLER, status=404)
        pinned = StaffLoginFactory(studio=owner.studio)
        pinned.locations.add(owner.studio.locations.get())
        ask(pinned, PATH, status=404)


def test_the_page_costs_the_same_with_many_rows(owner: StaffLogin) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as seen:
            ask(owner, PATH)
        return len(seen)

    SellerFactory(studio=owner.studio)
    made = ContractTermsFactory(contract__connection__studio=owner.studio)
    ask(owner, f"{PATH}tax-status/", {"first_on": "2026-07-01", "small_business": "1"}, status=302)
    few = queries()
    for number in range(1, 6):
        seller = MarketplaceFactory(key=f"other-{number}", name=f"Other {number}")
        # Not live: a banner about a late sync would be another's query.
        there = ConnectionFactory(studio=owner.studio, marketplace=seller, state="setting_up", activated_at=None)
        terms = ContractTermsFactory(contract__connection=there)
        AgreementFactory(contract=terms.contract)
        given = {"first_on": f"2027-0{number}-01", "small_business": "0"}
        ask(owner, f"{PATH}tax-status/", given, status=302)
    assert queries() == few
    assert made.contract.studio == owner.studio


class TestTheBankAccount:
    @pytest.fixture
    def client(self, owner: StaffLogin) -> Client:
        """The owner, who has just given the password again."""
        SellerFactory(studio=owner.studio, iban="", payout_country="")
        client = Client()
        client.force_login(owner.user)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        return client

    def test_asks_for_the_password_again(self, owner: StaffLogin) -> None:
        SellerFactory(studio=owner.studio, iban="")
        client = Client()
        client.force_login(owner.user)
        for answer in (client.get(f"/linden/{PATH}bank/"), client.post(f"/linden/{PATH}bank/", BANK)):
            assert answer.status_code == 302
            assert answer.headers["Location"].startswith(
                "/accounts/reauthenticate/?next=%2Flinden%2Fsettings%2Finvoices%2Fbank%2F"
            )
        assert Seller.objects.get().iban == ""
        # What was typed is not lost: it is saved once the password is there.
        client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": f"/linden/{PATH}bank/"})
        assert Seller.objects.get().iban == "NL91ABNA0417164300"

    def test_is_saved_logged_and_told_to_all_owners(self, owner: StaffLogin, client: Client) -> None:
        StaffLoginFactory(studio=owner.studio, user__email="ben@linde.example")
        StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER, user__email="mia@linde.example")
        assert client.post(f"/linden/{PATH}bank/", BANK).status_code == 302
        seller = Seller.objects.get()
        assert (seller.iban, seller.bic, seller.payout_region) == ("NL91ABNA0417164300", "ABNANL2A", "BY")
        assert Change.objects.get(subject="seller").by == owner
        assert tasks.mail_bank_changed
        drain()
        assert sorted(one.to[0] for one in mail.outbox) == ["ada@linde.example", "ben@linde.example"]
        assert "Ada Owner" in mail.outbox[0].body
        assert "…4300" in mail.outbox[0].body
        assert "NL91" not in mail.outbox[0].body
        client.post(f"/linden/{PATH}bank/", BANK)
        assert Job.objects.filter(kind=parties.MAIL_BANK).count() == 2

    @pytest.mark.parametrize(
        ("given", "name", "said"),
        [
            ({"iban": "NL92ABNA0417164300"}, "iban", "NL92ABNA0417164300 is not an IBAN"),
            ({"bic": "AB"}, "bic", "AB is not a BIC."),
            ({"payout_region": "Nowhere"}, "payout_region", "Not known there. Known: BB, BE"),
            ({"payout_country": "Germany"}, "payout_country", "Select a valid choice."),
        ],
    )
    def test_bad_input_is_answered_beside_its_field(
        self, client: Client, given: dict[str, str], name: str, said: str
    ) -> None:
        answer = client.post(f"/linden/{PATH}bank/", BANK | given)
        assert answer.status_code == 422
        assert errors(answer)[name][0].startswith(said)
        assert not Job.objects.exists()

    def test_comes_after_the_seller(self, owner: StaffLogin, client: Client) -> None:
        Seller.objects.all().delete()
        assert client.get(f"/linden/{PATH}bank/").headers["Location"] == f"/linden/{PATH}"


class TestTheTaxStatus:
    GIVEN = {"first_on": "2026-07-01", "small_business": "1"}

    def test_holds_from_a_day_on_and_is_taken_away_again(self, owner: StaffLogin) -> None:
        ask(owner, f"{PATH}tax-status/", self.GIVEN, status=302)
        ask(owner, f"{PATH}tax-status/", {"first_on": "2027-01-01", "small_business": "0"}, status=302)
        said = words(ask(owner, PATH))
        assert "1 Jul 2026 holds now a small business, no VAT is shown" in said
        assert "1 Jan 2027 later taxed, VAT is shown" in said
        status = TaxStatus.objects.get(first_on=date(2026, 7, 1))
        ask(owner, f"{PATH}tax-status/{status.pk}/remove/", {}, status=302)
        assert list(TaxStatus.objects.values_list("small_business", flat=True)) == [False]
        assert list(Change.objects.filter(subject="taxstatus").values_list("kind", flat=True)) == [
            "removed", "added", "added",
        ]  # fmt: skip

    def test_stays_once_invoices_were_issued_by_it(self, owner: StaffLogin) -> None:
        InvoiceFactory(contract=ContractTermsFactory(contract__connection__studio=owner.studio).contract)
        ask(owner, f"{PATH}tax-status/", self.GIVEN, status=302)
        ask(owner, f"{PATH}tax-status/{TaxStatus.objects.get().pk}/remove/", {}, status=302)
        assert TaxStatus.objects.exists()

    @pytest.mark.parametrize("first_on", ["", "1026-01-01", "2026-07-01", "never"])
    def test_of_which_day_is_said_beside_the_field(self, owner: StaffLogin, first_on: str) -> None:
        TaxStatus.objects.create(studio=owner.studio, first_on=date(2026, 7, 1), small_business=True)
        answer = ask(owner, f"{PATH}tax-status/", self.GIVEN | {"first_on": first_on}, status=422)
        assert list(errors(answer, "tax_form")) == ["first_on"]


class TestSelfBilling:
    SIGNED = {"name": "Ada Lovelace", "agreed": "on"}

    @pytest.fixture
    def connection(self, owner: StaffLogin) -> Connection:
        connection = ConnectionFactory(studio=owner.studio)
        ContractTermsFactory(contract__connection=connection, contract__number="C-7")
        PayerFactory(marketplace=connection.marketplace)
        return connection

    def test_is_read_in_three_languages_and_signed_once(self, owner: StaffLogin, connection: Connection) -> None:
        assert "not agreed: no invoice is issued" in words(ask(owner, PATH))
        for language, said in (("en", "Self-billing"), ("de", "Gutschrift"), ("nl", "uitgereikt door afnemer")):
            text = words(ask(owner, f"{PATH}agreement/fitpass/?language={language}"))
            assert said in text
            assert "Fitpass Nederland B.V." in text
            assert "C-7" in text
        ask(owner, f"{PATH}agreement/fitpass/", self.SIGNED, status=302)
        ask(owner, f"{PATH}agreement/fitpass/", self.SIGNED, status=302)
        (made,) = SelfBillingAgreement.objects.all()
        assert (made.signed_by, made.version, made.signed_on, made.login) == (
            "Ada Lovelace",
            "2026-1",
            NOW.date(),
            owner,
        )
        assert "Signed by Ada Lovelace" in words(ask(owner, f"{PATH}agreement/fitpass/"))

    def test_needs_a_name_and_a_yes(self, owner: StaffLogin, connection: Connection) -> None:
        assert list(errors(ask(owner, f"{PATH}agreement/fitpass/", {}, status=422))) == ["name", "agreed"]
        assert not SelfBillingAgreement.objects.exists()

    def test_ends_and_can_be_signed_anew(self, owner: StaffLogin, connection: Connection) -> None:
        AgreementFactory(contract=connection.contracts.get())
        assert "Text 1 was signed, which is not kept here" in words(ask(owner, f"{PATH}agreement/fitpass/"))
        ask(owner, f"{PATH}agreement/fitpass/end/", {}, status=302)
        ask(owner, f"{PATH}agreement/fitpass/end/", {}, status=302)
        assert SelfBillingAgreement.objects.get().ended_on == NOW.date()
        ask(owner, f"{PATH}agreement/fitpass/", self.SIGNED, status=302)
        assert "ended; signed by Ada Owner" in words(ask(owner, f"{PATH}agreement/fitpass/"))
        assert list(Change.objects.filter(subject="selfbillingagreement").values_list("kind", flat=True)) == [
            "signed", "ended",
        ]  # fmt: skip

    def test_waits_for_the_contract(self, owner: StaffLogin) -> None:
        ConnectionFactory(studio=owner.studio)
        ask(owner, f"{PATH}agreement/fitpass/", status=302)

    def test_is_of_one_s_own_studio(self, owner: StaffLogin, connection: Connection) -> None:
        AgreementFactory(contract=connection.contracts.get())
        other = StaffLoginFactory(studio=LocationFactory(studio__slug="eiche").studio)
        ask(other, f"{PATH}agreement/fitpass/", status=404)
        ask(other, f"{PATH}agreement/fitpass/end/", {}, status=404)
        assert SelfBillingAgreement.objects.get().ended_on is None


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (identifiers.vat_id("EL 094259216", "GR"), "EL094259216"),
        (identifiers.vat_id("GR094259216", "GR"), None),
        (identifiers.vat_id("US 123", "US"), "US123"),
        (identifiers.tax_number("12 345", "FR"), "12 345"),
        (identifiers.registration("Amtsgericht Berlin HRB 86891 B", "DE"), "Amtsgericht Berlin HRB 86891 B"),
        (identifiers.registration("86891", "DE"), None),
        (identifiers.registration("RCS Paris 1", "FR"), "RCS Paris 1"),
        (identifiers.electronic_address("EM", "a@b.nl"), "a@b.nl"),
        (identifiers.electronic_address("EM", "a@b"), None),
        (identifiers.electronic_address("0204", "991-12345-06"), None),
        (identifiers.electronic_address("9930", "ATU13585627"), None),
        (identifiers.electronic_address("0192", " x "), "x"),
    ],
)
def test_numbers_are_those_that_could_have_been_given(kept: Any, expected: Any) -> None:
    assert kept == expected
