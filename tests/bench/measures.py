"""What is measured. Each function returns rows for the table: a figure, its limit, and whether it holds."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from uuid import uuid4

import psycopg
from django.db import connection
from django.test import Client as InProcess
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings import actions
from bookings.models import Reservation
from portal.models import Location
from tests.bench.database import PEOPLE_A_CLASS, SLUG, add_sessions
from tests.bench.server import Client, Server

MB = 1024 * 1024
ROUNDS, ASKING, PLACES = 20, 200, 20


@dataclass(frozen=True)
class Row:
    what: str
    figure: str
    limit: str
    holds: bool


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def side_by_side(turns: int, **calls: Callable[[], object]) -> dict[str, float]:
    """Median seconds of each call; the calls take turns, so that a busy moment of the machine hits all of them."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(turns + 5):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn >= 5:  # the first ones warm up
                taken[name].append(time.perf_counter() - start)
    return {name: median(times) for name, times in taken.items()}


def fetch(client: Client, path: str) -> Callable[[], None]:
    def get() -> None:
        status, _ = client.get(path)
        assert status == 200, f"GET {path}: {status}"

    return get


def pages(small: Server, big: Server, cookie: str, in_process: InProcess) -> Iterator[Row]:
    """Reception and bookings with much past against little, over HTTP; their queries with much."""
    for name in ("check_ins", "bookings"):
        path = reverse(f"bookings:{name}", args=[SLUG])
        times = side_by_side(40, small=fetch(Client(small, cookie), path), big=fetch(Client(big, cookie), path))
        ratio = times["big"] / times["small"]
        figures = f"{ratio:.2f} ({milliseconds(times['big'])} to {milliseconds(times['small'])})"
        yield Row(f"{name}: 1,000,000 past reservations to 10,000", figures, "<= 1.20", ratio <= 1.2)
        with CaptureQueriesContext(connection) as queries:
            assert in_process.get(path).status_code == 200
        yield Row(f"{name}: queries", f"{len(queries)}", "<= 12", len(queries) <= 12)


def check_in(server: Server, bare: Server, cookie: str, url: str) -> Iterator[Row]:
    """The desk's tick against a view that inserts one row: behind the same middleware and login, and behind none."""
    turns = 400
    with psycopg.connect(url) as db:
        sessions = add_sessions(
            db, sessions=turns // PEOPLE_A_CLASS + 1, start=timezone.now(), step="1 minute", past=False
        )
        ids = [pk for (pk,) in db.execute("SELECT id FROM bookings_reservation WHERE session_id = ANY(%s)", [sessions])]
    desk, user, nobody = Client(server, cookie), Client(server, cookie), Client(bare, "")
    waiting = iter(ids)

    def tick() -> None:
        path = reverse("bookings:check_in", args=[SLUG, next(waiting)])
        status, _ = desk.post(path, {"action_id": str(uuid4())}, htmx=True)
        assert status == 200, f"POST {path}: {status}"

    def insert(client: Client, path: str) -> Callable[[], None]:
        def post() -> None:
            assert client.post(path, {}) == (200, b"ok")

        return post

    times = side_by_side(
        turns - 5, tick=tick, user=insert(user, "/bench/insert-for-user"), nobody=insert(nobody, "/bench/insert")
    )
    done = Reservation.objects.filter(pk__in=ids).attended().count()
    assert done == turns, f"{done} of {turns} are checked in"
    for against, word in (("user", "same middleware and login"), ("nobody", "no middleware, no login")):
        ratio = times["tick"] / times[against]
        figures = f"{ratio:.2f} ({milliseconds(times['tick'])} to {milliseconds(times[against])})"
        limited = against == "user"
        yield Row(
            f"check-in to a view that inserts one row, {word}",
            figures,
            "<= 3.00" if limited else "(to compare)",
            ratio <= 3 or not limited,
        )


def last_places(server: Server, cookie: str, url: str) -> Iterator[Row]:
    """200 requests on 200 connections for the last 20 places of a class, 20 classes one after the other."""
    outcomes: list[Counter[str]] = []
    clients = [Client(server, cookie) for _ in range(ASKING)]
    with psycopg.connect(url) as db:
        tomorrow = timezone.now() + timedelta(days=1)
        classes = add_sessions(db, sessions=ROUNDS, start=tomorrow, step="2 hours", past=False)
        free = {
            session: [
                pk
                for (pk,) in db.execute(
                    "SELECT id FROM portal_member WHERE id NOT IN (SELECT member_id FROM bookings_reservation"
                    " WHERE session_id = %s) ORDER BY id LIMIT %s",
                    [session, ASKING],
                )
            ]
            for session in classes
        }
    started = time.perf_counter()
    for session, members in free.items():
        outcomes.append(_race(clients, session, members))
    taken = time.perf_counter() - started
    exact = {"200": PLACES, "409 full": ASKING - PLACES}
    right = sum(outcome == exact for outcome in outcomes)
    booked = set(
        Reservation.objects.active().filter(session__in=classes).values_list("session__places_taken", flat=True)
    )
    per_second = f"{ROUNDS * ASKING / taken:.0f} answers/s"
    yield Row(
        f"rounds of {ASKING} for the last {PLACES} places with {PLACES} booked, {ASKING - PLACES} refused as full",
        f"{right} of {ROUNDS} ({per_second})",
        f"{ROUNDS} of {ROUNDS}",
        right == ROUNDS and booked == {PEOPLE_A_CLASS + PLACES},
    )
    for outcome in outcomes:
        if outcome != exact:
            yield Row("  a round that went wrong", str(dict(outcome)), "", holds=False)


