"""Every verb: one transaction, one event, one pulse; repeated, it changes nothing; refused, it writes nothing."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.actions import ActionIdReused, Done, Refused
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Question
from bookings.signals import reservation_changed
from portal.models import StaffLogin
from tests.bookings.actions.verbs import (
    BEFORE,
    Act,
    booked_now,
    cancel_in_time,
    cancel_late,
    cancel_without_outcome,
    check_in,
    excuse,
    no_show,
    no_show_reverted,
    question,
    reinstated,
    reverted,
    withdrawn,
)
from tests.bookings.scenes import at, booked, evening_class, everything, fresh, kinds, pulse
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


# What was done before, the verb, its event, the axes after it, and the places taken.
VERBS = [
    pytest.param([], cancel_late, "cancelled", ("late_cancelled", "unknown", False), 0, id="cancel late"),
    pytest.param([], excuse, "cancelled", ("cancelled", "unknown", True), 0, id="excuse"),
    pytest.param([], cancel_in_time, "cancelled", ("cancelled", "unknown", False), 0, id="cancel in time"),
    pytest.param([no_show], excuse, "cancelled", ("cancelled", "unknown", True), 0, id="excuse a no-show"),
    pytest.param([], check_in, "checked_in", ("booked", "checked_in", False), 1, id="check in"),
    pytest.param([no_show], check_in, "checked_in", ("booked", "checked_in", False), 1, id="check in a no-show"),
    pytest.param([], no_show, "no_show", ("booked", "no_show", False), 1, id="mark no-show"),
    pytest.param([check_in], reverted, "check_in_reverted", ("booked", "unknown", False), 1, id="revert check-in"),
    pytest.param(
        [no_show, check_in], reverted, "check_in_reverted", ("booked", "no_show", False), 1, id="revert to no-show"
    ),
    pytest.param([no_show], no_show_reverted, "no_show_reverted", ("booked", "unknown", False), 1, id="revert no-show"),
    pytest.param([cancel_late], reinstated, "reinstated", ("booked", "unknown", False), 1, id="reinstate"),
    pytest.param(
        [no_show, excuse], reinstated, "reinstated", ("booked", "no_show", False), 1, id="reinstate a no-show"
    ),
    pytest.param([], withdrawn, "withdrawn", ("cancelled", "unknown", False), 0, id="withdraw"),
]


@pytest.fixture
def news() -> Iterator[list[tuple[str, bool]]]:
    """What receivers were told, and whether it was inside a transaction."""
    heard: list[tuple[str, bool]] = []

    def listen(*, reservation: Reservation, event: ReservationEvent, **_: object) -> None:
        assert event.reservation == reservation
        heard.append((event.kind, connection.in_atomic_block))

    reservation_changed.connect(listen)
    yield heard
    reservation_changed.disconnect(listen)


@pytest.mark.parametrize(("earlier", "act", "kind", "after", "places"), VERBS)
def test_a_verb_is_one_event_one_pulse_and_one_piece_of_news(
    session: ScheduledSession,
    desk: StaffLogin,
    news: list[tuple[str, bool]],
    earlier: list[Act],
    act: Act,
    kind: str,
    after: tuple[str, str, bool],
    places: int,
) -> None:
    reservation = booked(session)
    for step in earlier:
        step(reservation, uuid4(), desk)
    log, beat, row = kinds(reservation), pulse(session), fresh(reservation)
    before = {"booking": row.booking, "attendance": row.attendance, "excused": row.excused}
    news.clear()

    action_id = uuid4()
    done = act(reservation, action_id, desk)

    row, event = fresh(reservation), reservation.events.latest("id")
    assert (row.booking, row.attendance, row.excused) == after
    assert kinds(reservation) == [*log, kind]
    assert (event, event.action_id, event.by, event.by_word) == (done.event, action_id, desk, "")
    assert (event.before, event.after) == (
        before,
        {"booking": row.booking, "attendance": row.attendance, "excused": row.excused},
    )
    assert event.version == pulse(session) == beat + 1
    assert news == [(kind, True)]
    session.refresh_from_db()
    assert session.places_taken == places
    assert not done.repeated

    # Again, with the same id: what was done, and nothing more (Q17).
    state = everything()
    again = act(reservation, action_id, desk)
    assert (again.repeated, again.event) == (True, event)
    assert everything() == state
    assert len(news) == 1


@pytest.mark.parametrize(("earlier", "act", "kind", "after", "places"), VERBS)
def test_an_id_that_was_used_for_something_else_is_refused(
    session: ScheduledSession,
    desk: StaffLogin,
    earlier: list[Act],
    act: Act,
    kind: str,
    after: tuple[str, str, bool],
    places: int,
) -> None:
    reservation, other = booked(session), booked(session)
    for step in earlier:
        step(reservation, uuid4(), desk)
        step(other, uuid4(), desk)
    used = other.events.earliest("id").action_id
    state = everything()
    with pytest.raises(ActionIdReused):
        act(reservation, used, desk)
    assert everything() == state


def test_a_refusal_writes_nothing_and_says_which_question(session: ScheduledSession, desk: StaffLogin) -> None:
    taken = [booked(session) for _ in range(3)]
    blocked = MemberFactory(studio=session.studio, blocked_reason="unpaid")
    cases: list[tuple[Question, Callable[[], Done]]] = [
        (Question.FULL, lambda: booked_now(session, MemberFactory(studio=session.studio), desk)),
        (Question.ALREADY_BOOKED, lambda: booked_now(session, taken[0].member, desk)),
        (Question.MEMBER_BLOCKED, lambda: booked_now(session, blocked, desk)),
        (Question.OTHER_DAY, lambda: actions.check_in(taken[0], action_id=uuid4(), by=desk, now=at("12:00", days=-1))),
        (Question.NOT_STARTED, lambda: actions.mark_no_show(taken[0], action_id=uuid4(), by=desk, now=BEFORE)),
        (Question.OUTCOME_MISSING, lambda: cancel_without_outcome(taken[0], desk)),
        (Question.UNDONE_ALREADY, lambda: reverted(taken[0], uuid4(), desk)),
        (Question.UNDONE_ALREADY, lambda: reinstated(taken[0], uuid4(), desk)),
        (
            Question.CORRECTION_LIMIT,
            lambda: actions.withdraw(taken[0], action_id=uuid4(), by=desk, now=at("20:00", days=3)),
        ),
    ]
    for expected, act in cases:
        state = everything()
        with pytest.raises(Refused) as refused:
            act()
        assert question(refused) is expected
        assert everything() == state


@pytest.mark.parametrize("act", [cancel_late, check_in, no_show])
def test_a_failing_receiver_takes_everything_back(session: ScheduledSession, desk: StaffLogin, act: Act) -> None:
    reservation = booked(session)
    state = everything()

    def fail(**_: object) -> None:
        raise RuntimeError("receiver")

    reservation_changed.connect(fail)
    try:
        with pytest.raises(RuntimeError, match="receiver"):
            act(reservation, uuid4(), desk)
    finally:
        reservation_changed.disconnect(fail)
    assert everything() == state


def test_an_action_asks_the_same_number_of_questions_however_full_the_class_is(desk: StaffLogin) -> None:
    session = evening_class(studio=desk.studio, item__location__studio=desk.studio, item__capacity=40)

    def queries(act: Act) -> int:
        reservation = booked(session)
        with CaptureQueriesContext(connection) as counted:
            act(reservation, uuid4(), desk)
        return len(counted)

    acts = (check_in, no_show, cancel_late, withdrawn)
    few = [queries(act) for act in acts]
    for _ in range(20):
        booked(session)
    assert [queries(act) for act in acts] == few


@pytest.mark.parametrize(
    ("first", "then"), [(cancel_late, excuse), (excuse, cancel_late), (cancel_late, cancel_in_time)]
)
def test_a_cancellation_repeated_with_another_outcome_is_refused(
    session: ScheduledSession, desk: StaffLogin, first: Act, then: Act
) -> None:
    reservation, action_id = booked(session), uuid4()
    first(reservation, action_id, desk)
    state = everything()
    with pytest.raises(ActionIdReused):
        then(reservation, action_id, desk)
    assert first(reservation, action_id, desk).repeated
    assert everything() == state
