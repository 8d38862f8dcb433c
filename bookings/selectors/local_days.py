"""Days and months as each location lives them (Q15)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db.models import Q

from portal.models import Location


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of the local day."""
    return datetime.combine(day, time(), zone)


def next_month(month: date, *, step: int = 1) -> date:
    """The first day of the month `step` months on; negative steps go back. `month` is a first day itself."""
    months = month.year * 12 + month.month - 1 + step
    return date(months // 12, months % 12 + 1, 1)


def starting_within(locations: Iterable[Location], first: date, after: date) -> Q:
    """Sessions or reservations that start at these locations from the local day `first` up to the day before `after`.

    Locations of one zone share one range, so that studios in one zone ask one plain question of the index.
    """
    by_zone: dict[str, list[Location]] = defaultdict(list)
    for location in locations:
        by_zone[location.zone].append(location)
    wanted = Q(pk__in=[])
    for places in by_zone.values():
        zone = places[0].tz
        wanted |= Q(location__in=places, starts_at__gte=midnight(first, zone), starts_at__lt=midnight(after, zone))
    return wanted
