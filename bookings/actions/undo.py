"""Taking a change back: the inverse event; both stay in the log."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from bookings import rules
from bookings.actions.assigning import choose_again_if_gone
from bookings.actions.offers import settle_waiting, wait_is_over
from bookings.actions.recording import ActionIdReused, Done, Kind, Refused, axes, done_before, locked, record
from bookings.actions.reservations import free_place, free_spot, take_place
from bookings.models import Reservation, ReservationEvent, ScheduledSession, WaitingEntry
from bookings.rules import Booking
from bookings.selectors.waiting import LinedUp
from portal.models import StaffLogin

_INVERSE = {
    Kind.RESERVED: Kind.WITHDRAWN,
    Kind.CANCELLED: Kind.REINSTATED,
    Kind.CHECKED_IN: Kind.CHECK_IN_REVERTED,
    Kind.NO_SHOW: Kind.NO_SHOW_REVERTED,
}

# Never the copies of the session's time and place: a session may be on the move.
_RESTORED = (
    "booking", "excused", "cancelled_at", "attendance", "checked_in_at", "checked_in_by", "spot",
    "purchase", "assigned", "choice",
)  # fmt: skip


def undo(made: ReservationEvent, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """Take back one recorded change by its inverse event; both stay in the log (Q17).

    Raises Refused: not the last change, taken back already, after the correction limit, or no place left.
    """
    kind = Kind(made.kind)
    if kind not in _INVERSE:
        raise Refused(rules.nothing_to_undo())
    with transaction.atomic():
        session, reservation = locked(made.reservation)
        if done := done_before(session.studio_id, action_id, _INVERSE[kind], reservation=reservation):
            if done.event.undoes_id != made.pk:
                raise ActionIdReused(action_id)
            return done
        # Only what needs a place asks the waiting list: a place that was offered since is not there any more.
        line = settle_waiting(session, now=now) if kind == Kind.CANCELLED else LinedUp()
        decision = rules.may_undo(_undo_facts(made, session, reservation, line), now=now)
        if not decision.allowed:
            raise Refused(decision)
        before = axes(reservation)
        match kind:
            case Kind.RESERVED:
                reservation.booking, reservation.cancelled_at = Booking.CANCELLED, now
                free_place(session)
                settle_waiting(session, now=now)
            case Kind.CANCELLED:
                own = line.of(reservation.member)
                reservation.booking, reservation.excused, reservation.cancelled_at = Booking.BOOKED, False, None
                reservation.attendance = made.before["attendance"]
                reservation.spot = free_spot(session, prefer=reservation.spot_id)
                choose_again_if_gone(reservation, session, now=now)
                take_place(session, held=own is not None and own.state == WaitingEntry.State.OFFERED)
                if own is not None:
                    wait_is_over(own, reservation, action_id=action_id, by=by, now=now)
            case Kind.CHECKED_IN:
                reservation.attendance = made.before["attendance"]
                reservation.checked_in_at = reservation.checked_in_by = None
            case Kind.NO_SHOW:
                reservation.attendance = made.before["attendance"]
        reservation.save(update_fields=_RESTORED)
        event = record(reservation, _INVERSE[kind], action_id=action_id, by=by, now=now, before=before, undoes=made)
        return Done(event, decision)


def revert_check_in(reservation: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """Take back the tick that this reservation bears. Raises Refused."""
    return _undo_last(reservation, Kind.CHECKED_IN, action_id=action_id, by=by, now=now)


def revert_no_show(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back the no-show that was marked or stamped. Raises Refused."""
    return _undo_last(reservation, Kind.NO_SHOW, action_id=action_id, by=by, now=now)


def reinstate(reservation: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """Take back the cancellation; needs a free place. Raises Refused."""
    return _undo_last(reservation, Kind.CANCELLED, action_id=action_id, by=by, now=now)


def withdraw(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back the booking itself, as if it had been a slip. Raises Refused."""
    return _undo_last(reservation, Kind.RESERVED, action_id=action_id, by=by, now=now)


def _undo_last(reservation: Reservation, kind: Kind, *, action_id: UUID, by: StaffLogin | None, now: datetime) -> Done:
    """Undo the last event of this kind. A repeated `action_id` finds the event that it undid the first time."""
    again = ReservationEvent.objects.filter(
        studio_id=reservation.studio_id, action_id=action_id, reservation=reservation, undoes__kind=kind
    ).first()
    made = again.undoes if again else reservation.events.filter(kind=kind).order_by("-id").first()
    if made is None:
        raise Refused(rules.nothing_to_undo())
    return undo(made, action_id=action_id, by=by, now=now)


def _undo_facts(
    made: ReservationEvent, session: ScheduledSession, reservation: Reservation, line: LinedUp
) -> rules.UndoFacts:
    needs_place = made.kind == Kind.CANCELLED
    again = None
    if needs_place:
        again = session.reservations.active().filter(member_id=reservation.member_id).first()
    held = line.held_for_others(reservation.member) if needs_place else []
    return rules.UndoFacts(
        undone_already=ReservationEvent.objects.filter(undoes=made).exists(),
        # A deletion cancels what was to come, and nobody comes back from it.
        changed_since=axes(reservation) != made.after or (needs_place and reservation.member.scrubbed_at is not None),
        correction_until=reservation.correction_until,
        needs_place=needs_place,
        session_cancelled_at=session.cancelled_at,
        booked_again_at=(again.booked_at or again.starts_at) if again else None,
        capacity=session.capacity,
        taken=session.places_taken,
        held=len(held),
        held_until=min((entry.held_until for entry in held if entry.held_until), default=None),
    )
