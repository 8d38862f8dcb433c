"""What of an issued month is worth something else by now, and what becomes of it (Q31)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing import rules
from invoicing.models import Invoice
from invoicing.rules import Because, Kind
from invoicing.selectors.delta import Changed, changed_since
from invoicing.selectors.following import Becomes, following
from invoicing.selectors.visits import named
from invoicing.words import BECAUSE_WORDS, KIND_WORDS, NO_LINE_WORDS, month_words
from marketplace.models import Visit

SHOWN = 100
COUNTED: dict[Kind, tuple[Promise, Promise]] = {
    Kind.CHECK_IN: (gettext_lazy("check-in"), gettext_lazy("check-ins")),
    Kind.ADDITIONAL: (gettext_lazy("additional workout"), gettext_lazy("additional workouts")),
    Kind.NO_SHOW: (gettext_lazy("no-show"), gettext_lazy("no-shows")),
    Kind.LATE_CANCEL: (gettext_lazy("late cancel"), gettext_lazy("late cancels")),
}


@dataclass(frozen=True)
class ChangeRow:
    """One visit: what was billed, and what it is worth now."""

    visit: Visit
    day: date
    before: str
    after: str
    difference: Decimal


@dataclass(frozen=True)
class Changes:
    """`counts`: "+1 check-in", "-1 no-show"; `becomes`: what will happen with them, in a sentence."""

    rows: list[ChangeRow]
    counts: list[str]
    net: Decimal
    total: int
    becomes: str


def changes_of(invoice: Invoice, *, now: datetime) -> Changes | None:
    """What changed since the issue; None: nothing. At most SHOWN rows are listed, all are counted."""
    found = changed_since(invoice, now=now)
    if not found:
        return None
    visits = named([one.visit for one in found[:SHOWN]])
    return Changes(
        rows=[_row(one, visits[one.visit]) for one in found[:SHOWN]],
        counts=_counts(found),
        net=sum((one.difference for one in found), Decimal(0)),
        total=len(found),
        becomes=_becomes(invoice),
    )


def _row(one: Changed, visit: Visit) -> ChangeRow:
    either = one.after or one.before
    assert either is not None  # noqa: S101 - one of them differs from the other
    return ChangeRow(visit, either.day, _said(one.before), _said(one.after), one.difference)


def _said(one: object) -> str:
    if one is None:
        return _("nothing")
    kind, because = Kind(one.kind), Because(one.because)  # type: ignore[attr-defined]
    if because in rules.PAID:
        return str(COUNTED[kind][0])
    return _("%(kind)s, not paid: %(why)s") % {"kind": COUNTED[kind][0], "why": BECAUSE_WORDS[because]}


def _counts(found: Sequence[Changed]) -> list[str]:
    """By what people count: each kind that became more or fewer."""
    differences: Counter[Kind] = Counter()
    for one in found:
        if one.after is not None:
            differences[Kind(one.after.kind)] += 1
        if one.before is not None:
            differences[Kind(one.before.kind)] -= 1
    words = []
    for kind in KIND_WORDS:
        number = differences[kind]
        if number:
            sign = "+" if number > 0 else "−"
            words.append(f"{sign}{abs(number)} {COUNTED[kind][abs(number) != 1]}")
    return words


def _becomes(invoice: Invoice) -> str:
    """The next invoice of the contract adjusts it, as long as there is one and it is near enough."""
    (found,) = following([invoice.contract], invoice.month)
    if found.becomes is not Becomes.LINE:
        return str(NO_LINE_WORDS[found.becomes])
    return _("This becomes a line of the invoice of %(month)s. You need not do anything.") % {
        "month": month_words(found.month)
    }
