"""What a marketplace does for its member: book, cancel, wait, check in; and the same answer to the same key."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import Reservation
from bookings.rules import Origin
from marketplace import actions
from marketplace.actions import answering
from marketplace.api import views
from marketplace.api.errors import unavailable
from marketplace.models import Conflict, Exchange, GivenAnswer, Guest, Visit
from portal.models import Member
from tests.factories import MemberFactory, SpotFactory, StaffLoginFactory
from tests.marketplace.door import Door, attendee, waiting
from tests.marketplace.scenes import book

pytestmark = pytest.mark.usefixtures("by_day")


def about(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()["attendeeBookingDetails"]
    return found


def refusal(answer: Any) -> tuple[str, str]:
    assert answer.status_code == 422, answer.content
    assert set(answer.json()) == {"message", "cause", "reason"}
    return answer.json()["cause"], answer.json()["reason"]


def test_a_booking_takes_a_place_with_its_spot(door: Door) -> None:
    session, guest = door.session(capacity=2), door.guest()
    spot = SpotFactory(room__location=session.location, label="A2")
    type(session).objects.filter(pk=session.pk).update(room=spot.room)
    answer = door.post(attendee(session, guest))
    mine = about(answer)
    visit = Visit.objects.get(guest=guest)
    assert (mine["booked"], mine["spotBooked"], mine["bookingId"]) == (True, "A2", visit.booking_ref)
    assert mine["eligibility"]["removeFromClassEligibility"] == {"eligible": True}
    assert mine["eligibility"]["addToClassEligibility"]["reason"] == "Booked already"
    assert answer.json()["bookingDetails"]["booked"] == 1
    reservation = Reservation.objects.get(session=session)
    assert (reservation.member, reservation.source) == (guest.member, door.connection.marketplace_id)
    assert reservation.deadline_from == Origin.CONTRACT
    assert refusal(door.post(attendee(session, guest))) == ("bookingFailed", "userAlreadyAttendee")


def test_why_it_is_not_booked(door: Door) -> None:
    guest, blocked = door.guest(), door.guest(blocked_reason="owes for a mat")
    session = door.session(capacity=1)
    assert refusal(door.post(attendee(session, blocked))) == ("bookingFailed", "partnerRestriction")
    assert "mat" not in door.post(attendee(session, blocked)).json()["message"]
    book(session)
    assert refusal(door.post(attendee(session, guest))) == ("bookingFailed", "noFreeSpots")
    quota = door.session(item={"marketplace_quota": 1})
    book(quota, source="classpass")
    assert refusal(door.post(attendee(quota, guest))) == ("bookingFailed", "noFreeSpots")
    later = door.session(item={"opens_hours": 1})
    assert refusal(door.post(attendee(later, guest))) == ("bookingFailed", "partnerRestriction")
    assert not Reservation.objects.filter(member__in=[guest.member, blocked.member]).exists()


@pytest.mark.parametrize(("hours", "late"), [(5, False), (3, True)])
def test_a_cancellation_says_whether_it_was_late_and_by_whose_rule(door: Door, hours: int, late: bool) -> None:
    """The contract says four hours, the studio twelve (Q20)."""
    start = timezone.now().replace(microsecond=0) + timedelta(hours=hours)
    session, guest = door.session(starts_at=start), door.guest()
    about(door.post(attendee(session, guest)))
    answer = door.delete(attendee(session, guest))
    until = (start - timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert answer.json()["cancellation"] == {"late": late, "freeUntil": until, "rule": "contract"}
    mine = about(answer)
    assert (mine["booked"], mine["eligibility"]["addToClassEligibility"]) == (False, {"eligible": True})
    assert answer.json()["bookingDetails"]["booked"] == 0
    assert refusal(door.delete(attendee(session, guest))) == ("unbookingFailed", "userNotAttendee")


def test_who_is_not_booked_cannot_be_removed(door: Door) -> None:
    """Nor who is booked by another road: that is not the marketplace's to give up."""
    session, guest = door.session(), door.guest()
    assert refusal(door.delete(attendee(session, guest))) == ("unbookingFailed", "userNotAttendee")
    direct = door.guest()
    book(session, source="direct")
    Reservation.objects.filter(session=session).update(member=direct.member)
    assert refusal(door.post(attendee(session, direct))) == ("bookingFailed", "userAlreadyAttendee")
    assert refusal(door.delete(attendee(session, direct))) == ("unbookingFailed", "userNotAttendee")
    told = door.get(f"/classes/{session.pk}?exerciserId={direct.key}").json()["attendeeBookingDetails"]
    assert not told["booked"]


