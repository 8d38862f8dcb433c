"""The schedule of a week: its sessions as each location lives them, and what closes a day (Q13, Q15)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count

from bookings.models.waiting import WaitingEntry
from bookings.selectors.days_off import public_holidays
from bookings.selectors.local_days import starting_within
from bookings.selectors.upcoming import for_login
from portal.models import Location, StaffLogin, Studio

WEEK = timedelta(days=7)
_FIELDS = (
    "pk", "item_id", "item__name", "item__kind", "item__colour", "teacher_id", "teacher__name", "room_id", "room__name",
    "location_id", "starts_at", "ends_at", "places_taken", "capacity", "cancelled_at", "own", "recurrence_id",
)  # fmt: skip


@dataclass(slots=True)
class Slot:
    """One session of the week. Lean on purpose: a busy week has hundreds of them, and a page shows them all."""

    pk: int
    item_id: int
    name: str
    kind: str
    hue: int
    teacher_id: int | None
    teacher: str | None
    room_id: int | None
    room: str | None
    location_id: int
    # At its location: "18:00".
    start: str
    end: str
    starts_at: datetime
    ends_at: datetime
    taken: int
    capacity: int | None
    is_cancelled: bool
    # It differs from its item or its series in something.
    is_changed: bool
    is_series: bool
    waiting: int = 0

    @property
    def day(self) -> date:
        return self.starts_at.date()

    @property
    def is_full(self) -> bool:
        return self.capacity is not None and self.taken >= self.capacity


def timetable(login: StaffLogin, locations: list[Location], monday: date) -> list[Slot]:
    """The sessions that start in the seven local days from `monday` on, in the order of their wall clocks.

    A teacher's own, everybody else's all. Two queries, whatever the number of sessions.
    """
    zones = {place.pk: place.tz for place in locations}
    rows = for_login(login, locations).filter(starting_within(locations, monday, monday + WEEK)).values_list(*_FIELDS)
    slots = [_slot(row, zones) for row in rows]
    slots.sort(key=lambda slot: (slot.starts_at.replace(tzinfo=None), slot.name, slot.pk))
    _count_waiting(slots, sessions=[slot.pk for slot in slots])
    return slots


def _slot(row: tuple[Any, ...], zones: dict[int, ZoneInfo]) -> Slot:
    """A row of _FIELDS; by position, because by name costs a third more."""
    location, starts_at, ends_at = row[9:12]
    start, end = starts_at.astimezone(zones[location]), ends_at.astimezone(zones[location])
    clocks: list[Any] = [f"{start:%H:%M}", f"{end:%H:%M}", start, end]
    return Slot(*[*row[:10], *clocks, *row[12:14], row[14] is not None, bool(row[15]), row[16] is not None])


def _count_waiting(slots: list[Slot], *, sessions: list[int]) -> None:
    """Say of each slot how many wait for a place."""
    waiting = WaitingEntry.objects.open().filter(session__in=sessions).order_by().values_list("session")
    counts = dict(waiting.annotate(number=Count("*")))
    for slot in slots:
        slot.waiting = counts.get(slot.pk, 0)


def closed_days(studio: Studio, locations: Iterable[Location], first: date, after: date) -> dict[date, list[str]]:
    """By day, why a location is closed: "Umbau", or "Noord: Umbau" where others may be open. One query."""
    shown = {place.pk: place.name for place in locations}
    closed: dict[date, list[str]] = defaultdict(list)
    for one in studio.closing_days.filter(last_on__gte=first, first_on__lt=after):
        if one.location_id is not None and one.location_id not in shown:
            continue
        words = one.reason
        if one.location_id is not None and len(shown) > 1:
            words = f"{shown[one.location_id]}: {words}"
        day = max(one.first_on, first)
        while day <= one.last_on and day < after:
            closed[day].append(words)
            day += timedelta(days=1)
    return dict(closed)


def holidays_in(locations: Iterable[Location], first: date, after: date) -> dict[date, str]:
    """By day, the public holiday of the locations: of each country and region among them, once. No query."""
    found: dict[date, list[str]] = defaultdict(list)
    for place in locations:
        for day, name in public_holidays(place, first, after - timedelta(days=1)).items():
            if name not in found[day]:
                found[day].append(name)
    return {day: ", ".join(names) for day, names in found.items()}


def sessions_in(slots: list[Slot]) -> dict[date, list[Slot]]:
    """The slots under their days, in order."""
    days: dict[date, list[Slot]] = defaultdict(list)
    for slot in slots:
        days[slot.day].append(slot)
    return dict(days)
