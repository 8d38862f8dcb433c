"""What belongs to a member, wherever it is kept: one registry for merging, its undo, export and scrubbing (Q23, Q39).

Each app registers its holdings in its `AppConfig.ready`; they are asked in the order of their `position`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from portal.downloads import Cell
from portal.models import Member, StaffLogin


@dataclass(frozen=True)
class Preview:
    """What a merge would do with one holding: how many rows move, and a sentence for each that cannot just move."""

    label: str
    number: int
    clashes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Exported:
    """Rows for the person's own copy. `columns`: a name for machines and a heading for people each."""

    name: str
    columns: Sequence[tuple[str, str | Promise]]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True)
class People:
    """One person who is scrubbed: the profiles, and what tells who it was, then and now (`words.people_of`).

    `words`: e-mails, phone numbers, full names, odd numbers; `emails`: all there ever were; `names`: first and last
    names each by itself, which others may have, too.
    """

    members: Sequence[Member]
    words: Sequence[str]
    emails: Sequence[str]
    names: Sequence[str]


class Holding(ABC):
    """One kind of rows that belong to members. All methods but `preview` and `export` run inside a transaction."""

    key: str
    label: str | Promise
    # Whoever needs another holding's rows in their place says a higher number.
    position: int = 100

    @abstractmethod
    def preview(self, merged: Member, kept: Member) -> Preview: ...

    @abstractmethod
    def lock(self, merged: Member, kept: Member, moved: Any = None) -> Any:
        """Lock what the merge, or the undo of `moved`, gives free or takes; what was locked, to be compared.

        Before the members are locked, and once more then: with another answer, the merge begins anew.
        """

    @abstractmethod
    def move(self, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> Any:
        """Give the rows of `merged` to `kept`. What `restore` needs to know, as JSON can hold it."""

    @abstractmethod
    def restore(self, moved: Any, merged: Member, kept: Member, *, by: StaffLogin, now: datetime) -> list[str]:
        """Bring back what `move` moved. A sentence for each row that could not be as before."""

    @abstractmethod
    def export(self, members: Sequence[Member], *, now: datetime) -> list[Exported]:
        """The rows of a person, whose profiles these are."""

    @abstractmethod
    def let_go(self, members: Sequence[Member], *, by: StaffLogin, now: datetime) -> int:
        """Before a scrub, and before the member is locked: end what is still to come; how much that was."""

    @abstractmethod
    def scrub(self, people: People, *, now: datetime) -> None:
        """Take out of these rows whatever tells who the person was; what is only counted stays."""


_HOLDINGS: dict[str, Holding] = {}


def register(holding: Holding) -> None:
    """Make a holding known. Its key stands in the rows of merges and never changes."""
    known = _HOLDINGS.setdefault(holding.key, holding)
    if type(known) is not type(holding):
        raise ValueError(f"Two holdings with the key {holding.key}")


def holdings() -> list[Holding]:
    return sorted(_HOLDINGS.values(), key=lambda holding: (holding.position, holding.key))
