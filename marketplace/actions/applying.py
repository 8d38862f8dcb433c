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
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from bookings import actions as bookings
from bookings.actions import Refused
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking
from marketplace.actions.conflicts import open_conflict, open_for_guest, take_back_others
from marketplace.actions.exchanging import storable
from marketplace.actions.guests import welcome
from marketplace.actions.inbox import conclude
from marketplace.actions.outbox import write_decision
from marketplace.actions.visits import (
    OURS,
    cancel_place,
    give_pass,
    is_denied,
    is_ticked_by_them,
    terms_of,
    tick,
    untick,
)
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
        if not isinstance(value, str) or storable(value, longest) != value or (needed and not value.strip()):
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
    came = _bring_up_to_date(visit, now=now)
    if visit.reservation is not None:
        _match_again(visit, now=now)
    return came


def _cancelled(connection: Connection, said: Said, now: datetime) -> Came:
    visit = _visit(connection, said.word("bookingId", needed=True))
    late = said.flag("late")
    since = _taken_back_at(visit)
    if visit.cancelled_at is None or said.at < visit.cancelled_at or (since is not None and since < said.at):
        visit.cancelled_at = said.at
    visit.cancelled_late = late if visit.cancelled_late is None else visit.cancelled_late or bool(late)
    visit.save(update_fields=["cancelled_at", "cancelled_late"])
    _match_again(visit, now=now)
    return _bring_up_to_date(_visit(connection, visit.booking_ref), now=now)


def _checked_in(connection: Connection, said: Said, now: datetime) -> Came:
    if number := said.word("bookingId"):
        visit = _visit(connection, number)
        visit.named_at = min(visit.named_at or said.at, said.at)
        _confirm(visit, said.at)
        return _bring_up_to_date(visit, now=now)
    guest = _guest(connection, said, now)
    place = connection.locations.filter(external_id=said.word("locationId")).select_related("location").first()
    named = said.word("classId")
    early = open_for_guest(
        connection,
        guest,
        location=place.location if place else None,
        session=_session(connection, named) if named else None,
        about=said.at,
        now=now,
    )
    return _match(early, now=now)


def _confirm(visit: Visit, at: datetime) -> None:
    visit.confirmed_at = min(visit.confirmed_at or at, at)
    visit.save(update_fields=["confirmed_at", "named_at"])


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
    """The visit of that booking, locked; made if this is the first that is heard of it. Raises Unreadable."""
    if number.startswith(OURS) and not Visit.objects.filter(connection=connection, booking_ref=number).exists():
        raise Unreadable("bookingId: unknown (numbers that begin so are given by us)")
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


def _match_again(visit: Visit, *, now: datetime) -> None:
    """More is known of this booking: look again at the guest's check-ins that named none."""
    for early in _unnumbered(visit):
        _match(early, now=now)


def _unnumbered(visit: Visit) -> list[Conflict]:
    """Check-ins of the guest that named no booking and may be of this class; no person has said anything of them."""
    if visit.session is None or visit.guest is None:
        return []
    found = Conflict.objects.filter(
        connection=visit.connection_id,
        guest=visit.guest_id,
        kind=Kind.CHECK_IN_WITHOUT_BOOKING,
        settled_by=None,
        about__gte=visit.session.starts_at - BEFORE_START,
        about__lte=visit.session.ends_at + AFTER_END,
    )
    return list(found.order_by("about").select_for_update(of=("self",)))


def _match(early: Conflict, *, now: datetime) -> Came:
    """Give a check-in to the one booking that it fits; with none, or more than one, a person has to say (7.3, row 10).

    Whichever came first: a second booking for that time takes it away from the first again.
    """
    fitting = _fitting(early)
    if len(fitting) == 1:
        visit = _visit(early.connection, fitting[0].booking_ref)
        if Conflict.objects.filter(visit=visit, kind=early.kind).exclude(pk=early.pk).exists():
            early.delete()  # the second of one visit
        else:
            early.visit, early.settled_at, early.verdict = visit, now, Conflict.Verdict.WAS_HERE
            early.save(update_fields=["visit", "settled_at", "verdict"])
        _confirm(visit, early.about)
        return _bring_up_to_date(visit, now=now)
    if early.visit is not None:
        _take_away(early, now=now)
    return "", early


