"""How a row of a file becomes an object: what every kind of import shares.

django-import-export looks the object up, sets its fields, says what is new, changed, unchanged or invalid, and writes
in bulk. Added here: rows are looked at in chunks by one resource that keeps what it has seen, a row that is checked is
never written, and every refusal is kept as a msgid with its parameters, to be read in any language.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.translation import gettext_noop as _
from import_export import resources, widgets
from import_export.results import RowResult

from portal.models import ImportRun

LINE = "line"
Json = str | int | float | bool | None


class Text(widgets.Widget):
    """Text as it stands in the cell, without surrounding space; too long is refused, never cut. None when empty."""

    def __init__(self, most: int, validator: Any = None) -> None:
        super().__init__()
        self.most, self.validator = most, validator

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> str | None:
        text = value.strip()
        if len(text) > self.most:
            raise ValidationError(
                _("This has %(length)s characters, at most %(most)s fit."),
                params={"length": len(text), "most": self.most},
            )
        if text and self.validator is not None:
            self.validator(text)
        return text or None


class Looked(RowResult):
    """The result of a row, with what the preview shows of it."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: dict[str, list[Json]] = {}


class RowResource(resources.ModelResource):
    """A resource for one run. Rows carry their line in the column `line`."""

    # What the preview calls the fields in which a row differs.
    watched: ClassVar[tuple[str, ...]] = ()

    class Meta:
        use_bulk = True
        batch_size = None  # a chunk is a batch
        skip_diff = True  # it copies and renders every object; `changes` below says the same for a tenth of the time
        skip_unchanged = True
        report_skipped = True
        store_instance = True
        use_transactions = True

    def __init__(self, run: ImportRun, *, now: datetime, write: bool) -> None:
        """`write`: what is read may be locked; else nothing is written (`dry_run`)."""
        super().__init__()
        self.run, self.studio, self.now, self.write = run, run.studio, now, write
        # Of the rows of this chunk, by identity: their line, and the watched values that they had.
        self.line_of_row: dict[int, int] = {}
        self._before: dict[int, dict[str, Any]] = {}
        # By line: what the preview shows, what contradicts itself, what was made or changed.
        self.shown: dict[int, dict[str, Json]] = {}
        self.flags: dict[int, list[str]] = {}
        self.written: dict[int, list[dict[str, Any]]] = {}
        # How many new objects of each model the good rows need.
        self.made: Counter[str] = Counter()

    @classmethod
    def get_row_result_class(cls) -> type[Looked]:
        return Looked

    def forget_rows(self) -> None:
        """Before the next chunk: what is said of single rows is stored by now."""
        for kept in (self.line_of_row, self._before, self.shown, self.flags, self.written):
            kept.clear()

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        self.line_of_row[id(instance)] = row[LINE]
        if not new:
            self._before[id(instance)] = {name: self.fields[name].get_value(instance) for name in self.watched}

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """Like the library's, but a field's ValidationError keeps its column, its msgid and its parameters."""
        errors = {}
        for field in self.get_import_fields():
            try:
                self.import_field(field, instance, row, **kwargs)
            except ValidationError as error:
                errors[field.column_name] = error
        if errors:
            raise ValidationError(errors)

    def validate_instance(self, instance: Model, import_validation_errors: Any = None, **kwargs: Any) -> None:
        """The widgets have validated; uniqueness is held by the caches here and by PostgreSQL."""
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def skip_row(self, instance: Model, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        known = id(instance) in self._before
        return known and not import_validation_errors and not self.changes(instance)

    def after_import_row(self, row: Any, row_result: Looked, **kwargs: Any) -> None:
        if row_result.import_type == RowResult.IMPORT_TYPE_UPDATE:
            row_result.changes = self.changes(row_result.instance)

    def changes(self, instance: Model) -> dict[str, list[Json]]:
        """Watched field: before and after, where they differ."""
        before = self._before.get(id(instance), {})
        after = {name: self.fields[name].get_value(instance) for name in before}
        return {name: [as_json(was), as_json(after[name])] for name, was in before.items() if was != after[name]}

    def bulk_create(self, using_transactions: bool, dry_run: bool, *args: Any, **kwargs: Any) -> None:
        if not dry_run:
            self.write_new(self.create_instances)
        self.create_instances.clear()

    def bulk_update(self, using_transactions: bool, dry_run: bool, *args: Any, **kwargs: Any) -> None:
        if not dry_run:
            self.write_changed(self.update_instances)
            for instance in self.update_instances:
                record = {"model": instance._meta.model_name, "pk": instance.pk, "changed": self.changes(instance)}
                self.written.setdefault(self.line_of_row[id(instance)], []).append(record)
        self.update_instances.clear()

    def write_new(self, instances: list[Any]) -> None:
        self._meta.model.objects.bulk_create(instances)

    def write_changed(self, instances: list[Any]) -> None:
        if instances:
            self._meta.model.objects.bulk_update(instances, list(self.watched))


def as_json(value: Any) -> Json:
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def reasons_of(error: ValidationError, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Column, msgid and parameters of each error; `labels` are the msgids of the columns.

    Called while no language is active, so that lazy texts give their msgid.
    """
    by_column = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    return [
        {
            "column": labels.get(column, ""),
            "text": str(single.message),
            "params": {name: as_json(value) for name, value in (single.params or {}).items()},
        }
        for column, errors in by_column.items()
        for single in errors
    ]
