"""The rows: written by whoever causes work, claimed under a lease, done, put back or given up."""

import random
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from portal.jobs.bell import bell
from portal.models import Job, Studio

# Longer than a transactional step can take (transaction_timeout, 60 s), so that no live worker's job is given away.
LEASE = timedelta(seconds=90)
FIRST_BACKOFF, LONGEST_BACKOFF = timedelta(seconds=5), timedelta(hours=1)
UNKNOWN_KIND_PAUSE = timedelta(minutes=1)
# While the other side is away: about two days; when it is back, nothing waits for long.
ATTEMPTS_WHILE_AWAY, LONGEST_BACKOFF_WHILE_AWAY = 200, timedelta(minutes=20)
# What may have been done thrice is not tried again, whatever else went wrong in between.
MOST_DOUBTS, PAUSE_IN_DOUBT = 3, timedelta(minutes=10)

# One random studio that has due work, and its oldest due job: a studio with ten thousand jobs delays no other. The
# attempt is counted in this transaction of its own, so that a job that kills its worker runs out of them.
_CLAIM = """
WITH lane AS MATERIALIZED (
    SELECT id FROM (SELECT id FROM portal_studio UNION ALL SELECT 0) AS studio ORDER BY random()
), next AS (
    SELECT job.id
    FROM lane CROSS JOIN LATERAL (
        SELECT id FROM portal_job
        WHERE COALESCE(studio_id, 0) = lane.id AND done_at IS NULL AND dead_at IS NULL
            AND run_after <= statement_timestamp()
            AND (lease_until IS NULL OR lease_until < statement_timestamp())
            AND attempts < max_attempts
        ORDER BY run_after
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS job
    LIMIT 1
)
UPDATE portal_job
SET attempts = attempts + 1, lease_until = statement_timestamp() + %s, lease_token = %s
FROM next WHERE portal_job.id = next.id
RETURNING portal_job.*
"""


class OutsideTransaction(Exception):
    """A job was to be written outside of the transaction that causes it."""


class KeyTaken(Exception):
    """The key belongs to a job of another kind or studio."""


class LeaseLost(Exception):
    """Another worker holds the job now; whatever this one did is rolled back."""


def enqueue(
    kind: str,
    *,
    key: str,
    payload: dict[str, Any] | None = None,
    studio: Studio | None = None,
    run_after: datetime | None = None,
    max_attempts: int = 8,
) -> Job:
    """Write a job in the caller's transaction, and ring when that commits; the job.

    `key` names the effect: a second job with it is not written, and the first is returned, done or not. (A done job
    is forgotten after two weeks; what must stay unique for ever needs a constraint of its own.) `payload` holds ids,
    no personal data. `run_after` None: at once. Raises OutsideTransaction or KeyTaken.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(kind)
    job = Job(key=key, kind=kind, payload=payload or {}, studio=studio, max_attempts=max_attempts)
    if run_after is not None:
        job.run_after = run_after
    Job.objects.bulk_create([job], ignore_conflicts=True)
    bell.ring_on_commit()
    found = Job.objects.get(key=key)
    if (found.kind, found.studio_id) != (kind, studio.pk if studio else None):
        raise KeyTaken(kind)
    return found


def enqueue_many(
    kind: str, payloads: Mapping[str, dict[str, Any]], *, studio: Studio, run_after: datetime | None = None
) -> None:
    """Write a job for each key, as `enqueue` does, in one statement: a thousand people are told at once.

    A key that is there already is left alone, whatever it belongs to. Raises OutsideTransaction.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(kind)
    later = {} if run_after is None else {"run_after": run_after}
    Job.objects.bulk_create(
        (Job(key=key, kind=kind, payload=payload, studio=studio, **later) for key, payload in payloads.items()),
        ignore_conflicts=True,
    )
    if payloads:
        bell.ring_on_commit()


def claim() -> Job | None:
    """Take the next due job under a lease, in a short transaction of its own; None when nothing is due."""
    with transaction.atomic(durable=True):
        return next(iter(Job.objects.raw(_CLAIM, [LEASE, uuid.uuid4()])), None)


def bury_exhausted() -> int:
    """Give up the jobs whose last allowed attempt ended without a word: their worker died. How many."""
    return (
        Job.objects.due()
        .filter(attempts__gte=F("max_attempts"))
        .update(dead_at=Now(), lease_until=None, lease_token=None, last_error="The worker died or was killed.")
    )


