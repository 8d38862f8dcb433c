"""Whose a booking is, by which number, where it is by now, and what stands of it at the desk."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from bookings import actions as bookings
from bookings.models import Reservation, ScheduledSession
from marketplace import actions
from marketplace.models import Conflict, Guest, InboxMessage, Visit
from tests.factories import LocationFactory, StaffLoginFactory
from tests.marketplace.door import Door, attendee, utc, waiting
from tests.marketplace.scenes import book
from tests.marketplace.test_api_writes import about, refusal

pytestmark = pytest.mark.usefixtures("by_day")


def look(door: Door, session: ScheduledSession, guest: Guest) -> Any:
    return door.get(f"/classes/{session.pk}?exerciserId={guest.key}")


def hear(door: Door, word: str, **data: Any) -> InboxMessage:
    """A webhook of the marketplace, applied."""
    now = timezone.now()
    body = json.dumps({"type": word, "timestamp": utc(now), "data": data}).encode()
    given: dict[str, Any] = {"proof": InboxMessage.Proof.CURRENT, "method": "POST", "path": "/", "headers": {}}
    heard, _is_new = actions.store(door.connection, body=body, key=uuid4().hex, **given)
    actions.apply(heard, now=now)
    heard.refresh_from_db()
    return heard


def removable(answer: Any) -> bool:
    return bool(about(answer)["eligibility"]["removeFromClassEligibility"]["eligible"])


def test_a_check_in_that_was_refused_is_none(door: Door) -> None:
    """The day before: a person is asked, and until then what counts is what stands at the desk."""
    session, guest = door.session(), door.guest()
    about(door.post(attendee(session, guest)))
    path = attendee(session, guest, "/check-in")
    assert refusal(door.post(path)) == ("checkInFailed", "partnerRestriction")
    found = look(door, session, guest)
    assert (about(found)["checkedIn"], removable(found)) == (False, True)
    assert Reservation.objects.get(session=session).flagged
    assert Conflict.objects.open().get().kind == Conflict.Kind.CHECK_IN_NOT_TAKEN
    assert not about(door.delete(path))["checkedIn"]
    # Taken back there: nobody is asked any more.
    assert not Conflict.objects.open().exists()
    assert not Reservation.objects.get(session=session).flagged
    assert refusal(door.delete(path)) == ("checkInRemovalFailed", "userNotCheckedIn")
    assert refusal(door.post(path))[0] == "checkInFailed"
    assert not about(door.delete(attendee(session, guest)))["booked"]


def test_a_check_in_that_is_taken_back_leaves_other_questions_open(door: Door) -> None:
    session, guest = door.session(starts_at=timezone.now() + timedelta(minutes=20)), door.guest()
    about(door.post(attendee(session, guest)))
    about(door.post(attendee(session, guest, "/check-in")))
    assert refusal(door.delete(attendee(session, guest)))[0] == "unbookingFailed"
    about(door.delete(attendee(session, guest, "/check-in")))
    assert Conflict.objects.open().get().kind == Conflict.Kind.CANCELLED_AFTER_CHECK_IN
    assert Reservation.objects.get(session=session).flagged


def test_what_the_desk_ticked_is_told(door: Door) -> None:
    session, guest = door.session(starts_at=timezone.now() + timedelta(minutes=20)), door.guest()
    about(door.post(attendee(session, guest)))
    desk = StaffLoginFactory(studio=door.connection.studio)
    bookings.check_in(Reservation.objects.get(session=session), action_id=uuid4(), by=desk, now=timezone.now())
    found = look(door, session, guest)
    assert (about(found)["checkedIn"], removable(found)) == (True, False)
    assert refusal(door.delete(attendee(session, guest)))[0] == "unbookingFailed"


@pytest.mark.parametrize("has_id", [False, True])
def test_a_class_that_was_moved_is_still_its_guests(door: Door, has_id: bool) -> None:
    """To a location that the marketplace does not know, or to another one of its own."""
    start = timezone.now() + timedelta(minutes=20)
    session, guest, stranger = door.session(starts_at=start), door.guest(), door.guest()
    about(door.post(attendee(session, guest)))
    place = LocationFactory(studio=door.connection.studio)
    if has_id:
        place = door.connection.locations.get(external_id="noord").location
    ScheduledSession.objects.filter(pk=session.pk).update(location=place)
    Reservation.objects.filter(session=session).update(location=place)
    found = look(door, session, guest)
    assert (about(found)["booked"], removable(found)) == (True, True)
    assert found.json()["brief"].get("locationId") == ("noord" if has_id else None)
    check_in = attendee(session, guest, "/check-in")
    assert about(door.post(check_in))["checkedIn"]
    assert not about(door.delete(check_in))["checkedIn"]
    # Who is not booked there knows nothing of it, and nobody books at a location that was not asked about.
    assert look(door, session, stranger).status_code == 404
    assert door.delete(attendee(session, stranger)).status_code == 404
    assert door.get(f"/classes/{session.pk}").status_code == 404
    assert not about(door.delete(attendee(session, guest)))["booked"]
    assert door.post(attendee(session, guest)).status_code == 404


def test_a_class_that_was_moved_is_left_by_who_waits(door: Door) -> None:
    session, guest = door.session(capacity=1), door.guest()
    book(session)
    about(door.post(waiting(session, guest)))
    ScheduledSession.objects.filter(pk=session.pk).update(location=LocationFactory(studio=door.connection.studio))
    assert about(look(door, session, guest))["waitlistPosition"] == 1
    assert not about(door.delete(waiting(session, guest)))["waitlistBooked"]
    assert look(door, session, guest).status_code == 404


def test_our_numbers_are_none_of_theirs(door: Door) -> None:
    """Whatever a webhook calls a booking, it is not what the next booking of the API is called."""
    session, guest, other = door.session(), door.guest(), door.guest()
    about(door.post(attendee(session, guest)))
    last = Reservation.objects.latest("pk").pk
    for number in range(last, last + 3):
        hear(door, "booking.cancelled", bookingId=str(number))
    mine = about(door.post(attendee(session, other)))
    assert mine["bookingId"].startswith("tresen-")
    # None that begins so is theirs to give; one that we gave is known.
    for word, more in (
        ("booking.requested", {"classId": str(session.pk), "marketplaceMemberId": "W-77"}),
        ("booking.cancelled", {}),
        ("member.checked_in", {}),
    ):
        heard = hear(door, word, bookingId="tresen-00000000", **more)
        assert (heard.outcome, heard.reason.split(" (")[0]) == ("refused", "bookingId: unknown"), word
    assert not Visit.objects.filter(booking_ref="tresen-00000000").exists()
    assert not Guest.objects.filter(external_id="W-77").exists()
    assert hear(door, "booking.cancelled", bookingId=mine["bookingId"]).outcome == "done"
    assert not about(look(door, session, other))["booked"]


def test_two_of_their_members_who_are_one_of_ours_share_the_booking(door: Door) -> None:
    """A couple's e-mail, or two members who were merged: what is shown to both can be done by both."""
    start = timezone.now() + timedelta(minutes=20)
    session, guest = door.session(starts_at=start), door.guest(email="both@example.test")
    said = door.post("/exercisers", {"marketplaceMemberId": "W-2", "email": "both@example.test"}).json()
    second = Guest.objects.get(key=said["exerciserId"])
    assert second.member == guest.member
    first_booking = about(door.post(attendee(session, guest)))["bookingId"]
    found = look(door, session, second)
    assert (about(found)["booked"], removable(found), about(found)["bookingId"]) == (True, True, first_booking)
    day = f"startDateTime={utc(session.starts_at)}&endDateTime={utc(session.ends_at)}"
    assert len(door.get(f"/exercisers/{second.key}/schedule?{day}").json()) == 1
    assert about(door.post(attendee(session, second, "/check-in")))["checkedIn"]
    assert not about(door.delete(attendee(session, second, "/check-in")))["checkedIn"]
    assert not about(door.delete(attendee(session, second)))["booked"]
    # The one that stands is meant, whosever it is.
    again = about(door.post(attendee(session, second)))["bookingId"]
    assert Visit.objects.get(booking_ref=again).guest == second
    assert not about(door.delete(attendee(session, guest)))["booked"]
    assert Reservation.objects.active().filter(session=session).count() == 0
