"""The studio's log by words: over the lines as they are said, so it finds what a reader sees, in their language.

What a line says stands in no column: names come from other tables, words from translations. So lines are read as on a
page and looked through, and a search, and its file, says how far it has looked instead of reading a log of a million
lines.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from portal.commands import finds
from portal.log.reading import AT_ONCE, PAGE, Mark, Shown, all_rows, page
from portal.log.registry import Asked, Line, Reader

LOOKED_AT = 2_000  # lines of one search; about a second of work
LOOKED_AT_FOR_FILE = 20_000  # lines of one file; about ten seconds of work


@dataclass(frozen=True)
class Found:
    """`looked`: how many lines were read, the last of them of `back_to`; `older`: where to look on, None at the end."""

    rows: list[Shown]
    looked: int
    back_to: datetime | None
    older: Mark | None


@dataclass(frozen=True)
class EndedAt:
    """How many lines a file looked through, the last of them of `back_to`, where there are older ones."""

    looked: int
    back_to: datetime


def search(words: str, asked: Asked, reader: Reader, *, older_than: Mark | None = None) -> Found:
    """The newest lines with all of these words, a page of them at most, among the next `LOOKED_AT` of what is asked."""
    rows, looked, mark = list[Shown](), 0, older_than
    while looked < LOOKED_AT:
        batch = page(asked, reader, older_than=mark, size=AT_ONCE)
        for row in batch.rows:
            looked, mark = looked + 1, row.mark
            if _holds(row.line, words):
                rows.append(row)
            if len(rows) == PAGE:
                is_last = batch.older is None and row is batch.rows[-1]
                return Found(rows, looked, mark.at, None if is_last else mark)
        if batch.older is None:
            return Found(rows, looked, mark.at if mark else None, None)
    return Found(rows, looked, mark.at if mark else None, mark)


def all_with(words: str, asked: Asked, reader: Reader) -> Iterator[Shown | EndedAt]:
    """Every such line, newest first, for a file; "" has them all. With words it looks through `LOOKED_AT_FOR_FILE` of
    what is asked at most; where that is not all of it, the last is how far it looked."""
    rows = all_rows(asked, reader)
    if not words:
        yield from rows
        return
    back_to: datetime | None = None
    for row in islice(rows, LOOKED_AT_FOR_FILE):
        back_to = row.mark.at
        if _holds(row.line, words):
            yield row
    if back_to is not None and next(rows, None) is not None:
        yield EndedAt(LOOKED_AT_FOR_FILE, back_to)


def _holds(line: Line, words: str) -> bool:
    return finds(words, line.what, line.thing, line.about.name, line.by, *line.difference)
