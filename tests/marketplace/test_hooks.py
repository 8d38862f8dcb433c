"""Webhooks of marketplaces: proved, kept, answered at once, applied by a worker, and never lost."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.models import Reservation, ScheduledSession
from marketplace import actions, limits, tasks, webhooks
from marketplace.actions import handling
from marketplace.models import Conflict, Connection, Exchange, InboxMessage, Visit
from portal.models import Job
from tests.marketplace.scenes import connected, drain, session_of

pytestmark = pytest.mark.django_db
SECRET, NEXT = "the-secret-of-today", "the-secret-of-tomorrow"
Outcome = InboxMessage.Outcome


@pytest.fixture(autouse=True)
def not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter outlives a test."""
    monkeypatch.setattr(limits.Counter, "add", lambda _self, _who, _most: 0)


@pytest.fixture
def connection() -> Connection:
    found = connected()
    found.secret = SECRET
    found.save()
    return found


def booking(session: ScheduledSession | None = None, **data: Any) -> bytes:
    said = {
        "bookingId": "b-1",
        "classId": str(session.pk if session else 1),
        "marketplaceMemberId": "m-1",
        "firstName": "Zoë",
        "lastName": "Q.",
        "email": "zoe@example.test",
    }
    moment = timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"type": "booking.requested", "timestamp": moment, "data": said | data}).encode()


