"""How a demo studio came to where it is: it grows, is quiet in August and at Christmas, and marketplaces join. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

# The share of today's demand with which a place begins.
BEGINS_WITH = 0.38
# A marketplace sends its share so many days after it joined; until then it grows.
SETTLED_AFTER = 100
# In January many people begin something, and after the summer.
FRESH_STARTS: Mapping[int, float] = {1: 1.7, 2: 1.2, 8: 0.6, 9: 1.4, 12: 0.6}
CLOSED = ((12, 25, "Christmas"), (12, 26, "Christmas"), (1, 1, "New Year"))


@dataclass(frozen=True)
class Course:
    """`age`: since when the studio has been at it; `joined`: how long ago each marketplace did, by its word.

    `shares`: today's bookings by source, of any sum; those of marketplaces that have not joined count for nothing.
    """

    today: date
    age: timedelta
    shares: Mapping[str, int]
    joined: Mapping[str, timedelta]

    def size(self, day: date, *, opened: timedelta | None = None) -> float:
        """The share of today's demand that a place has on that day: none before it opened, `opened` ago.

        None: with the studio, of which we know nothing earlier than that it was small.
        """
        age = opened or self.age
        passed = 1 - (self.today - day) / age
        if passed < 0 and opened:
            return 0.0
        return min(1.0, BEGINS_WITH + (1 - BEGINS_WITH) * max(0.0, passed) ** 0.8)

    def demand(self, day: date, *, opened: timedelta | None = None) -> float:
        """Size and season; what is to come is booked as always."""
        return self.size(day, opened=opened) * (season(day) if day < self.today else 1)

    def weights(self, day: date) -> list[float]:
        """By which road people come on that day, in the order of `shares`."""
        return [share * self._known(source, day) for source, share in self.shares.items()]

    def fresh(self, day: date) -> float:
        """How many people come for the first time, beside what is usual."""
        return FRESH_STARTS.get(day.month, 1.0)

    def _known(self, source: str, day: date) -> float:
        if source not in self.joined:
            return 1.0
        days = (day - self.today + self.joined[source]).days
        return 0.0 if days < 0 else min(1.0, 0.25 + 0.75 * days / SETTLED_AFTER)


def season(day: date) -> float:
    """The share of the usual demand at that time of the year."""
    when = day.month, day.day
    if when >= (12, 19) or when <= (1, 3):
        return 0.45
    if when < (2, 5):
        return 1.15
    if (7, 18) <= when < (8, 1) or (8, 24) <= when < (9, 1):
        return 0.8
    if (8, 1) <= when < (8, 24):
        return 0.62
    return 1.06 if day.month in {3, 9, 10} else 1.0


def closed(first: date, before: date) -> list[tuple[date, str]]:
    """The holidays from `first` up to, without, `before`, with their names."""
    years = range(first.year, before.year + 1)
    days = [(date(year, month, day), name) for year in years for month, day, name in CLOSED]
    return sorted(one for one in days if first <= one[0] < before)
