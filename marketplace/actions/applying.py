"""Inbound messages: each says one thing that happened there, in any order, any number of times.

A message only adds what it says to the visit; then the reservation is brought to what all of it together says. So the
same messages in another order end the same (7.3, rows 6, 8 and 10). Of two cancellations of one booking at different
moments the first that is heard says whether it was late.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from bookings import actions as bookings
from bookings.actions import Refused
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking
from marketplace.actions.conflicts import open_conflict, open_for_guest, take_back_others
from marketplace.actions.guests import welcome
from marketplace.actions.inbox import conclude
from marketplace.actions.outbox import write_decision
from marketplace.actions.visits import cancel_place, give_pass, is_ticked_by_them, terms_of, tick, untick
from marketplace.models import Conflict, Connection, Guest, InboxMessage, Visit

# A check-in without a booking's number is of the class that runs then (7.3, row 10).
BEFORE_START, AFTER_END = timedelta(minutes=30), timedelta(minutes=30)
Kind = Conflict.Kind
Outcome = InboxMessage.Outcome


class Unreadable(Exception):
    """The message does not say what its type asks for; the text names it."""


@dataclass(frozen=True)
class Said:
    """A message, read."""

    type: str
    # By the marketplace's clock, but never after the message was received.
    at: datetime
    data: dict[str, Any]

    def word(self, name: str, *, needed: bool = False, longest: int = 100) -> str:
        value = self.data.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)  # ids come as numbers or as text
        if value is None and not needed:
            return ""
        if not isinstance(value, str) or len(value) > longest or "\x00" in value or (needed and not value.strip()):
            raise Unreadable(f"{name}: {'missing' if value is None else 'wrong'}")
        return value.strip()

    def flag(self, name: str) -> bool | None:
        value = self.data.get(name)
        if value is not None and not isinstance(value, bool):
            raise Unreadable(f"{name}: wrong")
        return value


def apply(message: InboxMessage, *, now: datetime) -> None:
    """Do what the message asks for, and conclude it: done, refused with the reason, or waiting for a person.

    In the caller's transaction. A message that was concluded before does nothing.
    """
    with transaction.atomic():
        locked = InboxMessage.objects.select_for_update().select_related("connection__marketplace").get(pk=message.pk)
        if locked.handled_at is not None:
            return
        try:
            with transaction.atomic():
                said = read(bytes(locked.body), received_at=locked.received_at)
                refusal, conflict = _HANDLERS[said.type](locked.connection, said, now)
        except Unreadable as error:
            conclude(locked, Outcome.REFUSED, reason=str(error)[:200], now=now)
            return
        if conflict is not None:
            conclude(locked, Outcome.FOR_A_PERSON, reason=conflict.kind, now=now)
        else:
            conclude(locked, Outcome.REFUSED if refusal else Outcome.DONE, reason=refusal, now=now)


def read(body: bytes, *, received_at: datetime) -> Said:
    """Raises Unreadable."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
        raise Unreadable("data: missing")
    type_ = content.get("type")
    if not isinstance(type_, str) or type_ not in _HANDLERS:
        raise Unreadable(f"type: unknown ({str(type_)[:50]})")
    return Said(type_, _moment(content.get("timestamp"), received_at), content["data"])


def _moment(value: Any, received_at: datetime) -> datetime:
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or not is_aware(moment):
        raise Unreadable("timestamp: wrong")
    return min(moment, received_at)


# What a message came to: why it was refused, or what a person has to say.
Came = tuple[str, Conflict | None]


def _requested(connection: Connection, said: Said, now: datetime) -> Came:
    guest = _guest(connection, said, now)
    visit = _visit(connection, said.word("bookingId", needed=True))
    session = _session(connection, said.word("classId", needed=True))
    if visit.requested_at is None:
        visit.guest, visit.session = guest, session
        visit.additional = said.flag("additional")
    visit.requested_at = min(visit.requested_at or said.at, said.at)
    visit.save()
    if session is not None:
        _adopt_check_in(visit, session)
    return _bring_up_to_date(visit, now=now)


