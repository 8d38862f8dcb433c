"""Where the money of an invoice is, in words: one place for screens, mails and the operator (P10)."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from bookings.why import Said
from invoicing.models import PayoutEvent
from invoicing.rules.payouts import PayoutAsked, PayoutState, PayoutStep
from invoicing.selectors.payouts import Standing
from invoicing.words import month_words
from packages.words import day_words, money_words

PAYOUT_STATES: Mapping[PayoutState, Promise] = {
    PayoutState.EXPECTED: pgettext_lazy("payout", "expected"),
    PayoutState.LATE: pgettext_lazy("payout", "late"),
    PayoutState.SENT: pgettext_lazy("payout", "sent"),
    PayoutState.RECEIVED: pgettext_lazy("payout", "received"),
    PayoutState.SHORT: pgettext_lazy("payout", "short"),
    PayoutState.FAILED: pgettext_lazy("payout", "failed"),
    PayoutState.NOTHING: pgettext_lazy("payout", "nothing to pay"),
}

# Asked so that yes is where the path ends.
PAYOUT_QUESTIONS: Mapping[PayoutAsked, Promise] = {
    PayoutAsked.RECEIVED: gettext_lazy("Has all of it come?"),
    PayoutAsked.FAILED: gettext_lazy("Did the last try fail?"),
    PayoutAsked.SHORT: gettext_lazy("Has a part of it come?"),
    PayoutAsked.NOTHING: gettext_lazy("Is there nothing to pay?"),
    PayoutAsked.SENT: gettext_lazy("Was it sent?"),
    PayoutAsked.LATE: gettext_lazy("Should it have been here by now?"),
    PayoutAsked.EXPECTED: gettext_lazy("Is it still to come?"),
}


class WrongField(StrEnum):
    """What was wrong when a payout failed: the bank's answer, as the operator passes it on."""

    IBAN = "iban"
    BIC = "bic"
    HOLDER = "account_holder"
    AMOUNT = "amount"
    OTHER = "other"


WRONG_FIELDS: Mapping[WrongField, Promise] = {
    WrongField.IBAN: gettext_lazy("IBAN"),
    WrongField.BIC: gettext_lazy("BIC"),
    WrongField.HOLDER: gettext_lazy("account holder"),
    WrongField.AMOUNT: gettext_lazy("amount"),
    WrongField.OTHER: gettext_lazy("another reason"),
}


def payout_words(standing: Standing) -> str:
    """One line: "expected around Fri 15 Jan 2027; 11.30 EUR set off from November 2026"."""
    return "; ".join(filter(None, [_state_words(standing), set_off_words(standing)]))


def set_off_words(standing: Standing) -> str:
    """What earlier months take away: "11.30 EUR set off from November 2026"; empty: nothing."""
    return ", ".join(
        _("%(amount)s set off from %(month)s")
        % {"amount": money_words(one.amount, standing.payout.currency), "month": month_words(one.month)}
        for one in standing.facts.set_off
    )


def _state_words(standing: Standing) -> str:
    payout, last = standing.payout, standing.last
    day = day_words(last.on) if last else ""
    missing = money_words(abs(standing.answer.missing), payout.currency)
    match standing.state:
        case PayoutState.EXPECTED:
            return _("expected around %(day)s") % {"day": day_words(payout.expected_on)}
        case PayoutState.LATE:
            return _("late: it was expected around %(day)s") % {"day": day_words(payout.expected_on)}
        case PayoutState.SENT:
            return _("sent on %(day)s") % {"day": day}
        case PayoutState.SHORT:
            return _("short: %(missing)s have not come") % {"missing": missing}
        case PayoutState.FAILED:
            return _("failed on %(day)s: %(why)s") % {"day": day, "why": failed_words(last.note if last else "")}
        case PayoutState.NOTHING:
            if standing.facts.set_off:
                return _("nothing to pay")
            return _("nothing to pay: corrections took it away")
    day = next((day_words(one.on) for one in reversed(standing.told) if one.kind == PayoutEvent.Kind.RECEIVED), day)
    if standing.answer.missing < 0:
        return _("received on %(day)s, %(more)s more than expected") % {"day": day, "more": missing}
    return _("received on %(day)s") % {"day": day}


def payout_said(standing: Standing) -> list[Said]:
    """How the state came about, question by question, with what is set off before all (X1)."""
    currency = standing.payout.currency

    def fact(step: PayoutStep) -> str:
        if isinstance(step.fact, Decimal):
            return money_words(step.fact, currency)
        return day_words(step.fact) if step.fact else ""

    set_off = set_off_words(standing)
    first = [Said(_("Do earlier months take something away?"), _("yes"), set_off)] if set_off else []
    return first + [
        Said(str(PAYOUT_QUESTIONS[step.asked]), _("yes") if step.decided else _("no"), fact(step))
        for step in standing.answer.path
    ]


def failed_note(field: str, text: str) -> str:
    """What is kept of a failed payout: the word of its field, and what the operator adds."""
    return f"{WrongField(field)}: {text}".rstrip(": ")


def failed_words(note: str) -> str:
    """The same as a person reads it: "IBAN, account closed"."""
    field, _colon, text = note.partition(":")
    if field not in set(WrongField):
        return note or _("no reason was given")
    return ", ".join(filter(None, [str(WRONG_FIELDS[WrongField(field)]), text.strip()]))
