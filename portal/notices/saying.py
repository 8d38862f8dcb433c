"""What news that waited says when its mail goes out: the job that brought it is asked again.

So nothing but keys waits, and whoever may no longer see it, or whose thing says so no more, is not told.
"""

import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils.text import Truncator

from portal.jobs import queue
from portal.jobs.registry import HANDLERS
from portal.mail import Words
from portal.models import Job, Notice, NoticeChoice
from portal.redaction import describe

logger = logging.getLogger(__name__)

LONGEST_FACT = 300


@dataclass(frozen=True)
class Said:
    """What a piece of news says to its reader by now. `kind`: it may have become one of another; `how`: its reader
    wants that kind; `path`: where it is to be seen; `when_out`: called when a mail that tells it went out."""

    kind: str
    how: NoticeChoice.How
    words: Words
    path: str
    when_out: Callable[[], Any]

    @property
    def fact(self) -> str:
        """For a line among others."""
        return Truncator(self.words.subject).chars(LONGEST_FACT)


_heard: ContextVar[list[Said] | None] = ContextVar("heard", default=None)


def is_asked() -> bool:
    """Whether a job is asked what it says; it sends nothing then."""
    return _heard.get() is not None


def say(said: Said) -> None:
    """The answer of a job that is asked."""
    heard = _heard.get()
    if heard is not None:
        heard.append(said)


def ask(waiting: Iterable[Notice]) -> list[tuple[Notice, Said]]:
    """What each piece of news says, in their order; nothing where it is none any more. Jobs that are done are kept for
    two weeks; what waited longer is news no more.

    A job that fails is dead, its row gone, and the others are told: tried again, it brings its news anew.
    """
    rows, found = list(waiting), []
    jobs = {one.key: one for one in Job.objects.select_related("studio").filter(key__in=[row.key for row in rows])}
    for row in rows:
        job = jobs.get(row.key)
        if job is None:
            continue
        try:
            found += [(row, said) for said in _answers(job)]
        except (InterfaceError, OperationalError):
            raise
        except Exception as error:  # noqa: BLE001 - the job remembers it
            _bury(row, job, error)
    return found


def _bury(row: Notice, job: Job, error: Exception) -> None:
    logger.error("job dead", extra={"job": job.pk, "kind": job.kind, "error": describe(error)})
    with transaction.atomic():
        queue.bury(job, describe(error))
        row.delete()


def _answers(job: Job) -> list[Said]:
    handler = HANDLERS.get(job.kind)
    if handler is None:
        return []
    heard: list[Said] = []
    token = _heard.set(heard)
    try:
        handler.function(job)
    finally:
        _heard.reset(token)
    return heard
