"""When the sync is late, and since when (I5)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from marketplace.rules import LateBecause, SyncFacts, lateness

BERLIN = ZoneInfo("Europe/Berlin")
ENDED = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


def facts(**given: Any) -> SyncFacts:
    usual: dict[str, Any] = {
        "is_told": True,
        "activated_at": datetime(2026, 1, 1, tzinfo=UTC),
        "compared_at": ENDED,
        "unheard_since": None,
    }
    return SyncFacts(**usual | given)


@pytest.mark.parametrize(("passed", "is_late", "by"), [(39, False, 0), (40, True, 10), (41, True, 11), (65, True, 35)])
def test_late_after_forty_minutes_counted_from_when_it_was_due(passed: int, is_late: bool, by: int) -> None:
    found = lateness(facts(), ENDED + minutes(passed))
    assert (found.is_late, found.by) == (is_late, minutes(by))
    assert found.reason is (LateBecause.NOT_COMPARED if is_late else LateBecause.ON_TIME)
    assert found.due_at == ENDED + minutes(30)


@pytest.mark.parametrize(
    "night",
    [
        datetime(2026, 10, 25, 2, 45, tzinfo=BERLIN),  # 03:00 becomes 02:00 a quarter of an hour later
        datetime(2026, 3, 29, 1, 45, tzinfo=BERLIN),  # 02:00 becomes 03:00
    ],
)
def test_in_both_nights_of_the_clock_change_forty_minutes_are_forty_minutes(night: datetime) -> None:
    for passed, is_late in ((39, False), (40, True), (41, True)):
        now = (night.astimezone(UTC) + minutes(passed)).astimezone(BERLIN)
        assert lateness(facts(compared_at=night), now).is_late is is_late
    assert lateness(facts(compared_at=night), (night.astimezone(UTC) + minutes(65)).astimezone(BERLIN)).by == minutes(
        35
    )


def test_without_any_sync_it_counts_from_the_activation() -> None:
    fresh = facts(activated_at=ENDED, compared_at=None)
    assert not lateness(fresh, ENDED + minutes(39)).is_late
    found = lateness(fresh, ENDED + minutes(40))
    assert (found.is_late, found.reason, found.since) == (True, LateBecause.NEVER_COMPARED, ENDED)


def test_activated_again_it_counts_from_then() -> None:
    again = facts(activated_at=ENDED + timedelta(days=7))
    assert not lateness(again, ENDED + timedelta(days=7) + minutes(39)).is_late


def test_who_is_told_nothing_is_never_late() -> None:
    for nothing in (facts(is_told=False), facts(activated_at=None)):
        assert lateness(nothing, ENDED + timedelta(days=9)).reason is LateBecause.NOT_TOLD
        assert not lateness(nothing, ENDED + timedelta(days=9)).is_late


def test_compared_in_time_but_not_heard_for_forty_minutes_is_late_too() -> None:
    now = ENDED + minutes(5)
    assert not lateness(facts(unheard_since=now - minutes(39)), now).is_late
    found = lateness(facts(unheard_since=now - minutes(55)), now)
    assert (found.is_late, found.reason, found.by) == (True, LateBecause.NOT_HEARD, minutes(25))


def test_of_two_reasons_the_older_one_is_told() -> None:
    now = ENDED + minutes(60)
    assert lateness(facts(unheard_since=ENDED + minutes(10)), now).reason is LateBecause.NOT_COMPARED
