"""Many at once, with real threads on real PostgreSQL: the lock decides, and the constraint stands behind it."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection

from bookings import actions
from bookings.actions import ActionIdReused, Done, Refused, recording, reservations
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking, CancelAs, Question
from tests.at_once import THREADS, at_once
from tests.bookings.scenes import at, booked, evening_class, fresh, kinds, pulse
from tests.factories import MemberFactory, RoomFactory, SpotFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, DURING, AFTER = at("12:00"), at("18:20"), at("19:10")


def outcome(result: Any) -> str:
    if isinstance(result, Refused):
        assert result.decision.refusal is not None
        return result.decision.refusal.question.value
    if isinstance(result, Done):
        return "repeated" if result.repeated else "done"
    return type(result).__name__


def outcomes(results: list[Any]) -> Counter[str]:
    return Counter(outcome(result) for result in results)


def reserve(session: ScheduledSession, member: Any, **more: Any) -> Done:
    given = {"source": "direct", "action_id": uuid4(), "by": None, "now": BEFORE, **more}
    return actions.reserve(session, member, **given)


class TestTheLastPlaces:
    @pytest.fixture
    def session(self) -> ScheduledSession:
        """A class with 20 of 25 places left."""
        session = evening_class(item__capacity=25)
        for _ in range(5):
            booked(session)
        return session

    def test_of_200_that_ask_for_20_places_20_get_one_and_180_a_reason(self, session: ScheduledSession) -> None:
        members = MemberFactory.create_batch(200, studio=session.studio)
        results = at_once([partial(reserve, session, member) for member in members])
        assert outcomes(results) == {"done": 20, Question.FULL.value: 180}
        session.refresh_from_db()
        assert session.places_taken == session.reservations.active().count() == 25
        assert pulse(session) == 25

    def test_without_the_lock_it_does_race_and_the_constraint_refuses(
        self, session: ScheduledSession, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Negative control: the rule's answer is stale for some, and PostgreSQL says no to every one of them."""
        together = threading.Barrier(THREADS)

        def unlocked(session: ScheduledSession) -> ScheduledSession:
            return ScheduledSession.objects.select_related("studio", "location", "item").get(pk=session.pk)

        def after_all_have_asked(session: ScheduledSession, *, held: bool) -> None:
            together.wait(timeout=20)
            take_place(session, held=held)

        take_place = reservations.take_place
        ScheduledSession.objects.update(capacity=8)  # 3 places left for 16
        monkeypatch.setattr(reservations, "locked_session", unlocked)
        monkeypatch.setattr(reservations, "take_place", after_all_have_asked)
        members = MemberFactory.create_batch(THREADS, studio=session.studio)
        results = at_once([partial(reserve, session, member) for member in members])
        assert outcomes(results) == {"done": 3, "IntegrityError": 13}
        assert all("session_within_capacity" in str(r) for r in results if isinstance(r, IntegrityError))
        session.refresh_from_db()
        assert session.places_taken == session.reservations.active().count() == 8

    def test_a_member_who_asks_in_many_tabs_has_one_reservation(self, session: ScheduledSession) -> None:
        member = MemberFactory(studio=session.studio)
        results = at_once([lambda: reserve(session, member)] * 50)
        assert outcomes(results) == {"done": 1, Question.ALREADY_BOOKED.value: 49}

    def test_the_last_spots_are_given_once_each(self) -> None:
        room = RoomFactory()
        for order in range(10):
            SpotFactory(room=room, fill_order=order, label=str(order))
        session = evening_class(item__location=room.location, item__capacity=12, room=room)
        members = MemberFactory.create_batch(60, studio=session.studio)
        results = at_once([partial(reserve, session, member) for member in members])
        assert outcomes(results) == {"done": 12, Question.FULL.value: 48}
        spots = session.reservations.active().values_list("spot__fill_order", flat=True)
        assert sorted(spots, key=lambda spot: (spot is None, spot)) == [*range(10), None, None]


class TestOneActionId:
    def test_sent_50_times_at_once_reserves_once(self) -> None:
        session, action_id = evening_class(), uuid4()
        member = MemberFactory(studio=session.studio)
        results = at_once([lambda: reserve(session, member, action_id=action_id)] * 50)
        assert outcomes(results) == {"done": 1, "repeated": 49}
        assert len({result.event.pk for result in results}) == 1

    def test_sent_50_times_at_once_checks_in_once(self) -> None:
        session, action_id = evening_class(), uuid4()
        reservation, desk = booked(session), StaffLoginFactory(studio=session.studio)
        results = at_once([lambda: actions.check_in(reservation, action_id=action_id, by=desk, now=DURING)] * 50)
        assert outcomes(results) == {"done": 1, "repeated": 49}
        assert kinds(reservation) == ["reserved", "checked_in"]

    def test_sent_for_two_sessions_at_once_is_told_apart(self) -> None:
        """Neither waits for the other's lock, so only the event's own uniqueness can tell."""
        for _ in range(20):
            one, action_id = evening_class(), uuid4()
            two = evening_class(item=one.item, starts_at=at("20:00"))
            member = MemberFactory(studio=one.studio)
            results = at_once([partial(reserve, session, member, action_id=action_id) for session in (one, two)])
            assert outcomes(results) == {"done": 1, ActionIdReused.__name__: 1}
            assert Reservation.objects.filter(member=member).count() == 1


