from datetime import timedelta
from typing import Any

from celery import shared_task
from django.db.models.functions import Now
from django.utils import timezone

from portal import mail_health, mailbox
from portal.imports import runs
from portal.jobs import MORE, Outcome, handles, renew, schedule, worker
from portal.leaving import exports
from portal.members import addresses, duplicates
from portal.models import Heartbeat, Job, ScheduledRun
from portal.notices import gathering, morning, rounds, together
from portal.staff import invitations, mails
from portal.support import mails as ticket_mails
from portal.support import tickets

KEEP_DONE, KEEP_SLOTS, KEEP_HEARTBEATS = timedelta(days=14), timedelta(days=30), timedelta(days=1)
AT_ONCE = 5000  # rows deleted in one transaction


@shared_task(name="portal.drain", bind=True)
def drain(task: Any, rung_by: str = "bell") -> None:
    """Look at the rows: write the jobs of periodic work that is due, then do what is due.

    Rung by `bell` (something was committed), `beat` (every five seconds) or `worker` (each asks itself, in case there
    is no beat). Any number of them may run at once.
    """
    worker.wait_for_database()
    if rung_by == "beat":
        worker.beat("beat")
    schedule.plan(timezone.now())
    worker.drain(f"worker {task.request.hostname}")


@handles("portal.clean_up_jobs", every=timedelta(days=1))
def clean_up_jobs(job: Job) -> Outcome | None:
    """Forget done jobs, old slots and the heartbeats of workers that are gone. Dead jobs wait for a person."""
    done = Job.objects.filter(done_at__lt=Now() - KEEP_DONE).values("pk")[:AT_ONCE]
    deleted, _by_model = Job.objects.filter(pk__in=done).delete()
    ScheduledRun.objects.filter(slot__lt=Now() - KEEP_SLOTS).delete()
    Heartbeat.objects.filter(seen_at__lt=Now() - KEEP_HEARTBEATS).exclude(name__startswith=mail_health.PREFIX).delete()
    return MORE if deleted == AT_ONCE else None


@handles("portal.clean_up_mails", every=timedelta(days=1))
def clean_up_mails(job: Job) -> Outcome | None:
    """Forget mails that were kept for a month, and news that was told or that nobody came to read."""
    now = timezone.now()
    rounds.forget_old(now)
    return MORE if mailbox.forget_old(now, at_once=AT_ONCE) == AT_ONCE else None


@handles("portal.mornings", every=timedelta(minutes=5))
def ask_for_mornings(job: Job) -> None:
    """Morning mails, by each studio's own clock."""
    rounds.ask_for_mornings(now=timezone.now())


@handles(rounds.MAIL_MORNING, transactional=False)
def mail_morning(job: Job) -> None:
    morning.send_morning(job, now=timezone.now())


@handles(gathering.TOGETHER, transactional=False)
def mail_together(job: Job) -> None:
    """What a person hears of at once: one mail for what came of a kind within a minute."""
    together.send_together(job, now=timezone.now())


@handles("portal.compare_members", every=duplicates.EVERY, transactional=False)
def compare_members(job: Job) -> Outcome | None:
    """Look for duplicates of members who are new or changed."""
    return MORE if duplicates.compare_next(now=timezone.now()) == duplicates.AT_ONCE else None


# Not in one transaction: a check is watched while it goes on. What is written is one, and ends by asking for the lease.
@handles(runs.JOB, transactional=False)
def work_on_import(job: Job) -> None:
    runs.work_on(job.payload["run"], now=timezone.now(), still_ours=lambda: renew(job))


# A server that takes mail cannot be rolled back.
@handles(invitations.INVITE_JOB, transactional=False)
def mail_invitation(job: Job) -> None:
    mails.send_invitation(job)


@handles(invitations.ASKED_JOB, transactional=False)
def mail_login_asked(job: Job) -> None:
    mails.send_asked(job)


@handles(invitations.DECIDED_JOB, transactional=False)
def mail_login_decided(job: Job) -> None:
    mails.send_decided(job)


@handles(addresses.MAIL_CHANGED, transactional=False)
def mail_address_changed(job: Job) -> None:
    addresses.send_changed(job)


@handles(tickets.MAIL_OPENED, transactional=False)
def mail_ticket_opened(job: Job) -> None:
    ticket_mails.send_opened(job)


@handles(tickets.MAIL_ASKED, transactional=False)
def mail_ticket_asked(job: Job) -> None:
    ticket_mails.send_asked(job)


@handles(tickets.MAIL_ANSWERED, transactional=False)
def mail_ticket_answered(job: Job) -> None:
    ticket_mails.send_answered(job)


# Not in one transaction: it reads one moment of the database for minutes, and keeps its lease beside that.
@handles(exports.JOB, transactional=False)
def write_export(job: Job) -> Outcome | None:
    return exports.prepare(job, now=timezone.now())


@handles(exports.MAIL, transactional=False)
def mail_exported(job: Job) -> None:
    exports.mail(job, now=timezone.now())


@handles("portal.forget_exports", every=timedelta(hours=1))
def forget_exports(job: Job) -> None:
    """Archives with everything are deleted after a week."""
    exports.forget_old(timezone.now())
