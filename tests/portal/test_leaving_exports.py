"""The way of an archive: asked for by an owner, written once, told of, fetched, deleted; and its page."""

import os
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.conf import settings as conf
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.jobs import MORE, LeaseLost, NotNow, Outcome, worker
from portal.leaving import archive, exports
from portal.members.scrubbing import scrub
from portal.models import Change, Export, Job, StaffLogin, Studio
from portal.roles import Preset
from portal.tasks import mail_exported
from tests.factories import PASSWORD, LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory, UserFactory
from tests.portal.test_operator_looking import look, prove, set_up

pytestmark = pytest.mark.django_db
PAGE, ASK = "/linden/settings/data/", "/linden/settings/data/export/"


@pytest.fixture(autouse=True)
def media(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def owner() -> StaffLogin:
    studio = StudioFactory(slug="linden", name="Linden")
    LocationFactory(studio=studio)
    MemberFactory(studio=studio, first_name="Kim")
    login: StaffLogin = StaffLoginFactory(studio=studio, user__name="Linde Owner")
    return login


def browser(login: StaffLogin, *, proved: bool = True) -> Client:
    client = Client()
    client.force_login(login.user)
    if proved:
        client.get(PAGE)
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def ask(owner: StaffLogin) -> Export:
    return exports.ask(owner.studio, by=owner, now=timezone.now())[0]


def prepare(export: Export) -> Outcome | None:
    """As a worker does it that holds the job."""
    held = {"lease_token": uuid4(), "lease_until": timezone.now() + timedelta(minutes=1)}
    Job.objects.filter(pk=export.job_id).update(**held)
    return exports.prepare(Job.objects.get(pk=export.job_id), now=timezone.now())


def written(owner: StaffLogin) -> Export:
    export = ask(owner)
    prepare(export)
    export.refresh_from_db()
    return export


def files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def kinds_of(studio: Studio) -> list[str]:
    return list(Change.objects.filter(studio=studio, subject="export").order_by("pk").values_list("kind", flat=True))


def test_two_presses_are_one_job(owner: StaffLogin) -> None:
    first, is_new = exports.ask(owner.studio, by=owner, now=timezone.now())
    again, is_newer = exports.ask(owner.studio, by=owner, now=timezone.now())
    assert (first, is_new, is_newer) == (again, True, False)
    assert Job.objects.filter(kind=exports.JOB).count() == 1
    assert kinds_of(owner.studio) == ["asked"]


def test_what_was_given_up_can_be_asked_for_again(owner: StaffLogin) -> None:
    first = ask(owner)
    Job.objects.filter(pk=first.job_id).update(dead_at=timezone.now())
    second = ask(owner)
    first.refresh_from_db()
    assert second != first
    assert first.failed_at is not None
    assert not second.is_given_up


def test_the_archive_is_written_once_and_told_of_to_the_owners(owner: StaffLogin, media: Path) -> None:
    other = StaffLoginFactory(studio=owner.studio)
    StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER)
    pinned = StaffLoginFactory(studio=owner.studio)
    pinned.locations.add(owner.studio.locations.get())
    export = written(owner)
    (path,) = files(media)
    content = path.read_bytes()
    assert (export.size, export.sha256) == (len(content), sha256(content).hexdigest())
    assert b"Kim" in ZipFile(BytesIO(content)).read("data/members.csv")
    assert export.expires_at == export.finished_at + timedelta(days=7)  # type: ignore[operator]
    told = Job.objects.filter(kind=exports.MAIL)
    assert {job.payload["login"] for job in told} == {owner.pk, other.pk}
    prepare(export)  # rung twice
    assert files(media) == [path]
    assert kinds_of(owner.studio) == ["asked", "finished"]


def test_the_mail_leads_to_the_page_and_holds_no_file(owner: StaffLogin, mailoutbox: list[Any]) -> None:
    export = written(owner)
    job = Job.objects.get(kind=exports.MAIL)
    mail_exported(job)
    (sent,) = mailoutbox
    assert sent.subject == "Everything of Linden is in one archive"
    assert "Linde Owner had everything written into one archive" in sent.body
    assert "for 7 days" in sent.body
    assert f"{conf.SITE_URL}{PAGE}" in sent.body
    assert export.file.name not in sent.body


