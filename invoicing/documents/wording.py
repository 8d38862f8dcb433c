"""The words that tax law asks for, and what EN 16931 wants said about them.

They are data in each language and not translations: a statutory wording must not be put into other words. Sources:
art. 226 (10a) and (11a) of directive 2006/112/EC; § 14 Abs. 4, § 14a Abs. 5 and § 19 UStG with § 34a UStDV; art. 25 and
35a Wet OB 1968; § 6 Abs. 1 Z 27, § 11 and § 19 UStG 1994. A language that is not here is written in English.
"""

from collections.abc import Collection, Mapping

from invoicing.documents.model import EInvoice, TypeCode

ENGLISH = "en"

# Without and with the number of the document that is corrected.
_TITLES: Mapping[str, Mapping[TypeCode, tuple[str, str]]] = {
    "en": {
        TypeCode.INVOICE: ("Invoice", "Invoice"),
        TypeCode.SELF_BILLED: ("Self-billing invoice", "Self-billing invoice"),
        TypeCode.CREDIT: ("Credit note", "Credit note for invoice {number}"),
        TypeCode.SELF_BILLED_CREDIT: ("Self-billing correction", "Correction of self-billing invoice {number}"),
    },
    "de": {
        TypeCode.INVOICE: ("Rechnung", "Rechnung"),
        TypeCode.SELF_BILLED: ("Gutschrift", "Gutschrift"),
        TypeCode.CREDIT: ("Rechnungskorrektur", "Korrektur zur Rechnung Nr. {number}"),
        TypeCode.SELF_BILLED_CREDIT: ("Korrektur einer Gutschrift", "Korrektur zur Gutschrift Nr. {number}"),
    },
    "nl": {
        TypeCode.INVOICE: ("Factuur", "Factuur"),
        TypeCode.SELF_BILLED: ("Factuur uitgereikt door afnemer", "Factuur uitgereikt door afnemer"),
        TypeCode.CREDIT: ("Creditfactuur", "Correctie van factuur {number}"),
        TypeCode.SELF_BILLED_CREDIT: (
            "Correctie van een factuur uitgereikt door afnemer",
            "Correctie van factuur {number}, uitgereikt door afnemer",
        ),
    },
}
_SELF_BILLED = {
    "en": "Self-billing: issued by the buyer",
    "de": "Gutschrift, ausgestellt vom Leistungsempfänger",
    "nl": "Factuur uitgereikt door afnemer",
}
_SELF_BILLED_CREDIT = {
    "en": "Self-billing: correction issued by the buyer",
    "de": "Korrektur einer Gutschrift, ausgestellt vom Leistungsempfänger",
    "nl": "Correctie van een factuur uitgereikt door afnemer",
}
_REVERSE_CHARGE = {"en": "Reverse charge", "de": "Steuerschuldnerschaft des Leistungsempfängers", "nl": "Btw verlegd"}
_REVERSE_CHARGE_AT = "Übergang der Steuerschuld auf den Leistungsempfänger (Reverse Charge)"
_SMALL_BUSINESS = {
    "DE": {
        "en": "VAT exempt: small business scheme (§ 19 UStG)",
        "de": "Steuerbefreiung für Kleinunternehmer (§ 19 UStG)",
        "nl": "Vrijgesteld van btw: kleineondernemersregeling (§ 19 UStG)",
    },
    "NL": {
        "en": "VAT exempt: small business scheme (article 25 Wet op de omzetbelasting 1968)",
        "de": "Steuerbefreiung für Kleinunternehmer (Artikel 25 Wet op de omzetbelasting 1968)",
        "nl": "Vrijgesteld van btw op grond van artikel 25 Wet op de omzetbelasting 1968 (kleineondernemersregeling)",
    },
    "AT": {
        "en": "VAT exempt: small business scheme (§ 6 Abs. 1 Z 27 UStG 1994)",
        "de": "Umsatzsteuerfrei aufgrund der Kleinunternehmerregelung (§ 6 Abs. 1 Z 27 UStG 1994)",
        "nl": "Vrijgesteld van btw: kleineondernemersregeling (§ 6 Abs. 1 Z 27 UStG 1994)",
    },
}
_SMALL_BUSINESS_ELSEWHERE = {
    "en": "VAT exempt: small business scheme (article 284 of directive 2006/112/EC)",
    "de": "Steuerbefreiung für Kleinunternehmen (Artikel 284 der Richtlinie 2006/112/EG)",
    "nl": "Vrijgesteld van btw: bijzondere regeling voor kleine ondernemingen (artikel 284 van richtlijn 2006/112/EG)",
}
_EXEMPT = {"en": "Exempt from VAT", "de": "Umsatzsteuerfreie Leistung", "nl": "Vrijgesteld van btw"}
_OUTSIDE = {"en": "Not subject to VAT", "de": "Nicht umsatzsteuerbar", "nl": "Niet aan btw onderworpen"}

TAXED = {"S", "Z"}


def title(type_code: TypeCode, language: str, *, corrects: str = "") -> str:
    """What stands at the head of the document. `corrects`: the number of the corrected one, if it is a correction."""
    without, with_number = _TITLES.get(language, _TITLES[ENGLISH])[type_code]
    return with_number.format(number=corrects) if corrects else without


def title_of(invoice: EInvoice) -> str:
    """The same of a whole invoice. A new 389 in the place of another corrects nothing: it keeps its title."""
    corrects = invoice.preceding.number if invoice.preceding and invoice.type_code.is_credit else ""
    return title(invoice.type_code, invoice.language, corrects=corrects)


def note(type_code: TypeCode, categories: Collection[str], seller_country: str, language: str) -> str:
    """The one note of the document (BT-22): that the buyer wrote it, and who owes the VAT. Empty: nothing to say.

    One note, because Peppol takes no second. The reason of an exemption is not here but at its VAT breakdown (BT-120).
    """
    parts = []
    if type_code is TypeCode.SELF_BILLED:
        parts.append(_in(_SELF_BILLED, language))
    if type_code is TypeCode.SELF_BILLED_CREDIT:
        parts.append(_in(_SELF_BILLED_CREDIT, language))
    if "AE" in categories:
        parts.append(_reverse_charge(seller_country, language))
    return ". ".join(parts)


def exemption(
    category: str, seller_country: str, buyer_country: str, language: str, small_business: bool
) -> tuple[str, str]:
    """(VATEX code, reason), BT-121 and BT-120, of a VAT category; two empty texts where VAT is charged.

    There is no VATEX code for a small business but the French one. `buyer_country` makes no difference so far. Raises
    ValueError for a category that no contract can have (deliveries within the EU, exports, the Canaries).
    """
    if category in TAXED:
        return "", ""
    if category == "AE":
        return "VATEX-EU-AE", _reverse_charge(seller_country, language)
    if category == "E" and small_business:
        return "", _in(_SMALL_BUSINESS.get(seller_country, _SMALL_BUSINESS_ELSEWHERE), language)
    if category == "E":
        return "", _in(_EXEMPT, language)
    if category == "O":
        return "VATEX-EU-O", _in(_OUTSIDE, language)
    raise ValueError(f"No wording for the VAT category {category!r}")


def _reverse_charge(seller_country: str, language: str) -> str:
    return _REVERSE_CHARGE_AT if (seller_country, language) == ("AT", "de") else _in(_REVERSE_CHARGE, language)


def _in(words: Mapping[str, str], language: str) -> str:
    return words.get(language, words[ENGLISH])
