"""What is kept of a call to our API: its answer under its `Idempotency-Key`, and its line in the sync log."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from marketplace.models import Connection
from marketplace.models.exchange import RAW
from portal.prepared import prepared_cursor

# So long the same key gets the same answer.
KEPT = timedelta(hours=24)
_ACTIONS = UUID("6b0c2f0e-6f0a-4a51-9d0e-0c8a4f1d2a77")

# Whoever comes second with a key waits here for the first one's commit, and finds its answer.
_TAKE = """
INSERT INTO marketplace_givenanswer AS given (connection_id, key, fingerprint, created_at)
VALUES (%(connection)s, %(key)s, %(fingerprint)s, %(now)s)
ON CONFLICT (connection_id, key) DO UPDATE
SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = excluded.created_at
WHERE given.created_at <= %(forgotten)s
RETURNING id
"""
# A line of the log decides nothing: the answer to a question does not wait until it is on the disk.
_NOTE = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', %(commit)s, true))
INSERT INTO marketplace_exchange (studio_id, connection_id, direction, at, milliseconds, subject, method, path, status,
                                  reason, session_id, booking_ref, attempt, request, answer)
SELECT %(studio)s, %(connection)s, 'in', %(at)s, %(milliseconds)s, %(subject)s, %(method)s, %(path)s, %(status)s,
       %(reason)s, (SELECT id FROM bookings_scheduledsession WHERE id = %(session)s), %(booking_ref)s, 1,
       %(request)s, %(answer)s
FROM quick
"""


@dataclass(frozen=True)
class Given:
    """The answer that belongs to a key, to the letter. `status` None: none yet, and this call is to find it."""

    pk: int
    is_other: bool  # the key came with another request
    status: int | None = None
    text: str = ""


def take_key(connection: Connection, key: str, fingerprint: str, *, now: datetime) -> Given:
    """Claim the key for this request, inside the caller's transaction; or find what was answered under it (24 hours).

    Waits while another request with the same key is being answered.
    """
    given: dict[str, Any] = {
        "connection": connection.pk,
        "key": key,
        "now": now,
        "forgotten": now - KEPT,
        "fingerprint": fingerprint,
    }
    with prepared_cursor() as cursor:
        cursor.execute(_TAKE, given)
        if taken := cursor.fetchone():
            return Given(taken[0], is_other=False)
        cursor.execute(
            "SELECT id, fingerprint, status, body FROM marketplace_givenanswer"
            " WHERE connection_id = %(connection)s AND key = %(key)s",
            given,
        )
        pk, known, status, body = cursor.fetchone()
    return Given(pk, known != fingerprint, status, json.loads(body) if body else "")


def keep_answer(given: Given, status: int, text: str) -> None:
    """In the transaction of `take_key`: the same key is answered so from now on."""
    with prepared_cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_givenanswer SET status = %s, body = %s WHERE id = %s",
            [status, json.dumps(text), given.pk],
        )


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
    """Write the line of a call. One that only asked is written without waiting for the disk."""
    with prepared_cursor() as cursor:
        cursor.execute(
            _NOTE,
            {
                "commit": "off" if heard.method in {"GET", "HEAD"} else "on",
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
