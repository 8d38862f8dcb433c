"""The invoice in UN/CEFACT's Cross Industry Invoice: the XML inside a Factur-X PDF, profile EN 16931."""

from datetime import date

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

GUIDELINE = "urn:cen.eu:en16931:2017"
NAMESPACES: dict[str | None, str] = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
CREDIT_TRANSFER = "58"
PIECE = "C62"


def written(invoice: EInvoice) -> bytes:
    """The whole document as XML; the same invoice gives the same bytes."""
    invoice = as_rules_want(invoice)
    out = Writer("rsm:CrossIndustryInvoice", NAMESPACES)
    out.put(
        out.root,
        "rsm:ExchangedDocumentContext",
        "ram:GuidelineSpecifiedDocumentContextParameter",
        "ram:ID",
        text=GUIDELINE,
    )
    head = out.part(out.root, "rsm:ExchangedDocument")
    out.put(head, "ram:ID", text=invoice.number)
    out.put(head, "ram:TypeCode", text=invoice.type_code)
    _day(out, head, "ram:IssueDateTime", invoice.issued_on)
    out.put(head, "ram:IncludedNote", "ram:Content", text=invoice.note)

    deal = out.part(out.root, "rsm:SupplyChainTradeTransaction")
    for line in invoice.lines:
        _line(out, deal, line)
    agreement = out.part(deal, "ram:ApplicableHeaderTradeAgreement")
    out.put(agreement, "ram:BuyerReference", text=invoice.buyer_reference)
    _party(out, agreement, "ram:SellerTradeParty", invoice.seller, sells=True)
    _party(out, agreement, "ram:BuyerTradeParty", invoice.buyer, sells=False)
    out.put(agreement, "ram:ContractReferencedDocument", "ram:IssuerAssignedID", text=invoice.contract_number)
    delivery = out.part(deal, "ram:ApplicableHeaderTradeDelivery", "ram:ActualDeliverySupplyChainEvent")
    _day(out, delivery, "ram:OccurrenceDateTime", invoice.period_last)
    _settlement(out, out.part(deal, "ram:ApplicableHeaderTradeSettlement"), invoice)
    return out.written()


def _day(out: Writer, above: Node, name: str, day: date | None, *, kind: str = "udt:DateTimeString") -> None:
    if day:
        out.put(above, name, kind, text=f"{day:%Y%m%d}", format="102")


def _line(out: Writer, deal: Node, line: Line) -> None:
    quantity, price = signed(line)
    item = out.part(deal, "ram:IncludedSupplyChainTradeLineItem")
    out.put(item, "ram:AssociatedDocumentLineDocument", "ram:LineID", text=line.id)
    product = out.part(item, "ram:SpecifiedTradeProduct")
    out.put(product, "ram:Name", text=line.name)
    out.put(product, "ram:Description", text=line.description)
    net_price = ("ram:SpecifiedLineTradeAgreement", "ram:NetPriceProductTradePrice", "ram:ChargeAmount")
    out.put(item, *net_price, text=number(price))
    billed = ("ram:SpecifiedLineTradeDelivery", "ram:BilledQuantity")
    out.put(item, *billed, text=number(quantity), unitCode=PIECE)
    settled = out.part(item, "ram:SpecifiedLineTradeSettlement")
    tax = out.part(settled, "ram:ApplicableTradeTax")
    out.put(tax, "ram:TypeCode", text="VAT")
    out.put(tax, "ram:CategoryCode", text=line.tax_category)
    if line.tax_category != "O":  # outside of VAT a line has no rate (BR-O-05), but the breakdown must (BR-DE-14)
        out.put(tax, "ram:RateApplicablePercent", text=number(line.tax_rate))
    period = out.part(settled, "ram:BillingSpecifiedPeriod")
    _day(out, period, "ram:StartDateTime", line.first_on)
    _day(out, period, "ram:EndDateTime", line.last_on)
    total = ("ram:SpecifiedTradeSettlementLineMonetarySummation", "ram:LineTotalAmount")
    out.put(settled, *total, text=amount(line.net))