def test_a_cancellation_after_the_check_in_is_for_a_person(door: Door) -> None:
    """Q11: refused, and the conflict is kept although the call failed."""
    session, guest = door.session(starts_at=timezone.now() + timedelta(minutes=20)), door.guest()
    about(door.post(attendee(session, guest)))
    assert about(door.post(attendee(session, guest, "/check-in")))["checkedIn"]
    for key in ("", "k-1"):
        assert refusal(door.delete(attendee(session, guest), key=key)) == ("unbookingFailed", "unknown")
    assert Conflict.objects.get().kind == Conflict.Kind.CANCELLED_AFTER_CHECK_IN
    assert Reservation.objects.get(session=session).attendance == "checked_in"


def test_a_check_in_ticks_the_guest_and_can_be_taken_back(door: Door) -> None:
    session, guest, nobody = door.session(starts_at=timezone.now() + timedelta(minutes=20)), door.guest(), door.guest()
    path = attendee(session, guest, "/check-in")
    assert refusal(door.post(path)) == ("checkInFailed", "userNotAttendee")
    about(door.post(attendee(session, guest)))
    assert refusal(door.delete(path)) == ("checkInRemovalFailed", "userNotCheckedIn")
    for _ in range(2):
        mine = about(door.post(path))
        assert mine["checkedIn"]
        assert mine["eligibility"]["removeFromClassEligibility"] == {"eligible": False}
    assert Reservation.objects.get(session=session).attendance == "checked_in"
    assert not about(door.delete(path))["checkedIn"]
    assert Reservation.objects.get(session=session).attendance == "unknown"
    assert refusal(door.delete(attendee(session, nobody, "/check-in"))) == ("checkInRemovalFailed", "userNotAttendee")


def test_a_class_that_has_begun_is_seen_and_checked_in_by_its_guest_only(door: Door, time_machine: Any) -> None:
    start = timezone.now() + timedelta(minutes=20)
    session, guest, stranger = door.session(starts_at=start), door.guest(), door.guest()
    about(door.post(attendee(session, guest)))
    time_machine.move_to(start + timedelta(minutes=2))
    assert door.get(f"/classes/{session.pk}?exerciserId={stranger.key}").status_code == 404
    assert door.post(attendee(session, stranger)).status_code == 404
    assert about(door.post(attendee(session, guest, "/check-in")))["checkedIn"]


def test_a_class_that_is_called_off_is_gone(door: Door) -> None:
    session, guest = door.session(), door.guest()
    about(door.post(attendee(session, guest)))
    type(session).objects.filter(pk=session.pk).update(cancelled_at=timezone.now())
    assert door.get(f"/classes/{session.pk}?exerciserId={guest.key}").status_code == 404
    assert door.delete(attendee(session, guest)).status_code == 404


