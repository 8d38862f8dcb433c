"""A marketplace's member reviews a visit through the API (our addition to the contract)."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance
from marketplace.models import Exchange, Guest
from portal.changes import record_change
from reviews.actions.deciding import open_case
from reviews.actions.responding import respond
from reviews.models import Review, ReviewVersion
from tests.factories import StaffLoginFactory, TeacherFactory
from tests.marketplace.door import Door, attendee
from tests.reviews.visits import ALL_FIVE, operator

pytestmark = pytest.mark.django_db
BODY = {"marks": ALL_FIVE, "text": "Lovely."}


@pytest.fixture
def visited(door: Door) -> tuple[ScheduledSession, Guest]:
    """A class of yesterday, booked and visited."""
    session, guest = door.session(), door.guest()
    teacher = TeacherFactory(studio=session.studio)
    ScheduledSession.objects.filter(pk=session.pk).update(teacher=teacher)
    assert door.post(attendee(session, guest)).status_code == 200
    Reservation.objects.filter(session=session).update(attendance=Attendance.CHECKED_IN, checked_in_at=timezone.now())
    return session, guest


def ask(door: Door, visited: tuple[ScheduledSession, Guest], method: str, body: Any = None, **later: Any) -> Any:
    session, guest = visited
    now = session.ends_at + timedelta(**(later or {"hours": 1}))
    with time_machine.travel(now, tick=False):
        return door.ask(method, attendee(session, guest, "/review"), body)


def refusal(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 422, answer.content
    return answer.json()["cause"], answer.json()["reason"]


def test_says_what_is_asked_and_keeps_what_is_said(door: Door, visited: Any) -> None:
    asked = ask(door, visited, "GET").json()
    assert [one["criterion"] for one in asked["asked"]] == ["class", "teacher", "place", "welcome"]
    assert asked["eligible"] is True
    assert "review" not in asked
    answer = ask(door, visited, "PUT", BODY)
    assert answer.status_code == 200, answer.content
    mine = answer.json()["review"]
    assert (mine["score"], mine["text"], mine["hidden"]) == (4.3, "Lovely.", False)
    review = Review.objects.get()
    assert (review.source, review.marks) == (door.connection.marketplace_id, ALL_FIVE)


def test_the_same_again_is_one_and_a_change_keeps_what_was_said(door: Door, visited: Any) -> None:
    for _time in range(5):
        assert ask(door, visited, "PUT", BODY).status_code == 200
    assert (Review.objects.count(), ReviewVersion.objects.count()) == (1, 0)
    changed = ask(door, visited, "PUT", BODY | {"text": "Better"}, hours=2).json()["review"]
    assert changed["text"] == "Better"
    assert "changedAt" in changed
    assert ReviewVersion.objects.get().text == "Lovely."


def test_too_many_changes_are_429(door: Door, visited: Any) -> None:
    statuses = [ask(door, visited, "PUT", BODY | {"text": f"Word {n}"}).status_code for n in range(12)]
    assert statuses == [200] * 11 + [429]


def test_shows_the_reply_and_that_it_is_hidden(door: Door, visited: Any) -> None:
    ask(door, visited, "PUT", BODY)
    review = Review.objects.get()
    respond(review, "Thank you!", by=StaffLoginFactory(studio=review.studio), now=review.written_at)
    open_case(review, "hidden", "contact", "A phone number", operator=operator(), now=review.written_at)
    mine = ask(door, visited, "GET").json()["review"]
    assert mine["reply"]["text"] == "Thank you!"
    assert (mine["hidden"], mine["hiddenFor"], mine["hiddenBecause"]) == (True, "contact", "A phone number")


def test_says_which_of_visit_and_author_is_in_doubt(door: Door, visited: Any) -> None:
    ask(door, visited, "PUT", BODY)
    review = Review.objects.get()

    def doubted() -> tuple[bool, bool]:
        mine = ask(door, visited, "GET").json()["review"]
        return mine["visitDisputed"], mine["authorDisputed"]

    assert doubted() == (False, False)
    line = record_change(review.reservation.member, "edited", studio=review.studio, by=None, now=review.written_at)
    Review.objects.update(doubt=line)
    assert doubted() == (False, True)
    Reservation.objects.update(attendance=Attendance.NO_SHOW, checked_in_at=None)
    assert doubted() == (True, True)


def test_is_refused_as_the_page_refuses(door: Door, visited: Any) -> None:
    assert refusal(ask(door, visited, "PUT", BODY, minutes=-5)) == ("reviewFailed", "classNotOver")
    assert refusal(ask(door, visited, "PUT", BODY, days=14)) == ("reviewFailed", "reviewClosed")
    assert refusal(ask(door, visited, "PUT", {"marks": {"class": 4}})) == ("reviewFailed", "marksMissing")
    Reservation.objects.update(attendance=Attendance.UNKNOWN, checked_in_at=None)
    assert refusal(ask(door, visited, "PUT", BODY)) == ("reviewFailed", "visitWithoutCheckIn")
    assert ask(door, visited, "GET").json()["reason"] == "visitWithoutCheckIn"
    assert not Review.objects.exists()


def test_of_a_class_that_is_not_the_guests(door: Door, visited: Any) -> None:
    session, _guest = visited
    assert ask(door, (session, door.guest()), "PUT", BODY).status_code == 404
    assert ask(door, (door.session(), door.guest()), "PUT", BODY, days=-2).status_code == 422


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"marks": "missing"}),
        ({"marks": [4]}, {"marks": "wrongFormat"}),
        ({"marks": {"food": 4}}, {"marks": "wrongFormat"}),
        ({"marks": {"class": 6}}, {"marks.class": "wrongFormat"}),
        ({"marks": {"class": True}}, {"marks.class": "wrongFormat"}),
        ({"marks": {"class": "4"}}, {"marks.class": "wrongFormat"}),
        ({"marks": ALL_FIVE, "text": 4}, {"text": "wrongFormat"}),
        ({"marks": ALL_FIVE, "text": "a\0b"}, {"text": "wrongFormat"}),
        ({"marks": ALL_FIVE, "text": "x" * 4001}, {"text": "tooLarge"}),
        ({"marks": ALL_FIVE, "text": "x" * 50_000}, {"text": "tooLarge"}),
        ({"marks": ALL_FIVE, "text": "x" * 70_000}, {"body": "tooLarge"}),
        (b"\xff", {"body": "wrongFormat"}),
    ],
)
def test_what_is_not_understood_is_named(door: Door, visited: Any, body: Any, errors: dict[str, str]) -> None:
    answer = ask(door, visited, "PUT", body)
    assert (answer.status_code, answer.json()["errors"]) == (400, errors)
    assert not Review.objects.exists()


def test_the_words_are_not_in_the_sync_log(door: Door, visited: Any) -> None:
    ask(door, visited, "PUT", BODY | {"text": "Secret words"})
    ask(door, visited, "GET")
    lines = list(Exchange.objects.filter(subject__in=("review", "read_review")).values_list("request", "answer"))
    assert len(lines) == 2
    assert "Secret" not in str(lines)


def test_a_text_is_measured_as_it_is_kept(door: Door, visited: Any) -> None:
    answer = ask(door, visited, "PUT", {"marks": ALL_FIVE, "text": "x" * 4000 + "\r\n\u200b"})
    assert (answer.status_code, answer.json()["review"]["text"]) == (200, "x" * 4000)
