"""What a marketplace may see: its classes, with its guest in them; times, places and words to the letter."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import ScheduledSession
from marketplace import actions
from marketplace.actions import syncing
from marketplace.api import reading
from marketplace.models import ContractTerms, Exchange, SyncRun
from marketplace.selectors.calling import Caller
from marketplace.selectors.classes import one_class
from portal.models import Job
from tests.factories import MemberFactory, TeacherFactory
from tests.factories.marketplace import ListingFactory
from tests.marketplace.door import Door, attendee, utc, waiting
from tests.marketplace.scenes import book


def search(door: Door, start: datetime, end: datetime, **more: str) -> Any:
    query = {"locationId": door.headers["X-Location-ID"], "startDateTime": utc(start), "endDateTime": utc(end), **more}
    return door.get(f"/classes?{urlencode(query)}")


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [one["brief"]["name"] for one in answer.json()]


def test_a_class_is_written_as_the_contract_says(door: Door) -> None:
    teacher = TeacherFactory(studio=door.connection.studio, name="Mira van Okafor")
    start = datetime(2031, 3, 30, 18, 0, tzinfo=UTC)
    item = {"name": "Vinyasa", "description": "Slow", "teacher": teacher, "capacity": 14, "marketplace_quota": 6}
    session = door.session(item=item, starts_at=start, teacher=teacher)
    ListingFactory(session=session, connection=door.connection, stand="selling", told_at=timezone.now())
    book(session)
    assert search(door, start, start).json() == [door.get(f"/classes/{session.pk}").json()]
    assert door.get(f"/classes/{session.pk}").json() == {
        "brief": {
            "id": str(session.pk),
            "name": "Vinyasa",
            "startDateTime": "2031-03-30T18:00:00Z",
            "endDateTime": "2031-03-30T19:00:00Z",
            "free": True,
            "reservable": True,
            "instructor": {"firstName": "Mira", "lastName": "van Okafor", "fullName": "Mira van Okafor"},
            "activity": {"name": "Vinyasa"},
            "locationId": "centrum",
        },
        "bookingDetails": {"capacity": 6, "booked": 0, "waitlistCapacity": 10, "waitlistBooked": 0},
        "details": {
            "description": "Slow",
            "customInfo": [
                {"key": "kind", "value": "class"},
                {"key": "freeCancellationUntil", "value": "2031-03-30T14:00:00Z"},
            ],
        },
    }


@pytest.mark.parametrize(
    ("item", "session", "booked"),
    [
        ({"capacity": None}, {"capacity": None}, (100, 0)),
        ({}, {"capacity": 3}, (3, 2)),
        ({"marketplace_quota": 5}, {"capacity": 3}, (3, 2)),
        ({"marketplace_quota": 2}, {"capacity": 9}, (2, 1)),
        ({"marketplace_quota": 1}, {"capacity": 9}, (1, 1)),
    ],
)
def test_places_are_those_that_it_may_sell(
    door: Door, item: dict[str, Any], session: dict[str, Any], booked: tuple[int, int]
) -> None:
    """One is booked directly, and one by another marketplace (7.4: including its own)."""
    there = door.session(item=item, **session)
    book(there)
    book(there, source="classpass")
    told = door.get(f"/classes/{there.pk}").json()["bookingDetails"]
    assert (told["capacity"], told["booked"]) == booked


def test_only_what_is_sold_now_is_found(door: Door, other_door: Door) -> None:
    now = timezone.now()
    start, end = now, now + timedelta(days=90)
    door.session(item={"name": "sold"})
    door.session(item={"name": "switched off", "allows_marketplaces": False})
    door.session(item={"name": "course", "kind": "course"})
    door.session(item={"name": "called off"}, cancelled_at=now)
    door.session(item={"name": "begun"}, starts_at=now - timedelta(minutes=5))
    door.session(item={"name": "too far ahead"}, starts_at=now + timedelta(days=20))
    door.session(item={"name": "nothing for marketplaces", "marketplace_quota": 0})
    door.session(item={"name": "other location"}, place="noord")
    other_door.session(item={"name": "other studio"})
    assert names(search(door, start, end)) == ["sold"]
    assert names(search(door, start - timedelta(days=9), start)) == []
    assert names(door.get(_at(start, end, "noord"), X_Location_ID="noord")) == ["other location"]
    door.connection.locations.filter(external_id="noord").delete()
    assert door.get(_at(start, end, "noord"), X_Location_ID="noord").status_code == 401


def _at(start: datetime, end: datetime, place: str) -> str:
    return f"/classes?{urlencode({'locationId': place, 'startDateTime': utc(start), 'endDateTime': utc(end)})}"


def test_a_paused_connection_sells_nothing_and_its_guests_keep_their_place(door: Door) -> None:
    session, guest, stranger = door.session(), door.guest(), door.guest()
    assert door.post(attendee(session, guest)).status_code == 200
    type(door.connection).objects.filter(pk=door.connection.pk).update(state="paused")
    assert names(search(door, session.starts_at, session.starts_at)) == []
    assert door.get(f"/classes/{session.pk}").status_code == 404
    assert door.get(f"/classes/{session.pk}?exerciserId={stranger.key}").status_code == 404
    told = door.get(f"/classes/{session.pk}?exerciserId={guest.key}").json()
    assert told["attendeeBookingDetails"]["booked"]
    assert not told["brief"]["reservable"]
    assert told["bookingDetails"]["capacity"] == told["bookingDetails"]["booked"] == 1
    assert door.delete(attendee(session, guest)).status_code == 200
    assert door.post(attendee(session, guest)).json()["reason"] == "partnerRestriction"


def test_what_is_anothers_is_not_there(door: Door, other_door: Door) -> None:
    """Another studio's class and exerciser, another location's class: as what does not exist."""
    theirs, elsewhere = other_door.session(), door.session(place="noord")
    own, guest, stranger = door.session(), door.guest(), other_door.guest()
    for path in (f"/classes/{theirs.pk}", f"/classes/{elsewhere.pk}", "/classes/999999999", "/classes/x", "/classes/0"):
        answer = door.get(path)
        said = answer.json()
        assert (answer.status_code, said["cause"], said["parameter"]) == (404, "entityNotFound", "classId"), path
    for who in (str(stranger.key), str(uuid4()), "nobody", str(guest.key).replace("-", ""), ""):
        answer = door.get(f"/classes/{own.pk}?exerciserId={who}")
        assert (answer.status_code, answer.json()["parameter"]) == (404, "exerciserId"), who
    for method, path in (
        ("POST", attendee(own, stranger)),
        ("DELETE", attendee(own, stranger)),
        ("POST", attendee(theirs, guest)),
        ("POST", attendee(elsewhere, guest)),
        ("POST", waiting(theirs, guest)),
        ("POST", attendee(theirs, guest, "/check-in")),
        ("GET", f"/exercisers/{stranger.key}/schedule?startDateTime={utc(timezone.now())}&endDateTime=x"),
    ):
        assert door.ask(method, path).status_code == 404, (method, path)


def test_what_the_exerciser_could_do(door: Door) -> None:
    session, guest = door.session(capacity=1), door.guest()
    path = f"/classes/{session.pk}?exerciserId={guest.key}"
    free = door.get(path).json()["attendeeBookingDetails"]
    assert free["eligibility"] == {
        "addToClassEligibility": {"eligible": True},
        "removeFromClassEligibility": {"eligible": False},
        "addToWaitlistEligibility": {
            "eligible": False,
            "lackOfProduct": False,
            "reason": "The class has free places: it can be booked",
        },
        "removeFromWaitlistEligibility": {"eligible": False},
    }
    assert (free["booked"], free["waitlistBooked"], free["waitlistPosition"]) == (False, False, 0)
    taken = book(session)
    full = door.get(path).json()["attendeeBookingDetails"]["eligibility"]
    assert full["addToClassEligibility"]["reason"] == "The class is full"
    assert full["addToWaitlistEligibility"] == {"eligible": True}
    assert taken.member != guest.member


def test_what_is_known_already_decides_as_what_is_asked_again(door: Door) -> None:
    """The one query of the API against the ones that a booking asks, of people in every state."""
    guests = [door.guest() for _ in range(3)] + [door.guest(blocked_reason="no")]
    free, full, waited = door.session(), door.session(capacity=1), door.session(capacity=1)
    other = door.session(item={"name": "at the same time", "marketplace_quota": 1})
    shut = door.session(item={"allows_marketplaces": False})
    for session in (full, waited):
        book(session)
    for session, guest in ((free, guests[0]), (other, guests[1])):
        door.post(attendee(session, guest))
    door.post(waiting(waited, guests[2]))
    now, caller = timezone.now(), Caller(door.connection, "centrum", free.location_id)
    for session in (free, full, waited, other, shut):
        for guest in guests:
            seen = one_class(caller, session.pk, guest, now=now)
            assert seen
            asked = actions.explain(door.connection, seen.session, guest, now=now)
            known = actions.explain(door.connection, seen.session, guest, now=now, known=seen.known)
            assert (known.booking, known.waiting) == (asked.booking, asked.waiting)


def test_the_deadline_of_a_booking_is_its_own(door: Door) -> None:
    """The contract's hours are copied onto it; a later contract does not touch it (Q20)."""
    session, guest = door.session(), door.guest()
    before = door.get(f"/classes/{session.pk}").json()["details"]["customInfo"]
    door.post(attendee(session, guest))
    now = timezone.now()
    later = ContractTerms.objects.get(contract__connection=door.connection)
    ContractTerms.objects.create(
        studio=later.studio, contract=later.contract, first_on=now.date(), cancel_hours=1, check_in_rate=8,
        tax_category="E",
    )  # fmt: skip
    mine = door.get(f"/classes/{session.pk}?exerciserId={guest.key}").json()["details"]["customInfo"]
    assert mine == before
    assert door.get(f"/classes/{session.pk}").json()["details"]["customInfo"] != before


