"""Webhooks of marketplaces: proved, kept and answered at once; what they ask for is done by a worker."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.db import transaction

from bookings.models import ScheduledSession
from marketplace import limits, webhooks
from marketplace.actions.exchanging import note
from marketplace.actions.handling import enqueue_message
from marketplace.actions.inbox import store
from marketplace.adapters import Spoken
from marketplace.models import Connection, Exchange, InboxMessage
from marketplace.rules.contents import content_of

LONGEST_MESSAGE = 128 * 1024  # bytes of one message
_UNREAD = f"A message is JSON of {LONGEST_MESSAGE // 1024} KiB at most."
_TOO_MANY = "Too many messages from this address could not be taken: try again later."
_PROOFS = (InboxMessage.Proof.CURRENT, InboxMessage.Proof.PREVIOUS)


@dataclass(frozen=True)
class Delivery:
    """One POST of a marketplace, as it came. Names of headers in lower case; `body`: the raw bytes, or the status that
    says why they were not read (413: more than `LONGEST_MESSAGE`); `began`: `time.monotonic()` when it arrived;
    `sender`: the address of the network that it came from.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | HTTPStatus
    began: float
    sender: str


@dataclass(frozen=True)
class Received:
    """The answer. `reason`: why it was not taken, or what there is to say about it; `retry_after`: seconds."""

    status: HTTPStatus
    reason: str = ""
    id: str = ""
    retry_after: int | None = None


def receive(hook: UUID, delivery: Delivery, *, now: datetime) -> Received:
    """Keep one message and have a worker apply it, in one transaction; each delivery is a line of the log.

    404 for a hook that nobody has, 410 for an ended connection, 413, 401 without a right signature, 400 outside of the
    tolerance (`WEBHOOK_TOLERANCE`), 403 before the connection is live, 429 for whoever sends too much that is not
    taken. A copy is answered as the first one was, and nothing else is done.
    """
    connection = Connection.objects.filter(hook=hook).first()
    if connection is None:
        return Received(HTTPStatus.NOT_FOUND, "There is no such address for webhooks.")
    if connection.state == Connection.State.ENDED:
        return _refuse(connection, delivery, HTTPStatus.GONE, "The studio has ended this connection.", now=now)
    if isinstance(delivery.body, HTTPStatus):
        return _refuse(connection, delivery, delivery.body, _UNREAD, now=now)
    try:
        signed = webhooks.verify(
            delivery.headers,
            delivery.body,
            connection.secrets(now),
            now=now,
            tolerance=settings.WEBHOOK_TOLERANCE,
        )
    except webhooks.Unproven as error:
        return _refuse(connection, delivery, HTTPStatus.UNAUTHORIZED, str(error), now=now)
    except webhooks.Untimely as error:
        return _refuse(connection, delivery, HTTPStatus.BAD_REQUEST, str(error), now=now)
    if not connection.is_told:
        text = "The connection is not live yet."
        return _refuse(connection, delivery, HTTPStatus.FORBIDDEN, text, now=now)
    return _keep(connection, delivery, delivery.body, signed, now=now)


def _keep(
    connection: Connection, delivery: Delivery, body: bytes, signed: webhooks.Signed, *, now: datetime
) -> Received:
    with transaction.atomic():
        message, is_new = store(
            connection,
            proof=_PROOFS[signed.secret],
            method=delivery.method,
            path=delivery.path,
            headers=delivery.headers,
            body=body,
            key=signed.id,
        )
        if is_new:
            enqueue_message(message)
        reason = " ".join(text for text in ("" if is_new else _of_copy(message, body), signed.remark) if text)
        received = Received(HTTPStatus.ACCEPTED, reason, id=signed.id)
        _log(connection, delivery, received, body=body, now=now)
    return received


def _of_copy(message: InboxMessage, body: bytes) -> str:
    kept = bytes(message.body)
    if kept and kept != body:
        return "Another message with the same id was kept before: this one is left aside."
    return "A copy of a message that was kept before."


def _refuse(connection: Connection, delivery: Delivery, status: HTTPStatus, reason: str, *, now: datetime) -> Received:
    """What is not known to be the marketplace's is not kept, only that it came, and why it was refused.

    Counted by address, as wrong proofs of the API are: whoever sends in a loop fills no log, and holds up nobody whose
    messages are right.
    """
    if excess := limits.excess_of_wrong_proofs(delivery.sender):
        status, reason = HTTPStatus.TOO_MANY_REQUESTS, _TOO_MANY
    received = Received(status, reason, retry_after=limits.seconds_left() if excess else None)
    if excess <= 1:
        _log(connection, delivery, received, body=b"", now=now)
    return received


def _log(connection: Connection, delivery: Delivery, received: Received, *, body: bytes, now: datetime) -> None:
    content = content_of(body)
    spoken = Spoken(
        subject=content.type or "webhook",
        at=now,
        milliseconds=round((time.monotonic() - delivery.began) * 1000),
        method=delivery.method,
        path=delivery.path,
        request=body.decode(errors="replace"),
        status=received.status,
        booking_ref=content.word("bookingId"),
    )
    session_id = _session(connection, content.word("classId"))
    note(connection, Exchange.Direction.IN, spoken, reason=received.reason, session_id=session_id)


def _session(connection: Connection, number: str) -> int | None:
    if not number.isascii() or not number.isdecimal() or len(number) > 18:
        return None
    found = ScheduledSession.objects.filter(studio=connection.studio_id, pk=int(number))
    return found.values_list("pk", flat=True).first()
