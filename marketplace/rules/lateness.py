"""Is the sync with a marketplace late?"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

# I5: at the latest every 30 minutes; screens.md: late after 40.
PERIOD, GRACE = timedelta(minutes=30), timedelta(minutes=10)


class LateBecause(StrEnum):
    """Why it is late, or why it is not."""

    NOT_TOLD = "not_told"  # nothing is sent there, so nothing can be late
    ON_TIME = "on_time"
    NEVER_COMPARED = "never_compared"
    NOT_COMPARED = "not_compared"  # no comparison since
    NOT_HEARD = "not_heard"  # what was to be told does not reach the marketplace since


@dataclass(frozen=True, kw_only=True)
class SyncFacts:
    """What the question looks at; moments are aware, in any zone.

    `activated_at`: since when the marketplace is to hear of anything. `compared_at`: when the last full sync ended.
    `unheard_since`: since when the oldest call waits that the marketplace did not answer or take.
    """

    is_told: bool
    activated_at: datetime | None
    compared_at: datetime | None
    unheard_since: datetime | None


@dataclass(frozen=True)
class Lateness:
    """The answer with its reason. `since`: the moment it counts from; `due_at`: when the next sync was or is to be."""

    is_late: bool
    reason: LateBecause
    since: datetime | None = None
    due_at: datetime | None = None
    by: timedelta = timedelta(0)


def lateness(facts: SyncFacts, now: datetime) -> Lateness:
    """Late when 30 and 10 minutes have passed since the last full sync ended, or since the activation (I5).

    The same time is given to a call that does not get through. `by` is counted from when it was due. Of two reasons
    the older one is told. All is counted in minutes that pass, whatever the clocks on the wall do in an October night.
    """
    if not facts.is_told or facts.activated_at is None:
        return Lateness(is_late=False, reason=LateBecause.NOT_TOLD)
    compared = LateBecause.NOT_COMPARED if facts.compared_at else LateBecause.NEVER_COMPARED
    # A connection that was paused for a week is not late in the minute in which it goes on.
    latest = max(moment.astimezone(UTC) for moment in (facts.activated_at, facts.compared_at) if moment)
    counted = [(latest, compared)]
    if facts.unheard_since is not None:
        counted.append((facts.unheard_since.astimezone(UTC), LateBecause.NOT_HEARD))
    since, reason = min(counted)
    due_at = since + PERIOD
    by = now.astimezone(UTC) - due_at
    if by >= GRACE:
        return Lateness(is_late=True, reason=reason, since=since, due_at=due_at, by=by)
    return Lateness(is_late=False, reason=LateBecause.ON_TIME, since=since, due_at=latest + PERIOD)
