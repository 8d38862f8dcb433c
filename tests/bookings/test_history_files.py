"""What a page of the history lists, as a file: the same rows, typed cells in a workbook, nothing that is a formula."""

import csv
import io
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import time_machine
from django.test import Client

from bookings.models import Reservation
from bookings.rules import Attendance
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.bookings.test_history import NOW, get, local, visit, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    StaffLoginFactory,
)

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def centrum(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def owner(centrum: Location) -> StaffLogin:
    return StaffLoginFactory(studio=centrum.studio)


def file(login: StaffLogin, path: str, *, status: int = 200) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(NOW, tick=False):
        answer = client.get(f"/{login.studio.slug}/{path}")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == status
    answer.whole = content
    return answer


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


Cell = tuple[str, str]


def cells_of(content: bytes) -> list[dict[str, Cell]]:
    """(type, value) of each cell by its column: "s" for texts, "n" for numbers and moments, "f" for formulas."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        tree = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 (we wrote it)
    return [{cell.attrib["r"].rstrip("0123456789"): read(cell) for cell in row} for row in tree.iter(f"{SHEET}row")]


def read(cell: ET.Element) -> Cell:
    text = "".join(cell.itertext())
    if cell.find(f"{SHEET}f") is not None:
        return "f", text
    return ("s" if cell.get("t") == "inlineStr" else "n"), text


@pytest.fixture
def kim(centrum: Location) -> Reservation:
    """A visit whose names are formulas to a spreadsheet."""
    item = CalendarItemFactory(location=centrum, name="+Flow\nfor two")
    member = MemberFactory(studio=centrum.studio, first_name="=1+1", last_name="Kim", number="0042")
    start = local("2026-10-06T18:00")
    return visit(centrum, start, item=item, member=member, checked_in_at=local("2026-10-06T18:04"))


def test_a_month_as_a_workbook_holds_the_rows_of_its_csv_typed(
    owner: StaffLogin, kim: Reservation, centrum: Location
) -> None:
    visit(centrum, local("2026-09-06T18:00"))
    answer = file(owner, "history/2026-10.xlsx")
    assert 'filename="checkins_centrum_2026-10.xlsx"' in answer["Content-Disposition"]
    head, row = cells_of(answer.whole)
    told = {head[letter][1]: cell for letter, cell in row.items()}
    assert told["Member"] == ("s", "=1+1 Kim")
    assert told["Class"] == ("s", "+Flow\nfor two")
    assert told["Member number"] == ("s", "0042")
    assert told["Minutes late"] == ("n", "4")
    assert told["Start"] == ("n", "46301.75")  # 6 October 2026, 18:00 on the wall
    lines = rows_of(file(owner, "history/2026-10.csv").whole)
    assert len(lines) == 2
    assert lines[0] == [value for _kind, value in head.values()]


def test_a_class_gives_the_file_of_what_is_filtered(owner: StaffLogin, kim: Reservation, centrum: Location) -> None:
    item = kim.session.item
    ReservationFactory(session=kim.session, attendance=Attendance.NO_SHOW)
    visit(centrum, local("2026-10-13T18:00"), item=item)
    visit(centrum, local("2026-10-13T18:00"))  # another class
    path = f"history/2026-10/{item.pk}.csv"
    assert len(rows_of(file(owner, path).whole)) == 4
    assert len(rows_of(file(owner, f"{path}?outcome=checked_in").whole)) == 3
    assert len(rows_of(file(owner, f"{path}?outcome=checked_in&session={kim.session_id}").whole)) == 2
    file(owner, f"{path}?outcome=nonsense", status=404)
    file(owner, f"{path}?session=999999", status=404)
    page = words(get(owner, f"2026-10/{item.pk}/?outcome=no_show"))
    assert f'href="/linden/history/2026-10/{item.pk}.csv?outcome=no_show"' in page
    assert '<span class="download-rows">1 row</span>' in page


def test_the_table_of_months_as_a_file_has_its_order_and_its_totals(owner: StaffLogin, centrum: Location) -> None:
    LocationFactory(studio=centrum.studio, slug="noord", name="Noord", position=1)
    for start in ("2026-10-06T18:00", "2026-10-07T18:00", "2026-11-02T18:00", "2025-10-06T18:00"):
        visit(centrum, local(start))
    lines = rows_of(file(owner, "history.csv?sort=-checked_in").whole)
    assert [line[:2] for line in lines[:3]] == [["Month", "Check-ins"], ["2026-10", "2"], ["2026-11", "1"]]
    assert lines[1][4] == "100"
    *_rows, foot = cells_of(file(owner, "history.xlsx").whole)
    assert (foot["A"], foot["B"]) == (("s", "Total"), ("f", "SUM(B2:B3)3.0"))
    only = file(owner, "history.csv?location=noord")
    assert 'filename="checkins_noord.csv"' in only["Content-Disposition"]
    assert rows_of(only.whole)[1][1] == "0"


def test_files_need_the_right_to_export(centrum: Location, kim: Reservation) -> None:
    desk = StaffLoginFactory(studio=centrum.studio, preset=Preset.DESK)
    for path in ("history.csv", "history.xlsx", "history/2026-10.xlsx", f"history/2026-10/{kim.session.item_id}.csv"):
        file(desk, path, status=403)
    assert "download" not in words(get(desk, "2026-10/"))


def test_a_class_of_another_studio_has_no_file(owner: StaffLogin) -> None:
    other = visit(CalendarItemFactory().location, local("2026-10-06T18:00"))
    file(owner, f"history/2026-10/{other.session.item_id}.csv", status=404)


def test_the_classes_of_a_month_are_a_file_in_the_order_of_the_page(owner: StaffLogin, centrum: Location) -> None:
    flow, yin = (CalendarItemFactory(location=centrum, name=name, capacity=10) for name in ("Flow", "Yin"))
    for day, item in ((5, flow), (6, yin), (7, yin)):
        visit(centrum, local(f"2026-10-{day:02}T18:00"), item=item)
    answer = file(owner, "history/2026-10/classes.csv?sort=-checked_in")
    assert answer["Content-Disposition"] == 'attachment; filename="classes_centrum_2026-10.csv"'
    head, *lines = rows_of(answer.whole)
    assert [(line[0], line[head.index("Checked in")]) for line in lines] == [("Yin", "2"), ("Flow", "1")]
    assert "2 rows" in words(get(owner, "2026-10/"))
    file(owner, "history/2026-10/classes.xlsx")
    file(StaffLoginFactory(studio=centrum.studio, preset=Preset.DESK), "history/2026-10/classes.csv", status=403)