def hold(job: Job) -> None:
    """Lock the row until the end of this transaction. Raises LeaseLost when it is no longer ours."""
    if not Job.objects.select_for_update().filter(pk=job.pk, lease_token=job.lease_token).exists():
        raise LeaseLost(job.kind)


def renew(job: Job) -> None:
    """Keep the job for another lease, and save its progress and payload. Raises LeaseLost when it is no longer ours.

    For handlers outside of a transaction that take more than a minute. Inside a transaction of theirs it guards that:
    two workers cannot both commit.
    """
    _update(job, lease_until=Now() + LEASE, **_left_behind(job))


def proceed(job: Job) -> None:
    """A step is done and there is more: forget the failed attempts, keep the job. Raises LeaseLost."""
    job.attempts, job.doubts = 1, 0
    _update(job, lease_until=Now() + LEASE, attempts=job.attempts, doubts=job.doubts, **_left_behind(job))


def finish(job: Job) -> None:
    """Raises LeaseLost when the job is no longer ours."""
    _update(job, done_at=Now(), lease_until=None, lease_token=None, last_error="", **_left_behind(job))


def put_back(job: Job, *, pause: timedelta = timedelta(0), reason: str = "") -> None:
    """Let go of the job; this attempt does not count."""
    _update(
        job,
        attempts=F("attempts") - 1,
        run_after=Now() + pause,
        lease_until=None,
        lease_token=None,
        last_error=reason,
    )


def fail(job: Job, error: str) -> bool:
    """Let go of the job after an error, to be tried again later, or never when its attempts are used up: True."""
    return _fail(job, error, pause=_pause_after(job))


def _fail(job: Job, error: str, *, pause: timedelta) -> bool:
    if job.attempts >= job.max_attempts:
        return give_up(job, error)
    _update(
        job,
        run_after=Now() + pause,
        max_attempts=job.max_attempts,
        doubts=job.doubts,
        lease_until=None,
        lease_token=None,
        last_error=error[:500],
    )
    return False


def _pause_after(job: Job) -> timedelta:
    return backoff(job.attempts, random.random())  # noqa: S311 - spreads retries, hides nothing


def wait(job: Job, error: str) -> bool:
    """As `fail`, where the other side is away: the job has more attempts then, if it had fewer."""
    job.max_attempts = max(job.max_attempts, ATTEMPTS_WHILE_AWAY)
    return _fail(job, error, pause=min(_pause_after(job), LONGEST_BACKOFF_WHILE_AWAY * random.uniform(0.5, 1)))  # noqa: S311


def doubt(job: Job, error: str) -> bool:
    """As `fail`, where the other side has perhaps done it: three times at most, far apart."""
    job.doubts += 1
    return give_up(job, error) if job.doubts >= MOST_DOUBTS else _fail(job, error, pause=PAUSE_IN_DOUBT)


def give_up(job: Job, error: str) -> bool:
    """The job waits for a person: True, as `fail` has it."""
    _update(job, dead_at=Now(), doubts=job.doubts, lease_until=None, lease_token=None, last_error=error[:500])
    return True


def bury(job: Job, error: str) -> None:
    """A job that was done has to be done again and cannot: it waits for a person."""
    Job.objects.filter(pk=job.pk, done_at__isnull=False).update(done_at=None, dead_at=Now(), last_error=error[:500])


def backoff(attempts: int, chance: float) -> timedelta:
    """The pause after so many attempts: 5 s doubling up to an hour, of which `chance` (0 to 1) takes up to a half."""
    return min(FIRST_BACKOFF * 2 ** min(attempts - 1, 20), LONGEST_BACKOFF) * (1 - chance / 2)


def retry(ids: Iterable[int]) -> int:
    """Try dead jobs again from the start; how many. Others are left as they are."""
    with transaction.atomic():
        revived = Job.objects.dead().filter(pk__in=ids).update(dead_at=None, attempts=0, doubts=0, run_after=Now())
        bell.ring_on_commit()
    return revived


def _left_behind(job: Job) -> dict[str, Any]:
    """What a handler changes on its job."""
    return {"payload": job.payload, "progress_done": job.progress_done, "progress_total": job.progress_total}


def _update(job: Job, **values: Any) -> None:
    if not Job.objects.filter(pk=job.pk, lease_token=job.lease_token).update(**values):
        raise LeaseLost(job.kind)
