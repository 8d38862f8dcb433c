"""Figures over all studios, by month. Apps register what they count; what each counts costs as many queries as it has.

register(visits, [Measure("check_ins", _("Check-ins")), ...])    # (first, after, now) -> Counted
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from django.utils.functional import Promise

from portal.models import Studio

#: By studio and first day of the month, None for what has no month; then by the word of the measure.
Counted: TypeAlias = dict[tuple[int, date | None], dict[str, float]]
Provider: TypeAlias = Callable[[date, date, datetime], Counted]
Numbers: TypeAlias = dict[str, float]

#: Check-ins by the road that they came: "source:wellpass".
SOURCE = "source:"
#: What two studios have in common, such as the days of a month: together it is the most of any of them.
MOST = "most:"


@dataclass(frozen=True)
class Measure:
    """A column. `per`: it is the mean of what is counted under its word over what is counted under `per`."""

    word: str
    label: str | Promise
    per: str = ""
    decimals: int = 0
    #: Counted for each month; else there is one number, of now.
    monthly: bool = True

    def value(self, numbers: Numbers) -> float | None:
        """The number to be shown; None: nothing to divide by."""
        if not self.per:
            return numbers.get(self.word, 0)
        return numbers.get(self.word, 0) / numbers[self.per] if numbers.get(self.per) else None


@dataclass(frozen=True)
class Row:
    """One studio, or one month of all of them (`studio` None)."""

    studio: Studio | None
    month: date | None
    numbers: Numbers

    @property
    def sources(self) -> list[tuple[str, int]]:
        """The roads of the check-ins with their share in per cent, the widest first."""
        found = {word.removeprefix(SOURCE): number for word, number in self.numbers.items() if word.startswith(SOURCE)}
        total = sum(found.values())
        return [(word, round(100 * number / total)) for word, number in sorted(found.items(), key=lambda one: -one[1])]


_providers: dict[str, tuple[int, Provider, Sequence[Measure]]] = {}


def register(word: str, provider: Provider, measures: Sequence[Measure], *, place: int) -> None:
    _providers[word] = (place, provider, measures)


def measures() -> list[Measure]:
    """The columns in their order."""
    return [one for _place, _of, found in sorted(_providers.values(), key=lambda entry: entry[0]) for one in found]


def counted(first: date, after: date, *, now: datetime) -> Counted:
    """What everybody counts in the months from `first` to before `after`; as many queries for any number of studios."""
    found: Counted = defaultdict(lambda: defaultdict(float))
    for _place, provider, _measures in _providers.values():
        for key, numbers in provider(first, after, now).items():
            for word, number in numbers.items():
                found[key][word] += float(number)
    return found


def by_studio(studios: Iterable[Studio], found: Counted, month: date) -> list[Row]:
    """Each studio in one month, with what it has whatever the month."""
    return [
        Row(studio, month, {**found.get((studio.pk, None), {}), **found.get((studio.pk, month), {})})
        for studio in studios
    ]


def by_month(found: Counted, months: Iterable[date], studios: Iterable[int]) -> list[Row]:
    """All of these studios together, month by month."""
    keys = set(studios)
    return [
        Row(
            None,
            month,
            together([numbers for (studio, at), numbers in found.items() if at == month and studio in keys]),
        )
        for month in months
    ]


def together(rows: Iterable[Numbers]) -> Numbers:
    total: Numbers = defaultdict(float)
    for numbers in rows:
        for word, number in numbers.items():
            total[word] = max(total[word], number) if word.startswith(MOST) else total[word] + number
    return dict(total)
