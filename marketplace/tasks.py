import time
from datetime import timedelta

from django.utils import timezone

from marketplace import actions, conflict_mails, late_mails
from marketplace.actions.conflicts import MAIL_CONFLICT
from marketplace.models import SyncRun
from portal.jobs import MORE, Outcome, handles
from portal.models import Job

BUDGET = 20.0  # seconds; with the longest call it stays below the job's lease


# Each call is written down for itself, and another system cannot be rolled back.
@handles(actions.DELIVER, transactional=False)
def deliver(job: Job) -> Outcome | None:
    """Send what is due at one connection, and come back for the rest."""
    until = time.monotonic() + BUDGET
    while actions.deliver_next(job.payload["connection"], now=timezone.now()):
        if time.monotonic() > until:
            return MORE
    return None


@handles("marketplace.sweep", every=timedelta(minutes=1))
def sweep(job: Job) -> None:
    actions.ring_overdue()


@handles(actions.APPLY)
def apply(job: Job) -> None:
    """What a marketplace has sent: the message and what it causes are one transaction."""
    is_last = job.attempts >= job.max_attempts
    actions.apply_stored(job.payload["message"], is_last=is_last, now=timezone.now())


@handles("marketplace.sweep_inbox", every=timedelta(minutes=5))
def sweep_inbox(job: Job) -> None:
    actions.apply_overdue(now=timezone.now())


@handles("marketplace.sync_all", every=timedelta(minutes=30))
def sync_all(job: Job) -> None:
    """One job for each connection: a studio with ten thousand sessions delays no other."""
    actions.ask_for_syncs(job.key)


@handles(actions.SYNC)
def sync(job: Job) -> None:
    cause = SyncRun.Cause(job.payload.get("cause", SyncRun.Cause.CLOCK))
    actions.sync_if_told(job.payload["connection"], cause=cause, now=timezone.now())


@handles("marketplace.finish_endings", every=timedelta(hours=1))
def finish_endings(job: Job) -> None:
    actions.finish_endings(now=timezone.now())


@handles("marketplace.clean_up", every=timedelta(days=1))
def clean_up(job: Job) -> Outcome | None:
    return MORE if actions.clean_up(now=timezone.now()) else None


# Each connection that turns is a transaction of its own.
@handles("marketplace.watch", every=timedelta(minutes=1), transactional=False)
def watch(job: Job) -> None:
    """Late, or on time again."""
    actions.watch(now=timezone.now())


# A server that takes mail cannot be rolled back.
@handles(actions.MAIL_LATE, transactional=False)
def mail_late(job: Job) -> None:
    late_mails.send_late(job, now=timezone.now())


@handles(MAIL_CONFLICT, transactional=False)
def mail_conflict(job: Job) -> None:
    conflict_mails.send_conflict(job, now=timezone.now())
