"""Which function does which kind of job. Handlers stand in the apps' tasks.py, which every worker imports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from portal.models import Job


class Outcome(Enum):
    MORE = "more"


MORE = Outcome.MORE
Function = Callable[[Job], Outcome | None]


class GiveUp(Exception):
    """Trying again cannot help. The text is kept and shown: no personal data in it."""


class Away(Exception):
    """The other side does not answer, has no time or lets nobody in: tried for two days and more before a person has to
    look. The text is kept and shown: no personal data in it."""


class NotNow(Exception):
    """Its turn comes after a pause; this attempt does not count."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__()
        self.pause = pause


class InDoubt(Exception):
    """The other side may have done it and did not say so: tried again twice, with minutes in between. Text as above."""


@dataclass(frozen=True)
class Handler:
    function: Function
    transactional: bool
    every: timedelta | None


HANDLERS: dict[str, Handler] = {}


def handles(kind: str, *, transactional: bool = True, every: timedelta | None = None) -> Callable[[Function], Function]:
    """Register the function that does jobs of `kind`.

    `transactional`: the call and the job's completion are one transaction, so it happens once or not at all; it has
    15 seconds a statement and 60 in all. Otherwise the function may run twice and must bear it: for calls to other
    systems (with the job's key for their de-duplication) and for what commits by itself.
    Either returns MORE to be called again: what it left in `job.payload` and the progress fields is saved with each
    step, which makes a long import a sequence of short transactions that can be watched, and stopped anywhere.
    `every`: run it by itself, once in each slot of that length (UTC).
    """

    def register(function: Function) -> Function:
        if kind in HANDLERS and HANDLERS[kind].function.__qualname__ != function.__qualname__:
            raise ValueError(f"Two handlers for jobs of the kind {kind}")
        HANDLERS[kind] = Handler(function, transactional, every)
        return function

    return register
