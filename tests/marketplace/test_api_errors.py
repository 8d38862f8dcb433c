"""Who is let in, and what is answered instead: the contract's bodies, whole and word for word."""

import json
import logging
import time
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone

from bookings.rules import Question
from marketplace import actions, limits
from marketplace.api import views
from marketplace.api.errors import Answer
from marketplace.api.reasons import REASONS, WORDS, Operation
from marketplace.models import Connection, Exchange
from marketplace.selectors import calling
from portal.models.studio import RESERVED_SLUGS
from tests.marketplace.door import BASE, SECRET, Door, attendee

DAY = "startDateTime=2026-03-02T00:00:00Z&endDateTime=2026-03-03T00:00:00Z"
SEARCH = f"/classes?locationId=centrum&{DAY}"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def not_counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only who tests the counting counts: the counter outlives a test."""
    if "counted" not in request.node.name:
        monkeypatch.setattr(limits.Counter, "add", lambda _self, _who, _most: 0)


def said(answer: Any) -> tuple[int, Any]:
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "missing",
    [("X-Client-ID",), ("X-Client-Secret",), ("X-Location-ID",), ("X-Client-ID", "X-Client-Secret", "X-Location-ID")],
)
def test_headers_that_are_missing(door: Door, missing: tuple[str, ...]) -> None:
    """Before anything else is looked at."""
    answer = door.get("/classes", **dict.fromkeys(missing, ""))
    assert said(answer) == (
        400,
        {"message": "Bad Request", "cause": "badRequest", "errors": dict.fromkeys(missing, "missing")},
    )


@pytest.mark.parametrize(
    ("wrong", "level", "message"),
    [
        ({"X-Client-ID": "nobody"}, "client", "X-Client-ID or X-Client-Secret is invalid"),
        ({"X-Client-Secret": "guessed"}, "client", "X-Client-ID or X-Client-Secret is invalid"),
        ({"X-Client-ID": "fitpass-2", "X-Client-Secret": "é\0"}, "client", "X-Client-ID or X-Client-Secret is invalid"),
        ({"X-Client-ID": "a\0b"}, "client", "X-Client-ID or X-Client-Secret is invalid"),
        ({"X-Location-ID": "amstel"}, "location", "X-Location-ID is invalid"),
    ],
)
def test_access_data_that_are_not_good(door: Door, wrong: dict[str, str], level: str, message: str) -> None:
    expected = (401, {"message": message, "cause": "unauthorizedAccess", "accessLevel": level})
    assert said(door.get(SEARCH, **wrong)) == expected
    assert said(door.post(f"/classes/1/attendees/{NOBODY}", **wrong)) == expected


@pytest.mark.parametrize("state", ["setting_up", "ended"])
def test_a_connection_that_is_not_live_is_nobody(door: Door, state: str) -> None:
    ended = timezone.now() if state == "ended" else None
    Connection.objects.filter(pk=door.connection.pk).update(state=state, ended_at=ended)
    assert said(door.get(SEARCH))[1]["accessLevel"] == "client"


def test_a_client_that_does_not_exist_costs_what_a_wrong_secret_costs(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many queries and as many comparisons, none of which stops at the first wrong letter."""
    compared: list[int] = []
    compare = calling.compare_digest
    monkeypatch.setattr(calling, "compare_digest", lambda one, other: compared.append(1) or compare(one, other))
    costs = []
    for wrong in ({"X-Client-ID": "nobody"}, {"X-Client-Secret": "guessed"}, {"X-Client-Secret": SECRET[:-1]}):
        compared.clear()
        with CaptureQueriesContext(database) as queries:
            assert door.get(SEARCH, **wrong).status_code == 401
        costs.append((len(queries), len(compared)))
    assert costs == [(1, 2)] * 3


