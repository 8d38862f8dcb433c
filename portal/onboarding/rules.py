"""How far is a new studio? (screens.md, Onboarding: 15 minutes, left and resumed at any time)"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """One step: its minutes, whether it is done, or passed over for now; an `optional` one counts for nothing."""

    word: str
    minutes: int
    optional: bool = False
    done: bool = False
    skipped: bool = False

    @property
    def is_open(self) -> bool:
        return not self.done and not self.skipped


@dataclass(frozen=True)
class Progress:
    """`percent` of the minutes are behind, `minutes` are left; `next`: the word of the first open step, "" for none."""

    percent: int
    minutes: int
    next: str

    @property
    def is_complete(self) -> bool:
        return self.percent == 100


def progress(steps: Sequence[Standing]) -> Progress:
    """How much of the way is behind? By minutes, of the steps that everybody goes; what was passed over is behind, too.

    Rounded down, so that 100 is only said of all of it. The optional steps come up as the next one when the others
    are behind.
    """
    counted = [one for one in steps if not one.optional]
    whole = sum(one.minutes for one in counted)
    left = sum(one.minutes for one in counted if one.is_open)
    wanted = [one for one in counted if one.is_open] or [one for one in steps if one.is_open]
    percent = 100 if not whole else (whole - left) * 100 // whole
    return Progress(percent, left, wanted[0].word if wanted else "")
