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

from marketplace.models import Connection
from marketplace.models.exchange import RAW
from portal.prepared import prepared_cursor

# So long the same key gets the same answer.
KEPT = timedelta(hours=24)
_ACTIONS = UUID("6b0c2f0e-6f0a-4a51-9d0e-0c8a4f1d2a77")

_GIVEN = """
SELECT fingerprint, status, body FROM marketplace_givenanswer
WHERE connection_id = %s AND key = %s AND created_at > %s AND status IS NOT NULL
"""
_KEEP = """
INSERT INTO marketplace_givenanswer (connection_id, key, fingerprint, status, body, created_at)
VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (connection_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = excluded.created_at
"""
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
    """The answer that belongs to a key, to the letter. `is_other`: the key came with another request."""

    is_other: bool
    status: int
    text: str


@contextmanager
def one_at_a_time(connection: Connection, key: str) -> Iterator[None]:
    """Who comes with the same key waits here until the first one's answer is kept, three seconds at most.

    A lock of the database's session and not of a transaction: while the answer is written, nobody waits for the studio.
    Whoever is killed in between leaves no lock; what they did is known by its action (`action_id_of`).
    """
    number = int.from_bytes(sha256(f"{connection.pk} {key}".encode()).digest()[:8], "big", signed=True)
    _ask("SELECT pg_advisory_lock(%s::bigint)", number)
    try:
        yield
    finally:
        with suppress(DatabaseError):  # an answer that could not be kept is told as such
            _ask("SELECT pg_advisory_unlock(%s::bigint)", number)


def given_answer(connection: Connection, key: str, fingerprint: str, *, now: datetime) -> Given | None:
    """What was answered under the key in the last 24 hours."""
    row = _ask(_GIVEN, connection.pk, key, now - KEPT)
    if row is None:
        return None
    known, status, body = row
    return Given(known != fingerprint, status, json.loads(body))


def keep_answer(connection: Connection, key: str, fingerprint: str, status: int, text: str, *, now: datetime) -> None:
    """The same key is answered so from now on, for 24 hours."""
    _ask(_KEEP, connection.pk, key, fingerprint, status, json.dumps(text), now)


def _ask(sql: str, *params: Any) -> Any:
    with prepared_cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchone() if cursor.description else None


def action_id_of(connection: Connection, key: str) -> UUID:
    """The same action for the same key, so that bookings know it, too."""
    return uuid5(_ACTIONS, f"{connection.pk} {key}")


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
                "path": _storable(heard.path, 500),
                "status": heard.status,
                "reason": _storable(heard.reason, 300),
                "session": heard.session_id,
                "booking_ref": heard.booking_ref[:100],
                "request": _storable(heard.request, RAW),
                "answer": _storable(heard.answer, RAW),
            },
        )


def _storable(text: str, most: int) -> str:
    """PostgreSQL keeps no NUL and no half characters."""
    return text[:most].replace("\0", "\ufffd").encode(errors="replace").decode()
