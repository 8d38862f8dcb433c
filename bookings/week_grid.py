"""Where a session stands in the week's grid: steps of the wall clock, and lanes for those at the same time.

Inline styles are forbidden, so a place is a handful of classes that `schedule_grid.css` turns into lengths.
"""

from collections.abc import Sequence
from datetime import datetime

STEP_MINUTES = 5
STEPS_AN_HOUR = 60 // STEP_MINUTES
STEPS_A_DAY = 24 * STEPS_AN_HOUR
# What is shorter is drawn as high as this, so that its name can be read.
SHORTEST = 30 // STEP_MINUTES
LANES = 12
# The hours that are shown even if nothing takes place in them.
USUAL_HOURS = (8, 20)

Span = tuple[int, int]


def span(start: datetime, end: datetime) -> Span:
    """First step and the step after the last, of a session on the day of its start; both times local (Q15).

    The wall clock decides, also in the nights when it is put forward or back; a session that a clock change would make
    as short as nothing, or that ends before it began, gets its real length. What runs past midnight ends at midnight.
    """
    first = (start.hour * 60 + start.minute) // STEP_MINUTES
    by_clock = (end.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds()
    seconds = by_clock if by_clock > 0 else end.timestamp() - start.timestamp()
    steps = max(SHORTEST, round(seconds / 60 / STEP_MINUTES))
    after = min(first + steps, STEPS_A_DAY)
    return min(first, STEPS_A_DAY - SHORTEST), after


def lanes(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """For each span of one day, sorted by start: its lane, and how many lanes share its time.

    Spans that touch each other directly or through others share their width equally; the first free lane is taken.
    """
    found: list[tuple[int, int]] = []
    group: list[int] = []  # lanes of the spans that hang together
    free_from: list[int] = []  # per lane of the group, the step from which it is free

    def close() -> None:
        found.extend((lane, len(free_from)) for lane in group)

    for first, after in spans:
        if free_from and first >= max(free_from):
            close()
            group, free_from = [], []
        lane = next((at for at, free in enumerate(free_from) if free <= first), len(free_from))
        if lane == LANES:  # nobody reads thirteen columns: the last lane holds the rest
            lane -= 1
        if lane == len(free_from):
            free_from.append(after)
        else:
            free_from[lane] = max(free_from[lane], after)
        group.append(lane)
    close()
    return found


def classes(place: Span, lane: tuple[int, int]) -> str:
    """The classes of `schedule_grid.css` that draw a session there."""
    (hour, minute), (hours, steps) = divmod(place[0], STEPS_AN_HOUR), divmod(place[1] - place[0], STEPS_AN_HOUR)
    return f"at-{hour} and-{minute} for-{hours} plus-{steps} lane-{lane[0]} of-{lane[1]}"


def hours(spans: Sequence[Span]) -> tuple[int, int]:
    """The first hour that is shown and the one after the last: the usual ones, and more where sessions need them."""
    first = min((place[0] // STEPS_AN_HOUR for place in spans), default=USUAL_HOURS[0])
    after = max((-(-place[1] // STEPS_AN_HOUR) for place in spans), default=USUAL_HOURS[1])
    return min(first, USUAL_HOURS[0]), max(after, USUAL_HOURS[1])
