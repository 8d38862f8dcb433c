"""Who came and who did not."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction

from bookings import rules
from bookings.actions.recording import NO_QUESTIONS, Done, Kind, Refused, axes, done_before, locked_reservation, record
from bookings.models import Reservation
from bookings.rules import Attendance, Booking
from portal.joined import Joined
from portal.models import StaffLogin

_IN = Joined(Reservation, "location")
# `Reservation.objects.attended().overlapping(...)`, in SQL.
_ELSEWHERE = """
    reservation.member_id = %(member)s AND reservation.id <> %(this)s AND reservation.attendance = 'checked_in'
    AND reservation.starts_at > %(starts_at)s - interval '1 day' AND reservation.starts_at < %(ends_at)s
    AND reservation.ends_at > %(starts_at)s
    ORDER BY reservation.starts_at DESC
"""


def check_in(reservation: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """Record that the member is here. Someone who is in already stays in with the first time (Q17). Raises Refused.

    `by` None: the marketplace that booked says so.
    """
    with transaction.atomic():
        reservation = locked_reservation(reservation)
        if done := done_before(reservation.studio_id, action_id, Kind.CHECKED_IN, reservation=reservation):
            return done
        if reservation.attendance == Attendance.CHECKED_IN:
            last = reservation.events.filter(kind__in=(Kind.CHECKED_IN, Kind.IMPORTED)).latest("id")
            return Done(last, NO_QUESTIONS, repeated=True)
        facts = replace(_attendance_facts(reservation, now=now), elsewhere=_in_elsewhere(reservation))
        decision = rules.may_check_in(facts, now=now)
        if not decision.allowed:
            raise Refused(decision)
        before = axes(reservation)
        reservation.attendance = Attendance.CHECKED_IN
        reservation.checked_in_at, reservation.checked_in_by = now, by
        reservation.save(update_fields=["attendance", "checked_in_at", "checked_in_by"])
        event = record(reservation, Kind.CHECKED_IN, action_id=action_id, by=by, now=now, before=before)
        return Done(event, decision)


def mark_no_show(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Record that the member did not come, before the clock says so. Raises Refused."""
    with transaction.atomic():
        reservation = locked_reservation(reservation)
        if done := done_before(reservation.studio_id, action_id, Kind.NO_SHOW, reservation=reservation):
            return done
        decision = rules.may_mark_no_show(
            _attendance_facts(reservation, now=now), attendance=Attendance(reservation.attendance), now=now
        )
        if not decision.allowed:
            raise Refused(decision)
        before = axes(reservation)
        reservation.attendance = Attendance.NO_SHOW
        reservation.save(update_fields=["attendance"])
        event = record(reservation, Kind.NO_SHOW, action_id=action_id, by=by, now=now, before=before)
        return Done(event, decision)


def _attendance_facts(reservation: Reservation, *, now: datetime) -> rules.AttendanceFacts:
    location = reservation.location
    return rules.AttendanceFacts(
        booking=Booking(reservation.booking),
        session_cancelled_at=reservation.session.cancelled_at,
        starts_at=reservation.starts_at,
        starts_on=location.local_day(reservation.starts_at),
        today=location.local_day(now),
        correction_until=reservation.correction_until,
    )


def _in_elsewhere(reservation: Reservation) -> str | None:
    """The other class at that time in which the member is already, as its place and the time of the tick there."""
    other = _IN.first(
        _ELSEWHERE,
        {
            "member": reservation.member_id,
            "this": reservation.pk,
            "starts_at": reservation.starts_at,
            "ends_at": reservation.ends_at,
        },
    )
    if other is None or other.checked_in_at is None:
        return None
    return f"{other.location} {other.checked_in_at.astimezone(other.location.tz):%H:%M}"
