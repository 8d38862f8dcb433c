"""Why a visit is paid or not: the path of `rules.payable` in words, question by question (X1, Q18, Q19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.why import Said
from invoicing.rules import AdditionalBy, Because, Payable, Step, Terms, VisitFacts
from packages.words import money_words

# Asked so that yes is where the path ends, as the rule asks.
QUESTIONS: Mapping[Because, Promise] = {
    Because.TO_COME: gettext_lazy("Is the class still to come?"),
    Because.NO_TERMS: gettext_lazy("Is its day without terms of a contract?"),
    Because.FLAT_RATE: gettext_lazy("Does a flat rate pay for the whole month?"),
    Because.NO_SHOW_UNPAID: gettext_lazy("Are no-shows unpaid by the contract?"),
    Because.LATE_CANCEL_UNPAID: gettext_lazy("Are late cancels unpaid by the contract?"),
    Because.REFILLED: gettext_lazy("Is it unpaid because somebody else took the place?"),
    Because.ADDITIONAL: gettext_lazy("Is it an additional workout?"),
    Because.DAY_CAP: gettext_lazy("Are the paid visits of that day used up?"),
    Because.PERIOD_CAP: gettext_lazy("Are the paid visits of 30 days used up?"),
    Because.STEP: gettext_lazy("Has the month reached a volume step?"),
    Because.CHECK_IN: gettext_lazy("Is it a check-in?"),
    Because.NO_SHOW: gettext_lazy("Is it a no-show?"),
    Because.LATE_CANCEL: gettext_lazy("Is it a late cancel?"),
}

# The last line, below the questions.
_ENDS: Mapping[Because, Promise] = {
    Because.TO_COME: gettext_lazy("Not decided yet: the class is still to come."),
    Because.NO_TERMS: gettext_lazy("Cannot be billed: no terms of a contract hold on that day."),
    Because.FLAT_RATE: gettext_lazy("%(amount)s by itself: the flat rate pays for it."),
    Because.NO_SHOW_UNPAID: gettext_lazy("%(amount)s: the contract pays no no-shows."),
    Because.LATE_CANCEL_UNPAID: gettext_lazy("%(amount)s: the contract pays no late cancels."),
    Because.REFILLED: gettext_lazy("%(amount)s: somebody else took the place."),
    Because.DAY_CAP: gettext_lazy("%(amount)s: beyond the paid visits of a day."),
    Because.PERIOD_CAP: gettext_lazy("%(amount)s: beyond the paid visits of 30 days."),
    Because.ADDITIONAL: gettext_lazy("%(amount)s, as an additional workout."),
    Because.STEP: gettext_lazy("%(amount)s, by the volume step."),
    Because.CHECK_IN: gettext_lazy("%(amount)s, as a check-in."),
    Because.NO_SHOW: gettext_lazy("%(amount)s, as a no-show."),
    Because.LATE_CANCEL: gettext_lazy("%(amount)s, as a late cancel."),
}


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the words name beside the facts of the visit. `terms`: the version, as in "v3 from 1 Sep 2026"."""

    marketplace: str
    location: str
    currency: str
    terms: str = ""

    def money(self, amount: Decimal) -> str:
        return money_words(amount, self.currency)


@dataclass(frozen=True)
class Explained:
    """For `components/said.html`: the questions in their order, and what it comes to."""

    said: list[Said]
    end: str


def explained(facts: VisitFacts, result: Payable, named: Named) -> Explained:
    """The path that `payable(facts)` took. Asks no database."""
    said = [
        Said(str(QUESTIONS[step.asked]), _("yes") if step.decided else _("no"), _fact(step, facts, result, named))
        for step in result.path
    ]
    return Explained(said, end_words(result.because, result.amount, named))


def end_words(because: Because, amount: Decimal, named: Named) -> str:
    """What a visit comes to and by which clause, in one sentence: "8.40 EUR, as a check-in."."""
    return str(_ENDS[because]) % {"amount": named.money(amount)}


def _fact(step: Step, facts: VisitFacts, result: Payable, named: Named) -> str:
    """The fact behind an answer; "" where the question says it all."""
    terms = facts.terms
    if terms is None:
        return ""
    if step.asked in {Because.DAY_CAP, Because.PERIOD_CAP, Because.STEP}:
        return _counted(step.asked, facts, terms)
    unless: Mapping[Because, Decimal] = {
        Because.NO_SHOW_UNPAID: terms.no_show,
        Because.LATE_CANCEL_UNPAID: terms.late_cancel,
    }
    match step.asked:
        case Because.NO_TERMS:
            return named.terms
        case Because.FLAT_RATE if terms.flat is not None:
            return _("%(amount)s a month") % {"amount": named.money(terms.flat)}
        case Because.NO_SHOW_UNPAID | Because.LATE_CANCEL_UNPAID if not step.decided:
            return _("%(amount)s each") % {"amount": named.money(unless[step.asked])}
        case Because.REFILLED:
            return _refilled(facts)
        case Because.ADDITIONAL:
            return _additional(facts, result, named)
        case Because.CHECK_IN | Because.NO_SHOW | Because.LATE_CANCEL if step.decided:
            return _("%(amount)s each") % {"amount": named.money(result.amount)}
    return ""


def _counted(asked: Because, facts: VisitFacts, terms: Terms) -> str:
    """Where it stands among the visits that a cap or a step counts."""
    if asked is Because.DAY_CAP:
        number, paid = facts.of_day, _paid(terms.paid_per_day or 0)
        return _("visit %(number)d of the day, %(paid)s") % {"number": number, "paid": paid}
    if asked is Because.PERIOD_CAP:
        number, paid = facts.paid_before, _paid(terms.paid_per_30_days or 0)
        return _("%(number)d paid in the 30 days up to it, %(paid)s") % {"number": number, "paid": paid}
    return _("paid check-in %(number)d of the month") % {"number": facts.of_month}


def _paid(of: int) -> str:
    return ngettext("%(number)d is paid", "%(number)d are paid", of) % {"number": of}


def _refilled(facts: VisitFacts) -> str:
    if facts.terms is not None and facts.terms.late_cancel_paid == "always":
        return _("the contract pays it either way")
    return _("somebody else took the place") if facts.refilled else _("the place stayed free")


def _additional(facts: VisitFacts, result: Payable, named: Named) -> str:
    if result.additional_by is AdditionalBy.MARKETPLACE:
        return _("%(marketplace)s says so") % {"marketplace": named.marketplace}
    return _("visit %(number)d at %(location)s within 30 days, by our rule") % {
        "number": facts.attended_here, "location": named.location,
    }  # fmt: skip
