"""A statement's file in pieces: kept, detected and read without ever being whole in memory."""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from invoicing.imports.columns import TARGETS
from invoicing.models import Statement, StatementChunk
from portal.imports.mapping import suggest
from portal.imports.reading import (
    ENCODINGS,
    MAX_CELL,
    Unreadable,
    check_is_text,
    detect_encoding,
    detect_separator,
    header_of,
    unreadable_record,
)

PIECE = 256 * 2**10  # bytes of a chunk
MAX_BYTES = 48 * 2**20
MAX_LINES = 250_000
# What is looked at before anybody is asked: so many lines decide how amounts and dates are written.
SAMPLE_LINES = 2000
TITLE_LINES = 20  # among which the header is looked for


@dataclass(frozen=True)
class Record:
    """`line`: where it begins, the header's being 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Kept:
    """What was noticed while the file was stored."""

    size: int
    sha256: str
    encoding: str


def pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks of PIECE."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= PIECE:
            yield bytes(held[:PIECE])
            del held[:PIECE]
    if held:
        yield bytes(held)


def keep(statement: Statement, chunks: Iterable[bytes]) -> Kept:
    """Store the file of a saved statement; to be called in a transaction that is rolled back when this raises.

    Raises Unreadable for what is empty, too large, has too many lines, or is no text.
    """
    size = lines = 0
    hashed, utf8 = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    guessed, first = "", b""
    for position, piece in enumerate(pieces(chunks)):
        if not position:
            check_is_text(piece)
            first = piece
        size, lines = size + len(piece), lines + max(piece.count(b"\n"), piece.count(b"\r"))
        check_size(size, lines)
        hashed.update(piece)
        if not guessed:
            guessed = _guessed(piece, utf8, is_first=not position)
        StatementChunk.objects.create(statement=statement, position=position, content=piece)
    if not first.strip():
        raise Unreadable(_("The file is empty."))
    return Kept(size, hashed.hexdigest(), guessed or _at_the_end(utf8))


def check_size(size: int, lines: int) -> None:
    """Raises Unreadable. An empty line is none, but who sends a quarter of a million of them is not read either."""
    if size > MAX_BYTES:
        raise Unreadable(_("The file is larger than %(size)s MiB."), size=MAX_BYTES // 2**20)
    if lines > MAX_LINES + 1:
        raise Unreadable(
            _("The file has more than %(most)s lines. Upload one month at a time, or split it by location."),
            most=f"{MAX_LINES:,}",
        )


def _guessed(piece: bytes, utf8: codecs.IncrementalDecoder, *, is_first: bool) -> str:
    """The encoding, as soon as a piece shows that it is not UTF-8; "" while it may be."""
    if is_first and (found := detect_encoding(piece[:4096])) == "utf-16":
        return found
    try:
        utf8.decode(piece)
    except UnicodeDecodeError:
        return detect_encoding(piece)
    return ""


def _at_the_end(utf8: codecs.IncrementalDecoder) -> str:
    try:
        utf8.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


class _Pieces(io.RawIOBase):
    """The stored file as a stream; one chunk at a time is in memory."""

    def __init__(self, statement: Statement) -> None:
        self._statement, self._position, self._held = statement, 0, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._held:
            self._held = memoryview(_chunk(self._statement, self._position))
            self._position += 1
        count = min(len(buffer), len(self._held))
        buffer[:count] = self._held[:count]
        self._held = self._held[count:]
        return count


def _chunk(statement: Statement, position: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT content FROM invoicing_statementchunk WHERE statement_id = %s AND position = %s",
            [statement.pk, position],
        )
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def open_text(statement: Statement) -> io.TextIOWrapper:
    """The stored file as text; line ends are left as they are."""
    encoding = {"utf-8": "utf-8-sig"}.get(statement.encoding, statement.encoding)
    if encoding == "utf-16":
        start = _chunk(statement, 0)[:2]
        if start not in {b"\xff\xfe", b"\xfe\xff"}:
            encoding = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
    return io.TextIOWrapper(io.BufferedReader(_Pieces(statement), PIECE), encoding=encoding, newline="")


def separator_of(statement: Statement) -> str:
    """The likeliest one. Raises Unreadable when the text cannot be read in the encoding."""
    try:
        with open_text(statement) as text:
            start = text.read(64 * 2**10)
    except UnicodeError as error:
        raise _not_in(statement) from error
    return detect_separator(start.replace("\r\n", "\n").replace("\r", "\n"))


def records(statement: Statement) -> Iterator[Record]:
    """Each record that is not blank, the header's first. Raises Unreadable at the line that cannot be read."""
    with open_text(statement) as text:
        reader = csv.reader(text, delimiter=statement.separator, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise unreadable_record(error, line) from error
            except UnicodeError as error:
                raise _not_in(statement, line) from error
            if cells and (cells[0].strip() or "".join(cells).strip()):
                yield Record(line, cells)


@dataclass(frozen=True)
class Opened:
    """`above`: how many records stand above the header and are left out; `records`: those below it."""

    header: list[str]
    above: int
    records: Iterator[Record]


def opened(statement: Statement) -> Opened:
    """The header and what is below it. Raises Unreadable.

    Above it may stand a title, a name, a date: lines with at most half as many filled cells as the widest of the first
    lines. A line that names two columns which we know is a header whatever its width.
    """
    found = records(statement)
    first = list(islice(found, TITLE_LINES))
    widest = max(map(_filled, first), default=0)
    found_at = (
        at for at, record in enumerate(first) if _filled(record) * 2 > widest or len(suggest(TARGETS, record.cells)) > 1
    )
    above = next(found_at, 0)
    head = first[above] if first else None
    header = header_of((head.line, head.cells) if head else None)
    return Opened(header, above, chain(first[above + 1 :], found))


def _filled(record: Record) -> int:
    return sum(bool(cell.strip()) for cell in record.cells)


def _not_in(statement: Statement, line: int | None = None) -> Unreadable:
    words = gettext(ENCODINGS.get(statement.encoding, statement.encoding))
    return Unreadable(_("The file is not in %(encoding)s."), line=line, encoding=words)


def is_too_long(cells: list[str]) -> bool:
    return max(map(len, cells), default=0) > MAX_CELL
