"""The way of one file: uploaded, mapped, checked, written, perhaps undone. Each step can be killed and begun again."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext_noop as _
from import_export.results import RowResult
from tablib import Dataset

from portal.imports.kinds import Question, kind_of
from portal.imports.mapping import fingerprint, still_fits, suggest, suggest_kind
from portal.imports.reading import Row, Table, read
from portal.imports.rows import LINE, Looked, RowResource, reasons_of
from portal.jobs import enqueue
from portal.jobs.queue import LEASE
from portal.models import ImportProgress, ImportRow, ImportRun, ImportTemplate, StaffLogin, Studio

CHUNK = 1000
JOB = "portal.import"
Status, Outcome = ImportRun.Status, ImportRow.Outcome
Progress = Callable[[int], None]

_OUTCOMES = {
    RowResult.IMPORT_TYPE_NEW: Outcome.NEW,
    RowResult.IMPORT_TYPE_UPDATE: Outcome.CHANGED,
    RowResult.IMPORT_TYPE_SKIP: Outcome.UNCHANGED,
    RowResult.IMPORT_TYPE_INVALID: Outcome.REFUSED,
}
# What may follow on what: a second click, or a click in another tab, finds the step taken.
_BEFORE = {
    Status.CHECKING: (Status.MAPPING, Status.CHECKED, Status.CHECKING),
    Status.WRITING: (Status.CHECKED, Status.WRITING),
    Status.UNDOING: (Status.DONE, Status.UNDOING),
}


class NotNow(Exception):
    """The run is not where this step begins: it was taken already, perhaps in another tab."""


class RowsRefused(Exception):
    """Everything or nothing was asked for, and there are refused rows."""


def upload(
    studio: Studio, *, by: StaffLogin | None, file_name: str, content: bytes, now: datetime, **read_as: str | None
) -> ImportRun:
    """Keep a file that can be read, mapped as the last one with this header, or as the names of its columns suggest.

    `read_as`: `encoding` and `separator`, where a person said them. Raises `reading.Unreadable`.
    """
    table = read(content, **read_as)
    run = ImportRun(
        studio=studio,
        by=by,
        file_name=clean_file_name(file_name),
        content=content,
        encoding=table.encoding,
        separator=table.separator,
        created_at=now,
    )
    map_by_header(run, table)
    run.save()
    return run


def clean_file_name(name: str) -> str:
    """What is shown of the name; it never becomes a path."""
    last = re.split(r"[\\/]", name)[-1]
    return re.sub(r"[^\w .,()+-]", "_", last).strip()[-100:] or "file.csv"


def map_by_header(run: ImportRun, table: Table, *, kind: str = "") -> None:
    """Map the columns by the studio's template for this header, else by their names; nothing is saved."""
    run.header, run.rows_in_file = table.header, len(table.rows)
    template = run.studio.import_templates.filter(header=fingerprint(table.header)).first()
    if template and kind in {"", template.kind} and still_fits(template.mapping, table.header):
        run.template, run.kind = template, template.kind
        run.mapping, run.answers = template.mapping, template.answers
        return
    chosen = kind_of(kind) if kind else suggest_kind(table.header)
    run.template, run.kind, run.answers = None, chosen.word, {}
    run.mapping = suggest(chosen.targets, table.header)


def table_of(run: ImportRun) -> Table:
    """The rows of the run's file. Raises `reading.Unreadable` when it cannot be read as it was said to be written."""
    return read(bytes(run.content), encoding=run.encoding, separator=run.separator)


def questions_of(run: ImportRun, table: Table) -> list[Question]:
    """What has to be asked about this file, in the order of the page."""
    return kind_of(run.kind).questions(run.studio, table, run.mapping)


def open_questions(run: ImportRun, table: Table) -> list[Question]:
    """The questions without a valid answer."""
    return [
        question
        for question in questions_of(run, table)
        if question.choices and run.answers.get(question.name) not in {value for value, _words in question.choices}
    ]


def keep_as_template(run: ImportRun, table: Table, *, now: datetime) -> None:
    """Remember mapping and answers for the next file with this header."""
    run.template, _created = ImportTemplate.objects.update_or_create(
        studio=run.studio,
        header=fingerprint(table.header),
        defaults={
            "name": run.file_name,
            "kind": run.kind,
            "mapping": run.mapping,
            "answers": run.answers,
            "used_at": now,
        },
    )
    run.save(update_fields=["template"])


