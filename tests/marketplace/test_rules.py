"""What goes to a marketplace, what it has to be told, when it is told again: tables of cases."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace import rules
from marketplace.rules import (
    Content,
    Marks,
    Offer,
    Operation,
    Place,
    Publication,
    PublishingFacts,
    Question,
    Seats,
    Stand,
    Step,
    Told,
    fingerprint,
)
from marketplace.rules.retrying import PAUSES

NOON = datetime(2026, 6, 10, 10, tzinfo=UTC)
EVENING = NOON + timedelta(hours=6)

SOLD = PublishingFacts(
    cancelled_at=None,
    starts_at=EVENING,
    kind="class",
    is_course=False,
    archived_at=None,
    switched_on=True,
    shared_quota=None,
    own=0,
    is_connected=True,
    is_paused=False,
    kinds=frozenset({"class", "workshop"}),
    location_is_connected=True,
    has_contract=True,
    quota=None,
    horizon=timedelta(days=14),
    is_told=False,
)


def test_a_class_that_is_switched_on_is_sold() -> None:
    answer = rules.publication(SOLD, now=NOON)
    assert (answer.stand, answer.reason) == (Stand.SELLING, None)
    assert [step.question for step in answer.path] == list(Question)[1:]


def test_so_is_a_workshop() -> None:
    assert rules.publication(replace(SOLD, kind="workshop"), now=NOON).stand is Stand.SELLING


WAYS: list[tuple[dict[str, Any], Question, Stand]] = [
    # What is different, why it is not sold, and how it stands when two of the marketplace's people are booked.
    ({"cancelled_at": NOON}, Question.CANCELLED, Stand.GONE),
    ({"starts_at": NOON}, Question.BEGUN, Stand.GONE),
    ({"is_connected": False}, Question.NOT_CONNECTED, Stand.GONE),
    ({"kind": "course", "is_course": True, "kinds": frozenset({"course"})}, Question.COURSE, Stand.HELD),
    ({"kind": "appointment"}, Question.KIND, Stand.HELD),
    ({"location_is_connected": False}, Question.OTHER_LOCATION, Stand.HELD),
    ({"archived_at": NOON}, Question.ARCHIVED, Stand.HELD),
    ({"switched_on": False}, Question.SWITCHED_OFF, Stand.HELD),
    ({"has_contract": False}, Question.NO_CONTRACT, Stand.HELD),
    ({"is_paused": True}, Question.PAUSED, Stand.HELD),
    ({"quota": 0}, Question.NO_QUOTA, Stand.HELD),
    ({"shared_quota": 0}, Question.NO_QUOTA, Stand.HELD),
    ({"starts_at": NOON + timedelta(days=14, seconds=1)}, Question.NOT_YET, Stand.HELD),
]


@pytest.mark.parametrize(("different", "reason", "with_guests"), WAYS)
def test_what_is_not_sold_says_why(different: dict[str, Any], reason: Question, with_guests: Stand) -> None:
    empty = rules.publication(replace(SOLD, **different), now=NOON)
    assert (empty.stand, empty.reason) == (Stand.GONE, reason)
    booked = rules.publication(replace(SOLD, own=2, **different), now=NOON)
    assert (booked.stand, booked.reason) == (with_guests, reason)


def test_every_question_is_in_the_table() -> None:
    assert {reason for _, reason, _ in WAYS} == set(Question) - {Question.REMOVED}


def test_what_was_removed_is_gone_and_what_had_begun_stays_as_shown() -> None:
    assert rules.publication_of_removed(EVENING, now=NOON).reason is Question.REMOVED
    assert rules.publication_of_removed(EVENING, now=EVENING).reason is Question.BEGUN


def test_what_is_there_stays_when_it_moves_beyond_the_horizon() -> None:
    facts = replace(SOLD, starts_at=NOON + timedelta(days=30), is_told=True)
    assert rules.publication(facts, now=NOON).stand is Stand.SELLING


def test_the_last_day_of_the_horizon_is_in_it() -> None:
    facts = replace(SOLD, starts_at=NOON + timedelta(days=14))
    assert rules.publication(facts, now=NOON).stand is Stand.SELLING


OFFER = Offer(
    place=Place(starts_at=EVENING, location="centrum", free_until=EVENING - timedelta(hours=4)),
    content=Content(
        name="Vinyasa",
        kind="class",
        description="",
        ends_at=EVENING + timedelta(hours=1),
        room="Blue",
        teacher="Ana",
        opens_at=None,
        closes_at=None,
    ),
    seats=Seats(offered=5, own=1, free=3),
)


def other(value: Any) -> Any:
    if isinstance(value, datetime):
        return value + timedelta(minutes=1)
    return value + "x" if isinstance(value, str) else (value or 0) + 1 if isinstance(value, int) else EVENING


@pytest.mark.parametrize(
    ("part", "name"),
    [(part.name, one.name) for part in fields(Marks) for one in fields(getattr(OFFER, part.name))],
)
def test_each_value_marks_its_part_and_no_other(part: str, name: str) -> None:
    told = getattr(OFFER, part)
    changed = replace(OFFER, **{part: replace(told, **{name: other(getattr(told, name))})})
    differs = [one.name for one in fields(Marks) if getattr(OFFER.marks, one.name) != getattr(changed.marks, one.name)]
    assert differs == [part]


values = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text(), max_size=5)


@given(values, values)
def test_fingerprints_are_equal_when_the_values_are(one: dict[str, Any], two: dict[str, Any]) -> None:
    def typed(found: dict[str, Any]) -> dict[str, Any]:
        return {name: (type(value), value) for name, value in found.items()}

    assert (fingerprint(one) == fingerprint(two)) == (typed(one) == typed(two))


@given(values, st.randoms())
def test_the_order_of_values_is_no_part_of_them(found: dict[str, Any], random: Any) -> None:
    shuffled: Sequence[tuple[str, Any]] = random.sample(list(found.items()), len(found))
    assert fingerprint(dict(shuffled)) == fingerprint(found)


def test_nor_is_the_zone_that_a_moment_is_written_in() -> None:
    there = EVENING.astimezone(ZoneInfo("Asia/Tokyo"))
    assert fingerprint({"at": there}) == fingerprint({"at": EVENING})
    assert fingerprint({"at": EVENING}) != fingerprint({"at": EVENING.isoformat()})


MARKS = OFFER.marks
TOLD = Told(stand=Stand.SELLING, marks=MARKS)
SELLING = Publication(Stand.SELLING, ())


def gone(reason: Question) -> Publication:
    return Publication(Stand.GONE, (Step(reason, True),))


@pytest.mark.parametrize(
    ("told", "publication", "wanted", "calls"),
    [
        (None, SELLING, MARKS, [Operation.PUBLISH]),
        (None, gone(Question.SWITCHED_OFF), None, []),
        (TOLD, SELLING, MARKS, []),
        (TOLD, SELLING, replace(MARKS, seats="2"), [Operation.SEATS]),
        (TOLD, SELLING, replace(MARKS, content="2"), [Operation.CHANGE]),
        (replace(TOLD, stand=Stand.HELD), SELLING, MARKS, [Operation.SEATS]),
        (TOLD, SELLING, replace(MARKS, place="2"), [Operation.CHANGE]),
        (TOLD, SELLING, replace(MARKS, content="2", seats="2"), [Operation.CHANGE, Operation.SEATS]),
        (TOLD, gone(Question.SWITCHED_OFF), None, [Operation.WITHDRAW]),
        (TOLD, gone(Question.REMOVED), None, [Operation.WITHDRAW]),
        (TOLD, gone(Question.CANCELLED), None, [Operation.CANCEL]),
        (TOLD, gone(Question.BEGUN), None, []),
        (replace(TOLD, stand=Stand.GONE), gone(Question.CANCELLED), None, []),
        (replace(TOLD, stand=Stand.GONE), SELLING, MARKS, [Operation.PUBLISH]),
        (replace(TOLD, stand=Stand.HELD), gone(Question.CANCELLED), None, [Operation.CANCEL]),
    ],
)
def test_only_what_is_new_is_said(
    told: Told | None, publication: Publication, wanted: Marks | None, calls: list[Operation]
) -> None:
    assert list(rules.what_to_tell(told, publication, wanted, can_move=True)) == calls


def test_a_marketplace_that_moves_nothing_gets_a_new_session() -> None:
    moved = replace(MARKS, place="2", seats="2")
    assert rules.what_to_tell(TOLD, SELLING, moved, can_move=False) == (Operation.CANCEL, Operation.PUBLISH)
    assert rules.what_to_tell(TOLD, SELLING, replace(MARKS, seats="2"), can_move=False) == (Operation.SEATS,)


def test_a_call_is_tried_ten_times_over_three_days() -> None:
    pauses = [rules.pause_after(attempts, 0) for attempts in range(1, 11)]
    assert pauses[-1] is None
    assert pauses[:-1] == list(PAUSES)
    total = sum(PAUSES, timedelta())
    assert timedelta(days=3) < total < timedelta(days=3.5)


@given(st.integers(1, 9), st.floats(0, 1))
def test_chance_spreads_calls_and_never_hurries_them(attempts: int, chance: float) -> None:
    exact, spread = PAUSES[attempts - 1], rules.pause_after(attempts, chance)
    assert spread is not None
    assert exact <= spread <= exact * 1.1 + timedelta(microseconds=1)


def test_a_marketplace_that_is_away_is_asked_at_least_every_six_minutes() -> None:
    silences = [rules.silence_after(failures, 1) for failures in range(1, 200)]
    assert silences[0] == timedelta(seconds=5.5)
    assert silences == sorted(silences)
    assert max(silences) < timedelta(minutes=6)


@pytest.mark.parametrize(
    ("kind", "by_person", "whose", "is_told"),
    [
        ("checked_in", True, "", True),
        ("check_in_reverted", True, "", True),
        ("checked_in", False, "wellpass", False),  # it said so itself
        ("cancelled", True, "", True),
        ("cancelled", False, "member", False),
        ("no_show", True, "", True),
        ("no_show", False, "sweep", False),  # nobody looked: no fee on the word of a clock
        ("assigned", True, "", False),
        ("reserved", True, "", False),
    ],
)
def test_a_marketplace_hears_what_the_studio_did_with_its_guest(
    kind: str, by_person: bool, whose: str, is_told: bool
) -> None:
    assert rules.may_report(kind, by_person=by_person) is is_told, whose
