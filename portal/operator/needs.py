"""What the operator has to do, over all studios. Apps register what they know of.

register(late_payouts, place=50)    # in the app's admin; (now) -> Needs
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Need:
    """`count` of things that wait, since `oldest`, all of them to be found at `url`; nothing waits: `count` is 0.

    `note`: what is best known beside it. `calm`: what is said while there is nothing. `urgent`: somebody loses by each
    day that passes.
    """

    word: str
    label: str | Promise
    count: int
    url: str
    oldest: datetime | None = None
    note: str | Promise = ""
    calm: str | Promise = ""
    urgent: bool = False


Provider: TypeAlias = Callable[[datetime], Iterable[Need]]

_providers: list[tuple[int, Provider]] = []


def register(provider: Provider, *, place: int) -> None:
    """Add one that is asked for the operator's first page; it costs one query for each of its needs."""
    if all(known is not provider for _place, known in _providers):
        _providers.append((place, provider))
        _providers.sort(key=lambda entry: entry[0])


def needs(now: datetime) -> list[Need]:
    """Everything that is looked after, by place, also what has nothing waiting."""
    return [need for _place, provider in _providers for need in provider(now)]
