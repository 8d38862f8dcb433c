"""Who may wait, who may answer, how many are offered a place: tables of cases."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bookings import rules
from bookings.rules import Answer, OfferFacts, Origin, Question, WaitFacts, Waiting
from tests.bookings.scenes import at

NOON, START = at("12:00"), at("18:00")

WAIT = WaitFacts(
    session_cancelled_at=None,
    starts_at=START,
    opens_at=None,
    opens_from=None,
    cut_off_at=at("16:00"),
    capacity=10,
    taken=9,
    held=1,
    waiting=3,
    waiting_places=4,
    waiting_places_from=Origin.STUDIO,
    booked_already_at=None,
    waiting_since=None,
    blocked_reason="",
    whole_course=False,
    by_staff=False,
)
OFFER = OfferFacts(
    state=Waiting.OFFERED,
    held_until=at("13:00"),
    session_cancelled_at=None,
    starts_at=START,
    booked_already_at=None,
    blocked_reason="",
    capacity=10,
    taken=9,
    held_for_others=0,
)


def refused(decision: rules.Decision) -> Question | None:
    return decision.refusal.question if decision.refusal else None


@pytest.mark.parametrize(
    ("change", "now", "expected"),
    [
        ({}, NOON, None),
        ({"session_cancelled_at": NOON}, NOON, Question.SESSION_CANCELLED),
        ({"whole_course": True}, NOON, Question.PART_OF_COURSE),
        ({"blocked_reason": "unpaid"}, NOON, Question.MEMBER_BLOCKED),
        ({"booked_already_at": NOON}, NOON, Question.ALREADY_BOOKED),
        ({"waiting_since": NOON}, NOON, Question.WAITING_ALREADY),
        ({}, at("15:59"), None),
        ({}, at("16:00"), Question.CUT_OFF),
        ({}, START, Question.STARTED),
        ({"opens_at": at("12:01")}, NOON, Question.NOT_OPEN_YET),
        ({"opens_at": at("12:01"), "by_staff": True}, NOON, None),
        ({"held": 0}, NOON, Question.NOT_FULL),
        ({"capacity": None}, NOON, Question.NOT_FULL),
        ({"taken": 12, "held": 0}, NOON, None),  # more than fit: the capacity was lowered
        ({"waiting": 4}, NOON, Question.LIST_FULL),
        ({"waiting_places": 0, "waiting": 0}, NOON, Question.LIST_FULL),
    ],
)
def test_who_may_wait(change: dict[str, Any], now: datetime, expected: Question | None) -> None:
    assert refused(rules.may_wait(replace(WAIT, **change), now=now)) == expected


@pytest.mark.parametrize(
    ("change", "now", "expected"),
    [
        ({}, NOON, None),
        ({}, at("12:59"), None),
        ({}, at("13:00"), Question.OFFER_LAPSED),
        ({"state": Waiting.LAPSED}, NOON, Question.OFFER_LAPSED),
        ({"state": Waiting.WAITING, "held_until": None}, NOON, Question.OFFER_OPEN),
        ({"state": Waiting.LEFT}, NOON, Question.OFFER_OPEN),
        ({"state": Waiting.ACCEPTED}, NOON, Question.OFFER_OPEN),
        ({"booked_already_at": NOON}, NOON, Question.ALREADY_BOOKED),
        ({"session_cancelled_at": NOON}, NOON, Question.SESSION_CANCELLED),
        ({"blocked_reason": "unpaid"}, NOON, Question.MEMBER_BLOCKED),
        ({"held_until": at("19:00")}, START, Question.STARTED),
    ],
)
def test_who_may_take_an_offered_place(change: dict[str, Any], now: datetime, expected: Question | None) -> None:
    assert refused(rules.may_accept(replace(OFFER, **change), now=now)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"state": Waiting.WAITING}, None),
        ({"state": Waiting.WAITING, "held_for_others": 1}, Question.FULL),
        ({"taken": 10}, Question.FULL),
        ({"capacity": None, "taken": 99}, None),
        ({"state": Waiting.LEFT}, Question.ON_THE_LIST),
        ({"state": Waiting.LAPSED}, Question.ON_THE_LIST),
    ],
)
def test_whom_staff_may_give_a_place(change: dict[str, Any], expected: Question | None) -> None:
    assert refused(rules.may_promote(replace(OFFER, **change), now=NOON)) == expected


@pytest.mark.parametrize(
    ("state", "now", "expected"),
    [
        (Waiting.WAITING, NOON, None),
        (Waiting.OFFERED, NOON, None),
        (Waiting.OFFERED, at("13:00"), Question.OFFER_LAPSED),
        (Waiting.LAPSED, NOON, Question.OFFER_LAPSED),
        (Waiting.LEFT, NOON, Question.ON_THE_LIST),
        (Waiting.ACCEPTED, NOON, Question.ON_THE_LIST),
    ],
)
def test_who_may_leave(state: Waiting, now: datetime, expected: Question | None) -> None:
    assert refused(rules.may_leave(state, held_until=at("13:00"), now=now)) == expected


@pytest.mark.parametrize(
    ("capacity", "taken", "held", "waiting", "now", "expected"),
    [
        (10, 8, 1, 5, NOON, 1),
        (10, 5, 0, 2, NOON, 2),
        (10, 9, 1, 5, NOON, 0),
        (8, 10, 0, 5, NOON, 0),  # over
        (None, 50, 0, 5, NOON, 5),
        (10, 8, 0, 5, at("16:00"), 0),
        (10, 8, 0, 5, at("15:59"), 2),
    ],
)
def test_how_many_are_offered_a_place(
    capacity: int | None, taken: int, held: int, waiting: int, now: datetime, expected: int
) -> None:
    offered = rules.places_to_offer(
        capacity=capacity, taken=taken, held=held, waiting=waiting, cut_off_at=at("16:00"), now=now
    )
    assert offered == expected


@pytest.mark.parametrize(
    ("now", "minutes", "expected"),
    [
        (NOON, 60, at("13:00")),
        (NOON, 0, at("12:05")),  # nobody can answer at once
        (at("17:30"), 60, START),
    ],
)
def test_a_place_is_held_for_the_set_time_and_never_beyond_the_start(
    now: datetime, minutes: int, expected: datetime
) -> None:
    assert rules.hold_until(now, minutes=minutes, starts_at=START) == expected


def test_a_held_place_is_not_free_and_the_answer_says_until_when() -> None:
    facts = rules.BookingFacts(
        session_cancelled_at=None, starts_at=START, opens_at=None, closes_at=None, correction_until=at("20:00", days=3),
        capacity=10, taken=9, held=1, held_until=at("13:00"), booked_already_at=None, elsewhere=None,
        blocked_reason="", by_staff=True,
    )  # fmt: skip
    decision = rules.may_book(facts, now=NOON)
    assert decision.refusal == rules.Step(Question.HELD, Answer.REFUSED, at("13:00"))
    assert rules.may_book(replace(facts, taken=8), now=NOON).allowed


def test_one_evening_of_a_course_is_not_booked_singly() -> None:
    facts = rules.BookingFacts(
        session_cancelled_at=None, starts_at=START, opens_at=None, closes_at=None, correction_until=at("20:00", days=3),
        capacity=10, taken=0, booked_already_at=None, elsewhere=None, blocked_reason="", by_staff=True,
        course="Deep Roots",
    )  # fmt: skip
    assert refused(rules.may_book(facts, now=NOON)) == Question.PART_OF_COURSE


def test_a_course_is_refused_by_the_session_that_says_no() -> None:
    fine = rules.BookingFacts(
        session_cancelled_at=None, starts_at=START, opens_at=None, closes_at=None, correction_until=at("20:00", days=3),
        capacity=10, taken=0, booked_already_at=None, elsewhere=None, blocked_reason="", by_staff=True,
    )  # fmt: skip
    decision, position = rules.may_book_all([fine, replace(fine, taken=10), fine], now=NOON)
    assert (refused(decision), position) == (Question.FULL, 1)
    assert rules.may_book_all([fine, fine], now=NOON)[0].allowed
    assert refused(rules.may_book_all([], now=NOON)[0]) == Question.NO_SESSIONS


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((2, 3, 4), (2, Origin.ITEM)),
        ((None, 3, 4), (3, Origin.LOCATION)),
        ((None, None, 4), (4, Origin.STUDIO)),
        ((0, 3, 4), (0, Origin.ITEM)),
        ((None, None, None), (None, None)),
    ],
)
def test_the_first_level_that_has_a_rule_decides(levels: tuple[Any, ...], expected: tuple[Any, Any]) -> None:
    item, location, studio = levels
    found = rules.rule_that_applies(item=item, location=location, studio=studio)
    assert (found.value, found.origin) == expected