def test_the_secret_before_is_good_for_its_time(door: Door, time_machine: Any) -> None:
    now = timezone.now()
    actions.change_secret(door.connection, "a-new-secret", by=None, now=now)
    assert door.get(SEARCH, X_Client_Secret="a-new-secret").status_code == 200
    assert door.get(SEARCH).status_code == 200
    time_machine.move_to(now + timedelta(days=8))
    assert door.get(SEARCH, X_Client_Secret="a-new-secret").status_code == 200
    assert door.get(SEARCH).status_code == 401


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("", {"locationId": "missing", "startDateTime": "missing", "endDateTime": "missing"}),
        (DAY, {"locationId": "missing"}),
        ("locationId=centrum&endDateTime=2026-03-03T00:00:00Z", {"startDateTime": "missing"}),
        ("locationId=centrum&startDateTime=today&endDateTime=2026-03-03", {
            "startDateTime": "wrongFormat", "endDateTime": "wrongFormat",
        }),
        ("locationId=centrum&startDateTime=2026-03-03T00:00:00Z&endDateTime=2026-03-02T00:00:00Z", {
            "startDateTime": "greaterThanEndDateTime", "endDateTime": "lessThanStartDateTime",
        }),
        ("startDateTime=2026-03-03T00:00:00Z&endDateTime=2026-03-02T00:00:00Z", {
            "locationId": "missing",
            "startDateTime": "greaterThanEndDateTime", "endDateTime": "lessThanStartDateTime",
        }),
    ],
)  # fmt: skip
def test_parameters_that_are_not_understood(door: Door, query: str, errors: dict[str, str]) -> None:
    answer = door.get(f"/classes?{query}")
    assert said(answer) == (400, {"message": "Bad Request", "cause": "badRequest", "errors": errors})


def test_a_location_that_is_not_the_callers(door: Door) -> None:
    expected = {"message": "Location 'noord' is not found", "cause": "entityNotFound", "parameter": "locationId"}
    assert said(door.get(f"/classes?locationId=noord&{DAY}")) == (404, expected)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b"", {"body": "wrongFormat"}),
        (b"{", {"body": "wrongFormat"}),
        (b"[]", {"body": "wrongFormat"}),
        (b"\xff", {"body": "wrongFormat"}),
        (b"[" * 50_000, {"body": "wrongFormat"}),
        (b" " * 70_000, {"body": "tooLarge"}),
        ({}, {"marketplaceMemberId": "missing"}),
        ({"marketplaceMemberId": "  "}, {"marketplaceMemberId": "missing"}),
        ({"marketplaceMemberId": 7}, {"marketplaceMemberId": "wrongFormat"}),
        ({"marketplaceMemberId": "x" * 101}, {"marketplaceMemberId": "wrongFormat"}),
        ({"marketplaceMemberId": "a\0"}, {"marketplaceMemberId": "wrongFormat"}),
        ({"marketplaceMemberId": "a", "email": "nowhere"}, {"email": "wrongFormat"}),
        ({"marketplaceMemberId": "a", "firstName": "\ud800", "lastName": []}, {
            "firstName": "wrongFormat", "lastName": "wrongFormat",
        }),
    ],
)  # fmt: skip
def test_bodies_that_are_not_understood(door: Door, body: Any, errors: dict[str, str]) -> None:
    expected = {"message": "Bad Request", "cause": "badRequest", "errors": errors}
    assert said(door.post("/exercisers", body)) == (400, expected)


@pytest.mark.parametrize("key", ["with space", "é", "x" * 256])
def test_a_key_that_is_none(door: Door, key: str) -> None:
    answer = door.post("/exercisers", {"marketplaceMemberId": "a"}, key=key)
    assert said(answer)[1]["errors"] == {"Idempotency-Key": "wrongFormat"}


