"""Every verb: one transaction, one event, one pulse; repeated, it changes nothing; refused, it writes nothing."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.actions import ActionIdReused, Done, Refused
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking, CancelAs, Origin, Question, State
from bookings.signals import reservation_changed
from portal.models import Member, StaffLogin
from tests.bookings.scenes import at, booked, evening_class, everything, fresh, kinds, pulse
from tests.factories import LocationFactory, MemberFactory, RoomFactory, SpotFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

BEFORE, DURING, AFTER = at("12:00"), at("18:20"), at("19:10")
UNTOUCHED = {"booking": "booked", "attendance": "unknown", "excused": False}


@pytest.fixture
def session() -> ScheduledSession:
    return evening_class(item__capacity=3)


@pytest.fixture
def desk(session: ScheduledSession) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio)


def question(error: pytest.ExceptionInfo[Refused]) -> Question:
    assert error.value.decision.refusal is not None
    return error.value.decision.refusal.question


Act = Callable[[Reservation, UUID, StaffLogin], Done]


def cancel_late(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=CancelAs.LATE, action_id=action_id, by=by, now=DURING)


def excuse(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=CancelAs.EXCUSED, action_id=action_id, by=by, now=DURING)


def cancel_in_time(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=action_id, by=by, now=at("12:00", days=-1))


def check_in(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.check_in(reservation, action_id=action_id, by=by, now=DURING)


def no_show(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.mark_no_show(reservation, action_id=action_id, by=by, now=DURING)


def reverted(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.revert_check_in(reservation, action_id=action_id, by=by, now=AFTER)


def no_show_reverted(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.revert_no_show(reservation, action_id=action_id, by=by, now=AFTER)


def reinstated(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.reinstate(reservation, action_id=action_id, by=by, now=AFTER)


def withdrawn(reservation: Reservation, action_id: UUID, by: StaffLogin) -> Done:
    return actions.withdraw(reservation, action_id=action_id, by=by, now=AFTER)


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


def test_reserving_copies_what_was_agreed(desk: StaffLogin, session: ScheduledSession) -> None:
    action_id, member = uuid4(), MemberFactory(studio=session.studio)
    done = actions.reserve(session, member, source="direct", action_id=action_id, by=desk, now=BEFORE)
    row = fresh(done.reservation)
    assert (row.member, row.session, row.studio, row.location) == (member, session, session.studio, session.location)
    assert (row.starts_at, row.ends_at, row.booked_at, row.source) == (
        session.starts_at,
        session.ends_at,
        BEFORE,
        "direct",
    )
    assert (row.deadline_at, row.deadline_from) == (session.starts_at - timedelta(hours=12), Origin.STUDIO)
    event = row.events.get()
    assert (event.kind, event.before, event.after, event.by, event.version) == ("reserved", {}, UNTOUCHED, desk, 1)
    session.refresh_from_db()
    assert session.places_taken == 1

    state = everything()
    again = actions.reserve(session, member, source="direct", action_id=action_id, by=desk, now=BEFORE)
    assert (again.repeated, again.reservation) == (True, row)
    stranger, other = MemberFactory(studio=session.studio), evening_class(item=session.item)
    with pytest.raises(ActionIdReused):
        actions.reserve(session, stranger, source="direct", action_id=action_id, by=desk, now=BEFORE)
    with pytest.raises(ActionIdReused):
        actions.reserve(other, member, source="direct", action_id=action_id, by=desk, now=BEFORE)
    assert everything()[:2] == state[:2]


def test_a_members_own_booking_is_recorded_as_theirs(session: ScheduledSession) -> None:
    event = booked(session).events.get()
    assert (event.by, event.by_word) == (None, "member")


@pytest.mark.parametrize(
    ("item", "location", "hours", "origin"),
    [(6, 8, 6, Origin.ITEM), (None, 8, 8, Origin.LOCATION), (None, None, 24, Origin.STUDIO), (0, 8, 0, Origin.ITEM)],
)
def test_the_deadline_is_copied_and_later_changes_never_touch_it(
    item: int | None, location: int | None, hours: int, origin: Origin
) -> None:
    place = LocationFactory(cancel_hours=location, studio__cancel_hours=24)
    session = evening_class(item__location=place, item__cancel_hours=item)
    reservation = booked(session)
    place.studio.__class__.objects.update(cancel_hours=1)
    place.__class__.objects.update(cancel_hours=1)
    session.item.__class__.objects.update(cancel_hours=1)
    row = fresh(reservation)
    assert (row.deadline_at, row.deadline_from) == (session.starts_at - timedelta(hours=hours), origin)


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


def booked_now(session: ScheduledSession, member: Member, by: StaffLogin | None, now: datetime = BEFORE) -> Done:
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=by, now=now)


def cancel_without_outcome(reservation: Reservation, by: StaffLogin) -> Done:
    return actions.cancel(reservation, outcome=None, action_id=uuid4(), by=by, now=DURING)


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


class TestCheckingIn:
    def test_someone_who_is_in_stays_in_with_the_first_time(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        first = actions.check_in(reservation, action_id=uuid4(), by=desk, now=at("18:02"))
        state = everything()
        second = actions.check_in(
            reservation, action_id=uuid4(), by=StaffLoginFactory(studio=session.studio), now=at("18:05")
        )
        assert (second.repeated, second.event) == (True, first.event)
        assert (second.reservation.checked_in_at, second.reservation.checked_in_by) == (at("18:02"), desk)
        assert everything() == state

    def test_q4_a_tick_at_ten_past_turns_the_no_show_into_attended(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        assert actions.sweep_no_shows(now=at("19:05")) == 1
        assert fresh(reservation).state(at("19:05")) is State.NO_SHOW
        actions.check_in(reservation, action_id=uuid4(), by=desk, now=AFTER)
        row = fresh(reservation)
        assert (row.state(AFTER), row.checked_in_at, row.checked_in_by) == (State.CHECKED_IN, AFTER, desk)
        assert kinds(reservation) == ["reserved", "no_show", "checked_in"]

    def test_undo_takes_back_the_last_tick_only_and_keeps_all_in_the_log(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        first = check_in(reservation, uuid4(), desk)
        reverted(reservation, uuid4(), desk)
        second = actions.check_in(reservation, action_id=uuid4(), by=desk, now=AFTER)
        with pytest.raises(Refused) as refused:
            actions.undo(first.event, action_id=uuid4(), by=desk, now=AFTER)
        assert question(refused) is Question.UNDONE_ALREADY
        undone = actions.undo(second.event, action_id=uuid4(), by=desk, now=AFTER)
        assert undone.event.undoes == second.event
        row = fresh(reservation)
        assert (row.attendance, row.checked_in_at, row.checked_in_by) == (Attendance.UNKNOWN, None, None)
        assert kinds(reservation) == ["reserved", *["checked_in", "check_in_reverted"] * 2]


class TestUndoing:
    def test_only_the_last_change(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        marked = no_show(reservation, uuid4(), desk)
        check_in(reservation, uuid4(), desk)
        state = everything()
        for event in (marked.event, reservation.events.get(kind="reserved")):
            with pytest.raises(Refused) as refused:
                actions.undo(event, action_id=uuid4(), by=desk, now=AFTER)
            assert question(refused) is Question.CHANGED_SINCE
        assert everything() == state

    def test_an_undo_is_not_undone(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        check_in(reservation, uuid4(), desk)
        back = reverted(reservation, uuid4(), desk)
        with pytest.raises(Refused) as refused:
            actions.undo(back.event, action_id=uuid4(), by=desk, now=AFTER)
        assert question(refused) is Question.UNDONE_ALREADY

    def test_one_id_undoes_one_change(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation, action_id = booked(session), uuid4()
        check_in(reservation, uuid4(), desk)
        reverted(reservation, action_id, desk)
        again = check_in(reservation, uuid4(), desk)
        with pytest.raises(ActionIdReused):
            actions.undo(again.event, action_id=action_id, by=desk, now=AFTER)
        # Asked for the reservation instead of the event, it answers with the tick that it took back then.
        assert reverted(reservation, action_id, desk).repeated
        assert fresh(reservation).attendance == Attendance.CHECKED_IN

    def test_a_cancellation_stays_when_the_place_is_gone(self, session: ScheduledSession, desk: StaffLogin) -> None:
        reservation = booked(session)
        cancel_in_time(reservation, uuid4(), desk)
        for _ in range(3):
            booked(session)
        with pytest.raises(Refused) as refused:
            reinstated(reservation, uuid4(), desk)
        assert question(refused) is Question.FULL

    def test_a_cancellation_stays_when_the_member_booked_again(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        cancel_in_time(reservation, uuid4(), desk)
        booked(session, reservation.member)
        with pytest.raises(Refused) as refused:
            reinstated(reservation, uuid4(), desk)
        assert question(refused) is Question.ALREADY_BOOKED

    def test_it_never_writes_the_time_of_a_session_on_the_move(
        self, session: ScheduledSession, desk: StaffLogin
    ) -> None:
        reservation = booked(session)
        check_in(reservation, uuid4(), desk)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            reverted(reservation, uuid4(), desk)
        [update] = [q["sql"] for q in queries if q["sql"].startswith('UPDATE "bookings_reservation"')]
        assert "starts_at" not in update.split("WHERE")[0]


class TestSpots:
    """Q29: the first free one in the fill order, skipping blocked ones; without one, a place is still a place."""

    @pytest.fixture
    def session(self) -> ScheduledSession:
        room = RoomFactory()
        for label, order, is_blocked in (("F1", 3, False), ("B1", 0, True), ("B2", 1, False), ("M1", 2, False)):
            SpotFactory(room=room, label=label, fill_order=order, is_blocked=is_blocked)
        SpotFactory(label="elsewhere", fill_order=0)
        return evening_class(item__location=room.location, item__capacity=5, room=room)

    def spots(self, *reservations: Reservation) -> list[str | None]:
        rows = [Reservation.objects.select_related("spot").get(pk=r.pk) for r in reservations]
        return [row.spot.label if row.spot else None for row in rows]

    def test_are_given_in_fill_order_without_the_blocked(self, session: ScheduledSession) -> None:
        assert self.spots(*[booked(session) for _ in range(4)]) == ["B2", "M1", "F1", None]

    def test_a_spot_given_up_is_the_next_one_given(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first, second = booked(session), booked(session)
        cancel_in_time(first, uuid4(), desk)
        assert self.spots(second, booked(session), booked(session)) == ["M1", "B2", "F1"]

    def test_a_reinstated_member_gets_the_old_spot_back(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first, second = booked(session), booked(session)
        cancel_late(second, uuid4(), desk)
        reinstated(second, uuid4(), desk)
        assert self.spots(first, second) == ["B2", "M1"]

    def test_or_another_one_when_it_was_given_away(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first, second = booked(session), booked(session)
        cancel_in_time(first, uuid4(), desk)
        third = booked(session)
        reinstated(first, uuid4(), desk)
        assert self.spots(first, second, third) == ["F1", "M1", "B2"]

    def test_or_none_when_all_are_taken(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first = booked(session)
        cancel_in_time(first, uuid4(), desk)
        others = [booked(session) for _ in range(3)]
        reinstated(first, uuid4(), desk)
        assert self.spots(first, *others) == [None, "B2", "M1", "F1"]


def test_without_a_room_there_is_no_spot(session: ScheduledSession) -> None:
    assert booked(session).spot is None


def test_elsewhere_at_that_time_is_a_warning_by_name(session: ScheduledSession, desk: StaffLogin) -> None:
    reservation = booked(session)
    touching = evening_class(item=session.item, starts_at=at("19:00"))
    overlapping = evening_class(item__name="Yin", item__location=session.location, starts_at=at("18:59"))
    assert booked_now(touching, reservation.member, desk).decision.warnings == ()
    [warning] = booked_now(overlapping, reservation.member, desk, now=at("12:30")).decision.warnings
    assert (warning.question, warning.fact) == (Question.ELSEWHERE, str(session.item))


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


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_places_and_log_add_up(seed: int) -> None:
    """A random walk of 120 steps: the count of places, the spots and the axes always follow from the log."""
    chance = random.Random(seed)
    room = RoomFactory()
    for order in range(2):
        SpotFactory(room=room, fill_order=order, label=str(order))
    session = evening_class(item__location=room.location, item__capacity=4, room=room)
    desk = StaffLoginFactory(studio=session.studio)
    members = [MemberFactory(studio=session.studio) for _ in range(6)]
    moments = [at("12:00", days=-1), BEFORE, at("18:01"), at("18:59"), AFTER, at("12:00", days=1)]
    refused = 0
    for _ in range(120):
        now = chance.choice(moments)  # also backwards: clocks of two servers differ
        rows = [*Reservation.objects.order_by("id")]
        row = chance.choice(rows) if rows else None
        verb = chance.choice(["reserve", "cancel", "check_in", "no_show", "undo", "sweep"])
        try:
            if row is None or verb == "reserve":
                booked_now(session, chance.choice(members), chance.choice([desk, None]), now)
            elif verb == "cancel":
                actions.cancel(row, outcome=chance.choice([*CancelAs]), action_id=uuid4(), by=desk, now=now)
            elif verb == "check_in":
                actions.check_in(row, action_id=uuid4(), by=desk, now=now)
            elif verb == "no_show":
                actions.mark_no_show(row, action_id=uuid4(), by=desk, now=now)
            elif verb == "undo":
                actions.undo(chance.choice([*row.events.order_by("id")]), action_id=uuid4(), by=desk, now=now)
            else:
                actions.sweep_no_shows(now=now)
        except Refused:
            refused += 1
        session.refresh_from_db()
        active = Reservation.objects.active().filter(session=session)
        assert session.places_taken == active.count() <= 4
        spots = [spot for spot in active.values_list("spot_id", flat=True) if spot]
        assert len(spots) == len(set(spots))
        for reservation in Reservation.objects.prefetch_related("events"):
            log = sorted(reservation.events.all(), key=lambda event: event.pk)
            assert all(a.after == b.before for a, b in pairwise(log))
            axes = {a: getattr(reservation, a) for a in ("booking", "attendance", "excused")}
            assert log[-1].after == axes
    assert 0 < refused < 120
    assert session.reservations.exclude(booking=Booking.BOOKED).exists()
    versions = list(ReservationEvent.objects.order_by("id").values_list("version", flat=True))
    assert versions == sorted(versions)
