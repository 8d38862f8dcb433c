"""What a studio can set, by group. The ground floor knows the page; apps say what there is and what it changes.

An app registers its groups and previews in `AppConfig.ready`:

    register(Group(word="booking", ..., of_studio=(Setting("cancel_hours", ...),)))
    register_preview("studio.cancel_hours", late_cancels_in_time)
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Model
from django.utils.functional import Promise

from portal.models import Location, Studio
from portal.roles import Right

Words: TypeAlias = str | Promise


@dataclass(frozen=True)
class Scope:
    """What is being set: something of the studio, or of one of its locations.

    `locations` are those that a preview counts: the location itself, or all that the login may see.
    """

    studio: Studio
    location: Location | None
    locations: list[Location]

    @property
    def row(self) -> Studio | Location:
        return self.location or self.studio

    @property
    def name(self) -> str:
        """The row's part of a preview's key."""
        return "location" if self.location else "studio"


@dataclass(frozen=True)
class Preview:
    """What a value would have meant: one sentence, what exactly was counted, and rows to look at (words, address)."""

    words: str
    counted: str = ""
    rows: tuple[tuple[str, str], ...] = ()


Previewer: TypeAlias = Callable[[Scope, Any, datetime], Preview | None]


@dataclass(frozen=True)
class Setting:
    """One field of Studio, Location, or what the group's `row` is.

    `changes`: what it changes, in a sentence; `unit`: behind the number.
    """

    field: str
    label: Words
    changes: Words
    unit: Words = ""


@dataclass(frozen=True)
class Conflict:
    """Two settings that cannot both hold; the words stand beside each of the fields."""

    fields: tuple[str, ...]
    words: str


def no_conflicts(scope: Scope, values: Mapping[str, Any]) -> list[Conflict]:
    return []


def no_note(studio: Studio) -> str:
    return ""


def row_of_scope(scope: Scope) -> Model:
    return scope.row


@dataclass(frozen=True, kw_only=True)
class Group:
    """A page of settings. `url_name`: a page of its own, whose settings stand here to be found by the search.

    `row`: what holds the settings, where an app keeps them in a table of its own; it may not be saved yet.
    `right`: who lacks it does not hear of the group; its page asks for it by itself. `note`: what stands under its name
    on the first page, a query at most.
    """

    word: str
    label: Words
    summary: Words
    icon: str
    of_studio: tuple[Setting, ...] = ()
    of_location: tuple[Setting, ...] = ()
    conflicts: Callable[[Scope, Mapping[str, Any]], list[Conflict]] = field(default=no_conflicts)
    url_name: str = ""
    row: Callable[[Scope], Model] = field(default=row_of_scope)
    right: Right | None = None
    note: Callable[[Studio], str] = field(default=no_note)

    def settings(self, scope: Scope) -> tuple[Setting, ...]:
        return self.of_location if scope.location else self.of_studio


_groups: dict[str, Group] = {}
_previews: dict[str, Previewer] = {}


def register(group: Group) -> None:
    """Add a group; its page stands behind those that were registered before."""
    _groups[group.word] = group


def register_preview(key: str, previewer: Previewer) -> None:
    """What a value of "location.grace_minutes" would have meant; it gets the scope, the value as typed, and now."""
    _previews[key] = previewer


def groups(rights: Collection[Right] | None = None) -> list[Group]:
    """All groups; with `rights` those of which somebody who holds them may hear."""
    return [one for one in _groups.values() if one.right is None or rights is None or one.right in rights]


def group_of(word: str) -> Group | None:
    return _groups.get(word)


def preview_of(key: str, scope: Scope, value: Any, now: datetime) -> Preview | None:
    previewer = _previews.get(key)
    return previewer(scope, value, now) if previewer else None
