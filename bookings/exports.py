"""A month of reservations as CSV (P7, Q38), written by PostgreSQL itself and passed on as it comes.

One COPY for each location, because a location's zone decides what its month and its hours are (Q15). What a row says
once per session, member or login is written once for each of them; so a million rows cost little more than PostgreSQL's
own COPY, and this process never holds more than one chunk.
"""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from bookings.models import CalendarItem, Reservation
from bookings.selectors.local_days import midnight, next_month, starting_within
from bookings.states import STATE_WORDS
from portal.models import Location

BOM = "\ufeff"
CHUNK_BYTES = 64 * 1024
# A browser on a slow line reads at its own pace. The connection's own limits are for pages.
LONGEST_EXPORT = "10min"
# A cell that begins with one of these is a formula to a spreadsheet (S11).
FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"  # the last four are the full-width forms

_INSTANT = "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM')"


def separator() -> str:
    """What spreadsheets of the reader's language split at: they write 1,5 in German and Dutch."""
    return ";" if get_language() in {"de", "nl"} else ","


@dataclass(frozen=True)
class Column:
    heading: str
    sql: str
    about_member: bool = False


def _columns() -> list[Column]:
    """Q38's columns, as far as their facts exist; `p`, `s`, `r` and `b` are what `_QUERY` joins."""
    return [
        Column(_("Month"), "%(month)s"),
        Column(_("Location"), "%(location)s"),
        Column(_("Class"), "s.class"),
        Column(_("Kind"), "s.kind"),
        Column(_("Start"), "s.start"),
        Column(_("Teacher"), "s.teacher"),
        Column(_("Member"), "p.name", about_member=True),
        Column(_("Member number"), "p.number", about_member=True),
        Column(_("Source"), _safe("r.source")),
        Column(_("Booked at"), _INSTANT.format("r.booked_at")),
        Column(_("Status"), "jsonb_extract_path_text(%(states)s::jsonb, r.state_word)"),
        Column(_("Checked in at"), _INSTANT.format("r.checked_in_at")),
        Column(_("Checked in by"), "b.name"),
        Column(_("Minutes late"), "greatest(0, floor(extract(epoch FROM r.checked_in_at - r.starts_at) / 60)::int)"),
        Column(
            _("First visit"),
            "CASE WHEN CASE r.attendance WHEN 'checked_in' THEN p.first_visit_id = r.id"
            " ELSE r.booking = 'booked' AND p.first_visit_id IS NULL END THEN %(yes)s ELSE %(no)s END",
        ),
        Column(_("Cancelled at"), _INSTANT.format("r.cancelled_at")),
        Column(_("To look at"), _safe("nullif(r.flagged, '')")),
    ]