def test_a_late_tick_against_the_sweep_never_loses() -> None:
    """A hundred times: the member is attended, whichever came first, and no stamp lies upon the tick."""
    session = evening_class(item__capacity=200)
    desk = StaffLoginFactory(studio=session.studio)
    orders = Counter[tuple[str, ...]]()
    for _ in range(100):
        reservation = booked(session, now=BEFORE)
        results = at_once(
            [
                partial(actions.check_in, reservation, action_id=uuid4(), by=desk, now=AFTER),
                lambda: actions.sweep_no_shows(now=AFTER),
            ]
        )
        assert not [result for result in results if isinstance(result, Exception)]
        assert fresh(reservation).attendance == Attendance.CHECKED_IN
        orders[tuple(kinds(reservation))] += 1
    assert set(orders) <= {("reserved", "checked_in"), ("reserved", "no_show", "checked_in")}


def test_two_sweeps_at_once_stamp_each_row_once() -> None:
    session = evening_class(item__capacity=60)
    rows = [booked(session) for _ in range(60)]
    results = at_once([lambda: actions.sweep_no_shows(now=AFTER)] * 4)
    assert not [result for result in results if isinstance(result, Exception)]
    assert sum(results) == 60
    assert ReservationEvent.objects.filter(kind="no_show").count() == 60
    assert all(kinds(row) == ["reserved", "no_show"] for row in rows)


def test_of_two_undos_at_once_one_takes_back() -> None:
    session = evening_class()
    reservation, desk = booked(session), StaffLoginFactory(studio=session.studio)
    for _ in range(20):
        made = actions.check_in(reservation, action_id=uuid4(), by=desk, now=DURING).event
        results = at_once([partial(actions.undo, made, action_id=uuid4(), by=desk, now=AFTER) for _ in range(2)])
        assert outcomes(results) == {"done": 1, Question.UNDONE_ALREADY.value: 1}
        assert fresh(reservation).attendance == Attendance.UNKNOWN


def test_a_check_in_and_a_cancellation_at_once_never_both_hold() -> None:
    """Q11: whichever is first, the other is refused by name."""
    session = evening_class(item__capacity=100)
    desk = StaffLoginFactory(studio=session.studio)
    for _ in range(25):
        reservation = booked(session)
        ticked, cancelled = at_once(
            [
                partial(actions.check_in, reservation, action_id=uuid4(), by=desk, now=DURING),
                partial(actions.cancel, reservation, outcome=CancelAs.LATE, action_id=uuid4(), by=desk, now=DURING),
            ]
        )
        row = fresh(reservation)
        assert (outcome(ticked), outcome(cancelled), row.booking, row.attendance) in {
            ("done", Question.CHECKED_IN.value, Booking.BOOKED, Attendance.CHECKED_IN),
            (Question.RESERVATION_CANCELLED.value, "done", Booking.LATE_CANCELLED, Attendance.UNKNOWN),
        }


def test_two_hundred_crossed_operations_meet_no_deadlock() -> None:
    """Two studios, four sessions, all verbs in all directions; a refusal is an answer, an error is not."""
    desk = StaffLoginFactory()
    sessions = [evening_class(item__location__studio=desk.studio, item__capacity=8) for _ in range(3)]
    sessions.append(evening_class(item__capacity=8))
    rows = [booked(session) for session in sessions for _ in range(6)]
    members = {session.studio_id: MemberFactory.create_batch(4, studio=session.studio) for session in sessions}

    def verb(turn: int) -> Callable[[], Any]:
        row, session = rows[turn % len(rows)], sessions[turn % 4]
        given: dict[str, Any] = {"action_id": uuid4(), "by": desk, "now": DURING}
        return [
            lambda: actions.check_in(row, **given),
            lambda: actions.cancel(row, outcome=CancelAs.EXCUSED, **given),
            lambda: actions.reinstate(row, **given),
            lambda: actions.revert_check_in(row, **given),
            lambda: actions.mark_no_show(row, **given),
            lambda: actions.revert_no_show(row, **given),
            lambda: reserve(session, members[session.studio_id][turn % 3], by=desk, now=DURING),
            lambda: actions.sweep_no_shows(now=AFTER),
        ][turn * 7 % 8 if turn % 3 else turn % 8]

    results = at_once([verb(turn) for turn in range(200)])
    assert [result for result in results if isinstance(result, Exception) and not isinstance(result, Refused)] == []
    assert outcomes(results)["done"] > 40
    for session in sessions:
        session.refresh_from_db()
        assert session.places_taken == session.reservations.active().count()


def test_versions_are_seen_in_the_order_of_their_commits() -> None:
    """A tab that saw version 7 never finds a 6 afterwards: the pulse is held until the commit."""
    session = evening_class(item__capacity=100)
    desk = StaffLoginFactory(studio=session.studio)
    rows = [booked(session) for _ in range(60)]
    seen: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        last = pulse(session)
        while not stop.is_set():
            now = pulse(session)
            found = ReservationEvent.objects.filter(version__gt=last, version__lte=now).values_list(
                "version", flat=True
            )
            assert sorted(found) == [*range(last + 1, now + 1)]
            seen.extend(range(last + 1, now + 1))
            last = now

    def act(row: Reservation) -> Done:
        return actions.check_in(row, action_id=uuid4(), by=desk, now=DURING + timedelta(minutes=1))

    failed: list[BaseException] = []

    def watching() -> None:
        try:
            watch()
        except AssertionError as error:
            failed.append(error)
        finally:
            connection.close()

    watcher = threading.Thread(target=watching)
    watcher.start()
    at_once([partial(act, row) for row in rows])
    stop.set()
    watcher.join()
    assert failed == []
    assert seen == sorted(seen)
    assert len(seen) > 1
    assert recording.Kind.CHECKED_IN in kinds(rows[0])
