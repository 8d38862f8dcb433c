"""Real workers and beats on real PostgreSQL and Valkey, hurt in every way: nothing is lost and nothing done twice."""

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connection, transaction
from kombu import pools
from psycopg.conninfo import make_conninfo

from config.embedded.binaries import find_binaries
from config.embedded.processes import PR_SET_PDEATHSIG
from portal.jobs import enqueue
from portal.jobs.bell import bell
from portal.models import Job, ScheduledRun
from tests.template import template

_libc = ctypes.CDLL(None)
ROOT = Path(__file__).resolve().parents[2]
LEDGER = "CREATE TABLE queue_ledger (key text, at timestamptz DEFAULT now())"


def eventually(question: Callable[[], bool], *, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.05)


class Workshop:
    """Processes on one database, with a part of the broker of their own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.prefix = f"{folder.name}-{os.getpid()}:"
        self.database_url = database_url
        self.running: list[subprocess.Popen[bytes]] = []

    def worker(self, *, ask_yourself: float = 3600) -> subprocess.Popen[bytes]:
        words = ["worker", "--concurrency", "2", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._start([*words, "--hostname", f"w{len(self.running)}@test"], ASK_YOURSELF=str(ask_yourself))

    def beat(self) -> subprocess.Popen[bytes]:
        schedule = self.folder / f"schedule-{len(self.running)}"
        return self._start(["beat", "--schedule", str(schedule), "--pidfile", ""])

    def _start(self, words: list[str], **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--app", "tests.portal.queue_worker", *words],
                cwd=ROOT,
                env=os.environ
                | {"DATABASE_URL": self.database_url, "KEY_PREFIX": self.prefix, "LOG_LEVEL": "INFO"}
                | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_us,  # noqa: PLW1509 - the child only makes one system call
            )
        self.running.append(process)
        return process

    def stop(self) -> None:
        for process in self.running:
            kill_all(process)
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            for key in client.scan_iter(f"{self.prefix}*"):
                client.delete(key)

    def log(self) -> str:
        return (self.folder / "log").read_text()


def die_with_us() -> None:
    """So that a test run that is killed leaves no worker behind."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a worker with its pool."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def pool_of(process: subprocess.Popen[bytes]) -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def ledger() -> list[str]:
    """The keys of what was done, as often as it was done, without the work that comes by the clock."""
    return [key for key in _ledger() if not key.startswith("test.tick")]


def ticks() -> list[str]:
    return [key for key in _ledger() if key.startswith("test.tick")]


def _ledger() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM queue_ledger ORDER BY key")
        return [key for (key,) in cursor.fetchall()]


def write_jobs(count: int, *, kind: str = "test.note") -> list[str]:
    """Enqueue in a transaction; the ledger that is expected."""
    keys = [f"{kind} {number:04}" for number in range(count)]
    with transaction.atomic():
        for key in keys:
            enqueue(kind, key=key)
    return keys


def all_done() -> bool:
    return not Job.objects.open().exclude(kind="test.tick").exists()


