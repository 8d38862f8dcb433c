"""A cursor whose statements PostgreSQL plans once for each connection, and not each time.

Worth it where planning takes longer than the answer: statements with many tables that are asked many times a second.
Their text must be the same each time, with everything that differs as a parameter. Django's own cursors put parameters
into the text, so PostgreSQL plans each of their statements anew.
"""

from types import SimpleNamespace
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

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
