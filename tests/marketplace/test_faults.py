"""What goes wrong between two systems, on real PostgreSQL with real sockets: nothing lost, nothing twice."""

import json
import os
import signal
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from bookings import actions as booking
from bookings.models import Reservation, ScheduledSession
from marketplace import actions, outside, tasks, webhooks
from marketplace.actions import handling
from marketplace.actions.exchanging import note
from marketplace.adapters import Spoken
from marketplace.models import Call, Connection, Exchange, InboxMessage, Listing, Visit
from marketplace.rules.retrying import PAUSES
from portal.jobs import worker
from portal.jobs.bell import bell
from portal.models import Job
from tests.at_once import at_once
from tests.factories import MemberFactory
from tests.factories.marketplace import MarketplaceFactory
from tests.marketplace.scenes import connected, deliver, session_of, states
from tests.marketplace.theirs import Theirs, answer

pytestmark = pytest.mark.django_db
# What really commits, for other processes and threads to see; each such test costs a second.
committing = pytest.mark.django_db(transaction=True)
SECRET = "the-secret"


@pytest.fixture
def connection(theirs: Theirs) -> Connection:
    found = connected(marketplace=MarketplaceFactory(adapter="groupx"), address=theirs.url)
    found.secret = SECRET
    found.save()
    return found


def book(session: ScheduledSession) -> None:
    given = {"source": "desk", "action_id": uuid4(), "by": None, "now": timezone.now()}
    booking.reserve(session, MemberFactory(studio=session.studio), **given)


