"""What happened to an invoice, in order: issued, opened, answered, paid."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from invoicing.models import Invoice, InvoiceEvent, PayoutEvent
from invoicing.payout_words import failed_words
from invoicing.selectors.payouts import Standing
from packages.words import day_words, money_words


@dataclass(frozen=True)
class Happened:
    """`at` is local. `who`: a name, "the operator", or nobody: by itself."""

    at: datetime
    words: str
    who: str = ""
    text: str = ""
    mark: str = ""

    @property
    def when(self) -> str:
        """In the studio's time; a template would tell it in UTC."""
        return date_format(self.at, _("j M Y, H:i"))


def timeline_of(invoice: Invoice, payout: Standing | None, *, zone: ZoneInfo) -> list[Happened]:
    """The oldest first. Two queries."""
    events = invoice.events.select_related("by__user", "operator").order_by("id")
    found = [_event(one, zone) for one in events]
    if payout is not None:
        told = payout.payout.events.order_by("id")
        found += [_told(one, payout.payout.currency, zone) for one in told]
    return sorted(found, key=lambda one: one.at)


def _event(one: InvoiceEvent, zone: ZoneInfo) -> Happened:
    who = one.by.user.name if one.by else _("the operator") if one.operator_id else ""
    words, text = one.get_kind_display(), one.text
    if one.kind == InvoiceEvent.Kind.DOWNLOADED and text:
        words, text = _("downloaded: %(what)s") % {"what": _what(text)}, ""
    return Happened(one.occurred_at.astimezone(zone), words, who, text, one.kind)


def _what(kind: str) -> str:
    names = {
        "pdf": "PDF",
        "facturx": "Factur-X",
        "xrechnung": "XRechnung",
        "peppol": "Peppol",
        "visits": _("visits as CSV"),
        "year": _("files of the year"),
    }
    return names.get(kind, kind)


def _told(one: PayoutEvent, currency: str, zone: ZoneInfo) -> Happened:
    return Happened(
        one.recorded_at.astimezone(zone),
        _payout(one.kind, one.on, one.amount, currency),
        _("the operator") if one.operator_id else "",
        failed_words(one.note) if one.kind == PayoutEvent.Kind.FAILED else one.reference,
        one.kind,
    )


def _payout(kind: str, on: date, amount: Decimal | None, currency: str) -> str:
    told = {"day": day_words(on), "amount": money_words(amount, currency) if amount is not None else ""}
    match kind:
        case PayoutEvent.Kind.SENT:
            return _("%(amount)s sent on %(day)s") % told
        case PayoutEvent.Kind.RECEIVED:
            return _("%(amount)s received on %(day)s") % told
        case PayoutEvent.Kind.FAILED:
            return _("payout failed on %(day)s") % told
        case PayoutEvent.Kind.REMINDED:
            return _("payout late: the operator was reminded")
    return _("taken back: that was told by mistake")
