"""Tresen's Celery app with kinds of jobs that leave a trace: `celery --app tests.portal.queue_worker worker`."""

import os
import signal
import time
from datetime import timedelta

import django

django.setup()

from django.db import connection  # noqa: E402

from config.celery import AskYourself, app  # noqa: E402
from portal.jobs import MORE, Outcome, handles, queue  # noqa: E402
from portal.models import Job  # noqa: E402

__all__ = ["app"]

app.conf.broker_transport_options = app.conf.broker_transport_options | {"global_keyprefix": os.environ["KEY_PREFIX"]}
app.conf.beat_schedule = {"poll": app.conf.beat_schedule["poll"] | {"schedule": 0.3}}
app.conf.beat_max_loop_interval = 0.3
queue.LEASE = timedelta(seconds=1)
queue.FIRST_BACKOFF = timedelta(seconds=0.1)
AskYourself.pause = float(os.environ.get("ASK_YOURSELF", "60"))


def note(key: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO queue_ledger (key) VALUES (%s)", [key])


@handles("test.note")
def do_note(job: Job) -> None:
    note(job.key)
    time.sleep(0.03)  # to be killed in


@handles("test.suicide")
def do_suicide(job: Job) -> None:
    note(job.key)
    os.kill(os.getpid(), signal.SIGKILL)


@handles("test.steps")
def do_steps(job: Job) -> Outcome | None:
    note(f"{job.key} {job.progress_done}")
    time.sleep(0.03)
    job.progress_done += 1
    return MORE if job.progress_done < (job.progress_total or 0) else None


@handles("test.tick", every=timedelta(seconds=1))
def do_tick(job: Job) -> None:
    note(job.key)