def _party(out: Writer, agreement: Node, name: str, party: Party, *, sells: bool) -> None:
    whole = out.part(agreement, name)
    if sells:
        out.put(whole, "ram:ID", text=seller_id(party))
    out.put(whole, "ram:Name", text=party.name)
    registered = ("ram:SpecifiedLegalOrganization", "ram:ID")
    out.put(whole, *registered, text=party.registration, schemeID=registration_scheme(party))
    contact = out.part(whole, "ram:DefinedTradeContact")
    out.put(contact, "ram:PersonName", text=party.contact)
    out.put(contact, "ram:TelephoneUniversalCommunication", "ram:CompleteNumber", text=party.phone)
    out.put(contact, "ram:EmailURIUniversalCommunication", "ram:URIID", text=party.email)
    address = out.part(whole, "ram:PostalTradeAddress")
    out.put(address, "ram:PostcodeCode", text=party.postcode)
    out.put(address, "ram:LineOne", text=party.street)
    out.put(address, "ram:CityName", text=party.city)
    out.put(address, "ram:CountryID", text=party.country)
    if party.electronic_scheme:
        electronic = ("ram:URIUniversalCommunication", "ram:URIID")
        out.put(whole, *electronic, text=party.electronic_address, schemeID=party.electronic_scheme)
    for scheme, value in (("VA", party.vat_id), ("FC", party.tax_number if sells else "")):
        out.put(whole, "ram:SpecifiedTaxRegistration", "ram:ID", text=value, schemeID=scheme)


def _settlement(out: Writer, settled: Node, invoice: EInvoice) -> None:
    out.put(settled, "ram:InvoiceCurrencyCode", text=invoice.currency)
    if invoice.iban:
        means = out.part(settled, "ram:SpecifiedTradeSettlementPaymentMeans")
        out.put(means, "ram:TypeCode", text=CREDIT_TRANSFER)
        account = out.part(means, "ram:PayeePartyCreditorFinancialAccount")
        out.put(account, "ram:IBANID", text=invoice.iban)
        out.put(account, "ram:AccountName", text=invoice.account_holder)
        out.put(means, "ram:PayeeSpecifiedCreditorFinancialInstitution", "ram:BICID", text=invoice.bic)
    for vat in invoice.vat:
        _breakdown(out, settled, vat)
    period = out.part(settled, "ram:BillingSpecifiedPeriod")
    _day(out, period, "ram:StartDateTime", invoice.period_first)
    _day(out, period, "ram:EndDateTime", invoice.period_last)
    terms = out.part(settled, "ram:SpecifiedTradePaymentTerms")
    out.put(terms, "ram:Description", text=invoice.payment_terms)
    _day(out, terms, "ram:DueDateDateTime", invoice.due_on)
    totals = out.part(settled, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    out.put(totals, "ram:LineTotalAmount", text=amount(invoice.net))
    out.put(totals, "ram:TaxBasisTotalAmount", text=amount(invoice.net))
    out.put(totals, "ram:TaxTotalAmount", text=amount(invoice.tax), currencyID=invoice.currency)
    out.put(totals, "ram:GrandTotalAmount", text=amount(invoice.gross))
    out.put(totals, "ram:DuePayableAmount", text=amount(invoice.gross))
    if invoice.preceding:
        earlier = out.part(settled, "ram:InvoiceReferencedDocument")
        out.put(earlier, "ram:IssuerAssignedID", text=invoice.preceding.number)
        _day(out, earlier, "ram:FormattedIssueDateTime", invoice.preceding.issued_on, kind="qdt:DateTimeString")


def _breakdown(out: Writer, settled: Node, vat: VatBreakdown) -> None:
    tax = out.part(settled, "ram:ApplicableTradeTax")
    out.put(tax, "ram:CalculatedAmount", text=amount(vat.tax))
    out.put(tax, "ram:TypeCode", text="VAT")
    out.put(tax, "ram:ExemptionReason", text=vat.exemption_reason)
    out.put(tax, "ram:BasisAmount", text=amount(vat.base))
    out.put(tax, "ram:CategoryCode", text=vat.category)
    out.put(tax, "ram:ExemptionReasonCode", text=vat.exemption_code)
    out.put(tax, "ram:RateApplicablePercent", text=number(vat.rate))
