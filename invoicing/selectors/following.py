"""Where does a change of an issued month come to be billed? One answer for every screen (Q31)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db.models import Q

from invoicing.models import Invoice, IssueAttempt
from invoicing.rules import month_before, month_of, next_month
from invoicing.selectors.delta import ADJUSTED
from marketplace.models import Contract
from portal.models import Studio


class Becomes(StrEnum):
    """A line of a later invoice; or nothing by itself, because that one is too far away or never comes."""

    LINE = "line"
    TOO_LATE = "too_late"
    ENDED = "ended"


@dataclass(frozen=True)
class Following:
    """`month`: the contract's first one after the changed one that is not settled."""

    becomes: Becomes
    month: date


def following(contracts: Collection[Contract], month: date) -> list[Following]:
    """Of each contract, in their order, what a change of the issued `month` becomes. Two queries.

    Settled is a month with an invoice, and one in which there was nothing to bill: neither is issued again.
    """
    settled: dict[int, set[date]] = defaultdict(set)
    later = {"contract__in": contracts, "month__gt": month}
    for rows in (Invoice.objects.filter(corrects=None, **later), IssueAttempt.objects.filter(obstacles=[], **later)):
        for contract, of in rows.values_list("contract", "month"):
            settled[contract].add(of)
    return [_of(one, month, settled[one.pk]) for one in contracts]


def _of(contract: Contract, changed: date, settled: Collection[date]) -> Following:
    month = next_month(changed)
    while month in settled:
        month = next_month(month)
    if contract.ends_on is not None and month > contract.ends_on:
        return Following(Becomes.ENDED, month)
    return Following(Becomes.LINE if month_before(month, ADJUSTED) <= changed else Becomes.TOO_LATE, month)


def after_issue(studio: Studio, day: date, source: str = "") -> Following | None:
    """What a change of a visit on that local day becomes, of that marketplace where one is named; None: its month is
    not issued. Of several contracts that held then, the one whose invoice comes first. Three queries."""
    month = month_of(day)
    contracts = Contract.objects.filter(
        Q(ends_on=None) | Q(ends_on__gte=day),
        pk__in=Invoice.objects.filter(studio=studio, month=month, corrects=None).values("contract"),
    )
    if source:
        contracts = contracts.filter(connection__marketplace=source)
    if not (held := list(contracts)):
        return None
    order = list(Becomes)
    return min(following(held, month), key=lambda one: (order.index(one.becomes), one.month))