def test_killed_in_the_middle_it_is_written_anew_and_one_file_is_left(
    owner: StaffLogin, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(owner)
    folder = media / str(owner.studio_id) / "exports"
    folder.mkdir(parents=True)
    (folder / "killed.part").write_bytes(b"half")  # as a worker that was killed leaves it
    whole = archive.write

    def broken(studio: Studio, target: Any, **given: Any) -> Any:
        target.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(archive, "write", broken)
    with pytest.raises(OSError, match="disk full"):
        prepare(export)
    assert files(media) == []
    monkeypatch.setattr(archive, "write", whole)
    prepare(export)
    assert len(files(media)) == 1
    assert kinds_of(owner.studio) == ["asked", "finished"]


def test_who_lost_the_job_leaves_nothing_behind(
    owner: StaffLogin, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = ask(owner)

    def lost(job: Job) -> None:
        raise LeaseLost(job.kind)

    monkeypatch.setattr(exports, "renew", lost)
    with pytest.raises(LeaseLost):
        prepare(export)
    export.refresh_from_db()
    assert export.is_open
    assert files(media) == []


def test_after_a_week_it_is_deleted(owner: StaffLogin, media: Path, django_capture_on_commit_callbacks: Any) -> None:
    export = written(owner)
    with django_capture_on_commit_callbacks(execute=True):
        assert exports.forget_old(timezone.now() + timedelta(days=6)) == 0
    assert len(files(media)) == 1
    with django_capture_on_commit_callbacks(execute=True):
        assert exports.forget_old(timezone.now() + timedelta(days=8)) == 1
    assert files(media) == []
    export.refresh_from_db()
    assert not export.is_there(timezone.now())
    assert browser(owner).get(f"{ASK}{export.pk}/").status_code == HTTPStatus.NOT_FOUND


def test_a_newer_archive_takes_the_place_of_the_older(
    owner: StaffLogin, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    first = written(owner)
    with django_capture_on_commit_callbacks(execute=True):
        second = written(owner)
    first.refresh_from_db()
    assert not first.file
    assert [path.name for path in files(media)] == [Path(second.file.name).name]
    page = browser(owner, proved=False).get(PAGE).content.decode()
    assert f"{ASK}{second.pk}/" in page
    again = ask(owner)
    page = browser(owner, proved=False).get(PAGE).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert f"{ASK}{second.pk}/" in page  # while it is written, what there is can be fetched
    assert "The one from before" in page
    assert f'action="{ASK}"' not in page
    Job.objects.filter(pk=again.job_id).update(dead_at=timezone.now())
    page = browser(owner, proved=False).get(PAGE).content.decode()
    assert "The archive could not be written." in page
    assert f"{ASK}{second.pk}/" in page  # what there is can still be fetched


def test_who_is_deleted_is_in_no_archive_any_more(
    owner: StaffLogin, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    written(owner)
    with django_capture_on_commit_callbacks(execute=True):
        scrub(owner.studio.members.get(), by=owner, now=timezone.now())
    assert files(media) == []


def test_who_is_deleted_while_it_is_written_is_in_none_either(
    owner: StaffLogin, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, whole = ask(owner), archive.write

    def slow(studio: Studio, target: Any, **given: Any) -> Any:
        done = whole(studio, target, **given)
        scrub(studio.members.get(first_name="Kim"), by=owner, now=timezone.now())
        return done

    monkeypatch.setattr(archive, "write", slow)
    assert prepare(export) is MORE
    assert files(media) == []
    assert kinds_of(owner.studio) == ["asked"]
    monkeypatch.setattr(archive, "write", whole)
    assert prepare(export) is None
    (path,) = files(media)
    assert b"Kim" not in ZipFile(path).read("data/members.csv")


def test_one_is_written_at_a_time_and_waiting_is_no_attempt(owner: StaffLogin, media: Path) -> None:
    export, other = ask(owner), connection.copy()
    held = {"lease_token": uuid4(), "lease_until": timezone.now() + timedelta(minutes=1), "attempts": 1}
    Job.objects.filter(pk=export.job_id).update(**held)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [exports.ONE_AT_A_TIME])
        with pytest.raises(NotNow):
            prepare(export)
        worker.run(Job.objects.get(pk=export.job_id), until=0)
    finally:
        other.close()
    job = Job.objects.get(pk=export.job_id)
    assert (job.attempts, job.lease_token, job.last_error, job.done_at) == (0, None, "", None)
    assert job.run_after > timezone.now()
    prepare(export)
    prepare(ask(owner))  # the lock was let go
    assert len(files(media)) == 2


def test_nobody_else_on_the_machine_reads_it(owner: StaffLogin, media: Path) -> None:
    folder = media / str(owner.studio_id) / "exports"
    folder.mkdir(parents=True, mode=0o755)
    written(owner)
    (path,) = files(media)
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_is_being_written_is_not_swept_and_what_was_left_is(owner: StaffLogin, media: Path) -> None:
    studios = [owner.studio, *(StaffLoginFactory().studio for _number in range(3))]
    now = timezone.now()
    Export.objects.bulk_create(Export(studio=one, asked_at=now, failed_at=now) for one in studios)
    folder = media / str(owner.studio_id) / "exports"
    folder.mkdir(parents=True)
    for name in ("begun.part", "left.part"):
        (folder / name).write_bytes(b"half")
    long_ago = (now - timedelta(hours=2)).timestamp()
    os.utime(folder / "left.part", (long_ago, long_ago))
    with CaptureQueriesContext(connection) as queries:
        exports.forget_old(now)
    assert [path.name for path in files(media)] == ["begun.part"]
    assert len([one for one in queries if "SAVEPOINT" not in one["sql"]]) <= 3


def test_the_first_page_of_settings_says_when_it_was_done_last(owner: StaffLogin) -> None:
    client = browser(owner, proved=False)
    assert "Last export: never" in client.get("/linden/settings/").content.decode()
    export = written(owner)
    day = f"{timezone.localtime(export.finished_at, owner.studio.locations.get().tz):%-d %b}"
    page = client.get("/linden/settings/").content.decode()
    assert f"Last export: {day}" in page
    assert "by Linde Owner" in page


def test_an_owner_asks_and_downloads_and_the_log_says_so(owner: StaffLogin) -> None:
    client = browser(owner)
    assert client.post(ASK, follow=True).redirect_chain == [(PAGE, HTTPStatus.FOUND)]
    page = client.get(PAGE).content.decode()
    assert 'hx-trigger="every 2s"' in page
    export = Export.objects.get()
    prepare(export)
    assert f"{ASK}{export.pk}/" in client.get(PAGE).content.decode()
    answer = client.get(f"{ASK}{export.pk}/")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="tresen_linden_')
    assert b"".join(answer.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    assert kinds_of(owner.studio) == ["asked", "finished", "downloaded"]
    assert Change.objects.get(kind="downloaded").by == owner
    log = client.get("/linden/log/").content.decode()
    assert "asked for everything in one archive" in log
    assert "archive with everything downloaded" in log


def test_the_password_is_asked_for_before(owner: StaffLogin) -> None:
    client = browser(owner, proved=False)
    export = written(owner)
    for answer in (client.post(ASK), client.get(f"{ASK}{export.pk}/")):
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    assert kinds_of(owner.studio) == ["asked", "finished"]
    client.post(ASK)
    client.post(f"/accounts/reauthenticate/?next={ASK}", {"password": PASSWORD, "next": ASK})
    assert kinds_of(owner.studio) == ["asked", "finished", "asked"]  # what was asked goes on after the password


def test_a_manager_sees_the_page_without_the_button(owner: StaffLogin) -> None:
    export = written(owner)
    client = browser(StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER))
    page = client.get(PAGE).content.decode()
    assert ASK not in page
    assert "Owners of the whole studio" in page
    assert client.post(ASK).status_code == HTTPStatus.FORBIDDEN
    assert client.get(f"{ASK}{export.pk}/").status_code == HTTPStatus.FORBIDDEN


def test_an_owner_of_some_locations_has_no_archive(owner: StaffLogin) -> None:
    export = written(owner)
    pinned = StaffLoginFactory(studio=owner.studio)
    pinned.locations.add(owner.studio.locations.get())
    client = browser(pinned)
    assert ASK not in client.get(PAGE).content.decode()
    assert client.post(ASK).status_code == HTTPStatus.FORBIDDEN
    assert client.get(f"{ASK}{export.pk}/").status_code == HTTPStatus.FORBIDDEN


def test_another_studios_archive_is_not_there(owner: StaffLogin) -> None:
    stranger = StaffLoginFactory()
    LocationFactory(studio=stranger.studio)
    theirs = written(stranger)
    assert browser(owner).get(f"{ASK}{theirs.pk}/").status_code == HTTPStatus.NOT_FOUND


def test_practice_has_none_and_says_why(owner: StaffLogin) -> None:
    practice = StudioFactory(slug="linden-practice", practice_of=owner.studio)
    LocationFactory(studio=practice)
    login = StaffLoginFactory(studio=practice, user=owner.user)
    client = browser(owner)
    page = client.get("/linden-practice/settings/data/").content.decode()
    assert "this studio is for practice" in page
    assert "/settings/data/export/" not in page
    client.post("/linden-practice/settings/data/export/")
    assert not Export.objects.exists()
    with pytest.raises(exports.OnlyReal):
        exports.ask(practice, by=login, now=timezone.now())


def test_who_looks_through_anothers_eyes_takes_nothing(owner: StaffLogin) -> None:
    second = StaffLoginFactory(studio=owner.studio)
    export = written(owner)
    client = browser(owner)
    client.post(f"/linden/staff/{second.pk}/preview/")
    assert client.post(ASK).status_code == HTTPStatus.FORBIDDEN
    assert client.get(f"{ASK}{export.pk}/").status_code == HTTPStatus.FORBIDDEN


def test_an_operator_who_looks_in_takes_nothing(owner: StaffLogin) -> None:
    export = written(owner)
    person = UserFactory(is_staff=True, is_superuser=True)
    set_up(person)
    operator = Client()
    operator.force_login(person)
    prove(operator, person)
    look(operator, owner)
    page = operator.get(PAGE)
    assert page.status_code == HTTPStatus.OK
    assert ASK not in page.content.decode()
    assert operator.post(ASK).status_code == HTTPStatus.FORBIDDEN
    assert operator.get(f"{ASK}{export.pk}/").status_code == HTTPStatus.FORBIDDEN
    assert kinds_of(owner.studio) == ["asked", "finished"]


def test_the_page_says_how_old_the_backup_is_and_what_is_kept(owner: StaffLogin, tmp_path: Path, settings: Any) -> None:
    client = browser(owner, proved=False)
    assert "ask who runs this installation" in client.get(PAGE).content.decode()
    settings.BACKUP_FILE = str(tmp_path / "dump")
    (tmp_path / "dump").touch()
    page = client.get(PAGE).content.decode()
    assert "The data is copied regularly." in page
    assert "Lines of the sync log" in page
    assert "90 days" in page


def test_a_page_costs_the_same_with_many_archives(owner: StaffLogin) -> None:
    client = browser(owner, proved=False)
    written(owner)
    before = timezone.now() - timedelta(days=1)
    for _warm in range(2):
        client.get(PAGE)
    with CaptureQueriesContext(connection) as few:
        client.get(PAGE)
    Export.objects.bulk_create(
        Export(studio=owner.studio, asked_by=owner, asked_at=before, finished_at=before) for _number in range(10)
    )
    with CaptureQueriesContext(connection) as many:
        client.get(PAGE)
    assert len(many) == len(few)
