"""One reservation: whether this login may see it, and the line that shows it. Asked by every tick, so written out."""

from datetime import datetime

from django.db import connection

from bookings.models import Reservation
from bookings.models.reservation import FIRST_HERE, TICKED_THERE, VISITS_ELSEWHERE
from bookings.rules import Attendance, Booking
from bookings.selectors.paid import STUDIO_SELLS, Paid
from bookings.selectors.reception import Person, locations_visited, only_other
from bookings.sources import source_name
from portal.joined import Joined
from portal.models import StaffLogin

_RESERVATION = Joined(Reservation)
_VISIBLE = """
    reservation.id = %(reservation)s AND reservation.studio_id = %(studio)s AND (
        reservation.location_id IN (SELECT location_id FROM portal_stafflogin_locations WHERE stafflogin_id = %(login)s)
        OR NOT EXISTS (SELECT FROM portal_stafflogin_locations WHERE stafflogin_id = %(login)s)
    )
"""
_OF_OWN_CLASS = """
    AND EXISTS (
        SELECT FROM bookings_scheduledsession session JOIN portal_teacher teacher ON teacher.id = session.teacher_id
         WHERE session.id = reservation.session_id AND teacher.login_id = %(login)s
    )
"""
_NOTES = """ARRAY(
    SELECT text FROM portal_membernote note
     WHERE note.member_id = bookings_reservation.member_id AND note.for_next_visit AND note.done_at IS NULL
     ORDER BY note.written_at DESC, note.id DESC)"""
# Of the purchase: used and planned together, which no clock changes; the twin of `with_count` for one row (Q2, K6).
_SPOKEN_FOR = """(
    SELECT count(*) FROM bookings_reservation visit
      JOIN bookings_scheduledsession session ON session.id = visit.session_id
     WHERE visit.purchase_id = purchase.id AND CASE visit.booking
       WHEN 'booked' THEN visit.attendance = 'checked_in' OR session.cancelled_at IS NULL
       WHEN 'late_cancelled' THEN version.late_cancel_uses AND session.cancelled_at IS NULL END)"""
_STAR_NOTES_AND_PACKAGE = f"""
    SELECT {FIRST_HERE}, ({VISITS_ELSEWHERE}), {_NOTES}, {STUDIO_SELLS}, {TICKED_THERE},
           package.name, purchase.uses, purchase.uses - {_SPOKEN_FOR}
      FROM bookings_reservation
      LEFT JOIN packages_purchase purchase ON purchase.id = bookings_reservation.purchase_id
      LEFT JOIN packages_package package ON package.id = purchase.package_id
      LEFT JOIN packages_packageversion version ON version.id = purchase.version_id
     WHERE bookings_reservation.id = %s"""  # noqa: S608


def visible(login: StaffLogin, pk: int) -> Reservation | None:
    """The reservation, if this login may see its session: at the locations it is pinned to, or at all (Q13, Q37)."""
    condition = _VISIBLE + _OF_OWN_CLASS if login.only_own_classes else _VISIBLE
    return _RESERVATION.first(condition, {"reservation": pk, "studio": login.studio_id, "login": login.pk})


def person_of(reservation: Reservation, *, now: datetime) -> Person:
    """Who made this reservation, as `reception.people` would say; star and notes are not known from it."""
    with connection.cursor() as cursor:
        cursor.execute(_STAR_NOTES_AND_PACKAGE, [reservation.pk])
        first_here, visits_elsewhere, notes, studio_sells, there, package, limit, left = cursor.fetchone()
    member, by = reservation.member, reservation.checked_in_by
    visited = locations_visited({member.pk})[member.pk] if first_here and visits_elsewhere else set[str]()
    return Person(
        id=reservation.pk,
        session_id=reservation.session_id,
        member_id=member.pk,
        first_name=member.first_name,
        last_name=member.last_name,
        number=member.number,
        email=member.email,
        phone=member.phone,
        has_photo=bool(member.photo),
        source=reservation.source,
        spot=reservation.spot.label if reservation.spot else "",
        state=reservation.state(now),
        booking=Booking(reservation.booking),
        attendance=Attendance(reservation.attendance),
        excused=reservation.excused,
        checked_in_at=reservation.checked_in_at,
        checked_in_by=source_name(reservation.source) if there else by.user.name if by else "",
        cancelled_at=reservation.cancelled_at,
        flagged=reservation.flagged,
        first_here=first_here,
        visits_elsewhere=visits_elsewhere,
        elsewhere=only_other(visited, reservation.location.name),
        notes=tuple(notes),
        paid=Paid(
            assigned=reservation.assigned,
            studio_sells=studio_sells,
            purchase=reservation.purchase_id,
            package=package or "",
            limit=limit,
            left=left,
        ),
    )