def _cancelled(connection: Connection, said: Said, now: datetime) -> Came:
    visit = _visit(connection, said.word("bookingId", needed=True))
    late = said.flag("late")
    if visit.cancelled_at is None or said.at < visit.cancelled_at:
        visit.cancelled_at = said.at
    visit.cancelled_late = late if visit.cancelled_late is None else visit.cancelled_late or bool(late)
    visit.save(update_fields=["cancelled_at", "cancelled_late"])
    return _bring_up_to_date(visit, now=now)


def _checked_in(connection: Connection, said: Said, now: datetime) -> Came:
    if number := said.word("bookingId"):
        visit = _visit(connection, number)
    else:
        guest = _guest(connection, said, now)
        found = _running(connection, guest, said)
        if len(found) != 1:
            place = connection.locations.filter(external_id=said.word("locationId")).select_related("location").first()
            return "", open_for_guest(
                connection, guest, location=place.location if place else None, about=said.at, now=now
            )
        visit = _visit(connection, found[0].booking_ref)
    if visit.confirmed_at is None or said.at < visit.confirmed_at:
        visit.confirmed_at = said.at
        visit.save(update_fields=["confirmed_at"])
    return _bring_up_to_date(visit, now=now)


_HANDLERS = {
    "booking.requested": _requested,
    "booking.cancelled": _cancelled,
    "member.checked_in": _checked_in,
}


def _guest(connection: Connection, said: Said, now: datetime) -> Guest:
    guest, _is_new = welcome(
        connection,
        external_id=said.word("marketplaceMemberId", needed=True),
        first_name=said.word("firstName"),
        last_name=said.word("lastName"),
        email=said.word("email", longest=254),
        now=now,
    )
    return guest


def _visit(connection: Connection, number: str) -> Visit:
    """The visit of that booking, locked; made if this is the first that is heard of it."""
    Visit.objects.bulk_create(
        [
            Visit(
                studio_id=connection.studio_id,
                connection=connection,
                booking_ref=number,
                pass_name=connection.marketplace.name,
            )
        ],
        ignore_conflicts=True,
    )
    locked = Visit.objects.select_for_update(of=("self",)).select_related(
        "connection__marketplace", "guest__member", "session", "reservation__session", "reservation__location"
    )
    return locked.get(connection=connection, booking_ref=number)


def _session(connection: Connection, number: str) -> ScheduledSession | None:
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        return None
    return ScheduledSession.objects.filter(studio=connection.studio_id, pk=int(number)).first()


def _running(connection: Connection, guest: Guest, said: Said) -> list[Visit]:
    """The guest's bookings of classes that run at that moment, half an hour before and after included."""
    visits = Visit.objects.filter(
        connection=connection,
        guest=guest,
        session__starts_at__lte=said.at + BEFORE_START,
        session__ends_at__gte=said.at - AFTER_END,
        reservation__booking=Booking.BOOKED,
    )
    if number := said.word("classId"):
        session = _session(connection, number)
        visits = visits.filter(session=session) if session else visits.none()
    return list(visits[:2])


def _adopt_check_in(visit: Visit, session: ScheduledSession) -> None:
    """A check-in that came before its booking waits for a person until the booking is there."""
    early = Conflict.objects.open().filter(
        connection=visit.connection_id,
        guest=visit.guest_id,
        visit=None,
        kind=Kind.CHECK_IN_WITHOUT_BOOKING,
        about__gte=session.starts_at - BEFORE_START,
        about__lte=session.ends_at + AFTER_END,
    )
    found = early.select_for_update().order_by("about").first()
    if found is not None:
        visit.confirmed_at = min(visit.confirmed_at or found.about, found.about)
        visit.save(update_fields=["confirmed_at"])
        found.delete()


