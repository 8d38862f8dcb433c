"""What a marketplace does for its member: book, cancel, check in, wait. Asked in real time, or told by a message.

Locks are taken in one order: the visit, then what bookings lock (session, reservation, pulse).
"""

from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from uuid import UUID

from django.db import transaction

from bookings import actions as bookings
from bookings import rules as booking_rules
from bookings.actions import Refused
from bookings.models import Reservation, ReservationEvent, ScheduledSession, WaitingEntry
from bookings.rules import Attendance, Booking, CancelAs, Origin
from bookings.selectors.bookable import Bookable, Known
from bookings.selectors.bookable import explain as explain_booking
from marketplace.actions.conflicts import open_conflict, take_back_others
from marketplace.models import Conflict, Connection, Guest, Visit
from marketplace.selectors.agreed import Held, agreed_by, held_for
from marketplace.selectors.answers import said_absent
from portal.prepared import insert

Kind = ReservationEvent.Kind
# So the numbers that we give bookings begin, and none that a marketplace gives: it cannot take one of ours before us.
OURS = "tresen-"


class NotBooked(Exception):
    """This guest has no booking of this marketplace in that class."""


class NotWaiting(Exception):
    """This guest is not on the waiting list of that class."""


@dataclass(frozen=True)
class Cancelled:
    """What a cancellation came to, and by which rule (Q20)."""

    visit: Visit
    late: bool
    free_until: datetime
    # The class was changed: so long it is free, whatever the rule says (Q27).
    waived: bool
    deadline_from: Origin
    repeated: bool = False


def explain(
    connection: Connection, session: ScheduledSession, guest: Guest, *, now: datetime, known: Known | None = None
) -> Bookable:
    """May this guest book, or wait, and if not, why? The very rule of `book`, without a lock (I6, I7).

    `known`: what was found out already.
    """
    return explain_booking(
        session, guest.member, by_staff=False, source=connection.marketplace_id, now=now, known=known
    )


def book(
    connection: Connection,
    session: ScheduledSession,
    guest: Guest,
    *,
    action_id: UUID,
    now: datetime,
    booking_ref: str = "",
    additional: bool | None = None,
    seen: Held | None = None,
) -> Visit:
    """Take a place for the guest, with the spot, the pass and the contract's deadline: one transaction (I6-I11).

    `seen`: what holds with the marketplace, where that was just read. Raises Refused with the decision, or
    ActionIdReused. With the same `action_id` again, the same visit.
    """
    # Before anything is locked: all bookings of the studio wait for the last statements of this one.
    held = seen or held_for(session, connection.marketplace_id)
    with transaction.atomic():
        done = bookings.reserve(
            session,
            guest.member,
            source=connection.marketplace_id,
            action_id=action_id,
            by=None,
            now=now,
            agreed=agreed_by(held, session) if held else None,
        )
        if done.repeated:
            return Visit.objects.select_related("reservation", "guest").get(reservation=done.event.reservation_id)
        visit = Visit(booking_ref=booking_ref, requested_at=now, additional=additional)
        terms = held.terms if held else None
        return give_pass(visit, connection, guest, done.reservation, terms=terms, now=now)


def terms_of(connection: Connection, session: ScheduledSession) -> int | None:
    """The key of the contract's version on the day of the class."""
    held = held_for(session, connection.marketplace_id)
    return held.terms if held else None


def give_pass(
    visit: Visit,
    connection: Connection,
    guest: Guest,
    reservation: Reservation,
    *,
    terms: int | None,
    now: datetime,
) -> Visit:
    """Put the visit, and with it the special pass, beside a reservation that was just made (I8, Q22)."""
    session = reservation.session
    if Reservation.visit.is_cached(reservation):  # the one that the waiting list made when it gave the place
        reservation.visit.delete()
    visit.studio_id, visit.connection = connection.studio_id, connection
    visit.booking_ref = visit.booking_ref or f"{OURS}{token_hex(8)}"
    visit.guest, visit.session, visit.reservation = guest, session, reservation
    visit.terms_id = terms
    visit.pass_name = connection.marketplace.name
    if not visit.pk:
        insert(visit)
    else:
        visit.save()
    if connection.first_booked_at is None:
        Connection.objects.filter(pk=connection.pk, first_booked_at=None).update(first_booked_at=now)
    return visit