def begin(run: ImportRun, step: ImportRun.Status) -> None:
    """Have a worker do this step. Raises NotNow when it is not this step's turn, or a worker is at it already."""
    with transaction.atomic():
        locked = ImportRun.objects.select_for_update(of=("self",)).defer("content").select_related("job").get(pk=run.pk)
        again = locked.status == step
        if locked.status not in _BEFORE[step] or (again and not is_given_up(locked)):
            raise NotNow
        locked.status, locked.problem = step, ""
        locked.job = enqueue(
            JOB, key=f"import {run.pk} {step} {uuid4()}", payload={"run": run.pk}, studio=run.studio, max_attempts=3
        )
        locked.save(update_fields=["status", "problem", "job"])
        ImportProgress.objects.update_or_create(run=locked, defaults={"done": 0})
    run.status, run.job, run.problem = locked.status, locked.job, ""


def is_given_up(run: ImportRun) -> bool:
    """Nobody is at it any more: a worker failed for good, or a command was killed. Nothing was written; try again."""
    return run.is_at_work and (run.job is None or run.job.dead_at is not None)


def work_on(run_id: int, *, now: datetime, still_ours: Callable[[], None]) -> None:
    """Do the step that the run waits for. Harmless when repeated, or when there is none.

    `still_ours` raises when another worker has taken over; it is asked often, and last of all inside the transaction.
    """
    run = ImportRun.objects.select_related("studio").filter(pk=run_id).first()
    if run is None:
        return
    with translation.override(None):  # reasons are kept as msgids
        match run.status:
            case Status.CHECKING:
                check(run, now=now, still_ours=still_ours)
            case Status.WRITING:
                write(run, now=now, still_ours=still_ours)
            case Status.UNDOING:
                undo(run, now=now, still_ours=still_ours)


def check(run: ImportRun, *, now: datetime, still_ours: Callable[[], None]) -> None:
    """Go through the file without writing anything of it, and keep what each row would come to."""

    def progress(done: int) -> None:
        still_ours()
        ImportProgress.objects.update_or_create(run=run, defaults={"done": done})

    run.rows.all().delete()
    run.counts = _go_through(run, write=False, now=now, progress=progress)
    _conclude(run, Status.CHECKED, since=Status.CHECKING, fields=["counts"])


def write(run: ImportRun, *, now: datetime, still_ours: Callable[[], None]) -> None:
    """Import the file in one transaction: all of it, or the good rows, or nothing at all."""
    beside = _Beside(run)
    try:
        with transaction.atomic():
            _alone(run.studio_id)
            run.rows.all().delete()
            run.counts = _go_through(run, write=True, now=now, progress=beside.progress)
            if run.counts[Outcome.REFUSED] and not run.only_good_rows:
                raise RowsRefused
            run.content, run.written_at = b"", now
            _conclude(run, Status.DONE, since=Status.WRITING, fields=["counts", "content", "written_at"])
            still_ours()
    except RowsRefused:
        problem = _("Nothing was imported, because some rows are refused. Import the good rows, or correct the file.")
        ImportRun.objects.filter(pk=run.pk, status=Status.WRITING).update(status=Status.CHECKED, problem=problem)
    finally:
        beside.close()


def undo(run: ImportRun, *, now: datetime, still_ours: Callable[[], None]) -> None:
    """Take back, in one transaction, what the import wrote and nobody has changed or used since."""
    beside = _Beside(run)
    try:
        with transaction.atomic():
            _alone(run.studio_id)
            rows = list(run.rows.exclude(written=[]).only("line", "written"))
            kept = kind_of(run.kind).undo(run, rows, now=now, keep_job=beside.keep_job)
            changed = [row for row in rows if row.line in kept]
            for row in changed:
                row.kept = kept[row.line]
            ImportRow.objects.bulk_update(changed, ["kept"], batch_size=CHUNK)
            run.counts |= {"kept": len(changed)}
            run.undone_at = now
            _conclude(run, Status.UNDONE, since=Status.UNDOING, fields=["counts", "undone_at"])
            still_ours()
    finally:
        beside.close()


