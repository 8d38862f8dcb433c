"""The screen of the imports: each page by what the run's row says."""

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bookings.models import Reservation, ScheduledSession
from portal import tasks
from portal.imports import runs
from portal.imports.reading import MAX_BYTES
from portal.jobs import worker
from portal.models import ImportRun, ImportTemplate, Job, Member, StaffLogin, Studio
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory
from tests.portal.files import HISTORY, HISTORY_HEADER, MEMBERS

pytestmark = pytest.mark.django_db


@pytest.fixture
def login() -> StaffLogin:
    place = LocationFactory.create(slug="centrum", studio=StudioFactory.create(slug="linden"))
    return StaffLoginFactory.create(studio=place.studio)


@pytest.fixture
def studio(login: StaffLogin) -> Studio:
    return login.studio


@pytest.fixture
def desk(client: Client, login: StaffLogin) -> Client:
    client.force_login(login.user)
    return client


def address(page: str, *args: Any) -> str:
    return reverse(f"portal:{page}", args=["linden", *args])


def send(desk: Client, content: bytes | str, name: str = "export.csv") -> Any:
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content, "text/csv")
    return desk.post(address("imports"), {"file": file})


def work() -> None:
    """What a worker does when it is rung: everything that is due."""
    for job in Job.objects.filter(kind=runs.JOB, done_at=None, dead_at=None):
        runs.work_on(job.payload["run"], now=timezone.now(), still_ours=lambda: None)
        Job.objects.filter(pk=job.pk).update(done_at=timezone.now())


def to_preview(desk: Client, content: str, **answers: str) -> ImportRun:
    """Upload, take what is suggested, answer the rest with the studio's location, and let a worker check it."""
    send(desk, content)
    run = ImportRun.objects.latest("id")
    assert desk.post(address("import_mapping", run.pk), run.mapping).status_code == 302
    table = runs.table_of(run)
    fields = {
        f"q{number}": answers.get(question.name) or question.suggested or (question.choices and "centrum") or ""
        for number, question in enumerate(runs.questions_of(run, table))
    }
    assert desk.post(address("import_questions", run.pk), fields | {"remember": "on"}).status_code == 302
    work()
    run.refresh_from_db()
    assert run.status == ImportRun.Status.CHECKED
    return run


def write(desk: Client, run: ImportRun, rows: str = "all") -> ImportRun:
    desk.post(address("import_write", run.pk), {"rows": rows})
    work()
    run.refresh_from_db()
    return run


def test_a_history_goes_from_the_file_to_the_reservations_and_back(desk: Client, studio: Studio) -> None:
    run = to_preview(desk, HISTORY)
    preview = desk.get(address("import_run", run.pk))
    assert "Import 8 rows" in preview.content.decode()
    assert "5 new members, 2 new classes, 5 new sessions" in preview.content.decode()
    assert Reservation.objects.count() == 0

    assert write(desk, run).status == ImportRun.Status.DONE
    assert Reservation.objects.filter(studio=studio).count() == 8
    assert bytes(run.content) == b""

    desk.post(address("import_undo", run.pk))
    work()
    assert Reservation.objects.count() == Member.objects.count() == ScheduledSession.objects.count() == 0
    assert "Nothing of it is left." in desk.get(address("import_run", run.pk)).content.decode()


def test_members_are_new_changed_unchanged_or_refused(desk: Client, studio: Studio) -> None:
    known = MemberFactory.create(
        studio=studio, number="77", first_name="Zoe", last_name="O'Neill", email="ZOE@example.test"
    )
    same = MemberFactory.create(studio=studio, number="503", first_name="Sam", last_name="Same", email="", phone="1")
    more = (
        MEMBERS
        + "503;Sam;Same;;1;;\n504;Ann;Twice;JOERG@example.test;;;\n505;;;no@name.test;;;\n506;Bad;Mail;not-mail;;;\n"
    )

    run = to_preview(desk, more)

    assert {row.line: row.outcome for row in run.rows.all()} == {
        2: "new", 3: "changed", 4: "unchanged", 5: "refused", 6: "refused", 7: "refused"
    }  # fmt: skip
    assert [words for row in run.rows.filter(outcome="refused") for words in row.reason_words] == [
        "This is the same member as in line 2.",
        "first name: There is no name.",
        "e-mail: Enter a valid email address.",
    ]
    write(desk, run, "good")
    joerg = studio.members.get(number="501")
    assert (joerg.name, joerg.email, str(joerg.joined_on), joerg.notes) == (
        "Jörg Müller", "joerg@example.test", "2019-02-13", "Knie"
    )  # fmt: skip
    known.refresh_from_db()
    assert (known.number, known.first_name) == ("77", "Zoë")
    same.refresh_from_db()
    assert same.phone == "1"

    desk.post(address("import_undo", run.pk))
    work()
    known.refresh_from_db()
    assert [known.first_name, studio.members.count()] == ["Zoe", 2]


