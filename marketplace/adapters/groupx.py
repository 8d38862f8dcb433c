"""Marketplaces of the pull shape: they ask us and book with us, and hear by signed webhooks what has changed.

Every message is a POST to `Connection.address` by the Standard Webhooks convention; docs/marketplaces.md has the types.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils import timezone

from bookings.models import ReservationEvent
from marketplace import outside, webhooks
from marketplace.adapters import Answer, CallRefused, LockedOut, Spoken, Unanswered
from marketplace.models import Connection, Guest, Listing, Visit
from marketplace.rules import Offer, Operation

NAME = "groupx"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_LOCKED_OUT = frozenset({401, 403, 410})
_LATER = frozenset({408, 425, 429})
_GONE = {Operation.CANCEL: "session.cancelled", Operation.WITHDRAW: "session.withdrawn"}
# As long as a marketplace may ask to be left alone.
LONGEST_PAUSE = timedelta(hours=6)


class GroupX:
    """Translates, signs and posts. It knows the session by our number, so moving it is a change like any other."""

    can_move = True

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def tell(self, operation: Operation, listing: Listing, offer: Offer | None, *, key: UUID) -> Answer:
        data: dict[str, Any] = {"classId": str(listing.reference)}
        if offer is None:
            return self._send(_GONE[operation], data, key=key, subject=str(operation))
        return self._send("session.changed", data | shown(offer), key=key, subject=str(operation))

    def report(self, listing: Listing, event: ReservationEvent, *, key: UUID) -> Answer:
        reservation = event.reservation
        visit = Visit.objects.filter(reservation=reservation).select_related("guest").first()
        guest = visit.guest if visit else self._guest(reservation.member_id)
        if guest is None:  # booked for it at the desk, and never by it
            return Answer("The marketplace does not know this guest.")
        booking = visit.booking_ref if visit else ""
        data = {
            "bookingId": booking,
            "classId": str(listing.reference),
            "exerciserId": str(guest.key),
            "what": event.kind,
            "at": moment(event.occurred_at),
        }
        return self._send("attendance.changed", data, key=key, booking=booking, at=event.occurred_at)

    def decide(self, listing: Listing, visit: Visit, *, key: UUID) -> Answer:
        data = {
            "bookingId": visit.booking_ref,
            "classId": str(visit.session_id or ""),
            "decision": "accepted" if visit.reservation_id else "rejected",
            "reason": visit.refusal,
            "exerciserId": str(visit.guest.key) if visit.guest else "",
        }
        return self._send("booking.decided", data, key=key, booking=visit.booking_ref)

    def ping(self, *, key: UUID) -> Answer:
        if not self.connection.address:
            raise LockedOut("No address is set to which changes are sent.")
        return self._send("ping", {}, key=key)

    def _guest(self, member_id: int | None) -> Guest | None:
        return Guest.objects.filter(connection=self.connection, member=member_id).first()

    def _send(
        self,
        kind: str,
        data: dict[str, Any],
        *,
        key: UUID,
        subject: str = "",
        booking: str = "",
        at: datetime | None = None,
    ) -> Answer:
        """Raises Unanswered, LockedOut or CallRefused."""
        connection = self.connection
        if not connection.address:
            return Answer("It asks us, and has no address for news.")
        # The moment of this very attempt: it is what the signature is about.
        now = timezone.now()
        body = json.dumps({"type": kind, "timestamp": moment(at or now), "data": data}, ensure_ascii=False)
        secrets = connection.secrets(now)
        if not secrets:
            raise LockedOut("There is no secret to sign with.")
        headers = webhooks.headers(str(key), body.encode(), secrets, now=now)
        headers |= {"content-type": "application/json", "user-agent": "Tresen"}
        began = time.monotonic()
        heard: outside.Heard | None = None
        error: Exception | None = None
        try:
            heard = outside.post(connection.address, body=body.encode(), headers=headers)
        except (outside.Forbidden, outside.Unreached) as found:
            error = found
        spoken = Spoken(
            subject=subject or kind,
            at=now,
            milliseconds=round((time.monotonic() - began) * 1000),
            method="POST",
            path=urlsplit(connection.address).path or "/",  # what follows may be secret
            request=body,
            status=heard.status if heard else None,
            answer=_readable(heard.body, secrets) if heard else "",
            booking_ref=booking,
        )
        if isinstance(error, outside.Forbidden):
            raise LockedOut(str(error), spoken=spoken)
        if heard is None:
            raise Unanswered(str(error), spoken=spoken)
        return _judged(heard, spoken, now=now)


def shown(offer: Offer) -> dict[str, Any]:
    """A session as the marketplace should show it. `capacity` and `free` None: as many as come."""
    place, content, seats = offer.place, offer.content, offer.seats
    unlimited = seats.offered is None or seats.free is None
    capacity, booked = seats.including_own
    return {
        "stand": "selling" if offer.is_selling else "held",
        "startDateTime": moment(place.starts_at),
        "endDateTime": moment(content.ends_at),
        "locationId": place.location,
        "name": content.name,
        "kind": content.kind,
        "description": content.description,
        "room": content.room,
        "instructor": content.teacher,
        "freeUntil": moment(place.free_until),
        "capacity": None if unlimited else capacity,
        "booked": booked,
        "free": seats.free,
    }


def moment(at: datetime) -> str:
    """In UTC, as all of this API has it."""
    return at.astimezone(UTC).strftime(MOMENT)


def _readable(body: bytes, secrets: list[str]) -> str:
    """What somebody else wrote, without what proves who we are, and as PostgreSQL can keep it."""
    text = body.decode(errors="replace").replace("\0", "\ufffd")
    for secret in secrets:
        text = text.replace(secret, "[hidden]")
    return text


def _judged(heard: outside.Heard, spoken: Spoken, *, now: datetime) -> Answer:
    status = heard.status
    if 200 <= status < 300:
        return Answer(spoken.answer[:300], spoken=spoken)
    if 300 <= status < 400:
        raise LockedOut(f"{status}: it leads to another address, and is not followed.", spoken=spoken)
    text = f"{status} {spoken.answer[:200]}".strip()
    if status in _LOCKED_OUT:
        raise LockedOut(text, spoken=spoken)
    if status in _LATER or status >= 500:
        raise Unanswered(text, retry_after=retry_after(heard.headers.get("retry-after", ""), now=now), spoken=spoken)
    raise CallRefused(text, spoken=spoken)


def retry_after(text: str, *, now: datetime) -> timedelta:
    """What a `Retry-After` header asks for, in seconds or as a date; nothing where it cannot be read."""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return min(timedelta(seconds=int(text)), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return timedelta(0)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta(0)), LONGEST_PAUSE)
