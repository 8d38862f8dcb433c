from datetime import timedelta

from django.utils import timezone

from bookings import actions, change_mails, mails, notices
from bookings.actions.offers import MAIL_PLACE_FREE
from bookings.actions.schedule.telling import MAIL_CANCELLED, MAIL_MOVED, MAIL_RESTORED
from bookings.demo import evening
from portal.jobs import handles
from portal.models import Job


# Not in one transaction: each studio's sweep is one, or a slow one would hold up the check-ins of all.
@handles("bookings.sweep_no_shows", every=timedelta(minutes=5), transactional=False)
def sweep_no_shows(job: Job) -> None:
    actions.sweep_no_shows(now=timezone.now())


# Each session's list is settled in a transaction of its own. What is booked does not wait for it.
@handles("bookings.sweep_waiting", every=timedelta(minutes=1), transactional=False)
def sweep_waiting(job: Job) -> None:
    actions.sweep_waiting(now=timezone.now())


# A server that takes mail cannot be rolled back.
@handles(MAIL_PLACE_FREE, transactional=False)
def mail_place_free(job: Job) -> None:
    mails.send_place_free(job, now=timezone.now())


@handles(MAIL_MOVED, transactional=False)
def mail_moved(job: Job) -> None:
    change_mails.send_moved(job, now=timezone.now())


@handles(MAIL_CANCELLED, transactional=False)
def mail_cancelled(job: Job) -> None:
    change_mails.send_cancelled(job, now=timezone.now())


@handles(MAIL_RESTORED, transactional=False)
def mail_restored(job: Job) -> None:
    change_mails.send_restored(job, now=timezone.now())


@handles(evening.JOB)
def let_the_evening_go_on(job: Job) -> None:
    evening.go_on(job, now=timezone.now())


@handles("bookings.evening", every=timedelta(minutes=5))
def ask_for_evenings(job: Job) -> None:
    """Teachers hear of tomorrow's classes the evening before, by their studio's clock."""
    notices.ask_for_evenings(now=timezone.now())


@handles(notices.MAIL_EVENING, transactional=False)
def mail_evening(job: Job) -> None:
    notices.send_evening(job, now=timezone.now())
