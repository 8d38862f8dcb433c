from datetime import date, timedelta

from django.utils import timezone

from invoicing import actions, answer_mails, mails
from invoicing.actions import answering, mailing, parties, payouts
from invoicing.imports import statements
from invoicing.models import Invoice
from invoicing.selectors.checking import flaws, without_files
from invoicing.selectors.due import due, reopened
from marketplace.models import Contract
from portal.jobs import GiveUp, enqueue, handles, renew
from portal.models import Job


@handles("invoicing.due", every=timedelta(minutes=5))
def issue_due(job: Job) -> None:
    """A job for each contract, of its earliest month that is due; what was obstructed is tried again each hour."""
    asked: set[int] = set()
    for contract, month in due(timezone.now()):
        if contract.pk not in asked:
            _ask_for(contract, month)
        asked.add(contract.pk)


def _ask_for(contract: Contract, month: date) -> None:
    enqueue(
        actions.ISSUE,
        key=f"invoice:{contract.pk}:{month:%Y-%m}:{timezone.now():%Y-%m-%dT%H}",
        payload={"contract": contract.pk, "month": month.isoformat()},
        studio=contract.studio,
    )


@handles(actions.ISSUE)
def issue(job: Job) -> None:
    """A month, and the order for the one after it: a contract's months are issued in their order."""
    now, month = timezone.now(), date.fromisoformat(job.payload["month"])
    contract = Contract.objects.select_related("studio", "connection").get(pk=job.payload["contract"])
    actions.issue_or_note(contract, month, now=now)
    for _contract, later in due(now, contract=contract.pk)[:1]:
        if later > month:
            _ask_for(contract, later)


@handles("invoicing.reopen", every=timedelta(days=1))
def reopen(job: Job) -> None:
    """A month in which nothing was to be billed, and now is, is due again."""
    for attempt in reopened(timezone.now()):
        attempt.delete()


@handles("invoicing.files", every=timedelta(hours=1))
def order_files(job: Job) -> None:
    """Files of invoices that have none after all attempts are ordered again."""
    now = timezone.now()
    for invoice in without_files(now - timedelta(hours=1)):
        key = f"invoice-documents:{invoice.pk}:{now:%Y-%m-%dT%H}"
        enqueue(actions.DOCUMENTS, key=key, payload={"invoice": invoice.pk}, studio=invoice.studio)


@handles("invoicing.check", every=timedelta(days=1))
def check_books(job: Job) -> None:
    """Gaps in the numbers and broken hashes: nobody can mend them by trying again, so the job is shown as given up."""
    if found := flaws():
        raise GiveUp("; ".join(found[:20]))


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


@handles("invoicing.mails", every=timedelta(hours=1))
def ask_for_mails(job: Job) -> None:
    """The month to be closed, invoices that could not be issued, payouts that are late: each is told once."""
    mailing.ask_for_mails(now=timezone.now())
    payouts.remind_late(now=timezone.now())


# A server that takes mail cannot be rolled back.
@handles(mailing.MAIL_ISSUED, transactional=False)
def mail_issued(job: Job) -> None:
    mails.send_issued(job, now=timezone.now())


@handles(mailing.MAIL_CLOSE, transactional=False)
def mail_month_to_close(job: Job) -> None:
    mails.send_month_to_close(job, now=timezone.now())


@handles(mailing.MAIL_NOT_ISSUED, transactional=False)
def mail_not_issued(job: Job) -> None:
    mails.send_not_issued(job, now=timezone.now())


@handles(payouts.MAIL_TOLD, transactional=False)
def mail_payout(job: Job) -> None:
    mails.send_payout(job, now=timezone.now())


@handles(payouts.MAIL_LATE, transactional=False)
def mail_payout_late(job: Job) -> None:
    mails.send_payout_late(job, now=timezone.now())


@handles(parties.MAIL_BANK, transactional=False)
def mail_bank_changed(job: Job) -> None:
    mails.send_bank_changed(job)


@handles(answering.MAIL_ASKED, transactional=False)
def mail_asked(job: Job) -> None:
    answer_mails.send_asked(job)


@handles(answering.MAIL_REPLIED, transactional=False)
def mail_replied(job: Job) -> None:
    answer_mails.send_replied(job)
