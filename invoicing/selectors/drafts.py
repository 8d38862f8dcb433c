"""The running month as the invoice that it would be now (N8)."""

from dataclasses import dataclass
from datetime import date, datetime

from invoicing.rules import Because, last_day, next_month
from invoicing.rules.payouts import payout_on
from invoicing.rules.totals import Entry, Totals, totals
from invoicing.selectors.delta import billable_months, entries_of
from invoicing.selectors.figures import summed
from invoicing.selectors.flat import flat_changes
from invoicing.selectors.parties import holidays_of
from marketplace.models import Contract, ContractTerms


@dataclass(frozen=True)
class Draft:
    """`to_come`: booked, and not over yet. `without_terms`: visits on days without a clause, which nobody can bill."""

    contract: Contract
    month: date
    lines: tuple[Entry, ...]
    totals: Totals
    issuer: ContractTerms.Issuer
    due_on: date
    to_come: int
    without_terms: int

    @property
    def is_empty(self) -> bool:
        return not self.lines


def draft(contract: Contract, month: date, *, now: datetime) -> Draft:
    """What would be issued for the contract's month now. Seven queries at most."""
    lines = tuple(lines_now(contract, month, now=now))
    sums = summed([contract.connection_id], month, next_month(month), now=now)
    return Draft(
        contract=contract,
        month=month,
        lines=lines,
        totals=totals(lines, month),
        issuer=issuer_of(contract, month),
        due_on=payout_on(month, *holidays_of(contract.studio_id)),
        to_come=sum(one.number for one in sums if one.because is Because.TO_COME),
        without_terms=sum(one.number for one in sums if one.because is Because.NO_TERMS),
    )


def lines_now(contract: Contract, month: date, *, now: datetime) -> list[Entry]:
    """The lines that an invoice of the month would have now, flat rates first."""
    months = billable_months(contract, month)
    return [*flat_changes(contract, months), *entries_of(contract, month, months, now=now)]


def issuer_of(contract: Contract, month: date) -> ContractTerms.Issuer:
    """Who writes the month's invoice: as the version that holds at its end says."""
    terms = contract.terms.filter(first_on__lte=last_day(month)).order_by("-first_on", "-id").first()
    return ContractTerms.Issuer(terms.issuer) if terms else ContractTerms.Issuer.MARKETPLACE
