"""Where a session stands in the week's grid: by the wall clock, beside those at the same time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.week_grid import LANES, SHORTEST, STEPS_A_DAY, classes, hours, lanes, span

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM, fold=fold)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-24T18:00", "2026-11-24T19:15", (216, 231)),
        ("2026-11-24T18:07", "2026-11-24T19:07", (217, 229)),  # to the five minutes before
        ("2026-11-24T07:00", "2026-11-24T07:10", (84, 84 + SHORTEST)),  # high enough to be read
        ("2026-11-24T23:30", "2026-11-25T00:30", (282, 288)),  # ends with its day
        ("2026-11-24T23:50", "2026-11-25T00:30", (282, 288)),
        ("2026-03-29T01:30", "2026-03-29T03:30", (18, 42)),  # an hour long; the clock shows two
    ],
)
def test_the_wall_clock_places_a_session(start: str, end: str, expected: tuple[int, int]) -> None:
    assert span(local(start), local(end)) == expected


def test_a_session_through_the_doubled_hour_keeps_its_length() -> None:
    """From the first 02:30 to the second: the clock shows no time between them."""
    assert span(local("2026-10-25T02:30"), local("2026-10-25T02:30", fold=1)) == (30, 42)


def test_sessions_at_the_same_time_share_the_width() -> None:
    assert lanes([(0, 12), (6, 18), (12, 20), (30, 40)]) == [(0, 2), (1, 2), (0, 2), (0, 1)]


@given(st.lists(st.tuples(st.integers(0, 280), st.integers(6, 60)), max_size=30))
def test_no_two_sessions_of_a_lane_overlap(found: list[tuple[int, int]]) -> None:
    spans = sorted((first, min(first + length, STEPS_A_DAY)) for first, length in found)
    placed = lanes(spans)
    assert len(placed) == len(spans)
    taken: dict[int, int] = {}
    for (first, after), (lane, number) in zip(spans, placed, strict=True):
        assert lane < number <= LANES
        if lane < LANES - 1:  # the last lane holds what is too many to be read
            assert taken.get(lane, 0) <= first
        taken[lane] = max(taken.get(lane, 0), after)


def test_the_classes_name_hours_and_steps() -> None:
    assert classes((217, 232), (1, 3)) == "at-18 and-1 for-1 plus-3 lane-1 of-3"


def test_the_usual_hours_are_shown_and_more_where_there_is_more() -> None:
    assert hours([]) == (8, 20)
    assert hours([(84, 96), (260, 270)]) == (7, 23)
