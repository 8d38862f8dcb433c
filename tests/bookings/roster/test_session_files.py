"""The roster as PDF, CSV and XLSX."""

import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client

from bookings import roster_pdf
from bookings.models import ScheduledSession
from bookings.selectors import roster as selector
from portal.models import Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import client_of, login, member
from tests.bookings.roster.reading import address
from tests.bookings.scenes import at, booked

pytestmark = pytest.mark.django_db
NAMES = [
    "王 小明",
    "Zoë 😀 Quark",
    "Дмитрий Ильин",
    "Ελένη Παπά",
    "Nguyễn Thị Ánh",
    "=cmd|' /C calc'!A0",
    "#set page() *x*",
]


def said(session: ScheduledSession) -> Any:
    return roster_pdf._data(selector.roster_of(session, now=at("18:10")), with_notes=True)


def content(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("name", NAMES)
def test_the_pdf_comes_out_whatever_the_names(desk: Client, vinyasa: ScheduledSession, name: str) -> None:
    booked(vinyasa, member(vinyasa.studio, name, number="4711"))
    response = desk.get(address(vinyasa, "roster.pdf"))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert b"pdfaid" in response.content or b"PDF/A" in response.content or len(response.content) > 5000


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("王 小明", "\ufffc \ufffc\ufffc"),
        ("Zoë 😀 Quark", "Zoë \ufffc Quark"),
        ("Дмитрий Ильин", "Дмитрий Ильин"),
        ("Nguyễn Thị Ánh", "Nguyễn Thị Ánh"),
        ("Zoe\u0308 Quark", "Zoë Quark"),
    ],
)
def test_a_letter_that_the_font_lacks_is_a_box_and_the_page_says_so(
    vinyasa: ScheduledSession, name: str, drawn: str
) -> None:
    booked(vinyasa, member(vinyasa.studio, name, number="4711"))
    data = said(vinyasa)
    assert data["people"][0]["name"] == f"{drawn} *"
    assert data["people"][0]["number"] == "4711"
    assert bool(data["missing"]) == ("\ufffc" in drawn)


def test_the_pdf_holds_no_contact_data(vinyasa: ScheduledSession) -> None:
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer", phone="+31 6 1234", email="kim@example.test"))
    assert not re.search(r"1234|kim@", str(said(vinyasa)))


def test_an_empty_and_a_cancelled_class_have_a_pdf(desk: Client, vinyasa: ScheduledSession) -> None:
    assert desk.get(address(vinyasa, "roster.pdf")).status_code == 200
    ScheduledSession.objects.update(cancelled_at=at("12:00"), cancelled_reason="storm")
    vinyasa.refresh_from_db()
    assert said(vinyasa)["cancelled"] == "This class was cancelled on Wed 10 Jun, 12:00. storm"
    assert desk.get(address(vinyasa, "roster.pdf")).status_code == 200


def test_the_csv_defuses_cells_and_keeps_contact_to_who_may_see_it(owner: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa, member(vinyasa.studio, "=cmd Calc", phone="+31 6 1234"))
    response = owner.get(address(vinyasa, "roster.csv"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="roster_vinyasa-flow_2026-06-10.csv"'
    text = content(response).decode("utf-8-sig")
    assert text.splitlines()[0].startswith("Member,Member number,E-mail,Phone,Source,Status")
    assert text.splitlines()[1].startswith("'=cmd Calc,")
    assert "'+31 6 1234" in text


def test_a_class_s_name_cannot_break_the_file_s(owner: Client, vinyasa: ScheduledSession) -> None:
    vinyasa.item.name = '../\r\n"x;y" 😀'
    vinyasa.item.save()
    response = owner.get(address(vinyasa, "roster.csv"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="roster_xy_2026-06-10.csv"'


def test_the_xlsx_holds_texts_not_formulas(owner: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa, member(vinyasa.studio, "=cmd Calc"))
    book = zipfile.ZipFile(io.BytesIO(content(owner.get(address(vinyasa, "roster.xlsx")))))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert ">=cmd Calc<" in sheet
    assert "<f>" not in sheet


def test_files_need_the_right_to_export(desk: Client, vinyasa: ScheduledSession) -> None:
    for kind in ("csv", "xlsx"):
        assert desk.get(address(vinyasa, f"roster.{kind}")).status_code == 403


def test_a_teacher_s_pdf_is_of_the_own_class_only(studio: Studio, vinyasa: ScheduledSession) -> None:
    assert client_of(login(studio, Preset.TEACHER)).get(address(vinyasa, "roster.pdf")).status_code == 404