def test_the_waiting_list(door: Door) -> None:
    session, guest, other = door.session(capacity=1), door.guest(), door.guest()
    assert refusal(door.post(waiting(session, guest))) == ("addToWaitlistFailed", "partnerRestriction")
    assert refusal(door.delete(waiting(session, guest))) == ("removeFromWaitlistFailed", "userNotInWaitlist")
    first = door.guest()
    about(door.post(attendee(session, first)))
    assert refusal(door.post(waiting(session, first))) == ("addToWaitlistFailed", "userAlreadyAttendee")
    answer = door.post(waiting(session, guest))
    mine = about(answer)
    assert (mine["waitlistBooked"], mine["waitlistPosition"]) == (True, 1)
    assert mine["eligibility"]["removeFromWaitlistEligibility"] == {"eligible": True}
    assert answer.json()["bookingDetails"]["waitlistBooked"] == 1
    assert about(door.post(waiting(session, other)))["waitlistPosition"] == 2
    assert refusal(door.post(waiting(session, guest))) == ("addToWaitlistFailed", "userAlreadyInWaitlist")
    assert not about(door.delete(waiting(session, guest)))["waitlistBooked"]
    told = door.get(f"/classes/{session.pk}?exerciserId={other.key}").json()["attendeeBookingDetails"]
    assert told["waitlistPosition"] == 1
    assert refusal(door.delete(waiting(session, guest))) == ("removeFromWaitlistFailed", "userNotInWaitlist")


def test_a_member_is_made_known(door: Door) -> None:
    """Q23: by the marketplace's id, else by the e-mail, else somebody new; never the same person twice."""
    known = MemberFactory(studio=door.connection.studio, email="Kim@Example.test")
    new = door.post("/exercisers", {"marketplaceMemberId": "W-1", "firstName": "Ada", "email": None})
    assert (new.status_code, list(new.json())) == (201, ["exerciserId"])
    again = door.post("/exercisers", {"marketplaceMemberId": "W-1", "firstName": "Ada", "lastName": "L", "email": ""})
    assert (again.status_code, again.json()) == (200, new.json())
    found = door.post("/exercisers", {"marketplaceMemberId": " W-2 ", "email": "kim@example.test"})
    assert Guest.objects.get(key=found.json()["exerciserId"]).member == known
    assert Guest.objects.get(key=found.json()["exerciserId"]).external_id == "W-2"
    assert Member.objects.filter(studio=door.connection.studio, first_name="Ada").count() == 1
    # Names and addresses do not lie about in the log.
    lines = Exchange.objects.filter(connection=door.connection, subject="welcome")
    assert [one.request for one in lines] == [f'{{"marketplaceMemberId": "W-{n}", …}}' for n in (1, 1, 2)]


