"""The refused rows of a file as a file: as they were, with line and reason."""

import csv
import io
from collections.abc import Iterable, Iterator

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.models import ImportRow, ImportRun

# A cell that begins with one of these is a formula to a spreadsheet; the last four are the full-width forms (S11).
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def refused_as_csv(rows: Iterable[ImportRow], run: ImportRun) -> Iterator[str]:
    """Line, reason and the cells as in the file; BOM, and the separator of the reader's language (Q38)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if get_language() in {"de", "nl"} else ",")
    yield "\ufeff"
    for cells in ([_("Line"), _("Reason"), *run.header], *_lines(rows)):
        writer.writerow(safe_cell(str(cell)) for cell in cells)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _lines(rows: Iterable[ImportRow]) -> Iterator[list[str | int]]:
    for row in rows:
        yield [row.line, "; ".join(row.reason_words), *row.cells]
