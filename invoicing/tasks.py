from datetime import date, timedelta

from django.utils import timezone

from invoicing import actions
from invoicing.imports import statements
from invoicing.models import Invoice
from invoicing.selectors.due import due
from marketplace.models import Contract
from portal.jobs import enqueue, handles, renew
from portal.models import Job


@handles("invoicing.due", every=timedelta(minutes=5))
def issue_due(job: Job) -> None:
    """One job for each contract and month that is due; what was obstructed is tried again each hour (Q30)."""
    now = timezone.now()
    for contract, month in due(now):
        enqueue(
            actions.ISSUE,
            key=f"invoice:{contract.pk}:{month:%Y-%m}:{now:%Y-%m-%dT%H}",
            payload={"contract": contract.pk, "month": month.isoformat()},
            studio=contract.studio,
        )


@handles(actions.ISSUE)
def issue(job: Job) -> None:
    contract = Contract.objects.select_related("studio", "connection").get(pk=job.payload["contract"])
    actions.issue_or_note(contract, date.fromisoformat(job.payload["month"]), now=timezone.now())


@handles(actions.DOCUMENTS)
def make_documents(job: Job) -> None:
    actions.make_documents(Invoice.objects.get(pk=job.payload["invoice"]))


# Not in one transaction: how far it is can be seen while it is read. What it finds is written in one.
@handles(statements.JOB, transactional=False)
def work_on_statement(job: Job) -> None:
    def still_ours(lines: int) -> None:
        job.progress_done = lines
        renew(job)

    statements.work_on(job.payload["statement"], now=timezone.now(), still_ours=still_ours)
