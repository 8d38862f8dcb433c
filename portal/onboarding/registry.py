"""The steps of a new studio's first quarter of an hour. The ground floor knows the path; apps add steps of theirs.

In `AppConfig.ready`: `register(Step(word="timetable", place=30, ..., url_name="bookings:start_timetable"))`
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from django.utils.functional import Promise

from portal.models import Studio

Words: TypeAlias = str | Promise


@dataclass(frozen=True)
class Step:
    """`is_done` looks at what the studio has, with one query at most; None: only a person can say so."""

    word: str
    place: int
    title: Words
    about: Words
    minutes: int
    url_name: str
    is_done: Callable[[Studio], bool] | None = None
    optional: bool = False


_steps: dict[str, Step] = {}


def register(step: Step) -> None:
    _steps[step.word] = step


def steps() -> list[Step]:
    return sorted(_steps.values(), key=lambda step: step.place)


def step_of(word: str) -> Step | None:
    return _steps.get(word)
