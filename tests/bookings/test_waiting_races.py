"""Many at once on one waiting list, with real threads on real PostgreSQL: nothing is lost, nothing is doubled."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import Refused, Waited
from bookings.models import Reservation, ScheduledSession, WaitingEntry
from bookings.rules import CancelAs, Question
from portal.models import Job, Member
from tests.at_once import at_once
from tests.bookings.scenes import at
from tests.bookings.test_races import outcomes as outcomes_of_bookings
from tests.bookings.waits import BEFORE, full_class, give_up, join, places, states
from tests.factories import MemberFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db(transaction=True)


def joining(session: ScheduledSession, member: Member) -> Callable[[], Waited]:
    return partial(actions.join_waiting, session, member, source="direct", action_id=uuid4(), by=None, now=BEFORE)


def cancelling(reservation: Reservation, *, now: Any = BEFORE) -> Callable[[], Any]:
    return partial(actions.cancel, reservation, outcome=CancelAs.LATE, action_id=uuid4(), by=None, now=now)


def accepting(entry: WaitingEntry, *, now: Any = BEFORE, action_id: Any = None) -> Callable[[], Waited]:
    return partial(actions.accept_place, entry, action_id=action_id or uuid4(), by=None, now=now)


def outcomes(results: list[Any]) -> dict[str, int]:
    def word(result: Any) -> str:
        if isinstance(result, Waited):
            return "repeated" if result.repeated else "done"
        return next(iter(outcomes_of_bookings([result])))

    found: dict[str, int] = {}
    for result in results:
        found[word(result)] = found.get(word(result), 0) + 1
    return found


@pytest.mark.parametrize("capacity", [1, 3])
def test_one_cancels_and_ten_join_at_once(capacity: int) -> None:
    """Whoever joins before the cancellation waits, whoever comes after it finds the place held or free: one offer at
    most, to the first on the list, and no place is lost."""
    for _ in range(8):
        session, (kim, *_) = full_class(capacity)
        members = MemberFactory.create_batch(10, studio=session.studio)
        results = at_once([cancelling(kim), *[joining(session, member) for member in members]])
        errors = [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)]
        assert errors == []
        said = outcomes(results[1:])
        # Free only for those who came between the cancellation and the first who waits, and then nobody waits before.
        assert set(said) <= {"done", Question.NOT_FULL.value}
        lined_up = states(session)
        assert len(lined_up) == said.get("done", 0)
        taken, held = places(session)
        assert taken == capacity - 1
        # A list that stands has the place offered to its first, else it is free and nobody waits.
        assert (held, *lined_up[:1]) in {(1, "offered"), (0,)}
        assert set(lined_up[1:]) <= {"waiting"}
        assert Job.objects.filter(kind="bookings.mail_place_free", studio=session.studio).count() == held


def test_a_freed_place_is_either_offered_or_booked_while_ten_book_at_once() -> None:
    for _ in range(6):
        session, (kim,) = full_class(1)
        entry = join(session)
        strangers = MemberFactory.create_batch(10, studio=session.studio)
        given: dict[str, Any] = {"source": "direct", "by": None, "now": BEFORE}
        results = at_once(
            [
                cancelling(kim),
                *[partial(actions.reserve, session, one, action_id=uuid4(), **given) for one in strangers],
            ]
        )
        assert set(outcomes(results[1:])) <= {Question.FULL.value, Question.HELD.value}
        assert places(session) == (0, 1)
        entry.refresh_from_db()
        assert entry.state == "offered"


def test_two_accepts_at_once_are_one_place() -> None:
    for _ in range(12):
        session, (kim, _) = full_class()
        entry = join(session)
        give_up(kim)
        results = at_once([accepting(entry), accepting(entry)])
        assert outcomes(results) == {"done": 1, Question.ALREADY_BOOKED.value: 1}
        assert places(session) == (2, 0)
        assert session.reservations.active().filter(member=entry.member).count() == 1


def test_one_accept_sent_twenty_times_is_one_place() -> None:
    session, (kim, _) = full_class()
    entry, action_id = join(session), uuid4()
    give_up(kim)
    results = at_once([accepting(entry, action_id=action_id)] * 20)
    assert outcomes(results) == {"done": 1, "repeated": 19}
    assert places(session) == (2, 0)


def test_an_accept_and_a_decline_at_once_are_one_answer() -> None:
    for _ in range(12):
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim)
        decline = partial(actions.decline_place, first, action_id=uuid4(), by=None, now=BEFORE)
        accepted, declined = at_once([accepting(first), decline])
        second.refresh_from_db()
        if isinstance(accepted, Waited):
            assert isinstance(declined, Refused)
            assert (places(session), second.state) == ((2, 0), "waiting")
        else:
            assert isinstance(declined, Waited)
            assert (places(session), second.state) == ((1, 1), "offered")


def test_the_clock_and_an_answer_in_the_last_second() -> None:
    """The clock of the sweep is past the end of the hold, that of the member is not: one wins, and the place is one."""
    won: set[str] = set()
    for _ in range(15):
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim)
        accepted, swept = at_once([accepting(first, now=at("12:59")), partial(actions.sweep_waiting, now=at("13:00"))])
        assert not isinstance(swept, Exception)
        second.refresh_from_db()
        if isinstance(accepted, Waited):
            assert (places(session), second.state) == ((2, 0), "waiting")
        else:
            assert outcomes([accepted]) == {Question.OFFER_LAPSED.value: 1}
            assert (places(session), second.state) == ((1, 1), "offered")
        won.add(type(accepted).__name__)
    assert won


def test_two_sweeps_and_a_booking_at_once_offer_once() -> None:
    for _ in range(10):
        session, (kim, _) = full_class()
        first, second = join(session), join(session)
        give_up(kim)
        stranger = MemberFactory(studio=session.studio)
        sweep = partial(actions.sweep_waiting, now=at("13:00"))
        book = partial(actions.reserve, session, stranger, source="direct", action_id=uuid4(), by=None, now=at("13:00"))
        results = at_once([sweep, sweep, book])
        assert outcomes(results[2:]) == {Question.HELD.value: 1}
        assert [one for one in results[:2] if isinstance(one, Exception)] == []
        assert states(session) == ["lapsed", "offered"]
        assert places(session) == (1, 1)
        assert list(first.events.order_by("id").values_list("kind", flat=True)) == ["joined", "offered", "lapsed"]
        assert Job.objects.filter(kind="bookings.mail_place_free", payload={"entry": second.pk}).count() == 1


def test_everything_at_once_loses_and_doubles_nothing() -> None:
    """Joins, cancellations, answers, staff and sweeps in all directions on three classes: no deadlock, right counts."""
    desk = StaffLoginFactory()
    made = [full_class(4, item__location__studio=desk.studio) for _ in range(3)]
    sessions = [session for session, _ in made]
    rows = [row for _, booked_rows in made for row in booked_rows]
    entries = [join(session) for session in sessions for _ in range(3)]
    members = MemberFactory.create_batch(12, studio=desk.studio)

    def verb(turn: int) -> Callable[[], Any]:
        given: dict[str, Any] = {"action_id": uuid4(), "by": desk, "now": at("12:30")}
        session, entry, row = sessions[turn % 3], entries[turn % len(entries)], rows[turn % len(rows)]
        return [
            lambda: actions.join_waiting(session, members[turn % 12], source="desk", **given),
            lambda: actions.cancel(row, outcome=CancelAs.EXCUSED, **given),
            lambda: actions.accept_place(entry, **given),
            lambda: actions.decline_place(entry, **given),
            lambda: actions.promote(entry, **given),
            lambda: actions.leave_waiting(entry, **given),
            lambda: actions.reserve(session, members[turn % 12], source="desk", **given),
            lambda: actions.check_in(row, **given),
            lambda: actions.sweep_waiting(now=at("13:40")),
        ][turn * 5 % 9 if turn % 2 else turn % 9]

    results = at_once([verb(turn) for turn in range(240)])
    assert [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)] == []
    for session in sessions:
        taken, held = places(session)
        assert taken + held <= 4
        active = session.reservations.active().values_list("member_id", flat=True)
        assert len(set(active)) == len(active)
        # A place is free only when nobody who can come is waiting for it.
        actions.sweep_waiting(now=at("13:40"))
        taken, held = places(session)
        assert taken + held == 4 or "waiting" not in states(session)
