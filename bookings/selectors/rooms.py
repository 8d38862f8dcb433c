"""Rooms with their spots, and what takes place in them."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import Count, Q

from bookings.models import Room, Spot
from portal.models import Location, Studio

_ROW = re.compile(r"^(\D*)")


@dataclass(frozen=True)
class PlaceRooms:
    place: Location
    # Each with `spot_count`, `blocked` and `ahead`, its sessions to come.
    rooms: list[Any]


def rooms_of(studio: Studio, locations: list[Location], *, now: datetime) -> list[PlaceRooms]:
    """The rooms of each of these locations. One query."""
    ahead = Q(sessions__starts_at__gt=now, sessions__cancelled_at=None)
    rooms = (
        Room.objects.filter(location__in=locations, location__studio=studio)
        .annotate(
            spot_count=Count("spots", distinct=True),
            blocked=Count("spots", filter=Q(spots__is_blocked=True), distinct=True),
            ahead=Count("sessions", filter=ahead, distinct=True),
        )
        .order_by("name")
    )
    found = list(rooms)
    return [PlaceRooms(place, [room for room in found if room.location_id == place.pk]) for place in locations]


@dataclass(frozen=True)
class Plan:
    """A room's spots as they stand: rows by what comes before the number of a label ("A1", "A2", "B1")."""

    spots: list[Spot]

    @property
    def rows(self) -> list[tuple[str, list[Spot]]]:
        """From the front of the room to its back."""
        ordered = sorted(self.spots, key=_place)
        return [(word, list(spots)) for word, spots in groupby(ordered, key=lambda spot: _place(spot)[0])]

    @property
    def in_order(self) -> list[Spot]:
        return sorted(self.spots, key=lambda spot: spot.fill_order)

    @property
    def turn(self) -> dict[int, int]:
        """As the how-manieth each spot is given out; blocked ones are not."""
        free = [spot for spot in self.in_order if not spot.is_blocked]
        return {spot.pk: number for number, spot in enumerate(free, start=1)}

    @property
    def count(self) -> int:
        return len(self.spots)

    @property
    def blocked(self) -> int:
        return sum(spot.is_blocked for spot in self.spots)

    @property
    def drawn(self) -> list[tuple[str, list[tuple[Spot, int | None]]]]:
        turn = self.turn
        return [(word, [(spot, turn.get(spot.pk)) for spot in spots]) for word, spots in self.rows]


def _place(spot: Spot) -> tuple[str, int, str]:
    word = _ROW.match(spot.label)
    prefix = word[1] if word else ""
    number = re.search(r"\d+", spot.label)
    return prefix, int(number[0]) if number else 0, spot.label


def plan_of(room: Room) -> Plan:
    return Plan(list(room.spots.all()))
