"""Who books what in a demo studio: regulars of each place, and newcomers who become regulars."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Self

from bookings.demo.plan import StudioPlan
from bookings.models import Reservation
from portal.models import Member, Studio

NEWCOMERS = 0.02  # the share of bookings made by someone who was never here
RESERVE = 6  # newcomers left for the class that runs right now


@dataclass
class Crowd:
    # By location id; in the order of the member numbers.
    regulars: dict[int, list[Member]]
    newcomers: list[Member]
    # A member comes once a day at most, so nobody is booked in two classes at a time.
    _busy: dict[date, set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, studio: Studio, plan: StudioPlan) -> Self:
        """The studio's members: the first ones are regulars, the rest newcomers until their first booking."""
        members = list(studio.members.order_by("number"))
        seen = dict(Reservation.objects.filter(studio=studio).values_list("member_id", "location_id"))
        regulars: dict[int, list[Member]] = {}
        first = 0
        for location, place in zip(studio.locations.in_order(), plan.places, strict=True):
            regulars[location.pk] = members[first : first + place.regulars]
            first += place.regulars
        newcomers = []
        for member in members[first:]:
            if member.pk in seen:
                regulars[seen[member.pk]].append(member)
            else:
                newcomers.append(member)
        return cls(regulars, newcomers)

    def draw(self, count: int, *, location_id: int, day: date, dice: Random) -> list[Member]:
        """Up to `count` members who are free on this day; now and then one is new."""
        busy = self._busy.setdefault(day, set())
        found: list[Member] = []
        free = [member for member in self.regulars[location_id] if member.pk not in busy]
        dice.shuffle(free)
        while len(found) < count and free:
            is_new = len(self.newcomers) > RESERVE and dice.random() < NEWCOMERS
            found.append(self.newcomer(location_id=location_id, day=day) if is_new else free.pop())
        self.occupy(day, found)
        return found

    def newcomer(self, *, location_id: int, day: date) -> Member:
        """The next person who was never here; from now on one of the place's regulars."""
        someone = self.newcomers.pop(0)
        self.regulars[location_id].append(someone)
        self.occupy(day, [someone])
        return someone

    def known_elsewhere(self, *, location_id: int, day: date) -> Member | None:
        """A regular of another place who has not been at this one; None where there is one place only."""
        busy = self._busy.setdefault(day, set())
        for other, members in self.regulars.items():
            if other != location_id:
                someone = next(member for member in members if member.pk not in busy)
                self.occupy(day, [someone])
                return someone
        return None

    def occupy(self, day: date, members: Sequence[Member]) -> None:
        self._busy.setdefault(day, set()).update(member.pk for member in members)
