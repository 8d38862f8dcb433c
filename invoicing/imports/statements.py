"""The way of a marketplace's statement: kept, its columns named, read by a worker, matched (X2).

Each step can be killed and begun again. A file that cannot be read leaves nothing behind.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import uuid4

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from invoicing.actions import matching
from invoicing.imports import files
from invoicing.imports.columns import TARGETS, ambiguous, detected, month_of, stated_months
from invoicing.imports.lines import Clocks, Read, Reader
from invoicing.models import Statement, StatementAnswer, StatementLine, StatementMapping
from invoicing.rules.matching import Event
from marketplace.models import Connection
from portal.imports.mapping import fingerprint, plain, still_fits, suggest
from portal.imports.reading import Unreadable
from portal.imports.runs import clean_file_name
from portal.jobs import enqueue
from portal.models import StaffLogin

JOB = "invoicing.statement"
BATCH = 5_000  # lines that are in memory at once
SHOWN = 5
State = Statement.State
OTHER_MONTH = _("The file names another month. Choose that one, or no column for the month of the statement.")
REQUIRED = ("net", "gross", "unit")

_COPIED = (
    *("studio_id", "statement_id", "line", "booking_ref", "member_ref", "member_name", "class_name", "location_ref"),
    *("product", "period", "day", "starts_at", "event_word", "event", "quantity", "unit_amount", "adjustment", "tax"),
    *("currency", "theirs", "problem", "cells", "answer_id", "answer_before_id"),
)
_TEXTS = ("booking", "member", "name", "class", "location", "product", "period")


class SameFile(Exception):
    """This very file was uploaded before: `statement`."""

    def __init__(self, statement: Statement) -> None:
        super().__init__(statement.pk)
        self.statement = statement


class NotNow(Exception):
    """The statement is not where this step begins: taken already, perhaps in another tab, or replaced."""


@dataclass(frozen=True)
class Sample:
    """The first lines of a file. `columns`: the cells below each name of the header."""

    header: list[str]
    records: list[files.Record]
    above: int = 0  # lines above the header, which are left out

    @property
    def columns(self) -> dict[str, list[str]]:
        return {
            name: [record.cells[at].strip() for record in self.records if len(record.cells) > at]
            for at, name in enumerate(self.header)
        }


@dataclass(frozen=True)
class Answered:
    """What a person said about a line, and to which amount."""

    theirs: Decimal | None
    answer: int
    before: int | None
    kind: str

    def holds_for(self, line: Read) -> bool:
        """A claim waits until it is taken back; what was accepted is an amount, or a line that cannot be read now."""
        return self.kind == StatementAnswer.Kind.DISPUTED or line.theirs is None or line.theirs == self.theirs


def upload(
    connection_: Connection,
    chunks: Iterable[bytes],
    *,
    file_name: str,
    month: date | None,
    by: StaffLogin | None,
    now: datetime,
) -> Statement:
    """Keep a file and find out what can be known of it; begin to read it where nothing has to be asked.

    `month`: where the person said it. Raises Unreadable, and SameFile for one that stands already.
    """
    with transaction.atomic():
        statement = Statement.objects.create(
            studio=connection_.studio,
            connection=connection_,
            month=month,
            file_name=clean_file_name(file_name),
            size=0,
            by=by,
            uploaded_at=now,
        )
        kept = files.keep(statement, chunks)
        _check_is_new(connection_, kept.sha256)
        statement.size, statement.sha256, statement.encoding = kept.size, kept.sha256, kept.encoding
        statement.separator = files.separator_of(statement)
        sample = look(statement)
        suggested(statement, sample)
        statement.save()
        if statement.mapping is not None and not problems(statement, sample):
            begin(statement)
    return statement


def _check_is_new(connection_: Connection, sha256: str) -> None:
    """Raises SameFile. Whoever sends it at the same moment waits here; one that is not kept any more may come again."""
    Connection.objects.select_for_update(no_key=True).get(pk=connection_.pk)
    same = Statement.objects.filter(connection=connection_, sha256=sha256).first()
    if same is not None and same.chunks.exists():
        raise SameFile(same)
    if same is not None:
        Statement.objects.filter(pk=same.pk).update(sha256="")


def look(statement: Statement) -> Sample:
    """The header and the first lines, as the statement says that they are to be read. Raises Unreadable."""
    if not statement.chunks.exists():
        raise Unreadable(_("The file is not kept any more: it named somebody whose data was deleted. Upload it again."))
    found = files.opened(statement)
    sample = list(islice(found.records, files.SAMPLE_LINES))
    if not sample:
        raise Unreadable(_("The file has a header, but no rows."))
    return Sample(found.header, sample, found.above)


def suggested(statement: Statement, sample: Sample) -> None:
    """Take columns and answers from the marketplace's last file with this header, else from names; nothing is saved."""
    statement.header = sample.header
    known = StatementMapping.objects.filter(
        connection=statement.connection_id, header=fingerprint(sample.header)
    ).first()
    if known is not None and still_fits(known.columns, sample.header):
        statement.mapping, statement.columns = known, known.columns
    else:
        statement.mapping, statement.columns = None, suggest(TARGETS, sample.header)
    answers = known.answers if statement.mapping is not None and known is not None else {}
    statement.answers = answers | detected(statement.columns, sample.columns)
    if statement.month is None:
        month, is_sure = month_of(statement.columns, sample.columns, statement.answers.get("order", ""))
        statement.month = month if is_sure or statement.mapping is None else None


