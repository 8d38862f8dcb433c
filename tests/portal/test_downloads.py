"""Tables as files: what a spreadsheet opens safely, in the reader's separators, with totals where they do no harm."""

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import translation

from portal.downloads import BOM, Cell, Column, Table, as_csv, as_xlsx, download, file_name

pytestmark = pytest.mark.django_db

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ROWS: list[tuple[Cell, ...]] = [
    ("Müller; \"Jo\"", 3, Decimal("12.50"), datetime(2026, 11, 22, 18, 0, tzinfo=AMSTERDAM), date(2026, 11, 22), True),
    ("=HYPERLINK(1)", 4, Decimal("-1.00"), None, None, False),
]  # fmt: skip


def table(rows: list[tuple[Cell, ...]] = ROWS) -> Table:
    columns = [Column(heading) for heading in ("Name", "Visits", "Amount", "Last", "Since", "New")]
    columns[1], columns[2] = Column("Visits", total=True), Column("Amount", total=True)
    return Table("Members", columns, iter(rows))


def read(content: bytes, delimiter: str) -> list[list[str]]:
    text = content.decode()
    assert text.startswith(BOM)
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), delimiter=delimiter))


def test_a_csv_has_what_the_table_has() -> None:
    assert read(b"".join(as_csv(table())), ",") == [
        ["Name", "Visits", "Amount", "Last", "Since", "New"],
        ['Müller; "Jo"', "3", "12.50", "2026-11-22T18:00:00+01:00", "2026-11-22", "yes"],
        ["'=HYPERLINK(1)", "4", "-1.00", "", "", "no"],
    ]


@pytest.mark.parametrize("language", ["de", "nl"])
def test_separators_follow_the_language(language: str) -> None:
    with translation.override(language):
        rows = read(b"".join(as_csv(table())), ";")
    assert rows[1][:3] == ['Müller; "Jo"', "3", "12,50"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_text_is_no_formula(start: str) -> None:
    assert read(b"".join(as_csv(table([(f"{start}1+1",)]))), ",")[1] == [f"'{start}1+1"]


def test_a_csv_comes_in_pieces_and_its_query_ends_when_the_reader_leaves() -> None:
    asked = []

    def rows() -> object:
        for number in range(100_000):
            asked.append(number)
            yield ("x" * 100,)

    chunks = as_csv(Table("Members", [Column("Name")], rows()))  # type: ignore[arg-type]
    next(chunks)
    assert len(asked) < 2_000
    chunks.close()  # type: ignore[attr-defined]
    assert not connection.in_atomic_block or not connection.needs_rollback


def cells(content: bytes) -> dict[str, str]:
    """Every cell of the sheet by its name; a formula with what it came to."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 (our own file)
    found = {}
    for cell in sheet.iterfind(".//m:c", space):
        formula, value = cell.find("m:f", space), cell.find("m:v", space)
        text = "".join(cell.itertext()) if value is None or formula is not None else value.text or ""
        found[cell.attrib["r"]] = f"={text}" if formula is not None else text
    return found


def test_an_xlsx_has_texts_numbers_and_totals() -> None:
    found = cells(as_xlsx(table()).read())
    assert found["A1"] == "Name"
    assert found["A3"] == "=HYPERLINK(1)"  # as text: it has no formula
    assert found["B2"] == "3"
    assert found["A4"] == "Total"
    assert found["B4"] == "=SUM(B2:B3)7.0"
    assert found["C4"] == "=SUM(C2:C3)11.5"
    assert found["F2"] == "yes"


def test_an_empty_table_has_its_head() -> None:
    assert cells(as_xlsx(table([])).read())["A1"] == "Name"
    assert len(read(b"".join(as_csv(table([]))), ",")) == 1


def test_the_name_says_what_of_where_of_when() -> None:
    day = date(2026, 11, 22)
    assert file_name("members", "Centrum Süd", day, kind="csv") == "members_centrum-sud_2026-11-22.csv"
    assert file_name("members", "", day, kind="xlsx") == "members_2026-11-22.xlsx"


@pytest.mark.parametrize(("kind", "content_type"), [("csv", "text/csv"), ("xlsx", "application/vnd.openxml")])
def test_a_download_is_an_attachment(kind: str, content_type: str) -> None:
    response = download(table(), name=f"members.{kind}", kind=kind)
    assert response["Content-Type"].startswith(content_type)
    assert response["Content-Disposition"] == f'attachment; filename="members.{kind}"'
    assert b"".join(response)  # type: ignore[arg-type]
