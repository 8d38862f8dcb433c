"""A month of reservations as CSV (P7, Q38), written by PostgreSQL itself and passed on as it comes.

One COPY for each location, because a location's zone decides what its month and its hours are (Q15). This process never
holds more than one chunk.
"""

import csv
import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _

from bookings.invoices import ExtraColumn, ExtraColumns, invoices
from bookings.marketplaces import marketplaces
from bookings.models import CalendarItem, Reservation
from bookings.rules import State
from bookings.selectors.local_days import next_month, starting_within
from bookings.sources import NAMES
from bookings.states import FLAG_WORDS, STATE_WORDS
from packages.rules import Verdict
from portal.downloads import BOM, FORMULA_STARTS, defused, long_read, separator
from portal.models import Location, Studio

CHUNK_BYTES = 64 * 1024
ALL = Q()

_INSTANT = "to_char({}, 'YYYY-MM-DD\"T\"HH24:MI:SSTZH:TZM')"


@dataclass(frozen=True)
class Column:
    heading: str
    sql: str
    about_member: bool = False
    # What a workbook makes of the text: "moment", "number", "amount", or nothing for a text.
    kind: str = ""


def _columns() -> list[Column]:
    """Q38's columns, as far as their facts exist; their SQL speaks of what `_QUERY` joins."""
    states = " ".join(f"WHEN '{state}' THEN %(state_{state})s" for state in State)
    surname = "CASE member.last_name WHEN '' THEN '' ELSE ' ' || member.last_name END"
    flags = "r.flagged"
    for number, flag in enumerate(FLAG_WORDS):
        flags = f"replace({flags}, '{flag}', %(flag_{number})s)"
    # Nothing stands behind a visit that uses no package.
    counts = " ".join(f"WHEN '{one}' THEN %(counts_{one})s" for one in Verdict)
    kinds = " ".join(f"WHEN '{kind}' THEN %(kind_{kind})s" for kind in CalendarItem.Kind.values)
    known = " ".join(f"WHEN %(source_{at})s THEN %(source_name_{at})s" for at, _one in enumerate(NAMES.all()))
    names = f"CASE r.source {known} ELSE {_safe('r.source')} END" if known else _safe("r.source")
    return [
        Column(_("Month"), "%(month)s"),
        Column(_("Location"), "%(location)s"),
        Column(_("Class"), _safe("item.name")),
        Column(_("Kind"), f"CASE item.kind {kinds} END"),
        Column(_("Start"), _INSTANT.format("r.starts_at"), kind="moment"),
        Column(_("Teacher"), _safe("teacher.name")),
        Column(_("Member"), f"{_safe('member.first_name')} || {surname}", about_member=True),
        Column(_("Member number"), _safe("member.number"), about_member=True),
        Column(_("Source"), _safe("r.source")),
        Column(_("Booked at"), _INSTANT.format("r.booked_at"), kind="moment"),
        Column(_("Status"), f"CASE r.state_word {states} END"),
        Column(_("Checked in at"), _INSTANT.format("r.checked_in_at"), kind="moment"),
        Column(_("Checked in by"), f"CASE WHEN tick.there THEN {names} ELSE {_safe('person.name')} END"),
        Column(
            _("Minutes late"),
            "greatest(0, floor(date_part('epoch', r.checked_in_at - r.starts_at) / 60))",
            kind="number",
        ),
        Column(
            _("First visit"),
            "CASE WHEN CASE r.attendance WHEN 'checked_in' THEN first_visit.id = r.id"
            " ELSE r.booking = 'booked' AND first_visit.id IS NULL END THEN %(yes)s ELSE %(no)s END",
        ),
        Column(_("Cancelled at"), _INSTANT.format("r.cancelled_at"), kind="moment"),
        Column(_("Package"), _safe("package.name")),
        Column(
            _("Counts against package"), f"CASE WHEN r.purchase_id IS NOT NULL THEN CASE r.count_word {counts} END END"
        ),
        Column(_("To look at"), f"CASE WHEN r.flagged <> '' THEN {_safe(flags)} END"),
    ]


def _safe(sql: str) -> str:
    """The twin of `portal.downloads.defused` for what PostgreSQL writes.

    Two comparisons of bytes let nearly every text through, since no formula starts with a letter.
    """
    return (
        f"CASE WHEN ({sql} COLLATE \"C\" < 'A' OR {sql} COLLATE \"C\" >= '＋') AND {sql} <> ''"
        f" AND strpos(%(formula_starts)s, left({sql}, 1)) > 0 THEN '''' || {sql} ELSE {sql} END"
    )


