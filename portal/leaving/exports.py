"""The way of one archive: asked for, written by a worker, told of, fetched, deleted after a week."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from hashlib import file_digest
from pathlib import Path
from threading import Event, Thread

from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal.changes import record_change
from portal.jobs import MORE, LeaseLost, NotNow, Outcome, enqueue, renew
from portal.leaving import archive
from portal.models import Export, Job, Member, StaffLogin, Studio
from portal.notices.telling import notify, reader, readers

JOB, MAIL, READY = "portal.export", "portal.mail_exported", "portal.exported"
KEPT_FOR = timedelta(days=7)
# How often a worker says that it is still at it: well within a lease (90 s).
SIGN_OF_LIFE = 5.0  # seconds
# One at a time in the whole house: others wait their turn, so that a worker stays free for everything else.
ONE_AT_A_TIME = 0x74726578  # an arbitrary number that no other use of advisory locks has
PAUSE = timedelta(seconds=10)
# Longer than a task can take: what is older is written by nobody.
LEFT_BEHIND = timedelta(hours=1)


class OnlyReal(Exception):
    """A studio for practice has nothing that anybody needs elsewhere."""


class SomebodyWasDeleted(Exception):
    """Since the moment that the archive shows: they stand in it (Q39)."""


def ask(studio: Studio, *, by: StaffLogin, now: datetime) -> tuple[Export, bool]:
    """Have everything written into one archive; the export, and whether it is a new one: two presses are one.

    Raises OnlyReal.
    """
    if studio.is_practice:
        raise OnlyReal
    with transaction.atomic():
        Studio.objects.select_for_update().get(pk=studio.pk)
        last = studio.exports.filter(finished_at=None, failed_at=None).select_related("job").first()
        if last is not None and not last.is_given_up:
            return last, False
        if last is not None:
            last.failed_at = now
            last.save(update_fields=["failed_at"])
        export = Export.objects.create(studio=studio, asked_by=by, asked_at=now)
        export.job = enqueue(
            JOB, key=f"export {export.pk}", payload={"export": export.pk}, studio=studio, max_attempts=3
        )
        export.save(update_fields=["job"])
        record_change(export, "asked", studio=studio, by=by, now=now)
    return export, True


def prepare(job: Job, *, now: datetime) -> Outcome | None:
    """Write the archive; MORE: a person was deleted meanwhile, so it is written anew. Killed in the middle, it is
    written anew from the start; what was begun is deleted.

    Not in one transaction with its job: it reads one moment of the database for as long as it takes.
    Raises NotNow while another one is written.
    """
    found = Export.objects.filter(pk=job.payload["export"], finished_at=None, failed_at=None)
    export = found.select_related("studio", "asked_by").first()
    if export is None:
        return None
    with _alone():
        try:
            _write(export, job, now=now)
        except SomebodyWasDeleted:
            return MORE
    return None


def _write(export: Export, job: Job, *, now: datetime) -> None:
    """For this process's user alone, as the archive holds everybody: the folder, too."""
    folder = _folder(export.studio)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    sweep(export.studio)
    name = Export.file.field.generate_filename(export, "")
    path = Path(default_storage.path(name))
    begun = path.with_suffix(".part")
    deleted = _deleted_of(export.studio)  # before the moment that is read: one deleted in between is one anew
    try:
        with _kept(job) as still_ours, open(begun, "xb", opener=_for_us_alone) as target:
            written = archive.write(export.studio, target, now=now, tell=_teller(job, still_ours))
            target.flush()
            os.fsync(target.fileno())
        export.file.name, export.size, export.sha256 = name, begun.stat().st_size, _hash(begun)
        export.rows, export.files = written.rows, written.files
        begun.replace(path)
        finish(export, job, deleted=deleted, now=timezone.now())
    except BaseException:
        begun.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        raise


def finish(export: Export, job: Job, *, deleted: int, now: datetime) -> None:
    """The archive is there: keep it for a week in place of an older one, and tell the owners.

    `deleted`: how many of the studio's people were, before it was read. Raises LeaseLost: another worker writes it;
    SomebodyWasDeleted.
    """
    with transaction.atomic():
        _behind_deletions(export.studio)
        if _deleted_of(export.studio) != deleted:
            raise SomebodyWasDeleted
        renew(job)
        export.finished_at, export.expires_at = now, now + KEPT_FOR
        export.save()
        delete_all(export.studio, but=export)
        counted = {"rows": export.rows, "bytes": export.size, "sha256": export.sha256}
        record_change(
            export, "finished", studio=export.studio, by=export.asked_by, now=now, after=counted, by_word="export"
        )
        for login in readers(export.studio, READY):
            payload = {"export": export.pk, "login": login.pk}
            enqueue(MAIL, key=f"exported {export.pk} {login.pk}", payload=payload, studio=export.studio)


