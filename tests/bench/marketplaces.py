"""What marketplaces ask while their members wait, over HTTP; how little the sync sends; who gets the last places."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from statistics import median
from uuid import uuid4

from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import CalendarItem, Reservation, ScheduledSession
from marketplace import actions
from marketplace.models import Call, ConnectedLocation, Connection, Contract, ContractTerms, Guest, Listing, SyncRun
from portal.models import Location, Member, Studio
from tests.bench.database import SLUG
from tests.bench.hooks import hooks
from tests.bench.measures import Row, milliseconds
from tests.bench.server import Client, Server

CLIENTS, ROUNDS, A_ROUND = 8, 7, 12
ASKING, PLACES, RACES = 50, 20, 5
SESSIONS, CHANGED = 10_000, 100
SECRET = "bench-secret"


class Caller:
    """A marketplace's connection to the server, kept open."""

    def __init__(self, server: Server) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        self.headers = {"X-Client-ID": "bench", "X-Client-Secret": SECRET, "X-Location-ID": "place-1"}

    def ask(self, method: str, path: str) -> tuple[int, bytes]:
        self.connection.request(method, f"/api/groupx/v1{path}", headers=self.headers)
        response = self.connection.getresponse()
        return response.status, response.read()


def marketplaces(server: Server, cookie: str) -> Iterator[Row]:
    connection = connected(Studio.objects.get(slug=SLUG))
    yield from real_time(server, connection)
    yield from last_places(server, cookie, connection)
    yield from hooks(server, connection)
    yield from sync(connection)


def connected(studio: Studio) -> Connection:
    now = timezone.now()
    connection = Connection(
        studio=studio, marketplace_id="wellpass", state=Connection.State.LIVE, activated_at=now, client_id="bench"
    )
    connection.secret = SECRET
    connection.save()
    for place in studio.locations.all():
        ConnectedLocation.objects.create(studio=studio, connection=connection, location=place, external_id=place.slug)
    contract = Contract.objects.create(studio=studio, connection=connection)
    ContractTerms.objects.create(
        studio=studio,
        contract=contract,
        first_on=date(2020, 1, 1),
        cancel_hours=4,
        check_in_rate=Decimal(8),
        tax_category=ContractTerms.TaxCategory.EXEMPT,
    )
    members = Member.objects.filter(studio=studio).order_by("pk")[:2000]
    Guest.objects.bulk_create(
        Guest(studio=studio, connection=connection, member=member, external_id=f"M{member.pk}") for member in members
    )
    return connection


def session_of(connection: Connection, capacity: int, starts_in: timedelta = timedelta(days=2)) -> ScheduledSession:
    place = Location.objects.get(studio=connection.studio_id, slug="place-1")
    item = CalendarItem.objects.create(
        studio_id=connection.studio_id, location=place, name="Sold there", capacity=capacity, allows_marketplaces=True
    )
    starts_at = timezone.now() + starts_in
    return ScheduledSession.objects.create(
        studio_id=connection.studio_id,
        item=item,
        location=place,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        capacity=capacity,
    )


def real_time(server: Server, connection: Connection) -> Iterator[Row]:
    """With 8 clients at once: bookable?, and a booking, each against a bare view on the same server."""
    classes = [session_of(connection, capacity=5000) for _ in range(CLIENTS)]
    guests = iter(Guest.objects.filter(connection=connection).order_by("pk").values_list("key", flat=True)[:1500])
    callers = [Caller(server) for _ in range(CLIENTS)]
    nobody = [Client(server, "") for _ in range(CLIENTS)]
    known = str(Guest.objects.filter(connection=connection).latest("pk").key)

    def check(number: int) -> None:
        status, body = callers[number].ask("GET", f"/classes/{classes[number].pk}?exerciserId={known}")
        assert status == 200, body

    def book(number: int) -> None:
        status, body = callers[number].ask("POST", f"/classes/{classes[number].pk}/attendees/{next(guests)}")
        assert status == 200, body

    def bare(number: int) -> None:
        assert nobody[number].post("/bench/insert", {}) == (200, b"ok")

    calls: dict[str, Callable[[int], None]] = {"bare": bare, "check": check, "book": book}
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 1):
        for name, call in calls.items():
            seconds = all_at_once(call)
            if turn:  # the first one warms up
                taken[name].append(seconds)
    times = {name: median(found) for name, found in taken.items()}
    for name, limit, words in (("check", 4, "bookable? in real time"), ("book", 8, "a booking in real time")):
        ratio = times[name] / times["bare"]
        figures = f"{ratio:.2f} ({milliseconds(times[name])} to {milliseconds(times['bare'])})"
        what = f"{words}, {CLIENTS} clients at once, to a bare view that inserts one row"
        yield Row(what, figures, f"<= {limit}.00", ratio <= limit)


def all_at_once(call: Callable[[int], None]) -> float:
    """The median seconds of one call while all clients call."""
    taken: list[float] = []

    def work(number: int) -> None:
        for _ in range(A_ROUND):
            start = time.perf_counter()
            call(number)
            taken.append(time.perf_counter() - start)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == CLIENTS * A_ROUND, "a call failed; its words are above"
    return median(taken)


