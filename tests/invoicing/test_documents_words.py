"""What tax law wants said, and what a format lacks, in words."""

from dataclasses import replace

import pytest

from invoicing.documents import KINDS, lacking, made, wording
from invoicing.documents.model import EInvoice, TypeCode
from tests.invoicing.documents_cases import BARE, CASES, DUTCH_MARKETPLACE, MARKETPLACE, STUDIOS, case

NO_ID = "the studio's VAT id or tax number"
ALL = ["pdf", "facturx", "xrechnung", "peppol"]


@pytest.mark.parametrize(
    ("type_code", "categories", "country", "language", "said"),
    [
        (TypeCode.SELF_BILLED, {"S"}, "DE", "de", "Gutschrift, ausgestellt vom Leistungsempfänger"),
        (TypeCode.SELF_BILLED, {"S"}, "NL", "nl", "Factuur uitgereikt door afnemer"),
        (TypeCode.SELF_BILLED, {"E"}, "AT", "en", "Self-billing: issued by the buyer"),
        (TypeCode.SELF_BILLED, {"AE"}, "NL", "nl", "Factuur uitgereikt door afnemer. Btw verlegd"),
        (TypeCode.INVOICE, {"AE"}, "DE", "de", "Steuerschuldnerschaft des Leistungsempfängers"),
        (TypeCode.INVOICE, {"AE"}, "AT", "de", "Übergang der Steuerschuld auf den Leistungsempfänger (Reverse Charge)"),
        (TypeCode.CREDIT, {"AE"}, "AT", "en", "Reverse charge"),
        (TypeCode.INVOICE, {"S"}, "DE", "de", ""),
        (TypeCode.SELF_BILLED, {"S"}, "PL", "pl", "Self-billing: issued by the buyer"),
    ],
)
def test_the_note(type_code: TypeCode, categories: set[str], country: str, language: str, said: str) -> None:
    assert wording.note(type_code, categories, country, language) == said


@pytest.mark.parametrize("language", ["en", "de", "nl"])
def test_a_self_billed_document_always_says_so(language: str) -> None:
    word = {"en": "Self-billing", "de": "Gutschrift", "nl": "uitgereikt door afnemer"}[language]
    for type_code in TypeCode:
        said = f"{wording.title(type_code, language)} {wording.note(type_code, {'S'}, 'DE', language)}"
        assert (word in said) is type_code.is_self_billed


@pytest.mark.parametrize(
    ("category", "country", "language", "small", "said"),
    [
        ("S", "DE", "de", False, ("", "")),
        ("Z", "DE", "de", False, ("", "")),
        ("AE", "NL", "nl", False, ("VATEX-EU-AE", "Btw verlegd")),
        ("E", "DE", "de", True, ("", "Steuerbefreiung für Kleinunternehmer (§ 19 UStG)")),
        ("E", "DE", "en", True, ("", "VAT exempt: small business scheme (§ 19 UStG)")),
        ("E", "BE", "en", True, ("", "VAT exempt: small business scheme (article 284 of directive 2006/112/EC)")),
        ("E", "DE", "de", False, ("", "Umsatzsteuerfreie Leistung")),
        ("O", "DE", "nl", False, ("VATEX-EU-O", "Niet aan btw onderworpen")),
    ],
)
def test_the_exemption(category: str, country: str, language: str, small: bool, said: tuple[str, str]) -> None:
    assert wording.exemption(category, country, "DE", language, small) == said


def test_the_law_of_each_country_is_named() -> None:
    for language in ("en", "de", "nl"):
        for country, law in (("DE", "§ 19 UStG"), ("NL", "25 Wet op de omzetbelasting"), ("AT", "§ 6 Abs. 1 Z 27")):
            assert law in wording.exemption("E", country, country, language, small_business=True)[1]


def test_a_category_that_no_contract_has_is_refused() -> None:
    with pytest.raises(ValueError, match="'K'"):
        wording.exemption("K", "DE", "NL", "de", small_business=False)


