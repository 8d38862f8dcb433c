"""News at once, gathered: what reaches a person of one kind within a minute is one mail (docs/notices.md).

A piece of news waits as a row, under the key of the job that will tell it and without a word of what it says
(`portal.notices.saying`). Whoever adds one holds the login's row, and so does the job when it looks what there is: what
comes after that begins a mail of its own. Nothing is lost between.
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models.functions import Now

from portal.jobs import enqueue
from portal.models import Job, Notice, StaffLogin

TOGETHER = "portal.mail_together"
# From the first piece of news to the mail that tells it and what came after; none: each is a mail of its own.
WINDOW = timedelta(seconds=60)


def keep(job: Job, login: StaffLogin, kind: str, *, together: str = "") -> None:
    """Write down that the job has something to tell; one that runs twice leaves one row. `together`: the job that tells
    it with others; "": the morning mail does."""
    kept = {"kind": kind, "occurred_at": job.created_at, "together": together}
    Notice.objects.get_or_create(login=login, key=job.key, defaults=kept)


@transaction.atomic
def gather(job: Job, login: StaffLogin, kind: str) -> None:
    """Have it told with what else comes of its kind within the minute."""
    hold(login)
    if not Notice.objects.filter(login=login, key=job.key).exists():
        keep(job, login, kind, together=_open(login, kind) or _begin(login, kind))


def hold(login: StaffLogin) -> None:
    """Until the end of the transaction: nobody else adds to this login's news, or takes them to tell."""
    StaffLogin.objects.select_for_update(no_key=True).get(pk=login.pk)


def _open(login: StaffLogin, kind: str) -> str:
    """The key of the mail that still waits for more; "": none. One that was tried already does not: a second try is
    about the same news."""
    waiting = Notice.objects.filter(login=login, kind=kind, sent_at=None).exclude(together="").values("together")
    jobs = Job.objects.filter(key__in=waiting, attempts=0, done_at=None, dead_at=None, run_after__gt=Now())
    return jobs.order_by("-pk").values_list("key", flat=True).first() or ""


def _begin(login: StaffLogin, kind: str) -> str:
    later: Any = Now() + WINDOW
    payload = {"login": login.pk, "kind": kind}
    key = f"{TOGETHER} {login.pk} {kind} {uuid4()}"
    return enqueue(TOGETHER, key=key, studio=login.studio, payload=payload, run_after=later).key
