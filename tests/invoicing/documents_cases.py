"""Invoices of every kind that the documents know, each whole and right to the cent."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from invoicing.documents import wording
from invoicing.documents.model import EInvoice, Line, Party, Preceding, TypeCode, VatBreakdown

CENT = Decimal("0.01")

MARKETPLACE = Party(
    name="Wellpass Sport GmbH",
    street="Hafenstraße 7",
    postcode="80331",
    city="München",
    country="DE",
    vat_id="DE136695976",
    registration="HRB 4711",
    electronic_scheme="9930",
    electronic_address="DE136695976",
    email="partner@marketplace.example",
)
STUDIOS = {
    "DE": Party(
        name="Yoga Mitte GmbH",
        street="Torstraße 1",
        postcode="10119",
        city="Berlin",
        country="DE",
        vat_id="DE129273398",
        registration="HRB 99",
        electronic_scheme="9930",
        electronic_address="DE129273398",
        contact="Ana Kern",
        phone="+49 30 1234567",
        email="ana@studio.example",
    ),
    "NL": Party(
        name="Studio Centrum B.V.",
        street="Prinsengracht 12",
        postcode="1015 DV",
        city="Amsterdam",
        country="NL",
        vat_id="NL004495445B01",
        registration="12345678",
        electronic_scheme="0106",
        electronic_address="12345678",
        contact="Jan de Vries",
        phone="+31 20 1234567",
        email="jan@studio.example",
    ),
    "AT": Party(
        name="Bewegungsraum Wien e.U.",
        street="Gumpendorfer Straße 3",
        postcode="1060",
        city="Wien",
        country="AT",
        vat_id="ATU13585627",
        registration="FN 123456a",
        electronic_scheme="9914",
        electronic_address="ATU13585627",
        contact="Eva Moser",
        phone="+43 1 1234567",
        email="eva@studio.example",
    ),
}
# With a tax number and nothing else by which a machine could know it.
SMALL = replace(STUDIOS["DE"], name="Mia Schulz", vat_id="", registration="", tax_number="13/456/78901")
# (name, quantity, price) and, where they are not those of the case, category and rate.
VISITS: tuple[tuple[Any, ...], ...] = (
    ("Check-ins", "124", "6.50"),
    ("Additional workouts", "18", "4.255"),
    ("No-shows", "7", "3.25"),
    ("Check-ins above the cap", "3", "0"),
)


def case(
    country: str = "DE",
    *visits: tuple[Any, ...],
    category: str = "S",
    rate: str = "19",
    language: str = "en",
    type_code: TypeCode = TypeCode.SELF_BILLED,
    small_business: bool = False,
    **changed: Any,
) -> EInvoice:
    """One invoice, computed as it should be: each line rounded half up, VAT once for each category and rate."""
    lines = tuple(
        _line(at, *visit, *((category, rate) if len(visit) == 3 else ()))
        for at, visit in enumerate(visits or VISITS, 1)
    )
    seller, buyer = changed.pop("seller", STUDIOS[country]), changed.pop("buyer", MARKETPLACE)
    vat = _breakdown(lines, seller, buyer, language, small_business)
    net, tax = sum((one.base for one in vat), Decimal("0.00")), sum((one.tax for one in vat), Decimal("0.00"))
    whole = EInvoice(
        number="WP-2026-00017",
        type_code=type_code,
        issued_on=date(2026, 11, 5),
        issued_at=datetime(2026, 11, 5, 5, 0, tzinfo=UTC),
        currency="EUR",
        language=language,
        period_first=date(2026, 10, 1),
        period_last=date(2026, 10, 31),
        due_on=date(2026, 11, 16),
        buyer_reference="PARTNER-4711",
        contract_number="C-77",
        note=wording.note(type_code, {one.category for one in vat}, seller.country, language),
        seller=seller,
        buyer=buyer,
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
        account_holder=seller.name,
        preceding=Preceding(number="WP-2026-00003", issued_on=date(2026, 10, 5)) if type_code.is_credit else None,
        lines=lines,
        vat=vat,
        net=net,
        tax=tax,
        gross=net + tax,
    )
    return replace(whole, **changed)


def _line(at: int, name: str, quantity: str, price: str, category: str, rate: str) -> Line:
    pieces, each = Decimal(quantity), Decimal(price)
    net = (pieces * each).quantize(CENT, ROUND_HALF_UP)
    return Line(
        id=str(at),
        name=name,
        description="Per check-in, from 1 May 2026",
        quantity=pieces,
        price=each,
        net=net,
        tax_category=category,
        tax_rate=Decimal(rate),
        first_on=date(2026, 10, 1),
        last_on=date(2026, 10, 31),
    )


def _breakdown(
    lines: tuple[Line, ...], seller: Party, buyer: Party, language: str, small_business: bool
) -> tuple[VatBreakdown, ...]:
    found = []
    for category, rate in dict.fromkeys((line.tax_category, line.tax_rate) for line in lines):
        base = sum((line.net for line in lines if (line.tax_category, line.tax_rate) == (category, rate)), Decimal(0))
        code, reason = wording.exemption(category, seller.country, buyer.country, language, small_business)
        found.append(
            VatBreakdown(
                category=category,
                rate=rate,
                base=base,
                tax=(base * rate / 100).quantize(CENT, ROUND_HALF_UP),
                exemption_code=code,
                exemption_reason=reason,
            )
        )
    return tuple(found)


DUTCH_MARKETPLACE = replace(
    MARKETPLACE,
    name="OneFit B.V.",
    street="Herengracht 1",
    postcode="1015 AA",
    city="Amsterdam",
    country="NL",
    vat_id="NL123456782B12",
    registration="87654321",
    electronic_scheme="0106",
    electronic_address="87654321",
)
MANY = tuple((f"Check-ins of group {number}", str(number), "4.255") for number in range(1, 61))
CASES = {
    "de": case(language="de"),
    "nl 21": case("NL", rate="21", language="nl", buyer=DUTCH_MARKETPLACE),
    "nl 9": case("NL", rate="9", language="nl", buyer=DUTCH_MARKETPLACE),
    "at": case("AT", rate="20", language="de"),
    "small business": case(seller=SMALL, category="E", rate="0", language="de", small_business=True),
    "small business nl": case("NL", category="E", rate="0", language="nl", small_business=True),
    "small business at": case("AT", category="E", rate="0", language="de", small_business=True),
    "reverse charge": case("NL", category="AE", rate="0", language="en"),
    "outside of VAT": case(category="O", rate="0", language="de"),
    "outside of VAT, with nothing else": case(
        category="O", rate="0", seller=replace(STUDIOS["DE"], registration=""), payment_terms="Paid out as agreed."
    ),
    "correction": case("DE", ("Check-ins", "4", "6.50"), type_code=TypeCode.SELF_BILLED_CREDIT, language="de"),
    "correction nl": case("NL", ("Check-ins", "4", "6.50"), type_code=TypeCode.SELF_BILLED_CREDIT, language="nl"),
    "studio's own": case(type_code=TypeCode.INVOICE, number="2026/10 A", language="nl"),
    "studio's credit": case("DE", ("Check-ins", "4", "6.50"), type_code=TypeCode.CREDIT),
    "60 lines": case("DE", *MANY, language="de"),
    "names": case(
        seller=replace(STUDIOS["DE"], name='Körper & Geist <"Łódź"> Ångström\u0007 GmbH', street="Straße des 17. Juni")
    ),
    "negative": case(
        "DE",
        ("Check-ins", "4", "6.50"),
        ("Reversed check-ins", "-10", "6.50"),
        ("Fee for the listing", "1", "-25"),
    ),
    "mixed": case("NL", ("Sport", "124", "6.50", "S", "9"), ("Sauna", "18", "4.255", "S", "21")),
    "earlier": replace(
        case(),
        lines=(
            replace(case().lines[0], first_on=date(2026, 9, 1), last_on=date(2026, 9, 30)),
            *case().lines[1:],
        ),
    ),
}
# What has the least that EN 16931 lets an invoice have: no XRechnung and no Peppol, nothing empty in the rest.
BARE = replace(
    case(),
    seller=Party(name="Yoga Mitte", country="DE", vat_id="DE129273398"),
    buyer=Party(name="Wellpass", country="DE"),
    **dict.fromkeys(["buyer_reference", "contract_number", "note", "iban", "bic", "account_holder"], ""),
    due_on=None,
    lines=tuple(replace(line, description="", first_on=None, last_on=None) for line in case().lines),
)
# No letters of these are in the fonts: they make XML, and no PDF.
FOREIGN = {
    "chinese": replace(STUDIOS["DE"], name="瑜伽 Berlin GmbH"),
    "emoji": replace(STUDIOS["DE"], name="Yoga 🧘🏽 Mitte GmbH"),
}
