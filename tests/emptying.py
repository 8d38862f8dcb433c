"""Empty tables after a test with transactions of its own.

Django truncates all tables, a quarter of a second for the server; a test has filled a few, with a few rows.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.operations import DatabaseOperations

MANY = 1000  # rows in one table: from here on truncating is the faster way
#: Made by migrating: whoever finds them gone makes some anew, and remembers numbers that are taken back with a test.
KEPT = {"django_content_type", "auth_permission"}


def install() -> None:
    """From now on Django's flush deletes rows where there are any."""
    DatabaseOperations.execute_sql_flush = lambda self, _statements: empty(self)  # type: ignore[method-assign]


def empty(ops: DatabaseOperations) -> None:
    """Delete all rows, past the triggers that forbid it; waits for whoever still writes, as truncating does."""
    connection = ops.connection
    name = connection.ops.quote_name
    known = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [one for one in known if one not in KEPT]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(map(name, tables))} IN EXCLUSIVE MODE")
        counts = [f"SELECT '{one}', count(*) FROM (SELECT FROM {name(one)} LIMIT {MANY}) AS first" for one in tables]  # noqa: S608
        cursor.execute(" UNION ALL ".join(counts))
        rows = {table: count for table, count in cursor.fetchall() if count}
        if any(count == MANY for count in rows.values()):
            guarded = _guarded(cursor, tables)
            _switch(cursor, guarded, "DISABLE")
            cursor.execute(f"TRUNCATE {', '.join(map(name, tables))}")
            _switch(cursor, guarded, "ENABLE")
        elif rows:
            guarded = _guarded(cursor, rows)
            _switch(cursor, guarded, "DISABLE")
            steps = [f"DELETE FROM {name(one)}" for one in rows]  # noqa: S608
            steps += ["SET CONSTRAINTS ALL IMMEDIATE"]  # a row that is still referred to is noticed here
            cursor.execute("; ".join(steps))
            _switch(cursor, guarded, "ENABLE")


def _guarded(cursor: Any, tables: Iterable[str]) -> list[str]:
    """Those of these tables that have triggers of ours."""
    cursor.execute("SELECT DISTINCT relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid AND NOT tgisinternal")
    wanted = set(tables)
    return [one for (one,) in cursor.fetchall() if one in wanted]


def _switch(cursor: Any, tables: list[str], way: str) -> None:
    if tables:
        cursor.execute("; ".join(f'ALTER TABLE "{one}" {way} TRIGGER USER' for one in tables))