def _race(clients: list[Client], session: int, members: list[int]) -> Counter[str]:
    ready = threading.Barrier(len(clients))
    answers: list[str] = []

    def ask(client: Client, member: int) -> None:
        fields = {"session": str(session), "member": str(member), "action_id": str(uuid4())}
        ready.wait()
        status, body = client.post(f"/bench/{SLUG}/reserve", fields)
        answers.append(f"{status} full" if body == b'{"refused": "full"}' else str(status))

    threads = [threading.Thread(target=ask, args=each) for each in zip(clients, members, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(answers)


# The month as it lies in the tables, joined and ordered as the export has it, nothing computed.
_COPY = """
COPY (
  SELECT place.name, item.name, item.kind, r.starts_at, teacher.name, member.first_name, member.last_name,
         member.number, r.source, r.booked_at, r.booking, r.attendance, r.checked_in_at, person.name, r.cancelled_at,
         r.flagged
    FROM bookings_reservation r
    JOIN portal_location place ON place.id = r.location_id
    JOIN bookings_scheduledsession session ON session.id = r.session_id
    JOIN bookings_calendaritem item ON item.id = session.item_id
    JOIN portal_member member ON member.id = r.member_id
    LEFT JOIN portal_teacher teacher ON teacher.id = session.teacher_id
    LEFT JOIN portal_stafflogin login ON login.id = r.checked_in_by_id
    LEFT JOIN portal_user person ON person.id = login.user_id
   WHERE r.studio_id = 1 AND r.starts_at >= {start} AND r.starts_at < {end}
   ORDER BY r.starts_at, r.id
) TO STDOUT (FORMAT csv)
"""


def month_as_csv(server: Server, cookie: str, url: str, *, rows: int) -> Iterator[Row]:
    """The month's CSV over HTTP against COPY of the same join, read by this process; memory of the server meanwhile."""
    here = Location.objects.get(slug="place-1")
    last_day = here.local_day(timezone.now()).replace(day=1) - timedelta(days=1)
    path = reverse("bookings:history_csv", args=[SLUG, date(last_day.year, last_day.month, 1)]) + "?location=all"
    client = Client(server, cookie)
    growth: list[int] = []
    sizes: dict[str, int] = {}

    def export() -> None:
        before = server.memory()
        with watched(server) as peak:
            count = 0
            sizes["export"] = 0
            for chunk in client.stream(path):
                count += chunk.count(b"\n")
                sizes["export"] += len(chunk)
        growth.append(peak[0] - before)
        assert count == rows + 1, f"{count} lines instead of {rows + 1}"

    def copy() -> None:
        with psycopg.connect(url) as db, psycopg.ClientCursor(db) as cursor:
            cursor.execute("SET timezone = 'Europe/Amsterdam'")
            month = "date_trunc('month', now() - interval '1 month')"
            query = _COPY.format(start=month, end="date_trunc('month', now())")
            count = sizes["copy"] = 0
            with cursor.copy(query) as copied:
                for chunk in copied:
                    count += bytes(chunk).count(b"\n")
                    sizes["copy"] += len(chunk)
        assert count == rows, f"{count} lines instead of {rows}"

    for _ in client.stream(path + "&warm-up"):
        break
    client.connection.close()
    taken: dict[str, list[float]] = {"export": [], "copy": []}
    for _ in range(3):
        for name, call in (("copy", copy), ("export", export)):
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    speed = median(taken["copy"]) / median(taken["export"])
    yield Row(
        f"CSV of a month with {rows:,} reservations: speed to COPY of the same join",
        f"{speed:.2f} ({median(taken['export']):.1f} s for {sizes['export'] / MB:.0f} MB"
        f" to {median(taken['copy']):.1f} s for {sizes['copy'] / MB:.0f} MB)",
        ">= 0.50",
        speed >= 0.5,
    )
    yield Row("  growth of the server while it streams", f"{max(growth) / MB:.0f} MB", "< 60 MB", max(growth) < 60 * MB)


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """The most memory that the server had during the block, looked at every 10 ms."""
    peak = [server.memory()]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            peak[0] = max(peak[0], server.memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def sweep(url: str, *, past: int, due: int) -> Iterator[Row]:
    """One sweep over the whole table; PostgreSQL's own row versions say what it touched."""
    now = timezone.now()
    actions.sweep_no_shows(now=now)
    with psycopg.connect(url) as db:
        start = now - timedelta(hours=3)
        sessions = add_sessions(db, sessions=due // PEOPLE_A_CLASS, start=start, step="1 second", past=False)
        # Classes that were called off hold as many that are never due.
        called_off = add_sessions(db, sessions=5 * due // PEOPLE_A_CLASS, start=start, step="1 second", past=False)
        db.execute("UPDATE bookings_scheduledsession SET cancelled_at = now() WHERE id = ANY(%s)", [called_off])
    versions = "SELECT id, ctid::text || xmin::text FROM bookings_reservation"
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("ANALYZE bookings_reservation")
        before: dict[int, str] = dict(db.execute(versions).fetchall())
        begun = time.perf_counter()
        stamped = actions.sweep_no_shows(now=now)
        taken = time.perf_counter() - begun
        touched = {pk for pk, version in db.execute(versions).fetchall() if before[pk] != version}
        expected = {
            pk for (pk,) in db.execute("SELECT id FROM bookings_reservation WHERE session_id = ANY(%s)", [sessions])
        }
    begun = time.perf_counter()
    actions.sweep_no_shows(now=now)
    idle = time.perf_counter() - begun
    yield Row(
        f"sweep over {past:,} reservations with {due:,} due: rows touched",
        f"{len(touched):,} ({taken:.2f} s; with none due {milliseconds(idle)})",
        f"the {due:,}",
        stamped == due and touched == expected,
    )
