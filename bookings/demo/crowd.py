"""Who books what in a demo studio: regulars of each place, people who come for the first time, and those who leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Self

from bookings.demo.course import Course
from bookings.demo.plan import PlacePlan, StudioPlan
from bookings.models import Reservation
from bookings.rules import Booking
from bookings.sources import is_own
from portal.models import Member, Studio

NEWCOMERS = 0.023  # the share of bookings made by someone who was never here
RESERVE = 6  # newcomers left for the class that runs right now
# How often somebody comes, beside others.
EAGER = (1, 1, 2, 2, 3, 4)
# Of those who come for the first time: who looks in once, who stays some weeks; the rest stays long.
LOOKS_IN, SOME_WEEKS = 0.28, 0.52
# Of the guests of marketplaces: who buys something at the studio after some weeks. And who does the opposite, once a
# marketplace has joined.
BUYS, SWITCHES = 0.3, 0.2
GONE_AFTER = timedelta(days=45)


@dataclass
class Person:
    """`road`: the source of what they book; from `turns_on` on it is `turns_to`."""

    member: Member
    eager: int
    leaves_on: date
    road: str
    turns_on: date = date.max
    turns_to: str = "direct"

    def road_on(self, day: date) -> str:
        return self.road if day < self.turns_on else self.turns_to


class Crowd:
    """Day by day, forwards: who was drawn is busy that day, who came for the first time is one of us from then on."""

    def __init__(self, studio: Studio, plan: StudioPlan, course: Course, first: date, dice: Random) -> None:
        self.course, self.dice = course, dice
        self.places: dict[int, PlacePlan] = {
            location.pk: place for location, place in zip(studio.locations.in_order(), plan.places, strict=True)
        }
        self.people: dict[int, Person] = {}
        # By location id.
        self.regulars: dict[int, list[Member]] = {pk: [] for pk in self.places}
        # In the order of the member numbers; they get into the book when they come.
        self.newcomers: list[Member] = []
        self.joined: dict[int, date] = {}
        self._came: set[int] = set()
        self._open: set[int] = set()
        self._pools: dict[int, list[Member]] = {}
        # A member comes once a day at most, so nobody is booked in two classes at a time.
        self._busy: dict[date, set[int]] = {}

    @classmethod
    def of(cls, studio: Studio, plan: StudioPlan, course: Course, first: date, dice: Random) -> Self:
        """The studio's members: the first ones are regulars, the rest newcomers until their first booking."""
        crowd = cls(studio, plan, course, first, dice)
        seen = crowd._seen(studio)
        crowd._know_who_is_booked(studio)
        crowd.newcomers = [one for one in studio.members.order_by("number") if one.pk not in seen]
        if seen:
            crowd._open.update(crowd.places)
            crowd._came.update(seen)
        for member in studio.members.filter(pk__in=seen).order_by("number"):
            location, source, last = seen[member.pk]
            if last >= first - GONE_AFTER:
                crowd._settle(member, location, first, road=source)
        for pk, place in crowd.places.items():
            if pk not in crowd._open and crowd._is_open(place, first):
                crowd._opens(pk, place, first)
        return crowd

    def _know_who_is_booked(self, studio: Studio) -> None:
        """Of the days around today, to which a class that runs right now may be added."""
        zones = {location.pk: location for location in studio.locations.in_order()}
        today = datetime.combine(self.course.today, time(), UTC)
        near = {"starts_at__gt": today - timedelta(days=2), "starts_at__lt": today + timedelta(days=2)}
        booked = Reservation.objects.filter(studio=studio, booking=Booking.BOOKED, **near)
        for member, location, *ends in booked.values_list("member_id", "location_id", "starts_at", "ends_at"):
            for moment in ends:
                self._busy.setdefault(zones[location].local_day(moment), set()).add(member)

    @staticmethod
    def _seen(studio: Studio) -> dict[int, tuple[int, str, date]]:
        """Where, by which road and when those who have ever booked did so last."""
        booked = Reservation.objects.filter(studio=studio).order_by("member_id", "-starts_at").distinct("member_id")
        return {
            member: (location, "direct" if is_own(source) else source, starts_at.date())
            for member, location, source, starts_at in booked.values_list(
                "member_id", "location_id", "source", "starts_at"
            )
        }

    def begin(self, day: date) -> None:
        """A new day: places open, people leave."""
        for pk, place in self.places.items():
            if pk not in self._open and self._is_open(place, day):
                self._opens(pk, place, day)
        if len(self.newcomers) > RESERVE:
            for pk, members in self.regulars.items():
                self.regulars[pk] = [one for one in members if self.people[one.pk].leaves_on > day]
        self._pools = {
            pk: [one for one in members for _ in range(self.people[one.pk].eager)]
            for pk, members in self.regulars.items()
        }

    def road(self, member: Member, day: date) -> str:
        return self.people[member.pk].road_on(day)

    def draw(self, count: int, *, location_id: int, day: date, dice: Random) -> list[Member]:
        """Up to `count` members who are free on this day; now and then one is new."""
        busy = self._busy.setdefault(day, set())
        found: list[Member] = []
        rate = NEWCOMERS * self.course.fresh(day)
        free = self._free(location_id, busy, dice)
        while len(found) < count:
            if len(self.newcomers) > RESERVE and dice.random() < rate:
                found.append(self.newcomer(location_id=location_id, day=day))
            elif (someone := next(iter(free), None)) is not None:
                busy.add(someone.pk)
                self._came.add(someone.pk)
                found.append(someone)
            else:
                break
        return found

    def draw_own(self, count: int, *, location_id: int, day: date, dice: Random) -> list[Member]:
        """The same of people who come by no marketplace, none of them new."""
        busy = self._busy.setdefault(day, set())
        own = [one for one in self.regulars[location_id] if one.pk not in busy and is_own(self.road(one, day))]
        found = dice.sample(own, min(count, len(own)))
        self.occupy(day, found)
        return found

    def newcomer(self, *, location_id: int, day: date) -> Member:
        """The next person who was never here; from now on one of the place's regulars."""
        someone = self.newcomers.pop(0)
        self._settle(someone, location_id, day, is_new=True)
        self.joined[someone.pk] = day
        self.occupy(day, [someone])
        return someone

    def known_elsewhere(self, *, location_id: int, day: date) -> Member | None:
        """A regular of another place, if possible one who has come; None where there is none, or nobody free."""
        busy = self._busy.setdefault(day, set())
        for other, members in self.regulars.items():
            free = sorted((one for one in members if one.pk not in busy), key=lambda one: one.pk not in self._came)
            if other != location_id and (someone := next(iter(free), None)):
                self.occupy(day, [someone])
                return someone
        return None

    def occupy(self, day: date, members: Sequence[Member]) -> None:
        self._busy.setdefault(day, set()).update(member.pk for member in members)

    def _free(self, location_id: int, busy: set[int], dice: Random) -> Iterator[Member]:
        """Members of the place in the order in which they want to come: some drawn by how eager they are, then all."""
        pool = self._pools.get(location_id) or self.regulars[location_id]
        for _ in range(len(pool)):
            one = pool[int(dice.random() * len(pool))]
            if one.pk not in busy:
                yield one
        rest = [one for one in self.regulars[location_id] if one.pk not in busy]
        dice.shuffle(rest)
        yield from rest

    def _is_open(self, place: PlacePlan, day: date) -> bool:
        return self.course.size(day, opened=place.opened) > 0

    def _opens(self, pk: int, place: PlacePlan, day: date) -> None:
        """With those who are there from the first day on."""
        self._open.add(pk)
        count = min(round(place.regulars * self.course.size(day, opened=place.opened)), len(self.newcomers))
        for member in self.newcomers[:count]:
            self._settle(member, pk, day)
        del self.newcomers[:count]

    def _settle(self, member: Member, location_id: int, day: date, *, road: str = "", is_new: bool = False) -> None:
        """Somebody is one of the place's people from that day on."""
        dice = self.dice
        road = road or dice.choices(list(self.course.shares), self.course.weights(day))[0]
        person = Person(
            member, dice.choice(EAGER), day + _stays(dice, is_new=is_new), "direct" if is_own(road) else road
        )
        if not is_own(road):
            if dice.random() < BUYS:
                person.turns_on = day + timedelta(days=dice.randrange(20, 75))
        elif dice.random() < SWITCHES and self.course.joined:
            marketplace = dice.choice(sorted(self.course.joined))
            since = self.course.today - self.course.joined[marketplace]
            turns_on = since + timedelta(days=dice.randrange(10, 150))
            if turns_on > day:
                person.turns_on, person.turns_to = turns_on, marketplace
        self.people[member.pk] = person
        self.regulars[location_id].append(member)
        if location_id in self._pools:
            self._pools[location_id] += [member] * person.eager


def _stays(dice: Random, *, is_new: bool) -> timedelta:
    """For how long somebody comes, from the first day."""
    kind = dice.random() if is_new else 1.0
    if kind < LOOKS_IN:
        return timedelta(days=1 + dice.randrange(6) * (dice.random() < 0.3))
    mean, least = (60, 12) if kind < SOME_WEEKS else (620, 90)
    return timedelta(days=least + min(dice.expovariate(1 / mean), 3000))
