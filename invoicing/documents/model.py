"""One invoice as EN 16931 sees it: the only source of the PDF, of CII and of UBL. Nothing here is computed.

Every field names its business term (BT, BG). It is filled once, when the invoice is issued, and kept as JSON beside it:
what is printed years later is what was issued, whatever has become of the studio, its contract or its visits since.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class TypeCode(StrEnum):
    """UNTDID 1001, as far as we write it (BT-3)."""

    INVOICE = "380"
    SELF_BILLED = "389"
    SELF_BILLED_CREDIT = "261"
    CREDIT = "381"

    @property
    def is_self_billed(self) -> bool:
        return self in {TypeCode.SELF_BILLED, TypeCode.SELF_BILLED_CREDIT}

    @property
    def is_credit(self) -> bool:
        return self in {TypeCode.SELF_BILLED_CREDIT, TypeCode.CREDIT}


@dataclass(frozen=True, kw_only=True)
class Party:
    """Seller (BG-4) or buyer (BG-7). Empty text: not known, and left out."""

    name: str  # BT-27, BT-44
    street: str = ""  # BT-35, BT-50
    postcode: str = ""  # BT-38, BT-53
    city: str = ""  # BT-37, BT-52
    country: str  # BT-40, BT-55, ISO 3166-1
    vat_id: str = ""  # BT-31, BT-48, with its country
    tax_number: str = ""  # BT-32, of the seller
    registration: str = ""  # BT-30, BT-47: trade register, KvK, Firmenbuch
    # BT-34, BT-49: scheme (EAS code) and address of electronic delivery.
    electronic_scheme: str = ""
    electronic_address: str = ""
    # BG-6, BG-9.
    contact: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """BG-25. A reversed visit has a negative quantity; the price never is below 0, except for a flat fee that is."""

    id: str  # BT-126
    name: str  # BT-153, in the language of the document
    description: str = ""  # BT-154: the clause and from when it holds
    quantity: Decimal  # BT-129, in pieces (C62)
    price: Decimal  # BT-146, net, per piece
    net: Decimal  # BT-131, two decimals
    tax_category: str  # BT-151
    tax_rate: Decimal  # BT-152, per cent
    first_on: date | None = None  # BT-134
    last_on: date | None = None  # BT-135


@dataclass(frozen=True, kw_only=True)
class VatBreakdown:
    """BG-23, one for each category and rate."""

    category: str  # BT-118
    rate: Decimal  # BT-119
    base: Decimal  # BT-116
    tax: Decimal  # BT-117
    exemption_code: str = ""  # BT-121, VATEX
    exemption_reason: str = ""  # BT-120


@dataclass(frozen=True, kw_only=True)
class Preceding:
    """BG-3: what this document corrects or replaces."""

    number: str  # BT-25
    issued_on: date  # BT-26


@dataclass(frozen=True, kw_only=True)
class EInvoice:
    """BG-0. Amounts are in `currency`, with two decimals; of a credit they say by how much less is owed."""

    number: str  # BT-1
    type_code: TypeCode  # BT-3
    issued_on: date  # BT-2
    issued_at: datetime  # of the files' own stamps, aware
    currency: str  # BT-5
    language: str  # of the words: en, de, nl
    period_first: date  # BT-73
    period_last: date  # BT-74, BT-72
    due_on: date | None  # BT-9
    payment_terms: str = ""  # BT-20
    buyer_reference: str = ""  # BT-10
    contract_number: str = ""  # BT-12
    note: str = ""  # BT-22: "Self-billing", the reverse charge, the small business
    seller: Party
    buyer: Party
    iban: str = ""  # BT-84
    bic: str = ""  # BT-86
    account_holder: str = ""  # BT-85
    preceding: Preceding | None = None
    lines: tuple[Line, ...]
    vat: tuple[VatBreakdown, ...]
    net: Decimal  # BT-106, BT-109
    tax: Decimal  # BT-110
    gross: Decimal  # BT-112, BT-115


def as_json(invoice: EInvoice) -> dict[str, Any]:
    """What `from_json` reads again, field by field: amounts, days and moments as texts."""
    return _plain(asdict(invoice))


def from_json(kept: Mapping[str, Any]) -> EInvoice:
    """The invoice as it was issued. Raises KeyError or ValueError for what `as_json` did not write."""
    whole = dict(kept)
    whole["seller"], whole["buyer"] = Party(**kept["seller"]), Party(**kept["buyer"])
    whole["lines"] = tuple(_typed(Line, line) for line in kept["lines"])
    whole["vat"] = tuple(_typed(VatBreakdown, row) for row in kept["vat"])
    whole["preceding"] = _typed(Preceding, kept["preceding"]) if kept["preceding"] else None
    return _typed(EInvoice, whole)


_READ: dict[Any, Any] = {
    Decimal: Decimal,
    date: date.fromisoformat,
    date | None: lambda text: date.fromisoformat(text) if text else None,
    datetime: datetime.fromisoformat,
    TypeCode: TypeCode,
}


def _typed(kind: type[Any], kept: Mapping[str, Any]) -> Any:
    read = {field.name: _READ.get(field.type, lambda value: value) for field in fields(kind)}
    return kind(**{name: read[name](value) for name, value in kept.items()})


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case tuple() | list():
            return [_plain(one) for one in value]
        case Decimal():
            return str(value)
        case date():  # a datetime is one too
            return value.isoformat()
        case _:
            return str(value) if isinstance(value, StrEnum) else value
