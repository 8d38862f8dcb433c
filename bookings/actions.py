"""What can be done with a reservation: one function per verb, one transaction each.

Each takes a client-made `action_id` and may be called again with it: the second call changes nothing and answers with
what the first one did (Q17). Each appends one event, raises the studio's pulse last, and sends `reservation_changed`
inside the transaction. Locks are taken in one order: session, reservation, pulse.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F

from bookings import rules
from bookings.models import Reservation, ReservationEvent, ScheduledSession, Spot
from bookings.rules import Attendance, Booking, CancelAs
from bookings.signals import reservation_changed
from portal.models import Member, StaffLogin

Kind = ReservationEvent.Kind


class Refused(Exception):
    """The rule said no; `decision` carries the path and the reason."""

    def __init__(self, decision: rules.Decision) -> None:
        super().__init__(decision.refusal)
        self.decision = decision


class ActionIdReused(Exception):
    """A client sent one action id for two different things."""


@dataclass(frozen=True)
class Done:
    """What an action did. `repeated`: nothing now, because the same action was done before."""

    event: ReservationEvent
    decision: rules.Decision
    repeated: bool = False

    @property
    def reservation(self) -> Reservation:
        return self.event.reservation


_NO_QUESTIONS = rules.Decision(())


def reserve(
    session: ScheduledSession,
    member: Member,
    *,
    source: str,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
) -> Done:
    """Give the member a place in the session, and the first free spot if its room has numbered spots (K1, Q29).

    The resolved cancellation deadline is copied onto the reservation (Q20). `by` is the login that acts; None is the
    member's own booking. Raises Refused, or ActionIdReused.
    """
    with transaction.atomic():
        session = _locked_session(session)
        if done := _done_before(session.studio_id, action_id, Kind.RESERVED, member=member, session=session):
            return done
        decision = rules.may_book(_booking_facts(session, member, by_staff=by is not None), now=now)
        if not decision.allowed:
            raise Refused(decision)
        deadline = rules.cancellation_deadline(
            session.starts_at,
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
            spot=_free_spot(session),
            booked_at=now,
            deadline_at=deadline.at,
            deadline_from=deadline.origin,
        )
        _take_place(session)
        reservation.save(force_insert=True)
        event = _record(reservation, Kind.RESERVED, action_id=action_id, by=by, now=now, before={})
        return Done(event, decision)


def cancel(
    reservation: Reservation, *, outcome: CancelAs | None, action_id: UUID, by: StaffLogin | None, now: datetime
) -> Done:
    """Give the place up, in time, late or excused; the place is free again at once (Q11). Raises Refused."""
    with transaction.atomic():
        session, reservation = _locked(reservation)
        if done := _done_before(session.studio_id, action_id, Kind.CANCELLED, reservation=reservation):
            return done
        decision = rules.may_cancel(cancel_facts(reservation, by_staff=by is not None), outcome=outcome, now=now)
        if not decision.allowed:
            raise Refused(decision)
        before = _axes(reservation)
        reservation.booking = Booking.LATE_CANCELLED if outcome is CancelAs.LATE else Booking.CANCELLED
        reservation.excused = outcome is CancelAs.EXCUSED
        reservation.attendance = Attendance.UNKNOWN
        reservation.cancelled_at = now
        reservation.save(update_fields=["booking", "excused", "attendance", "cancelled_at"])
        _free_place(session)
        event = _record(reservation, Kind.CANCELLED, action_id=action_id, by=by, now=now, before=before)
        return Done(event, decision)


def check_in(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Record that the member is here. Someone who is in already stays in with the first time (Q17). Raises Refused."""
    with transaction.atomic():
        reservation = _locked_reservation(reservation)
        if done := _done_before(reservation.studio_id, action_id, Kind.CHECKED_IN, reservation=reservation):
            return done
        if reservation.attendance == Attendance.CHECKED_IN:
            last = reservation.events.filter(kind__in=(Kind.CHECKED_IN, Kind.IMPORTED)).latest("id")
            return Done(last, _NO_QUESTIONS, repeated=True)
        decision = rules.may_check_in(_attendance_facts(reservation, now=now), now=now)
        if not decision.allowed:
            raise Refused(decision)
        before = _axes(reservation)
        reservation.attendance = Attendance.CHECKED_IN
        reservation.checked_in_at, reservation.checked_in_by = now, by
        reservation.save(update_fields=["attendance", "checked_in_at", "checked_in_by"])
        event = _record(reservation, Kind.CHECKED_IN, action_id=action_id, by=by, now=now, before=before)
        return Done(event, decision)


