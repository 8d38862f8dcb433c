"""The invoice in UBL 2.1: as XRechnung, and as what Peppol carries.

A type code decides the root element: 380 and 389 are an Invoice, 381 and 261 a CreditNote, which has no due date of its
own (it goes to the payment means).
"""

from dataclasses import dataclass
from datetime import date

from invoicing.documents.cii import CREDIT_TRANSFER, PIECE
from invoicing.documents.model import EInvoice, Line, Party, VatBreakdown
from invoicing.documents.writing import (
    Node,
    Writer,
    amount,
    as_rules_want,
    number,
    registration_scheme,
    seller_id,
    signed,
)

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_EN = "urn:cen.eu:en16931:2017"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Which rules the document promises to keep (BT-24) and which process it belongs to (BT-23)."""

    rules: str
    process: str


XRECHNUNG = Profile(
    rules=f"{_EN}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0",
    process="urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
)
PEPPOL = Profile(
    rules=f"{_EN}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0",
    process="urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
)
PEPPOL_SELF_BILLING = Profile(
    rules=f"{_EN}#compliant#urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0",
    process="urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0",
)


def peppol_profile(invoice: EInvoice) -> Profile:
    """Peppol refuses self-billed type codes in its billing and all others in its self-billing."""
    return PEPPOL_SELF_BILLING if invoice.type_code.is_self_billed else PEPPOL


def written(invoice: EInvoice, profile: Profile) -> bytes:
    """The whole document as XML; the same invoice gives the same bytes."""
    invoice = as_rules_want(invoice)
    root = "CreditNote" if invoice.type_code.is_credit else "Invoice"
    out = Writer(
        root,
        {
            None: f"{_UBL}{root}-2",
            "cac": f"{_UBL}CommonAggregateComponents-2",
            "cbc": f"{_UBL}CommonBasicComponents-2",
        },
    )
    _head(out, invoice, profile)
    seller = out.part(out.root, "cac:AccountingSupplierParty", "cac:Party")
    _party(out, seller, invoice.seller, sells=True)
    _party(out, out.part(out.root, "cac:AccountingCustomerParty", "cac:Party"), invoice.buyer, sells=False)
    _day(out, out.part(out.root, "cac:Delivery"), "cbc:ActualDeliveryDate", invoice.period_last)
    _payment(out, invoice)
    _totals(out, invoice)
    for line in invoice.lines:
        _line(out, line, invoice)
    return out.written()


def _day(out: Writer, above: Node, name: str, day: date | None) -> None:
    out.put(above, name, text=day.isoformat() if day else "")


def _money(out: Writer, above: Node, name: str, text: str, invoice: EInvoice) -> None:
    out.put(above, name, text=text, currencyID=invoice.currency)


def _head(out: Writer, invoice: EInvoice, profile: Profile) -> None:
    root, credit = out.root, invoice.type_code.is_credit
    out.put(root, "cbc:CustomizationID", text=profile.rules)
    out.put(root, "cbc:ProfileID", text=profile.process)
    out.put(root, "cbc:ID", text=invoice.number)
    _day(out, root, "cbc:IssueDate", invoice.issued_on)
    if not credit:
        _day(out, root, "cbc:DueDate", invoice.due_on)
    out.put(root, "cbc:CreditNoteTypeCode" if credit else "cbc:InvoiceTypeCode", text=invoice.type_code)
    out.put(root, "cbc:Note", text=invoice.note)
    out.put(root, "cbc:DocumentCurrencyCode", text=invoice.currency)
    out.put(root, "cbc:BuyerReference", text=invoice.buyer_reference)
    period = out.part(root, "cac:InvoicePeriod")
    _day(out, period, "cbc:StartDate", invoice.period_first)
    _day(out, period, "cbc:EndDate", invoice.period_last)
    if invoice.preceding:
        earlier = out.part(root, "cac:BillingReference", "cac:InvoiceDocumentReference")
        out.put(earlier, "cbc:ID", text=invoice.preceding.number)
        _day(out, earlier, "cbc:IssueDate", invoice.preceding.issued_on)
    out.put(root, "cac:ContractDocumentReference", "cbc:ID", text=invoice.contract_number)


def _party(out: Writer, whole: Node, party: Party, *, sells: bool) -> None:
    if party.electronic_scheme:
        out.put(whole, "cbc:EndpointID", text=party.electronic_address, schemeID=party.electronic_scheme)
    if sells:
        out.put(whole, "cac:PartyIdentification", "cbc:ID", text=seller_id(party))
    address = out.part(whole, "cac:PostalAddress")
    out.put(address, "cbc:StreetName", text=party.street)
    out.put(address, "cbc:CityName", text=party.city)
    out.put(address, "cbc:PostalZone", text=party.postcode)
    out.put(address, "cac:Country", "cbc:IdentificationCode", text=party.country)
    for scheme, value in (("VAT", party.vat_id), ("FC", party.tax_number if sells else "")):
        if value:
            registered = out.part(whole, "cac:PartyTaxScheme")
            out.put(registered, "cbc:CompanyID", text=value)
            out.put(registered, "cac:TaxScheme", "cbc:ID", text=scheme)
    legal = out.part(whole, "cac:PartyLegalEntity")
    out.put(legal, "cbc:RegistrationName", text=party.name)
    out.put(legal, "cbc:CompanyID", text=party.registration, schemeID=registration_scheme(party))
    contact = out.part(whole, "cac:Contact")
    out.put(contact, "cbc:Name", text=party.contact)
    out.put(contact, "cbc:Telephone", text=party.phone)
    out.put(contact, "cbc:ElectronicMail", text=party.email)


def _payment(out: Writer, invoice: EInvoice) -> None:
    if invoice.iban:
        means = out.part(out.root, "cac:PaymentMeans")
        out.put(means, "cbc:PaymentMeansCode", text=CREDIT_TRANSFER)
        if invoice.type_code.is_credit:
            _day(out, means, "cbc:PaymentDueDate", invoice.due_on)
        account = out.part(means, "cac:PayeeFinancialAccount")
        out.put(account, "cbc:ID", text=invoice.iban)
        out.put(account, "cbc:Name", text=invoice.account_holder)
        out.put(account, "cac:FinancialInstitutionBranch", "cbc:ID", text=invoice.bic)
    out.put(out.root, "cac:PaymentTerms", "cbc:Note", text=invoice.payment_terms)


def _category(out: Writer, above: Node, of: Line | VatBreakdown, name: str) -> None:
    category, rate = (of.tax_category, of.tax_rate) if isinstance(of, Line) else (of.category, of.rate)
    tax = out.part(above, name)
    out.put(tax, "cbc:ID", text=category)
    # Outside of VAT a line has no rate (BR-O-05), but the breakdown must (BR-DE-14).
    if category != "O" or isinstance(of, VatBreakdown):
        out.put(tax, "cbc:Percent", text=number(rate))
    if isinstance(of, VatBreakdown):
        out.put(tax, "cbc:TaxExemptionReasonCode", text=of.exemption_code)
        out.put(tax, "cbc:TaxExemptionReason", text=of.exemption_reason)
    out.put(tax, "cac:TaxScheme", "cbc:ID", text="VAT")


def _totals(out: Writer, invoice: EInvoice) -> None:
    tax = out.part(out.root, "cac:TaxTotal")
    _money(out, tax, "cbc:TaxAmount", amount(invoice.tax), invoice)
    for vat in invoice.vat:
        part = out.part(tax, "cac:TaxSubtotal")
        _money(out, part, "cbc:TaxableAmount", amount(vat.base), invoice)
        _money(out, part, "cbc:TaxAmount", amount(vat.tax), invoice)
        _category(out, part, vat, "cac:TaxCategory")
    total = out.part(out.root, "cac:LegalMonetaryTotal")
    for name, value in (
        ("cbc:LineExtensionAmount", invoice.net),
        ("cbc:TaxExclusiveAmount", invoice.net),
        ("cbc:TaxInclusiveAmount", invoice.gross),
        ("cbc:PayableAmount", invoice.gross),
    ):
        _money(out, total, name, amount(value), invoice)


def _line(out: Writer, line: Line, invoice: EInvoice) -> None:
    quantity, price = signed(line)
    credit = invoice.type_code.is_credit
    item = out.part(out.root, "cac:CreditNoteLine" if credit else "cac:InvoiceLine")
    out.put(item, "cbc:ID", text=line.id)
    name = "cbc:CreditedQuantity" if credit else "cbc:InvoicedQuantity"
    out.put(item, name, text=number(quantity), unitCode=PIECE)
    _money(out, item, "cbc:LineExtensionAmount", amount(line.net), invoice)
    if _within(line, invoice):
        period = out.part(item, "cac:InvoicePeriod")
        _day(out, period, "cbc:StartDate", line.first_on)
        _day(out, period, "cbc:EndDate", line.last_on)
    product = out.part(item, "cac:Item")
    out.put(product, "cbc:Description", text=line.description)
    out.put(product, "cbc:Name", text=line.name)
    _category(out, product, line, "cac:ClassifiedTaxCategory")
    _money(out, out.part(item, "cac:Price"), "cbc:PriceAmount", number(price), invoice)


def _within(line: Line, invoice: EInvoice) -> bool:
    """Peppol and XRechnung take no period of a line outside that of the document (R110, R111): what was put right of an
    earlier month says so in its name."""
    days = [day for day in (line.first_on, line.last_on) if day]
    return all(invoice.period_first <= day <= invoice.period_last for day in days)