def message(kind: str, *, name: str, at: datetime | None = None, **data: Any) -> tuple[str, bytes]:
    moment = (at or timezone.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
    return name, json.dumps({"type": kind, "timestamp": moment, "data": {"bookingId": "b-1"} | data}).encode()


def post(connection: Connection, said: tuple[str, bytes], *, secret: str = SECRET) -> int:
    name, body = said
    headers = webhooks.headers(name, body, [secret], now=timezone.now())
    address = f"/api/webhooks/{connection.hook}/"
    return Client().post(address, body, content_type="application/json", headers=headers).status_code


def asked_for(session: ScheduledSession, **data: Any) -> tuple[str, bytes]:
    given = {"classId": str(session.pk), "marketplaceMemberId": "m-1", "firstName": "Kim"}
    return message("booking.requested", name="ask", **(given | data))


def killed_in(what: Any, *, doing: Any) -> None:
    """A process of its own, which is killed (-9) where `what` says: nothing of ours runs after that."""
    child = os.fork()
    if child == 0:
        try:
            database.connection = None  # the parent's; this process may not even close it
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(*what, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
                doing()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def leases_over() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Listing.objects.exclude(lease_until=None).update(lease_until=past)
    Job.objects.exclude(lease_until=None).update(lease_until=past)


def drain() -> None:
    assert tasks.deliver
    worker.drain("worker test")


@committing
class TestWorkers:
    def test_killed_between_the_commit_and_the_sending(self, connection: Connection, theirs: Theirs) -> None:
        book(session_of(connection))
        killed_in((outside, "post"), doing=partial(deliver, connection))
        assert (theirs.came, states(connection)) == ([], ["sending"])
        assert deliver(connection) == 0  # the lease of the dead
        leases_over()
        assert deliver(connection) == 1
        assert (theirs.types, states(connection)) == (["session.changed"], ["done"])

    def test_killed_after_it_was_heard(self, connection: Connection, theirs: Theirs) -> None:
        """The marketplace hears it again under the same id, so that to it nothing happens twice."""
        book(session_of(connection))
        killed_in((actions.delivering, "note"), doing=partial(deliver, connection))
        leases_over()
        deliver(connection)
        assert len(theirs.came) == 2
        assert len({came.headers["webhook-id"] for came in theirs.came}) == 1
        assert states(connection) == ["done"]

    def test_killed_while_it_applies_a_message(self, connection: Connection) -> None:
        session = session_of(connection)
        assert post(connection, asked_for(session)) == 202
        killed_in((worker, "_conclude"), doing=drain)  # all is written, nothing is committed
        assert (Reservation.objects.count(), InboxMessage.objects.get().outcome) == (0, "")
        leases_over()
        drain()
        assert (Reservation.objects.count(), InboxMessage.objects.get().outcome) == (1, "done")


class TestBroker:
    def test_flushed_with_all_it_held(
        self, connection: Connection, theirs: Theirs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every ring is lost; the poll finds the rows, those that were sent and those that came."""
        rung: list[str] = []
        monkeypatch.setattr(bell, "ring", lambda by="bell": rung.append(by))
        session = session_of(connection)
        book(session)
        assert post(connection, asked_for(session)) == 202
        assert (theirs.came, Reservation.objects.filter(source="fitpass").count()) == ([], 0)
        drain()
        assert Counter(theirs.types)["booking.decided"] == 1
        assert Reservation.objects.filter(source="fitpass").count() == 1
        assert set(states(connection)) <= {"done", "overtaken"}

    def test_even_the_jobs_are_gone(self, connection: Connection, theirs: Theirs) -> None:
        session = session_of(connection)
        book(session)
        post(connection, asked_for(session))
        Job.objects.all().delete()
        tasks.sweep(Job())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(handling, "OVERDUE", timedelta(minutes=-1))
            tasks.sweep_inbox(Job())
        drain()
        assert Counter(theirs.types)["booking.decided"] == 1
        assert InboxMessage.objects.get().outcome == "done"


class TestOutage:
    def test_an_hour_away_and_back(self, connection: Connection, theirs: Theirs) -> None:
        """One call asks now and then; the others lose no attempt, and all of them go when it answers."""
        sessions = [session_of(connection, starts_at=timezone.now() + timedelta(days=1)) for _ in range(5)]
        for session in sessions:
            book(session)
        theirs.answers = [answer(503, b"maintenance")] * 60
        began, now = timezone.now(), timezone.now()
        while now < began + timedelta(hours=1):
            deliver(connection)
            connection.refresh_from_db()
            assert connection.quiet_until is not None
            now += connection.quiet_until - timezone.now()  # as if that time were over
            Connection.objects.update(quiet_until=None)
            pause_over = [one.pk for one in Call.objects.open() if began + (one.due_at - timezone.now()) < now]
            Call.objects.filter(pk__in=pause_over).update(due_at=timezone.now())
        asked = len(theirs.came)
        assert 10 < asked < 30
        assert max(Call.objects.values_list("attempts", flat=True)) < len(PAUSES)
        theirs.answers = []
        deliver(connection)
        told = [came.json["data"]["classId"] for came in theirs.came[asked:]]
        assert Counter(told) == Counter(str(one.pk) for one in sessions)
        assert set(states(connection)) == {"done"}
        assert Exchange.objects.filter(status=503).count() == asked
        connection.refresh_from_db()
        assert (connection.failures, connection.quiet_until) == (0, None)


@committing
class TestCopies:
    def test_the_same_webhook_three_times_at_once(self, connection: Connection, theirs: Theirs) -> None:
        session = session_of(connection)
        said = asked_for(session)
        assert at_once([partial(post, connection, said)] * 3) == [202] * 3
        at_once([drain] * 2)
        assert InboxMessage.objects.count() == Visit.objects.count() == Reservation.objects.count() == 1
        assert Counter(Exchange.objects.filter(direction="in").values_list("reason", flat=True)) == {
            "": 1,
            "A copy of a message that was kept before.": 2,
        }
        assert Counter(theirs.types)["booking.decided"] == 1

    def test_the_last_place_asked_for_by_two_messages_at_once(self, connection: Connection, theirs: Theirs) -> None:
        session = session_of(connection, capacity=1)
        for number in "12":
            name, body = asked_for(session, bookingId=f"b-{number}", marketplaceMemberId=f"m-{number}")
            assert post(connection, (f"{name}-{number}", body)) == 202
        at_once([drain] * 2)
        drain()
        decided = [came.json["data"] for came in theirs.came if came.json["type"] == "booking.decided"]
        assert Counter(one["decision"] for one in decided) == {"accepted": 1, "rejected": 1}
        assert {one["reason"] for one in decided if one["decision"] == "rejected"} == {"full"}
        refused = InboxMessage.objects.get(outcome="refused")
        assert refused.reason == "full"  # visible here, too


class TestOrder:
    def test_a_cancel_before_its_booking(self, connection: Connection, theirs: Theirs) -> None:
        session = session_of(connection, starts_at=timezone.now() + timedelta(days=2))
        assert post(connection, message("booking.cancelled", name="cancel")) == 202
        drain()
        assert Reservation.objects.count() == 0
        assert post(connection, asked_for(session)) == 202
        drain()
        assert Reservation.objects.get().booking == "cancelled"
        assert set(InboxMessage.objects.values_list("outcome", flat=True)) == {"done"}

    def test_a_check_in_without_a_booking_waits_for_a_person(self, connection: Connection) -> None:
        said = message("member.checked_in", name="here", bookingId="", marketplaceMemberId="m-9", locationId="centrum")
        assert post(connection, said) == 202
        drain()
        found = InboxMessage.objects.get()
        assert (found.outcome, found.reason) == ("for_a_person", "check_in_without_booking")
        assert connection.conflicts.open().count() == 1


class TestClocks:
    def test_in_the_night_in_which_an_hour_comes_twice(self, connection: Connection) -> None:
        """25 October 2026, 02:30 in Amsterdam is 00:30 and 01:30 in UTC: ten minutes stay ten minutes."""
        for hour in (0, 1):
            with time_machine.travel(f"2026-10-25T0{hour}:30:00+00:00", tick=False):
                name, body = message("booking.cancelled", name=f"c{hour}", bookingId=f"b-{hour}")
                now = timezone.now()
                for skew, status in ((10, 202), (16, 400)):
                    headers = webhooks.headers(f"{name}-{skew}", body, [SECRET], now=now - timedelta(minutes=skew))
                    answered = Client().post(
                        f"/api/webhooks/{connection.hook}/", body, content_type="application/json", headers=headers
                    )
                    assert answered.status_code == status
        assert InboxMessage.objects.count() == 2


@committing
def test_a_line_about_a_session_that_is_gone_is_written_without_it(connection: Connection) -> None:
    spoken = Spoken(subject="seats", at=timezone.now(), milliseconds=1, method="POST", path="/", request="")
    line = note(connection, Exchange.Direction.OUT, spoken, session_id=2**40)
    line.refresh_from_db()
    assert line.session is None
