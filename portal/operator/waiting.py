"""What waits for the operator on the ground floor: tickets, invitations, jobs, and what has fallen silent."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.jobs.standstill import SILENCE
from portal.mail_health import REFUSED, SENT
from portal.models import Heartbeat, Invitation, Job, Ticket
from portal.operator import needs
from portal.operator.needs import Need

BEAT_SILENCE = timedelta(minutes=3)  # as `/healthz` has it
# A mail that failed is tried again for two days; the error says who refused it, or which of our modules sent it.
MAIL_FAILED = (
    Q(last_error__startswith="The mail ")
    | Q(last_error__contains="portal/mail.py")
    | Q(last_error__contains="config/messages.py")
)


def tickets(now: datetime) -> Iterable[Need]:
    found = (
        Ticket.objects.waiting().filter(studio__practice_of=None).aggregate(count=Count("pk"), oldest=Min("opened_at"))
    )
    url = f"{reverse('admin:portal_ticket_changelist')}?state=waiting"
    yield Need(word="tickets", label=_("Tickets to answer"), url=url, urgent=True, **found)


def invitations(now: datetime) -> Iterable[Need]:
    """Owners whom the operator invited and who have not come for three days: the mail may lie among the unwanted."""
    late = Invitation.objects.open().filter(
        invited_by=None, studio__practice_of=None, link_made_at__lte=now - Invitation.LATE
    )
    found = late.aggregate(count=Count("pk"), oldest=Min("invited_at"))
    url = f"{reverse('admin:portal_invitation_changelist')}?state=late"
    yield Need(word="invitations", label=_("New studios whose owner has not come"), url=url, **found)


def jobs(now: datetime) -> Iterable[Need]:
    """Given up, waiting for somebody; and mails that fail, given up or not. One query."""
    found = Job.objects.filter(done_at=None).aggregate(
        dead=Count("pk", filter=Q(dead_at__isnull=False)),
        dead_since=Min("dead_at"),
        mails=Count("pk", filter=MAIL_FAILED),
        mails_since=Min("created_at", filter=MAIL_FAILED),
    )
    url = reverse("admin:portal_job_changelist")
    yield Need(
        word="dead_jobs",
        label=_("Jobs that were given up"),
        note=_("What they were for has not happened. Look at the error, mend it, have them tried again."),
        count=found["dead"],
        oldest=found["dead_since"],
        url=f"{url}?state=dead",
        urgent=True,
    )
    yield Need(
        word="failing_mails",
        label=_("Mails that fail"),
        count=found["mails"],
        oldest=found["mails_since"],
        url=f"{url}?state=mails",
    )


def silent(now: datetime) -> Iterable[Need]:
    """Worker, beat, and a mail server that refused the last mail. One query; never seen counts as silent."""
    seen = Heartbeat.objects.aggregate(
        worker=Max("seen_at", filter=Q(name__startswith="worker ")),
        beat=Max("seen_at", filter=Q(name="beat")),
        sent=Max("seen_at", filter=Q(name=SENT)),
        refused=Max("seen_at", filter=Q(name=REFUSED)),
    )
    url = reverse("admin:portal_heartbeat_changelist")
    parts = [
        (
            "worker",
            _("No worker answers"),
            _("Mails, syncs and invoices wait; nothing is lost."),
            _("A worker answers"),
            SILENCE,
        ),
        (
            "beat",
            _("The clock is silent"),
            _("Workers look every half minute instead."),
            _("The clock ticks"),
            BEAT_SILENCE,
        ),
    ]
    worker_is_silent = False
    for word, label, note, calm, most in parts:
        # The clock is heard by a worker: while none is at work, nobody knows whether it ticks.
        is_silent = (seen[word] is None or now - seen[word] >= most) and not worker_is_silent
        worker_is_silent = is_silent and word == "worker"
        yield Need(
            word=word, label=label, note=note, calm=calm, count=int(is_silent), oldest=seen[word], url=url, urgent=True
        )
    is_refused = seen["refused"] is not None and (seen["sent"] is None or seen["refused"] > seen["sent"])
    yield Need(
        word="mail_server",
        label=_("The mail server refuses mails"),
        calm=_("Mails are taken"),
        count=int(is_refused),
        oldest=seen["refused"],
        url=url,
        urgent=True,
    )


def register() -> None:
    needs.register(tickets, place=30)
    needs.register(jobs, place=80)
    needs.register(silent, place=5)
    needs.register(invitations, place=75)
