"""Many at once, with real threads on real PostgreSQL: nothing lost, nothing twice, nothing out of order."""

import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bookings import actions as booking
from bookings.actions import Refused
from bookings.models import Reservation, ScheduledSession
from bookings.rules import CancelAs
from marketplace import actions
from marketplace.actions import delivering
from marketplace.adapters import Unanswered
from marketplace.models import Call, Connection, InboxMessage, Listing
from tests.at_once import at_once
from tests.factories import MemberFactory
from tests.marketplace.scenes import Marketplace, connected, deliver, due_now, session_of, states

pytestmark = pytest.mark.django_db(transaction=True)


def reserve(session: ScheduledSession, member: Any, source: str) -> Reservation:
    done = booking.reserve(session, member, source=source, action_id=uuid4(), by=None, now=timezone.now())
    return done.reservation


def book_and_cancel(session: ScheduledSession, member: Any, source: str) -> None:
    reservation = reserve(session, member, source)
    booking.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=timezone.now())


def test_while_workers_send_and_people_book_the_last_word_is_true(there: Marketplace) -> None:
    """Four workers against forty people in three classes: in the end the marketplace shows what is free."""
    there.slow = 0.004
    connection = connected()
    sessions = [session_of(connection, starts_at=timezone.now() + timedelta(days=2), capacity=10) for _ in range(3)]
    members = MemberFactory.create_batch(45, studio=connection.studio)
    finished = threading.Event()

    def work() -> None:
        while not finished.is_set():
            if not actions.deliver_next(connection.pk, now=timezone.now()):
                time.sleep(0.002)

    def everybody() -> list[Any]:
        try:
            return at_once(
                [
                    partial(
                        book_and_cancel if number % 3 == 0 else reserve,
                        sessions[number % len(sessions)],
                        member,
                        "fitpass" if number % 2 else "direct",
                    )
                    for number, member in enumerate(members)
                ],
                threads=6,
            )
        finally:
            finished.set()

    results = at_once([work, work, work, work, everybody])
    assert [one for one in results if isinstance(one, Exception)] == []
    assert {type(one) for one in results[-1] if isinstance(one, Exception)} <= {Refused}
    deliver(connection)
    for session in sessions:
        session.refresh_from_db()
        told = [offer.seats.free for reference, _, offer in there.heard if reference == session.pk and offer]
        assert told[-1] == session.capacity - session.places_taken
        assert Listing.objects.get(session=session).shown_free == told[-1]
        assert next(word for reference, word, _ in there.heard if reference == session.pk) == "publish"
    assert there.at_once == 1
    assert set(states(connection)) <= {"done", "overtaken"}


def test_many_workers_send_each_call_once(there: Marketplace) -> None:
    there.slow = 0.01
    connection = connected()
    sessions = [session_of(connection) for _ in range(30)]
    with transaction.atomic():
        actions.tell(connection.studio, [one.pk for one in sessions], now=timezone.now())
    sent = at_once([partial(deliver, connection)] * 8)
    assert sum(sent) == 30
    assert Counter(reference for reference, _, _ in there.heard) == Counter(one.pk for one in sessions)


def test_a_commit_that_comes_late_is_not_lost(there: Marketplace) -> None:
    """The first call waits while a booking is under way; a worker leaves it alone, and sends what is true after it."""
    connection = connected()
    session = session_of(connection)
    reserve(session, MemberFactory(studio=session.studio), "direct")
    under_way, commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            reserve(session, MemberFactory(studio=session.studio), "direct")
            under_way.set()
            assert commit.wait(timeout=20)

    def worker() -> int:
        assert under_way.wait(timeout=20)
        sent = deliver(connection)
        commit.set()
        return sent

    assert at_once([slowly, worker]) == [None, 0]
    assert deliver(connection) == 1
    assert there.free == [8]


def test_an_outage_under_load_loses_nothing(there: Marketplace) -> None:
    connection = connected()
    sessions = [session_of(connection) for _ in range(12)]
    there.failing = [Unanswered("503")] * 20
    with transaction.atomic():
        actions.tell(connection.studio, [one.pk for one in sessions], now=timezone.now())
    for _ in range(12):
        due_now(connection)
        at_once([partial(deliver, connection)] * 4)
    due_now(connection)
    deliver(connection)
    assert {reference for reference, _, _ in there.heard} == {one.pk for one in sessions}
    assert Call.objects.exclude(state=Call.State.DONE).count() == 0
    assert Connection.objects.get().failures == 0


def test_a_worker_killed_after_sending_sends_again_under_the_same_key(
    there: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = connected()
    reserve(session_of(connection), MemberFactory(studio=connection.studio), "direct")

    class Killed(BaseException):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    monkeypatch.setattr(delivering, "_note", die)
    with pytest.raises(Killed):
        deliver(connection)
    monkeypatch.undo()
    assert deliver(connection) == 0
    Listing.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert deliver(connection) == 1
    assert there.words == ["publish", "publish"]
    assert len(set(there.keys)) == 1


def test_the_same_message_many_times_at_once_is_kept_once() -> None:
    connection = connected()
    call = partial(
        actions.store,
        connection,
        proof=InboxMessage.Proof.CURRENT,
        method="POST",
        path="/hooks",
        headers={},
        body=b"{}",
        key="event-1",
    )
    results = at_once([call] * 12)
    assert Counter(is_new for _message, is_new in results) == Counter({True: 1, False: 11})
    assert len({message.pk for message, _ in results}) == 1
