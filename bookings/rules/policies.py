"""Whose rule applies: the first that has one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bookings.rules.decisions import Origin


@dataclass(frozen=True)
class Deadline:
    at: datetime
    origin: Origin


def cancellation_deadline(
    starts_at: datetime,
    *,
    contract_hours: int | None = None,
    item_hours: int | None,
    location_hours: int | None,
    studio_hours: int,
) -> Deadline:
    """Until when may it be cancelled free of charge, and who says so? (Q20; hours are elapsed hours, Q15)"""
    for origin, hours in (
        (Origin.CONTRACT, contract_hours),
        (Origin.ITEM, item_hours),
        (Origin.LOCATION, location_hours),
    ):
        if hours is not None:
            return Deadline(starts_at - timedelta(hours=hours), origin)
    return Deadline(starts_at - timedelta(hours=studio_hours), Origin.STUDIO)


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What a studio and a marketplace agreed for one session; None: as everybody (Q20, Q24)."""

    cancel_hours: int | None = None
    # Places in the session that this marketplace may sell.
    quota: int | None = None
    # Why the marketplace may not sell it, in a word of the marketplaces'; empty: it may.
    not_sold: str = ""


@dataclass(frozen=True)
class Applied:
    """A rule's value and whose it is; both None where no level has one."""

    value: int | None
    origin: Origin | None


def rule_that_applies(*, item: int | None, location: int | None, studio: int | None) -> Applied:
    """Which level's rule applies to a class? Its own, else its location's, else the studio's."""
    levels = ((Origin.ITEM, item), (Origin.LOCATION, location), (Origin.STUDIO, studio))
    return next((Applied(value, origin) for origin, value in levels if value is not None), Applied(None, None))
