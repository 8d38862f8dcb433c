"""One row with the rows that it points to, read by SQL that is composed once.

Django composes a query anew each time that it is asked, which for a row with three relations takes longer than
PostgreSQL takes to answer. Worth it only for what every tick at the counter reads.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import ForeignKey, Model

from portal.prepared import prepared_cursor

M = TypeVar("M", bound=Model)
_CONDITION = "/* condition */"


class Joined(Generic[M]):
    """`Joined(Reservation, "session").first("reservation.id = %s", [pk])` answers as `select_related` would.

    The relations are foreign keys that are never null. In a condition, tables go by the name of the model and of the
    relations. `lock`: FOR UPDATE of the model's own row. `more`: further SQL expressions, for `rows`. `prepared`: it is
    planned once for a connection (`portal.prepared`); its conditions are then few and always the same.
    """

    def __init__(
        self,
        model: type[M],
        *relations: str,
        lock: bool = False,
        more: Sequence[str] = (),
        prepared: bool = False,
    ) -> None:
        self._model, self._relations, self._lock, self._more = model, relations, lock, more
        self._prepared = prepared

    def first(self, condition: str, params: Sequence[Any] | Mapping[str, Any]) -> M | None:
        """A row for which the SQL `condition` holds, or None."""
        found = next(iter(self.rows(f"{condition} LIMIT 1", params)), None)
        return found[0] if found else None

    def rows(self, condition: str, params: Sequence[Any] | Mapping[str, Any]) -> list[tuple[M, list[Any]]]:
        """All rows for which `condition` holds, which may go on with ORDER BY and LIMIT; with each its `more`."""
        with prepared_cursor() if self._prepared else connection.cursor() as cursor:
            cursor.execute(self._sql.replace(_CONDITION, condition), params)
            return [self._row(iter(row)) for row in cursor.fetchall()]

    def _row(self, values: Iterator[Any]) -> tuple[M, list[Any]]:
        found: M = _take(self._model, values)
        for key in self._keys:
            key.set_cached_value(found, _take(key.remote_field.model, values))
        return found, list(values)

    @cached_property
    def _keys(self) -> "list[ForeignKey[Any, Any]]":
        return [self._model._meta.get_field(name) for name in self._relations]  # type: ignore[misc]

    @cached_property
    def _sql(self) -> str:
        base = self._model._meta
        tables = {base.model_name: base} | {key.name: key.remote_field.model._meta for key in self._keys}
        columns = [f'"{name}"."{field.column}"' for name, meta in tables.items() for field in meta.concrete_fields]
        joins = [
            f'JOIN "{tables[key.name].db_table}" "{key.name}"'
            f' ON "{key.name}"."{key.target_field.column}" = "{base.model_name}"."{key.column}"'
            for key in self._keys
        ]
        lock = f' FOR UPDATE OF "{base.model_name}"' if self._lock else ""
        source = f'"{base.db_table}" "{base.model_name}" {" ".join(joins)}'
        return f"SELECT {', '.join([*columns, *self._more])} FROM {source} WHERE {_CONDITION}{lock}"  # noqa: S608


def _take(model: type[Model], values: Iterator[Any]) -> Any:
    """An object of the model from as many values as it has columns."""
    names, converters = _columns(model)
    own = list(islice(values, len(names)))
    for at, convert in converters:
        own[at] = convert(own[at], None, connection)
    return model.from_db(connection.alias, names, own)


@cache
def _columns(model: type[Model]) -> tuple[list[str], list[tuple[int, Callable[..., Any]]]]:
    """The attributes in the order of the columns, and what makes Python values of those that are JSON or alike."""
    fields = model._meta.concrete_fields
    converters = [(at, convert) for at, field in enumerate(fields) for convert in field.get_db_converters(connection)]
    return [field.attname for field in fields], converters
