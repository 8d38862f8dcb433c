"""Taking back what an import wrote: changed objects get their old values, made ones go, unless they were used since."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.db.models import Model, ProtectedError
from django.db.transaction import atomic
from django.utils.translation import gettext_noop as _

from portal.imports.rows import Json, as_json
from portal.models import ImportRow

CHANGED_SINCE = _("It was changed since; that stays.")
USED_SINCE = _("It is in use since; it stays.")
_BATCH = 1000


@dataclass(frozen=True)
class Entry:
    """One thing that a line wrote: `made` with these values, or `changed` from and to."""

    line: int
    pk: int
    made: dict[str, Json] | None = None
    changed: dict[str, list[Json]] | None = None


def made(instance: Model, watched: Iterable[str]) -> dict[str, Any]:
    """The record of a new object in `ImportRow.written`, with the values that tell later whether it was changed."""
    return {
        "model": instance._meta.model_name,
        "pk": instance.pk,
        "made": {name: _value(instance, name) for name in watched},
    }


def entries(rows: Sequence[ImportRow], model: type[Model]) -> list[Entry]:
    """What these rows wrote of a model, the last first."""
    word = model._meta.model_name
    return [
        Entry(row.line, record["pk"], record.get("made"), record.get("changed"))
        for row in reversed(rows)
        for record in reversed(row.written)
        if record["model"] == word
    ]


def take_back(model: type[Model], rows: Sequence[ImportRow], *, keep_job: Callable[[], None]) -> dict[int, str]:
    """Undo what the rows did to objects of this model; line: the reason, for each that had to stay as it is.

    `keep_job` is called with each batch, to keep the job.
    """
    kept: dict[int, str] = {}
    for batch in _batches(entries(rows, model)):
        keep_job()
        objects = model._default_manager.select_for_update().in_bulk([entry.pk for entry in batch])
        to_delete: dict[int, int] = {}
        for entry in batch:
            instance = objects.get(entry.pk)
            if instance is None:
                continue
            if not _is_as_written(instance, entry):
                kept[entry.line] = CHANGED_SINCE
            elif entry.changed:
                _restore(instance, entry.changed)
            else:
                to_delete[entry.pk] = entry.line
        for pk in _delete_unused(model, to_delete):
            kept.setdefault(to_delete[pk], USED_SINCE)
    return kept


def _batches(found: list[Entry]) -> Iterator[list[Entry]]:
    source = iter(found)
    while batch := list(islice(source, _BATCH)):
        yield batch


def _is_as_written(instance: Model, entry: Entry) -> bool:
    written = entry.made or {name: after for name, (_before, after) in (entry.changed or {}).items()}
    return all(_value(instance, name) == value for name, value in written.items())


def _value(instance: Model, name: str) -> Json:
    return as_json(getattr(instance, instance._meta.get_field(name).attname))  # type: ignore[union-attr]


def _restore(instance: Model, changed: dict[str, list[Json]]) -> None:
    for name, (before, _after) in changed.items():
        field = instance._meta.get_field(name)
        setattr(instance, field.attname, field.to_python(before))  # type: ignore[union-attr]
    instance.save(update_fields=list(changed))


def _delete_unused(model: type[Model], pks: Iterable[int]) -> set[int]:
    """Delete those that nothing protects; the others."""
    left, used = set(pks), set[int]()
    while left:
        try:
            with atomic():
                model._default_manager.filter(pk__in=left).delete()
            break
        except ProtectedError as error:
            found = left & {
                getattr(user, field.attname)
                for user in error.protected_objects
                for field in user._meta.concrete_fields
                if field.related_model is model
            }
            if not found:
                raise
            used |= found
            left -= found
    return used