# `r` is `Reservation.objects.with_state()`; `first_visit.id` is the twin of `with_first_visit()`, `tick.there` that of
# `with_ticked_there()`. No CTE: it would keep PostgreSQL from using its parallel workers.
_QUERY = """
COPY (
  SELECT {columns}
    FROM ({reservations}) r
    JOIN bookings_scheduledsession session ON session.id = r.session_id
    JOIN bookings_calendaritem item ON item.id = session.item_id
    LEFT JOIN portal_teacher teacher ON teacher.id = session.teacher_id
    JOIN portal_member member ON member.id = r.member_id
    LEFT JOIN packages_purchase purchase ON purchase.id = r.purchase_id
    LEFT JOIN packages_package package ON package.id = purchase.package_id
    LEFT JOIN LATERAL (
      SELECT visit.id
        FROM bookings_reservation visit
       WHERE visit.member_id = member.id AND visit.location_id = %(location_id)s AND visit.attendance = 'checked_in'
       ORDER BY visit.starts_at, visit.id
       LIMIT 1
    ) first_visit ON true
    {ticks}
    LEFT JOIN portal_stafflogin login ON login.id = r.checked_in_by_id
    LEFT JOIN portal_user person ON person.id = login.user_id
    {joins}
   ORDER BY r.starts_at, r.id
) TO STDOUT WITH (FORMAT csv, DELIMITER '{separator}')
"""
# Whether the marketplace made the tick; asked only where there is one.
_TICKS = """
    LEFT JOIN LATERAL (
      SELECT event.by_word = r.source AS there
        FROM bookings_reservationevent event
       WHERE event.reservation_id = r.id AND event.kind = 'checked_in'
         AND r.attendance = 'checked_in' AND r.checked_in_by_id IS NULL AND r.source NOT IN ('direct', 'desk', 'import')
       ORDER BY event.id DESC
       LIMIT 1
    ) tick ON true
"""
_NO_TICKS = "CROSS JOIN (SELECT false AS there) tick"


def month_columns(*, with_members: bool, money_of: Studio | None = None) -> list[Column]:
    """The columns of `month_as_csv`, in their order; those of money stand last, their SQL is of a location."""
    columns = [column for column in _columns() if with_members or not column.about_member]
    return columns + _more(invoices().headings(money_of) if money_of else [])


def _more(extra: Iterable[ExtraColumn]) -> list[Column]:
    return [Column(one.heading, one.sql, kind=one.kind) for one in extra]


def month_as_csv(
    locations: list[Location],
    month: date,
    *,
    now: datetime,
    with_members: bool,
    money_of: Studio | None = None,
    only: Q = ALL,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[bytes]:
    """The month's reservations at these locations as UTF-8 CSV in chunks, one row each, in the active language.

    `month` is its first day; `only` narrows the reservations, their `state_word` among it. Cells are safe to open in a
    spreadsheet (S11). Without `with_members` the columns about members are left out; `money_of` is the studio for
    who may see what its visits are worth. Closing the iterator midway cancels the query and gives the connection back.
    """
    columns = month_columns(with_members=with_members)
    headings = [column.heading for column in month_columns(with_members=with_members, money_of=money_of)]
    written = io.StringIO()
    csv.writer(written, delimiter=separator(), lineterminator="\n").writerow(headings)
    yield (BOM + written.getvalue()).encode()
    for location in locations:
        extra = invoices().columns(location, month, now=now) if money_of else ExtraColumns()
        select = ", ".join(column.sql for column in [*columns, *_more(extra.columns)])
        # Closed with this generator, so that a reader who goes away ends the query too.
        rows = _copied(location, month, select=select, extra=extra, only=only, now=now, chunk_bytes=chunk_bytes)
        with closing(rows) as chunks:
            yield from chunks


def _copied(
    location: Location, month: date, *, select: str, extra: ExtraColumns, only: Q, now: datetime, chunk_bytes: int
) -> Generator[bytes, None, None]:
    """One location's rows, joined to pieces: a write for each row would cost more than the row."""
    after = next_month(month)
    reservations = (
        Reservation.objects.filter(starting_within([location], month, after), studio_id=location.studio_id)
        .with_state(now)
        .with_count(now)
        .filter(only)
        .values(
            "id", "session_id", "member_id", "starts_at", "source", "booking", "attendance", "booked_at",
            "checked_in_at", "checked_in_by_id", "cancelled_at", "flagged", "state_word",
            "purchase_id", "count_word",
        )
    )  # fmt: skip
    with long_read(), connection.cursor() as cursor:
        inner, inner_params = reservations.query.sql_with_params()
        query = _QUERY.format(
            reservations=cursor.mogrify(inner, inner_params).replace("%", "%%"),
            columns=select,
            ticks=_TICKS if marketplaces().is_connected(location.studio_id) else _NO_TICKS,
            joins=extra.joins,
            separator=separator(),
        )
        cursor.execute("SELECT set_config('TimeZone', %s, true)", [location.zone])
        with cursor.copy(query, {**_facts(location, month), **extra.facts}) as rows:
            held = bytearray()
            for row in rows:
                held += row
                if len(held) >= chunk_bytes:
                    yield bytes(held)
                    held.clear()
            if held:
                yield bytes(held)


def _facts(location: Location, month: date) -> dict[str, Any]:
    return {
        "month": f"{month:%Y-%m}",
        "location": defused(location.name),
        "location_id": location.pk,
        **{f"kind_{kind}": str(word) for kind, word in CalendarItem.Kind.choices},
        **{f"state_{state}": str(word) for state, word in STATE_WORDS.items()},
        **{f"flag_{number}": str(words) for number, words in enumerate(FLAG_WORDS.values())},
        **{f"source_{at}": key for at, key in enumerate(NAMES.all())},
        **{f"source_name_{at}": defused(name) for at, name in enumerate(NAMES.all().values())},
        "formula_starts": FORMULA_STARTS,
        f"counts_{Verdict.COUNTED}": _("yes"),
        f"counts_{Verdict.NOT_COUNTED}": _("no"),
        f"counts_{Verdict.NOT_YET}": _("not yet"),
        "yes": _("yes"),
        "no": _("no"),
    }
