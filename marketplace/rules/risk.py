"""Which visits will not be paid unless someone acts, and how long there is time?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A visit of an earlier day is shown again when so much time is left to correct it.
CLOSING = timedelta(hours=24)


class Act(StrEnum):
    """What saves the visit, in the order in which it is asked."""

    TICK = "tick"  # the marketplace has the check-in, the desk has no tick
    CONFIRM = "confirm"  # ticked here: the guest can still check in there
    REPORT = "report"  # ticked here, and the guest can no more: the marketplace takes corrections
    ANSWER = "answer"  # neither side has it, and the time to say so runs out


@dataclass(frozen=True, kw_only=True)
class Window:
    """When a marketplace takes its members' check-ins, and until when after the end it takes corrections."""

    opens_before: timedelta = timedelta(hours=1)
    closes_after: timedelta = timedelta(minutes=30)
    corrected_within: timedelta = timedelta(hours=72)


@dataclass(frozen=True, kw_only=True)
class RiskFacts:
    """What the question looks at. Moments are aware; `correction_until` is ours, of the location (Q4)."""

    takes_place: bool  # the place is booked, and the class not cancelled
    starts_at: datetime
    ends_at: datetime
    is_today: bool  # by the location's day
    ticked: bool
    confirmed: bool
    answered: bool  # a person said that the guest was not here
    correction_until: datetime
    window: Window


@dataclass(frozen=True)
class Risk:
    """What has to be done, and the last moment for it."""

    act: Act
    until: datetime


def risk(facts: RiskFacts, *, now: datetime) -> Risk | None:
    """Is the money of this visit at risk, what saves it, and until when? None: it is safe, or nothing saves it (X3).

    Both sides have it: safe. Nobody has said anything: nothing is owed until the end, and until the last day of the
    time for corrections the question after the class is enough. A person said that the guest was not here: that is
    an answer, whatever the marketplace has; a tick made afterwards is the newer one.
    The twin for lists is `selectors.urgent.urgent`.
    """
    if not facts.takes_place or (facts.ticked and facts.confirmed):
        return None
    found = _what_saves_it(facts, now=now)
    if found is None or now > found.until:
        return None
    is_shown = facts.is_today and found.act is not Act.ANSWER
    return found if is_shown or found.until - now <= CLOSING else None


def _what_saves_it(facts: RiskFacts, *, now: datetime) -> Risk | None:
    window = facts.window
    corrected_until = facts.ends_at + window.corrected_within
    if facts.ticked:
        if now < facts.starts_at - window.opens_before:
            return None
        closes_at = facts.ends_at + window.closes_after
        return Risk(Act.CONFIRM, closes_at) if now <= closes_at else Risk(Act.REPORT, corrected_until)
    if facts.answered or not (facts.confirmed or now >= facts.ends_at):
        return None
    act = Act.TICK if facts.confirmed else Act.ANSWER
    return Risk(act, min(facts.correction_until, corrected_until))
