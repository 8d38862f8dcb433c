"""What the charts of the history draw: visits by weekday and hour, and how full the classes were (*Charts*)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet, Sum

from bookings.models import Reservation, ScheduledSession
from bookings.selectors.history import in_month
from bookings.selectors.local_days import midnight, next_month
from portal.models import Location

Slot = tuple[int, int]  # weekday (Monday is 1), hour of the local clock
FEW = 10  # visits: less says little about a slot
FOUR_WEEKS = timedelta(days=28)


@dataclass(frozen=True)
class SlotCount:
    visits: int
    before: int  # in the month before
    held: int  # classes that began then

    @property
    def is_small(self) -> bool:
        return 0 < self.visits < FEW

    @property
    def per_class(self) -> float | None:
        return self.visits / self.held if self.held else None


def by_weekday_and_hour(locations: list[Location], month: date, *, now: datetime) -> dict[Slot, SlotCount]:
    """Check-ins of the month by the local weekday and hour in which the class began; slots without any are absent."""
    in_this, in_last = in_month(locations, month), in_month(locations, next_month(month, step=-1))
    visits = _by_slot(
        Reservation.objects.attended().filter(in_this | in_last),
        here=Count("pk", filter=in_this),
        before=Count("pk", filter=in_last),
    )
    sessions = ScheduledSession.objects.filter(in_this, cancelled_at__isnull=True, starts_at__lte=now)
    held = _by_slot(sessions, held=Count("*"))
    nothing = {"here": 0, "before": 0, "held": 0}
    counts = {slot: nothing | visits.get(slot, {}) | held.get(slot, {}) for slot in sorted(visits.keys() | held.keys())}
    return {slot: SlotCount(count["here"], count["before"], count["held"]) for slot, count in counts.items()}


def _by_slot(rows: QuerySet[Any], **counts: Count) -> dict[Slot, dict[str, int]]:
    there = Func(F("location__zone"), F("starts_at"), function="timezone")
    counted = (
        rows.order_by()
        .values(
            weekday=Func(there, template="extract(isodow FROM %(expressions)s)::int", output_field=IntegerField()),
            hour=Func(there, template="extract(hour FROM %(expressions)s)::int", output_field=IntegerField()),
        )
        .annotate(**counts)
    )
    return {(row["weekday"], row["hour"]): {name: row[name] for name in counts} for row in counted}


@dataclass(frozen=True)
class Fullness:
    """Places taken and offered in the classes held that have a capacity."""

    taken: int
    offered: int

    @property
    def per_cent(self) -> int | None:
        return round(100 * self.taken / self.offered) if self.offered else None


NOTHING = Fullness(0, 0)


def fullness_before(locations: list[Location], month: date, *, now: datetime) -> dict[int, tuple[Fullness, Fullness]]:
    """How full each class was in the month before, and in the four weeks up to the month's end or now; by its id."""
    last_month, four_weeks = in_month(locations, next_month(month, step=-1)), _last_four_weeks(locations, month, now)
    held = ScheduledSession.objects.filter(
        last_month | four_weeks, cancelled_at__isnull=True, starts_at__lte=now, capacity__isnull=False
    )
    counted = (
        held.order_by()
        .values("item_id")
        .annotate(
            taken_before=Sum("places_taken", filter=last_month, default=0),
            offered_before=Sum("capacity", filter=last_month, default=0),
            taken=Sum("places_taken", filter=four_weeks, default=0),
            offered=Sum("capacity", filter=four_weeks, default=0),
        )
    )
    return {
        row["item_id"]: (Fullness(row["taken_before"], row["offered_before"]), Fullness(row["taken"], row["offered"]))
        for row in counted
    }


def _last_four_weeks(locations: Iterable[Location], month: date, now: datetime) -> Q:
    """Sessions of the 28 days up to the month's end, or up to now. Locations of one zone share one range."""
    by_zone: dict[str, list[Location]] = defaultdict(list)
    for place in locations:
        by_zone[place.zone].append(place)
    wanted = Q(pk__in=[])
    for places in by_zone.values():
        end = min(now, midnight(next_month(month), places[0].tz))
        wanted |= Q(location__in=places, starts_at__gte=end - FOUR_WEEKS, starts_at__lt=end)
    return wanted