def test_a_compressed_body_is_refused(door: Door) -> None:
    answer = door.post("/exercisers", b"x", Content_Encoding="gzip")
    assert said(answer)[1]["errors"] == {"Content-Encoding": "notSupported"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/classes", "GET"),
        ("PATCH", "/classes/1", "GET"),
        ("GET", f"/classes/1/attendees/{NOBODY}", "POST, PUT, DELETE"),
        ("TRACE", f"/classes/1/waitlist/attendees/{NOBODY}", "POST, DELETE"),
        ("OPTIONS", f"/classes/1/attendees/{NOBODY}/check-in", "POST, DELETE"),
        ("PUT", "/exercisers", "POST"),
        ("DELETE", f"/exercisers/{NOBODY}/schedule", "GET"),
        ("POST", "/meta", "GET"),
    ],
)
def test_other_methods(db: None, method: str, path: str, allowed: str) -> None:
    answer = Client().generic(method, f"{BASE}{path}")
    message = f"Method is not allowed, these are: {allowed}"
    assert said(answer) == (405, {"message": message, "cause": "methodNotAllowed"})
    assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/api/x", "/api/groupx/", "/api/groupx/v1/", f"{BASE}/classes/", f"{BASE}/a/b\n", "/api/groupx/v2/classes"]
)
def test_other_addresses(db: None, path: str) -> None:
    expected = (404, {"message": "Requested endpoint does not exist", "cause": "resourceNotFound"})
    for method in ("GET", "POST", "DELETE"):
        assert said(Client().generic(method, path)) == expected


def test_another_spot_is_not_offered(door: Door) -> None:
    """`spotBookingEnabled` is off; a place cannot be asked for with a spot."""
    session, guest = door.session(), door.guest()
    expected = (404, {"message": "Requested endpoint is not supported", "cause": "resourceNotFound"})
    assert said(door.ask("PUT", attendee(session, guest, "?spot=A1"))) == expected
    status, body = said(door.post(attendee(session, guest, "?spot=A1")))
    assert (status, body["cause"], body["reason"]) == (422, "bookingFailed", "noFreeSpots")
    assert door.post(attendee(session, guest, "?spot=")).status_code == 200


def test_our_mistakes_are_told_without_what_they_are(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any, **_options: Any) -> Answer:
        raise ValueError("Kim de Boer, kim@example.test")

    monkeypatch.setattr(views, "on_sale", fail)
    with caplog.at_level(logging.ERROR):
        answer = door.get(SEARCH)
    expected = {"message": "Internal Server Error", "cause": "internalUnexpectedError"}
    assert said(answer) == (500, expected)
    assert "ValueError" in caplog.text
    line = Exchange.objects.get(connection=door.connection)
    assert (line.status, line.subject) == (500, "search")


@pytest.mark.parametrize(
    ("where", "method", "path"), [("on_sale", "GET", SEARCH), ("guest_of", "POST", f"/classes/1/attendees/{NOBODY}")]
)
def test_without_a_database_it_says_so(
    door: Door, monkeypatch: pytest.MonkeyPatch, where: str, method: str, path: str
) -> None:
    def away(*_args: Any, **_options: Any) -> Any:
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(views, where, away)
    answer = door.ask(method, path)
    expected = {"message": "The system is unavailable, try again later", "cause": "systemUnavailable"}
    assert said(answer) == (503, expected)
    assert answer.headers["Retry-After"] == "5"


def test_without_a_database_from_the_start(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any, **_options: Any) -> Any:
        raise OperationalError("no connection")

    monkeypatch.setattr("marketplace.api.endpoint.caller", away)
    assert said(door.get(SEARCH))[1]["cause"] == "systemUnavailable"


def test_calls_are_counted_by_client(door: Door, other_door: Door, settings: Any) -> None:
    """For all processes together: what one counts, the other knows. Another client is not held up."""
    settings.API_CALLS = 3
    _wait_for_a_window()
    door.headers = {**door.headers, "X-Client-ID": f"counted-{time.time_ns()}"}
    Connection.objects.filter(pk=door.connection.pk).update(client_id=door.headers["X-Client-ID"])
    statuses = [door.get(SEARCH).status_code for _ in range(2)]
    limits._valkey.cache_clear()  # as another process
    statuses += [(answer := door.get(SEARCH)).status_code for _ in range(3)]
    assert statuses == [200, 200, 200, 429, 429]
    assert answer.json()["cause"] == "rateLimitsExceeded"
    assert 1 <= int(answer.headers["Retry-After"]) <= limits.WINDOW
    assert other_door.get(SEARCH).status_code == 200
    # The first of a window only: who calls in a loop fills no log.
    assert Exchange.objects.filter(connection=door.connection, status=429).count() == 1


