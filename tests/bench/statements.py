"""A statement of 100,000 lines beside a month of 100,000 visits: kept, read, matched; in how much time and memory."""

import csv
import io
import os
import resource
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from django.db import connection, transaction
from django.utils import timezone

from bookings.models import CalendarItem
from invoicing.imports import files, statements
from invoicing.models import Statement, StatementLine
from invoicing.rules import month_before, month_of
from marketplace.models import Connection, Contract, ContractTerms, Guest
from portal.imports.reading import Unreadable
from portal.models import Location, Member, Studio
from tests.bench.invoices import unguarded
from tests.bench.measures import MB, Row

BASE = 30_000_000  # the ids before it are the other benchmarks'
SESSIONS, PEOPLE, GUESTS = 5000, 20, 8000
LINES, FEW, TOO_MANY = SESSIONS * PEOPLE, 10_000, 1_000_000
LIMIT = 15
HEAD = (
    *("statement_period", "location_ref", "booking_ref", "member_ref", "member_name", "class_name"),
    *("starts_at_local", "event", "quantity", "unit_amount", "adjustment", "net", "tax", "currency"),
)

_VISITS = """
INSERT INTO bookings_scheduledsession (id, studio_id, item_id, location_id, starts_at, ends_at, capacity, places_taken,
                                       places_held, places_kept, own, cancelled_reason, is_exclusive, version)
  SELECT %(base)s + k, %(base)s, %(base)s, %(base)s, at, at + interval '1 hour', 40, %(people)s, 0, 0, '{}', '', false,
         0
    FROM generate_series(0, %(sessions)s - 1) k,
         LATERAL (SELECT %(month)s::timestamptz + interval '4 hours' + k * interval '7 minutes' AS at) t;
INSERT INTO bookings_reservation (id, studio_id, session_id, member_id, location_id, starts_at, ends_at, source,
                                  booking, booked_at, excused, deadline_at, deadline_from, attendance, checked_in_at,
                                  flagged, external_ref)
  SELECT %(base)s + (session.id - %(base)s) * %(people)s + n, session.studio_id, session.id,
         %(base)s + ((session.id - %(base)s) * %(people)s + n) %% %(guests)s,
         session.location_id, session.starts_at, session.ends_at, 'wellpass', 'booked',
         session.starts_at - interval '2 days', false, session.starts_at, 'contract',
         CASE WHEN n < 17 THEN 'checked_in' ELSE 'no_show' END, CASE WHEN n < 17 THEN session.starts_at END, '', ''
    FROM bookings_scheduledsession session, generate_series(0, %(people)s - 1) n WHERE session.id >= %(base)s;
INSERT INTO marketplace_visit (id, studio_id, connection_id, booking_ref, guest_id, session_id, reservation_id,
                               pass_name, requested_at, refusal, created_at)
  SELECT id, studio_id, studio_id, 'bench-' || id, member_id, session_id, id, 'wellpass', booked_at, '', now()
    FROM bookings_reservation WHERE id >= %(base)s;
"""
_STATED = """
SELECT 'x', 'here', visit.booking_ref, visit.guest_id, 'Kim', 'Class',
       to_char(booked.starts_at AT TIME ZONE 'Europe/Amsterdam', 'YYYY-MM-DD HH24:MI'),
       CASE WHEN booked.attendance = 'no_show' THEN 'no_show' ELSE 'check_in' END, 1, rate, 0,
       CASE WHEN visit.id %% 50 = 0 THEN rate - 1 ELSE rate END, 0.76, 'EUR'
  FROM marketplace_visit visit JOIN bookings_reservation booked ON booked.id = visit.reservation_id,
       LATERAL (SELECT CASE WHEN booked.attendance = 'no_show' THEN 4.20 ELSE 8.40 END AS rate) r
 WHERE visit.connection_id = %(base)s ORDER BY visit.id LIMIT %(lines)s
"""
_BARE = """
CREATE TEMPORARY TABLE stated (period text, location text, booking_ref text, member text, name text, class text,
  starts_at timestamp, event text, quantity numeric, unit numeric, adjustment numeric, net numeric, tax numeric,
  currency text)
"""
_TARGET = "CREATE TABLE bench_lines (LIKE invoicing_statementline INCLUDING ALL)"
_JOINED = """
INSERT INTO bench_lines (id, studio_id, statement_id, line, booking_ref, member_ref, member_name, class_name, period,
                         starts_at, event, theirs, visit_id, ours, verdict)
SELECT visit.id, visit.studio_id, 1, visit.id - %(base)s, stated.booking_ref, stated.member, stated.name, stated.class,
       stated.period, booked.starts_at, stated.event, stated.net, visit.id, stated.unit, 'matched'
  FROM stated
  JOIN marketplace_visit visit ON visit.connection_id = %(base)s AND visit.booking_ref = stated.booking_ref
  JOIN bookings_reservation booked ON booked.id = visit.reservation_id
"""


