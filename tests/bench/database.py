"""A database of the benchmark's own, filled by PostgreSQL itself, and gone at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import make_conninfo

SLUG = "bench"
MEMBERS, PEOPLE_A_CLASS = 5000, 20

# Sessions as (first, number of them, first start, time between two starts), each with its people.
_SESSIONS = """
INSERT INTO bookings_scheduledsession (studio_id, item_id, location_id, teacher_id, starts_at, ends_at, capacity,
                                       places_taken, places_held, places_kept, own, cancelled_reason, is_exclusive,
                                       version)
  SELECT 1, 1 + n %% 20, 1 + (1 + n %% 20) %% 2, 1 + n %% 10, at, at + interval '1 hour',
         greatest(40, %(people)s),
         0, 0, 0, '{}', '', false, 0
    FROM generate_series(0, %(sessions)s - 1) n,
         LATERAL (SELECT %(start)s::timestamptz + n * %(step)s::interval AS at) t;
"""

# Of 25 reservations of the past 20 came, 3 did not and 2 cancelled late; none of the future has been decided.
_RESERVATIONS = """
INSERT INTO bookings_reservation (studio_id, session_id, member_id, location_id, starts_at, ends_at, source, booking,
                                  booked_at, cancelled_at, excused, deadline_at, deadline_from, attendance,
                                  checked_in_at, checked_in_by_id, flagged, external_ref)
  SELECT 1, s.id, 1 + (s.id * 20 + n) * 7919 %% %(members)s, s.location_id, s.starts_at, s.ends_at,
         (ARRAY['direct', 'desk', 'wellpass', 'urban'])[1 + n %% 4],
         CASE WHEN late THEN 'late_cancelled' ELSE 'booked' END, s.starts_at - interval '2 days',
         CASE WHEN late THEN s.starts_at - interval '1 hour' END, false, s.starts_at - interval '12 hours', 'studio',
         CASE WHEN here THEN 'checked_in' WHEN absent THEN 'no_show' ELSE 'unknown' END,
         CASE WHEN here THEN s.starts_at + (n - 15) * interval '1 minute' END, CASE WHEN here THEN 1 END, '', ''
    FROM bookings_scheduledsession s, generate_series(0, %(people)s - 1) n,
         LATERAL (SELECT %(past)s AND (s.id * 20 + n) %% 25 < 2 AS late,
                         %(past)s AND (s.id * 20 + n) %% 25 BETWEEN 2 AND 4 AS absent,
                         %(past)s AND (s.id * 20 + n) %% 25 > 4 AS here) t
   WHERE s.id > %(after)s;
UPDATE bookings_scheduledsession s SET places_taken = taken
  FROM (SELECT session_id, count(*) FILTER (WHERE booking = 'booked') AS taken FROM bookings_reservation
         WHERE session_id > %(after)s GROUP BY 1) t WHERE s.id = t.session_id;
"""

_EVENTS = """
INSERT INTO bookings_reservationevent (studio_id, reservation_id, kind, action_id, occurred_at, by_id, by_word, before,
                                       after, version)
  SELECT 1, r.id, kind, gen_random_uuid(), at, CASE WHEN kind = 'checked_in' THEN 1 END, '', '{}',
         jsonb_build_object('booking', r.booking, 'attendance', r.attendance, 'excused', false), r.id
    FROM bookings_reservation r,
         LATERAL (VALUES ('reserved', r.booked_at),
                         (CASE WHEN r.checked_in_at IS NOT NULL THEN 'checked_in' WHEN r.booking <> 'booked'
                            THEN 'cancelled' WHEN r.attendance = 'no_show' THEN 'no_show' END, r.ends_at)) e (kind, at)
   WHERE kind IS NOT NULL;
INSERT INTO bookings_pulse (studio_id, version, changed_at)
  SELECT 1, max(version), now() FROM bookings_reservationevent;
"""


@contextmanager
def own_database(name: str) -> Iterator[str]:
    """A new, empty database on the server of DATABASE_URL; its URL. Dropped at the end."""
    server = os.environ["DATABASE_URL"]
    name = f"bench_{name}_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def fill(url: str, *, past: int) -> None:
    """Give the studio of `house.py` its `past` reservations, and the same today and next two weeks for all.

    The past lies in the month before this one, so that the month's CSV is all of it.
    """
    with psycopg.connect(url) as db:
        db.execute("SET timezone = 'Europe/Amsterdam'")
        without_checks(db, "NOT ENFORCED", "DISABLE")
        month = "date_trunc('month', now() - interval '1 month')"
        sessions = past // PEOPLE_A_CLASS
        first, step = db.execute(
            f"SELECT {month}, (date_trunc('month', now()) - {month} - interval '2 hours') / %s", [sessions]
        ).fetchone() or (None, None)
        add_sessions(db, sessions=sessions, start=first, step=step, past=True)
        today = db.execute("SELECT date_trunc('day', now()) + interval '7 hours'").fetchone() or (None,)
        add_sessions(db, sessions=12 * 15, start=today[0], step="2 hours", past=False)
        db.execute(_EVENTS)
        without_checks(db, "ENFORCED", "ENABLE")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM (ANALYZE, FREEZE)")


def add_sessions(
    db: psycopg.Connection, *, sessions: int, start: object, step: object, past: bool, people: int = PEOPLE_A_CLASS
) -> list[int]:
    """So many sessions with their people; the ids of the sessions."""
    [after] = db.execute("SELECT coalesce(max(id), 0) FROM bookings_scheduledsession").fetchone() or (0,)
    facts = {"sessions": sessions, "start": start, "step": step, "people": people, "past": past, "after": after}
    with psycopg.ClientCursor(db) as cursor:  # several statements at once need their values in the text
        cursor.execute(_SESSIONS + _RESERVATIONS, {**facts, "members": MEMBERS})
    return [pk for (pk,) in db.execute("SELECT id FROM bookings_scheduledsession WHERE id > %s ORDER BY id", [after])]


def without_checks(db: psycopg.Connection, foreign_keys: str, triggers: str) -> None:
    """Load a million rows without a look-up for each reference; ENFORCED again, all are checked at once."""
    for table, constraint in db.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        " AND conrelid::regclass::text LIKE 'bookings_%' AND conparentid = 0"
    ).fetchall():
        db.execute(f'ALTER TABLE {table} ALTER CONSTRAINT "{constraint}" {foreign_keys}')
    for table in ("bookings_reservation", "bookings_scheduledsession"):
        db.execute(f"ALTER TABLE {table} {triggers} TRIGGER places_are_counted")
