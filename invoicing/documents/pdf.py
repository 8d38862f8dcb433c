"""The invoice for a person to read: PDF/A-3b by Typst, before the XML is put inside (`embedding`)."""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import typst
from babel import Locale
from babel.numbers import format_decimal
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from invoicing.documents import wording
from invoicing.documents.letters import FONTS, Unprintable, missing, shown
from invoicing.documents.model import EInvoice, Line, Party, Preceding, VatBreakdown
from invoicing.documents.writing import clean, signed

PAPER = Path(__file__).parent / "paper"
MONEY, PRICE, NUMBER = "#,##0.00", "#,##0.00##", "#,##0.###"


def written(invoice: EInvoice) -> bytes:
    """The PDF in the invoice's language; the same invoice gives the same bytes. Raises Unprintable."""
    for field, text in texts(invoice):
        if lacks := missing(text):
            raise Unprintable(lacks, field)
    with translation.override(invoice.language):
        data = _data(invoice)
    return typst.compile(
        str(PAPER / "invoice.typ"),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=["a-3b"],
        timestamp=int(invoice.issued_at.timestamp()),
    )


def unprintable(invoice: EInvoice) -> str:
    """The letters of the invoice's texts that no font here has, each once; empty: it can be printed."""
    return "".join(dict.fromkeys(letter for _field, text in texts(invoice) for letter in missing(text)))


def texts(of: EInvoice | Party | Line | VatBreakdown | Preceding, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text of the invoice with where it stands: ("seller.name", "Yoga Mitte")."""
    for field in fields(of):
        value, name = getattr(of, field.name), f"{path}{field.name}"
        match value:
            case str():
                yield name, clean(value)
            case Party() | Preceding():
                yield from texts(value, f"{name}.")
            case tuple():
                for number, one in enumerate(value, start=1):
                    yield from texts(one, f"{name}.{number}.")


def _data(invoice: EInvoice) -> dict[str, Any]:
    title = wording.title_of(invoice)
    data = {
        "language": invoice.language,
        "title": title,
        "number": invoice.number,
        "author": (invoice.buyer if invoice.type_code.is_self_billed else invoice.seller).name,
        "page": _("Page %(page)s of %(pages)s") % {"page": "{page}", "pages": "{pages}"},
        "parties": _parties(invoice),
        "facts": _facts(invoice),
        "headings": [
            _("No."),
            _("Service"),
            _("Quantity"),
            _("Price"),
            _("VAT"),
            _("Net amount in %(currency)s") % {"currency": invoice.currency},
        ],
        "lines": [_line(line, invoice) for line in invoice.lines],
        "totals": _totals(invoice),
        "reasons": list(dict.fromkeys(vat.exemption_reason for vat in invoice.vat if vat.exemption_reason)),
        "payment_heading": _("Payment"),
        "terms": _terms(invoice),
        "account": _account(invoice),
        "note": "" if invoice.note == title else invoice.note,
    }
    return {name: _shown(value) for name, value in data.items()}


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shown(one) for one in value]
    return shown(clean(value)) if isinstance(value, str) else value


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _days(first: date | None, last: date | None) -> str:
    days = dict.fromkeys(_day(day) for day in (first, last) if day)
    return " – ".join(days)


def _figure(value: Decimal, pattern: str, invoice: EInvoice) -> str:
    # The model's own decimals: a printed figure is never another one than in the XML.
    return format_decimal(value + 0, pattern, locale=invoice.language, decimal_quantization=False)


def _parties(invoice: EInvoice) -> list[dict[str, Any]]:
    by_buyer = invoice.type_code.is_self_billed
    roles = (
        (invoice.seller, _("Seller") if by_buyer else _("Seller and issuer of this document")),
        (invoice.buyer, _("Buyer and issuer of this document") if by_buyer else _("Buyer")),
    )
    return [{"role": role, "name": party.name, "rows": _about(party, invoice)} for party, role in roles]


def _about(party: Party, invoice: EInvoice) -> list[str]:
    country = Locale.parse(invoice.language).territories.get(party.country, party.country)
    ids = (
        (_("VAT id"), party.vat_id),
        (_("Tax number"), party.tax_number if party is invoice.seller else ""),
        (_("Register"), party.registration),
    )
    return [
        row
        for row in (
            party.street,
            f"{party.postcode} {party.city}".strip(),
            str(country),
            *(f"{name}: {value}" for name, value in ids if value),
            party.contact,
            party.phone,
            party.email,
        )
        if row
    ]


def _facts(invoice: EInvoice) -> list[list[str]]:
    preceding = invoice.preceding
    rows = (
        (_("Number"), invoice.number),
        (_("Date"), _day(invoice.issued_on)),
        (_("Period of service"), _days(invoice.period_first, invoice.period_last)),
        (_("Corrects"), preceding and f"{preceding.number}, {_day(preceding.issued_on)}"),
        (_("Contract"), invoice.contract_number),
        (_("Reference"), invoice.buyer_reference),
    )
    return [[name, value] for name, value in rows if value]


def _line(line: Line, invoice: EInvoice) -> dict[str, str]:
    quantity, price = signed(line)
    own_days = (line.first_on, line.last_on) not in {(None, None), (invoice.period_first, invoice.period_last)}
    return {
        "id": line.id,
        "name": line.name,
        "about": " · ".join(
            one for one in (line.description, _days(line.first_on, line.last_on) if own_days else "") if one
        ),
        "quantity": _figure(quantity, NUMBER, invoice),
        "price": _figure(price, PRICE, invoice),
        "rate": _rate(line.tax_category, line.tax_rate, invoice),
        "net": _figure(line.net, MONEY, invoice),
    }


def _rate(category: str, rate: Decimal, invoice: EInvoice) -> str:
    return "–" if category == "O" else f"{_figure(rate, NUMBER, invoice)}\u00a0%"


def _totals(invoice: EInvoice) -> list[list[str]]:
    money = [
        [
            _("VAT %(rate)s on %(base)s")
            % {"rate": _rate(vat.category, vat.rate, invoice), "base": _figure(vat.base, MONEY, invoice)},
            _figure(vat.tax, MONEY, invoice),
        ]
        for vat in invoice.vat
    ]
    total = _("Amount of the correction in %(currency)s") if invoice.type_code.is_credit else _("Total in %(currency)s")
    return [
        [_("Net amount"), _figure(invoice.net, MONEY, invoice)],
        *money,
        [total % {"currency": invoice.currency}, _figure(invoice.gross, MONEY, invoice)],
    ]


def _terms(invoice: EInvoice) -> str:
    if invoice.payment_terms or not invoice.due_on or not _is_paid_out(invoice):
        return invoice.payment_terms
    return _("Paid out around %(day)s.") % {"day": _day(invoice.due_on)}


def _account(invoice: EInvoice) -> list[list[str]]:
    rows = (
        (_("Account"), " ".join(invoice.iban[at : at + 4] for at in range(0, len(invoice.iban), 4))),
        (_("BIC"), invoice.bic),
        (_("Account holder"), invoice.account_holder),
    )
    return [[name, value] for name, value in rows if value] if invoice.iban and _is_paid_out(invoice) else []


def _is_paid_out(invoice: EInvoice) -> bool:
    """A correction is set off, and so is less than nothing: to name an account there would be to ask for a payment."""
    return not invoice.type_code.is_credit and invoice.gross > 0


@cache
def _fonts() -> typst.Fonts:
    """Read once in a process."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