def cancel(
    connection: Connection, session: ScheduledSession, guest: Guest, *, action_id: UUID, now: datetime
) -> Cancelled:
    """Give the guest's place up, in time or late by the deadline that was copied onto the booking (Q20).

    Raises NotBooked, or Refused. After a check-in it never erases the visit: a conflict is opened, and Refused raised
    (Q11); the caller commits.
    """
    visit = _visit_of(connection, session, guest)
    try:
        with transaction.atomic():
            visit = _locked(visit)
            done = cancel_place(visit, action_id=action_id, now=now)
            if not done.repeated:
                Visit.objects.filter(pk=visit.pk).update(cancelled_at=now)
    except Refused as refused:
        if refused.decision.refusal and refused.decision.refusal.question is booking_rules.Question.CHECKED_IN:
            with transaction.atomic():
                Visit.objects.filter(pk=visit.pk, cancelled_at=None).update(cancelled_at=now)
                open_conflict(visit, Conflict.Kind.CANCELLED_AFTER_CHECK_IN, about=now, now=now)
        raise
    reservation = done.reservation
    return Cancelled(
        visit=visit,
        late=reservation.booking == Booking.LATE_CANCELLED,
        free_until=reservation.free_until,
        waived=reservation.is_waived,
        deadline_from=Origin(reservation.deadline_from),
        repeated=done.repeated,
    )


def cancel_place(visit: Visit, *, action_id: UUID, now: datetime, happened_at: datetime | None = None) -> bookings.Done:
    """Cancel the reservation of a locked visit, late or not by its own deadline. Raises Refused."""
    reservation = _reservation(visit)
    facts = bookings.cancel_facts(reservation, by_staff=False)
    ways = booking_rules.ways_to_cancel(facts, now=happened_at or now)
    outcome = ways[0] if ways else None
    if reservation.booking != Booking.BOOKED:  # a repeated call names the outcome of the first
        outcome = CancelAs.LATE if reservation.booking == Booking.LATE_CANCELLED else CancelAs.IN_TIME
    return bookings.cancel(reservation, outcome=outcome, action_id=action_id, by=None, now=now, happened_at=happened_at)


def check_in(
    connection: Connection, session: ScheduledSession, guest: Guest, *, action_id: UUID, now: datetime
) -> Visit:
    """The marketplace says that its guest is here: kept, and ticked at the desk.

    Where a person has said that the guest did not come, they stay as they are, and a conflict asks again (Q11).
    Raises NotBooked; or Refused where the desk's rule says no: then it is kept all the same, and a conflict opened; the
    caller commits.
    """
    visit = _visit_of(connection, session, guest)
    with transaction.atomic():
        visit = _locked(visit)
        if visit.confirmed_at is None:
            visit.confirmed_at = visit.named_at = now
            visit.save(update_fields=["confirmed_at", "named_at"])
    if is_denied(visit):
        open_conflict(visit, Conflict.Kind.CHECK_IN_NOT_TAKEN, about=now, now=now)
        return visit
    try:
        tick(visit, action_id=action_id, now=now)
    except Refused:
        is_over = _reservation(visit).booking != Booking.BOOKED
        kind = Conflict.Kind.CHECK_IN_AFTER_CANCEL if is_over else Conflict.Kind.CHECK_IN_NOT_TAKEN
        open_conflict(visit, kind, about=visit.confirmed_at, now=now)
        raise
    return visit


def is_denied(visit: Visit) -> bool:
    """A person has said that the guest is not here, and nobody has ticked them since."""
    is_in = _reservation(visit).attendance == Attendance.CHECKED_IN
    return not is_in and Visit.objects.filter(said_absent(), pk=visit.pk).exists()


def tick(visit: Visit, *, action_id: UUID, now: datetime) -> None:
    """Check the guest in at the desk, by the marketplace's word. Raises Refused."""
    bookings.check_in(_reservation(visit), action_id=action_id, by=None, now=now)