def open_questions(statement: Statement, sample: Sample) -> dict[str, list[str]]:
    """What the file does not say and nobody has said, with the texts that leave it open."""
    asked = ambiguous(statement.columns, sample.columns)
    return {name: texts for name, texts in asked.items() if not statement.answers.get(name)}


def problems(statement: Statement, sample: Sample) -> list[str]:
    """Why it cannot be read yet, as English msgids."""
    found = []
    if not any(name in statement.columns for name in REQUIRED):
        found.append(_("Say which column holds the amounts: net, gross, or the price of one."))
    if not {"booking", "starts_at"} & set(statement.columns):
        found.append(_("Say which column holds the booking numbers or the dates: nothing else leads to a visit."))
    if statement.month is None:
        found.append(_("Say which month it is about."))
    elif names_other_month(statement, sample):
        found.append(OTHER_MONTH)
    if open_questions(statement, sample):
        found.append(_("Say how its numbers and dates are written."))
    return found


def names_other_month(statement: Statement, sample: Sample) -> bool:
    """Whether the file says that it is about a month, and not about the chosen one."""
    stated = stated_months(statement.columns, sample.columns, statement.answers.get("order", ""))
    return bool(stated) and statement.month is not None and statement.month not in stated


def preview(statement: Statement, sample: Sample) -> list[Read]:
    """The first lines as they would be read."""
    reader = _reader(statement)
    return [reader.line(record) for record in sample.records[:SHOWN]]


def begin(statement: Statement) -> None:
    """Have a worker read it, with what is said by now. Raises NotNow when one is at it already, or it is replaced."""
    with transaction.atomic():
        locked = Statement.objects.select_for_update(of=("self",)).select_related("job").get(pk=statement.pk)
        if locked.replaced_by_id or (locked.is_at_work and not is_given_up(locked)):
            raise NotNow
        statement.state, statement.problem, statement.job = State.READING, {}, _job(statement)
        statement.save()


def begin_matching(statement: Statement) -> None:
    """Have a worker match it anew, with what both sides say now. Raises NotNow when it is not read yet."""
    with transaction.atomic():
        locked = Statement.objects.select_for_update(of=("self",)).select_related("job").get(pk=statement.pk)
        is_free = locked.state in {State.ASKING, State.MATCHED}
        if locked.replaced_by_id or not (is_free or (locked.state == State.MATCHING and is_given_up(locked))):
            raise NotNow
        statement.state, statement.job = State.MATCHING, _job(statement)
        statement.save(update_fields=["state", "job"])


def is_given_up(statement: Statement) -> bool:
    """Nobody is at it any more: a worker failed for good. Nothing of it counts; try again."""
    return statement.is_at_work and (statement.job is None or statement.job.dead_at is not None)


def _job(statement: Statement) -> Any:
    return enqueue(
        JOB,
        key=f"statement {statement.pk} {uuid4()}",
        payload={"statement": statement.pk},
        studio=statement.studio,
        max_attempts=3,
    )


def work_on(statement_id: int, *, now: datetime, still_ours: Callable[[int], None]) -> None:
    """Do the step that the statement waits for. Harmless when repeated, or when there is none.

    `still_ours` is called with the number of lines so far; it raises when another worker has taken over.
    """
    statement = Statement.objects.select_related("connection__studio", "mapping").filter(pk=statement_id).first()
    if statement is None:
        return
    if statement.state == State.READING:
        try:
            _read(statement, now=now, still_ours=still_ours)
        except Unreadable as error:
            _refuse(statement, error)
    if statement.state == State.MATCHING:
        matching.match(statement, now=now, still_ours=lambda: still_ours(statement.lines_read))


def _refuse(statement: Statement, error: Unreadable) -> None:
    """Nothing is kept half but what was answered: the person may choose another encoding, separator or file."""
    with transaction.atomic():
        StatementLine.objects.filter(statement=statement, answer=None).delete()
        statement.state = State.MAPPING
        statement.problem = {"line": error.line, "text": error.text, "params": error.params}
        statement.save(update_fields=["state", "problem"])


