"""From the lines of an invoice, both parties and the contract to the document that everything is printed from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import translation
from django.utils.translation import gettext as _

from invoicing.documents import wording
from invoicing.documents.model import EInvoice, Line, Party, Preceding, TypeCode, VatBreakdown
from invoicing.models import Invoice, Payer, Seller, TaxStatus
from invoicing.models.parties import PartyFields
from invoicing.rules import last_day
from invoicing.rules.totals import Entry, Totals, Vat, totals
from invoicing.words import line_about, line_name
from marketplace.models import Contract, ContractTerms
from packages.words import day_words

EXEMPT = ContractTerms.TaxCategory.EXEMPT


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an invoice is composed of. `seller` and `payer` as they are known now."""

    contract: Contract
    month: date
    entries: Sequence[Entry]
    type_code: TypeCode
    seller: Seller
    payer: Payer
    number: str
    issued_at: datetime
    issued_on: date
    due_on: date
    preceding: Invoice | None = None
    currency: str = ""  # empty: as the contract has it


def composed(facts: Facts) -> EInvoice:
    """The whole document in the language of the studio. Three queries: the versions, the tax status, the studio."""
    with translation.override(facts.contract.studio.language):
        return _composed(facts)


def _composed(facts: Facts) -> EInvoice:
    sums = totals(facts.entries, facts.month)
    seller, payer = facts.seller, facts.payer
    language = facts.contract.studio.language
    categories = {row.category for row in sums.vat}
    return EInvoice(
        number=facts.number,
        type_code=facts.type_code,
        issued_on=facts.issued_on,
        issued_at=facts.issued_at,
        currency=facts.currency or facts.contract.currency,
        language=language,
        period_first=facts.month,
        period_last=last_day(facts.month),
        due_on=facts.due_on,
        payment_terms=_terms_of_payment(facts, sums),
        buyer_reference=payer.buyer_reference,
        contract_number=facts.contract.number,
        note=wording.note(facts.type_code, categories, seller.country, language),
        seller=_party(seller, tax_number=seller.tax_number),
        buyer=_party(payer),
        iban=seller.iban,
        bic=seller.bic,
        account_holder=seller.account_holder or seller.legal_name,
        preceding=_preceding(facts.preceding),
        lines=_lines(facts),
        vat=_breakdown(facts, sums.vat),
        net=sums.net,
        tax=sums.tax,
        gross=sums.gross,
    )


def _terms_of_payment(facts: Facts, sums: Totals) -> str:
    if facts.type_code.is_credit:
        return _("This amount is set off against the payout of the corrected invoice.")
    if sums.gross <= 0:
        return _("Nothing is paid out; the amount is set off against the next payout.")
    return _("Paid out around %(day)s.") % {"day": day_words(facts.due_on)}


def _party(party: PartyFields, *, tax_number: str = "") -> Party:
    return Party(
        name=party.legal_name,
        street=party.street,
        postcode=party.postcode,
        city=party.city,
        country=party.country,
        vat_id=party.vat_id,
        tax_number=tax_number,
        registration=party.registration,
        electronic_scheme=party.electronic_scheme,
        electronic_address=party.electronic_address,
        contact=party.contact,
        phone=party.phone,
        email=party.email,
    )


def _preceding(invoice: Invoice | None) -> Preceding | None:
    return Preceding(number=invoice.number, issued_on=invoice.issued_on) if invoice else None


def _lines(facts: Facts) -> tuple[Line, ...]:
    versions = facts.contract.terms.order_by("first_on", "id").values_list("pk", "first_on")
    numbered = {key: (number, first_on) for number, (key, first_on) in enumerate(versions, 1)}
    return tuple(
        Line(
            id=str(position),
            name=line_name(one.kind, one.because),
            description=line_about(*numbered[one.terms], one.month, facts.month, taken_back=one.quantity < 0),
            quantity=Decimal(one.quantity),
            price=one.price,
            net=one.net,
            tax_category=one.tax_category,
            tax_rate=one.tax_rate,
            # Of an earlier month the description says so: a line's period has to lie in the invoice's (Peppol R110).
            first_on=one.month if one.month == facts.month else None,
            last_on=last_day(one.month) if one.month == facts.month else None,
        )
        for position, one in enumerate(facts.entries, 1)
    )


def _breakdown(facts: Facts, rows: Sequence[Vat]) -> tuple[VatBreakdown, ...]:
    is_small = _is_small(facts)
    language = facts.contract.studio.language
    found = []
    for row in rows:
        code, reason = wording.exemption(
            row.category, facts.seller.country, facts.payer.country, language, small_business=is_small
        )
        found.append(
            VatBreakdown(
                category=row.category,
                rate=row.rate,
                base=row.base,
                tax=row.tax,
                exemption_code=code,
                exemption_reason=reason,
            )
        )
    return tuple(found)


def _is_small(facts: Facts) -> bool:
    """Exempt as a small business, and not by the contract's own terms: by their day, which may be of another month."""
    exempt = {one.terms for one in facts.entries if one.tax_category == EXEMPT}
    if facts.contract.terms.filter(pk__in=exempt).exclude(tax_category=EXEMPT).exists():
        return True
    newest = TaxStatus.objects.filter(studio=facts.contract.studio_id, first_on__lte=last_day(facts.month))
    return newest.order_by("-first_on").values_list("small_business", flat=True).first() or False