def test_while_a_row_is_refused_all_or_nothing_is_nothing(desk: Client, studio: Studio) -> None:
    run = to_preview(desk, HISTORY + "9,11,oak-yoga,1 Oak Lane,yoga,,,,\n")

    assert write(desk, run, "all").status == ImportRun.Status.CHECKED
    assert Reservation.objects.count() == 0
    assert (
        "Nothing was imported, because some rows are refused."
        in desk.get(address("import_run", run.pk)).content.decode()
    )

    assert write(desk, run, "good").status == ImportRun.Status.DONE
    assert Reservation.objects.count() == 8


def test_the_refused_rows_come_back_as_csv_that_runs_no_formula(desk: Client) -> None:
    run = to_preview(desk, f"{HISTORY_HEADER}\n=1+1,11,oak,,yoga,,,nonsense,\n")

    response = desk.get(address("import_refused", run.pk))
    rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))

    assert rows[0] == ["Line", "Reason", *HISTORY_HEADER.split(",")]
    assert rows[1][:3] == ["2", "start of the class: “nonsense” is not a date.", "'=1+1"]


def test_a_known_header_asks_nothing_again(desk: Client, studio: Studio) -> None:
    first = to_preview(desk, HISTORY)

    send(desk, HISTORY.replace("2019-02-04", "2019-03-04"))

    again = ImportRun.objects.latest("id")
    assert (again.template, again.mapping, again.answers) == (first.template, first.mapping, first.answers)
    assert runs.open_questions(again, runs.table_of(again)) == []
    assert "Mapped as export.csv" in desk.get(address("import_mapping", again.pk)).content.decode()

    desk.post(address("import_forget_template", ImportTemplate.objects.get().pk))
    send(desk, HISTORY)
    assert ImportRun.objects.latest("id").template is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'a,b\n1,"never\n', "Line 2: A quotation mark that opens here is never closed."),
        (b"a,b\n1,\0\n", "Line 2: The file contains the character NUL"),
        (b"a,b\n1," + b"x" * 140_000, "Line 2: A cell is longer than 32 KiB"),
        (b"PK\x03\x04", "workbook or an archive"),
        (b"", "The file is empty."),
        (b"a,b\n" + b"1,2\n" * ((MAX_BYTES + 100) // 4), "The file is larger than 5 MiB."),
    ],
)
def test_a_file_that_cannot_be_read_gets_an_answer_and_is_not_kept(desk: Client, content: bytes, words: str) -> None:
    response = send(desk, content)

    assert response.status_code == 422
    assert words in response.content.decode()
    assert ImportRun.objects.count() == 0


def test_a_body_beyond_all_bounds_or_compressed_is_refused_unread(desk: Client) -> None:
    assert send(desk, b"a" * 9 * 2**20).status_code == 413
    file = SimpleUploadedFile("a.csv", b"a,b\n1,2\n")
    assert desk.post(address("imports"), {"file": file}, headers={"content-encoding": "gzip"}).status_code == 415


def test_a_path_in_the_name_of_the_file_stays_a_name(desk: Client, studio: Studio) -> None:
    run = runs.upload(studio, by=None, file_name="../../etc/x.csv", content=MEMBERS.encode(), now=timezone.now())
    assert run.file_name == "x.csv"
    assert runs.clean_file_name("C:\\temp\\a\x1b[31m\u202egpj.csv") == "a__31m_gpj.csv"


def test_how_the_file_is_read_can_be_changed(desk: Client) -> None:
    send(desk, "number;first name\n1;Łukasz\n".encode("cp1250"))
    run = ImportRun.objects.get()

    read_so = {"read_again": "1", "kind": "members", "encoding": "cp1250", "separator": ";"}
    desk.post(address("import_mapping", run.pk), read_so)
    assert "Łukasz" in desk.get(address("import_mapping", run.pk)).content.decode()

    refused = desk.post(address("import_mapping", run.pk), read_so | {"encoding": "utf-8"})
    assert refused.status_code == 422
    assert "Line 2: The file is not in UTF-8." in refused.content.decode()


def test_a_mapping_that_cannot_work_is_explained(desk: Client) -> None:
    send(desk, HISTORY)
    run = ImportRun.objects.get()

    response = desk.post(address("import_mapping", run.pk), {"external_ref": "id", "member_number": "id"})

    assert response.status_code == 422
    words = response.content.decode()
    for line in ("This column is chosen twice.", "Choose the column with the start of the class."):
        assert line in words


def test_questions_want_answers(desk: Client) -> None:
    send(desk, HISTORY)
    run = ImportRun.objects.get()

    assert desk.post(address("import_questions", run.pk), {}).status_code == 422
    assert desk.post(address("import_questions", run.pk), {"q0": "elsewhere"}).status_code == 422
    assert not Job.objects.filter(kind=runs.JOB).exists()


