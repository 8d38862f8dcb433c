"""What the home page of owners and managers shows. The ground floor knows the page; apps say what there is.

In `AppConfig.ready`:

    register(unanswered, place=30)                      # (login, now=, locations=) -> Cards
    register_block(checklist, group="top", place=0)     # (login, now=, locations=) -> Block, or None

A provider looks at the login's rights itself, answers for these locations only, and costs two queries at most, however
much there is to tell. Nothing to tell: an empty list; the page says plainly when all of them are empty.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeAlias

from django.utils.functional import Promise

from portal.models import Location, StaffLogin

Words: TypeAlias = str | Promise

#: Where on the page: before everything, today's numbers, what needs somebody, what comes next, how the machines are.
TOP, TODAY, NEEDS, DATES, HEALTH = GROUPS = ("top", "today", "needs", "dates", "health")


@dataclass(frozen=True)
class Card:
    """One fact and where it can be acted on.

    `word`: its name for tests and links, unique; `value`: the number or the day, as text; `note`: a sentence of what it
    means or what to do; `kind`: "" or "warning", "error", "good"; `on`: the day of a date, by which dates are sorted.
    """

    word: str
    title: Words
    value: str = ""
    note: Words = ""
    url: str = ""
    kind: str = ""
    group: str = NEEDS
    on: date | None = None


@dataclass(frozen=True)
class Block:
    """A part of the page with a template of its own, which is included with `context` as `block`."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


class Provider(Protocol):
    def __call__(self, login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterable[Card]: ...


BlockProvider: TypeAlias = Callable[..., Block | None]

_providers: dict[Provider, int] = {}
_blocks: dict[BlockProvider, tuple[str, int]] = {}


def register(provider: Provider, *, place: int) -> None:
    """Add cards; those of the lowest place come first in their group."""
    _providers[provider] = place


def register_block(provider: BlockProvider, *, group: str, place: int) -> None:
    """Add a part of its own to a group, before that group's cards."""
    _blocks[provider] = (group, place)


def cards_for(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> dict[str, list[Card]]:
    """The cards of each group, in their order; dates by day."""
    found: dict[str, list[Card]] = {group: [] for group in GROUPS}
    for provider in sorted(_providers, key=_providers.__getitem__):
        for card in provider(login, now=now, locations=locations):
            found[card.group].append(card)
    found[DATES].sort(key=lambda card: card.on or date.max)
    return found


def blocks_for(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> dict[str, list[Block]]:
    """The parts with templates of their own, by group."""
    found: dict[str, list[Block]] = {group: [] for group in GROUPS}
    for provider, (group, _place) in sorted(_blocks.items(), key=lambda one: one[1][1]):
        block = provider(login, now=now, locations=locations)
        if block is not None:
            found[group].append(block)
    return found
