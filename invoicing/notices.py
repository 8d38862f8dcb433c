"""What staff can be told about invoices and payouts. All of it is the owners' business (P19)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from portal.notices.registry import How, NoticeKind, register
from portal.roles import Preset, Right

ISSUED, CLOSE, NOT_ISSUED = "invoicing.issued", "invoicing.month_to_close", "invoicing.not_issued"
PAYOUT, TROUBLE = "invoicing.payout", "invoicing.payout_trouble"
REPLIED, BANK = "invoicing.replied", "invoicing.bank_changed"

#: Which kind a mail is of, by the name of its template.
OF_TEMPLATE = {
    "issued": ISSUED,
    "month_to_close": CLOSE,
    "not_issued": NOT_ISSUED,
    "payout_sent": PAYOUT,
    "payout_received": PAYOUT,
    "payout_failed": TROUBLE,
    "payout_late": TROUBLE,
    "replied": REPLIED,
    "bank_changed": BANK,
}

_WORDS: list[tuple[str, Promise, Promise]] = [
    (CLOSE, _("Month to close"), _("On the 1st: the month is over, look it through before it is invoiced.")),
    (ISSUED, _("Invoice ready"), _("From the 5th: the month's invoice with its sum, and corrections.")),
    (NOT_ISSUED, _("Invoice not created"), _("An invoice is due, and something is missing for it.")),
    (PAYOUT, _("Payout on its way or received"), _("The day and the amount, as the operator notes them.")),
    (TROUBLE, _("Payout late or failed"), _("Money that should be there and is not.")),
    (REPLIED, _("Answer about an invoice"), _("The operator answered what you asked about an invoice.")),
]


#: What comes more than once in a minute, of several marketplaces at the same hour.
_COUNTED = {
    ISSUED: ngettext_lazy("%(number)d invoice is ready", "%(number)d invoices are ready", "number"),
    NOT_ISSUED: ngettext_lazy("%(number)d invoice was not created", "%(number)d invoices were not created", "number"),
    PAYOUT: ngettext_lazy(
        "%(number)d payout on its way or received", "%(number)d payouts on their way or received", "number"
    ),
    TROUBLE: ngettext_lazy("%(number)d payout late or failed", "%(number)d payouts late or failed", "number"),
    REPLIED: ngettext_lazy("%(number)d answer about an invoice", "%(number)d answers about invoices", "number"),
}


def register_kinds() -> None:
    for word, label, about in _WORDS:
        register(
            NoticeKind(
                word=word,
                label=label,
                about=about,
                counted=_COUNTED.get(word),
                right=Right.CLOSE_MONTHS,
                defaults={Preset.OWNER: How.AT_ONCE},
            )
        )
    register(
        NoticeKind(
            word=BANK,
            label=_("Bank account changed"),
            about=_("Somebody changed the account that payouts go to."),
            right=Right.CLOSE_MONTHS,
            fixed=True,
        )
    )
