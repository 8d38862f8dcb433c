"""An address that was given up is told where its member's mails go now: once, by whatever road it was changed."""

from typing import Any

import pytest
from django.core import mail as outbox
from django.utils import timezone

from portal import tasks
from portal.imports import runs
from portal.members import addresses, editing
from portal.members.merging import merge, undo_merge
from portal.members.scrubbing import scrub
from portal.models import Change, ImportRun, Job, Member, StaffLogin
from portal.resources import MemberImport
from tests.factories import LocationFactory, MemberFactory, StaffLoginFactory, StudioFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def kim() -> Member:
    return MemberFactory(studio=LocationFactory(studio__name="Linden").studio, email="kim@old.example")


@pytest.fixture
def ana(kim: Member) -> StaffLogin:
    return StaffLoginFactory(studio=kim.studio)


def told() -> list[Any]:
    """What is sent when every job is done, each twice: a worker that dies does its job again."""
    for job in Job.objects.filter(kind=addresses.MAIL_CHANGED).order_by("pk"):
        tasks.mail_address_changed(job)
    return outbox.outbox


def changed(member: Member, email: str, by: StaffLogin) -> None:
    editing.edit(member, {"email": email}, by=by, now=NOW)


def test_the_old_address_hears_of_the_new_one_and_not_what_it_is(kim: Member, ana: StaffLogin, settings: Any) -> None:
    settings.OPERATOR_EMAIL = "ops@example.org"
    changed(kim, "karla@example.com", ana)
    (sent,) = told()
    assert (sent.to, sent.subject) == (["kim@old.example"], "Your e-mail address at Linden was changed")
    assert "to k…@e….com on" in sent.body
    assert "write to ops@example.org" in sent.body
    assert "karla" not in sent.body + sent.alternatives[0][0]
    assert (Job.objects.filter(kind=addresses.MAIL_CHANGED).count(), len(sent.alternatives)) == (1, 1)


def test_an_address_that_was_removed_hears_of_it(kim: Member, ana: StaffLogin) -> None:
    changed(kim, "", ana)
    assert "removed the e-mail address" in told()[0].body


@pytest.mark.parametrize(("before", "after"), [("", "kim@new.example"), ("kim@old.example", "Kim@Old.example")])
def test_a_first_address_and_other_capitals_tell_nobody(kim: Member, ana: StaffLogin, before: str, after: str) -> None:
    Member.objects.update(email=before)
    changed(kim, after, ana)
    assert not told()


def test_another_field_tells_nobody(kim: Member, ana: StaffLogin) -> None:
    editing.edit(kim, {"phone": "+31 6 1"}, by=ana, now=NOW)
    assert not told()


def test_practice_writes_to_nobody() -> None:
    studio = LocationFactory(studio=StudioFactory(practice_of=StudioFactory())).studio
    changed(MemberFactory(studio=studio, email="kim@old.example"), "x@new.example", StaffLoginFactory(studio=studio))
    assert not Job.objects.filter(kind=addresses.MAIL_CHANGED).exists()


def test_who_was_deleted_hears_nothing(kim: Member, ana: StaffLogin) -> None:
    changed(kim, "karla@example.com", ana)
    scrub(kim, by=ana, now=NOW)
    assert not told()


def test_a_merge_tells_the_address_that_it_gives_up_and_its_undo_nobody(kim: Member, ana: StaffLogin) -> None:
    other = MemberFactory(studio=kim.studio, email="kim@other.example")
    done = merge(kim, other, take={"email": "merged"}, by=ana, now=NOW)
    (sent,) = told()
    assert sent.to == ["kim@old.example"]
    assert "to k…@o….example on" in sent.body
    outbox.outbox.clear()
    undo_merge(done, by=ana, now=NOW)
    kim.refresh_from_db()
    assert kim.email == "kim@old.example"
    assert Job.objects.filter(kind=addresses.MAIL_CHANGED).count() == 1
    assert Change.objects.filter(kind="edited", subject_id=kim.pk).count() == 2


def test_a_merge_that_keeps_the_address_tells_the_other_one(kim: Member, ana: StaffLogin) -> None:
    other = MemberFactory(studio=kim.studio, email="kim@other.example")
    merge(kim, other, take={"email": "kept"}, by=ana, now=NOW)
    (sent,) = told()
    assert sent.to == ["kim@other.example"]
    assert "to k…@o….example on" in sent.body


def test_an_import_and_taking_it_back_stand_in_the_log_and_are_told(kim: Member, ana: StaffLogin) -> None:
    run = ImportRun.objects.create(
        studio=kim.studio, by=ana, kind="members", file_name="m.csv", rows_in_file=1, created_at=NOW,
        mapping={"number": "number", "name": "name", "email": "email"},
    )  # fmt: skip
    written(run, f"number,name,email\n{kim.number},{kim.name},kim@new.example\n")
    (change,) = Change.objects.filter(kind="edited", subject_id=kim.pk)
    assert (change.by, change.before, change.after) == (ana, {"email": "kim@old.example"}, {"email": "kim@new.example"})
    MemberImport().undo(run, list(run.rows.all()), now=NOW, keep_job=lambda: None)
    assert [sent.to for sent in told()] == [["kim@old.example"], ["kim@new.example"]]
    kim.refresh_from_db()
    assert kim.email == "kim@old.example"


def written(run: ImportRun, content: str) -> None:
    run.content, run.encoding, run.separator = content.encode(), "utf-8", ","
    run.header, run.status = content.splitlines()[0].split(","), ImportRun.Status.WRITING
    run.save()
    runs.write(run, now=NOW, still_ours=lambda: None)


@pytest.mark.parametrize(
    ("email", "expected"),
    [("kim@example.com", "k…@e….com"), ("x@y.co.uk", "x…@y….uk"), ("kim@localhost", "k…@….localhost"), ("", "")],
)
def test_a_mask_shows_an_address_to_who_knows_it(email: str, expected: str) -> None:
    assert addresses.masked(email) == expected


def test_without_an_operator_the_studio_is_named(kim: Member, ana: StaffLogin) -> None:
    changed(kim, "karla@example.com", ana)
    assert "please tell the studio" in told()[0].body
