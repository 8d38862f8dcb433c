"""What the operator sees of one studio, and of each studio in the list. Apps register what they know.

register(open_invoices, place=50)                                          # (studio, now) -> Part
register_figure(Figure("visits", _("visits this month"), count), place=30)  # (keys of studios, now) -> {key: number}
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django.utils.functional import Promise

from portal.models import Studio


@dataclass(frozen=True)
class Line:
    """One fact; `url`: where more of it is to be seen."""

    label: str
    value: str = ""
    url: str = ""


@dataclass(frozen=True)
class Part:
    word: str
    title: str
    lines: Sequence[Line] = ()
    empty: str = ""
    url: str = ""


PartProvider: TypeAlias = Callable[[Studio, datetime], Part]


@dataclass(frozen=True)
class Figure:
    """A column of the list of studios: for all studios of a page at once, in one query."""

    word: str
    label: str | Promise
    of: Callable[[list[int], datetime], dict[int, Any]]


_parts: list[tuple[int, PartProvider]] = []
_figures: dict[str, tuple[int, Figure]] = {}


def register(provider: PartProvider, *, place: int) -> None:
    if all(known is not provider for _place, known in _parts):
        _parts.append((place, provider))
        _parts.sort(key=lambda entry: entry[0])


def register_figure(figure: Figure, *, place: int) -> None:
    _figures[figure.word] = (place, figure)


def parts_of(studio: Studio, now: datetime) -> list[Part]:
    return [provider(studio, now) for _place, provider in _parts]


def figures() -> list[Figure]:
    return [figure for _place, figure in sorted(_figures.values(), key=lambda entry: entry[0])]


def figures_of(studios: list[int], now: datetime) -> dict[str, dict[int, Any]]:
    """By the word of the figure, then by studio. One query for each figure, however many studios."""
    return {figure.word: figure.of(studios, now) if studios else {} for figure in figures()}