def statement_lines() -> Iterator[Row]:
    """Kept, read and matched, to COPY and one join into a like table; the peak of memory with few lines and many."""
    month = month_before(month_of(timezone.now().date()))
    there = furnish(month)
    file = csv_of(month, LINES)
    _read(there, csv_of(month, FEW))
    before, bare = _peak(), _bare(file)
    taken, statement = _read(there, file)
    grown = _peak() - before
    differing = StatementLine.objects.filter(statement=statement).differing().count()
    assert (statement.lines_read, statement.lines_refused, differing) == (LINES, 0, LINES // 50), differing
    bare = (bare + _bare(file)) / 2
    yield Row(
        f"a statement of {LINES:,} lines kept, read and matched, to COPY and one join into such a table",
        f"{taken / bare:.2f} ({taken:.1f} to {bare:.1f} s)",
        f"<= {LIMIT}.00",
        taken <= LIMIT * bare,
    )
    yield Row(f"  more memory at its peak than with {FEW:,} lines", f"{grown / MB:.0f} MB", "< 40 MB", grown < 40 * MB)
    began, before = time.perf_counter(), _peak()
    refused = _is_refused(there)
    words = f"refused, {time.perf_counter() - began:.1f} s, {(_peak() - before) / MB:.0f} MB" if refused else "taken"
    yield Row(f"  a statement of {TOO_MANY:,} lines", words, "refused", refused)


def furnish(month: date) -> Connection:
    with transaction.atomic():
        studio = Studio.objects.create(id=BASE, slug="bench-statements", name="Statements")
        Location.objects.create(id=BASE, studio=studio, slug="here", name="Here", country="NL")
        CalendarItem.objects.create(id=BASE, studio=studio, location_id=BASE, name="Class")
        keys = range(BASE, BASE + GUESTS)
        Member.objects.bulk_create(
            (Member(id=key, studio=studio, number=str(key), first_name="Kim") for key in keys), batch_size=5000
        )
        there = Connection.objects.create(
            id=BASE,
            studio=studio,
            marketplace_id="wellpass",
            activated_at=datetime.combine(month, datetime.min.time(), UTC),
        )
        contract = Contract.objects.create(id=BASE, studio=studio, connection=there)
        ContractTerms.objects.create(
            id=BASE,
            studio=studio,
            contract=contract,
            first_on=month,
            check_in_rate=Decimal("8.40"),
            no_show_rate=Decimal("4.20"),
            tax_category="S",
            tax_rate=Decimal(9),
        )
        Guest.objects.bulk_create(
            (Guest(id=key, studio=studio, connection=there, member_id=key, external_id=str(key)) for key in keys),
            batch_size=5000,
        )
    facts: dict[str, Any] = {"base": BASE, "sessions": SESSIONS, "people": PEOPLE, "guests": GUESTS, "month": month}
    tables = ("bookings_scheduledsession", "bookings_reservation", "marketplace_visit")
    with transaction.atomic(), connection.cursor() as cursor, unguarded(cursor, *tables):
        cursor.execute(_VISITS, facts)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return there


def csv_of(month: date, lines: int) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    with connection.cursor() as cursor:
        cursor.execute(_STATED, {"base": BASE, "lines": lines})
        writer.writerows([f"{month:%Y-%m}", *row[1:]] for row in cursor)
    return text.getvalue().encode()


def _read(there: Connection, file: bytes) -> tuple[float, Statement]:
    """Seconds from the first byte to the last verdict, and the statement."""
    began = time.perf_counter()
    now = timezone.now()
    chunks = (file[at : at + files.PIECE] for at in range(0, len(file), files.PIECE))
    statement = statements.upload(there, chunks, file_name="bench.csv", month=None, by=None, now=now)
    if statement.state == Statement.State.MAPPING:
        statements.begin(statement)
    statements.work_on(statement.pk, now=now, still_ours=lambda _lines: None)
    taken = time.perf_counter() - began
    statement.refresh_from_db()
    assert statement.state == Statement.State.MATCHED, statement.problem
    return taken, statement


def _bare(file: bytes) -> float:
    with psycopg.connect(os.environ["DATABASE_URL"]) as db, db.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(_BARE)
        with cursor.copy("COPY stated FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(file)
        cursor.execute("ANALYZE stated")
        cursor.execute(_TARGET)
        cursor.execute(_JOINED, {"base": BASE})
        db.commit()
        taken = time.perf_counter() - began
        cursor.execute("DROP TABLE bench_lines")
        return taken


def _is_refused(there: Connection) -> bool:
    line = b"2026-10,here,bench-1,1,Kim,Class,2026-10-01 10:00,check_in,1,8\n"
    piece = line * (files.PIECE // len(line))
    pieces = (piece for _ in range(TOO_MANY * len(line) // len(piece) + 1))
    try:
        statements.upload(there, pieces, file_name="much.csv", month=None, by=None, now=timezone.now())
    except Unreadable:
        return not Statement.objects.filter(file_name="much.csv").exists()
    return False


def _peak() -> int:
    """Bytes of memory that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
