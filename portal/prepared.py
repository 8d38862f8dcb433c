"""A cursor whose statements PostgreSQL plans once for each connection, and not each time.

Worth it where planning takes longer than the answer: statements with many tables that are asked many times a second.
Their text must be the same each time, with everything that differs as a parameter. Django's own cursors put parameters
into the text, so PostgreSQL plans each of their statements anew.
"""

from functools import cache
from types import SimpleNamespace
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, Model

# Only what comes through here is prepared: nothing else reaches this number.
_NEVER_BY_ITSELF = 10**9


class _Cursor(psycopg.Cursor[Any]):
    def execute(self, query: Any, params: Any = None, **options: Any) -> "_Cursor":
        try:
            return super().execute(query, params, prepare=True)
        finally:
            # Where Django looks for what was asked, when somebody listens.
            self._query = SimpleNamespace(query=query.encode())  # type: ignore[assignment]


def prepared_cursor() -> CursorWrapper:
    """As `connection.cursor()`: in the same transaction, with the same errors and the same notes of what was asked."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = _NEVER_BY_ITSELF
    connection.validate_thread_sharing()
    with connection.wrap_database_errors:
        cursor = _Cursor(raw)
    make = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return make(cursor)  # type: ignore[arg-type]  # they take any cursor of the library


def insert(row: Model) -> None:
    """`row.save(force_insert=True)` by a statement that is composed once for its model; no signal of saving is sent.

    For rows that are written many times a second. Raises IntegrityError as `save` does.
    """
    statement, fields, given_back = _insertion(type(row))
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with prepared_cursor() as cursor:
        cursor.execute(statement, values)
        for name, value in zip(given_back, cursor.fetchone(), strict=True):
            setattr(row, name, value)
    row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 - as `save` leaves it


@cache
def _insertion(model: type[Model]) -> "tuple[str, list[Field[Any, Any]], list[str]]":
    """What the database gives itself - the key, and columns with a default of its own - it says."""
    meta = model._meta
    theirs = [field for field in meta.concrete_fields if field.primary_key or field.has_db_default()]
    fields = [field for field in meta.concrete_fields if field not in theirs]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    returned = ", ".join(f'"{field.column}"' for field in theirs)
    statement = f'INSERT INTO "{meta.db_table}" ({columns}) VALUES ({places}) RETURNING {returned}'  # noqa: S608
    return statement, fields, [field.attname for field in theirs]