def _go_through(run: ImportRun, *, write: bool, now: datetime, progress: Progress) -> dict[str, int]:
    """Look at every row, chunk by chunk, and keep what it came to; rows by outcome, flagged rows, and new objects."""
    kind, table = kind_of(run.kind), table_of(run)
    resource = kind.resource(run, table, now=now, write=write)
    labels = {target.name: target.label for target in kind.targets}
    counts: Counter[str] = Counter(dict.fromkeys(Outcome.values, 0))
    for start in range(0, len(table.rows), CHUNK):
        rows = _look_at(run, resource, table, table.rows[start : start + CHUNK], labels, write=write)
        ImportRow.objects.bulk_create(rows)
        counts.update(row.outcome for row in rows)
        counts["flagged"] += sum(bool(row.flags) for row in rows)
        progress(start + len(rows))
    if write:
        kind.finish(resource, now=now)
    return counts | {f"new_{word}": number for word, number in resource.made.items()}


def _look_at(
    run: ImportRun, resource: RowResource, table: Table, rows: list[Row], labels: Mapping[str, str], *, write: bool
) -> list[ImportRow]:
    readable = [row for row in rows if not row.problem]
    resource.forget_rows()
    result = resource.import_data(_dataset(run, table, readable, labels), dry_run=not write)
    _raise_what_broke(result)
    looked = dict(zip((row.line for row in readable), result.rows, strict=True))
    return [_row(run, resource, row, looked.get(row.line), labels) for row in rows]


def _dataset(run: ImportRun, table: Table, rows: Iterable[Row], names: Iterable[str]) -> Dataset:
    """The rows under our names for the columns; a column that the file does not have is empty."""
    at = {name: table.header.index(run.mapping[name]) for name in names if name in run.mapping}
    names = list(names)
    return Dataset(
        *([row.line, *(row.cells[at[name]] if name in at else "" for name in names)] for row in rows),
        headers=[LINE, *names],
    )


def _raise_what_broke(result: Any) -> None:
    """A refusal is a ValidationError. Anything else is a fault of ours or of the database, and no row is written."""
    broken = [error.error for error in result.base_errors]
    broken += [error.error for _number, errors in result.row_errors() for error in errors]
    if broken:
        raise broken[0]


def _row(
    run: ImportRun, resource: RowResource, row: Row, looked: Looked | None, labels: Mapping[str, str]
) -> ImportRow:
    if looked is None:
        reasons = [{"column": "", "text": row.problem, "params": {}}]
        return ImportRow(run=run, line=row.line, outcome=Outcome.REFUSED, cells=row.cells, reasons=reasons)
    outcome = _OUTCOMES[looked.import_type]
    refused = outcome == Outcome.REFUSED
    return ImportRow(
        run=run,
        line=row.line,
        outcome=outcome,
        cells=row.cells if refused else [],
        reasons=reasons_of(looked.validation_error, {NON_FIELD_ERRORS: "", **labels}) if refused else [],
        flags=[] if refused else resource.flags.get(row.line, []),
        shown=resource.shown.get(row.line, {}),
        changes=looked.changes,
        written=resource.written.get(row.line, []),
    )


def _conclude(run: ImportRun, status: ImportRun.Status, *, since: ImportRun.Status, fields: list[str]) -> None:
    """Move on, unless somebody else has done so. Raises NotNow, which rolls a transaction back."""
    values = {name: getattr(run, name) for name in fields}
    if not ImportRun.objects.filter(pk=run.pk, status=since).update(status=status, **values):
        raise NotNow
    run.status = status


def _alone(studio_id: int) -> None:
    """One import at a time writes into a studio, and it has longer than a page may take."""
    with connection.cursor() as cursor:
        # Celery's time limit ends a worker that hangs; each statement still has its own.
        cursor.execute("SET LOCAL transaction_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tresen import'), %s)", [studio_id])


class _Beside:
    """Says on a connection of its own how far the transaction is, and keeps its job: nobody else sees into it."""

    def __init__(self, run: ImportRun) -> None:
        self._run, self._connection = run, connection.copy()

    def progress(self, done: int) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute("UPDATE portal_importprogress SET done = %s WHERE run_id = %s", [done, self._run.pk])
        self.keep_job()

    def keep_job(self) -> None:
        """Another lease from now on, if a worker holds one."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "UPDATE portal_job SET lease_until = now() + make_interval(secs => %s)"
                " WHERE id = %s AND lease_until IS NOT NULL",
                [LEASE.total_seconds(), self._run.job_id],
            )

    def close(self) -> None:
        self._connection.close()
