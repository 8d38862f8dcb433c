"""Rows as CSV and as JSON, written by PostgreSQL and handed on while they are read: no row becomes an object here.

A million rows are the same memory as one. What a value looks like is decided in one place, `_column`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from portal.downloads import FORMULA_STARTS
from portal.leaving.registry import Kind
from portal.models import Studio

# What no column is called: else it would be taken for that column.
ROW = "_whole_row"
AT_ONCE = 256 * 1024  # bytes handed on at a time
# Signs that no JSON of PostgreSQL's holds, so that COPY adds nothing to its lines.
_BARE = "(FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')"

TYPES: dict[type[Any], str] = {
    models.BooleanField: "boolean",
    models.DateTimeField: "date-time",
    models.DateField: "date",
    models.TimeField: "time",
    models.DecimalField: "decimal",
    models.IntegerField: "integer",
    models.UUIDField: "uuid",
    models.JSONField: "json",
    ArrayField: "list",
    models.FileField: "file",
    models.CharField: "text",
    models.TextField: "text",
}
TEXTS = {"text", "file"}


class UnknownType(Exception):
    """A field of a sort that the archive has no form for."""


def type_of(field: "models.Field[Any, Any]") -> str:
    """The type as the data dictionary has it. Raises UnknownType: bytes are files, no column."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    found = next((word for sort, word in TYPES.items() if isinstance(field, sort)), None)
    if found is None:
        raise UnknownType(f"{field.model._meta.label}.{field.name}")
    return found


def types_of(kind: Kind) -> list[str]:
    """One type for each of `kind.names`."""
    return [*(type_of(field) for field in kind.fields), *(one.type for one in kind.derived.values())]


def count(kind: Kind, studio: Studio, *, now: datetime) -> int:
    """How many rows the database has, asked apart from the reading of them."""
    return kind.rows(studio, now=now).order_by().values("pk").count()


def as_csv(kind: Kind, studio: Studio, *, now: datetime) -> Iterator[tuple[int, bytes]]:
    """(rows, bytes) at a time: UTF-8, commas, CRLF (RFC 4180), a head of names; nothing is NULL, "" an empty text.

    Texts that a spreadsheet would run get an apostrophe before them, as in each file of the house (S11).
    """
    yield 0, ",".join(kind.names).encode() + b"\r\n"
    columns = ", ".join(_column(at, word) for at, word in enumerate(types_of(kind)))
    rows = f"SELECT {columns} FROM ({_select(kind, studio, now)}) AS {_aliases(kind)}"  # noqa: S608 - our own names
    yield from _copied(f"COPY ({rows}) TO STDOUT (FORMAT csv)", end=b"\r\n")


def as_json_lines(kind: Kind, studio: Studio, *, now: datetime) -> Iterator[tuple[int, bytes]]:
    """(rows, bytes) at a time: an object a line, by the names of the columns. Decimals are texts: no parser rounds."""
    quote = connection.ops.quote_name
    named = ", ".join(
        f"c{at}{'::text' if word == 'decimal' else ''} AS {quote(name)}"
        for at, (name, word) in enumerate(zip(kind.names, types_of(kind), strict=True))
    )
    rows = f"SELECT {named} FROM ({_select(kind, studio, now)}) AS {_aliases(kind)}"  # noqa: S608 - our own names
    lines = f"SELECT row_to_json({ROW}) FROM ({rows}) AS {ROW}"  # noqa: S608
    yield from _copied(f"COPY ({lines}) TO STDOUT {_BARE}", end=b"\n")


def _aliases(kind: Kind) -> str:
    return f"{ROW}({', '.join(f'c{at}' for at in range(len(kind.names)))})"


def _select(kind: Kind, studio: Studio, now: datetime) -> str:
    rows = kind.rows(studio, now=now).values_list(*kind.values)
    return str(connection.ops.compose_sql(*rows.query.sql_with_params()))  # type: ignore[attr-defined] # PostgreSQL has it


def _column(at: int, word: str) -> str:
    """How a value stands in a CSV."""
    if word in TEXTS:
        starts = FORMULA_STARTS.replace("'", "''").encode("unicode_escape").decode()
        return f"CASE WHEN c{at} <> '' AND strpos(E'{starts}', left(c{at}, 1)) > 0 THEN '''' || c{at} ELSE c{at} END"
    if word == "date-time":
        return f"to_json(c{at}) #>> '{{}}'"  # ISO 8601 with the offset of the session's time zone
    if word == "list":
        return f"to_json(c{at})::text"
    return f"c{at}::text"


def _copied(statement: str, *, end: bytes) -> Iterator[tuple[int, bytes]]:
    """PostgreSQL sends a row a message; whoever writes the archive compares their number with what was counted."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        lines: list[bytes] = []
        size = 0
        for line in copy:
            lines.append(bytes(line[:-1]))
            lines.append(end)
            size += len(line)
            if size >= AT_ONCE:
                yield len(lines) // 2, b"".join(lines)
                lines, size = [], 0
        if lines:
            yield len(lines) // 2, b"".join(lines)