def last_places(server: Server, cookie: str, connection: Connection) -> Iterator[Row]:
    """50 members of a marketplace and 50 of the desk for the last 20 places."""
    guests = list(Guest.objects.filter(connection=connection).order_by("-pk")[:ASKING])
    members = list(Member.objects.filter(studio=connection.studio_id).order_by("-pk")[:ASKING])
    callers, desks = [Caller(server) for _ in guests], [Client(server, cookie) for _ in members]
    right, mixed = 0, []
    for _ in range(RACES):
        session = session_of(connection, capacity=PLACES)
        answers: Counter[str] = Counter()
        ready = threading.Barrier(2 * ASKING)

        def there(caller: Caller, guest: Guest, session: ScheduledSession, ready: threading.Barrier) -> str:
            ready.wait()
            status, body = caller.ask("POST", f"/classes/{session.pk}/attendees/{guest.key}")
            return "there" if status == 200 else f"{json.loads(body).get('reason')}"

        def here(desk: Client, member: Member, session: ScheduledSession, ready: threading.Barrier) -> str:
            fields = {"session": str(session.pk), "member": str(member.pk), "action_id": str(uuid4())}
            ready.wait()
            status, body = desk.post(f"/bench/{SLUG}/reserve", fields)
            return "here" if status == 200 else ("full" if body == b'{"refused": "full"}' else str(status))

        def note(answer: Callable[..., str], *given: object, answers: Counter[str] = answers) -> None:
            answers[answer(*given)] += 1

        threads = [
            *(
                threading.Thread(target=note, args=(there, *each, session, ready))
                for each in zip(callers, guests, strict=True)
            ),
            *(
                threading.Thread(target=note, args=(here, *each, session, ready))
                for each in zip(desks, members, strict=True)
            ),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        booked = Reservation.objects.active().filter(session=session).count()
        refused = answers["noFreeSpots"] + answers["full"]
        exact = booked == answers["there"] + answers["here"] == PLACES and refused == 2 * ASKING - PLACES
        right += exact
        mixed.append(f"{answers['there']}+{answers['here']}" if exact else str(dict(answers)))
    what = f"{ASKING} members of a marketplace and {ASKING} of the desk for {PLACES} places"
    yield Row(what, f"{right} of {RACES} ({', '.join(mixed)})", f"{RACES} of {RACES}", right == RACES)


def sync(connection: Connection) -> Iterator[Row]:
    """What a comparison of everything sends when little is different."""
    first = session_of(connection, capacity=12, starts_in=timedelta(days=1))
    starts = [first.starts_at + timedelta(minutes=number) for number in range(SESSIONS - 1)]
    ScheduledSession.objects.bulk_create(
        ScheduledSession(
            studio_id=connection.studio_id,
            item_id=first.item_id,
            location_id=first.location_id,
            starts_at=at,
            ends_at=at + timedelta(hours=1),
            capacity=12,
        )
        for at in starts
    )
    ours = ScheduledSession.objects.filter(item=first.item_id)
    now = timezone.now()
    actions.sync(connection, cause=SyncRun.Cause.HAND, now=now)
    as_if_told(connection, now=now)
    changed = list(ours.order_by("?").values_list("pk", flat=True)[:CHANGED])
    ours.filter(pk__in=changed).update(capacity=11)
    Call.objects.filter(connection=connection).delete()
    with CaptureQueriesContext(database) as queries:
        run = actions.sync(connection, cause=SyncRun.Cause.HAND, now=timezone.now())
    calls = Call.objects.filter(connection=connection, listing__session__in=ours).count()
    yield Row(
        f"sync: calls for {SESSIONS:,} sessions of which {CHANGED} changed",
        f"{calls} ({run.compared:,} compared, {len(queries)} queries)",
        f"exactly {CHANGED}",
        calls == CHANGED,
    )


def as_if_told(connection: Connection, *, now: object) -> None:
    """The marketplace knows everything as it is: what ten thousand deliveries would leave behind."""
    from marketplace.selectors.offers import wanted  # noqa: PLC0415

    listings = list(Listing.objects.filter(connection=connection).exclude(session=None))
    stands = wanted(connection, [one.reference for one in listings], now=now)  # type: ignore[arg-type]
    for listing in listings:
        becomes = stands[listing.reference]
        if becomes.offer is None:
            continue
        marks = becomes.offer.marks
        listing.stand, listing.told_at = becomes.publication.stand, now
        listing.place_mark, listing.content_mark, listing.seats_mark = marks.place, marks.content, marks.seats
        listing.shown_start = becomes.offer.place.starts_at
    names = ["stand", "told_at", "place_mark", "content_mark", "seats_mark", "shown_start"]
    Listing.objects.bulk_update([one for one in listings if one.told_at], names, batch_size=1000)
    Call.objects.filter(connection=connection).delete()