def test_a_second_click_begins_nothing_twice(desk: Client, studio: Studio) -> None:
    run = to_preview(desk, HISTORY)

    for _click in range(2):
        desk.post(address("import_write", run.pk), {"rows": "all"})
    assert Job.objects.filter(kind=runs.JOB, done_at=None).count() == 1
    work()
    desk.post(address("import_write", run.pk), {"rows": "all"})
    assert Job.objects.filter(kind=runs.JOB, done_at=None).count() == 0
    assert Reservation.objects.count() == 8


def test_a_page_at_work_looks_again_without_script_and_with_it(desk: Client, login: StaffLogin) -> None:
    run = to_preview(desk, HISTORY)
    desk.post(address("import_write", run.pk), {"rows": "all"})

    page = desk.get(address("import_run", run.pk)).content.decode()
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    assert 'hx-trigger="every 2s"' in page
    assert "0 of 8 rows" in page
    work()
    fragment = desk.get(address("import_run", run.pk), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "hx-trigger" not in fragment
    assert "Take the whole import back" in fragment


def test_what_workers_gave_up_can_be_tried_again(desk: Client, studio: Studio) -> None:
    run = to_preview(desk, HISTORY)
    desk.post(address("import_write", run.pk), {"rows": "all"})
    Job.objects.filter(kind=runs.JOB, done_at=None).update(dead_at=timezone.now())

    assert "Try again" in desk.get(address("import_run", run.pk)).content.decode()
    desk.post(address("import_retry", run.pk))
    work()
    assert Reservation.objects.filter(studio=studio).count() == 8


def test_a_file_can_be_thrown_away_until_it_is_imported(desk: Client) -> None:
    run = to_preview(desk, HISTORY)
    desk.post(address("import_discard", run.pk))
    assert ImportRun.objects.count() == 0

    run = write(desk, to_preview(desk, HISTORY))
    desk.post(address("import_discard", run.pk))
    assert ImportRun.objects.filter(pk=run.pk).exists()


@pytest.mark.parametrize("page", ["import_run", "import_mapping", "import_questions", "import_refused"])
def test_another_studios_import_is_not_there(desk: Client, page: str) -> None:
    other = runs.upload(
        StudioFactory.create(), by=None, file_name="x.csv", content=MEMBERS.encode(), now=timezone.now()
    )
    assert desk.get(address(page, other.pk)).status_code == 404


def test_a_page_of_fifty_rows_asks_a_dozen_times_at_most(desk: Client, django_assert_max_num_queries: Any) -> None:
    rows = [f"{n},{n},oak,,yoga,,,2019-02-04 {n % 12 + 8:02d}:{n % 60:02d}:00," for n in range(60)]
    many = to_preview(desk, "\n".join([HISTORY_HEADER, *rows, ""]))
    with django_assert_max_num_queries(12):
        desk.get(address("import_run", many.pk))


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_in_the_middle_leaves_nothing_behind_and_the_next_one_finishes(
    desk: Client, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = to_preview(desk, HISTORY)
    desk.post(address("import_write", run.pk), {"rows": "all"})

    class Killed(BaseException):
        """What no handler of ours catches, as a kill."""

    def die() -> None:
        assert Reservation.objects.count() == 8
        raise Killed

    with pytest.raises(Killed):
        runs.work_on(run.pk, now=timezone.now(), still_ours=die)
    assert Reservation.objects.count() == Member.objects.count() == 0

    assert tasks.work_on_import.__name__  # loaded: the tasks say who does which job
    worker.drain("test")

    run.refresh_from_db()
    assert run.status == ImportRun.Status.DONE
    assert Reservation.objects.count() == 8
    runs.work_on(run.pk, now=timezone.now(), still_ours=lambda: None)
    assert Reservation.objects.count() == 8


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("content", [HISTORY, MEMBERS], ids=["history", "members"])
def test_writing_and_taking_back_keep_their_job_while_they_work(desk: Client, content: str) -> None:
    run = to_preview(desk, content)

    def leased() -> timedelta:
        run.refresh_from_db()
        assert run.job is not None
        assert run.job.lease_until is not None
        return run.job.lease_until - timezone.now()

    seen: list[timedelta] = []
    for step in (ImportRun.Status.WRITING, ImportRun.Status.UNDOING):
        ImportRun.objects.update(only_good_rows=True)
        runs.begin(run, step)
        nearly_over = timezone.now() + timedelta(seconds=1)
        Job.objects.filter(pk=run.job_id).update(lease_until=nearly_over, lease_token=uuid4())
        runs.work_on(run.pk, now=timezone.now(), still_ours=lambda: seen.append(leased()))
    assert [kept > timedelta(minutes=1) for kept in seen] == [True, True]