def _fitting(early: Conflict) -> list[Visit]:
    """The guest's bookings of classes that run then, half an hour before and after included, of what it names.

    Those that were cancelled by then are none, whenever that was heard.
    """
    visits = Visit.objects.booked().filter(
        Q(cancelled_at=None) | Q(cancelled_at__gt=early.about),
        connection=early.connection_id,
        guest=early.guest_id,
        session__starts_at__lte=early.about + BEFORE_START,
        session__ends_at__gte=early.about - AFTER_END,
    )
    if early.session_id is not None:
        visits = visits.filter(session=early.session_id)
    if early.location_id is not None:
        visits = visits.filter(session__location=early.location_id)
    return list(visits.order_by("pk")[:2])


def _take_away(early: Conflict, *, now: datetime) -> None:
    """It is not clear any more whose check-in this is: the tick goes, and a person is asked."""
    visit = _visit(early.connection, early.visit.booking_ref) if early.visit else None
    if visit is not None and visit.confirmed_at == early.about:
        visit.confirmed_at = visit.named_at
        visit.save(update_fields=["confirmed_at"])
        if visit.confirmed_at is None:
            untick(visit, action_id=_action(visit, f"not clear {early.about}"), now=now)
    early.visit = early.settled_at = None
    early.verdict = ""
    early.save(update_fields=["visit", "settled_at", "verdict"])


def _bring_up_to_date(visit: Visit, *, now: datetime) -> Came:
    """Bring the reservation to what all that is known of the visit says; what a person has to settle is asked."""
    if visit.requested_at is None or visit.guest is None:
        return "", None  # its booking is on the way
    if visit.reservation is None and not visit.refusal:
        _ask_for_place(visit, now=now)
    if visit.reservation is None:
        return visit.refusal, None
    gives_up, kind = _wish(visit, visit.reservation)
    if gives_up and _is_taken_back(visit):
        gives_up, kind = False, None  # a person's word, after the cancellation
    elif gives_up:
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
    """Check the guest in, in the place that a later cancellation gave up if need be; whether they are in.

    Not where a person has said that they are not here, or taken a tick back since: that is for a person to say.
    """
    if visit.reservation is None or _is_unticked_since(visit) or is_denied(visit):
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


def _taken_back_at(visit: Visit) -> datetime | None:
    """When staff reinstated the booking after a cancellation, the last time."""
    return _last_by_a_person(visit, ReservationEvent.Kind.REINSTATED)


def _is_taken_back(visit: Visit) -> bool:
    """Staff have reinstated it since it was cancelled: theirs is the last word on that cancellation."""
    at = _taken_back_at(visit)
    return at is not None and visit.cancelled_at is not None and visit.cancelled_at < at


def _is_unticked_since(visit: Visit) -> bool:
    """Staff have taken back a tick after the marketplace's check-in, and the guest is not in."""
    at = _last_by_a_person(visit, ReservationEvent.Kind.CHECK_IN_REVERTED)
    is_in = visit.reservation is not None and visit.reservation.attendance == Attendance.CHECKED_IN
    return not is_in and at is not None and visit.confirmed_at is not None and visit.confirmed_at <= at


def _last_by_a_person(visit: Visit, kind: ReservationEvent.Kind) -> datetime | None:
    events = ReservationEvent.objects.filter(reservation=visit.reservation_id, kind=kind, by__isnull=False)
    return events.order_by("-id").values_list("occurred_at", flat=True).first()


def _action(visit: Visit, step: str) -> UUID:
    return uuid5(visit.connection.hook, f"{visit.pk} {step}")