def take_back_check_in(
    connection: Connection, session: ScheduledSession, guest: Guest, *, action_id: UUID, now: datetime
) -> Visit:
    """The marketplace takes its check-in back: its own tick goes with it, one that a person made stays (Q11).

    What a person was asked about that check-in is no question any more.

    Raises NotBooked, or Refused.
    """
    with transaction.atomic():
        visit = _locked(_visit_of(connection, session, guest))
        untick(visit, action_id=action_id, now=now)
        visit.confirmed_at = visit.named_at = None
        visit.save(update_fields=["confirmed_at", "named_at"])
        take_back_others(visit, None, among=[Conflict.Kind.CHECK_IN_NOT_TAKEN, Conflict.Kind.CHECK_IN_AFTER_CANCEL])
        return visit


def untick(visit: Visit, *, action_id: UUID, now: datetime) -> bool:
    """Take back the tick of a locked visit if the marketplace made it; whether it did."""
    reservation = _reservation(visit)
    if reservation.attendance != Attendance.CHECKED_IN or not is_ticked_by_them(reservation):
        return False
    bookings.revert_check_in(reservation, action_id=action_id, by=None, now=now)
    return True


def is_ticked_by_them(reservation: Reservation) -> bool:
    """Whether the last tick is the marketplace's word, and no person's."""
    last = reservation.events.filter(kind=Kind.CHECKED_IN).order_by("-id").first()
    return last is not None and last.by_word == reservation.source


def join_waiting(
    connection: Connection, session: ScheduledSession, guest: Guest, *, action_id: UUID, now: datetime
) -> WaitingEntry:
    """Put the guest at the end of the waiting list. Raises Refused."""
    waited = bookings.join_waiting(
        session, guest.member, source=connection.marketplace_id, action_id=action_id, by=None, now=now
    )
    return waited.entry


def leave_waiting(
    connection: Connection, session: ScheduledSession, guest: Guest, *, action_id: UUID, now: datetime
) -> WaitingEntry:
    """Take the guest off the list. Raises NotWaiting, or Refused."""
    own = WaitingEntry.objects.filter(session=session, member=guest.member, source=connection.marketplace_id)
    entry = own.order_by("-id").first()
    if entry is None:
        raise NotWaiting
    return bookings.leave_waiting(entry, action_id=action_id, by=None, now=now).entry


def visit_of_reservation(reservation: Reservation, *, now: datetime) -> Visit | None:
    """Give the pass to a place that the waiting list gave a marketplace's guest; None where there is no such guest."""
    connection = Connection.objects.select_related("marketplace").filter(
        studio=reservation.studio_id, marketplace=reservation.source
    )
    guest = Guest.objects.filter(connection__in=connection, member=reservation.member_id).order_by("pk").first()
    if guest is None or Visit.objects.filter(reservation=reservation).exists():
        return None
    found = connection.get()
    terms = terms_of(found, reservation.session)
    return give_pass(Visit(requested_at=now), found, guest, reservation, terms=terms, now=now)


def _visit_of(connection: Connection, session: ScheduledSession, guest: Guest) -> Visit:
    """The booking of this person that stands, else the last one. Raises NotBooked.

    The marketplace may know a member as two people (a shared e-mail, or members who were merged): what one of them has
    booked is the other's, too, but the guest's own comes first.
    """
    found = list(
        Visit.objects.filter(connection=connection, session=session, guest__member=guest.member_id)
        .exclude(reservation=None)
        .select_related("reservation", "guest")
        .order_by("-id")
    )
    if not found:
        raise NotBooked
    return max(
        found,
        key=lambda one: (one.reservation is not None and one.reservation.booking == Booking.BOOKED, one.guest == guest),
    )


def _locked(visit: Visit) -> Visit:
    locked = Visit.objects.select_for_update(of=("self",)).select_related(
        "reservation__session", "reservation__location", "reservation__member", "connection__marketplace", "guest"
    )
    return locked.get(pk=visit.pk)


def _reservation(visit: Visit) -> Reservation:
    if visit.reservation is None:
        raise NotBooked
    return visit.reservation