def test_the_schedule_is_of_this_marketplace_at_all_locations(door: Door) -> None:
    guest = door.guest()
    here, there, direct, full = door.session(), door.session(place="noord"), door.session(), door.session(capacity=1)
    book(full)
    assert door.post(attendee(here, guest)).status_code == 200
    assert door.post(attendee(there, guest), X_Location_ID="noord").status_code == 200
    assert door.post(waiting(full, guest)).status_code == 200
    MemberFactory(studio=door.connection.studio)
    day = f"startDateTime={utc(here.starts_at)}&endDateTime={utc(here.starts_at + timedelta(minutes=1))}"
    found = door.get(f"/exercisers/{guest.key}/schedule?{day}").json()
    assert [(one["brief"]["id"], one["brief"]["locationId"]) for one in found] == [
        (str(here.pk), "centrum"),
        (str(there.pk), "noord"),
        (str(full.pk), "centrum"),
    ]
    assert [one["attendeeBookingDetails"]["waitlistPosition"] for one in found] == [0, 0, 1]
    assert found[2]["brief"]["waitlisted"]
    ScheduledSession.objects.filter(pk=here.pk).update(cancelled_at=timezone.now())
    assert len(door.get(f"/exercisers/{guest.key}/schedule?{day}").json()) == 2
    assert direct.pk


