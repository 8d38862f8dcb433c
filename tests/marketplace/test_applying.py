"""Messages of a marketplace: in any order, any number of times, they end the same (7.3; Q11)."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings import actions as bookings
from bookings.models import Reservation, ScheduledSession
from marketplace import actions
from marketplace.models import Call, Conflict, Connection, InboxMessage, Visit
from tests.factories import SessionFactory, StaffLoginFactory
from tests.marketplace.scenes import connected, item_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("by_day")]

START = timedelta(minutes=10)


def at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def message(connection: Connection, type_: str, when: datetime, data: dict[str, Any], **fields: Any) -> InboxMessage:
    body = json.dumps({"type": type_, "timestamp": at(when), "data": data}).encode()
    return actions.store(
        connection, proof=InboxMessage.Proof.CURRENT, method="POST", path="/", headers={}, body=body, key=uuid4().hex
    )[0]


class Scene:
    """A class in half an hour; what happened there lies between an hour before its start and now."""

    def __init__(self) -> None:
        self.connection = connected()
        self.now = timezone.now().replace(microsecond=0)
        self.session = SessionFactory(item=item_of(self.connection), starts_at=self.now + START)

    def person(self) -> dict[str, Any]:
        return {"marketplaceMemberId": 4711, "firstName": "Kim", "lastName": "Jansen", "email": "kim@example.test"}

    def message(self, word: str, minutes: int) -> tuple[str, datetime, dict[str, Any]]:
        """`minutes`: before the start of the class, by the marketplace's clock."""
        when = self.session.starts_at - timedelta(minutes=minutes)
        data = {
            "booking.requested": {"bookingId": "B1", "classId": self.session.pk, **self.person()},
            "booking.cancelled": {"bookingId": "B1"},
            "member.checked_in": {"bookingId": "B1"},
            "member.checked_in without": {"marketplaceMemberId": "4711", "locationId": "centrum"},
        }[word]
        return word.split(maxsplit=1)[0], when, data

    def hear(self, word: str, minutes: int, **more: Any) -> InboxMessage:
        type_, when, data = self.message(word, minutes)
        heard = message(self.connection, type_, when, data | more)
        actions.apply(heard, now=timezone.now())
        heard.refresh_from_db()
        return heard


def stands(session: ScheduledSession) -> dict[str, Any]:
    """Everything that must be the same whatever the order: not the moments at which it was recorded."""
    rows = Reservation.objects.order_by("pk").values_list("booking", "attendance", "cancelled_at", "flagged", "source")
    session.refresh_from_db()
    return {
        "places": session.places_taken,
        "reservations": list(rows),
        "visits": list(
            Visit.objects.values_list(
                "booking_ref", "requested_at", "cancelled_at", "cancelled_late", "confirmed_at", "refusal"
            )
        ),
        "conflicts": sorted(Conflict.objects.open().values_list("kind", "about")),
        "decisions": Call.objects.filter(kind=Call.Kind.DECIDE).count(),
    }


# What a booking may meet with, and how long before the start.
THINGS = st.tuples(
    st.sampled_from(["booking.cancelled", "member.checked_in", "member.checked_in without"]), st.integers(11, 45)
)


def test_in_any_order_and_any_number_of_times_the_end_is_the_same() -> None:
    scene = Scene()

    @given(happened=st.lists(THINGS, min_size=1, max_size=3, unique_by=lambda one: one[0]), data=st.data())
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def shuffled(happened: list[tuple[str, int]], data: st.DataObject) -> None:
        messages = [("booking.requested", 45), *happened]
        others = data.draw(st.permutations(messages))
        repeated = data.draw(st.lists(st.sampled_from(messages), max_size=2))
        assert played(scene, messages) == played(scene, [*others, *repeated])

    shuffled()


def played(scene: Scene, messages: list[tuple[str, int]]) -> dict[str, Any]:
    """How it ends; all are heard within the hour before the start."""
    with transaction.atomic():
        for word, minutes in messages:
            heard = message(scene.connection, *scene.message(word, minutes))
            actions.apply(heard, now=scene.now)
        end = stands(scene.session)
        transaction.set_rollback(True)
    return end


