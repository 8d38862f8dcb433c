"""A studio for practice goes with all that it has. No other can be erased: migration 0013 and its like refuse."""

from collections.abc import Iterator

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.files.storage import Storage
from django.db import connection, models, transaction

from portal.models import Studio


class NotForPractice(Exception):
    """This studio is a real one."""


@transaction.atomic
def erase(studio: Studio) -> int:
    """Delete the practice studio with every row that hangs on it, whatever app keeps it; how many rows there were.

    Files go when the transaction is committed. Raises NotForPractice.
    """
    if not studio.is_practice:
        raise NotForPractice(studio.slug)
    files, gone = list(_files_of(studio)), 0
    with connection.cursor() as cursor:
        for model, path in belongings():
            rows = model._default_manager.filter(**{path: studio.pk}).order_by().values("pk")
            wanted, parameters = rows.query.sql_with_params()
            quote = connection.ops.quote_name
            table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
            cursor.execute(f"DELETE FROM {table} WHERE {key} IN ({wanted})", parameters)  # noqa: S608
            gone += cursor.rowcount
        cursor.execute("DELETE FROM portal_studio WHERE id = %s", [studio.pk])
    for storage, name in files:
        transaction.on_commit(lambda storage=storage, name=name: storage.delete(name))  # type: ignore[misc]
    return gone


def _files_of(studio: Studio) -> Iterator[tuple[Storage, str]]:
    """Every file that a row of the studio, or the studio itself, holds: its logo, photos of people."""
    every: list[tuple[type[models.Model], str]] = [*belongings(), (Studio, "pk")]
    for model, path in every:
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                rows = model._default_manager.filter(**{path: studio.pk}).exclude(**{field.name: ""})
                for name in rows.values_list(field.name, flat=True):
                    yield field.storage, name


def belongings() -> list[tuple[type[models.Model], str]]:
    """Every table whose rows belong to one studio, and the way from its rows to that studio ("purchase__studio").

    The farthest come first, so that each way still stands when it is gone. PostgreSQL checks references at the end.
    """
    every = [one for one in apps.get_models(include_auto_created=True) if one._meta.managed and not one._meta.proxy]
    paths: dict[type[models.Model], str] = {}
    found = True
    while found:
        found = False
        for model in every:
            path = None if model in paths or model is Studio else _way(model, paths)
            if path is not None:
                paths[model], found = path, True
    return sorted(paths.items(), key=lambda pair: (-pair[1].count("__"), pair[0]._meta.label))


def _way(model: type[models.Model], paths: dict[type[models.Model], str]) -> str | None:
    """Through a reference of its own; one that can be empty is no way."""
    try:
        own = model._meta.get_field("studio")
    except FieldDoesNotExist:
        own = None
    if isinstance(own, models.ForeignKey):
        return "studio"
    for field in model._meta.concrete_fields:
        if not isinstance(field, models.ForeignKey) or field.null:
            continue
        if field.related_model is Studio:
            return field.name
        if field.related_model in paths:
            return f"{field.name}__{paths[field.related_model]}"
    return None