def delete_with_a_person(studio: Studio) -> None:
    """Somebody of the studio is deleted in the caller's transaction: so are the archives. One that is finished
    meanwhile sees the deletion, or is seen by it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [ONE_AT_A_TIME, studio.pk])
    delete_all(studio)


def _behind_deletions(studio: Studio) -> None:
    """Wait until those that are under way are committed; further ones wait for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ONE_AT_A_TIME, studio.pk])


def _deleted_of(studio: Studio) -> int:
    """How many of its people were deleted, ever: it only grows."""
    return Member.objects.filter(studio=studio, scrubbed_at__isnull=False).count()


def note_download(export: Export, *, by: StaffLogin, now: datetime) -> None:
    record_change(export, "downloaded", studio=export.studio, by=by, now=now)


def mail(job: Job, *, now: datetime) -> None:
    """Tell an owner that the archive is there; nothing, when it is gone again."""
    login = reader(job.payload["login"])
    export = Export.objects.filter(pk=job.payload["export"]).select_related("studio", "asked_by__user").first()
    if login is None or export is None or not export.is_there(now):
        return
    by = export.asked_by
    notify(
        job,
        login=login,
        kind=READY,
        template="portal/mail/exported.txt",
        context={"studio": export.studio, "by": by.user.name if by else "", "days": KEPT_FOR.days},
        path=reverse("portal:settings_data", args=[export.studio.slug]),
    )


def forget_old(now: datetime) -> int:
    """Delete the archives whose week is over, and what killed workers left; how many archives. Three queries."""
    with transaction.atomic():
        old = Export.objects.select_for_update().filter(expires_at__lt=now).exclude(file="")
        gone = dict(old.values_list("pk", "file"))
        Export.objects.filter(pk__in=gone).update(file="")
        for name in gone.values():
            transaction.on_commit(lambda name=name: default_storage.delete(name))  # type: ignore[misc]
    known: dict[int, set[str]] = {}
    for studio, name in Export.objects.filter(asked_at__gt=now - 2 * KEPT_FOR).values_list("studio", "file"):
        known.setdefault(studio, set()).add(Path(name).name)
    for studio, names in known.items():
        _sweep(_folder_of(studio), names, before=now - LEFT_BEHIND)
    return len(gone)


def sweep(studio: Studio) -> None:
    """Delete files in the studio's folder that belong to no archive: those of workers that were killed. Only for
    whoever writes the one archive of the house."""
    known = {Path(name).name for name in studio.exports.exclude(file="").values_list("file", flat=True)}
    _sweep(_folder(studio), known)


def _sweep(folder: Path, known: set[str], *, before: datetime | None = None) -> None:
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.name not in known and (before is None or path.stat().st_mtime < before.timestamp()):
                path.unlink(missing_ok=True)


def last_of(studio: Studio) -> Export | None:
    """The last one that was finished. One query."""
    return studio.exports.filter(finished_at__isnull=False).select_related("asked_by__user").first()


def newest_of(studio: Studio) -> Export | None:
    """The last one that was asked for, whatever became of it. One query."""
    return studio.exports.select_related("asked_by__user", "job").first()


def there_of(studio: Studio, now: datetime) -> Export | None:
    """The one that can be fetched; a new one takes the place of an older one. One query."""
    return studio.exports.filter(expires_at__gt=now).exclude(file="").first()


def delete_all(studio: Studio, *, but: Export | None = None) -> None:
    """Delete the archives that can be fetched, when the caller's transaction is committed."""
    for one in studio.exports.exclude(file=""):
        if one != but:
            _delete(one)


def _delete(export: Export) -> None:
    """Its row stays, and says when it was; its file goes when the transaction is committed."""
    storage, name = export.file.storage, str(export.file.name)
    export.file = ""
    export.save(update_fields=["file"])
    transaction.on_commit(lambda: storage.delete(name))


def _folder(studio: Studio) -> Path:
    return _folder_of(studio.pk)


def _folder_of(studio: int) -> Path:
    return Path(default_storage.path(f"{studio}/exports"))


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@contextmanager
def _alone() -> Iterator[None]:
    """For one archive at a time, whoever writes it; a worker that dies lets go. Raises NotNow."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            raise NotNow(PAUSE)
    try:
        yield
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:  # with the connection the lock is gone, too
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def _kept(job: Job) -> Iterator[Event]:
    """Keep the lease from a thread, with a connection of its own: what reads the archive sees one moment, and shows
    none of its own. The event is set when the job is no longer ours."""
    over, lost = Event(), Event()

    def live() -> None:
        try:
            while not over.wait(SIGN_OF_LIFE):
                renew(job)
        except Exception:  # noqa: BLE001 - the database is away, or the job another's: the archive is not ours to finish
            lost.set()
        finally:
            connection.close()

    thread = Thread(target=live, name=f"lease of {job.key}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()


def _teller(job: Job, lost: Event) -> Callable[[int, int], None]:
    """Takes over how far it is, which the next sign of life saves. Raises LeaseLost."""

    def tell(done: int, total: int) -> None:
        job.progress_done, job.progress_total = done, total
        if lost.is_set():
            raise LeaseLost(job.kind)

    return tell
