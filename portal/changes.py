"""The studio's log of what people changed: written by whoever changes, in the same transaction."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from portal.models import Change, StaffLogin, Studio


def record_change(
    subject: models.Model,
    kind: str,
    *,
    studio: Studio,
    by: StaffLogin | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    by_word: str = "",
) -> Change:
    """Append what was done to `subject` (a saved row), with the values before and after by name of field.

    `kind` is a verb in the past ("moved"). Call it inside the transaction of the change.
    """
    (change,) = record_changes(
        [(subject, before or {}, after or {})], kind, studio=studio, by=by, now=now, by_word=by_word
    )
    return change


def record_changes(
    changed: Iterable[tuple[models.Model, Mapping[str, Any], Mapping[str, Any]]],
    kind: str,
    *,
    studio: Studio,
    by: StaffLogin | None,
    now: datetime,
    by_word: str = "",
) -> list[Change]:
    """Append what was done to each of these (subject, before, after), in one statement."""
    return Change.objects.bulk_create(
        Change(
            studio=studio,
            subject=subject._meta.model_name or "",
            subject_id=subject.pk,
            kind=kind,
            before=plain(before),
            after=plain(after),
            by=by,
            by_word=by_word,
            occurred_at=now,
        )
        for subject, before, after in changed
    )


def changed_values(old: models.Model, new: models.Model, fields: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of those fields that differ, before and after; references by their key."""
    names = [name for name in fields if _value(old, name) != _value(new, name)]
    return {name: _value(old, name) for name in names}, {name: _value(new, name) for name in names}


def _value(row: models.Model, name: str) -> Any:
    field = row._meta.get_field(name)
    return getattr(row, field.attname if isinstance(field, models.Field) else name)


def plain(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """What JSON can hold; moments, days and numbers with a point as text."""
    encoder = DjangoJSONEncoder()
    return {
        name: value if value is None or isinstance(value, str | int | bool | list | dict) else encoder.default(value)
        for name, value in (values or {}).items()
    }