def test_a_search_takes_as_many_queries_with_thirty_classes_as_with_one(door: Door) -> None:
    first = door.session()
    with CaptureQueriesContext(database) as one:
        assert len(names(search(door, first.starts_at, first.ends_at))) == 1
    for _ in range(29):
        door.session()
    with CaptureQueriesContext(database) as thirty:
        assert len(names(search(door, first.starts_at, first.ends_at + timedelta(hours=1)))) == 30
    assert len(thirty) <= len(one) <= 6
    assert len(thirty) == 3  # who calls, the classes, the line in the log


def test_the_real_time_check_is_frugal(door: Door) -> None:
    session, guest = door.session(), door.guest()
    path = f"/classes/{session.pk}?exerciserId={guest.key}"
    door.get(path)
    with CaptureQueriesContext(database) as queries:
        assert door.get(path).status_code == 200
    assert len(queries) == 4  # who calls, the person, the class with all about it, the line in the log


@pytest.mark.parametrize(
    "text",
    [
        "2010-08-21T22:31:20", "2010-08-21 22:31:20Z", "2010-08-21T22:31:20.500Z", "2010-08-21T22:31Z",
        "2010-08-21T22:31:20+00:00", "2010-02-30T22:31:20Z", "2010-08-21T24:00:00Z", "2010-8-21T22:31:20Z",
        "٢٠١٠-08-21T22:31:20Z", "2010-08-21T22:31:20z", " 2010-08-21T22:31:20Z", "0000-01-01T00:00:00Z", "",
    ],
)  # fmt: skip
def test_what_is_no_moment(text: str) -> None:
    assert reading.moment(text) is None


