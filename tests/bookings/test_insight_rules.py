"""What the figures of insight mean: periods without gaps, rates, cohorts that are over, caps and how sure they are."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.rules import insight as rules
from bookings.rules.insight import Advice, Range, SlotFacts, Sure

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))
DAY = timedelta(days=1)


@given(DAYS, st.sampled_from(Range))
def test_a_period_has_no_gap_and_meets_what_it_is_compared_with_nowhere(today: date, wanted: Range) -> None:
    period = rules.period_of(wanted, today)
    assert all(one.after == two.first for one, two in zip(period.buckets, period.buckets[1:], strict=False))
    assert all(
        one.before_after == two.before_first for one, two in zip(period.buckets, period.buckets[1:], strict=False)
    )
    assert period.before_after <= period.first
    assert period.after <= today + DAY
    assert all(one.first < one.after and one.before_first < one.before_after for one in period.buckets)


@given(DAYS, st.sampled_from([Range.QUARTER, Range.THIS_MONTH, Range.LAST_MONTH]))
def test_weeks_begin_on_monday_and_are_compared_with_the_same_weekdays(today: date, wanted: Range) -> None:
    period = rules.period_of(wanted, today)
    assert all(one.first.weekday() == 0 for one in period.buckets[1:])
    assert {(one.first - one.before_first).days % 7 for one in period.buckets} == {0}
    assert not any(one.is_month for one in period.buckets)
    assert all(one.after - one.first == one.before_after - one.before_first for one in period.buckets)


@given(DAYS)
def test_twelve_months_are_compared_with_the_same_days_a_year_before(today: date) -> None:
    period = rules.period_of(Range.YEAR, today)
    assert len(period.buckets) == 12
    assert period.after == today + DAY
    assert all(one.first.day == 1 and one.is_month for one in period.buckets)
    running = period.buckets[-1]
    # No more days than have gone by; a leap day has no twin.
    assert (running.before_after - running.before_first) - (running.after - running.first) in (0 * DAY, -DAY, DAY)


@pytest.mark.parametrize(
    ("today", "before"),
    [
        (date(2026, 11, 22), date(2025, 11, 23)),
        (date(2024, 2, 29), date(2023, 3, 1)),
        (date(2024, 2, 28), date(2023, 3, 1)),  # ends before 29 February, which 2023 has not
        (date(2026, 12, 31), date(2026, 1, 1)),
    ],
)
def test_the_running_month_ends_today_in_both_years(today: date, before: date) -> None:
    assert rules.period_of(Range.YEAR, today).before_after == before


@pytest.mark.parametrize(("part", "whole", "rate"), [(0, 0, None), (0, 5, 0), (1, 3, 33), (2, 3, 67), (5, 5, 100)])
def test_nothing_has_no_rate(part: int, whole: int, rate: int | None) -> None:
    assert rules.per_cent(part, whole) == rate


def test_small_samples_are_those_that_say_little() -> None:
    assert [rules.is_small(number) for number in (0, 1, 9, 10)] == [False, True, True, False]


def test_a_cohort_counts_once_its_last_newcomer_has_had_the_days() -> None:
    after = date(2026, 11, 1)  # somebody may have come on 31 October
    assert not rules.is_over(after, 30, date(2026, 11, 30))
    assert rules.is_over(after, 30, date(2026, 12, 1))


def slot(**facts: int) -> SlotFacts:
    return SlotFacts(**({"held": 16, "capacity": 12, "own_demand": 8, "theirs_most": 6, "displaced": 4} | facts))


@pytest.mark.parametrize(
    ("facts", "advice", "cap", "sure"),
    [
        ({}, Advice.CAP, 4, Sure.GOOD),
        ({"own_demand": 15}, Advice.CAP, 0, Sure.GOOD),
        ({"theirs_most": 4}, Advice.NONE_NEEDED, None, Sure.GOOD),
        ({"held": 15}, Advice.CAP, 4, Sure.FAIR),
        ({"held": 7}, Advice.CAP, 4, Sure.HINT),
        ({"displaced": 2}, Advice.CAP, 4, Sure.HINT),
        ({"held": 3, "own_demand": 15}, Advice.UNKNOWN, None, Sure.TOO_FEW),
    ],
)
def test_a_cap_leaves_the_places_that_own_members_want(
    facts: dict[str, int], advice: Advice, cap: int | None, sure: Sure
) -> None:
    suggestion = rules.suggest_cap(slot(**facts))
    assert (suggestion.advice, suggestion.cap, suggestion.sure) == (advice, cap, sure)


@given(*(st.integers(0, 40) for _ in range(5)))
def test_a_cap_never_gives_away_what_own_members_want(
    held: int, capacity: int, own: int, theirs: int, displaced: int
) -> None:
    facts = slot(held=held, capacity=capacity, own_demand=own, theirs_most=theirs, displaced=displaced)
    suggestion = rules.suggest_cap(facts)
    if suggestion.cap is not None:
        assert 0 <= suggestion.cap < theirs
        assert suggestion.cap + own <= max(capacity, own)