def mark_no_show(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Record that the member did not come, before the clock says so. Raises Refused."""
    with transaction.atomic():
        reservation = _locked_reservation(reservation)
        if done := _done_before(reservation.studio_id, action_id, Kind.NO_SHOW, reservation=reservation):
            return done
        decision = rules.may_mark_no_show(
            _attendance_facts(reservation, now=now), attendance=Attendance(reservation.attendance), now=now
        )
        if not decision.allowed:
            raise Refused(decision)
        before = _axes(reservation)
        reservation.attendance = Attendance.NO_SHOW
        reservation.save(update_fields=["attendance"])
        event = _record(reservation, Kind.NO_SHOW, action_id=action_id, by=by, now=now, before=before)
        return Done(event, decision)


_INVERSE = {
    Kind.RESERVED: Kind.WITHDRAWN,
    Kind.CANCELLED: Kind.REINSTATED,
    Kind.CHECKED_IN: Kind.CHECK_IN_REVERTED,
    Kind.NO_SHOW: Kind.NO_SHOW_REVERTED,
}


def undo(made: ReservationEvent, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back one recorded change by its inverse event; both stay in the log (Q17).

    Raises Refused: not the last change, taken back already, after the correction limit, or no place left.
    """
    kind = Kind(made.kind)
    if kind not in _INVERSE:
        raise Refused(rules.nothing_to_undo())
    with transaction.atomic():
        session, reservation = _locked(made.reservation)
        if done := _done_before(session.studio_id, action_id, _INVERSE[kind], reservation=reservation):
            return done
        decision = rules.may_undo(_undo_facts(made, session, reservation), now=now)
        if not decision.allowed:
            raise Refused(decision)
        before = _axes(reservation)
        match kind:
            case Kind.RESERVED:
                reservation.booking, reservation.cancelled_at = Booking.CANCELLED, now
                _free_place(session)
            case Kind.CANCELLED:
                reservation.booking, reservation.excused, reservation.cancelled_at = Booking.BOOKED, False, None
                reservation.attendance = made.before["attendance"]
                reservation.spot = _free_spot(session, prefer=reservation.spot_id)
                _take_place(session)
            case Kind.CHECKED_IN:
                reservation.attendance = made.before["attendance"]
                reservation.checked_in_at = reservation.checked_in_by = None
            case Kind.NO_SHOW:
                reservation.attendance = made.before["attendance"]
        reservation.save()
        event = _record(reservation, _INVERSE[kind], action_id=action_id, by=by, now=now, before=before, undoes=made)
        return Done(event, decision)


def revert_check_in(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back the tick that this reservation bears. Raises Refused."""
    return _undo_last(reservation, Kind.CHECKED_IN, action_id=action_id, by=by, now=now)


def revert_no_show(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back the no-show that was marked or stamped. Raises Refused."""
    return _undo_last(reservation, Kind.NO_SHOW, action_id=action_id, by=by, now=now)


def reinstate(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back the cancellation; needs a free place. Raises Refused."""
    return _undo_last(reservation, Kind.CANCELLED, action_id=action_id, by=by, now=now)


def withdraw(reservation: Reservation, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Take back the booking itself, as if it had been a slip. Raises Refused."""
    return _undo_last(reservation, Kind.RESERVED, action_id=action_id, by=by, now=now)


def _undo_last(reservation: Reservation, kind: Kind, *, action_id: UUID, by: StaffLogin, now: datetime) -> Done:
    """Undo the last event of this kind. A repeated `action_id` finds the event that it undid the first time."""
    again = ReservationEvent.objects.filter(
        studio_id=reservation.studio_id, action_id=action_id, reservation=reservation, undoes__kind=kind
    ).first()
    made = again.undoes if again else reservation.events.filter(kind=kind).order_by("-id").first()
    if made is None:
        raise Refused(rules.nothing_to_undo())
    return undo(made, action_id=action_id, by=by, now=now)


def sweep_no_shows(*, now: datetime) -> int:
    """Stamp and log every no-show that bears no stamp yet; the number stamped (Q4).

    What anyone sees does not change by it: the state is computed from the clock. Rows that someone is working on are
    left for the next sweep, so a late tick never waits and never loses.
    """
    due = Reservation.objects.due_for_sweep(now)
    stamped = 0
    for studio_id in sorted(set(due.values_list("studio_id", flat=True))):
        with transaction.atomic():
            ids = list(
                due.filter(studio_id=studio_id)
                .select_for_update(skip_locked=True, of=("self",))
                .values_list("id", flat=True)
            )
            Reservation.objects.filter(id__in=ids).update(attendance=Attendance.NO_SHOW)
            version = _beat(studio_id, now)
            axes = {"booking": Booking.BOOKED.value, "excused": False}
            ReservationEvent.objects.bulk_create(
                ReservationEvent(
                    studio_id=studio_id,
                    reservation_id=pk,
                    kind=Kind.NO_SHOW,
                    action_id=uuid4(),
                    occurred_at=now,
                    by_word="sweep",
                    before=axes | {"attendance": Attendance.UNKNOWN.value},
                    after=axes | {"attendance": Attendance.NO_SHOW.value},
                    version=version,
                )
                for pk in ids
            )
        stamped += len(ids)
    return stamped


def _locked_session(session: ScheduledSession) -> ScheduledSession:
    return (
        ScheduledSession.objects.select_for_update(of=("self",))
        .select_related("studio", "location", "item")
        .get(pk=session.pk)
    )


def _locked_reservation(reservation: Reservation) -> Reservation:
    return (
        Reservation.objects.select_for_update(of=("self",))
        .select_related("session", "location", "member")
        .get(pk=reservation.pk)
    )


def _locked(reservation: Reservation) -> tuple[ScheduledSession, Reservation]:
    session = _locked_session(reservation.session)
    reservation = _locked_reservation(reservation)
    reservation.session = session
    return session, reservation


def _done_before(
    studio_id: int,
    action_id: UUID,
    kind: Kind,
    *,
    reservation: Reservation | None = None,
    session: ScheduledSession | None = None,
    member: Member | None = None,
) -> Done | None:
    """What this action did when it came the first time, if it did. Asked under the lock, so retries cannot race."""
    event = (
        ReservationEvent.objects.select_related("reservation__session", "reservation__location", "reservation__member")
        .filter(studio_id=studio_id, action_id=action_id)
        .first()
    )
    if event is None:
        return None
    other = event.kind != kind
    other |= reservation is not None and event.reservation_id != reservation.pk
    other |= session is not None and event.reservation.session_id != session.pk
    other |= member is not None and event.reservation.member_id != member.pk
    if other:
        raise ActionIdReused(action_id)
    return Done(event, _NO_QUESTIONS, repeated=True)


def _booking_facts(session: ScheduledSession, member: Member, *, by_staff: bool) -> rules.BookingFacts:
    item = session.item
    others = Reservation.objects.active().filter(member=member).select_related("session__item")
    here = others.filter(session=session).first()
    elsewhere = (
        others.filter(starts_at__lt=session.ends_at, ends_at__gt=session.starts_at).exclude(session=session).first()
    )
    return rules.BookingFacts(
        session_cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        opens_at=None if item.opens_hours is None else session.starts_at - timedelta(hours=item.opens_hours),
        closes_at=None if item.closes_minutes is None else session.starts_at - timedelta(minutes=item.closes_minutes),
        correction_until=session.correction_until,
        capacity=session.capacity,
        taken=session.places_taken,
        booked_already_at=here and (here.booked_at or here.starts_at),
        elsewhere=str(elsewhere.session.item) if elsewhere else None,
        blocked_reason=member.blocked_reason,
        by_staff=by_staff,
    )


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
    )


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


def _undo_facts(made: ReservationEvent, session: ScheduledSession, reservation: Reservation) -> rules.UndoFacts:
    needs_place = made.kind == Kind.CANCELLED
    again = None
    if needs_place:
        again = session.reservations.active().filter(member_id=reservation.member_id).first()
    return rules.UndoFacts(
        undone_already=ReservationEvent.objects.filter(undoes=made).exists(),
        changed_since=_axes(reservation) != made.after,
        correction_until=reservation.correction_until,
        needs_place=needs_place,
        session_cancelled_at=session.cancelled_at,
        booked_again_at=again and (again.booked_at or again.starts_at),
        capacity=session.capacity,
        taken=session.places_taken,
    )


def _free_spot(session: ScheduledSession, *, prefer: int | None = None) -> Spot | None:
    """The first free spot in the room's fill order, or the preferred one if it is free; None without spots (Q29)."""
    if session.room_id is None:
        return None
    taken = session.reservations.active().filter(spot__isnull=False).values("spot_id")
    free = Spot.objects.filter(room_id=session.room_id, is_blocked=False).exclude(id__in=taken).order_by("fill_order")
    return (prefer and free.filter(pk=prefer).first()) or free.first()


def _take_place(session: ScheduledSession) -> None:
    ScheduledSession.objects.filter(pk=session.pk).update(places_taken=F("places_taken") + 1)


def _free_place(session: ScheduledSession) -> None:
    ScheduledSession.objects.filter(pk=session.pk).update(places_taken=F("places_taken") - 1)


def _axes(reservation: Reservation) -> dict[str, str | bool]:
    return {
        "booking": str(reservation.booking),
        "attendance": str(reservation.attendance),
        "excused": reservation.excused,
    }


def _record(
    reservation: Reservation,
    kind: Kind,
    *,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    before: dict[str, str | bool],
    undoes: ReservationEvent | None = None,
) -> ReservationEvent:
    """Append the event under the studio's next version and send the news; the last thing that an action does."""
    event = ReservationEvent.objects.create(
        studio_id=reservation.studio_id,
        reservation=reservation,
        kind=kind,
        action_id=action_id,
        occurred_at=now,
        by=by,
        by_word="" if by else "member",
        before=before,
        after=_axes(reservation),
        undoes=undoes,
        version=_beat(reservation.studio_id, now),
    )
    reservation_changed.send(sender=Reservation, reservation=reservation, event=event)
    return event


def _beat(studio_id: int, now: datetime) -> int:
    """Raise the studio's pulse and hold it until the commit, so that versions are seen in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bookings_pulse (studio_id, version, changed_at) VALUES (%s, 1, %s)"
            " ON CONFLICT (studio_id) DO UPDATE SET version = bookings_pulse.version + 1, changed_at = %s"
            " RETURNING version",
            [studio_id, now, now],
        )
        return cursor.fetchone()[0]
