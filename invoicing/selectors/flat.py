"""The flat rates of a contract's months: what they come to now, and what of that is billed (Q18)."""

from collections import Counter
from collections.abc import Collection
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from invoicing.models import InvoiceLine, TaxStatus
from invoicing.rules import Because, Kind, flat_shares, last_day
from invoicing.rules.totals import Entry
from marketplace.models import Contract, ContractTerms


def flat_entries(contract: Contract, month: date) -> list[Entry]:
    """A line for each run of days of the month under one version with a flat rate and one tax status. Two queries."""
    return _of_month(contract, month, *_agreed(contract))


def _agreed(contract: Contract) -> tuple[list[ContractTerms], list[TaxStatus]]:
    """Everything of all times that a flat rate follows from, the oldest first."""
    versions = list(contract.terms.order_by("first_on", "id"))
    return versions, list(TaxStatus.objects.filter(studio=contract.studio_id).order_by("first_on"))


def _of_month(contract: Contract, month: date, versions: list[ContractTerms], small: list[TaxStatus]) -> list[Entry]:
    days = [month + timedelta(days=n) for n in range(last_day(month).day)]
    runs = [
        (key, len(list(run)))
        for key, run in groupby(days, lambda day: (_version_on(contract, versions, day), _is_small(small, day)))
    ]
    pieces = [(terms, is_small, days) for (terms, is_small), days in runs if terms and terms.flat_rate is not None]
    shares = flat_shares([(terms.flat_rate or Decimal(0), days) for terms, _, days in pieces], of=len(days))
    return [
        Entry(
            kind=Kind.FLAT,
            because=Because.FLAT_RATE,
            month=month,
            terms=terms.pk,
            quantity=1,
            price=share,
            tax_category=ContractTerms.TaxCategory.EXEMPT if is_small else terms.tax_category,
            tax_rate=Decimal(0) if is_small else terms.tax_rate,
        )
        for (terms, is_small, _), share in zip(pieces, shares, strict=True)
    ]


def flat_changes(contract: Contract, months: Collection[date]) -> list[Entry]:
    """What the flat rates of these months come to now, less what stands billed for them: the lines to add. Three
    queries, however many months."""
    agreed = _agreed(contract)
    wanted: Counter[Entry] = Counter(entry for month in months for entry in _of_month(contract, month, *agreed))
    lines = InvoiceLine.objects.filter(kind=Kind.FLAT, month__in=months, invoice__contract=contract)
    for line in lines.select_related("invoice"):
        wanted[_as_one(line)] -= -line.quantity if line.invoice.is_credit else line.quantity
    changed = [
        Entry(**{**vars(entry), "quantity": number}) for entry, number in wanted.items() if number and entry.price
    ]
    return sorted(changed, key=lambda one: (-one.month.toordinal(), -one.quantity, one.terms, one.price))


def _as_one(line: InvoiceLine) -> Entry:
    return Entry(
        kind=Kind.FLAT,
        because=Because.FLAT_RATE,
        month=line.month,
        terms=line.terms_id,
        quantity=1,
        price=line.price,
        tax_category=line.tax_category,
        tax_rate=line.tax_rate,
    )


def _version_on(contract: Contract, versions: list[ContractTerms], day: date) -> ContractTerms | None:
    if contract.ends_on is not None and day > contract.ends_on:
        return None
    return next((terms for terms in reversed(versions) if terms.first_on <= day), None)


def _is_small(statuses: list[TaxStatus], day: date) -> bool:
    return next((one.small_business for one in reversed(statuses) if one.first_on <= day), False)
