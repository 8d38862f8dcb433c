"""The mails that a change of the schedule causes, as jobs: one a person, written in the transaction of the change."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bookings.models import Reservation, ScheduledSession
from bookings.plans import SessionChange
from portal.jobs import enqueue_many
from portal.models import Job, Studio

MAIL_MOVED, MAIL_CANCELLED, MAIL_RESTORED = (
    "bookings.mail_moved",
    "bookings.mail_cancelled",
    "bookings.mail_restored",
)


def tell_moved(changes: Sequence[SessionChange], *, version: int, studio: Studio) -> None:
    """Write a mail to each who is booked and has an address.

    `was` is what the member knows. Where a mail of an earlier change has not gone out yet, it stands for this one too:
    it tells the final facts, against what was known before both.
    """
    facts = {
        change.session.pk: {
            "starts_at": change.was.starts_at.isoformat(),
            "location": change.was.location.pk,
            "teacher": change.was.teacher_id,
        }
        for change in changes
    }
    people = dict(_people(facts))
    waiting = _not_sent(people, studio)
    enqueue_many(
        MAIL_MOVED,
        {
            f"moved {reservation} {version}": {"reservation": reservation, "was": facts[session]}
            for reservation, session in people.items()
            if reservation not in waiting
        },
        studio=studio,
    )


def tell_cancelled(sessions: Iterable[ScheduledSession], *, version: int, studio: Studio) -> None:
    """Write a mail to each who is booked and has an address."""
    enqueue_many(
        MAIL_CANCELLED,
        {
            f"cancelled {reservation} {version}": {"reservation": reservation, "version": version}
            for reservation, _ in _people([session.pk for session in sessions])
        },
        studio=studio,
    )


def tell_restored(session: ScheduledSession, *, cancelled_in: int, version: int, studio: Studio) -> None:
    """Write a mail to each who may have had the one that the class is cancelled, under that version."""
    enqueue_many(
        MAIL_RESTORED,
        {
            f"restored {reservation} {version}": {
                "reservation": reservation,
                "version": version,
                "cancelled": f"cancelled {reservation} {cancelled_in}",
            }
            for reservation, _ in _people([session.pk])
        },
        studio=studio,
    )


def _people(session_ids: Iterable[int]) -> list[tuple[int, int]]:
    """The reservations to be told of, each with its session."""
    booked = Reservation.objects.active().filter(session__in=list(session_ids)).exclude(member__email="")
    return list(booked.order_by("id").values_list("id", "session_id"))


def _not_sent(reservations: Iterable[int], studio: Studio) -> set[int]:
    """Those of these reservations whose mail about an earlier change is still to go; held until we commit."""
    jobs = Job.objects.open().filter(kind=MAIL_MOVED, studio=studio, lease_until=None)
    found: dict[str, Any] = dict(
        jobs.filter(payload__reservation__in=list(reservations))
        .select_for_update(skip_locked=True)
        .values_list("key", "payload")
    )
    return {payload["reservation"] for payload in found.values()}


def known(payload: dict[str, Any]) -> tuple[datetime, int, int | None]:
    """Start, location and teacher as the member knew them, from a job's payload."""
    was = payload["was"]
    return datetime.fromisoformat(was["starts_at"]), was["location"], was["teacher"]
