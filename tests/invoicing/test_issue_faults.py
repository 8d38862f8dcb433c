"""The night of the 5th: two workers, ten beats, a process that is killed. One invoice each, and no gap."""

from collections.abc import Iterator
from datetime import date
from functools import partial

import pytest
import time_machine
from django.db import close_old_connections, transaction

from invoicing import actions, tasks
from invoicing.actions import documenting, issuing
from invoicing.models import BilledVisit, Invoice, InvoiceDocument, InvoiceLine, NumberSeries
from invoicing.selectors.due import due
from marketplace.models import Connection, Contract
from portal.jobs import worker
from portal.models import Job
from tests.at_once import at_once
from tests.factories.invoicing import PayerFactory
from tests.factories.marketplace import ConnectionFactory, ContractFactory, MarketplaceFactory
from tests.invoicing.papers import NOVEMBER, TERMS, with_papers
from tests.invoicing.scenes import House, at
from tests.marketplace.test_faults import killed_in

pytestmark = pytest.mark.django_db(transaction=True)
ON_THE_5TH = at("2026-12-05 05:00")


@pytest.fixture
def houses() -> list[House]:
    """Two contracts of one studio, and one of another: each with visits of November."""
    first, other = with_papers(), with_papers()
    again = ConnectionFactory(
        studio=first.connection.studio,
        marketplace=MarketplaceFactory(key="other", name="Other"),
        activated_at=first.connection.activated_at,
    )
    second = House(again, ContractFactory(connection=again), first.place)
    second.terms(issuer="studio", **TERMS)
    PayerFactory(marketplace=again.marketplace)
    Connection.objects.update(activated_at=at("2026-11-01 12:00"))
    for one in (first, second, other):
        for day in range(1, 4):
            one.visit(at(f"2026-11-{day:02} 18:00"))
    return [first, second, other]


@pytest.fixture
def on_the_5th() -> Iterator[None]:
    with time_machine.travel(ON_THE_5TH, tick=False):
        yield


def asked() -> list[tuple[int, date]]:
    return [(contract.pk, month) for contract, month in due(ON_THE_5TH)]


def issue(contract: int, month: date) -> object:
    try:
        found = Contract.objects.select_related("studio", "connection").get(pk=contract)
        return actions.issue_or_note(found, month, now=ON_THE_5TH)
    finally:
        close_old_connections()


def numbers() -> list[tuple[str, int]]:
    return sorted(Invoice.objects.values_list("series__prefix", "series_number"))


def test_workers_that_issue_the_same_months_at_once_issue_each_once(houses: list[House]) -> None:
    results = at_once([partial(issue, *one) for one in asked() * 4])
    assert not [result for result in results if isinstance(result, BaseException)]
    assert {(invoice.contract_id, invoice.month) for invoice in Invoice.objects.all()} == {
        (one.contract.pk, NOVEMBER) for one in houses
    }
    assert Invoice.objects.count() == 3
    assert BilledVisit.objects.count() == 9
    assert [number for _, number in numbers()] == [1, 1, 1]
    assert list(NumberSeries.objects.values_list("last", flat=True)) == [1, 1, 1]
    assert asked() == []


def test_a_worker_that_is_killed_while_it_issues_leaves_nothing_and_the_next_one_does_it(
    houses: list[House], on_the_5th: None
) -> None:
    first = houses[0]
    killed_in((issuing, "enqueue"), doing=partial(issue, first.contract.pk, NOVEMBER))
    assert (Invoice.objects.count(), InvoiceLine.objects.count(), NumberSeries.objects.count()) == (0, 0, 0)
    for _ in range(2):  # ten beats are as good as one
        with transaction.atomic():
            tasks.issue_due(Job())
    assert Job.objects.filter(kind=actions.ISSUE).count() == 3
    killed_in((documenting.documents, "made"), doing=partial(worker.drain, "worker test"))
    assert Invoice.objects.exists()
    assert not InvoiceDocument.objects.exists()
    Job.objects.exclude(lease_until=None).update(lease_until=at("2020-01-01 00:00"))  # by the database's clock
    worker.drain("worker test")
    assert [number for _, number in numbers()] == [1, 1, 1]
    assert set(InvoiceDocument.objects.filter(kind="pdf").values_list("invoice", flat=True)) == set(
        Invoice.objects.values_list("pk", flat=True)
    )
    assert BilledVisit.objects.count() == 9


def test_months_that_waited_are_issued_in_one_go(houses: list[House], on_the_5th: None) -> None:
    Connection.objects.update(activated_at=at("2026-09-01 12:00"))
    houses[0].visit(at("2026-09-10 18:00"))
    with transaction.atomic():
        tasks.issue_due(Job())
    worker.drain("worker test")
    mine = Invoice.objects.filter(contract=houses[0].contract).order_by("pk")
    assert [(invoice.month.month, invoice.series_number) for invoice in mine] == [(9, 1), (11, 2)]
    assert asked() == []
