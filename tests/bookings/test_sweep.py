"""The sweep stamps what the clock has decided already, and touches nothing else (Q4; `design.md`, fact 8)."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.actions import sweep as sweeping
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import CancelAs, State
from bookings.signals import reservation_changed
from tests.bookings.scenes import at, booked, evening_class, everything, fresh, kinds, pulse
from tests.factories import CalendarItemFactory, LocationFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

END = at("19:00")


def row_versions() -> dict[int, str]:
    """The transaction that last wrote each reservation: PostgreSQL's own word for "untouched"."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, ctid::text || xmin::text FROM bookings_reservation")
        return dict(cursor.fetchall())


def test_it_touches_only_what_is_due() -> None:
    item = CalendarItemFactory(location=LocationFactory(), capacity=50)
    grace = CalendarItemFactory(location=LocationFactory(studio=item.studio, grace_minutes=15), capacity=50)
    desk = StaffLoginFactory(studio=item.studio)
    ended, running = evening_class(item=item), evening_class(item=item, starts_at=at("18:30"))
    patient, called_off = evening_class(item=grace), evening_class(item=item)
    due = [booked(ended) for _ in range(3)]
    visited, cancelled, marked = booked(ended), booked(ended), booked(ended)
    others = [visited, cancelled, marked, booked(running), booked(patient), booked(called_off)]
    actions.check_in(visited, action_id=uuid4(), by=desk, now=at("18:00"))
    actions.cancel(cancelled, outcome=CancelAs.LATE, action_id=uuid4(), by=desk, now=at("18:00"))
    actions.mark_no_show(marked, action_id=uuid4(), by=desk, now=at("18:30"))
    ScheduledSession.objects.filter(pk=called_off.pk).update(cancelled_at=at("17:00"))
    before, beat = row_versions(), pulse(ended)

    assert actions.sweep_no_shows(now=END) == 3

    after = row_versions()
    assert {pk for pk in before if before[pk] != after[pk]} == {reservation.pk for reservation in due}
    assert all(kinds(reservation) == ["reserved", "no_show"] for reservation in due)
    assert [kinds(reservation)[-1] for reservation in others] == [
        *("checked_in", "cancelled", "no_show"),
        *["reserved"] * 3,
    ]
    event = due[0].events.latest("id")
    axes = {"booking": "booked", "excused": False}
    assert (event.by, event.by_word, event.occurred_at, event.version) == (None, "sweep", END, beat + 1)
    assert (event.before, event.after) == (axes | {"attendance": "unknown"}, axes | {"attendance": "no_show"})


def test_the_end_is_the_border_and_grace_moves_it() -> None:
    plain = booked(evening_class())
    patient = booked(evening_class(item__location__grace_minutes=15))
    swept = [
        (moment, actions.sweep_no_shows(now=at(moment))) for moment in ("18:59", "19:00", "19:14", "19:15", "19:16")
    ]
    assert swept == [("18:59", 0), ("19:00", 1), ("19:14", 0), ("19:15", 1), ("19:16", 0)]
    assert [kinds(plain), kinds(patient)] == [["reserved", "no_show"]] * 2


@pytest.mark.parametrize("late", [END, at("19:05"), at("19:00", days=1), at("19:00", days=400)])
def test_a_sweep_that_is_late_changes_nothing_that_anyone_saw(late: object) -> None:
    reservations = [booked(evening_class()), booked(evening_class(item__location__grace_minutes=15))]
    moments = [at("17:59"), at("18:30"), END, at("19:14"), at("19:15"), at("12:00", days=9)]

    def seen(moment: object) -> list[State]:
        return [fresh(reservation).state(moment) for reservation in reservations]  # type: ignore[arg-type]

    shown = {moment: seen(moment) for moment in moments if moment >= late}  # type: ignore[operator]
    actions.sweep_no_shows(now=late)  # type: ignore[arg-type]
    assert {moment: seen(moment) for moment in shown} == shown


def test_run_twice_it_does_nothing_more() -> None:
    booked(evening_class())
    assert actions.sweep_no_shows(now=END) == 1
    state = everything()
    assert actions.sweep_no_shows(now=END) == 0
    assert everything() == state


def test_with_nothing_due_it_raises_no_pulse_and_asks_once() -> None:
    session = evening_class()
    booked(session)
    beat = pulse(session)
    with CaptureQueriesContext(connection) as queries:
        assert actions.sweep_no_shows(now=at("18:59")) == 0
    assert (len(queries), pulse(session)) == (1, beat)


def test_each_studio_has_its_own_pulse() -> None:
    one, two, idle = evening_class(), evening_class(), evening_class(starts_at=at("20:00"))
    for session in (one, one, two, idle):
        booked(session)
    assert actions.sweep_no_shows(now=END) == 3
    assert [pulse(one), pulse(two), pulse(idle)] == [3, 2, 1]


def test_a_long_pause_is_caught_up_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    session = evening_class(item__capacity=9)
    for _ in range(7):
        booked(session)
    beat = pulse(session)
    monkeypatch.setattr(sweeping, "BATCH", 3)
    assert actions.sweep_no_shows(now=END) == 7
    assert pulse(session) == beat + 3
    assert ReservationEvent.objects.filter(kind="no_show").count() == 7


def test_the_number_of_queries_does_not_grow_with_what_is_due() -> None:
    def queries(due: int) -> int:
        session = evening_class(item__capacity=50)
        for _ in range(due):
            booked(session)
        with CaptureQueriesContext(connection) as counted:
            assert actions.sweep_no_shows(now=END) == due
        return len(counted)

    assert queries(1) == queries(30)


def test_it_tells_of_each_row_inside_the_transaction() -> None:
    session = evening_class()
    due = {booked(session).pk for _ in range(2)}
    heard = []

    def listen(*, reservation: Reservation, event: ReservationEvent, **_: object) -> None:
        heard.append((reservation.pk, reservation.attendance, event.kind, connection.in_atomic_block))

    reservation_changed.connect(listen)
    try:
        actions.sweep_no_shows(now=END)
    finally:
        reservation_changed.disconnect(listen)
    assert sorted(heard) == [(pk, "no_show", "no_show", True) for pk in sorted(due)]


def test_a_stamp_is_taken_back_like_any_no_show() -> None:
    session = evening_class()
    reservation, desk = booked(session), StaffLoginFactory(studio=session.studio)
    actions.sweep_no_shows(now=END)
    actions.revert_no_show(reservation, action_id=uuid4(), by=desk, now=at("19:10"))
    # The clock still says no-show: what is seen is the same, and the next sweep stamps again.
    assert fresh(reservation).state(at("19:10")) is State.NO_SHOW
    assert actions.sweep_no_shows(now=at("19:15")) == 1