def test_the_same_key_gets_the_same_answer(door: Door) -> None:
    session, guest = door.session(capacity=1), door.guest()
    first = door.post(attendee(session, guest), key="k-1")
    about(first)
    about(door.delete(attendee(session, guest)))
    again = door.post(attendee(session, guest), key="k-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (again.headers["Idempotent-Replayed"], "Idempotent-Replayed" in first.headers) == ("true", False)
    assert Reservation.objects.active().filter(session=session).count() == 0
    last = Exchange.objects.filter(connection=door.connection).latest("pk")
    assert (last.status, last.answer) == (200, "the answer of the first time")


def test_what_was_refused_is_refused_again(door: Door) -> None:
    session, guest, other = door.session(capacity=1), door.guest(), door.guest()
    about(door.post(attendee(session, other)))
    first = door.post(attendee(session, guest), key="k-1")
    assert refusal(first) == ("bookingFailed", "noFreeSpots")
    about(door.delete(attendee(session, other)))
    assert door.post(attendee(session, guest), key="k-1").content == first.content
    assert about(door.post(attendee(session, guest), key="k-2"))["booked"]


def test_the_same_key_for_something_else_is_a_mistake(door: Door) -> None:
    session, guest, other = door.session(), door.guest(), door.guest()
    about(door.post(attendee(session, guest), key="k-1"))
    reused = ("idempotencyFailed", "keyUsedForAnotherRequest")
    assert refusal(door.post(attendee(session, other), key="k-1")) == reused
    assert refusal(door.delete(attendee(session, guest), key="k-1")) == reused
    assert refusal(door.post(attendee(session, guest, "?spot=1"), key="k-1")) == reused
    assert refusal(door.post(attendee(session, guest), key="k-1", X_Location_ID="noord")) == reused
    person = {"marketplaceMemberId": "W-1"}
    assert door.post("/exercisers", person, key="k-2").status_code == 201
    assert door.post("/exercisers", person, key="k-2").status_code == 201
    assert refusal(door.post("/exercisers", {"marketplaceMemberId": "W-2"}, key="k-2")) == reused


def test_a_key_is_the_clients_own(door: Door, other_door: Door) -> None:
    for one in (door, other_door):
        assert about(one.post(attendee(one.session(), one.guest()), key="k-1"))["booked"]


def test_a_key_is_forgotten_after_a_day(door: Door, time_machine: Any) -> None:
    """From then on it is a new question, whatever became of the one before."""
    start = timezone.now() + timedelta(days=9)
    session, other, guest = door.session(starts_at=start), door.session(starts_at=start), door.guest()
    first = about(door.post(attendee(session, guest), key="k-1"))
    day = timedelta(hours=24, seconds=1)
    time_machine.move_to(timezone.now() + day)
    assert refusal(door.post(attendee(session, guest), key="k-1")) == ("bookingFailed", "userAlreadyAttendee")
    about(door.delete(attendee(session, guest)))
    time_machine.move_to(timezone.now() + day)
    again = door.post(attendee(session, guest), key="k-1")
    assert "Idempotent-Replayed" not in again.headers
    assert about(again)["booked"]
    assert about(again)["bookingId"] != first["bookingId"]
    about(door.delete(attendee(session, guest)))
    time_machine.move_to(timezone.now() + day)
    assert about(door.post(attendee(other, guest), key="k-1"))["booked"]
    actions.clean_up(now=timezone.now() + answering.KEPT + timedelta(minutes=1))
    assert not GivenAnswer.objects.filter(connection=door.connection).exists()
    time_machine.move_to(timezone.now() + day)
    about(door.delete(attendee(other, guest), key="k-1"))


def test_what_failed_can_be_tried_again_with_its_key(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    session, guest = door.session(), door.guest()
    with monkeypatch.context() as broken:

        def fail(*_args: Any, **_options: Any) -> None:
            raise unavailable()

        broken.setattr(views.actions, "book", fail)
        assert door.post(attendee(session, guest), key="k-1").status_code == 503
    assert about(door.post(attendee(session, guest), key="k-1"))["booked"]


def test_what_was_not_understood_leaves_its_key_free(door: Door) -> None:
    assert door.post("/exercisers", {}, key="k-1").status_code == 400
    assert not GivenAnswer.objects.exists()
    assert door.post("/exercisers", {"marketplaceMemberId": "W-1"}, key="k-1").status_code == 201


def test_who_was_killed_before_the_answer_was_kept_did_it_once(
    door: Door, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    session, other, guest = door.session(starts_at=timezone.now() + timedelta(days=9)), door.session(), door.guest()

    class Killed(BaseException):
        pass

    def die(*_args: Any, **_options: Any) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr(answering, "keep_answer", die)
        with pytest.raises(Killed):
            door.post(attendee(session, guest), key="k-1")
    assert GivenAnswer.objects.get().status is None
    # What was begun is somebody's question already.
    assert refusal(door.post(attendee(other, guest), key="k-1"))[0] == "idempotencyFailed"
    time_machine.move_to(timezone.now() + timedelta(hours=23))
    assert about(door.post(attendee(session, guest), key="k-1"))["booked"]
    assert Reservation.objects.filter(member=guest.member).count() == 1


def test_a_booking_is_frugal(door: Door) -> None:
    session, guest = door.session(), door.guest()
    about(door.post(attendee(door.session(), door.guest())))
    with CaptureQueriesContext(database) as queries:
        about(door.post(attendee(session, guest), key="k-1"))
    assert len(queries) <= 40


def test_the_desk_sees_who_did_it(door: Door) -> None:
    session, guest = door.session(starts_at=timezone.now() + timedelta(minutes=20)), door.guest()
    about(door.post(attendee(session, guest)))
    about(door.post(attendee(session, guest, "/check-in")))
    StaffLoginFactory(studio=door.connection.studio)
    events = Reservation.objects.get(session=session).events.order_by("pk")
    assert [(one.kind, one.by, one.by_word) for one in events] == [
        ("reserved", None, "fitpass"),
        ("checked_in", None, "fitpass"),
    ]
