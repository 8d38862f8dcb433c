"""The queue of record: what is written, who may do it, and how it ends."""

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import current_app
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from portal import tasks
from portal.jobs import (
    MORE,
    GiveUp,
    KeyTaken,
    LeaseLost,
    Outcome,
    OutsideTransaction,
    enqueue,
    queue,
    renew,
    retry,
    schedule,
    worker,
)
from portal.jobs.bell import Bell, bell
from portal.jobs.registry import HANDLERS, Handler
from portal.models import Heartbeat, Job, ScheduledRun, Studio

NOW = datetime(2026, 11, 5, 6, 3, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the bell has sent."""
    sent: list[str] = []

    def send_task(name: str, *, kwargs: dict[str, str], **options: Any) -> None:
        sent.append(kwargs["rung_by"])

    monkeypatch.setattr(current_app, "send_task", send_task)
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    return sent


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Handler]]:
    """No kinds but those that the test adds."""
    kept = dict(HANDLERS)
    HANDLERS.clear()
    yield HANDLERS
    HANDLERS.clear()
    HANDLERS.update(kept)


def add(handlers: dict[str, Handler], function: Any, *, kind: str = "k", **options: Any) -> None:
    handlers[kind] = Handler(function, options.get("transactional", True), options.get("every"))


def idle(job: Job) -> None:
    """Nothing to do."""


def endless(job: Job) -> Outcome:
    return MORE


def job_for(key: str = "one", *, kind: str = "k", **values: Any) -> Job:
    return Job.objects.create(key=key, kind=kind, **values)


def claimed() -> Job:
    job = queue.claim()
    assert job is not None
    return job


@pytest.mark.django_db(transaction=True)
def test_a_job_is_written_only_in_the_transaction_that_causes_it(rings: list[str]) -> None:
    with pytest.raises(OutsideTransaction):
        enqueue("k", key="one")
    with transaction.atomic():
        enqueue("k", key="one")
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert rings == []


@pytest.mark.django_db(transaction=True)
def test_a_transaction_with_many_jobs_rings_once_after_its_commit(rings: list[str]) -> None:
    with transaction.atomic():
        for number in range(3):
            enqueue("k", key=str(number))
        assert rings == []
    assert rings == ["bell"]


@pytest.mark.django_db
def test_a_key_names_one_job_for_ever() -> None:
    first = enqueue("k", key="one", payload={"id": 1})
    Job.objects.update(done_at=Now())
    again = enqueue("k", key="one", payload={"id": 2})
    assert (again.pk, again.payload) == (first.pk, {"id": 1})
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_a_key_of_another_studio_is_refused() -> None:
    ours, theirs = (Studio.objects.create(slug=slug, name=slug) for slug in ("ours", "theirs"))
    enqueue("k", key="one", studio=theirs)
    with pytest.raises(KeyTaken):
        enqueue("k", key="one", studio=ours)
    with pytest.raises(KeyTaken):
        enqueue("other", key="one", studio=theirs)


def test_a_broken_bell_is_counted_and_then_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def broken(*args: object, **kwargs: object) -> None:
        tried.append(1)
        raise OSError

    monkeypatch.setattr(current_app, "send_task", broken)
    door = Bell()
    for _ in range(5):
        door.ring()
    assert (door.failures, len(tried)) == (1, 1)


def test_a_broker_that_never_answers_holds_nobody_up(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        settings.REDIS_URL = f"redis://127.0.0.1:{frozen.getsockname()[1]}/0"
        door = Bell()
        began = time.monotonic()
        door.ring()
        door.ring()
        assert time.monotonic() - began < 1.5
    assert door.failures == 1


@pytest.mark.django_db
def test_what_is_claimed_is_due_and_held_by_nobody() -> None:
    in_an_hour = datetime.now(UTC) + HOUR
    job_for("later", run_after=in_an_hour)
    job_for("done", done_at=Now())
    job_for("dead", dead_at=Now())
    job_for("held", lease_until=in_an_hour, lease_token=uuid.uuid4())
    job_for("used up", attempts=8)
    due = job_for("due")
    job = claimed()
    assert (job.pk, job.attempts) == (due.pk, 1)
    assert queue.claim() is None


@pytest.mark.django_db
def test_the_oldest_of_a_studio_comes_first() -> None:
    for minutes in (3, 9, 6):
        job_for(str(minutes), run_after=datetime.now(UTC) - timedelta(minutes=minutes))
    assert [claimed().key for _ in range(3)] == ["9", "6", "3"]


@pytest.mark.django_db
def test_a_studio_with_many_jobs_delays_no_other() -> None:
    first, busy, last = (Studio.objects.create(slug=slug, name=slug) for slug in ("first", "busy", "last"))
    Job.objects.bulk_create(
        Job(key=f"busy {number}", kind="k", studio=busy, run_after=datetime.now(UTC) - HOUR) for number in range(300)
    )
    job_for("first", studio=first)
    job_for("last", studio=last)
    # By chance one of them is missed once in five million runs.
    assert {"first", "last"} <= {claimed().key for _ in range(40)}


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_hold_one_job() -> None:
    Job.objects.bulk_create(Job(key=str(number), kind="k") for number in range(60))
    taken: list[str] = []

    def take() -> None:
        while job := queue.claim():
            taken.append(job.key)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(map(str, range(60)))


@pytest.mark.django_db
def test_work_and_its_completion_are_one_transaction(handlers: dict[str, Handler]) -> None:
    def work(job: Job) -> None:
        Studio.objects.create(slug="made", name="made")
        raise ValueError("anna@example.com")

    add(handlers, work)
    job_for()
    worker.run(claimed(), until=0)
    job = Job.objects.get()
    assert not Studio.objects.exists()
    assert (job.attempts, job.done_at, job.dead_at, job.lease_token) == (1, None, None, None)
    assert timedelta(0) < job.run_after - datetime.now(UTC) <= timedelta(seconds=5)
    assert job.last_error.startswith("ValueError in tests/portal/test_jobs.py:")
    assert "anna" not in job.last_error


@pytest.mark.django_db
def test_what_another_worker_holds_by_now_is_rolled_back(handlers: dict[str, Handler]) -> None:
    def slow(job: Job) -> None:
        Studio.objects.create(slug="made", name="made")
        Job.objects.filter(pk=job.pk).update(lease_token=uuid.uuid4())  # the lease was over, and another came

    add(handlers, slow)
    job_for()
    worker.run(claimed(), until=0)
    assert not Studio.objects.exists()
    assert Job.objects.get().done_at is None
    stale = claimed_again_by_another()
    with pytest.raises(LeaseLost):
        renew(stale)
    with pytest.raises(LeaseLost):
        queue.hold(stale)


def claimed_again_by_another() -> Job:
    """A job as the first worker knows it, when a second one has claimed it."""
    Job.objects.update(lease_until=Now() - timedelta(seconds=1), lease_token=uuid.uuid4())
    stale = Job.objects.get()
    claimed()
    return stale


@pytest.mark.django_db
def test_after_the_last_attempt_a_job_is_dead_until_a_person_retries_it(
    handlers: dict[str, Handler], rings: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    def work(job: Job) -> None:
        raise ValueError

    add(handlers, work)
    job_for(max_attempts=1)
    worker.run(claimed(), until=0)
    job = Job.objects.dead().get()
    assert job.attempts == 1
    assert queue.claim() is None
    with django_capture_on_commit_callbacks(execute=True):
        assert retry([job.pk]) == 1
    assert rings == ["bell"]
    assert claimed().attempts == 1


@pytest.mark.django_db
def test_giving_up_needs_no_more_attempts_and_keeps_its_words(handlers: dict[str, Handler]) -> None:
    def work(job: Job) -> None:
        raise GiveUp("The file is gone.")

    add(handlers, work)
    job_for()
    worker.run(claimed(), until=0)
    assert Job.objects.dead().get().last_error == "The file is gone."


@pytest.mark.django_db
def test_a_kind_that_nobody_knows_stays_and_uses_no_attempt(handlers: dict[str, Handler]) -> None:
    job_for(max_attempts=1)
    worker.run(claimed(), until=0)
    job = Job.objects.open().get()
    assert (job.attempts, job.last_error) == (0, "No worker knows this kind of job.")
    assert job.run_after > datetime.now(UTC)


@pytest.mark.django_db
def test_a_long_job_goes_in_steps_that_each_keep_what_they_did(handlers: dict[str, Handler]) -> None:
    def step(job: Job) -> Outcome | None:
        job.progress_done += 1
        job.payload["cursor"] = f"row {job.progress_done}"
        return MORE if job.progress_done < 4 else None

    add(handlers, step)
    job_for()
    worker.run(claimed(), until=float("inf"))
    job = Job.objects.get()
    assert (job.progress_done, job.payload) == (4, {"cursor": "row 4"})
    assert job.done_at is not None


@pytest.mark.django_db
def test_a_step_that_fails_resumes_where_the_last_one_ended(handlers: dict[str, Handler]) -> None:
    seen: list[int] = []

    def step(job: Job) -> Outcome | None:
        seen.append(job.progress_done)
        job.progress_done += 1
        if seen.count(1) == 1 and job.progress_done == 2:
            raise ValueError
        return MORE if job.progress_done < 3 else None

    add(handlers, step)
    job_for(max_attempts=2)
    worker.run(claimed(), until=float("inf"))
    assert (Job.objects.get().progress_done, Job.objects.get().attempts) == (1, 1)
    Job.objects.update(run_after=Now() - HOUR)
    worker.run(claimed(), until=float("inf"))
    assert seen == [0, 1, 1, 2]
    assert Job.objects.get().done_at is not None


@pytest.mark.django_db
def test_when_the_time_is_over_a_long_job_makes_room(handlers: dict[str, Handler]) -> None:
    add(handlers, endless)
    job_for(max_attempts=1)
    worker.run(claimed(), until=0)
    job = Job.objects.open().get()
    assert (job.attempts, job.lease_token) == (0, None)
    assert claimed().pk == job.pk


@pytest.mark.django_db
def test_a_job_that_commits_by_itself_is_not_in_our_transaction(handlers: dict[str, Handler]) -> None:
    depth = len(connection.savepoint_ids)
    seen: list[int] = []

    def work(job: Job) -> None:
        seen.append(len(connection.savepoint_ids) - depth)

    add(handlers, work, transactional=False)
    job_for()
    worker.run(claimed(), until=0)
    assert seen == [0]
    assert Job.objects.get().done_at is not None


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 2.5, 5), (2, 5, 10), (5, 40, 80), (30, 1800, 3600)])
def test_pauses_double_up_to_an_hour(attempts: int, least: float, most: float) -> None:
    assert queue.backoff(attempts, 0).total_seconds() == most
    assert queue.backoff(attempts, 1).total_seconds() == least


@pytest.mark.django_db
def test_a_slot_is_planned_once_however_many_ask(handlers: dict[str, Handler]) -> None:
    add(handlers, idle, kind="five", every=timedelta(minutes=5))
    add(handlers, idle, kind="never")
    assert [schedule.plan(NOW) for _ in range(10)] == [1] + [0] * 9
    assert schedule.plan(NOW + timedelta(minutes=1, seconds=39)) == 0
    assert schedule.plan(NOW + timedelta(minutes=1, seconds=40)) == 1
    assert list(Job.objects.order_by("key").values_list("key", flat=True)) == [
        "five 2026-11-05T06:00:00Z",
        "five 2026-11-05T06:05:00Z",
    ]


@pytest.mark.django_db(transaction=True)
def test_beats_that_ask_at_the_same_moment_plan_once(handlers: dict[str, Handler], rings: list[str]) -> None:
    add(handlers, idle, kind="five", every=timedelta(minutes=5))
    together = threading.Barrier(4)
    planned: list[int] = []

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        together.wait()
        planned.append(schedule.plan(NOW))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(planned) == [0, 0, 0, 1]
    assert Job.objects.count() == ScheduledRun.objects.count() == 1


@pytest.mark.django_db
def test_the_database_refuses_a_job_that_is_done_and_dead() -> None:
    with pytest.raises(IntegrityError, match="job_done_or_dead"), transaction.atomic():
        job_for(done_at=Now(), dead_at=Now())
    with pytest.raises(IntegrityError, match="job_lease_whole"), transaction.atomic():
        job_for(lease_until=Now())


@pytest.mark.django_db
def test_heartbeats_are_written_at_most_every_two_seconds() -> None:
    worker.beat("beat")
    first = Heartbeat.objects.get().seen_at
    worker.beat("beat")
    assert Heartbeat.objects.get().seen_at == first
    Heartbeat.objects.update(seen_at=first - HOUR)
    worker.beat("beat")
    assert Heartbeat.objects.get().seen_at > first - HOUR


@pytest.mark.django_db
def test_cleaning_forgets_what_is_over_and_keeps_the_dead() -> None:
    old = datetime.now(UTC) - timedelta(days=31)
    job_for("done long ago", done_at=old)
    job_for("done now", done_at=Now())
    job_for("dead long ago", dead_at=old)
    job_for("open long ago", run_after=old)
    ScheduledRun.objects.create(name="k", slot=old)
    ScheduledRun.objects.create(name="k", slot=NOW + timedelta(days=3650))
    Heartbeat.objects.create(name="worker gone", seen_at=old)
    tasks.clean_up_jobs(job_for("clean"))
    assert set(Job.objects.values_list("key", flat=True)) == {"done now", "dead long ago", "open long ago", "clean"}
    assert ScheduledRun.objects.count() == 1
    assert not Heartbeat.objects.exists()
