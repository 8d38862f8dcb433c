"""What CII and UBL have in common: elements with or without a value, amounts, prices, clean text."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

from lxml import etree

from invoicing.documents.model import EInvoice, Line, Party

Node: TypeAlias = Any  # lxml publishes no types

KVK = "0106"


class Writer:
    """Adds elements below one another by prefixed name; what has no value is left out, for no element may be empty."""

    def __init__(self, root: str, namespaces: dict[str | None, str]) -> None:
        self._namespaces = namespaces
        self.root = etree.Element(self._tag(root), nsmap=namespaces)

    def _tag(self, name: str) -> str:
        prefix, _, local = name.rpartition(":")
        return f"{{{self._namespaces[prefix or None]}}}{local}"

    def part(self, above: Node, *path: str) -> Node:
        """A new element, or a chain of them, each in the last."""
        for name in path:
            above = etree.SubElement(above, self._tag(name))
        return above

    def put(self, above: Node, *path: str, text: str, **attributes: str) -> None:
        """The same with a value. Nothing is written without one."""
        text = clean(text)
        if text:
            last = self.part(above, *path)
            last.text = text
            for name, value in attributes.items():
                if value:
                    last.set(name, value)

    def written(self) -> bytes:
        drop_empty(self.root)
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def drop_empty(whole: Node) -> None:
    """Takes out what holds neither text nor parts, from the inside to the outside."""
    for part in list(whole):
        drop_empty(part)
        if not len(part) and not part.text:
            whole.remove(part)


def clean(text: str) -> str:
    """Without the signs that XML forbids; lines and blanks stay, outer ones go."""
    return "".join(sign for sign in text if _allowed(ord(sign))).strip()


def _allowed(sign: int) -> bool:
    return sign in {0x9, 0xA, 0xD} or 0x20 <= sign <= 0xD7FF or 0xE000 <= sign <= 0xFFFD or sign >= 0x10000


def amount(value: Decimal) -> str:
    """Of money: two decimals always. Raises ValueError for cents of cents, which the one who computes must round."""
    if value != round(value, 2):
        raise ValueError(f"{value} has more than two decimals")
    return f"{value + 0:.2f}" if value else "0.00"


def number(value: Decimal) -> str:
    """Of a price, a quantity or a rate: without trailing zeros, never with an exponent."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def signed(line: Line) -> tuple[Decimal, Decimal]:
    """Quantity and price as EN 16931 has them: a price is never below 0 (BR-27), so the quantity bears the sign."""
    if line.price < 0:
        return -line.quantity, -line.price
    return line.quantity, line.price


def registration_scheme(party: Party) -> str:
    """Of BT-30 and BT-47: the Dutch trade register is the one that rules ask to be named (NL-R-003)."""
    return KVK if party.country == "NL" and party.registration.isdigit() and len(party.registration) == 8 else ""


def as_rules_want(invoice: EInvoice) -> EInvoice:
    """The invoice without VAT ids if nothing of it is subject to VAT (BR-O-02); the paper keeps them.

    Who is known by nothing else (BR-CO-26) has the VAT id for a register number then.
    """
    if not any(vat.category == "O" for vat in invoice.vat):
        return invoice
    seller = invoice.seller
    known = seller.registration or ("" if seller.tax_number else seller.vat_id)
    return replace(
        invoice,
        seller=replace(seller, vat_id="", registration=known),
        buyer=replace(invoice.buyer, vat_id=""),
    )


def seller_id(seller: Party) -> str:
    """BT-29, only when nothing else lets the buyer's software recognise the seller (BR-CO-26).

    A small business that has neither a VAT id nor a register entry is known by its tax number.
    """
    return "" if seller.vat_id or seller.registration else seller.tax_number
