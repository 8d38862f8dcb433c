"""The running month as the invoice that it would be now (N8)."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from invoicing.models import TaxStatus
from invoicing.rules import Because, Kind, flat_share, last_day, next_month
from invoicing.rules.payouts import payout_on
from invoicing.rules.totals import Entry, Totals, totals
from invoicing.selectors.delta import billable_months, entries_of
from invoicing.selectors.figures import summed
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
    lines = (*flat_entries(contract, month), *entries_of(contract, month, billable_months(contract, month), now=now))
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


def issuer_of(contract: Contract, month: date) -> ContractTerms.Issuer:
    """Who writes the month's invoice: as the version that holds at its end says."""
    terms = contract.terms.filter(first_on__lte=last_day(month)).order_by("-first_on", "-id").first()
    return ContractTerms.Issuer(terms.issuer) if terms else ContractTerms.Issuer.MARKETPLACE


def flat_entries(contract: Contract, month: date) -> list[Entry]:
    """A line for each version with a flat rate that held in the month, for the days on which it did (Q18)."""
    found = []
    versions = list(contract.terms.order_by("first_on", "id"))
    small = list(TaxStatus.objects.filter(studio=contract.studio_id).order_by("first_on"))
    for at, terms in enumerate(versions):
        later = versions[at + 1].first_on if at + 1 < len(versions) else None
        first, last = _held(terms.first_on, later, contract.ends_on, month)
        if terms.flat_rate is None or first > last:
            continue
        is_small = [status.small_business for status in small if status.first_on <= last][-1:] == [True]
        found.append(
            Entry(
                kind=Kind.FLAT,
                because=Because.FLAT_RATE,
                month=month,
                terms=terms.pk,
                quantity=1,
                price=flat_share(terms.flat_rate, days=(last - first).days + 1, of=last_day(month).day),
                tax_category="E" if is_small else terms.tax_category,
                tax_rate=Decimal(0) if is_small else terms.tax_rate,
            )
        )
    return found


def _held(first_on: date, later: date | None, ends_on: date | None, month: date) -> tuple[date, date]:
    """The first and the last day of the month on which a version held; the first is after the last if none."""
    ends = [last_day(month), *([ends_on] if ends_on else [])]
    if later is not None:
        ends.append(date.fromordinal(later.toordinal() - 1))
    return max(first_on, month), min(ends)
