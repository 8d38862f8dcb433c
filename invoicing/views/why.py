"""Why a visit is worth what it is: the rule's path for one visit, in words (X1)."""

from dataclasses import dataclass
from datetime import datetime

from invoicing.payable_words import Explained, Named, end_words, explained
from invoicing.rules import Kind, Terms, VisitFacts, next_month, payable
from invoicing.selectors.figures import Figure, figures
from invoicing.selectors.visits import LineVisit, versions_of
from invoicing.words import terms_words
from marketplace.models import Contract, ContractTerms


@dataclass(frozen=True)
class Why:
    """`billed`: what stands on the invoice, in a sentence, where the visit is judged otherwise by now."""

    visit: int
    now: Explained
    billed: str = ""


def why_of(contract: Contract, row: LineVisit, *, now: datetime) -> Why | None:
    """The path of the rule for the visit as it stands now, its place among the others counted. Three queries.

    None: nothing of it is left to judge, because it was cancelled in time or taken back since.
    """
    month = row.day.replace(day=1)
    found = figures(contract.connection_id, month, next_month(month), now=now, only=[row.visit.pk])
    if not found:
        return None
    one = found[0]
    terms = contract.terms.filter(pk=one.terms).first() if one.terms else None
    facts = facts_of(one, terms)
    names = _names(contract, row, terms)
    result = payable(facts)
    billed = ""
    if (one.kind, one.because, abs(row.amount)) != (row.kind, row.because, one.amount):
        billed = end_words(row.because, abs(row.amount), names)
    return Why(row.visit.pk, explained(facts, result, names), billed)


def facts_of(one: Figure, terms: ContractTerms | None) -> VisitFacts:
    """What the rule is asked for this visit."""
    return VisitFacts(
        kind=Kind.CHECK_IN if one.kind is Kind.ADDITIONAL else one.kind,
        terms=terms_of(terms) if terms else None,
        flagged=one.flagged,
        refilled=one.refilled,
        attended_here=one.attended_here,
        of_day=one.of_day,
        paid_before=one.paid_before,
        of_month=one.of_month,
    )


def terms_of(terms: ContractTerms) -> Terms:
    """A version of the contract as the rule has it."""
    return Terms(
        check_in=terms.check_in_rate,
        no_show=terms.no_show_rate,
        late_cancel=terms.late_cancel_rate,
        late_cancel_paid=terms.late_cancel_paid,
        additional=terms.additional_rate,
        paid_per_day=terms.paid_per_day,
        paid_per_30_days=terms.paid_per_30_days,
        flat=terms.flat_rate,
        steps=tuple(zip(terms.steps_from, terms.steps_rate, strict=True)),
    )


def _names(contract: Contract, row: LineVisit, terms: ContractTerms | None) -> Named:
    booked = row.visit.reservation
    return Named(
        marketplace=contract.connection.marketplace.name,
        location=booked.location.name if booked else "",
        currency=contract.currency,
        terms=terms_words(*versions_of(contract)[terms.pk]) if terms else "",
    )
