"""Cents: the same in the model, the PDF, CII and UBL; and a second library, asked independently, writes the same."""

import json
import re
from collections import Counter
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from facturx import generate_cii_xml, generate_ubl_xml
from lxml import etree
from pypdf import PdfReader

from invoicing.documents import cii, made, ubl
from invoicing.documents.model import EInvoice, Party, as_json, from_json
from invoicing.documents.pdf import texts
from invoicing.documents.writing import amount, number, signed
from tests.invoicing.documents_cases import BARE, CASES, case

WITH_CENTS = {"en": r"-?[\d,]*\d\.\d{2,4}", "de": r"-?[\d.]*\d,\d{2,4}", "nl": r"-?[\d.]*\d,\d{2,4}"}


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def figures(text: str, language: str) -> list[Decimal]:
    """Each figure with decimals, as a reader of that language reads it."""
    away, point = (",", ".") if language == "en" else (".", ",")
    found = re.findall(rf"(?<![\d.,]){WITH_CENTS[language]}(?![\d.,])", text)
    return [Decimal(one.replace(away, "").replace(point, ".")) for one in found]


def pdf_of(invoice: EInvoice) -> bytes:
    return next(one.content for one in made(invoice) if one.kind == "pdf")


def values(xml: bytes, *names: str) -> list[Decimal]:
    wanted = "|".join(f"//*[local-name()='{name}']" for name in names)
    return [Decimal(node.text) for node in etree.fromstring(xml).xpath(wanted)]


@pytest.mark.parametrize("name", CASES)
def test_pdf_cii_and_ubl_say_what_the_model_says(name: str) -> None:
    invoice = CASES[name]
    xml, peppol = cii.written(invoice), ubl.written(invoice, ubl.peppol_profile(invoice))
    nets = [line.net for line in invoice.lines]
    prices = [signed(line)[1] for line in invoice.lines]
    taxes = [vat.tax for vat in invoice.vat]
    bases = [vat.base for vat in invoice.vat]

    assert values(xml, "ChargeAmount") == values(peppol, "PriceAmount") == prices
    assert values(xml, "LineTotalAmount") == [*nets, invoice.net]
    assert values(peppol, "LineExtensionAmount") == [invoice.net, *nets]
    assert values(xml, "CalculatedAmount") == taxes
    assert values(peppol, "TaxAmount") == [invoice.tax, *taxes]
    assert values(xml, "BasisAmount") == values(peppol, "TaxableAmount") == bases
    assert values(xml, "TaxTotalAmount", "GrandTotalAmount") == [invoice.tax, invoice.gross]
    assert values(xml, "DuePayableAmount") == values(peppol, "PayableAmount") == [invoice.gross]

    shown = [figure for line in zip(prices, nets, strict=True) for figure in line]
    taxed = [figure for vat in zip(bases, taxes, strict=True) for figure in vat]
    text = text_of(pdf_of(invoice))
    assert figures(text, invoice.language) == [*shown, invoice.net, *taxed, invoice.gross]
    words = " ".join(text.split())
    for said in (invoice.number, invoice.seller.vat_id, invoice.buyer.name, *(line.name for line in invoice.lines)):
        assert said in words
    for reason in (vat.exemption_reason for vat in invoice.vat):
        assert reason in words


@pytest.mark.parametrize("name", [*CASES, "bare"])
def test_no_text_and_no_day_of_the_model_is_left_out_of_the_xml(name: str) -> None:
    invoice = {**CASES, "bare": BARE}[name]
    # The language is in no term; what is outside of VAT names no VAT ids.
    told = {text for path, text in texts(invoice) if text and path not in {"language", "type_code"}}
    told -= {invoice.seller.vat_id, invoice.buyer.vat_id} if invoice.vat[0].category == "O" else set()
    days = {invoice.issued_on, invoice.period_first, invoice.period_last, *([invoice.due_on] if invoice.due_on else [])}
    days |= {invoice.preceding.issued_on} if invoice.preceding else set()
    for xml, pattern in ((cii.written(invoice), "%Y%m%d"), (ubl.written(invoice, ubl.XRECHNUNG), "%Y-%m-%d")):
        tree = etree.fromstring(xml)
        said = {(node.text or "").strip() for node in tree.iter()} | {
            value for node in tree.iter() for value in node.attrib.values()
        }
        assert told | {day.strftime(pattern) for day in days} <= said


def test_cents_are_pinned() -> None:
    """124 x 6.50, 18 x 4.255 and 7 x 3.25 at 19 %: halves go up, and VAT is rounded once."""
    invoice = CASES["de"]
    peppol = ubl.written(invoice, ubl.PEPPOL_SELF_BILLING)
    assert [str(one) for one in values(peppol, "LineExtensionAmount")] == ["905.34", "806.00", "76.59", "22.75", "0.00"]
    assert [str(one) for one in values(peppol, "PriceAmount")] == ["6.5", "4.255", "3.25", "0"]
    assert [str(one) for one in values(peppol, "TaxAmount", "PayableAmount")] == ["172.01", "172.01", "1077.35"]
    text = text_of(pdf_of(invoice))
    for said in ("806,00", "4,255", "172,01", "1.077,35", "19\u00a0%"):
        assert said in text.replace("19 %", "19\u00a0%")


