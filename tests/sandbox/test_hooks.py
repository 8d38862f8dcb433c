"""What the studio tells is taken in once, signed, and in whatever order it comes."""

import time
from itertools import permutations

import pytest

from marketplace.sandbox import signing, timetable
from marketplace.sandbox.store import Store
from tests.sandbox.conftest import Sandbox

CHANGED = {
    "classId": "7",
    "name": "Yoga",
    "startDateTime": "2026-11-22T18:00:00Z",
    "endDateTime": "2026-11-22T19:00:00Z",
}


def test_only_what_is_signed_is_taken_in(sandbox: Sandbox) -> None:
    assert sandbox.tell("session.changed", CHANGED, secret="other").status == 401
    assert sandbox.ask("POST", "/hooks/", b"{}").status == 401
    assert sandbox.ask("GET", "/hooks/").status == 405
    assert sandbox.store.rows("SELECT * FROM class") == []
    assert [call["status"] for call in sandbox.store.rows("SELECT * FROM call")] == [401, 401]
    assert sandbox.tell("ping", {}).text == '{"meaning": "pong"}'


def test_the_same_message_again_changes_nothing(sandbox: Sandbox) -> None:
    assert sandbox.tell("session.changed", {**CHANGED, "free": 3}, name="one").text == '{"meaning": "noted"}'
    assert sandbox.tell("session.changed", {**CHANGED, "free": 9}, name="one").text == '{"meaning": "heard before"}'
    assert [row["free"] for row in sandbox.store.rows("SELECT free FROM class")] == [3]


def test_it_answers_500_when_told_to_and_takes_in_nothing(sandbox: Sandbox) -> None:
    sandbox.post("/operator/", answer_500="on")
    assert sandbox.tell("session.changed", CHANGED, name="one").status == 500
    assert sandbox.store.rows("SELECT * FROM class") == []
    sandbox.post("/operator/")
    assert sandbox.tell("session.changed", CHANGED, name="one").status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": []}', b"{", b'"x"'])
def test_a_body_that_makes_no_sense(sandbox: Sandbox, body: bytes) -> None:
    headers = signing.headers("wellpass-demo-secret", "one", int(time.time()), body)
    assert sandbox.ask("POST", "/hooks/", body, headers).status == 400


STEPS = [
    ("session.changed", {**CHANGED, "free": 5, "capacity": 5, "booked": 0}, "2026-11-20T10:00:00Z"),
    ("session.changed", {**CHANGED, "free": 4, "capacity": 5, "booked": 1}, "2026-11-20T10:00:10Z"),
    ("session.changed", {**CHANGED, "free": 3, "stand": "held"}, "2026-11-20T10:00:20Z"),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_newest_word_stands_in_whatever_order_it_comes(store: Store, order: tuple[int, ...]) -> None:
    for number in order:
        kind, data, at = STEPS[number]
        timetable.hear(store, kind, data, at=at)
    (row,) = store.rows("SELECT * FROM class")
    assert (row["free"], row["stand"], row["told_at"]) == (3, "held", "2026-11-20T10:00:20Z")


def test_a_class_missing_from_a_list_is_gone_and_its_cancellation_heard_later_still_counts(store: Store) -> None:
    timetable.hear(store, *STEPS[0][:2], at=STEPS[0][2])
    timetable.take_away(store, "7", "withdrawn", at="2026-11-20T10:05:00Z")
    timetable.hear(store, "session.cancelled", {"classId": "7"}, at="2026-11-20T10:04:59Z")
    timetable.take_away(store, "7", "withdrawn", at="2026-11-20T10:06:00Z")
    (row,) = store.rows("SELECT * FROM class")
    assert row["stand"] == "cancelled"


def booking(store: Store, state: str = "asked") -> None:
    store.put("booking", id="FO-1", member_id="FP-1001", class_id="7", state=state, asked_at="2026-11-20T10:00:00Z")


@pytest.mark.parametrize(("decision", "state"), [("accepted", "booked"), ("rejected", "refused"), ("?", "refused")])
def test_the_studio_decides(store: Store, decision: str, state: str) -> None:
    booking(store)
    said = {"bookingId": "FO-1", "classId": "7", "decision": decision, "reason": "full", "exerciserId": "abc"}
    timetable.hear(store, "booking.decided", said, at="2026-11-20T10:00:05Z")
    (row,) = store.rows("SELECT booking.state, reason, exerciser_id FROM booking JOIN member ON member.id = member_id")
    assert tuple(row) == (state, "full", "abc")


def test_a_decision_does_not_revive_what_was_cancelled(store: Store) -> None:
    booking(store, "cancelled")
    said = {"bookingId": "FO-1", "decision": "accepted"}
    assert timetable.hear(store, "booking.decided", said, at="2026-11-20T10:00:05Z") == "already cancelled"
    assert [row["state"] for row in store.rows("SELECT state FROM booking")] == ["cancelled"]


def test_attendance_finds_the_booking_by_the_person_too_and_the_newest_stands(store: Store) -> None:
    booking(store, "booked")
    store.change("member", "FP-1001", exerciser_id="abc")
    who = {"classId": "7", "exerciserId": "abc"}
    for what, at in (("checked_in", "2026-11-22T18:01:00Z"), ("no_show", "2026-11-22T17:00:00Z")):
        timetable.hear(store, "attendance.changed", {**who, "what": what, "at": at}, at=at)
    assert [row["attendance"] for row in store.rows("SELECT attendance FROM booking")] == ["checked_in"]
    away = {**who, "bookingId": "?", "what": "cancelled", "at": "2026-11-22T18:02:00Z"}
    timetable.hear(store, "attendance.changed", away, at=away["at"])
    assert [row["state"] for row in store.rows("SELECT state FROM booking")] == ["cancelled_by_studio"]
