"""Whose rule applies: the first that has one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Origin(StrEnum):
    """Whose cancellation rule applies, the first that has one (Q20)."""

    CONTRACT = "contract"
    ITEM = "item"
    LOCATION = "location"
    STUDIO = "studio"


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
