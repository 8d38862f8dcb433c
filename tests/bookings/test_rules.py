"""The rules alone: every question with its border, on a class from 18:00 to 19:00."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules import (
    Answer,
    Attendance,
    AttendanceFacts,
    Booking,
    BookingFacts,
    CancelAs,
    CancelFacts,
    Deadline,
    Decision,
    Origin,
    Question,
    Standing,
    State,
    Step,
    UndoFacts,
    cancellation_deadline,
    may_book,
    may_cancel,
    may_check_in,
    may_mark_no_show,
    may_undo,
    minutes_late,
    nothing_to_undo,
    state_of,
    ways_to_cancel,
)

DAY = date(2026, 6, 10)
SECOND = timedelta(seconds=1)


def at(clock: str, *, days: int = 0) -> datetime:
    hour, minute = clock.split(":")
    return datetime(DAY.year, DAY.month, DAY.day, int(hour), int(minute), tzinfo=UTC) + timedelta(days=days)


START, END, LIMIT = at("18:00"), at("19:00"), at("19:00", days=3)


def refusal(decision: Decision) -> Question | None:
    return decision.refusal.question if decision.refusal else None


STANDING = Standing(
    booking=Booking.BOOKED,
    attendance=Attendance.UNKNOWN,
    excused=False,
    session_cancelled=False,
    starts_at=START,
    ends_at=END,
    grace=timedelta(0),
)


class TestStateOf:
    @pytest.mark.parametrize(
        ("now", "state"),
        [
            (at("17:59"), State.BOOKED),
            (START - SECOND, State.BOOKED),
            (at("18:00"), State.NO_CHECK_IN),
            (at("18:59"), State.NO_CHECK_IN),
            (END - SECOND, State.NO_CHECK_IN),
            (at("19:00"), State.NO_SHOW),
            (at("19:00", days=400), State.NO_SHOW),
        ],
    )
    def test_the_clock_names_what_nobody_ticked(self, now: datetime, state: State) -> None:
        assert state_of(STANDING, now=now) is state

    def test_a_tick_after_the_end_is_attended(self) -> None:
        assert state_of(replace(STANDING, attendance=Attendance.CHECKED_IN), now=at("19:10")) is State.CHECKED_IN

    @pytest.mark.parametrize(
        ("now", "state"),
        [(at("19:00"), State.NO_CHECK_IN), (at("19:14"), State.NO_CHECK_IN), (at("19:15"), State.NO_SHOW)],
    )
    def test_grace_moves_the_no_show(self, now: datetime, state: State) -> None:
        assert state_of(replace(STANDING, grace=timedelta(minutes=15)), now=now) is state

    @pytest.mark.parametrize("now", [at("12:00"), at("18:00"), at("19:00"), at("19:00", days=9)])
    @pytest.mark.parametrize(
        ("known", "state"),
        [
            ({"booking": Booking.LATE_CANCELLED}, State.LATE_CANCELLED),
            ({"booking": Booking.CANCELLED}, State.CANCELLED),
            ({"booking": Booking.CANCELLED, "excused": True}, State.EXCUSED),
            ({"session_cancelled": True}, State.SESSION_CANCELLED),
            # Nobody is a no-show of a class that did not happen (Q27), stamped or not.
            ({"session_cancelled": True, "attendance": Attendance.NO_SHOW}, State.SESSION_CANCELLED),
            # Who gave the place up before the class was called off gave it up.
            ({"session_cancelled": True, "booking": Booking.LATE_CANCELLED}, State.LATE_CANCELLED),
            ({"attendance": Attendance.NO_SHOW}, State.NO_SHOW),
            # A check-in happened, whatever is said of the rest.
            ({"session_cancelled": True, "attendance": Attendance.CHECKED_IN}, State.CHECKED_IN),
        ],
    )
    def test_what_is_recorded_outweighs_the_clock(self, known: dict[str, object], state: State, now: datetime) -> None:
        assert state_of(replace(STANDING, **known), now=now) is state  # type: ignore[arg-type]


BOOKING = BookingFacts(
    session_cancelled_at=None,
    starts_at=START,
    opens_at=at("18:00", days=-7),
    closes_at=at("17:30"),
    correction_until=LIMIT,
    capacity=20,
    taken=19,
    booked_already_at=None,
    elsewhere=None,
    blocked_reason="",
    by_staff=False,
)


class TestMayBook:
    def test_yes_carries_every_question_with_its_fact(self) -> None:
        decision = may_book(BOOKING, now=at("12:00"))
        assert decision.allowed
        assert decision.warnings == ()
        assert decision.path == (
            Step(Question.SESSION_CANCELLED, Answer.FINE),
            Step(Question.MEMBER_BLOCKED, Answer.FINE),
            Step(Question.ALREADY_BOOKED, Answer.FINE),
            Step(Question.CORRECTION_LIMIT, Answer.FINE, LIMIT),
            Step(Question.STARTED, Answer.FINE, START),
            Step(Question.NOT_OPEN_YET, Answer.FINE, at("18:00", days=-7)),
            Step(Question.CLOSED, Answer.FINE, at("17:30")),
            Step(Question.FULL, Answer.FINE, 20),
            Step(Question.PAID, Answer.FINE),
            Step(Question.ELSEWHERE, Answer.FINE),
        )

    @pytest.mark.parametrize("by_staff", [False, True])
    @pytest.mark.parametrize(
        ("facts", "question", "fact"),
        [
            ({"session_cancelled_at": at("09:00")}, Question.SESSION_CANCELLED, at("09:00")),
            ({"blocked_reason": "unpaid"}, Question.MEMBER_BLOCKED, "unpaid"),
            ({"booked_already_at": at("08:00")}, Question.ALREADY_BOOKED, at("08:00")),
            ({"taken": 20}, Question.FULL, 20),
            ({"taken": 21}, Question.FULL, 20),
            ({"capacity": 0, "taken": 0}, Question.FULL, 0),
        ],
    )
    def test_nobody_may(self, facts: dict[str, object], question: Question, fact: object, by_staff: bool) -> None:
        decision = may_book(replace(BOOKING, by_staff=by_staff, **facts), now=at("12:00"))  # type: ignore[arg-type]
        assert decision.refusal == Step(question, Answer.REFUSED, fact)  # type: ignore[arg-type]
        assert decision.path[-1] == decision.refusal

    @pytest.mark.parametrize(
        ("now", "question"),
        [
            (at("18:00", days=-7) - SECOND, Question.NOT_OPEN_YET),
            (at("18:00", days=-7), None),
            (at("17:30") - SECOND, None),
            (at("17:30"), Question.CLOSED),
            (START - SECOND, Question.CLOSED),
            (START, Question.STARTED),
        ],
    )
    def test_members_keep_to_the_hours_and_staff_are_warned(self, now: datetime, question: Question | None) -> None:
        assert refusal(may_book(BOOKING, now=now)) is question
        by_staff = may_book(replace(BOOKING, by_staff=True), now=now)
        assert by_staff.allowed
        # At the start a class is closed too: staff hear both.
        expected = {
            None: [],
            Question.STARTED: [Question.STARTED, Question.CLOSED],
        }.get(question, [question])
        assert [step.question for step in by_staff.warnings] == expected

    @pytest.mark.parametrize(("now", "allowed"), [(LIMIT, True), (LIMIT + SECOND, False)])
    def test_staff_may_until_the_correction_limit(self, now: datetime, allowed: bool) -> None:
        decision = may_book(replace(BOOKING, by_staff=True), now=now)
        assert refusal(decision) is (None if allowed else Question.CORRECTION_LIMIT)

    def test_no_capacity_is_never_full(self) -> None:
        assert may_book(replace(BOOKING, capacity=None, taken=10_000), now=at("12:00")).allowed

    def test_no_hours_bind_nobody_before_the_start(self) -> None:
        free = replace(BOOKING, opens_at=None, closes_at=None)
        assert may_book(free, now=at("12:00", days=-300)).allowed
        assert may_book(free, now=START - SECOND).allowed
        assert refusal(may_book(free, now=START)) is Question.STARTED

    def test_elsewhere_at_that_time_warns_and_does_not_block(self) -> None:
        decision = may_book(replace(BOOKING, elsewhere="Yin yoga"), now=at("12:00"))
        assert decision.allowed
        assert decision.warnings == (Step(Question.ELSEWHERE, Answer.WARNING, "Yin yoga"),)

    @given(
        cancelled=st.booleans(),
        blocked=st.booleans(),
        booked=st.booleans(),
        full=st.booleans(),
        by_staff=st.booleans(),
        hours=st.integers(-200, 200),
    )
    def test_the_first_no_in_the_order_of_the_questions_ends_the_path(
        self, cancelled: bool, blocked: bool, booked: bool, full: bool, by_staff: bool, hours: int
    ) -> None:
        now = START + timedelta(hours=hours)
        decision = may_book(
            replace(
                BOOKING,
                session_cancelled_at=now if cancelled else None,
                blocked_reason="unpaid" if blocked else "",
                booked_already_at=now if booked else None,
                taken=20 if full else 0,
                by_staff=by_staff,
            ),
            now=now,
        )
        noes = [
            (cancelled, Question.SESSION_CANCELLED),
            (blocked, Question.MEMBER_BLOCKED),
            (booked, Question.ALREADY_BOOKED),
            (now > LIMIT, Question.CORRECTION_LIMIT),
            (now >= START and not by_staff, Question.STARTED),
            (now < at("18:00", days=-7) and not by_staff, Question.NOT_OPEN_YET),
            (now >= at("17:30") and not by_staff, Question.CLOSED),
            (full, Question.FULL),
        ]
        assert refusal(decision) is next((question for no, question in noes if no), None)
        assert [step.answer for step in decision.path[:-1]].count(Answer.REFUSED) == 0


class TestCancellationDeadline:
    @pytest.mark.parametrize(
        ("contract", "item", "location", "hours", "origin"),
        [
            (4, 6, 8, 4, Origin.CONTRACT),
            (None, 6, 8, 6, Origin.ITEM),
            (None, None, 8, 8, Origin.LOCATION),
            (None, None, None, 24, Origin.STUDIO),
            # 0 hours is a rule ("until the start"), not a missing one.
            (0, 6, 8, 0, Origin.CONTRACT),
            (None, 0, 8, 0, Origin.ITEM),
            (None, None, 0, 0, Origin.LOCATION),
        ],
    )
    def test_the_nearest_rule_wins(
        self, contract: int | None, item: int | None, location: int | None, hours: int, origin: Origin
    ) -> None:
        deadline = cancellation_deadline(
            START, contract_hours=contract, item_hours=item, location_hours=location, studio_hours=24
        )
        assert deadline == Deadline(START - timedelta(hours=hours), origin)

    def test_six_hours_before_is_in_time_by_contract_and_late_for_a_direct_member(self) -> None:
        """Q20: studio 24 h, contract 4 h."""
        now = START - timedelta(hours=6)
        direct = cancellation_deadline(START, item_hours=None, location_hours=None, studio_hours=24)
        wellpass = cancellation_deadline(START, contract_hours=4, item_hours=None, location_hours=None, studio_hours=24)
        assert ways_to_cancel(replace(CANCEL, deadline_at=wellpass.at), now=now) == (CancelAs.IN_TIME,)
        assert ways_to_cancel(replace(CANCEL, deadline_at=direct.at), now=now) == (CancelAs.LATE,)


CANCEL = CancelFacts(
    booking=Booking.BOOKED,
    attendance=Attendance.UNKNOWN,
    starts_at=START,
    deadline_at=at("06:00"),
    correction_until=LIMIT,
    checked_in_at=None,
    by_staff=False,
)


class TestCancelling:
    @pytest.mark.parametrize(
        ("now", "member", "staff"),
        [
            (at("06:00"), (CancelAs.IN_TIME,), (CancelAs.IN_TIME,)),
            (at("06:00") + SECOND, (CancelAs.LATE,), (CancelAs.LATE, CancelAs.EXCUSED)),
            (START - SECOND, (CancelAs.LATE,), (CancelAs.LATE, CancelAs.EXCUSED)),
            (START, (), (CancelAs.LATE, CancelAs.EXCUSED)),
            (LIMIT, (), (CancelAs.LATE, CancelAs.EXCUSED)),
        ],
    )
    def test_the_outcome_follows_the_clock(
        self, now: datetime, member: tuple[CancelAs, ...], staff: tuple[CancelAs, ...]
    ) -> None:
        for by_staff, ways in ((False, member), (True, staff)):
            facts = replace(CANCEL, by_staff=by_staff)
            assert ways_to_cancel(facts, now=now) == ways
            for outcome in CancelAs:
                assert may_cancel(facts, outcome=outcome, now=now).allowed == (outcome in ways)

    def test_a_deadline_of_zero_hours_ends_at_the_start(self) -> None:
        facts = replace(CANCEL, deadline_at=START)
        assert ways_to_cancel(facts, now=START - SECOND) == (CancelAs.IN_TIME,)
        assert ways_to_cancel(facts, now=START) == ()

    @pytest.mark.parametrize(
        ("known", "outcome", "now", "question"),
        [
            ({"booking": Booking.CANCELLED}, CancelAs.IN_TIME, at("05:00"), Question.RESERVATION_CANCELLED),
            ({"booking": Booking.LATE_CANCELLED}, CancelAs.LATE, at("12:00"), Question.RESERVATION_CANCELLED),
            # Q11: a check-in must be taken back first.
            ({"attendance": Attendance.CHECKED_IN}, CancelAs.LATE, at("18:10"), Question.CHECKED_IN),
            ({"attendance": Attendance.CHECKED_IN}, CancelAs.IN_TIME, at("05:00"), Question.CHECKED_IN),
            ({"by_staff": True}, CancelAs.LATE, LIMIT + SECOND, Question.CORRECTION_LIMIT),
            # Q11: members cannot cancel after the start.
            ({}, CancelAs.LATE, START, Question.STARTED),
            # Q11: staff must say which.
            ({"by_staff": True}, None, at("18:10"), Question.OUTCOME_MISSING),
            ({}, None, at("05:00"), Question.OUTCOME_MISSING),
            ({"by_staff": True}, CancelAs.IN_TIME, at("12:00"), Question.DEADLINE_PASSED),
            ({}, CancelAs.EXCUSED, at("12:00"), Question.DEADLINE_PASSED),
        ],
    )
    def test_no(self, known: dict[str, object], outcome: CancelAs | None, now: datetime, question: Question) -> None:
        assert refusal(may_cancel(replace(CANCEL, **known), outcome=outcome, now=now)) is question  # type: ignore[arg-type]

    def test_staff_may_cancel_a_no_show_afterwards(self) -> None:
        facts = replace(CANCEL, attendance=Attendance.NO_SHOW, by_staff=True)
        assert may_cancel(facts, outcome=CancelAs.EXCUSED, now=at("20:00")).allowed


ATTENDANCE = AttendanceFacts(
    booking=Booking.BOOKED,
    session_cancelled_at=None,
    starts_at=START,
    starts_on=DAY,
    today=DAY,
    correction_until=LIMIT,
)


class TestCheckingIn:
    @pytest.mark.parametrize(
        ("now", "today", "question", "warned"),
        [
            (at("00:00") - SECOND, DAY - timedelta(days=1), Question.OTHER_DAY, False),
            (at("00:00"), DAY, None, True),
            (at("17:00") - SECOND, DAY, None, True),
            (at("17:00"), DAY, None, False),
            (START, DAY, None, False),
            (at("19:10"), DAY, None, False),
            (at("09:00", days=1), DAY + timedelta(days=1), None, False),
            (LIMIT, DAY + timedelta(days=3), None, False),
            (LIMIT + SECOND, DAY + timedelta(days=3), Question.CORRECTION_LIMIT, False),
        ],
    )
    def test_from_the_first_minute_of_the_day_to_the_limit(
        self, now: datetime, today: date, question: Question | None, warned: bool
    ) -> None:
        decision = may_check_in(replace(ATTENDANCE, today=today), now=now)
        assert refusal(decision) is question
        assert [step.question for step in decision.warnings] == ([Question.EARLY] if warned else [])

    @pytest.mark.parametrize(
        ("known", "question"),
        [
            ({"session_cancelled_at": at("09:00")}, Question.SESSION_CANCELLED),
            ({"booking": Booking.CANCELLED}, Question.RESERVATION_CANCELLED),
            ({"booking": Booking.LATE_CANCELLED}, Question.RESERVATION_CANCELLED),
        ],
    )
    def test_no(self, known: dict[str, object], question: Question) -> None:
        facts = replace(ATTENDANCE, **known)  # type: ignore[arg-type]
        assert refusal(may_check_in(facts, now=START)) is question
        assert refusal(may_mark_no_show(facts, attendance=Attendance.UNKNOWN, now=START)) is question

    @pytest.mark.parametrize(
        ("attendance", "now", "question"),
        [
            (Attendance.UNKNOWN, START - SECOND, Question.NOT_STARTED),
            (Attendance.UNKNOWN, START, None),
            (Attendance.NO_SHOW, START, None),
            (Attendance.CHECKED_IN, START, Question.CHECKED_IN),
            (Attendance.UNKNOWN, LIMIT, None),
            (Attendance.UNKNOWN, LIMIT + SECOND, Question.CORRECTION_LIMIT),
        ],
    )
    def test_a_no_show_is_said_from_the_start_to_the_limit(
        self, attendance: Attendance, now: datetime, question: Question | None
    ) -> None:
        assert refusal(may_mark_no_show(ATTENDANCE, attendance=attendance, now=now)) is question

    @pytest.mark.parametrize(
        ("ticked", "minutes"),
        [(at("17:40"), 0), (START, 0), (START + 59 * SECOND, 0), (at("18:01"), 1), (at("19:10"), 70)],
    )
    def test_lateness_is_whole_minutes(self, ticked: datetime, minutes: int) -> None:
        assert minutes_late(checked_in_at=ticked, starts_at=START) == minutes


UNDO = UndoFacts(
    undone_already=False,
    changed_since=False,
    correction_until=LIMIT,
    needs_place=False,
    session_cancelled_at=None,
    booked_again_at=None,
    capacity=20,
    taken=20,
)


class TestUndoing:
    @pytest.mark.parametrize(
        ("known", "now", "question"),
        [
            ({}, LIMIT, None),
            ({}, LIMIT + SECOND, Question.CORRECTION_LIMIT),
            ({"undone_already": True, "changed_since": True}, START, Question.UNDONE_ALREADY),
            ({"changed_since": True}, START, Question.CHANGED_SINCE),
            ({"needs_place": True}, START, Question.FULL),
            ({"needs_place": True, "taken": 19}, START, None),
            ({"needs_place": True, "capacity": None}, START, None),
            ({"needs_place": True, "taken": 19, "booked_again_at": START}, START, Question.ALREADY_BOOKED),
            ({"needs_place": True, "taken": 19, "session_cancelled_at": START}, START, Question.SESSION_CANCELLED),
        ],
    )
    def test_only_the_last_change_once_and_with_a_place(
        self, known: dict[str, object], now: datetime, question: Question | None
    ) -> None:
        assert refusal(may_undo(replace(UNDO, **known), now=now)) is question  # type: ignore[arg-type]

    def test_a_tick_is_taken_back_in_a_full_or_cancelled_class(self) -> None:
        facts = replace(UNDO, session_cancelled_at=START, booked_again_at=START)
        assert may_undo(facts, now=START).allowed

    def test_nothing_to_undo_is_a_refusal(self) -> None:
        assert refusal(nothing_to_undo()) is Question.UNDONE_ALREADY


def test_every_combination_of_the_axes_has_one_word() -> None:
    """No combination falls through, and only the clock's three words depend on the clock."""
    for booking, attendance, excused, session_cancelled in product(Booking, Attendance, (False, True), (False, True)):
        standing = replace(
            STANDING, booking=booking, attendance=attendance, excused=excused, session_cancelled=session_cancelled
        )
        words = {state_of(standing, now=now) for now in (START - SECOND, START, END)}
        by_clock = {State.BOOKED, State.NO_CHECK_IN, State.NO_SHOW}
        assert len(words) == 1 or words == by_clock
