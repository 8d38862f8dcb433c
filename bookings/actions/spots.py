"""Who has which spot in a class: moved to a free one, or swapped with somebody (Q29). No place is taken or given up."""

from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from bookings import rules
from bookings.actions.recording import (
    Axes,
    Done,
    Kind,
    Refused,
    axes,
    done_before,
    locked_reservation,
    locked_session,
    record,
)
from bookings.models import Reservation, ReservationEvent, ScheduledSession, Spot
from bookings.rules import Booking
from portal.models import StaffLogin

# The second event of a swap has an id of its own, made from the client's.
_OTHER = "the other one of the two"


def move_to_spot(
    reservation: Reservation, spot: Spot, *, action_id: UUID, by: StaffLogin | None, now: datetime
) -> Done:
    """Give the person this spot, which is free. Raises Refused: blocked, taken, or of another room."""
    with transaction.atomic():
        session = locked_session(reservation.session)
        reservation = locked_reservation(reservation)
        if done := done_before(session.studio_id, action_id, Kind.SPOT_CHANGED, reservation=reservation):
            return done
        spot = Spot.objects.get(pk=spot.pk)
        holder = session.reservations.active().filter(spot=spot).select_related("member").first()
        has_it = holder is not None and holder.pk == reservation.pk
        taken_by = str(holder.member) if holder is not None and not has_it else None
        facts = _facts(reservation, session, spot, taken_by=taken_by)
        decision = rules.may_have_spot(facts, now=now)
        if not decision.allowed:
            raise Refused(decision)
        before = _with_spot(reservation)
        reservation.spot = spot
        reservation.save(update_fields=["spot"])
        return Done(_record(reservation, action_id=action_id, by=by, now=now, before=before), decision)


def swap_spots(
    reservation: Reservation, other: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime
) -> tuple[Done, Done]:
    """Let two people of one class have each other's spot; one of them may have none. Raises Refused."""
    other_id = uuid5(action_id, _OTHER)
    with transaction.atomic():
        session = locked_session(reservation.session)
        first, second = sorted((reservation, other), key=lambda one: one.pk)
        locked = {one.pk: locked_reservation(one) for one in (first, second)}
        reservation, other = locked[reservation.pk], locked[other.pk]
        done = done_before(session.studio_id, action_id, Kind.SPOT_CHANGED, reservation=reservation)
        done_too = done_before(session.studio_id, other_id, Kind.SPOT_CHANGED, reservation=other)
        if done and done_too:
            return done, done_too
        wanted = {reservation.pk: other.spot, other.pk: reservation.spot}
        decisions = [rules.may_have_spot(_facts(one, session, wanted[one.pk]), now=now) for one in (reservation, other)]
        for decision in decisions:
            if not decision.allowed:
                raise Refused(decision)
        before = {one.pk: _with_spot(one) for one in (reservation, other)}
        # The unique index looks at each statement: nobody has two spots, and nobody shares one.
        Reservation.objects.filter(pk=other.pk).update(spot=None)
        for one in (reservation, other):
            one.spot = wanted[one.pk]
            one.save(update_fields=["spot"])
        events = [
            _record(one, action_id=one_id, by=by, now=now, before=before[one.pk])
            for one, one_id in ((reservation, action_id), (other, other_id))
        ]
    return Done(events[0], decisions[0]), Done(events[1], decisions[1])


def _facts(
    reservation: Reservation, session: ScheduledSession, spot: Spot | None, *, taken_by: str | None = None
) -> rules.SpotFacts:
    return rules.SpotFacts(
        booking=Booking(reservation.booking),
        correction_until=session.correction_until,
        same_session=reservation.session_id == session.pk,
        in_the_room=spot is None or spot.room_id == session.room_id,
        is_blocked=spot is not None and spot.is_blocked,
        taken_by=taken_by,
    )


def _with_spot(reservation: Reservation) -> Axes:
    return axes(reservation) | {"spot": reservation.spot.label if reservation.spot else ""}


def _record(
    reservation: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime, before: Axes
) -> ReservationEvent:
    return record(
        reservation,
        Kind.SPOT_CHANGED,
        action_id=action_id,
        by=by,
        now=now,
        before=before,
        after=_with_spot(reservation),
    )
