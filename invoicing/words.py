"""What invoicing calls things, on screen and on paper."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from invoicing.rules import Because, Kind, Obstacle

KIND_WORDS: Mapping[Kind, Promise] = {
    Kind.CHECK_IN: gettext_lazy("Check-ins"),
    Kind.ADDITIONAL: gettext_lazy("Additional workouts"),
    Kind.NO_SHOW: gettext_lazy("No-shows"),
    Kind.LATE_CANCEL: gettext_lazy("Late cancels"),
    Kind.TO_COME: gettext_lazy("Booked, to come"),
    Kind.FLAT: gettext_lazy("Flat rate of the month"),
}

# Of one visit, or of a line of them.
BECAUSE_WORDS: Mapping[Because, Promise] = {
    Because.TO_COME: gettext_lazy("the class is still to come"),
    Because.NO_TERMS: gettext_lazy("no terms of a contract on this day"),
    Because.FLAT_RATE: gettext_lazy("covered by the flat rate"),
    Because.NO_SHOW_UNPAID: gettext_lazy("the contract pays no no-shows"),
    Because.LATE_CANCEL_UNPAID: gettext_lazy("the contract pays no late cancels"),
    Because.REFILLED: gettext_lazy("somebody else took the place"),
    Because.DAY_CAP: gettext_lazy("beyond the paid visits of a day"),
    Because.PERIOD_CAP: gettext_lazy("beyond the paid visits of 30 days"),
    Because.ADDITIONAL: gettext_lazy("additional workout"),
    Because.STEP: gettext_lazy("volume step"),
    Because.CHECK_IN: gettext_lazy("check-in"),
    Because.NO_SHOW: gettext_lazy("no-show"),
    Because.LATE_CANCEL: gettext_lazy("late cancel"),
}

# Why there is no invoice yet, and who mends it.
OBSTACLE_WORDS: Mapping[Obstacle, Promise] = {
    Obstacle.NO_SELLER: gettext_lazy("The studio's own data for invoices is missing: Settings > Invoices."),
    Obstacle.NO_PAYER: gettext_lazy("The operator has not written down yet which company the marketplace pays with."),
    Obstacle.NO_AGREEMENT: gettext_lazy(
        "The marketplace writes this invoice, and nobody has agreed to that yet: Settings > Invoices."
    ),
    Obstacle.NO_BANK: gettext_lazy("The bank account is missing: Settings > Invoices."),
    Obstacle.NO_TAX_ID: gettext_lazy("Neither a VAT id nor a tax number is known: Settings > Invoices."),
    Obstacle.NO_VAT_ID: gettext_lazy("Reverse charge needs the VAT ids of both sides, and one is missing."),
    Obstacle.UNPRINTABLE: gettext_lazy(
        "A name holds letters that the document cannot show; it would not be the same name. Please write it otherwise."
    ),
    Obstacle.MIXED_TAX: gettext_lazy(
        "Visits that are not subject to tax cannot stand on one invoice with others, and this month has both."
    ),
    Obstacle.NOT_OVER: gettext_lazy("The month is not over yet."),
    Obstacle.EARLIER_MONTH: gettext_lazy("An earlier month has no invoice yet; months are issued in their order."),
}

# What becomes of a change after the issue that no later invoice takes up.
NO_LINE_WORDS: Mapping[str, Promise] = {
    "too_late": gettext_lazy("Too long ago for an adjustment: ask for a correction, and the invoice is issued anew."),
    "ended": gettext_lazy("The contract has ended: have the invoice corrected."),
}


def month_words(month: date) -> str:
    """ "November 2026", in the active language."""
    return date_format(month, _("F Y"))


def line_name(kind: Kind, because: Because) -> str:
    """What a line is called, in the active language: "Check-ins", "No-shows, not paid: ..."."""
    name = str(KIND_WORDS[kind])
    if kind is Kind.FLAT or because.value == kind.value:
        return name
    if because is Because.STEP:
        return _("%(name)s beyond a volume step") % {"name": name}
    return _("%(name)s, not paid: %(why)s") % {"name": name, "why": BECAUSE_WORDS[because]}


def amount_words(amount: Decimal, currency: str = "") -> str:
    """With cents, or with what lies behind them where there is something; the real minus sign before what is less."""
    places = 2 if amount.quantize(Decimal("0.01")) == amount else 4
    text = f"{number_format(abs(amount), places, force_grouping=True)} {currency}".strip()
    return f"−{text}" if amount < 0 else text


def held_words(number: int, invoice: str) -> str:
    """Of visits on a line that have their rows on an earlier invoice."""
    return ngettext("%(number)d visit stands on %(invoice)s", "%(number)d visits stand on %(invoice)s", number) % {
        "number": number,
        "invoice": invoice,
    }


def terms_words(number: int, first_on: date) -> str:
    """ "contract v3 from 1 Sep 2026": a version by its place among those of its contract."""
    return _("contract v%(number)d from %(day)s") % {"number": number, "day": date_format(first_on, _("j M Y"))}


def line_about(number: int, first_on: date, month: date, invoiced: date, *, taken_back: bool) -> str:
    """The clause of a line, and what it corrects if it is of an earlier month than the invoice."""
    clause = terms_words(number, first_on)
    if month == invoiced:
        return clause
    text = _("%(month)s, taken back; %(clause)s") if taken_back else _("%(month)s, added; %(clause)s")
    return text % {"month": month_words(month), "clause": clause}