@pytest.fixture
def workshop(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    database = connection.settings_dict
    address = f"?host={quote(database['HOST'], safe='')}&port={database['PORT']}"
    login = f"{database['USER']}:{quote(database['PASSWORD'])}" if database["PASSWORD"] else database["USER"]
    shop = Workshop(tmp_path, f"postgresql://{login}@/{database['NAME']}{address}")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS queue_ledger; {LEDGER}")
    # Our own rings go where these workers listen.
    monkeypatch.setitem(current_app.conf.broker_transport_options, "global_keyprefix", shop.prefix)
    _forget_broker_connections()
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    yield shop
    shop.stop()
    _forget_broker_connections()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE queue_ledger")


def _forget_broker_connections() -> None:
    pools.reset()
    current_app._pool = current_app.amqp._producer_pool = None


def test_the_bell_brings_a_worker_at_once(workshop: Workshop) -> None:
    """There is no beat, and the worker asks itself once an hour."""
    workshop.worker()
    eventually(lambda: "ready" in workshop.log())
    expected = write_jobs(3)
    eventually(all_done)
    assert ledger() == expected


def test_killed_workers_lose_nothing_and_double_nothing(workshop: Workshop) -> None:
    expected = write_jobs(100)
    with transaction.atomic():
        enqueue("test.steps", key="steps")
        Job.objects.filter(key="steps").update(progress_total=30)
    expected = sorted(expected + [f"steps {number}" for number in range(30)])
    workers = [workshop.worker(ask_yourself=0.3), workshop.worker(ask_yourself=0.3)]
    eventually(lambda: len(ledger()) > 5)
    for round_ in range(8):
        for pid in pool_of(random.choice(workers)):
            os.kill(pid, signal.SIGKILL)
        if round_ == 4:
            kill_all(workers.pop())
            workers.append(workshop.worker(ask_yourself=0.3))
        time.sleep(0.2)
    eventually(all_done)
    assert ledger() == expected
    assert Job.objects.filter(kind="test.note", attempts__gt=1).exists(), "no kill has hit a job"


def test_a_job_that_kills_its_worker_is_parked_and_the_others_go_on(workshop: Workshop) -> None:
    with transaction.atomic():
        enqueue("test.suicide", key="suicide", max_attempts=3)
    expected = write_jobs(20)
    workshop.worker(ask_yourself=0.3)
    eventually(all_done)
    assert ledger() == expected
    job = Job.objects.get(key="suicide")
    assert (job.attempts, job.last_error) == (3, "The worker died or was killed.")
    assert job.dead_at is not None
    assert job.done_at is None


def test_a_bell_that_never_rings_and_a_flushed_broker_delay_and_lose_nothing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(current_app, "send_task", broken)
    workshop.worker()
    workshop.beat()
    expected = write_jobs(40)
    assert bell.failures > 0
    eventually(lambda: len(ledger()) > 5)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter(f"{workshop.prefix}*"):  # FLUSHALL, for these processes
            client.delete(key)
    eventually(all_done)
    assert ledger() == expected


def test_three_beats_without_their_schedule_files_are_as_good_as_one(workshop: Workshop) -> None:
    workshop.worker()
    workshop.worker()
    for _ in range(3):
        workshop.beat()
    eventually(lambda: len(ticks()) >= 3)
    for schedule in workshop.folder.glob("schedule-*"):
        schedule.unlink()
    kill_all(workshop.running[-1])
    workshop.beat()
    seen = ScheduledRun.objects.count()
    eventually(lambda: ScheduledRun.objects.count() >= seen + 2)
    done = ticks()
    assert len(done) == len(set(done))
    slots = ScheduledRun.objects.filter(name="test.tick").values_list("slot", flat=True)
    assert Job.objects.filter(kind="test.tick").count() == len(set(slots)) == len(slots)


def test_without_any_beat_periodic_work_is_done_all_the_same(workshop: Workshop) -> None:
    workshop.worker(ask_yourself=0.3)
    eventually(lambda: len(ticks()) >= 2)


def test_a_crash_of_postgresql_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """On a PostgreSQL of its own. A server process killed with -9 makes it end them all and recover from its log."""
    throwaway = subprocess.Popen(
        [sys.executable, "-m", "config.embedded", "throwaway", "--durable", "sh", "-c", _TELL_AND_WAIT],
        cwd=ROOT,
        env=os.environ
        | {
            "BIN": str(find_binaries(None).postgres.parent),
            "TEMPLATE": make_conninfo(os.environ["DATABASE_URL"], dbname=template()),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert throwaway.stdin
    assert throwaway.stdout
    try:
        url = throwaway.stdout.readline().strip()
        shop = Workshop(tmp_path, url)
        try:
            _crash_while_working(shop, url)
        finally:
            shop.stop()
    finally:
        throwaway.stdin.close()
        throwaway.wait(60)


# Migrated as the tests' own databases are, then the address.
_TELL_AND_WAIT = """
"$BIN/pg_dump" --no-owner "$TEMPLATE" | "$BIN/psql" --quiet --no-psqlrc --set ON_ERROR_STOP=1 "$DATABASE_URL" >&2 &&
echo "$DATABASE_URL" && cat
"""


def _crash_while_working(shop: Workshop, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as client:
        client.execute(LEDGER)
    shop.worker(ask_yourself=0.3)
    acknowledged: list[str] = []
    crashes = 0
    number = 0
    while crashes < 3 or len(acknowledged) < 60:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as client:
            for _ in range(25):
                number += 1
                client.execute(
                    "INSERT INTO portal_job (key, kind, payload, attempts, max_attempts, last_error, progress_done)"
                    " VALUES (%s, 'test.note', '{}', 0, 50, '', 0)",
                    [f"{number:04}"],
                )
                acknowledged.append(f"{number:04}")
                time.sleep(0.02)
            if crashes < 3 and client.execute("SELECT count(*) > 0 FROM queue_ledger").fetchone() == (True,):
                crashes += 1
                os.kill(client.info.backend_pid, signal.SIGKILL)

    def finished() -> bool:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as client:
            return client.execute("SELECT count(*) FROM portal_job WHERE done_at IS NULL").fetchone() == (0,)
        return False

    eventually(finished)
    with psycopg.connect(url) as client:
        done = [key for (key,) in client.execute("SELECT key FROM queue_ledger WHERE key ~ '^\\d+$' ORDER BY key")]
    assert set(acknowledged) <= set(done)
    assert len(done) == len(set(done))