def _safe(sql: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run (S11)."""
    return f"CASE WHEN {sql} <> '' AND strpos(%(formula_starts)s, left({sql}, 1)) > 0 THEN '''' || {sql} ELSE {sql} END"


# The innermost SELECT is `Reservation.objects.with_state()`; `first_visit_id` is the twin of `with_first_visit()`.
_QUERY = f"""
COPY (
  WITH r AS NOT MATERIALIZED ({{reservations}}),
  s AS MATERIALIZED (
    SELECT session.id, {_safe("item.name")} AS class, jsonb_extract_path_text(%(kinds)s::jsonb, item.kind) AS kind,
           {_INSTANT.format("session.starts_at")} AS start, {_safe("teacher.name")} AS teacher
      FROM bookings_scheduledsession session
      JOIN bookings_calendaritem item ON item.id = session.item_id
      LEFT JOIN portal_teacher teacher ON teacher.id = session.teacher_id
     WHERE session.location_id = %(location_id)s AND session.starts_at >= %(start)s AND session.starts_at < %(end)s
  ),
  p AS MATERIALIZED (
    SELECT member.id, {_safe("concat_ws(' ', member.first_name, nullif(member.last_name, ''))")} AS name,
           {_safe("member.number")} AS number,
           (SELECT visit.id FROM bookings_reservation visit
             WHERE visit.member_id = member.id AND visit.location_id = %(location_id)s
               AND visit.attendance = 'checked_in'
             ORDER BY visit.starts_at, visit.id LIMIT 1) AS first_visit_id
      FROM portal_member member
     WHERE member.id IN (SELECT member_id FROM r)
  ),
  b AS MATERIALIZED (
    SELECT login.id, {_safe("person.name")} AS name
      FROM portal_stafflogin login JOIN portal_user person ON person.id = login.user_id
     WHERE login.studio_id = %(studio_id)s
  )
  SELECT {{columns}}
    FROM r JOIN s ON s.id = r.session_id JOIN p ON p.id = r.member_id LEFT JOIN b ON b.id = r.checked_in_by_id
   ORDER BY r.starts_at, r.id
) TO STDOUT WITH (FORMAT csv, DELIMITER '{{separator}}')
"""  # noqa: S608  # put together from this module's own words; every fact is a parameter


def month_as_csv(
    locations: list[Location], month: date, *, now: datetime, with_members: bool, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """The month's reservations at these locations as UTF-8 CSV in chunks, one row each, in the active language.

    `month` is its first day. Cells are safe to open in a spreadsheet (S11). Without `with_members` the columns about
    members are left out. Closing the iterator midway cancels the query and gives the connection back.
    """
    columns = [column for column in _columns() if with_members or not column.about_member]
    heading = io.StringIO()
    csv.writer(heading, delimiter=separator(), lineterminator="\n").writerow(column.heading for column in columns)
    yield (BOM + heading.getvalue()).encode()
    select = ", ".join(column.sql for column in columns)
    for location in locations:
        with closing(_copied(location, month, select=select, now=now)) as rows:
            yield from _chunks(rows, chunk_bytes)


def _copied(location: Location, month: date, *, select: str, now: datetime) -> Iterator[bytes | memoryview]:
    after = next_month(month)
    reservations = (
        Reservation.objects.filter(starting_within([location], month, after), studio_id=location.studio_id)
        .with_state(now)
        .values(
            "id", "session_id", "member_id", "starts_at", "source", "booking", "attendance", "booked_at",
            "checked_in_at", "checked_in_by_id", "cancelled_at", "flagged", "state_word",
        )
    )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        inner, inner_params = reservations.query.sql_with_params()
        query = _QUERY.format(
            reservations=cursor.mogrify(inner, inner_params).replace("%", "%%"), columns=select, separator=separator()
        )
        # Off first: a running limit is not moved by setting another one.
        cursor.execute("SET LOCAL transaction_timeout = 0")
        for limit in ("transaction_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {limit} = '{LONGEST_EXPORT}'")
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [location.zone])
        with cursor.copy(query, _facts(location, month, after)) as rows:
            yield from rows


def _facts(location: Location, month: date, after: date) -> dict[str, Any]:
    return {
        "month": f"{month:%Y-%m}",
        "location": defused(location.name),
        "location_id": location.pk,
        "studio_id": location.studio_id,
        "start": midnight(month, location.tz),
        "end": midnight(after, location.tz),
        "kinds": json.dumps({kind.value: str(kind.label) for kind in CalendarItem.Kind}),
        "states": json.dumps({state.value: str(word) for state, word in STATE_WORDS.items()}),
        "formula_starts": FORMULA_STARTS,
        "yes": _("yes"),
        "no": _("no"),
    }


def defused(text: str) -> str:
    """The twin of `_safe` for what is written from here."""
    return f"'{text}" if text[:1] and text[:1] in FORMULA_STARTS else text


def _chunks(rows: Iterator[bytes | memoryview], size: int) -> Iterator[bytes]:
    """Rows joined to pieces of about `size` bytes: a write for each row would cost more than the row."""
    held = bytearray()
    for row in rows:
        held += row
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
