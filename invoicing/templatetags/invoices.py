"""Words and numbers of invoices in templates."""

from decimal import Decimal

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma

from invoicing.answer_words import STAND_WORDS
from invoicing.payout_words import PAYOUT_STATES
from invoicing.rules.answers import Stand
from invoicing.rules.payouts import PayoutState
from invoicing.words import amount_words

register = template.Library()


@register.filter
def payout_state(state: str) -> str:
    return str(PAYOUT_STATES[PayoutState(state)])


@register.filter
def stand_words(stand: str) -> str:
    """How the matter stands: "question asked"."""
    return str(STAND_WORDS[Stand(stand)])


@register.filter
def signed(number: int) -> str:
    """A whole number with the real minus sign."""
    return f"−{intcomma(-number)}" if number < 0 else str(intcomma(number))


@register.filter
def money(amount: Decimal) -> str:
    return amount_words(Decimal(amount))
