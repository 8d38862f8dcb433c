"""Taking a place and giving it up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from bookings import rules
from bookings.actions.offers import move_places, settle_waiting, wait_is_over
from bookings.actions.recording import (
    ActionIdReused,
    Done,
    Kind,
    Refused,
    axes,
    done_before,
    locked,
    locked_session,
    record,
    violates,
)
from bookings.models import Reservation, ReservationEvent, ScheduledSession, Spot, WaitingEntry
from bookings.rules import Agreed, Attendance, Booking, CancelAs
from bookings.selectors.agreed import agreed_for, marketplace_facts
from bookings.selectors.bookable import booking_facts
from bookings.selectors.wallet import Wallet, assignment_of
from packages.rules import Choice, Outcome
from portal.models import Member, StaffLogin
from portal.prepared import insert


def reserve(
    session: ScheduledSession,
    member: Member,
    *,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    agreed: Agreed | None = None,
) -> Done:
    """Give the member a place in the session, and the first free spot if its room has numbered spots (K1, Q29).

    A place that is held for this member from the waiting list is the one that is taken, and a wait of theirs ends. The
    resolved cancellation deadline is copied onto the reservation (Q20). `by` is the login that acts; None is the
    member's own booking. `agreed`: with the marketplace that books, where that was just read. Raises Refused, or
    ActionIdReused.
    """
    given: dict[str, Any] = {"source": source, "action_id": action_id, "by": by, "now": now, "agreed": agreed}
    try:
        return _reserve(session, member, **given)
    except IntegrityError as error:
        # Merged in that very moment into somebody who is booked already: PostgreSQL wrote it for the kept one.
        if not violates(error, "one_active_reservation_per_member_and_session"):
            raise
    return _reserve(session, Member.objects.get(pk=member.pk).kept, **given)


def _reserve(
    session: ScheduledSession,
    member: Member,
    *,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    agreed: Agreed | None,
) -> Done:
    with transaction.atomic():
        session = locked_session(session)
        if done := done_before(session.studio_id, action_id, Kind.RESERVED, member=member, session=session):
            return done
        line = settle_waiting(session, now=now)
        wallet = Wallet(member, session.studio, now=now, lock=True, source=source)
        uses, member = wallet.choose(session), wallet.member
        agreed = agreed or agreed_for(session, source)
        theirs = marketplace_facts(session, source, agreed) if agreed else None
        facts = booking_facts(session, member, line, by_staff=by is not None, uses=uses, marketplace=theirs)
        decision = rules.may_book(facts, now=now)
        if not decision.allowed:
            raise Refused(decision)
        wait = line.of(member)
        given: dict[str, Any] = {"source": source, "action_id": action_id, "by": by, "now": now}
        event = put_in(session, member, wait, uses=uses, agreed=agreed, **given)
        return Done(event, decision)


def put_in(
    session: ScheduledSession,
    member: Member,
    wait: WaitingEntry | None,
    *,
    uses: Choice,
    agreed: Agreed | None = None,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> ReservationEvent:
    """Write the reservation in a locked session whose rule said yes, and end the member's own wait for it.

    `uses`: what the member's locked wallet chose for it. `agreed`: with the marketplace that books.
    """
    deadline = rules.cancellation_deadline(
        session.starts_at,
        contract_hours=agreed.cancel_hours if agreed else None,
        item_hours=session.item.cancel_hours,
        location_hours=session.location.cancel_hours,
        studio_hours=session.studio.cancel_hours,
    )
    reservation = Reservation(
        studio_id=session.studio_id,
        session=session,
        member=member,
        location=session.location,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        source=source,
        spot=free_spot(session),
        booked_at=now,
        deadline_at=deadline.at,
        deadline_from=deadline.origin,
        **assignment_of(uses),
    )
    take_place(session, held=wait is not None and wait.state == WaitingEntry.State.OFFERED)
    insert(reservation)
    if wait is not None:
        wait_is_over(wait, reservation, action_id=action_id, by=by, now=now)
    return record(reservation, Kind.RESERVED, action_id=action_id, by=by, now=now, before={})


def refuse_unpaid(uses: Choice, *, by_staff: bool) -> None:
    """For roads on which the rule of booking is not asked again. Raises Refused to a member whom nothing pays for."""
    decision = rules.is_paid(unpaid=uses.outcome is Outcome.UNPAID, by_staff=by_staff)
    if not decision.allowed:
        raise Refused(decision)


def cancel(
    reservation: Reservation,
    *,
    outcome: CancelAs | None,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    happened_at: datetime | None = None,
) -> Done:
    """Give the place up, in time, late or excused; the place is free again at once (Q11).

    `happened_at`: when it was cancelled, where the news of that comes later; whether it is late is judged by it.
    Raises Refused, or ActionIdReused, also when the same action asked for another outcome the first time.
    """
    booking = Booking.LATE_CANCELLED if outcome is CancelAs.LATE else Booking.CANCELLED
    excused = outcome is CancelAs.EXCUSED
    with transaction.atomic():
        session, reservation = locked(reservation)
        if done := done_before(session.studio_id, action_id, Kind.CANCELLED, reservation=reservation):
            if (done.event.after["booking"], done.event.after["excused"]) != (booking, excused):
                raise ActionIdReused(action_id)
            return done
        at = happened_at or now
        decision = rules.may_cancel(cancel_facts(reservation, by_staff=by is not None), outcome=outcome, now=at)
        if not decision.allowed:
            raise Refused(decision)
        before = axes(reservation)
        reservation.booking, reservation.excused = booking, excused
        reservation.attendance = Attendance.UNKNOWN
        reservation.cancelled_at = at
        reservation.save(update_fields=["booking", "excused", "attendance", "cancelled_at"])
        free_place(session)
        settle_waiting(session, now=now)
        event = record(reservation, Kind.CANCELLED, action_id=action_id, by=by, now=now, before=before)
        return Done(event, decision)


def cancel_facts(reservation: Reservation, *, by_staff: bool) -> rules.CancelFacts:
    """What `rules.ways_to_cancel` and `rules.may_cancel` look at."""
    return rules.CancelFacts(
        booking=Booking(reservation.booking),
        attendance=Attendance(reservation.attendance),
        starts_at=reservation.starts_at,
        deadline_at=reservation.deadline_at,
        correction_until=reservation.correction_until,
        checked_in_at=reservation.checked_in_at,
        by_staff=by_staff,
        waived_until=reservation.waived_until,
    )


def free_spot(session: ScheduledSession, *, prefer: int | None = None) -> Spot | None:
    """The first free spot in the room's fill order, or the preferred one if it is free; None without spots (Q29)."""
    if session.room_id is None:
        return None
    taken = session.reservations.active().filter(spot__isnull=False).values("spot_id")
    free = Spot.objects.filter(room_id=session.room_id, is_blocked=False).exclude(id__in=taken).order_by("fill_order")
    return (prefer and free.filter(pk=prefer).first()) or free.first()


def take_place(session: ScheduledSession, *, held: bool = False) -> None:
    """Count one more; `held`: the one that was held for this member."""
    move_places(session, taken=1, held=-1 if held else 0)


def free_place(session: ScheduledSession) -> None:
    """Count one less. Whoever frees a place settles the waiting list before the transaction ends."""
    move_places(session, taken=-1)
