"""The set-based statements: however many sessions a plan has, each of these is one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from bookings.models import Recurrence, ScheduledSession
from bookings.plans import SessionChange

# What differs from session to session when they are inserted, with the type of its array. A list travels as one text.
_VARYING = {
    "item_id": "bigint",
    "location_id": "bigint",
    "room_id": "bigint",
    "teacher_id": "bigint",
    "starts_at": "timestamptz",
    "ends_at": "timestamptz",
    "capacity": "smallint",
    "recurrence_id": "bigint",
    "occurs_on": "date",
    "own": "text",
    "is_exclusive": "boolean",
}
_SAME = [
    str(field.column)
    for field in ScheduledSession._meta.concrete_fields
    if not field.primary_key and field.column not in _VARYING
]
_INSERT = f"""
INSERT INTO bookings_scheduledsession ({", ".join([*_SAME, *_VARYING])})
SELECT {", ".join(["%s"] * len(_SAME))},
       {", ".join("string_to_array(own, ',')" if name == "own" else name for name in _VARYING)}
  FROM unnest({", ".join(f"%s::{kind}[]" for kind in _VARYING.values())}) AS made ({", ".join(_VARYING)})
    ON CONFLICT (recurrence_id, occurs_on) DO NOTHING
RETURNING id, item_id, location_id, recurrence_id, starts_at
"""  # noqa: S608 - names of columns

_MOVE = """
UPDATE bookings_scheduledsession AS session
   SET starts_at = becomes.starts_at, ends_at = becomes.ends_at, location_id = becomes.location_id,
       room_id = becomes.room_id, teacher_id = becomes.teacher_id, capacity = becomes.capacity,
       own = string_to_array(becomes.own, ','), occurs_on = becomes.occurs_on,
       recurrence_id = CASE WHEN becomes.in_series THEN %s ELSE session.recurrence_id END,
       places_kept = CASE WHEN places_taken + places_held > becomes.capacity THEN places_taken + places_held ELSE 0 END
  FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::bigint[], %s::bigint[],
              %s::smallint[], %s::text[], %s::date[], %s::boolean[])
       AS becomes (id, starts_at, ends_at, location_id, room_id, teacher_id, capacity, own, occurs_on, in_series)
 WHERE session.id = becomes.id
"""

# Nobody is worse off: the deadline moves along where that is later (Q27).
_MOVE_DEADLINES = """
UPDATE bookings_reservation AS reservation
   SET waived_until = coalesce(%s, waived_until), deadline_at = deadline_at + greatest(moved.by, interval '0')
  FROM unnest(%s::bigint[], %s::interval[]) AS moved (session_id, by)
 WHERE reservation.session_id = moved.session_id AND reservation.booking = 'booked'
"""

# In the room's fill order, who booked first first; who finds none left keeps the place without a spot (Q29).
_GIVE_OUT = """
WITH booked AS (
  SELECT r.id, session.room_id, row_number() OVER (PARTITION BY r.session_id ORDER BY r.booked_at, r.id) AS position
    FROM bookings_reservation r JOIN bookings_scheduledsession session ON session.id = r.session_id
   WHERE r.session_id = ANY(%s) AND r.booking = 'booked'
), free AS (
  SELECT id, room_id, row_number() OVER (PARTITION BY room_id ORDER BY fill_order) AS position
    FROM bookings_spot WHERE NOT is_blocked
)
UPDATE bookings_reservation AS reservation SET spot_id = free.id
  FROM booked LEFT JOIN free USING (room_id, position)
 WHERE reservation.id = booked.id
"""


def insert(studio_id: int, sessions: Sequence[ScheduledSession]) -> list[int]:
    """Insert these unsaved sessions of one studio; the keys of those that were not there yet. One statement.

    The sessions get their keys; one whose day the series had already stays without.
    """
    if not sessions:
        return []
    bare = ScheduledSession(studio_id=studio_id)
    same = [getattr(bare, field.attname) for field in bare._meta.concrete_fields if field.column in _SAME]
    varying = [[_plain(getattr(session, name)) for session in sessions] for name in _VARYING]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [*same, *varying])
        keys = {tuple(of): pk for pk, *of in cursor.fetchall()}
    for session in sessions:
        session.pk = keys.get((session.item_id, session.location_id, session.recurrence_id, session.starts_at))
    return list(keys.values())


def move(changes: Sequence[SessionChange], *, series: Recurrence | None) -> None:
    """Write what sessions become; reservations follow by their foreign key. One statement."""
    if not changes:
        return
    rows = [
        (
            change.session.pk,
            change.becomes.starts_at,
            change.becomes.ends_at,
            change.becomes.location.pk,
            change.becomes.room_id,
            change.becomes.teacher_id,
            change.becomes.capacity,
            ",".join(change.own),
            change.occurs_on,
            change.in_series,
        )
        for change in changes
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [series.pk if series else None, *map(list, zip(*rows, strict=True))])


def move_deadlines(changes: Sequence[SessionChange], *, waived_until: datetime | None) -> None:
    """Let everybody who is booked in these cancel as long before the start as before, and freely until `waived_until`.

    One statement.
    """
    if not changes:
        return
    shifts = [change.becomes.starts_at - change.was.starts_at for change in changes]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE_DEADLINES, [waived_until, [change.session.pk for change in changes], shifts])


def give_out_spots(session_ids: Collection[int]) -> None:
    """Give everybody in these sessions a spot of the room they are in now, or none. Two statements.

    Cleared first: one statement that swaps would meet the unique index halfway.
    """
    if not session_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE bookings_reservation SET spot_id = NULL WHERE session_id = ANY(%s) AND spot_id IS NOT NULL",
            [list(session_ids)],
        )
        cursor.execute(_GIVE_OUT, [list(session_ids)])


def _plain(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value
