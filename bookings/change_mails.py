"""Mails about a class that was moved, has another teacher, was cancelled, or takes place after all (Q27).

They tell the facts as they are when the mail goes out; a mail that has lost its point is not sent.
"""

from datetime import datetime
from typing import Any

from django.utils import translation

from bookings.actions.schedule.telling import known
from bookings.models import Reservation
from bookings.words import day_and_clock
from portal import mail
from portal.models import Job, Location, Teacher


class StillBeingSent(Exception):
    """The mail that this one would take back is on its way: try again later."""


def send_moved(job: Job, *, now: datetime) -> None:
    """Tell what changed, once, however often it did; nothing where it is again as the member knew it."""
    reservation = _booked(job)
    if reservation is None or reservation.session.cancelled_at or reservation.starts_at <= now:
        return
    session = reservation.session
    starts_at, location_id, teacher_id = known(job.payload)
    if (starts_at, location_id, teacher_id) == (session.starts_at, session.location_id, session.teacher_id):
        return
    before = Location.objects.get(pk=location_id)
    teacher = Teacher.objects.filter(pk=teacher_id).first() if teacher_id else None
    with translation.override(session.studio.language):
        context = _context(reservation) | {
            "before": day_and_clock(starts_at, before),
            "before_place": before.name,
            "before_teacher": teacher.name if teacher else "",
            "other_time": starts_at != session.starts_at,
            "other_place": location_id != session.location_id,
            "other_teacher": teacher_id != session.teacher_id,
            "free_until": day_and_clock(reservation.free_until, session.location)
            if reservation.free_until > now
            else "",
        }
    mail.send(
        job, to=reservation.member.email, studio=session.studio, template="bookings/mail/moved.txt", context=context
    )


def send_cancelled(job: Job, *, now: datetime) -> None:
    """Tell that the class is off, unless that was taken back meanwhile. The job remembers that it told."""
    reservation = _booked(job)
    if reservation is None or reservation.session.cancelled_at is None or reservation.starts_at <= now:
        return
    session = reservation.session
    with translation.override(session.studio.language):
        context = _context(reservation) | {"reason": session.cancelled_reason}
    job.payload["sent"] = mail.send(
        job, to=reservation.member.email, studio=session.studio, template="bookings/mail/cancelled.txt", context=context
    )


def send_restored(job: Job, *, now: datetime) -> None:
    """Tell that the class takes place after all, to those whom a mail told otherwise. Raises StillBeingSent."""
    told = Job.objects.filter(key=job.payload["cancelled"]).first()
    if told is not None and told.lease_until is not None and told.done_at is None:
        raise StillBeingSent
    reservation = _booked(job)
    if told is None or not told.payload.get("sent") or reservation is None:
        return
    session = reservation.session
    if session.cancelled_at or reservation.starts_at <= now:
        return
    with translation.override(session.studio.language):
        context = _context(reservation)
    mail.send(
        job, to=reservation.member.email, studio=session.studio, template="bookings/mail/restored.txt", context=context
    )


def _booked(job: Job) -> Reservation | None:
    return (
        Reservation.objects.active()
        .select_related("member", "session__studio", "session__item", "session__location", "session__teacher")
        .filter(pk=job.payload["reservation"])
        .first()
    )


def _context(reservation: Reservation) -> dict[str, Any]:
    session = reservation.session
    return {
        "member": reservation.member,
        "item": session.item.name,
        "when": day_and_clock(session.starts_at, session.location),
        "place": session.location.name,
        "teacher": session.teacher.name if session.teacher else "",
    }