def test_a_flat_fee_below_zero_is_a_piece_taken_back() -> None:
    xml = cii.written(CASES["negative"])
    assert values(xml, "ChargeAmount") == [Decimal("6.5"), Decimal("6.5"), Decimal(25)]
    assert values(xml, "BilledQuantity") == [Decimal(4), Decimal(-10), Decimal(-1)]
    assert values(xml, "DuePayableAmount") == [Decimal("-76.16")]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("6.5000", "6.5"),
        ("4.255", "4.255"),
        ("100", "100"),
        ("1E+2", "100"),
        ("0.0000", "0"),
        ("-0.0", "0"),
        ("-3", "-3"),
    ],
)
def test_prices_and_quantities_have_no_trailing_zeros(value: str, written: str) -> None:
    assert number(Decimal(value)) == written


def test_amounts_keep_two_decimals_and_take_no_more() -> None:
    assert [amount(Decimal(one)) for one in ("5", "-0.00", "1234.5", "1E+3", "-7.100")] == [
        "5.00",
        "0.00",
        "1234.50",
        "1000.00",
        "-7.10",
    ]
    with pytest.raises(ValueError, match="more than two decimals"):
        amount(Decimal("1.005"))


@pytest.mark.parametrize("name", [*CASES, "bare"])
def test_what_was_issued_is_read_again_as_it_was(name: str) -> None:
    invoice = {**CASES, "bare": BARE}[name]
    again = from_json(json.loads(json.dumps(as_json(invoice))))
    assert again == invoice
    assert [one.sha256 for one in made(again)] == [one.sha256 for one in made(invoice)]


def facts(invoice: EInvoice) -> dict[str, Any]:
    """The same for factur-x, whose words are the numbers of the terms and whose values are texts."""
    told = {
        "BT-1": invoice.number,
        "BT-2": invoice.issued_on,
        "BT-3": str(invoice.type_code),
        "BT-5": invoice.currency,
        "BT-9": invoice.due_on,
        "BT-10": invoice.buyer_reference,
        "BT-12": invoice.contract_number,
        "BT-72": invoice.period_last,
        "BT-73": invoice.period_first,
        "BT-74": invoice.period_last,
        "BT-81": "58",
        "BT-84": invoice.iban,
        "BG-4": _party(invoice.seller),
        "BG-7": _party(invoice.buyer),
        "BT-106": f"{invoice.net:.2f}",
        "BT-109": f"{invoice.net:.2f}",
        "BT-110": f"{invoice.tax:.2f}",
        "BT-112": f"{invoice.gross:.2f}",
        "BT-115": f"{invoice.gross:.2f}",
        "BG-23": [
            {
                "BT-116": f"{vat.base:.2f}",
                "BT-117": f"{vat.tax:.2f}",
                "BT-118": vat.category,
                "BT-119": str(vat.rate),
                "BT-120": vat.exemption_reason,
                "BT-121": vat.exemption_code,
            }
            for vat in invoice.vat
        ],
        "BG-25": [
            {
                "BT-126": line.id,
                "BT-129": str(signed(line)[0]),
                "BT-130": "C62",
                "BT-131": f"{line.net:.2f}",
                "BT-146": str(signed(line)[1]),
                "BT-151": line.tax_category,
                **({"BT-152": str(line.tax_rate)} if line.tax_category != "O" else {}),
                "BT-153": line.name,
            }
            for line in invoice.lines
        ],
    }
    if invoice.preceding:
        told["BG-3"] = [{"BT-25": invoice.preceding.number, "BT-26": invoice.preceding.issued_on}]
    return told


def _party(party: Party) -> dict[str, Any]:
    return {
        "name": re.sub("[\x00-\x1f]", "", party.name),
        "vat_identifier": party.vat_id,
        "addr_l1": party.street,
        "postcode": party.postcode,
        "city": party.city,
        "country_code": party.country,
    }


def all_figures(xml: bytes) -> Counter[tuple[str, Decimal]]:
    return Counter(
        (etree.QName(node).localname, Decimal(node.text))
        for node in etree.fromstring(xml).iter("*")
        if etree.QName(node).localname.endswith(("Amount", "Quantity", "Percent"))
    )


@pytest.mark.parametrize("name", CASES)
def test_a_second_library_writes_the_same_figures(name: str) -> None:
    invoice = CASES[name]
    quiet = {"level": "en16931", "check_xsd": False, "check_schematron": False}
    assert all_figures(cii.written(invoice)) == all_figures(generate_cii_xml(facts(invoice), **quiet))
    peppol = ubl.written(invoice, ubl.peppol_profile(invoice))
    assert all_figures(peppol) == all_figures(generate_ubl_xml(facts(invoice), **quiet))


def test_another_figure_would_be_noticed() -> None:
    assert figures("1.234,56 -7,00 19 % 4,255", "de") == [Decimal("1234.56"), Decimal(-7), Decimal("4.255")]
    assert figures("1,234.56 -7.00", "en") == [Decimal("1234.56"), Decimal(-7)]
    assert all_figures(cii.written(case())) != all_figures(cii.written(CASES["mixed"]))
