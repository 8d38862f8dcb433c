"""Settings > Invoices: who the studio is as a seller, and where its money goes. Of owners alone."""

from django.utils.translation import gettext_lazy as _

from invoicing.models import Seller
from portal.preferences.registry import Group, Scope, Setting
from portal.roles import Right

_ON_INVOICES = _("Stands on every invoice from the next one on. What was issued keeps what it was then.")

LEGAL = (
    Setting("legal_name", _("Legal name"), _("The seller on every invoice, as the trade register knows it.")),
    Setting("street", _("Street and number"), _ON_INVOICES),
    Setting("postcode", _("Postcode"), _ON_INVOICES),
    Setting("city", _("City"), _ON_INVOICES),
    Setting("country", _("Country"), _("Decides how the numbers below are checked, and which words tax law asks for.")),
    Setting("registration", _("Register number"), _("KvK in the Netherlands, HRB in Germany, Firmenbuch in Austria.")),
)
TAX = (
    Setting("vat_id", _("VAT id"), _("With its country, as in NL004495445B01. Reverse charge needs it.")),
    Setting("tax_number", _("Tax number"), _("For who has no VAT id. An invoice needs one of both.")),
)
ELECTRONIC = (
    Setting(
        "electronic_scheme",
        _("E-invoice address: kind"),
        _("Under which kind of number e-invoices reach the studio. Peppol and XRechnung ask for it."),
    ),
    Setting("electronic_address", _("E-invoice address"), _("The number of that kind. Its check digits are checked.")),
    Setting(
        "contact", _("Contact"), _("Who answers questions about invoices. XRechnung asks for name, phone, e-mail.")
    ),
    Setting("phone", _("Phone"), _("Stands on e-invoices beside the contact.")),
    Setting("email", _("E-mail"), _("Stands on e-invoices beside the contact. Mails about invoices go to the owners.")),
)
NUMBERS = (
    Setting(
        "prefix",
        _("Number range"),
        _("Begins the numbers of invoices that the studio issues itself, as in R-2026-0001. A new range begins at 1."),
    ),
)
BANK = (
    Setting("iban", _("IBAN"), _("Where payouts go. An invoice is not issued without it.")),
    Setting("bic", _("BIC"), _("Only where the bank asks for it.")),
    Setting("account_holder", _("Account holder"), _("As the bank knows it. Empty: the legal name.")),
    Setting("payout_country", _("Country of the bank"), _("Whose holidays move the payout of the 15th.")),
    Setting("payout_region", _("Region of the bank"), _("Where holidays differ within the country, as BY in Germany.")),
)
PARTY = (*LEGAL, *TAX, *ELECTRONIC, *NUMBERS)
OTHERS = (
    Setting("tax_status", _("Small business"), _("From a day on invoices show no VAT, or show it again.")),
    Setting(
        "agreements", _("Self-billing"), _("A marketplace may write the studio's invoices only if both agreed to it.")
    ),
)


def seller_of(scope: Scope) -> Seller:
    """The studio's row, or a new one that nobody has saved yet."""
    return Seller.objects.filter(studio=scope.studio).first() or Seller(studio=scope.studio)


INVOICES = Group(
    word="invoices",
    label=_("Invoices"),
    summary=_("Seller, bank account, tax, self-billing"),
    icon="receipt-text",
    of_studio=(*PARTY, *BANK, *OTHERS),
    url_name="invoicing:settings",
    row=seller_of,
    right=Right.CLOSE_MONTHS,
)
