"""Is a session to be found at a marketplace?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

Fact = str | int | datetime | None


class Question(StrEnum):
    """What stands in the way, in the order in which it is asked."""

    REMOVED = "removed"
    CANCELLED = "cancelled"
    BEGUN = "begun"
    NOT_CONNECTED = "not_connected"
    COURSE = "course"
    KIND = "kind"
    OTHER_LOCATION = "other_location"
    ARCHIVED = "archived"
    SWITCHED_OFF = "switched_off"
    NO_CONTRACT = "no_contract"
    PAUSED = "paused"
    NO_QUOTA = "no_quota"
    NOT_YET = "not_yet"


class Stand(StrEnum):
    """How a session stands at a marketplace."""

    SELLING = "selling"
    HELD = "held"  # shown to those who are booked; no more places
    GONE = "gone"


@dataclass(frozen=True)
class Step:
    """One question, whether it is in the way, and the fact behind it."""

    question: Question
    in_the_way: bool
    fact: Fact = None


@dataclass(frozen=True)
class Publication:
    """How a session is to stand, and why: the questions up to the first that is in the way."""

    stand: Stand
    path: tuple[Step, ...]

    @property
    def reason(self) -> Question | None:
        """Why nothing is sold; None: it is."""
        return self.path[-1].question if self.path and self.path[-1].in_the_way else None


@dataclass(frozen=True, kw_only=True)
class PublishingFacts:
    """What the question looks at. Moments are aware."""

    cancelled_at: datetime | None
    starts_at: datetime
    kind: str
    is_course: bool
    archived_at: datetime | None
    switched_on: bool
    shared_quota: int | None
    own: int  # places that this marketplace sold
    is_connected: bool
    is_paused: bool
    kinds: frozenset[str]  # the kinds of classes that go to this marketplace
    location_is_connected: bool
    has_contract: bool  # on the day of the session
    quota: int | None
    horizon: timedelta
    is_told: bool  # it stands there already


def publication(facts: PublishingFacts, *, now: datetime) -> Publication:
    """Is this session sold at the marketplace, and if not, why? (I3, I4, I12, Q25, Q26)

    Classes and workshops are; a course series, which is booked whole, never is. Where no more may be sold but some
    are, those people keep the session; a cancelled one goes, whoever is booked. Far sessions wait until the marketplace
    shows that day; one that is there already stays.
    """
    quotas = [quota for quota in (facts.shared_quota, facts.quota) if quota is not None]
    path = _up_to_the_first(
        Step(Question.CANCELLED, facts.cancelled_at is not None, facts.cancelled_at),
        Step(Question.BEGUN, now >= facts.starts_at, facts.starts_at),
        Step(Question.NOT_CONNECTED, not facts.is_connected),
        Step(Question.COURSE, facts.is_course),
        Step(Question.KIND, facts.kind not in facts.kinds, facts.kind),
        Step(Question.OTHER_LOCATION, not facts.location_is_connected),
        Step(Question.ARCHIVED, facts.archived_at is not None, facts.archived_at),
        Step(Question.SWITCHED_OFF, not facts.switched_on),
        Step(Question.NO_CONTRACT, not facts.has_contract),
        Step(Question.PAUSED, facts.is_paused),
        Step(Question.NO_QUOTA, 0 in quotas),
        Step(
            Question.NOT_YET,
            not facts.is_told and facts.starts_at - now > facts.horizon,
            facts.starts_at - facts.horizon,
        ),
    )
    reason = Publication(Stand.SELLING, path).reason
    if reason is None:
        return Publication(Stand.SELLING, path)
    final = {Question.CANCELLED, Question.BEGUN, Question.NOT_CONNECTED}
    stays = facts.own > 0 and reason not in final
    return Publication(Stand.HELD if stays else Stand.GONE, path)


def publication_of_removed(starts_at: datetime, *, now: datetime) -> Publication:
    """A session that was taken out of the schedule is gone; one that had begun by then stays as it was shown."""
    question = Question.BEGUN if now >= starts_at else Question.REMOVED
    return Publication(Stand.GONE, (Step(question, in_the_way=True, fact=starts_at),))


def _up_to_the_first(*steps: Step) -> tuple[Step, ...]:
    found = next((number for number, step in enumerate(steps) if step.in_the_way), len(steps))
    return steps[: found + 1]