class TestOneByOne:
    def test_a_booking_is_decided_and_told(self) -> None:
        scene = Scene()
        heard = scene.hear("booking.requested", 55)
        assert (heard.outcome, heard.reason) == ("done", "")
        reservation = Reservation.objects.get()
        assert (reservation.source, reservation.member.last_name) == ("fitpass", "Jansen")
        assert Call.objects.filter(kind=Call.Kind.DECIDE, visit=reservation.visit).exists()

    def test_a_refusal_has_its_reason_and_is_told(self) -> None:
        scene = Scene()
        ScheduledSession.objects.update(capacity=1)
        scene.hear("booking.requested", 55)
        heard = scene.hear("booking.requested", 55, bookingId="B2", marketplaceMemberId="4712", email="x@example.test")
        assert (heard.outcome, heard.reason) == ("refused", "full")
        assert Call.objects.filter(kind=Call.Kind.DECIDE).count() == 2

    def test_a_class_that_is_not_there(self) -> None:
        scene = Scene()
        heard = scene.hear("booking.requested", 55, classId="999999999")
        assert (heard.outcome, heard.reason) == ("refused", "class_not_found")
        other = SessionFactory()
        heard = scene.hear("booking.requested", 55, bookingId="B2", classId=str(other.pk))
        assert heard.reason == "class_not_found"
        assert not Reservation.objects.exists()

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b"\xff", "not JSON"),
            (b"[]", "data: missing"),
            (b'{"type": "party", "data": {}}', "type: unknown (party)"),
            (b'{"type": "booking.cancelled", "data": {"bookingId": "B"}}', "timestamp: wrong"),
            (
                b'{"type": "booking.cancelled", "timestamp": "2026-13-40T00:00:00Z", "data": {"bookingId": "B"}}',
                "timestamp: wrong",
            ),
            (
                b'{"type": "booking.cancelled", "timestamp": "2026-11-01T10:00:00Z", "data": {}}',
                "bookingId: missing",
            ),
            (
                b'{"type": "booking.cancelled", "timestamp": "2026-11-01T10:00:00Z", "data": {"bookingId": [1]}}',
                "bookingId: wrong",
            ),
        ],
    )
    def test_what_cannot_be_read_is_refused_with_its_reason(self, body: bytes, reason: str) -> None:
        connection = connected()
        given: dict[str, Any] = {"proof": InboxMessage.Proof.CURRENT, "method": "POST", "path": "/", "headers": {}}
        heard, _is_new = actions.store(connection, body=body, **given)
        actions.apply(heard, now=timezone.now())
        heard.refresh_from_db()
        assert (heard.outcome, heard.reason) == ("refused", reason)
        assert not Visit.objects.exists()

    def test_a_late_message_is_judged_by_when_it_happened(self) -> None:
        """Cancelled five hours before the start, heard two hours before: in time, the contract says four."""
        connection = connected()
        now = timezone.now()
        session = SessionFactory(item=item_of(connection), starts_at=now + timedelta(hours=6))
        guest = actions.welcome(connection, external_id="4711", first_name="Kim", now=now)[0]
        actions.book(connection, session, guest, action_id=uuid4(), now=now, booking_ref="B1")
        heard = message(connection, "booking.cancelled", now, {"bookingId": "B1"})
        actions.apply(heard, now=now + timedelta(hours=4))
        reservation = Reservation.objects.get()
        assert reservation.booking == "cancelled"

    def test_a_clock_ten_minutes_ahead_does_not_reach_into_the_future(self) -> None:
        scene = Scene()
        scene.hear("booking.requested", 60)
        heard = scene.hear("booking.cancelled", 50)
        assert heard.outcome == "done"
        cancelled = Visit.objects.get().cancelled_at
        assert cancelled is not None
        assert cancelled <= heard.received_at

    def test_a_check_in_that_fits_nothing_waits_for_a_person(self) -> None:
        scene = Scene()
        heard = scene.hear("member.checked_in without", 61)
        assert (heard.outcome, heard.reason) == ("for_a_person", "check_in_without_booking")
        conflict = Conflict.objects.get()
        assert (conflict.visit, conflict.location) == (None, scene.session.location)

    def test_what_staff_took_back_is_not_cancelled_again(self) -> None:
        scene = Scene()
        scene.hear("booking.requested", 62)
        scene.hear("booking.cancelled", 61)
        desk = StaffLoginFactory(studio=scene.connection.studio)
        reservation = Reservation.objects.get()
        bookings.reinstate(reservation, action_id=uuid4(), by=desk, now=timezone.now())
        heard = scene.hear("booking.cancelled", 61)
        reservation.refresh_from_db()
        assert reservation.booking == "booked"
        assert heard.outcome == "done"

    def test_a_cancellation_after_staff_took_the_first_one_back_counts(self) -> None:
        scene = Scene()
        scene.hear("booking.requested", 62)
        scene.hear("booking.cancelled", 61)
        desk = StaffLoginFactory(studio=scene.connection.studio)
        reservation = Reservation.objects.get()
        before = timezone.now() - timedelta(minutes=30)
        bookings.reinstate(reservation, action_id=uuid4(), by=desk, now=before)
        scene.hear("booking.cancelled", 20)
        reservation.refresh_from_db()
        assert reservation.booking == "late_cancelled"

    def test_a_tick_that_staff_took_back_is_not_set_again_by_itself(self) -> None:
        scene = Scene()
        scene.hear("booking.requested", 62)
        scene.hear("member.checked_in", 20)
        desk = StaffLoginFactory(studio=scene.connection.studio)
        reservation = Reservation.objects.get()
        bookings.revert_check_in(reservation, action_id=uuid4(), by=desk, now=timezone.now())
        heard = scene.hear("member.checked_in", 25)
        reservation.refresh_from_db()
        assert reservation.attendance == "unknown"
        assert (heard.outcome, heard.reason) == ("for_a_person", "check_in_not_taken")

    @pytest.mark.parametrize("named", [False, True])
    @pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0)])
    def test_a_check_in_without_a_number_is_of_one_booking_or_asked_about(
        self, order: tuple[int, ...], named: bool
    ) -> None:
        """Two bookings that run at that moment, unless it names its class: whichever is heard first."""
        scene = Scene()
        other = SessionFactory(item=scene.session.item, starts_at=scene.session.starts_at + timedelta(minutes=5))
        class_named: dict[str, Any] = {"classId": other.pk} if named else {}
        messages: list[tuple[str, int, dict[str, Any]]] = [
            ("booking.requested", 60, {}),
            ("booking.requested", 59, {"bookingId": "B2", "classId": other.pk}),
            ("member.checked_in without", 15, class_named),
        ]
        for number in order:
            word, minutes, more = messages[number]
            scene.hear(word, minutes, **more)
        ticked = list(Reservation.objects.attended().values_list("session", flat=True))
        assert ticked == ([other.pk] if named else [])
        assert Conflict.objects.open().count() == (0 if named else 1)

    def test_the_same_message_twice_is_one(self) -> None:
        scene = Scene()
        heard = scene.hear("booking.requested", 55)
        actions.apply(heard, now=timezone.now())
        assert Reservation.objects.count() == 1
