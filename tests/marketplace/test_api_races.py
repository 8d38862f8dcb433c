"""The same request at once, with real threads on real PostgreSQL: done once, answered alike."""

from collections import Counter
from functools import partial

import pytest
from django.test import Client

from bookings.models import Reservation
from marketplace.models import GivenAnswer, Guest, Visit
from tests.at_once import at_once
from tests.marketplace.door import Door, attendee, open_door

pytestmark = pytest.mark.django_db(transaction=True)


def asked(door: Door, method: str, path: str, body: object = None, *, key: str = "") -> tuple[int, bytes]:
    answer = Door(door.connection, door.headers, Client(raise_request_exception=False)).ask(method, path, body, key=key)
    return answer.status_code, answer.content


def test_one_request_three_times_at_once_is_one_booking_and_one_answer() -> None:
    door = open_door()
    session, guest = door.session(capacity=5), door.guest()
    answers = at_once([partial(asked, door, "POST", attendee(session, guest), key="k-1")] * 3)
    assert len({content for _status, content in answers}) == 1
    assert {status for status, _content in answers} == {200}
    assert Reservation.objects.active().filter(session=session).count() == 1
    assert Visit.objects.count() == GivenAnswer.objects.count() == 1
    # Without a key, and with keys of their own, one of them is told that it is done.
    other = door.guest()
    answers = at_once([partial(asked, door, "POST", attendee(session, other))] * 3)
    assert Counter(status for status, _content in answers) == {200: 1, 422: 2}
    cancelled = at_once([partial(asked, door, "DELETE", attendee(session, guest), key="k-2")] * 3)
    assert len(set(cancelled)) == 1
    session.refresh_from_db()
    assert session.places_taken == 1


def test_one_person_made_known_three_times_at_once_is_one_person() -> None:
    door = open_door()
    person = {"marketplaceMemberId": "W-1", "firstName": "Ada"}
    answers = at_once([partial(asked, door, "POST", "/exercisers", person)] * 3)
    assert Counter(status for status, _content in answers) == {201: 1, 200: 2}
    assert len({content for _status, content in answers}) == 1
    assert Guest.objects.count() == 1


def test_twelve_ask_for_five_places() -> None:
    door = open_door()
    session = door.session(capacity=5)
    guests = [door.guest() for _ in range(12)]
    answers = at_once([partial(asked, door, "POST", attendee(session, one), key=f"k-{one.pk}") for one in guests])
    assert Counter(status for status, _content in answers) == {200: 5, 422: 7}
    assert all(b"noFreeSpots" in content for status, content in answers if status == 422)
    session.refresh_from_db()
    assert session.places_taken == Visit.objects.count() == 5
