"""Many rows of invented past, written by COPY: a year of a studio is a hundred thousand of them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, models

_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_CHUNK = 2000  # rows


def keys(model: type[models.Model], count: int) -> Iterator[int]:
    """So many primary keys to come, in order, so that rows can name each other before they are written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return iter([key for (key,) in cursor.fetchall()])


def copy(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write the rows, values in the order of `columns`; PostgreSQL's triggers and constraints look at each."""
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    statement = f"COPY {connection.ops.quote_name(model._meta.db_table)} ({names}) FROM STDIN"
    # All of them first: a row that asks the database something would wait for ever for the copy to end.
    lines = ["\t".join([_cell(value) for value in row]) + "\n" for row in rows]
    with connection.cursor() as cursor, cursor.copy(statement) as target:
        for first in range(0, len(lines), _CHUNK):
            target.write("".join(lines[first : first + _CHUNK]))


def copy_objects(model: type[models.Model], objects: Sequence[models.Model]) -> None:
    """The same of objects that bear their keys, and a value where the database would have filled one in."""
    names = [field.attname for field in model._meta.concrete_fields]
    columns = [field.column or field.attname for field in model._meta.concrete_fields]
    copy(model, columns, ([getattr(one, name) for name in names] for one in objects))


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> str:
    """As PostgreSQL reads it in a COPY; most values are of a few exact types, and there are millions of them."""
    write = _CELLS.get(type(value))
    if write is not None:
        return write(value)
    return str(value).translate(_ESCAPED)


def _array(words: list[str]) -> str:
    return "{" + ",".join(words) + "}"


_CELLS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _none: "\\N",
    int: str,
    bool: str,
    str: lambda text: text.translate(_ESCAPED) if "\\" in text or not text.isprintable() else text,
    datetime: datetime.isoformat,
    date: date.isoformat,
    dict: lambda value: as_json(value).translate(_ESCAPED),
    list: _array,  # of words without commas
}
