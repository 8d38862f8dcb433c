"""How far a studio has come with a marketplace, and what is missing next (I1)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Stage(StrEnum):
    """From the contract to the first visit, in their order."""

    CONTRACT = "contract"
    ADD_ON = "add_on"
    ACTIVATED = "activated"
    ALLOWED = "allowed"
    SYNCED = "synced"
    BOOKED = "booked"


class Missing(StrEnum):
    """What stands in the way of the activation."""

    ENDED = "ended"
    CONTRACT = "contract"
    TERMS = "terms"
    ADD_ON = "add_on"
    LOCATIONS = "locations"
    SECRET = "secret"  # noqa: S105 - a word
    ADAPTER = "adapter"


@dataclass(frozen=True, kw_only=True)
class ConnectingFacts:
    """The moments of the stages; None: not there yet. `books`: the marketplace shows classes, not only check-ins."""

    books: bool
    ended: bool
    contracted_on: date | None
    has_terms: bool
    added_at: datetime | None
    activated_at: datetime | None
    allowed_at: datetime | None
    first_synced_at: datetime | None
    first_booked_at: datetime | None
    has_locations: bool
    has_secret: bool
    has_adapter: bool


@dataclass(frozen=True)
class StageAt:
    """One stage and when it was reached; `is_next`: the first that was not."""

    stage: Stage
    at: date | datetime | None
    is_next: bool = False


def stages(facts: ConnectingFacts) -> tuple[StageAt, ...]:
    """Which stages has the connection passed, and which is next?

    They may be passed in any order: whoever allows classes first has done so. A marketplace that only sends people
    without bookings shows no classes and compares none.
    """
    reached = {
        Stage.CONTRACT: facts.contracted_on if facts.has_terms else None,
        Stage.ADD_ON: facts.added_at,
        Stage.ACTIVATED: facts.activated_at,
        Stage.ALLOWED: facts.allowed_at,
        Stage.SYNCED: facts.first_synced_at,
        Stage.BOOKED: facts.first_booked_at,
    }
    if not facts.books:
        del reached[Stage.ALLOWED], reached[Stage.SYNCED]
    following = next((stage for stage, at in reached.items() if at is None), None)
    return tuple(StageAt(stage, at, stage is following) for stage, at in reached.items())


def missing_for_activation(facts: ConnectingFacts) -> tuple[Missing, ...]:
    """What has to be there before the operator may activate the connection? Nothing: they may."""
    wanted = [
        (Missing.ENDED, not facts.ended),
        (Missing.CONTRACT, facts.contracted_on is not None),
        (Missing.TERMS, facts.has_terms),
        (Missing.ADD_ON, facts.added_at is not None),
        (Missing.LOCATIONS, facts.has_locations),
        (Missing.SECRET, facts.has_secret or not facts.books),
        (Missing.ADAPTER, facts.has_adapter or not facts.books),
    ]
    return tuple(missing for missing, is_there in wanted if not is_there)