def _bring_up_to_date(visit: Visit, *, now: datetime) -> Came:
    """Bring the reservation to what all that is known of the visit says; what a person has to settle is asked."""
    if visit.requested_at is None or visit.guest is None:
        return "", None  # its booking is on the way
    if visit.reservation is None and not visit.refusal:
        _ask_for_place(visit, now=now)
    if visit.reservation is None:
        return visit.refusal, None
    gives_up, kind = _wish(visit, visit.reservation)
    if gives_up:
        gives_up = _give_up(visit, now=now)
        kind = kind if gives_up else Kind.CANCELLED_TOO_LATE
    if visit.confirmed_at is not None and not gives_up and not _tick(visit, now=now):
        kind = kind or Kind.CHECK_IN_NOT_TAKEN
    take_back_others(visit, kind)
    if kind is None:
        return "", None
    about = visit.confirmed_at if kind is Kind.CHECK_IN_NOT_TAKEN else visit.cancelled_at
    return "", open_conflict(visit, kind, about=about or now, now=now)[0]


def _wish(visit: Visit, reservation: Reservation) -> tuple[bool, Conflict.Kind | None]:
    """Is the place to be given up, and what do the two sides disagree about?

    Which came first is said by the moments, not by the order of the messages (Q11): a check-in beats a later cancel,
    and a cancelled booking is not revived by a later check-in.
    """
    cancelled, confirmed = visit.cancelled_at, visit.confirmed_at
    if cancelled is None:
        return False, None
    is_here = reservation.attendance == Attendance.CHECKED_IN and not is_ticked_by_them(reservation)
    if is_here or (confirmed is not None and confirmed < cancelled):
        return False, Kind.CANCELLED_AFTER_CHECK_IN
    if cancelled >= reservation.starts_at:
        return False, Kind.CANCELLED_TOO_LATE
    return True, Kind.CHECK_IN_AFTER_CANCEL if confirmed is not None else None


def _ask_for_place(visit: Visit, *, now: datetime) -> None:
    guest, connection = visit.guest, visit.connection
    if guest is None:
        return
    try:
        if visit.session is None:
            visit.refusal = "class_not_found"
        else:
            terms = terms_of(connection, visit.session)
            with transaction.atomic():
                done = bookings.reserve(
                    visit.session,
                    guest.member,
                    source=connection.marketplace_id,
                    action_id=_action(visit, "book"),
                    by=None,
                    now=now,
                )
                give_pass(visit, connection, guest, done.reservation, terms=terms, now=now)
    except Refused as refused:
        visit.refusal = str(refused.decision.refusal.question) if refused.decision.refusal else "refused"
    if visit.refusal:
        visit.save(update_fields=["refusal"])
    write_decision(visit)


def _give_up(visit: Visit, *, now: datetime) -> bool:
    """Cancel at the moment that the marketplace says; whether the place is given up now."""
    if _is_taken_back_by_a_person(visit):
        return False
    if visit.reservation is None or visit.reservation.booking != Booking.BOOKED:
        return True
    at = visit.cancelled_at
    try:
        with transaction.atomic():
            untick(visit, action_id=_action(visit, f"untick {at}"), now=now)
            visit.refresh_from_db(fields=["reservation"])
            cancel_place(visit, action_id=_action(visit, f"cancel {at}"), now=now, happened_at=at)
    except Refused:
        return False
    return True


def _tick(visit: Visit, *, now: datetime) -> bool:
    """Check the guest in, in the place that a later cancellation gave up if need be; whether they are in."""
    if visit.reservation is None:
        return False
    try:
        with transaction.atomic():
            if visit.reservation.booking != Booking.BOOKED:
                bookings.reinstate(
                    visit.reservation, action_id=_action(visit, f"again {visit.confirmed_at}"), by=None, now=now
                )
                visit.refresh_from_db(fields=["reservation"])
            tick(visit, action_id=_action(visit, f"tick {visit.confirmed_at}"), now=now)
    except Refused:
        return False
    return True


def _is_taken_back_by_a_person(visit: Visit) -> bool:
    """Staff have reinstated the booking after its cancellation: theirs is the last word."""
    if visit.reservation is None:
        return False
    again = visit.reservation.events.filter(kind=ReservationEvent.Kind.REINSTATED, by__isnull=False)
    return again.exists()


def _action(visit: Visit, step: str) -> UUID:
    return uuid5(visit.connection.hook, f"{visit.pk} {step}")
