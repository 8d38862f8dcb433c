"""Which closed months have no invoice? Asked by beat: what was due while nobody was at work is found all the same."""

from collections import defaultdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import F, Min, OuterRef, Subquery

from invoicing.models import Invoice, IssueAttempt
from invoicing.rules import month_before, month_of, newest_due, next_month
from invoicing.selectors.delta import ADJUSTED, entries_of
from invoicing.selectors.parties import home_of
from marketplace.models import Contract
from portal.models import Location


def first_month(contract: Contract, month: date) -> date:
    """The month in which the contract began and the marketplace was connected; `month` itself if that is earlier."""
    place = home_of(contract.studio_id)
    activated = contract.connection.activated_at
    terms = contract.terms.aggregate(first=Min("first_on"))["first"]
    zone = place.tz if place else ZoneInfo("UTC")
    return min(month, _first(terms, activated.astimezone(zone).date() if activated else None) or month)


def due(now: datetime, *, contract: int | None = None) -> list[tuple[Contract, date]]:
    """Each contract (or that one) and month whose 5th at 06:00 has come, by the clock of the studio's first location,
    and which has neither an invoice nor the answer that there was nothing to bill; the earliest first. Three queries.
    """
    zone = Subquery(Location.objects.filter(studio=OuterRef("studio")).in_order().values("zone")[:1])
    contracts = (
        Contract.objects.exclude(connection__activated_at=None)
        .annotate(zone=zone, first_on=Min("terms__first_on"), activated=F("connection__activated_at"))
        .exclude(first_on=None)
        .exclude(zone=None)
        .select_related("studio", "connection")
        .order_by("pk")
    )
    if contract is not None:
        contracts = contracts.filter(pk=contract)
    settled: dict[int, set[date]] = defaultdict(set)
    for rows in (Invoice.objects.filter(corrects=None, replaces=None), IssueAttempt.objects.filter(obstacles=[])):
        for key, month in rows.values_list("contract", "month"):
            settled[key].add(month)
    found = [(one, month) for one in contracts for month in _months(one, now) if month not in settled[one.pk]]
    return sorted(found, key=lambda one: (one[1], one[0].pk))


def _months(contract: Contract, now: datetime) -> list[date]:
    zone = ZoneInfo(contract.zone)  # type: ignore[attr-defined]
    newest = newest_due(now, zone)
    month = _first(contract.first_on, contract.activated.astimezone(zone).date())  # type: ignore[attr-defined]
    months: list[date] = []
    while month and month <= newest and (contract.ends_on is None or month <= contract.ends_on):
        months.append(month)
        month = next_month(month)
    return months


def _first(terms: date | None, activated: date | None) -> date | None:
    return max((month_of(day) for day in (terms, activated) if day), default=None)


def reopened(now: datetime) -> list[IssueAttempt]:
    """Months of the last three in which there was nothing to bill, and is now: somebody came to light since."""
    earliest = month_before(month_of(now.date()), ADJUSTED)
    attempts = IssueAttempt.objects.filter(obstacles=[], month__gte=earliest).select_related("contract__connection")
    return [
        one
        for one in attempts
        if one.month < month_of(now.date()) and entries_of(one.contract, one.month, [one.month], now=now)
    ]
