"""Messages to the studio, and every way in which they go wrong when told to."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import NAMESPACE_URL, uuid5

import pytest

from marketplace.sandbox import courier as couriers
from marketplace.sandbox import signing
from marketplace.sandbox.courier import Courier
from marketplace.sandbox.environment import Environment, read
from marketplace.sandbox.store import Store
from marketplace.sandbox.studio import Studio
from marketplace.sandbox.switches import switches
from tests.sandbox.conftest import SECRET


class Heard:
    """What arrived where the studio is, and what it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []


@pytest.fixture
def heard() -> Iterator[Heard]:
    found = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            found.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.statuses.pop(0) if found.statuses else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def environment(heard: Heard) -> Environment:
    return read({"SANDBOX_TRESEN": heard.url})


@pytest.fixture
def courier(environment: Environment, store: Store) -> Courier:
    return Courier(environment, store)


def kinds(heard: Heard) -> list[str]:
    return [json.loads(body)["type"] for _path, _headers, body in heard.requests]


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    try:
        signing.verify(SECRET, headers, body, now=time.time())
    except signing.Unsigned:
        return False
    return True


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    moment = time.time() + seconds
    monkeypatch.setattr(couriers.time, "time", lambda: moment)


def test_a_message_is_signed_and_goes_to_our_own_address(courier: Courier, heard: Heard) -> None:
    courier.queue("member.checked_in", {"marketplaceMemberId": "FP-1001"})
    courier.deliver_due()
    courier.deliver_due()
    ((path, headers, body),) = heard.requests
    assert path == f"/api/webhooks/{uuid5(NAMESPACE_URL, 'tresen-demo-wellpass')}/"
    assert is_signed(headers, body)
    assert json.loads(body)["data"] == {"marketplaceMemberId": "FP-1001"}


def test_three_times_at_once_under_one_name(courier: Courier, heard: Heard, store: Store) -> None:
    store.set({"duplicates": "1"})
    courier.queue("booking.requested", {"bookingId": "FO-1"})
    courier.deliver_due()
    assert len({headers["webhook-id"] for _path, headers, _body in heard.requests}) == 1
    assert len(heard.requests) == 3


def test_a_cancellation_overtakes_its_booking(
    courier: Courier, heard: Heard, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.set({"reorder": "1"})
    courier.queue("booking.requested", {"bookingId": "FO-1"}, booking_id="FO-1")
    courier.queue("booking.cancelled", {"bookingId": "FO-1"}, booking_id="FO-1")
    courier.deliver_due()
    assert kinds(heard) == ["booking.cancelled"]
    later(monkeypatch, 2)
    courier.deliver_due()
    assert kinds(heard) == ["booking.cancelled", "booking.requested"]


def test_late_and_lost_messages(courier: Courier, heard: Heard, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.set({"delay": "30"})
    courier.queue("booking.requested", {})
    store.set({"delay": "0", "drop": "1"})
    courier.queue("booking.requested", {})
    courier.deliver_due()
    assert heard.requests == []
    later(monkeypatch, 31)
    courier.deliver_due()
    assert kinds(heard) == ["booking.requested"]
    assert [row["state"] for row in store.rows("SELECT state FROM message ORDER BY rowid")] == ["sent", "dropped"]


@pytest.mark.parametrize("fault", ["wrong_signature", "replay"])
def test_forged_signatures_are_none(courier: Courier, heard: Heard, store: Store, fault: str) -> None:
    store.set({fault: "1"})
    heard.statuses = [401]
    courier.queue("booking.requested", {})
    courier.deliver_due()
    ((_path, headers, body),) = heard.requests
    assert not is_signed(headers, body)
    assert [row["state"] for row in store.rows("SELECT state FROM message")] == ["refused"]


def test_a_replayed_signature_is_the_one_of_the_message_before(courier: Courier, heard: Heard, store: Store) -> None:
    courier.queue("booking.requested", {"bookingId": "FO-1"})
    courier.deliver_due()
    store.set({"replay": "1"})
    courier.queue("booking.requested", {"bookingId": "FO-2"})
    courier.deliver_due()
    (_first, before, _body), (_second, headers, _other) = heard.requests
    assert headers["webhook-signature"] == before["webhook-signature"]


def test_our_clock_is_ahead(courier: Courier, heard: Heard, store: Store) -> None:
    store.set({"skew": "10"})
    courier.queue("booking.requested", {})
    courier.deliver_due()
    ((_path, headers, _body),) = heard.requests
    assert 590 < int(headers["webhook-timestamp"]) - time.time() < 610


def test_what_is_not_taken_is_sent_again_and_given_up_in_the_end(
    courier: Courier, heard: Heard, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard.statuses = [500] * 5
    courier.queue("booking.requested", {})
    for wait in (0, 2, 10, 60, 200):
        later(monkeypatch, wait)
        courier.deliver_due()
    assert len(heard.requests) == 5
    assert [row["state"] for row in store.rows("SELECT state FROM message")] == ["given up"]


@pytest.mark.parametrize(("fault", "calls"), [("duplicates", 3), ("drop", 2), ("reorder", 1)])
def test_a_wish_is_one_wish_however_often_it_is_said(
    environment: Environment, heard: Heard, store: Store, fault: str, calls: int
) -> None:
    reply = Studio(environment, store, switches({fault: "1"})).ask("POST", "/classes/7/attendees/a", key="wish")
    assert reply.is_good
    assert [headers["idempotency-key"] for _path, headers, _body in heard.requests] == ["wish"] * calls


def test_secrets_are_not_written_down(environment: Environment, heard: Heard, store: Store) -> None:
    Studio(environment, store, switches({})).ask("POST", "/exercisers", body={"firstName": "Noor"})
    assert heard.requests[0][1]["x-client-secret"] == SECRET
    assert SECRET not in str([tuple(row) for row in store.rows("SELECT * FROM call")])
