"""Tables as files: CSV for machines and people, XLSX with totals. The one way for every "Download" (Q38, S11).

What a list shows filtered is what its file holds. Rows are read while they are sent; nothing is kept whole but an XLSX,
which is a file on disk until it is sent.
"""

import csv
import io
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import BinaryIO

import xlsxwriter
from django.db import connection, transaction
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext as _

BOM = "\ufeff"
CHUNK_CHARACTERS = 64 * 1024
# A browser on a slow line reads at its own pace. The connection's own limits are for pages.
LONGEST_EXPORT = "10min"
# A cell that begins with one of these is a formula to a spreadsheet (S11).
FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"  # the last four are the full-width forms
CSV, XLSX = "csv", "xlsx"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_MOST_ROWS = 1_048_576 - 2  # what a sheet holds, without its head and its totals
CELL_WIDTHS = (8, 40)  # characters
# Bool is told as yes or no; None is an empty cell.
Cell = str | int | Decimal | bool | date | datetime | None


class TooManyRows(Exception):
    """A sheet cannot hold them; a CSV can."""


@dataclass(frozen=True)
class Column:
    """`total`: whether the foot of an XLSX adds the column up."""

    heading: str
    total: bool = False


@dataclass(frozen=True)
class Table:
    """Rows as long as `columns`. Moments stand in the zone in which they are to be read; texts are defused here."""

    name: str  # of the sheet
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


class FileKindConverter:
    """`csv` or `xlsx` at the end of an address."""

    regex = f"{CSV}|{XLSX}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


def separator() -> str:
    """What spreadsheets of the reader's language split at: they write 1,5 in German and Dutch."""
    return ";" if get_language() in {"de", "nl"} else ","


def defused(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run (S11)."""
    return f"'{text}" if text[:1] and text[:1] in FORMULA_STARTS else text


def file_name(what: str, *words: str | date, kind: str) -> str:
    """ "members_centrum_2026-11-22.csv": what it holds, of where, of when."""
    parts = [part.isoformat() if isinstance(part, date) else slugify(part) for part in (what, *words)]
    return f"{'_'.join(part for part in parts if part)}.{kind}"


def download(table: Table, *, name: str, kind: str) -> HttpResponseBase:
    """The table as a file of this kind; `name` from `file_name`."""
    if kind == XLSX:
        return FileResponse(as_xlsx(table), as_attachment=True, filename=name, content_type=XLSX_TYPE)
    response = StreamingHttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


@contextmanager
def long_read() -> Generator[None, None, None]:
    """One transaction in which an export may take its time."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Off first: a running limit is not moved by setting another one.
        cursor.execute("SET LOCAL transaction_timeout = 0")
        for limit in ("transaction_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {limit} = '{LONGEST_EXPORT}'")
        yield


def as_csv(table: Table) -> Iterator[bytes]:
    """UTF-8 with a byte order mark, in chunks; the separator of the reader's language. Closing it ends the query."""
    decimal_comma, written = separator() == ";", io.StringIO()
    writer = csv.writer(written, delimiter=separator(), lineterminator="\r\n")
    written.write(BOM)
    writer.writerow([defused(column.heading) for column in table.columns])
    with long_read(), closing(_iterated(table.rows)) as rows:
        for row in rows:
            writer.writerow([_text(cell, decimal_comma=decimal_comma) for cell in row])
            if written.tell() >= CHUNK_CHARACTERS:
                yield _taken(written)
        yield _taken(written)


def as_xlsx(table: Table) -> BinaryIO:
    """A workbook with one sheet, its head frozen, filters on, and a foot with totals. Texts are texts, never formulas.

    Raises TooManyRows where there are more than a sheet holds.
    """
    file = TemporaryFile()  # noqa: SIM115 (closed by the response that sends it)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    with xlsxwriter.Workbook(file, options | {"default_date_format": "yyyy-mm-dd hh:mm"}) as book:
        sheet = book.add_worksheet(_sheet_name(table.name))
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        narrowest, widest = CELL_WIDTHS
        for at, column in enumerate(table.columns):
            sheet.set_column(at, at, min(max(narrowest, 2 * len(column.heading)), widest))
            sheet.write_string(0, at, column.heading, bold)
        sheet.freeze_panes(1, 1)
        count, sums = 0, [Decimal(0)] * len(table.columns)
        with long_read():
            for count, row in enumerate(table.rows, start=1):
                if count > XLSX_MOST_ROWS:
                    raise TooManyRows
                for at, cell in enumerate(row):
                    _write(sheet, count, at, cell, day)
                    if table.columns[at].total and isinstance(cell, int | Decimal):
                        sums[at] += cell
        if count:
            sheet.autofilter(0, 0, count, len(table.columns) - 1)
            _write_totals(sheet, table.columns, count, sums, bold)
    file.seek(0)
    return file


def _write(sheet: "xlsxwriter.worksheet.Worksheet", row: int, at: int, cell: Cell, day: object) -> None:
    match cell:
        case None:
            return
        case bool():
            sheet.write_string(row, at, _("yes") if cell else _("no"))
        case int() | Decimal():
            sheet.write_number(row, at, cell)
        case datetime():
            sheet.write_datetime(row, at, cell)
        case date():
            sheet.write_datetime(row, at, cell, day)
        case str():
            sheet.write_string(row, at, cell[:32_767])  # what a cell holds


def _write_totals(
    sheet: "xlsxwriter.worksheet.Worksheet", columns: Sequence[Column], rows: int, sums: Sequence[Decimal], bold: object
) -> None:
    if not any(column.total for column in columns):
        return
    sheet.write_string(rows + 1, 0, _("Total"), bold)
    for at, column in enumerate(columns):
        if column.total:
            cells = xlsxwriter.utility.xl_range(1, at, rows, at)
            sheet.write_formula(rows + 1, at, f"=SUM({cells})", bold, float(sums[at]))


def _sheet_name(name: str) -> str:
    """Without what a sheet's name may not hold; at most 31 letters."""
    return "".join(" " if letter in "[]:*?/\\'" else letter for letter in name)[:31].strip() or "1"


def _iterated(rows: Iterable[Sequence[Cell]]) -> Generator[Sequence[Cell], None, None]:
    yield from rows


def _text(cell: Cell, *, decimal_comma: bool) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return _("yes") if cell else _("no")
        case Decimal():
            return f"{cell:f}".replace(".", ",") if decimal_comma else f"{cell:f}"
        case datetime():
            return cell.isoformat(timespec="seconds")
        case int() | date():
            return str(cell)
        case str():
            return defused(cell)


def _taken(written: io.StringIO) -> bytes:
    taken = written.getvalue().encode()
    written.seek(0)
    written.truncate()
    return taken
