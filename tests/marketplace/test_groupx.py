"""What a marketplace of the pull shape hears, on a real server on this machine, and what its answers come to."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from bookings import actions as booking
from bookings.actions import schedule
from bookings.models import Reservation, ScheduledSession
from marketplace import actions, webhooks
from marketplace.actions import delivering
from marketplace.adapters import ADAPTERS
from marketplace.adapters.groupx import GroupX, retry_after
from marketplace.models import Call, Connection, Exchange, Guest, Listing, SyncRun, Visit
from tests.factories import MemberFactory, StaffLoginFactory
from tests.factories.marketplace import MarketplaceFactory
from tests.marketplace.scenes import book, connected, deliver, due_now, item_of, session_of, states
from tests.marketplace.theirs import Theirs, answer

pytestmark = pytest.mark.django_db
SECRET = "the-secret-of-today"


def at_theirs(theirs: Theirs) -> Connection:
    connection = connected(marketplace=MarketplaceFactory(adapter="groupx"), address=theirs.url)
    connection.secret = SECRET
    connection.save()
    return connection


def guest_of(connection: Connection, reservation: Reservation | None = None, **fields: Any) -> Visit:
    member = reservation.member if reservation else MemberFactory(studio=connection.studio)
    guest = Guest.objects.create(
        studio=connection.studio, connection=connection, member=member, external_id=str(uuid4())
    )
    given = {"booking_ref": "b-1", "requested_at": timezone.now(), "guest": guest, "pass_name": "Fitpass One"}
    if reservation:
        given |= {"reservation": reservation, "session": reservation.session}
    return Visit.objects.create(studio=connection.studio, connection=connection, **(given | fields))


def lines(connection: Connection) -> list[Exchange]:
    return list(connection.exchanges.order_by("pk"))


@pytest.mark.usefixtures("by_day")
class TestMessages:
    def test_a_session_with_its_signature(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        session = session_of(connection)
        book(session)
        deliver(connection)
        (came,) = theirs.came
        proved = webhooks.verify(came.headers, came.body, [SECRET], now=timezone.now(), tolerance=timedelta(minutes=1))
        assert proved.secret == 0
        session.refresh_from_db()
        stamp = "%Y-%m-%dT%H:%M:%SZ"
        assert came.json["type"] == "session.changed"
        assert came.json["data"] == {
            "classId": str(session.pk),
            "stand": "selling",
            "startDateTime": session.starts_at.astimezone(UTC).strftime(stamp),
            "endDateTime": session.ends_at.astimezone(UTC).strftime(stamp),
            "locationId": "centrum",
            "name": session.item.name,
            "kind": session.item.kind,
            "description": session.item.description,
            "room": "",
            "instructor": "",
            "freeUntil": (session.starts_at - timedelta(hours=4)).astimezone(UTC).strftime(stamp),
            "capacity": 10,
            "booked": 1,
            "free": 9,
        }

    def test_changed_held_cancelled_withdrawn(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        session, other = session_of(connection), session_of(connection)
        book(session, source="fitpass")
        book(other)
        deliver(connection)
        Connection.objects.update(state=Connection.State.PAUSED)
        connection.refresh_from_db()
        actions.sync(connection, cause=SyncRun.Cause.CLOCK, now=timezone.now())
        deliver(connection)
        held = [one.json["data"] for one in theirs.came[2:] if one.json["type"] == "session.changed"]
        assert [(one["classId"], one["stand"], one["free"]) for one in held] == [(str(session.pk), "held", 0)]
        assert "session.withdrawn" in theirs.types[2:]
        schedule.cancel_sessions([ScheduledSession.objects.get(pk=session.pk)], by=None, now=timezone.now())
        deliver(connection)
        assert theirs.came[-1].json["type"] == "session.cancelled"
        assert theirs.came[-1].json["data"] == {"classId": str(session.pk)}

    def test_without_a_limit_there_is_no_number(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        item = item_of(connection, capacity=None)
        session = session_of(connection)
        ScheduledSession.objects.filter(pk=session.pk).update(item=item, capacity=None)
        with transaction.atomic():
            actions.tell(connection.studio, [session.pk], now=timezone.now())
        deliver(connection)
        data = theirs.came[0].json["data"]
        assert (data["capacity"], data["booked"], data["free"]) == (None, 0, None)

    def test_what_the_desk_did_with_its_guest(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        reservation = book(session_of(connection, starts_at=timezone.now() + timedelta(minutes=10)), source="fitpass")
        visit = guest_of(connection, reservation)
        login = StaffLoginFactory(studio=connection.studio)
        booking.check_in(reservation, action_id=uuid4(), by=login, now=timezone.now())
        deliver(connection)
        assert theirs.types == ["session.changed", "attendance.changed"]
        data = theirs.came[-1].json["data"]
        assert visit.guest is not None
        assert (data["bookingId"], data["exerciserId"], data["what"]) == ("b-1", str(visit.guest.key), "checked_in")

    def test_a_guest_that_it_does_not_know_is_no_news(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        reservation = book(session_of(connection, starts_at=timezone.now() + timedelta(minutes=10)), source="fitpass")
        login = StaffLoginFactory(studio=connection.studio)
        booking.check_in(reservation, action_id=uuid4(), by=login, now=timezone.now())
        deliver(connection)
        assert (theirs.types, states(connection)) == (["session.changed"], ["done", "done"])

    def test_a_booking_is_decided_once(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        visit = guest_of(connection, book(session_of(connection), source="fitpass"))
        for _ in range(2):
            with transaction.atomic():
                actions.write_decision(visit)
        deliver(connection)
        assert theirs.types == ["session.changed", "booking.decided"]
        assert visit.guest is not None
        assert theirs.came[-1].json["data"] == {
            "bookingId": "b-1",
            "classId": str(visit.session_id),
            "decision": "accepted",
            "reason": "",
            "exerciserId": str(visit.guest.key),
        }

    def test_a_booking_of_a_class_that_is_not_there(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        visit = guest_of(connection, refusal="class_not_found")
        with transaction.atomic():
            actions.write_decision(visit)
        deliver(connection)
        data = theirs.came[0].json["data"]
        assert (data["decision"], data["reason"], data["classId"]) == ("rejected", "class_not_found", "")

    def test_nobody_is_told_of_an_ended_connection(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        visit = guest_of(connection)
        Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
        with transaction.atomic():
            assert actions.write_decision(visit) is None


class TestSecrets:
    def test_while_it_is_changed_both_sign(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        actions.change_secret(connection, "the-secret-of-tomorrow", by=None, now=timezone.now())
        book(session_of(connection))
        deliver(connection)
        (came,) = theirs.came
        for secret in (SECRET, "the-secret-of-tomorrow"):
            webhooks.verify(came.headers, came.body, [secret], now=timezone.now(), tolerance=timedelta(minutes=1))

    def test_without_one_nothing_is_sent_and_nothing_is_lost(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        connection.secret = ""
        connection.save()
        book(session_of(connection))
        deliver(connection)
        call = Call.objects.get()
        assert (theirs.connections, call.state, call.attempts) == (0, "waiting", 0)
        assert call.answer == "There is no secret to sign with."

    def test_the_log_holds_none(self, theirs: Theirs) -> None:
        """Neither ours, nor what stands behind the address, nor one that the marketplace gives back."""
        connection = at_theirs(theirs)
        theirs.answers = [answer(200, f"you said {SECRET}\0".encode())]
        book(session_of(connection))
        deliver(connection)
        (line,) = lines(connection)
        kept = repr(vars(line))
        assert SECRET not in kept
        assert "not-for-the-log" not in kept
        assert "v1," not in kept
        assert (line.path, line.answer) == ("/hooks", "you said [hidden]\ufffd")


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "state", "attempts", "locked"),
        [
            (200, "done", 1, False),
            (301, "waiting", 0, True),
            (400, "dead", 1, False),
            (401, "waiting", 0, True),
            (403, "waiting", 0, True),
            (404, "dead", 1, False),
            (408, "waiting", 1, False),
            (410, "waiting", 0, True),
            (422, "dead", 1, False),
            (429, "waiting", 1, False),
            (500, "waiting", 1, False),
            (503, "waiting", 1, False),
        ],
    )
    def test_what_a_status_comes_to(self, theirs: Theirs, status: int, state: str, attempts: int, locked: bool) -> None:
        connection = at_theirs(theirs)
        theirs.answers = [answer(status, b"because", headers={"Location": theirs.url})]
        book(session_of(connection))
        deliver(connection)
        connection.refresh_from_db()
        call = Call.objects.get()
        assert (call.state, call.attempts, connection.locked_out_at is not None) == (state, attempts, locked)
        assert len(theirs.came) == 1
        (line,) = lines(connection)
        assert (line.status, line.answer, line.call, line.subject) == (status, "because", call, "publish")
        assert bool(line.reason) == (status >= 300)

    def test_it_is_left_alone_as_long_as_it_asks(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        theirs.answers = [answer(429, headers={"Retry-After": "1200"})]
        book(session_of(connection))
        before = timezone.now()
        deliver(connection)
        connection.refresh_from_db()
        assert connection.quiet_until is not None
        assert timedelta(minutes=19) < connection.quiet_until - before < timedelta(minutes=21)

    def test_retry_after_in_all_its_forms(self) -> None:
        now = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
        assert retry_after("90", now=now) == timedelta(seconds=90)
        assert retry_after(format_datetime(now + timedelta(minutes=3), usegmt=True), now=now) == timedelta(minutes=3)
        assert retry_after(format_datetime(now - timedelta(minutes=3), usegmt=True), now=now) == timedelta(0)
        assert retry_after("99999999", now=now) == timedelta(hours=6)
        for nonsense in ("", "soon", "-5", "1e3", "9" * 30):
            assert retry_after(nonsense, now=now) == timedelta(0)

    def test_an_address_in_our_own_network(self, theirs: Theirs, settings: Any) -> None:
        settings.PRIVATE_TARGETS = False
        connection = at_theirs(theirs)
        Connection.objects.update(address=f"https://localhost:{theirs.port}/")
        book(session_of(connection))
        deliver(connection)
        connection.refresh_from_db()
        (line,) = lines(connection)
        assert theirs.connections == 0
        assert connection.locked_out_at is not None
        assert (line.status, states(connection)) == (None, ["waiting"])
        assert line.reason == f"The port {theirs.port} is not one of 443, 8443."

    def test_each_attempt_is_a_line(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        theirs.answers = [answer(500), answer(503)]
        session = session_of(connection)
        book(session)
        for _ in range(3):
            deliver(connection)
            due_now(connection)
        found = [(line.attempt, line.status, line.session_id) for line in lines(connection)]
        assert found == [(1, 500, session.pk), (2, 503, session.pk), (3, 202, session.pk)]
        assert len({came.headers["webhook-id"] for came in theirs.came}) == 1
        assert [line.call_id for line in lines(connection)] == [Call.objects.get().pk] * 3

    def test_our_own_mistake_is_a_line_too(self, theirs: Theirs, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*args: object, **kwargs: object) -> None:
            raise ValueError("ana@example.test")

        monkeypatch.setattr(GroupX, "tell", fail)
        connection = at_theirs(theirs)
        book(session_of(connection))
        deliver(connection)
        (line,) = lines(connection)
        assert (line.subject, line.status) == ("publish", None)
        assert line.reason.startswith("ValueError in ")

    def test_a_session_that_is_removed_meanwhile(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        session = session_of(connection)
        for capacity in (4, 3):
            ScheduledSession.objects.filter(pk=session.pk).update(capacity=capacity)
            with transaction.atomic():
                actions.tell(session.studio, [session.pk], now=timezone.now())
            if capacity == 4:
                deliver(connection)
        assert delivering.claim(connection.pk) is not None
        schedule.remove_item(session.item, by=None, now=timezone.now())
        Listing.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        deliver(connection)
        assert theirs.types == ["session.changed", "session.withdrawn"]
        assert lines(connection)[-1].session_id is None

    def test_who_only_asks_us_is_told_nothing(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        Connection.objects.update(address="")
        book(session_of(connection))
        deliver(connection)
        assert (states(connection), lines(connection), theirs.connections) == (["done"], [], 0)


class TestPing:
    def test_somebody_is_there(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        Connection.objects.update(state=Connection.State.SETTING_UP)
        found = actions.ping(connection, now=timezone.now())
        assert (found.is_well, found.status, found.text) == (True, 202, "thanks")
        assert theirs.types == ["ping"]
        (line,) = lines(connection)
        assert (line.subject, line.status, line.reason, line.call) == ("ping", 202, "", None)

    def test_nobody_is_there(self, theirs: Theirs) -> None:
        connection = at_theirs(theirs)
        connection.address = "http://127.0.0.1:9/"
        found = actions.ping(connection, now=timezone.now())
        assert (found.is_well, found.status, found.text) == (False, None, "Nobody listens there.")
        connection.address = ""
        assert not actions.ping(connection, now=timezone.now()).is_well
        assert [line.reason for line in lines(connection)] == [
            "Nobody listens there.",
            "No address is set to which changes are sent.",
        ]

    def test_it_is_registered(self) -> None:
        assert ADAPTERS["groupx"] is GroupX
