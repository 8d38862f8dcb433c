"""What a format asks for and an invoice does not say: the screen names it, and that document is left out."""

from collections.abc import Iterator

from django.utils.translation import gettext_noop as _
from stdnum import ean

from invoicing.documents.model import EInvoice, Party
from invoicing.documents.writing import KVK, clean

PDF, FACTURX, XRECHNUNG, PEPPOL = "pdf", "facturx", "xrechnung", "peppol"
KINDS = (PDF, FACTURX, XRECHNUNG, PEPPOL)
GLN = "0088"


def lacking(invoice: EInvoice, kind: str) -> list[str]:
    """English msgids, each a missing field in words; none: the document can be made. Raises KeyError for another kind.

    For the PDF it says the same as for Factur-X, which is inside it.
    """
    return list(
        {PDF: _en16931, FACTURX: _en16931, XRECHNUNG: _xrechnung, PEPPOL: _peppol}[kind](_Facts(invoice)),
    )


class _Facts:
    def __init__(self, invoice: EInvoice) -> None:
        self.invoice, self.seller, self.buyer = invoice, invoice.seller, invoice.buyer
        self.categories = {vat.category for vat in invoice.vat}
        self.countries = {invoice.seller.country, invoice.buyer.country}


def _en16931(of: _Facts) -> Iterator[str]:
    if not clean(of.seller.name):
        yield _("the studio's name")
    if not clean(of.buyer.name):
        yield _("the marketplace's name")
    known_outside = "O" in of.categories and of.seller.registration
    if not of.seller.vat_id and not of.seller.tax_number and not known_outside:
        yield _("the studio's VAT id or tax number")
    if "AE" in of.categories:
        if not of.seller.vat_id:
            yield _("the studio's VAT id")
        if not of.buyer.vat_id:
            yield _("the marketplace's VAT id")
    if of.invoice.type_code.is_credit and not of.invoice.preceding:
        yield _("the number of the invoice that is corrected")


def _xrechnung(of: _Facts) -> Iterator[str]:
    yield from _en16931(of)
    yield from _german(of)
    yield from _electronic(of)


def _german(of: _Facts) -> Iterator[str]:
    """What the German rules (BR-DE, DE-R) want beyond EN 16931."""
    if not of.invoice.buyer_reference:
        yield _("the buyer's reference")
    yield from _addresses(of)
    if not of.invoice.iban:
        yield _("the studio's bank account")
    if not of.seller.contact:
        yield _("the name of the studio's contact")
    if sum(sign.isdigit() for sign in of.seller.phone) < 3:
        yield _("the phone number of the studio's contact")
    if not _like_email(of.seller.email):
        yield _("the e-mail address of the studio's contact")


def _addresses(of: _Facts, *, streets: bool = False) -> Iterator[str]:
    if not of.seller.postcode or not of.seller.city or (streets and not of.seller.street):
        yield _("the studio's address")
    if not of.buyer.postcode or not of.buyer.city or (streets and not of.buyer.street):
        yield _("the marketplace's address")


def _electronic(of: _Facts) -> Iterator[str]:
    if not _reachable(of.seller):
        yield _("the studio's electronic address")
    if not _reachable(of.buyer):
        yield _("the marketplace's electronic address")


def _peppol(of: _Facts) -> Iterator[str]:
    yield from _en16931(of)
    if of.countries == {"DE"}:
        yield from _german(of)
    elif not of.invoice.buyer_reference:
        yield _("the buyer's reference")
    if of.countries == {"NL"}:
        yield from _dutch(of)
    yield from _electronic(of)


def _dutch(of: _Facts) -> Iterator[str]:
    """Between two Dutch parties (NL-R-002 to NL-R-008)."""
    yield from _addresses(of, streets=True)
    if not _kvk(of.seller.registration):
        yield _("the studio's KvK number (8 digits)")
    if not _kvk(of.buyer.registration):
        yield _("the marketplace's KvK number (8 digits)")
    if not of.invoice.iban:
        yield _("the studio's bank account")


def _kvk(text: str) -> bool:
    return len(text) == 8 and text.isdigit()


def _like_email(text: str) -> bool:
    name, at, host = text.partition("@")
    return bool(len(name) > 1 and at and len(host) > 1 and "@" not in host and not host.startswith("."))


def _reachable(party: Party) -> bool:
    address = clean(party.electronic_address)
    match party.electronic_scheme:
        case "":
            return False
        case scheme if scheme == KVK:
            return _kvk(address)
        case scheme if scheme == GLN:
            return len(address) == 13 and ean.is_valid(address)
        case _:
            return bool(address)
