"""What can be imported. Each kind says which columns it wants, what it asks about, and how a row becomes an object.

The kinds register themselves when their app is ready, so that the portal needs to know none of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext

from portal.imports.reading import Table
from portal.imports.rows import RowResource
from portal.models import ImportRow, ImportRun, Studio

Mapped = Mapping[str, str]  # our name for a column: the file's name for it


@dataclass(frozen=True)
class Target:
    """A column of ours, with the names that other systems have for it (`portal.imports.mapping`)."""

    name: str
    label: str  # an English msgid
    synonyms: tuple[str, ...]
    help: str = ""

    @property
    def words(self) -> str:
        return gettext(self.label)

    @property
    def help_words(self) -> str:
        return gettext(self.help) if self.help else ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that the file does not say. The words are in the reader's language."""

    name: str  # the key of its answer
    group: str
    label: str
    choices: list[tuple[str, str]]  # none: a short word, or nothing
    suggested: str = ""  # what the file gives reason to believe; empty: a person must choose
    help: str = ""


class ImportKind(ABC):
    word: ClassVar[str]
    label: ClassVar[Any]
    explanation: ClassVar[Any]
    targets: ClassVar[Sequence[Target]]

    @abstractmethod
    def columns(self) -> list[str]:
        """Headings of the preview, in the reader's language."""

    @abstractmethod
    def show(self, row: ImportRow) -> dict[str, Any]:
        """A row of the preview: `row`, its `cells` below the headings, a reservation's `state`, `changes` in words."""

    def new_objects(self, counts: Mapping[str, int]) -> list[str]:
        """What the import makes besides its rows, in words."""
        return []

    def files(self, run: ImportRun) -> list[tuple[str, str]]:
        """What can be downloaded of a run besides its refused rows: words and address."""
        return []

    @abstractmethod
    def problems(self, table: Table, mapping: Mapped) -> list[str]:
        """Why nothing can be imported from this file with this mapping, in the reader's language; empty: go on."""

    @abstractmethod
    def questions(self, studio: Studio, table: Table, mapping: Mapped) -> list[Question]:
        """What a person has to say before the rows can be read."""

    @abstractmethod
    def resource(self, run: ImportRun, table: Table, *, now: datetime, write: bool) -> RowResource:
        """What turns the rows of this run into objects; `write` False only looks."""

    def finish(self, resource: RowResource, *, now: datetime) -> None:  # noqa: B027 - most kinds need nothing here
        """After all rows are written, inside the same transaction."""

    @abstractmethod
    def undo(
        self, run: ImportRun, rows: Sequence[ImportRow], *, now: datetime, keep_job: Callable[[], None]
    ) -> dict[int, str]:
        """Take back what these rows wrote, inside the caller's transaction; by line: why something stays.

        `keep_job` is to be called at least every half minute: it keeps the job.
        """


_KINDS: dict[str, ImportKind] = {}


def register(kind: ImportKind) -> None:
    _KINDS[kind.word] = kind


def kinds() -> list[ImportKind]:
    return list(_KINDS.values())


def kind_of(word: str) -> ImportKind:
    return _KINDS[word]