def test_however_it_ends_the_log_names_nobody(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answered again, refused before anybody looked at it, or failed: names and e-mails are not kept."""
    person = {"marketplaceMemberId": "W-1", "firstName": "Ada", "lastName": "Byron", "email": "ada@example.test"}

    def send(body: Any = person, **more: str) -> int:
        return int(door.post("/exercisers", body, **more).status_code)

    assert [send(key="k-1"), send(key="k-1")] == [201, 201]
    assert send({**person, "marketplaceMemberId": "W-2"}, key="k-1") == 422
    assert send({**person, "marketplaceMemberId": ""}) == 400
    assert send(json.dumps(person).encode()[:-1]) == 400
    assert send(key="no key") == 400
    assert send(X_Location_ID="nowhere") == 401
    for error, status in ((OperationalError("gone"), 503), (ValueError("ada@example.test"), 500)):
        with monkeypatch.context() as broken:
            broken.setattr(views.actions, "welcome", Mock(side_effect=error))
            assert send() == status
    monkeypatch.setattr(limits.Counter, "add", lambda _self, _who, most: most + 1)
    assert send() == 429
    lines = Exchange.objects.filter(connection=door.connection, subject="welcome").order_by("pk")
    assert [one.status for one in lines] == [201, 201, 422, 400, 400, 400, 401, 503, 500, 429]
    kept = " ".join(f"{one.path} {one.request} {one.answer} {one.reason}" for one in lines)
    assert not [word for word in ("Ada", "Byron", "ada@") if word in kept], kept


def test_a_process_takes_a_few_calls_at_once_counted(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    """Two processes: together never more than the limit, and most calls ask nobody."""
    _wait_for_a_window()
    one, other, who = limits.Counter(), limits.Counter(), f"test:{time.time_ns()}"
    asked: list[int] = []
    take = limits.Counter._take
    monkeypatch.setattr(limits.Counter, "_take", lambda self, *args: asked.append(1) or take(self, *args))
    counts = [counter.add(who, 500) for _ in range(25) for counter in (one, other)]
    assert sorted(counts)[:20] == list(range(1, 21))
    assert len(set(counts)) == len(counts) == 50
    assert len(asked) == 6
    assert max(counts) <= 60


def test_guesses_are_counted_by_address(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody who has the secret is locked out by them."""
    monkeypatch.setattr(limits, "WRONG_PROOFS", 2)
    _wait_for_a_window()
    address = f"2001:db8::{time.time_ns() % 65535:x}"
    door.client.defaults["REMOTE_ADDR"] = address
    statuses = [door.get(SEARCH, X_Client_Secret="guessed").status_code for _ in range(4)]
    assert statuses == [401, 401, 429, 429]
    assert door.get(SEARCH).status_code == 200


def _wait_for_a_window() -> None:
    """So that a test does not begin at the end of one."""
    if time.time() % limits.WINDOW > limits.WINDOW - 1.5:
        time.sleep(1.6)


def test_where_nobody_counts_nobody_is_refused_counted(
    door: Door, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_CALLS = 0
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits._valkey.cache_clear()
    monkeypatch.setattr(limits, "counter", limits.Counter())
    assert door.get(SEARCH).status_code == 200
    began = time.perf_counter()
    assert door.get(SEARCH).status_code == 200  # it does not ask again for a while
    assert time.perf_counter() - began < 1
    limits._valkey.cache_clear()


def test_every_question_of_bookings_has_its_word() -> None:
    """What bookings learn to refuse has a reason of the contract before it is released."""
    assert set(WORDS) == set(Question)
    for question, word in WORDS.items():
        assert word.text, question
        for operation in Operation:
            assert word.of(operation) in REASONS[operation], (question, operation)
    asked = {
        Question.FULL: "noFreeSpots",
        Question.ALREADY_BOOKED: "userAlreadyAttendee",
        Question.PAID: "lackOfProduct",
    }
    assert {one: WORDS[one].of(Operation.BOOK) for one in asked} == asked


def test_no_studio_can_have_our_address() -> None:
    first = {str(one.pattern).split("/")[0] for one in get_resolver().url_patterns}
    assert {word for word in first if word.isalnum()} <= RESERVED_SLUGS
