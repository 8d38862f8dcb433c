"""Where the two sides say different things: opened by a machine, settled by a person (Q11)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction

from bookings import actions as bookings
from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking, CancelAs
from marketplace.models import Conflict, Connection, Guest, Visit
from marketplace.notices import CONFLICT
from portal.jobs import enqueue_many
from portal.models import Location, StaffLogin
from portal.notices.telling import readers

# What stands in `Reservation.flagged`; `bookings.states` has its words.
FLAG = "conflict"
MAIL_CONFLICT = "marketplace.mail_conflict"


def open_conflict(visit: Visit, kind: Conflict.Kind, *, about: datetime, now: datetime) -> tuple[Conflict, bool]:
    """Ask a person about this visit, and whether that is new. One of a kind for a visit: what was settled stays so."""
    with transaction.atomic():
        conflict, is_new = Conflict.objects.get_or_create(
            visit=visit,
            kind=kind,
            defaults={
                "studio_id": visit.studio_id,
                "connection_id": visit.connection_id,
                "guest_id": visit.guest_id,
                "location_id": visit.reservation.location_id if visit.reservation else None,
                "about": about,
                "opened_at": now,
            },
        )
        if is_new and visit.reservation_id:
            Reservation.objects.filter(pk=visit.reservation_id, flagged="").update(flagged=FLAG)
        if is_new:
            _tell(conflict)
        return conflict, is_new


def open_for_guest(
    connection: Connection,
    guest: Guest,
    *,
    location: Location | None,
    session: ScheduledSession | None,
    about: datetime,
    now: datetime,
) -> Conflict:
    """A check-in that fits no booking, or more than one: who was where is for a person to say (7.3, row 10)."""
    with transaction.atomic():
        conflict, is_new = Conflict.objects.get_or_create(
            visit=None,
            guest=guest,
            kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING,
            about=about,
            defaults={
                "studio_id": connection.studio_id,
                "connection": connection,
                "location": location,
                "session": session,
                "opened_at": now,
            },
        )
        if is_new:
            _tell(conflict)
    return conflict


def _tell(conflict: Conflict) -> None:
    """One job of mail for each person who wants to hear of it; whether it is any of theirs, the mail asks itself."""
    jobs = {
        f"{MAIL_CONFLICT} {conflict.pk} {login.pk}": {"conflict": conflict.pk, "login": login.pk}
        for login in readers(conflict.studio, CONFLICT)
    }
    enqueue_many(MAIL_CONFLICT, jobs, studio=conflict.studio)


def take_back_others(visit: Visit, kind: Conflict.Kind | None, *, among: Collection[Conflict.Kind] = ()) -> None:
    """Forget what was asked about this visit when less was known, but `kind`; what a person has settled stays.

    `among`: only these kinds.
    """
    asked = Conflict.objects.open().filter(visit=visit)
    outdated = asked.exclude(kind=kind or "")
    if among:
        outdated = outdated.filter(kind__in=among)
    if outdated.delete()[0] and kind is None and not asked.exists():
        Reservation.objects.filter(visit=visit, flagged=FLAG).update(flagged="")


def settle_conflict(conflict: Conflict, verdict: Conflict.Verdict, *, by: StaffLogin, now: datetime) -> bool:
    """A person has said how it was; the reservation follows. False: it is no question any more.

    `was_here`: a place that was given up is taken again, and the guest ticked. `was_not_here`: the tick goes; where
    the marketplace has cancelled, the place is given up by the deadline at that moment. `disputed`: nothing changes
    here. Raises Refused (no place left, or the correction limit): then the conflict stays open.
    """
    with transaction.atomic():
        # The visit first, as messages do; one of them may have made the question void.
        visit = Visit.objects.select_for_update(of=("self",)).filter(conflicts=conflict).first()
        found = Conflict.objects.select_for_update().filter(pk=conflict.pk, settled_at=None).first()
        if found is None:
            return False
        if visit is not None and verdict != Conflict.Verdict.DISPUTED:
            _carry_out(found, visit, verdict, by=by, now=now)
        found.settled_at, found.settled_by, found.verdict = now, by, verdict
        found.save(update_fields=["settled_at", "settled_by", "verdict"])
        _unflag(found)
        return True


def _carry_out(conflict: Conflict, visit: Visit, verdict: Conflict.Verdict, *, by: StaffLogin, now: datetime) -> None:
    reservation = Reservation.objects.select_related("session").filter(visit=visit).first()
    if reservation is None:
        return
    given: dict[str, Any] = {"by": by, "now": now}
    ids = [uuid5(NAMESPACE_OID, f"conflict {conflict.pk} {step}") for step in ("place", "tick", "untick", "cancel")]
    if verdict == Conflict.Verdict.WAS_HERE:
        if reservation.booking != Booking.BOOKED:
            reservation = bookings.reinstate(reservation, action_id=ids[0], **given).reservation
        if reservation.attendance != Attendance.CHECKED_IN:
            bookings.check_in(reservation, action_id=ids[1], **given)
        return
    if reservation.attendance == Attendance.CHECKED_IN:
        reservation = bookings.revert_check_in(reservation, action_id=ids[2], **given).reservation
    if visit.cancelled_at is not None and reservation.booking == Booking.BOOKED:
        in_time = visit.cancelled_at <= reservation.free_until
        outcome = CancelAs.IN_TIME if in_time else CancelAs.LATE
        bookings.cancel(reservation, outcome=outcome, action_id=ids[3], happened_at=visit.cancelled_at, **given)


def _unflag(conflict: Conflict) -> None:
    others = Conflict.objects.open().filter(visit=conflict.visit_id).exclude(pk=conflict.pk)
    if conflict.visit_id and not others.exists():
        Reservation.objects.filter(visit=conflict.visit_id, flagged=FLAG).update(flagged="")