def kinds_of(invoice: EInvoice) -> list[str]:
    return [one.kind for one in made(invoice)]


@pytest.mark.parametrize("name", CASES)
def test_a_whole_invoice_lacks_nothing(name: str) -> None:
    assert [lacking(CASES[name], kind) for kind in KINDS] == [[], [], [], []]
    assert kinds_of(CASES[name]) == ALL


def without(party: str, **changed: str) -> EInvoice:
    return case(**{party: replace({"seller": STUDIOS["DE"], "buyer": MARKETPLACE}[party], **changed)})


@pytest.mark.parametrize(
    ("invoice", "words"),
    [
        (without("seller", contact=""), ["the name of the studio's contact"]),
        (without("seller", phone="12"), ["the phone number of the studio's contact"]),
        (without("seller", email="ana"), ["the e-mail address of the studio's contact"]),
        (without("seller", city=""), ["the studio's address"]),
        (without("buyer", postcode=""), ["the marketplace's address"]),
        (without("seller", electronic_scheme=""), ["the studio's electronic address"]),
        (without("seller", electronic_address=" "), ["the studio's electronic address"]),
        (
            without("buyer", electronic_scheme="0088", electronic_address="4012345678902"),
            ["the marketplace's electronic address"],
        ),
        (without("buyer", electronic_scheme="0106"), ["the marketplace's electronic address"]),
        (case(buyer_reference=""), ["the buyer's reference"]),
        (case(iban=""), ["the studio's bank account"]),
    ],
)
def test_what_the_two_want_beyond_the_norm_is_named_and_they_alone_are_left_out(
    invoice: EInvoice, words: list[str]
) -> None:
    assert lacking(invoice, "xrechnung") == lacking(invoice, "peppol") == words
    assert kinds_of(invoice) == ["pdf", "facturx"]


def test_a_number_of_a_place_is_taken_when_its_check_digit_fits() -> None:
    gln = without("buyer", electronic_scheme="0088", electronic_address="4012345678901")
    assert lacking(gln, "peppol") == []


def test_across_a_border_peppol_wants_less_than_xrechnung() -> None:
    abroad = case("NL", category="AE", rate="0", iban="", seller=replace(STUDIOS["NL"], contact="", phone=""))
    assert lacking(abroad, "peppol") == []
    assert kinds_of(abroad) == ["pdf", "facturx", "peppol"]


def test_two_dutch_parties_are_known_by_their_register() -> None:
    dutch = case("NL", rate="21", seller=replace(STUDIOS["NL"], registration="123"), buyer=DUTCH_MARKETPLACE)
    assert lacking(dutch, "peppol") == ["the studio's KvK number (8 digits)"]


@pytest.mark.parametrize(
    ("invoice", "words"),
    [
        (without("seller", vat_id=""), [NO_ID]),
        (case(category="O", rate="0", seller=replace(STUDIOS["DE"], vat_id="", registration="")), [NO_ID]),
        (without("seller", name=" \u0007"), ["the studio's name"]),
        (without("buyer", name=""), ["the marketplace's name"]),
        (case("NL", category="AE", rate="0", buyer=replace(MARKETPLACE, vat_id="")), ["the marketplace's VAT id"]),
        (
            case("NL", category="AE", rate="0", seller=replace(STUDIOS["NL"], vat_id="", tax_number="1")),
            ["the studio's VAT id"],
        ),
        (replace(CASES["correction"], preceding=None), ["the number of the invoice that is corrected"]),
    ],
)
def test_what_the_norm_wants_is_wanted_by_all(invoice: EInvoice, words: list[str]) -> None:
    assert [lacking(invoice, kind) for kind in KINDS] == [words] * 4
    assert made(invoice) == []


def test_the_least_that_an_invoice_can_have() -> None:
    assert kinds_of(BARE) == ["pdf", "facturx"]


def test_another_kind_is_unknown() -> None:
    with pytest.raises(KeyError):
        lacking(BARE, "fatturapa")
