"""What does somebody new at the desk practise, and how quick are they by now? (N12)"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from statistics import median

#: Two check-ins that lie further apart are not one go.
ONE_GO = timedelta(seconds=60)


class Task(StrEnum):
    CHECK_IN = "check_in"
    TAKE_BACK = "take_back"
    BOOK = "book"
    NO_SHOW = "no_show"


#: How often each is done until it counts as learnt.
WANTED: dict[Task, int] = {Task.CHECK_IN: 5, Task.TAKE_BACK: 1, Task.BOOK: 1, Task.NO_SHOW: 1}


@dataclass(frozen=True)
class Learnt:
    """How often a task was done, of how many times."""

    task: Task
    done: int
    wanted: int

    @property
    def is_done(self) -> bool:
        return self.done >= self.wanted


def learnt(done: Mapping[Task, int]) -> tuple[Learnt, ...]:
    """Each task in its order, never more than is wanted of it."""
    return tuple(Learnt(task, min(done.get(task, 0), wanted), wanted) for task, wanted in WANTED.items())


def seconds_per_check_in(moments: Sequence[datetime]) -> float | None:
    """How long does a check-in take? The median of the pauses between check-ins of one go; None under three of them.

    `moments`: of the check-ins, in any order.
    """
    ordered = sorted(moments)
    pauses = [later - before for before, later in pairwise(ordered)]
    quick = [pause.total_seconds() for pause in pauses if pause <= ONE_GO]
    return median(quick) if len(quick) >= 3 else None