def post(
    connection: Connection | None,
    body: bytes,
    *,
    secret: str = SECRET,
    name: str = "msg-1",
    late: timedelta = timedelta(0),
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Any:
    signed = webhooks.headers(name, body, [secret], now=timezone.now() - late)
    hook = connection.hook if connection else uuid4()
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/api/webhooks/{hook}/", body, content_type=content_type, headers=signed | dict(headers or {}))


def line() -> Exchange:
    return Exchange.objects.get()


class TestReceiving:
    def test_kept_with_its_job_and_answered(self, connection: Connection) -> None:
        session = session_of(connection)
        body = booking(session)
        answer = post(connection, body)
        assert (answer.status_code, answer.json()) == (202, {"id": "msg-1"})
        message = InboxMessage.objects.get()
        assert (bytes(message.body), message.key, message.proof) == (body, "msg-1", "current")
        assert message.handled_at is None
        assert Job.objects.get(kind=actions.APPLY).payload == {"message": message.pk}
        found = line()
        assert (found.direction, found.subject, found.status) == ("in", "booking.requested", 202)
        assert (found.booking_ref, found.session_id, found.reason) == ("b-1", session.pk, "")
        assert json.loads(found.request)["data"]["bookingId"] == "b-1"
        drain()
        message.refresh_from_db()
        assert message.outcome == Outcome.DONE
        assert Reservation.objects.get().source == "fitpass"

    def test_neither_the_message_nor_the_log_holds_the_proof(self, connection: Connection) -> None:
        post(connection, booking(), headers={"Authorization": "Bearer x", "X-Client-Secret": SECRET})
        kept = json.dumps(InboxMessage.objects.get().headers) + repr(vars(line()))
        assert SECRET not in kept
        assert "Bearer" not in kept

    def test_a_copy_is_answered_alike_and_does_nothing(self, connection: Connection) -> None:
        body = booking(session_of(connection))
        for _ in range(3):
            assert post(connection, body).status_code == 202
        drain()
        assert post(connection, body).json() == {"id": "msg-1"}
        drain()
        assert InboxMessage.objects.count() == Reservation.objects.count() == Visit.objects.count() == 1
        assert Job.objects.filter(kind=actions.APPLY).count() == 1
        reasons = list(Exchange.objects.order_by("pk").values_list("reason", flat=True))
        assert reasons == ["", *["A copy of a message that was kept before."] * 3]

    def test_the_same_id_with_other_content(self, connection: Connection) -> None:
        first = booking(bookingId="b-1")
        post(connection, first)
        assert post(connection, booking(bookingId="b-2")).status_code == 202
        assert bytes(InboxMessage.objects.get().body) == first
        assert Exchange.objects.latest("pk").reason.startswith("Another message with the same id")

    def test_what_nobody_can_read_is_kept_and_refused_with_its_reason(self, connection: Connection) -> None:
        for number, body in enumerate([b"", b"{", b"[]", b'{"type": 5}', b'{"type": "\\u0000", "data": 1}', b"null"]):
            assert post(connection, body, name=f"msg-{number}").status_code == 202
        drain()
        found = InboxMessage.objects.all()
        assert {(one.outcome, bool(one.reason)) for one in found} == {(Outcome.REFUSED, True)}

    @pytest.mark.parametrize("place", ["bookingId", "classId", "marketplaceMemberId", "firstName", "email", "type"])
    def test_half_a_character_is_kept_first_and_then_refused(self, connection: Connection, place: str) -> None:
        """JSON can name one, and PostgreSQL cannot keep it."""
        half = "\ud800"
        body = booking(session_of(connection), **{} if place == "type" else {place: half})
        if place == "type":
            body = body.replace(b'"booking.requested"', b'"booking.\\ud800"')
        assert b"\\ud800" in body
        assert post(connection, body).status_code == 202
        assert bytes(InboxMessage.objects.get().body) == body
        assert json.loads(line().request)
        drain()
        found = InboxMessage.objects.get()
        assert (found.outcome, found.reason.partition(":")[0]) == (Outcome.REFUSED, place)
        assert Visit.objects.count() == 0

    def test_in_few_queries(self, connection: Connection, django_assert_max_num_queries: Any) -> None:
        """What takes its time is done by a worker."""
        body = booking(session_of(connection))
        with django_assert_max_num_queries(14):
            post(connection, body)


class TestRefusing:
    def refused(self, connection: Connection, answer: Any, status: int) -> str:
        assert answer.status_code == status
        assert InboxMessage.objects.count() == Job.objects.filter(kind=actions.APPLY).count() == 0
        found = line()
        assert (found.status, found.reason, found.request) == (status, answer.json()["error"], "")
        return found.reason

    def test_an_unknown_hook(self) -> None:
        assert post(None, booking()).status_code == 404
        assert Exchange.objects.count() == 0

    def test_an_ended_connection(self, connection: Connection) -> None:
        Connection.objects.update(state=Connection.State.ENDED, ended_at=timezone.now())
        self.refused(connection, post(connection, booking()), 410)

    def test_one_that_is_not_live_yet(self, connection: Connection) -> None:
        Connection.objects.update(state=Connection.State.SETTING_UP)
        self.refused(connection, post(connection, booking()), 403)

    def test_a_paused_one_is_heard(self, connection: Connection) -> None:
        Connection.objects.update(state=Connection.State.PAUSED)
        assert post(connection, booking()).status_code == 202

    def test_a_wrong_signature(self, connection: Connection) -> None:
        reason = self.refused(connection, post(connection, booking(), secret="wrong"), 401)
        assert reason == "None of the signatures is right."

    def test_a_body_that_was_changed_on_the_way(self, connection: Connection) -> None:
        signed = webhooks.headers("msg-1", booking(), [SECRET], now=timezone.now())
        self.refused(connection, post(connection, booking() + b" ", headers=signed), 401)

    def test_without_a_secret_nobody_is_believed(self, connection: Connection) -> None:
        Connection.objects.update(sealed_secret="")
        self.refused(connection, post(connection, booking()), 401)

    @pytest.mark.parametrize("minutes", [16, -16])
    def test_one_that_is_replayed_after_the_tolerance(self, connection: Connection, minutes: int) -> None:
        reason = self.refused(connection, post(connection, booking(), late=timedelta(minutes=minutes)), 400)
        word = "behind" if minutes > 0 else "ahead"
        assert re.fullmatch(f"The timestamp is (959|960|961) s {word}, and 900 s are allowed.", reason)

    def test_too_long(self, connection: Connection) -> None:
        body = b"x" * (actions.LONGEST_MESSAGE + 1)
        self.refused(connection, post(connection, body), 413)

    def test_as_a_form_with_files(self, connection: Connection) -> None:
        body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
        answer = post(connection, body, content_type="multipart/form-data; boundary=x")
        self.refused(connection, answer, 415)

    def test_other_methods(self, connection: Connection) -> None:
        client = Client()
        for method in ("get", "put", "delete"):
            assert getattr(client, method)(f"/api/webhooks/{connection.hook}/").status_code == 405

    def test_wrong_ones_are_counted_by_address(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        """And fill no log; who knows the secret is not held up by them."""
        counts: dict[str, int] = {}

        def add(_self: Any, who: str, _most: int) -> int:
            counts[who] = counts.get(who, 0) + 1
            return counts[who]

        monkeypatch.setattr(limits.Counter, "add", add)
        monkeypatch.setattr(limits, "WRONG_PROOFS", 2)
        wrong = [post(connection, booking(), secret="guessed") for _ in range(5)]
        assert [answer.status_code for answer in wrong] == [401, 401, 429, 429, 429]
        assert 1 <= int(wrong[-1].headers["Retry-After"]) <= limits.WINDOW
        assert "Too many" in wrong[-1].json()["error"]
        assert list(Exchange.objects.order_by("pk").values_list("status", flat=True)) == [401, 401, 429]
        assert post(connection, b"x" * (actions.LONGEST_MESSAGE + 1)).status_code == 429
        assert post(connection, booking()).status_code == 202
        assert list(counts) == ["address:127.0.0.1"]


class TestClocks:
    @pytest.mark.parametrize("minutes", [10, -10])
    def test_ten_minutes_off(self, connection: Connection, minutes: int) -> None:
        """Taken, with a word about it; a copy is known by its id, not by its age."""
        assert post(connection, booking(), late=timedelta(minutes=minutes)).status_code == 202
        seconds = r"(599|600|601)"  # a second may begin meanwhile
        assert re.fullmatch(f"Its clock is {seconds} s {'behind' if minutes > 0 else 'ahead'}.", line().reason)

    def test_a_stricter_operator(self, connection: Connection, settings: Any) -> None:
        settings.WEBHOOK_TOLERANCE = timedelta(minutes=5)
        assert post(connection, booking(), late=timedelta(minutes=10)).status_code == 400
        assert re.search("60[01] s behind, and 300 s are allowed", line().reason)


class TestSecrets:
    def test_both_while_it_is_changed(self, connection: Connection) -> None:
        now = timezone.now()
        actions.change_secret(connection, NEXT, by=None, now=now)
        assert post(connection, booking(bookingId="1"), secret=SECRET, name="1").status_code == 202
        assert post(connection, booking(bookingId="2"), secret=NEXT, name="2").status_code == 202
        assert list(InboxMessage.objects.order_by("pk").values_list("proof", flat=True)) == ["previous", "current"]

    def test_the_old_one_when_its_time_is_over(self, connection: Connection) -> None:
        long_ago = timezone.now() - timedelta(days=8)
        actions.change_secret(connection, NEXT, by=None, now=long_ago)
        assert post(connection, booking(), secret=SECRET).status_code == 401
        assert post(connection, booking(), secret=NEXT).status_code == 202

    def test_a_secret_that_was_stolen_is_worthless_at_once(self, connection: Connection) -> None:
        actions.change_secret(connection, NEXT, by=None, now=timezone.now(), overlap=timedelta(0))
        assert post(connection, booking(), secret=SECRET).status_code == 401


class TestHandling:
    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Applying fails as often as the list says; then it works."""
        left = [0]
        real = handling.apply

        def apply(message: InboxMessage, *, now: Any) -> None:
            if left[0] > 0:
                left[0] -= 1
                Visit.objects.create(
                    studio=message.studio, connection=message.connection, booking_ref="half", pass_name="x"
                )
                raise ValueError("zoe@example.test")
            real(message, now=now)

        monkeypatch.setattr(handling, "apply", apply)
        return left

    def try_all(self) -> None:
        for _ in range(handling.TRIES + 2):
            Job.objects.filter(kind=actions.APPLY).update(run_after=timezone.now() - timedelta(seconds=1))
            drain()

    def test_what_fails_is_tried_again_and_leaves_nothing_half_done(
        self, connection: Connection, failing: list[int]
    ) -> None:
        failing[0] = 3
        post(connection, booking(session_of(connection)))
        self.try_all()
        assert InboxMessage.objects.get().outcome == Outcome.DONE
        assert list(Visit.objects.values_list("booking_ref", flat=True)) == ["b-1"]

    def test_after_ten_times_it_waits_for_a_person_who_tries_again(
        self, connection: Connection, failing: list[int]
    ) -> None:
        failing[0] = 100
        post(connection, booking(session_of(connection)))
        self.try_all()
        message = InboxMessage.objects.get()
        assert failing[0] == 90
        assert message.outcome == Outcome.FOR_A_PERSON
        assert message.reason.startswith("ValueError in ")
        assert Visit.objects.count() == 0
        failing[0] = 0
        assert actions.can_be_applied_again(message)
        assert actions.apply_again(message)
        assert not actions.apply_again(message)  # clicked twice
        drain()
        message.refresh_from_db()
        assert (message.outcome, Reservation.objects.count()) == (Outcome.DONE, 1)
        assert not actions.apply_again(message)

    def test_what_only_a_person_can_settle_is_not_tried_again(self, connection: Connection) -> None:
        post(connection, booking())
        message = InboxMessage.objects.get()
        reason = Conflict.Kind.CANCELLED_AFTER_CHECK_IN
        actions.conclude(message, Outcome.FOR_A_PERSON, reason=reason, now=timezone.now())
        message.refresh_from_db()
        assert not actions.apply_again(message)

    def test_an_applied_message_without_a_conclusion_is_our_mistake(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(handling, "apply", lambda _message, **_: None)
        post(connection, booking())
        message = InboxMessage.objects.get()
        with pytest.raises(handling.NotConcluded), transaction.atomic():
            actions.apply_stored(message.pk, is_last=False, now=timezone.now())


class TestSweep:
    def aged(self, connection: Connection, **minutes: int) -> InboxMessage:
        """A message of some minutes ago: what is kept is not rewritten, so it is written so."""
        made, _ = actions.store(
            connection,
            proof=InboxMessage.Proof.CURRENT,
            method="POST",
            path="/",
            headers={},
            body=booking(session_of(connection)),
            key=str(uuid4()),
        )
        return made

    def test_a_message_whose_job_was_lost(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        message = self.aged(connection)
        tasks.sweep_inbox(Job())
        assert Job.objects.filter(kind=actions.APPLY).count() == 0  # its own job may only just begin
        monkeypatch.setattr(handling, "OVERDUE", timedelta(minutes=-1))
        tasks.sweep_inbox(Job())
        tasks.sweep_inbox(Job())
        assert Job.objects.filter(kind=actions.APPLY).count() == 1
        drain()
        message.refresh_from_db()
        assert message.outcome == Outcome.DONE
        assert actions.apply_overdue(now=timezone.now()) == 0

    def test_a_message_that_kills_its_workers(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handling, "OVERDUE", timedelta(minutes=-1))
        message = self.aged(connection)
        tasks.sweep_inbox(Job())
        Job.objects.filter(kind=actions.APPLY).update(dead_at=timezone.now())
        tasks.sweep_inbox(Job())
        message.refresh_from_db()
        assert (message.outcome, message.reason) == (Outcome.FOR_A_PERSON, "The worker died or was killed.")
        assert actions.apply_again(message)
        tasks.sweep_inbox(Job())  # the new job is open, whatever became of the old one
        drain()
        message.refresh_from_db()
        assert message.outcome == Outcome.DONE