def test_what_is_one() -> None:
    found = reading.moment("2010-08-21T22:31:20Z")
    assert found == datetime(2010, 8, 21, 22, 31, 20, tzinfo=UTC)
    assert reading.written(found.astimezone(timezone.get_fixed_timezone(120))) == "2010-08-21T22:31:20Z"


def test_a_visit_asks_for_a_sync_once_a_minute(door: Door, time_machine: Any) -> None:
    """I5: a member looks, so everything is compared at once; without a job for each look."""
    syncing._visited.clear()
    session = door.session()
    at = timezone.now().replace(second=10)
    for seconds, jobs in ((0, 1), (5, 1), (49, 1), (50, 2)):
        time_machine.move_to(at + timedelta(seconds=seconds))
        door.get(f"/classes/{session.pk}")
        search(door, session.starts_at, session.starts_at)
        found = Job.objects.filter(kind=syncing.SYNC, payload__connection=door.connection.pk)
        assert [job.payload["cause"] for job in found] == [SyncRun.Cause.VISIT] * jobs, seconds
    syncing._visited.clear()  # as another process: the job's key is the same
    door.get(f"/classes/{session.pk}")
    assert Job.objects.filter(kind=syncing.SYNC, payload__connection=door.connection.pk).count() == 2


def test_each_call_is_a_line_of_the_log(door: Door) -> None:
    session, guest = door.session(), door.guest()
    search(door, session.starts_at, session.starts_at)
    door.get(f"/classes/{session.pk}")
    door.get(f"/classes/{session.pk}?exerciserId={guest.key}")
    door.post(attendee(session, guest))
    door.post(attendee(session, guest))
    door.get("/classes/0")
    lines = Exchange.objects.filter(connection=door.connection).order_by("pk")
    assert [(one.subject, one.status, one.session_id, one.direction) for one in lines] == [
        ("search", 200, None, "in"),
        ("details", 200, session.pk, "in"),
        ("check", 200, session.pk, "in"),
        ("book", 200, session.pk, "in"),
        ("book", 422, session.pk, "in"),
        ("details", 404, None, "in"),
    ]
    assert lines[3].booking_ref
    assert lines[4].reason.startswith("bookingFailed userAlreadyAttendee: ")
    assert lines[5].reason == "entityNotFound classId: Class '0' is not found"
    assert lines[5].answer == door.get("/classes/0").content.decode()
    assert not any(door.headers["X-Client-Secret"] in f"{one.__dict__}" for one in lines)
