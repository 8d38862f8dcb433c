"""A fast-moving evening in a practice studio: bookings arrive, somebody cancels late, somebody waits (N12)."""

from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from django.db import transaction

from bookings import actions
from bookings.models import Reservation, ScheduledSession
from bookings.rules.cancelling import CancelAs
from portal.jobs import enqueue
from portal.models import Job, Studio

JOB = "bookings.practice_evening"
LASTS, PAUSE = timedelta(minutes=3), timedelta(seconds=10)
SOURCES = ("direct", "direct", "wellpass", "onefit")


@transaction.atomic
def begin(practice: Studio, *, now: datetime) -> None:
    """From now on something happens every ten seconds, for three minutes. While an evening goes on, nothing more."""
    Studio.objects.select_for_update(no_key=True).get(pk=practice.pk)
    if Job.objects.open().filter(kind=JOB, studio=practice).exists():
        return
    _next(practice, now, until=now + LASTS)


def go_on(job: Job, *, now: datetime) -> None:
    """Let one thing happen, and plan the next."""
    practice, until = job.studio, datetime.fromisoformat(job.payload["until"])
    if practice is None or not practice.is_practice or now >= until:
        return
    happen(practice, now=now, dice=Random())  # noqa: S311 - invents an evening, keeps no secrets
    _next(practice, now, until=until)


def happen(practice: Studio, *, now: datetime, dice: Random) -> None:
    """One booking, cancellation or wait in the class that runs or the next; what the rules refuse does not happen."""
    sessions = ScheduledSession.objects.filter(studio=practice, ends_at__gt=now, cancelled_at=None)
    session = dice.choice(list(sessions.order_by("starts_at")[:3]) or [None])
    if session is None:
        return
    try:
        if dice.random() < 0.25:
            _cancel_late(session, now=now, dice=dice)
        else:
            _book(session, now=now, dice=dice)
    except actions.Refused:
        return


def _book(session: ScheduledSession, *, now: datetime, dice: Random) -> None:
    there = session.reservations.active().values("member")
    free = list(session.studio.members.people().exclude(pk__in=there).order_by("pk")[:100])
    if not free:
        return
    member, source = dice.choice(free), dice.choice(SOURCES)
    if session.capacity is not None and session.places_taken + session.places_held >= session.capacity:
        actions.join_waiting(session, member, source="direct", action_id=uuid4(), by=None, now=now)
    else:
        actions.reserve(session, member, source=source, action_id=uuid4(), by=None, now=now)


def _cancel_late(session: ScheduledSession, *, now: datetime, dice: Random) -> None:
    waiting = list(Reservation.objects.active().filter(session=session, checked_in_at=None).order_by("pk"))
    if waiting:
        actions.cancel(dice.choice(waiting), outcome=CancelAs.LATE, action_id=uuid4(), by=None, now=now)


def _next(practice: Studio, now: datetime, *, until: datetime) -> None:
    at = now + PAUSE
    enqueue(JOB, key=f"{JOB} {uuid4()}", payload={"until": until.isoformat()}, studio=practice, run_after=at)
