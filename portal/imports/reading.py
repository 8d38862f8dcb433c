"""From the bytes of a file to its rows. Nothing is guessed silently: what was detected is shown and can be changed.

Pure. Every file that cannot be read ends in `Unreadable`, with the line and the reason (S19).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from charset_normalizer import from_bytes
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

MAX_BYTES = 5 * 2**20
MAX_ROWS = 20_000
MAX_COLUMNS = 64
MAX_CELL = 32 * 2**10  # bytes in UTF-8

ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": _("Windows-1252 (Western Europe)"),
    "iso8859_15": _("ISO 8859-15 (Western Europe)"),
    "cp1250": _("Windows-1250 (Central Europe)"),
    "mac_roman": "Mac Roman",
    "cp850": "DOS 850",
}
SEPARATORS = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("bar")}

_NOT_TEXT = {
    b"PK": _("This is a workbook or an archive. Save the sheet as CSV and upload that."),
    b"\xd0\xcf\x11\xe0": _("This is an Excel workbook. Save the sheet as CSV and upload that."),
    b"\x1f\x8b": _("This is a compressed file. Unpack it and upload the CSV file in it."),
    b"BZh": _("This is a compressed file. Unpack it and upload the CSV file in it."),
    b"7z\xbc\xaf": _("This is a compressed file. Unpack it and upload the CSV file in it."),
    b"Rar!": _("This is a compressed file. Unpack it and upload the CSV file in it."),
    b"\xfd7zXZ": _("This is a compressed file. Unpack it and upload the CSV file in it."),
    b"(\xb5/\xfd": _("This is a compressed file. Unpack it and upload the CSV file in it."),
    b"%PDF": _("This is a PDF. Export the list as CSV and upload that."),
}


class Unreadable(Exception):
    """The file is refused as a whole: an English msgid with its parameters, and the line where there is one."""

    def __init__(self, text: str, *, line: int | None = None, **params: str | int) -> None:
        super().__init__(text)
        self.text, self.line, self.params = text, line, params


@dataclass(frozen=True)
class Row:
    line: int  # of the file, the header being line 1
    cells: list[str]
    problem: str = ""  # an English msgid; empty for a row with the right number of cells


@dataclass(frozen=True)
class Table:
    """A file that could be read: its header, its rows, and how it was read."""

    header: list[str]
    rows: list[Row]
    encoding: str
    separator: str

    def column(self, name: str) -> list[str]:
        """The cells below a column name, in their order, without surrounding space."""
        at = self.header.index(name)
        return [row.cells[at].strip() for row in self.rows if not row.problem]


def read(content: bytes, *, encoding: str | None = None, separator: str | None = None) -> Table:
    """Read a CSV file. `encoding` and `separator` None: detect them. Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise Unreadable(_("The file is larger than %(size)s MiB."), size=MAX_BYTES // 2**20)
    if not content.strip():
        raise Unreadable(_("The file is empty."))
    check_is_text(content)
    encoding = encoding or detect_encoding(content)
    text = _decoded(content, encoding)
    separator = separator or detect_separator(text)
    records = _records(text, separator)
    header = header_of(next(records, None))
    return Table(header, list(_rows(records, header)), encoding, separator)


def check_is_text(content: bytes) -> None:
    """Raises Unreadable for what begins as a workbook, an archive or a PDF does."""
    for start, text in _NOT_TEXT.items():
        if content.startswith(start) and (start != b"PK" or content[2:3] in {b"\x03", b"\x05", b"\x07"}):
            raise Unreadable(text)


def detect_encoding(content: bytes) -> str:
    """The likeliest of `ENCODINGS`. A byte order mark or valid UTF-8 is proof; all else is a guess to be looked at."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf16(content):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        best = from_bytes(content, cp_isolation=[*ENCODINGS][2:]).best()
        return best.encoding if best and best.encoding in ENCODINGS else "cp1252"
    return "utf-8"


def _looks_like_utf16(content: bytes) -> bool:
    """UTF-16 without its mark: every other byte of Western text is zero."""
    sample = content[: 2**12]
    return len(sample) > 3 and max(sample[::2].count(0), sample[1::2].count(0)) > 0.4 * len(sample) / 2


def _decoded(content: bytes, encoding: str) -> str:
    codec = {"utf-8": "utf-8-sig"}.get(encoding, encoding)
    if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(
            _("The file is not in %(encoding)s."), line=line, encoding=gettext(ENCODINGS.get(encoding, encoding))
        ) from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for character, name in (("\0", "NUL"), ("\ufeff", "U+FEFF")):
        if character in text:
            raise Unreadable(
                _("The file contains the character %(name)s, which no text contains."),
                line=text[: text.index(character)].count("\n") + 1,
                name=name,
            )
    return text


def detect_separator(text: str) -> str:
    """The separator that gives most of the first rows the header's number of columns, and the most columns."""
    sample = "\n".join(text.split("\n", 60)[:60])

    def score(separator: str) -> tuple[float, int]:
        widths: list[int] = []
        with suppress(csv.Error):
            widths = [len(cells) for cells in csv.reader(io.StringIO(sample), delimiter=separator) if cells]
        if not widths or widths[0] == 1:
            return (0, 1)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    return max(SEPARATORS, key=score)


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each record that is not blank."""
    reader = csv.reader(io.StringIO(text), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise unreadable_record(error, line) from error
        for number, cell in enumerate(cells, 1):
            if len(cell) > MAX_CELL // 4 and len(cell.encode(errors="replace")) > MAX_CELL:
                raise _too_long(line, number)
        if any(cell.strip() for cell in cells):
            yield line, cells


def unreadable_record(error: csv.Error, line: int) -> Unreadable:
    """Why the reader gave up at the record that begins in this line."""
    words = str(error)
    if "field larger" in words:
        return Unreadable(_("A cell is longer than %(size)s KiB. Is a quotation mark missing?"), line=line, size=32)
    if "end of data" in words:
        return Unreadable(_("A quotation mark that opens here is never closed."), line=line)
    return Unreadable(_("A quotation mark stands in the middle of a cell."), line=line)


def _too_long(line: int, number: int) -> Unreadable:
    return Unreadable(
        _("The cell in column %(column)s is longer than %(size)s KiB. Is a quotation mark missing?"),
        line=line,
        column=number,
        size=MAX_CELL // 2**10,
    )


def header_of(record: tuple[int, list[str]] | None) -> list[str]:
    """The names of the columns from the line and cells of the first record; None: there is none. Raises Unreadable."""
    if record is None:
        raise Unreadable(_("The file is empty."))
    line, cells = record
    if len(cells) > MAX_COLUMNS:
        raise Unreadable(
            _("The file has %(columns)s columns, at most %(most)s can be imported."),
            line=line,
            columns=len(cells),
            most=MAX_COLUMNS,
        )
    header = [re.sub(r"\s+", " ", cell).strip() or f"({number})" for number, cell in enumerate(cells, 1)]
    twice = next((name for name in header if header.count(name) > 1), None)
    if twice:
        raise Unreadable(_("The column “%(name)s” stands more than once in the header."), line=line, name=twice)
    return header


def _rows(records: Iterator[tuple[int, list[str]]], header: Sequence[str]) -> Iterator[Row]:
    empty = True
    for count, (line, cells) in enumerate(records, 1):
        empty = False
        if count > MAX_ROWS:
            raise Unreadable(_("The file has more than %(most)s rows. Split it."), line=line, most=MAX_ROWS)
        problem = ""
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            problem = _("This row has more cells than the header has columns.")
        elif [cell.strip() for cell in cells[: len(header)]] == list(header):
            problem = _("This row repeats the header.")
        kept = cells[: MAX_COLUMNS if problem else len(header)]
        yield Row(line, kept + [""] * (len(header) - len(kept)), problem)
    if empty:
        raise Unreadable(_("The file has a header, but no rows."))
