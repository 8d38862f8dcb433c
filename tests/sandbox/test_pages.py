"""The pages, as a browser asks for them, while the studio does not answer."""

import json
from datetime import timedelta

import pytest

from marketplace.sandbox import moments
from tests.sandbox.conftest import Sandbox


def log_in(sandbox: Sandbox, member: str = "FP-1001") -> None:
    assert sandbox.post("/log-in/", member=member).status == 302


def a_class(sandbox: Sandbox, **told: object) -> None:
    said = {"classId": "7", "name": "Yoga <b>", "locationId": "centrum", "startDateTime": in_hours(20)}
    said |= {"endDateTime": in_hours(21), "freeUntil": in_hours(16), "capacity": 10, "booked": 9, "free": 1}
    answer = sandbox.tell("session.changed", said | told)
    assert (answer.status, answer.text) == (200, '{"meaning": "noted"}')


def in_hours(hours: float) -> str:
    return moments.written(moments.now() + timedelta(hours=hours))


def test_ten_members_log_in_without_a_password_and_out(sandbox: Sandbox) -> None:
    assert sandbox.get("/").text.count('name="member"') == 10
    assert sandbox.get("/classes/").headers["Location"] == "/"
    log_in(sandbox)
    assert "Noor Bakker" in sandbox.get("/bookings/").text
    assert sandbox.post("/log-in/", member="FP-9999").status == 404
    assert sandbox.post("/log-out/").status == 302
    assert sandbox.get("/bookings/").headers["Location"] == "/"


def test_what_the_studio_told_is_shown_though_it_does_not_answer_now(sandbox: Sandbox) -> None:
    a_class(sandbox)
    log_in(sandbox)
    page = sandbox.get("/classes/").text
    assert "The studio does not answer" in page
    assert "Yoga &lt;b&gt;" in page
    assert "1 free" in page
    assert "1 of 10 free" in sandbox.get("/classes/7/").text
    sandbox.post("/classes/7/book/")
    (booking,) = sandbox.store.rows("SELECT * FROM booking")
    assert booking["state"] == "refused"
    assert "The studio does not answer. Try again." in sandbox.get("/bookings/").text


def test_a_cancelled_class_says_so_and_takes_its_bookings_with_it(sandbox: Sandbox) -> None:
    a_class(sandbox)
    sandbox.post("/operator/", way="messages")
    log_in(sandbox)
    sandbox.post("/classes/7/book/")
    assert "asked" in sandbox.get("/classes/").text
    sandbox.tell("session.cancelled", {"classId": "7"})
    assert "cancelled" in sandbox.get("/classes/").text
    assert "cancelled by the studio" in sandbox.get("/bookings/").text


def test_what_is_not_decided_in_a_quarter_of_an_hour_is_refused(sandbox: Sandbox) -> None:
    a_class(sandbox)
    sandbox.post("/operator/", way="messages")
    log_in(sandbox)
    sandbox.post("/classes/7/book/")
    sandbox.get("/bookings/")
    assert [row["state"] for row in sandbox.store.rows("SELECT state FROM booking")] == ["asked"]
    sandbox.store.run("UPDATE booking SET asked_at = ?", in_hours(-0.3))
    assert "no answer in 15 minutes" in sandbox.get("/bookings/").text


def test_a_marketplace_that_books_nothing_sends_check_ins(sandbox: Sandbox) -> None:
    a_class(sandbox)
    sandbox.post("/operator/", way="check_in")
    log_in(sandbox)
    assert "/classes/7/book/" not in sandbox.get("/classes/7/").text
    sandbox.post("/classes/7/come/")
    sandbox.post("/studio/door/", location="centrum")
    assert sandbox.post("/studio/door/", location="elsewhere").status == 404
    said = [json.loads(row["body"])["data"] for row in sandbox.store.rows("SELECT body FROM message ORDER BY rowid")]
    who = {"marketplaceMemberId": "FP-1001", "locationId": "centrum"}
    assert said == [who | {"classId": "7"}, who]


def test_all_members_ask_at_once_and_cancel_at_once(sandbox: Sandbox) -> None:
    a_class(sandbox)
    sandbox.post("/operator/", way="messages")
    log_in(sandbox)
    sandbox.post("/classes/7/book/")
    assert sandbox.post("/operator/race/", **{"class": "7"}).status == 302
    assert "9 of 9 got a place or wait for the answer." in sandbox.get("/operator/").text
    people = {row["member_id"] for row in sandbox.store.rows("SELECT member_id FROM booking WHERE state = 'asked'")}
    assert len(people) == 10
    sandbox.post("/operator/burst/")
    assert "10 bookings were cancelled at once." in sandbox.get("/operator/").text
    assert sandbox.post("/operator/race/", **{"class": "8"}).status == 404


def test_nobody_cancels_the_booking_of_another(sandbox: Sandbox) -> None:
    a_class(sandbox)
    sandbox.post("/operator/", way="messages")
    log_in(sandbox)
    sandbox.post("/classes/7/book/")
    (booking,) = sandbox.store.rows("SELECT * FROM booking")
    log_in(sandbox, "FP-1002")
    for what in ("cancel", "check-in", "check-out"):
        assert sandbox.post(f"/bookings/{booking['id']}/{what}/").status == 404


def test_pages_speak_german_and_dutch(sandbox: Sandbox) -> None:
    for language, word in (("de", "Wer bist du heute?"), ("nl", "Wie ben je vandaag?"), ("fr", "Who are you today?")):
        assert word in sandbox.ask("GET", "/", headers={"Accept-Language": language}).text
    sandbox.post("/language/", language="de", next="/")
    assert "Wer bist du heute?" in sandbox.get("/").text


def test_posts_need_their_token_and_pages_are_not_framed(sandbox: Sandbox) -> None:
    assert sandbox.ask("POST", "/operator/clear/").status == 403
    assert sandbox.ask("POST", "/log-in/", b"member=FP-1001").status == 403
    page = sandbox.get("/operator/")
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert sandbox.ask("GET", "/", headers={"Host": "evil.example"}).status == 400


@pytest.mark.parametrize("path", ["/operator/", "/operator/catalogue/", "/operator/calls/", "/operator/statement/"])
def test_the_operator_s_pages(sandbox: Sandbox, path: str) -> None:
    assert sandbox.get(path).status == 200
    a_class(sandbox)
    page = sandbox.get(path)
    assert (page.status, "Yoga <b>" in page.text) == (200, False)


def test_switches_stay_as_they_are_set(sandbox: Sandbox) -> None:
    sandbox.post("/operator/", way="messages", duplicates="on", delay="30", skew="-10", rate_check_in="11,50")
    page = sandbox.get("/operator/").text
    for one in ('value="messages" checked', 'name="duplicates" checked', 'value="30"', 'value="-10"', 'value="11.50"'):
        assert one in page
    sandbox.post("/operator/clear/")
    assert 'value="pull" checked' in sandbox.get("/operator/").text


def test_the_statement_is_a_file(sandbox: Sandbox) -> None:
    sandbox.post("/operator/", flat="on")
    answer = sandbox.get("/operator/statement.csv?month=2026-10")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fitpass-one-2026-10.csv"'
    assert answer.text.splitlines()[1].startswith("2026-10,")
    assert sandbox.get("/operator/statement.csv?month=13").status == 200
