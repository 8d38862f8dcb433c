"""Doing the jobs: claim one, do it, say how it ended, until nothing is due or the time is over."""

import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from portal.jobs import queue
from portal.jobs.bell import bell
from portal.jobs.registry import HANDLERS, MORE, Away, GiveUp, Handler, InDoubt, NotNow
from portal.models import Heartbeat, Job
from portal.redaction import describe

logger = logging.getLogger(__name__)

BUDGET = 30.0  # seconds in which one task begins new work; with the longest step it stays below the soft time limit
PATIENCE = 30.0  # seconds to wait for a database that is away
BEAT_PAUSE = timedelta(seconds=2)
AWAY = (OperationalError, InterfaceError)


def drain(name: str) -> int:
    """Do what is due for `BUDGET` seconds, then ring for another worker; how many jobs were taken.

    `name` is the worker's, for its heartbeat.
    """
    until = time.monotonic() + BUDGET
    if buried := queue.bury_exhausted():
        logger.error("jobs dead after their workers died", extra={"count": buried})
    taken = 0
    while time.monotonic() < until:
        beat(name)
        job = queue.claim()
        if job is None:
            return taken
        taken += 1
        run(job, until=until)
    bell.ring()
    return taken


def run(job: Job, *, until: float) -> None:
    """Do a claimed job, step by step while there are more and `time.monotonic()` is before `until`."""
    said = {"job": job.pk, "kind": job.kind, "attempt": job.attempts}
    began = time.monotonic()
    try:
        handler = HANDLERS.get(job.kind)
        if handler is None:  # of a newer or older release; perhaps the next worker knows it
            logger.error("job of unknown kind", extra=said)
            queue.put_back(job, pause=queue.UNKNOWN_KIND_PAUSE, reason="No worker knows this kind of job.")
            return
        while _step(handler, job):
            if time.monotonic() >= until:
                queue.put_back(job)
                return
        logger.info("job done", extra=said | {"seconds": round(time.monotonic() - began, 3)})
    except queue.LeaseLost:
        logger.warning("job lost to another worker", extra=said)
    except NotNow as error:
        with suppress(queue.LeaseLost):
            queue.put_back(job, pause=error.pause)
    except GiveUp as error:
        _note_failure(job, str(error), queue.give_up)
    except Away as error:
        _note_failure(job, str(error), queue.wait)
    except InDoubt as error:
        _note_failure(job, str(error), queue.doubt)
    except Exception as error:  # noqa: BLE001 - the row remembers it, and the next job goes on
        _note_failure(job, describe(error), queue.fail)


def _step(handler: Handler, job: Job) -> bool:
    """Call the handler once and write how it went; whether there is more to do."""
    if not handler.transactional:
        return _conclude_surely(job, more=handler.function(job) is MORE)
    with transaction.atomic(durable=True):
        queue.hold(job)
        return _conclude(job, more=handler.function(job) is MORE)


def _conclude_surely(job: Job, *, more: bool) -> bool:
    """Of what cannot be rolled back: a database that is away for a moment must not have it done again."""
    try:
        return _conclude(job, more=more)
    except AWAY:
        wait_for_database()
        return _conclude(job, more=more)


def _conclude(job: Job, *, more: bool) -> bool:
    if more:
        queue.proceed(job)
    else:
        queue.finish(job)
    return more


def _note_failure(job: Job, error: str, note: Callable[[Job, str], bool]) -> None:
    said = {"job": job.pk, "kind": job.kind, "attempt": job.attempts, "error": error}
    wait_for_database()
    with suppress(queue.LeaseLost):
        dead = note(job, error)
        logger.log(logging.ERROR if dead else logging.WARNING, "job dead" if dead else "job failed", extra=said)


def beat(name: str) -> None:
    """Note that `name` is at work, at most every `BEAT_PAUSE`."""
    if not Heartbeat.objects.filter(name=name, seen_at__gt=Now() - BEAT_PAUSE).exists():
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, seen_at=Now())],
            update_conflicts=True,
            update_fields=["seen_at"],
            unique_fields=["name"],
        )


def wait_for_database(patience: float = PATIENCE) -> None:
    """Wait until the database answers. Raises OperationalError when it has not after `patience` seconds."""
    if connection.in_atomic_block:  # a transaction cannot go on with another connection
        return
    until = time.monotonic() + patience
    pause = 0.1
    while True:
        try:
            connection.close_if_unusable_or_obsolete()
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return
        except AWAY:
            connection.close()
            if time.monotonic() > until:
                raise
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that workers do not all come back at once
        pause = min(pause * 2, 5)
