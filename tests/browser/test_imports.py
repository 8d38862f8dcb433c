"""An import as an owner drives it: upload, columns, questions, preview, import, take back."""

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.models import Reservation
from portal.imports import runs
from portal.models import Job, StaffLogin
from tests.browser.conftest import OpenPage, faults, violations
from tests.factories import LocationFactory, StaffLoginFactory, StudioFactory
from tests.portal.files import HISTORY

HOSTILE = (
    '9,<img src=x onerror=alert(1)>,oak-yoga,1 Oak Lane,"<script>alert(1)</script> مريم 🧘",,,2019-02-08 12:00:00,\n'
)
REFUSED = "10,11,oak-yoga,1 Oak Lane,yoga,,,sometime,\n"


@pytest.fixture
def owner(transactional_db: None) -> StaffLogin:
    studio = StudioFactory.create(slug="linden")
    LocationFactory.create(studio=studio, slug="centrum", name="Centrum")
    LocationFactory.create(studio=studio, slug="noord", name="Noord")
    return StaffLoginFactory.create(studio=studio)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "history.csv"
    path.write_text(HISTORY + HOSTILE + REFUSED)
    return path


def work() -> None:
    """What a worker does when it is rung."""
    for job in Job.objects.filter(kind=runs.JOB, done_at=None):
        runs.work_on(job.payload["run"], now=timezone.now(), still_ours=lambda: None)
        Job.objects.filter(pk=job.pk).update(done_at=timezone.now())


def to_preview(page: Page, file: Path, *, look: bool = False) -> None:
    for step in ("Read the file", "Go on", "Show the preview"):
        if step == "Read the file":
            page.get_by_label("CSV file").set_input_files(file)
        if step == "Show the preview":
            for select in page.locator("fieldset select:required").all():
                if not select.input_value():
                    select.select_option("centrum")
        if look:
            assert violations(page) == []
        page.get_by_role("button", name=step).click()
    expect(page.get_by_role("heading", name="Being checked")).to_be_visible()


def test_a_history_is_imported_and_taken_back(open_page: OpenPage, owner: StaffLogin, file: Path) -> None:
    page = open_page(owner, "/linden/imports/")
    to_preview(page, file, look=True)
    work()
    expect(page.get_by_role("heading", name="Nothing is imported yet")).to_be_visible()  # by itself, within 2 seconds
    expect(page.get_by_role("row", name="sometime")).to_contain_text("start of the class: “sometime” is not a date.")
    assert violations(page) == []

    page.get_by_role("button", name="Import 9 rows").click()
    work()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    assert Reservation.objects.count() == 9
    assert violations(page) == []
    page.reload()

    page.get_by_role("button", name="Take the whole import back").click()
    work()
    expect(page.get_by_text("Nothing of it is left.")).to_be_visible()
    assert Reservation.objects.count() == 0


def test_it_works_without_script_on_a_phone(open_page: OpenPage, owner: StaffLogin, file: Path) -> None:
    page = open_page(owner, "/linden/imports/", java_script_enabled=False, viewport={"width": 390, "height": 844})
    to_preview(page, file)
    work()
    expect(page.get_by_role("heading", name="Nothing is imported yet")).to_be_visible()
    page.get_by_role("button", name="Import 9 rows").click()
    work()
    expect(page.get_by_role("button", name="Take the whole import back")).to_be_visible()
    assert Reservation.objects.count() == 9


def test_nothing_is_wider_than_the_screen(open_page: OpenPage, owner: StaffLogin, file: Path) -> None:
    page = open_page(owner, "/linden/imports/", color_scheme="dark")
    to_preview(page, file, look=True)
    work()
    expect(page.get_by_role("heading", name="Nothing is imported yet")).to_be_visible()
    assert faults(page, widths=(1440, 1024, 390)) == []