def _read(statement: Statement, *, now: datetime, still_ours: Callable[[int], None]) -> None:
    lines = _reader(statement).lines(files.opened(statement).records)
    count = refused = done = 0
    while batch := list(islice(lines, BATCH)):
        count, refused = count + len(batch), refused + sum(bool(line.problem) for line in batch)
        files.check_size(0, count)
        with transaction.atomic():
            answered = _taken_out(statement, done, batch[-1].line)
            _copy(statement, batch, answered)
            still_ours(count)
        done = batch[-1].line
    with transaction.atomic():
        _taken_out(statement, done, None)
        statement.lines_read, statement.lines_refused = count, refused
        statement.mapping = _remembered(statement, now=now)
        statement.state = State.ASKING if unknown_words(statement) else State.MATCHING
        statement.save()


def _taken_out(statement: Statement, after: int, last: int | None) -> dict[int, Answered]:
    """Forget the lines behind `after` up to `last` (None: all that follow): of an attempt before, or of other columns.

    What was answered to them, by their number: it is the same file. What stands on no line waits for the match.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH gone AS (DELETE FROM invoicing_statementline WHERE statement_id = %(statement)s AND line > %(after)s"
            " AND (%(last)s::int IS NULL OR line <= %(last)s) RETURNING line, theirs, answer_id, answer_before_id)"
            " SELECT line, theirs, answer_id, answer_before_id, answer.kind FROM gone"
            " JOIN invoicing_statementanswer answer ON answer.id = answer_id",
            {"statement": statement.pk, "after": after, "last": last},
        )
        return {line: Answered(*rest) for line, *rest in cursor.fetchall()}


def _reader(statement: Statement) -> Reader:
    words = statement.mapping.words if statement.mapping else {}
    return Reader(statement.header, statement.columns, statement.answers, words, Clocks.of(statement.connection))


def _copy(statement: Statement, lines: list[Read], answered: Mapping[int, Answered]) -> None:
    with connection.cursor() as cursor:
        sql = f"COPY invoicing_statementline ({', '.join(_COPIED)}) FROM STDIN"
        with cursor.copy(sql) as copy:
            for line in lines:
                given = answered.get(line.line)
                kept = given if given and given.holds_for(line) else None
                answers = [kept.answer, kept.before] if kept else [None, None]
                copy.write_row([*_row(statement, line), *answers])


def _row(statement: Statement, line: Read) -> list[Any]:
    texts, numbers = line.texts, line.numbers
    word = texts.get("event", "")
    return [
        statement.studio_id,
        statement.pk,
        line.line,
        *(texts.get(name, "") for name in _TEXTS),
        line.day,
        line.starts_at,
        word,
        line.event.value if line.event else "",
        numbers.get("quantity"),
        numbers.get("unit"),
        numbers.get("adjustment"),
        numbers.get("tax"),
        line.currency,
        line.theirs,
        json.dumps(line.problem),
        json.dumps(line.cells),
    ]


def _remembered(statement: Statement, *, now: datetime) -> StatementMapping:
    """For the marketplace's next file with this header."""
    found, _created = StatementMapping.objects.update_or_create(
        connection=statement.connection,
        header=fingerprint(statement.header),
        defaults={
            "studio": statement.studio,
            "name": statement.file_name,
            "columns": statement.columns,
            "answers": statement.answers,
            "used_at": now,
        },
    )
    return found


def unknown_words(statement: Statement) -> list[tuple[str, int]]:
    """The marketplace's words for what happened that nobody has explained yet, and on how many lines they stand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_word, count(*) FROM invoicing_statementline"
            " WHERE statement_id = %s AND event = '' AND problem = '{}' AND line IS NOT NULL"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50",
            [statement.pk],
        )
        return cursor.fetchall()


def name_words(statement: Statement, words: Mapping[str, Event], *, now: datetime) -> None:
    """A person said what words of theirs mean: keep it for the next file too, and go on when nothing is open."""
    with transaction.atomic():
        mapping = statement.mapping or _remembered(statement, now=now)
        mapping.words = mapping.words | {plain(word): event.value for word, event in words.items()}
        mapping.save(update_fields=["words"])
        statement.mapping = mapping
        statement.save(update_fields=["mapping"])
        with connection.cursor() as cursor:
            for word, event in words.items():
                cursor.execute(
                    "UPDATE invoicing_statementline SET event = %s"
                    " WHERE statement_id = %s AND event_word = %s AND line IS NOT NULL",
                    [event.value, statement.pk, word],
                )
        if not unknown_words(statement):
            begin_matching(statement)
