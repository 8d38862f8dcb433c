from datetime import timedelta

from django.utils import timezone

from portal.jobs import handles
from portal.models import Job
from reviews import mails
from reviews.actions import asking
from reviews.actions.asking import MAIL_INVITATION

MAIL_WRITTEN = "reviews.mail_written"
MAIL_CHANGED = "reviews.mail_changed"
MAIL_DECIDED = "reviews.mail_decided"
MAIL_DECIDED_AUTHOR = "reviews.mail_decided_author"


@handles("reviews.invite", every=timedelta(minutes=15))
def invite(job: Job) -> None:
    asking.invite(now=timezone.now())


# A server that takes mail cannot be rolled back.
@handles(MAIL_INVITATION, transactional=False)
def mail_invitation(job: Job) -> None:
    mails.send_invitation(job, now=timezone.now())


@handles(MAIL_WRITTEN, transactional=False)
def mail_written(job: Job) -> None:
    mails.send_written(job, now=timezone.now())


@handles(MAIL_CHANGED, transactional=False)
def mail_changed(job: Job) -> None:
    mails.send_changed(job, now=timezone.now())


@handles(MAIL_DECIDED, transactional=False)
def mail_decided(job: Job) -> None:
    mails.send_decided(job, now=timezone.now())


@handles(MAIL_DECIDED_AUTHOR, transactional=False)
def mail_decided_author(job: Job) -> None:
    mails.send_decided_to_author(job)
