"""What is kept of a call to our API: its answer under its `Idempotency-Key`, and its line in the sync log."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from django.db import DatabaseError

from marketplace.actions.exchanging import storable
from marketplace.models import Connection
from marketplace.models.exchange import RAW
from portal.prepared import prepared_cursor

# So long the same key gets the same answer.
KEPT = timedelta(hours=24)
_ACTIONS = UUID("6b0c2f0e-6f0a-4a51-9d0e-0c8a4f1d2a77")

# It is on the disk before what is done under the key is, so nobody waits for it. No row: the key is known already.
_BEGIN = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO marketplace_givenanswer AS given (connection_id, key, fingerprint, created_at)
SELECT %(connection)s, %(key)s, %(fingerprint)s, %(now)s FROM quick
ON CONFLICT (connection_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = excluded.created_at
WHERE given.created_at <= %(since)s
RETURNING id, created_at, fingerprint, status, body
"""
_KNOWN = """
SELECT id, created_at, fingerprint, status, body FROM marketplace_givenanswer
WHERE connection_id = %(connection)s AND key = %(key)s
"""
_KEEP = "UPDATE marketplace_givenanswer SET status = %(status)s, body = %(body)s WHERE id = %(id)s"
_FORGET = "DELETE FROM marketplace_givenanswer WHERE id = %(id)s AND status IS NULL"
# A line of the log decides nothing: the answer does not wait until it is on the disk.
_NOTE = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO marketplace_exchange (studio_id, connection_id, direction, at, milliseconds, subject, method, path, status,
                                  reason, session_id, booking_ref, attempt, request, answer)
SELECT %(studio)s, %(connection)s, 'in', %(at)s, %(milliseconds)s, %(subject)s, %(method)s, %(path)s, %(status)s,
       %(reason)s, (SELECT id FROM bookings_scheduledsession WHERE id = %(session)s), %(booking_ref)s, 1,
       %(request)s, %(answer)s
FROM quick
"""


@dataclass(frozen=True)
class Given:
    """What is known of a key: the answer that belongs to it, to the letter, or None while there is none.

    `is_other`: the key came with another request. `action_id`: the same for all calls of one question, so that bookings
    know it, too.
    """

    id: int
    is_other: bool
    action_id: UUID
    answer: tuple[int, str] | None


@contextmanager
def one_at_a_time(connection: Connection, key: str) -> Iterator[None]:
    """Who comes with the same key waits here until the first one's answer is kept, three seconds at most.

    A lock of the database's session and not of a transaction: while the answer is written, nobody waits for the studio.
    Whoever is killed in between leaves no lock; what they did is known by its action (`Given.action_id`).
    """
    number = int.from_bytes(sha256(f"{connection.pk} {key}".encode()).digest()[:8], "big", signed=True)
    _ask("SELECT pg_advisory_lock(%(number)s::bigint)", number=number)
    try:
        yield
    finally:
        with suppress(DatabaseError):  # an answer that could not be kept is told as such
            _ask("SELECT pg_advisory_unlock(%(number)s::bigint)", number=number)


def begin_answer(connection: Connection, key: str, fingerprint: str, *, now: datetime) -> Given:
    """Write down that the key is asked, or find what is known of it; after 24 hours it is a new question."""
    asked = {"connection": connection.pk, "key": key, "fingerprint": fingerprint, "now": now, "since": now - KEPT}
    # Again: what is known may be forgotten for its age in between.
    row = _ask(_BEGIN, **asked) or _ask(_KNOWN, **asked) or _ask(_BEGIN, **asked)
    number, begun_at, known, status, body = row
    return Given(
        id=number,
        is_other=known != fingerprint,
        action_id=uuid5(_ACTIONS, f"{number} {begun_at.timestamp()}"),
        answer=None if status is None else (status, json.loads(body)),
    )


def keep_answer(given: Given, status: int, text: str) -> None:
    """The same key is answered so until 24 hours after it was asked first."""
    _ask(_KEEP, id=given.id, status=status, body=json.dumps(text))


def forget_answer(given: Given) -> None:
    """Nothing was done: the key is as good as one that was never sent."""
    _ask(_FORGET, id=given.id)


def _ask(sql: str, **params: Any) -> Any:
    with prepared_cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() if cursor.description else None


@dataclass(frozen=True)
class Heard:
    """One call to our API and what was answered, for the log."""

    subject: str
    method: str
    path: str
    at: datetime
    milliseconds: int
    status: int
    reason: str = ""
    session_id: int | None = None
    booking_ref: str = ""
    request: str = ""
    answer: str = ""


def note_heard(connection: Connection, heard: Heard) -> None:
    """Write the line of a call, without waiting for the disk."""
    with prepared_cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "studio": connection.studio_id,
                "connection": connection.pk,
                "at": heard.at,
                "milliseconds": heard.milliseconds,
                "subject": heard.subject,
                "method": heard.method,
                "path": storable(heard.path, 500),
                "status": heard.status,
                "reason": storable(heard.reason, 300),
                "session": heard.session_id,
                "booking_ref": storable(heard.booking_ref, 100),
                "request": storable(heard.request, RAW),
                "answer": storable(heard.answer, RAW),
            },
        )
