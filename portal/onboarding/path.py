"""Where a studio stands on the path, and what people decide about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from portal.changes import record_change
from portal.models import Location, Onboarding, StaffLogin, Studio
from portal.onboarding.registry import Step, steps
from portal.onboarding.rules import Progress, Standing, progress
from portal.roles import Right
from portal.today.registry import Block

#: Whoever has one of these has begun by another road, and is not asked to begin.
SIGNS_OF_LIFE = ("timetable", "people")


@dataclass(frozen=True)
class At:
    """A step of the path and where it stands."""

    step: Step
    standing: Standing


@dataclass(frozen=True)
class Path:
    steps: tuple[At, ...]
    progress: Progress
    is_dismissed: bool
    is_begun: bool

    @property
    def next(self) -> At | None:
        return next((one for one in self.steps if one.step.word == self.progress.next), None)


def path_of(studio: Studio) -> Path:
    """All steps as they stand: a query for each that looks at what the studio has, and one for what was decided."""
    row = Onboarding.objects.filter(studio=studio).first()
    said, skipped = (row.done, row.skipped) if row else ([], [])
    found = []
    for step in steps():
        done = step.word in said or (step.is_done is not None and step.is_done(studio))
        standing = Standing(step.word, step.minutes, step.optional, done, not done and step.word in skipped)
        found.append(At(step, standing))
    is_dismissed = row is not None and row.dismissed_at is not None
    return Path(tuple(found), progress([one.standing for one in found]), is_dismissed, row is not None)


def is_wanted(studio: Studio) -> bool:
    """Whether its owners should see the checklist: begun and not put away, or a studio with nothing in it."""
    if studio.is_practice:
        return False
    row = Onboarding.objects.filter(studio=studio).only("dismissed_at").first()
    if row is not None:
        return row.dismissed_at is None
    signs = [step.is_done for step in steps() if step.word in SIGNS_OF_LIFE and step.is_done is not None]
    return not any(is_done(studio) for is_done in signs)


def checklist(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Block | None:
    """The part of the home page, until it is done or put away."""
    if Right.MANAGE_SETTINGS not in login.rights or not is_wanted(login.studio):
        return None
    path = path_of(login.studio)
    return None if path.progress.is_complete else Block("portal/start_checklist.html", {"path": path})


@transaction.atomic
def begin(studio: Studio, *, now: datetime) -> Onboarding:
    return Onboarding.objects.get_or_create(studio=studio, defaults={"begun_at": now})[0]


def skip(studio: Studio, word: str, *, by: StaffLogin, now: datetime) -> None:
    """Pass over a step; it can be done later all the same."""
    _say(studio, word, "skipped", by=by, now=now)


def say_done(studio: Studio, word: str, *, by: StaffLogin, now: datetime) -> None:
    """Somebody says that a step is done."""
    _say(studio, word, "done", by=by, now=now)


@transaction.atomic
def dismiss(studio: Studio, *, by: StaffLogin, now: datetime) -> None:
    """Put the checklist away; it stays under its address."""
    row = _held(studio, now)
    if row.dismissed_at is None:
        row.dismissed_at, row.dismissed_by = now, by
        row.save(update_fields=["dismissed_at", "dismissed_by"])
        record_change(studio, "start_dismissed", studio=studio, by=by, now=now)


@transaction.atomic
def resume(studio: Studio, *, by: StaffLogin, now: datetime) -> None:
    """Show it again, with what was passed over open as well."""
    row = _held(studio, now)
    if row.dismissed_at is not None or row.skipped:
        row.dismissed_at, row.dismissed_by, row.skipped = None, None, []
        row.save(update_fields=["dismissed_at", "dismissed_by", "skipped"])
        record_change(studio, "start_resumed", studio=studio, by=by, now=now)


@transaction.atomic
def _say(studio: Studio, word: str, field: str, *, by: StaffLogin, now: datetime) -> None:
    row = _held(studio, now)
    said: list[Any] = getattr(row, field)
    if word not in said:
        said.append(word)
        row.save(update_fields=[field])
        record_change(studio, f"step_{field}", studio=studio, by=by, now=now, after={"step": word})


def _held(studio: Studio, now: datetime) -> Onboarding:
    begin(studio, now=now)
    return Onboarding.objects.select_for_update().get(studio=studio)
