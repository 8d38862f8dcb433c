"""The studio's log: what there is in it, and in which words. Apps register what they know, in `AppConfig.ready`.

Whoever writes `Change` rows registers the subject they are about, with words for every kind:

    register_subject(Subject("review", _("Review"), {"responded": _("answered"), ...}, names=names_of_reviews))

Whoever keeps a log of its own registers a `Source`. A test walks all kinds in the code and fails on one without words.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Q, QuerySet
from django.utils.functional import Promise

from portal.models import Change, Location, StaffLogin, Studio

Words: TypeAlias = str | Promise
MACHINES, OPERATOR = "machines", "operator"


@dataclass(frozen=True)
class Named:
    """What something is called, and where it can be seen; no address: nowhere any more."""

    name: str
    url: str = ""


@dataclass(frozen=True)
class Undo:
    """How it can be taken back: a form that is posted to `url` with `fields`; or `why_not`, in a sentence."""

    url: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    why_not: Words = ""


@dataclass(frozen=True)
class Reader:
    """Who reads: their login with its rights, the studio's locations in their order, and the moment.

    `takes_back`: whether lines say how that is done; a file has no use for it.
    """

    login: StaffLogin
    places: Sequence[Location]
    now: datetime
    takes_back: bool = True

    @property
    def studio(self) -> Studio:
        return self.login.studio


@dataclass(frozen=True)
class Asked:
    """What of the log is wanted; empty: everything. `until` is not included.

    `person`: the key of a login, or MACHINES, or OPERATOR, or the `by_word` of one machine; `thing`: the word of a kind
    of thing, `thing_id`: a single one.
    """

    person: str = ""
    thing: str = ""
    thing_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Line:
    """What one row of a log says. `difference`: what it was before and after, field by field, in sentences."""

    what: str
    thing: str
    about: Named
    by: str
    difference: Sequence[str] = ()
    undo: Undo | None = None
    # The kind of thing with its key, which leads to the log of this one.
    key: tuple[str, int] | None = None


NamesOf: TypeAlias = Callable[[Studio, Collection[int]], Mapping[int, Named]]
UndoOf: TypeAlias = Callable[[Sequence[Change], Reader], Mapping[int, Undo]]


def _nothing_to_undo(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    return {}


@dataclass(frozen=True)
class Subject:
    """What `Change` rows of one subject say.

    `kinds`: words for each kind; `names`: what these rows are called, in a query at most; `fields`: labels of fields
    of `before` and `after`, else those of `model`; `contact`, `money`: fields that need the right; `quiet`: fields that
    say nothing to a reader; `undo`: how those that have an inverse are taken back, by the key of the change.
    """

    word: str
    label: Words
    kinds: Mapping[str, Words]
    names: NamesOf
    model: type[Any] | None = None
    fields: Mapping[str, Words] = field(default_factory=dict)
    contact: frozenset[str] = frozenset()
    money: frozenset[str] = frozenset()
    quiet: frozenset[str] = frozenset()
    undo: UndoOf = _nothing_to_undo


class Source(ABC):
    """A table of things that happened, one row each, with `id` and the moment of `moment`."""

    #: Its name, for ever: it stands in the addresses of pages.
    word: str
    #: The field with the moment; an index on (studio, -moment, -id) makes a page cheap however long the log is.
    moment = "occurred_at"

    @abstractmethod
    def things(self) -> Mapping[str, Words]:
        """The kinds of thing that it tells about, for the filter."""

    @abstractmethod
    def kinds(self) -> Mapping[str, Words]:
        """Words for each kind of row."""

    @abstractmethod
    def rows(self, asked: Asked, reader: Reader) -> "QuerySet[Any] | None":
        """The studio's rows that are asked for, unordered and without regard to the moment; None: none of them."""

    @abstractmethod
    def lines(self, rows: Sequence[Any], reader: Reader) -> Mapping[int, Line]:
        """What these rows say, by their keys, in a constant number of queries."""


_subjects: dict[str, Subject] = {}
_sources: dict[str, Source] = {}


def register_subject(subject: Subject) -> None:
    """Add a subject of changes, or further kinds, fields and ways back to one that is known; its names stay."""
    known = _subjects.get(subject.word)
    _subjects[subject.word] = subject if known is None else _joined(known, subject)


def _joined(known: Subject, more: Subject) -> Subject:
    def undo(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
        return {**known.undo(changes, reader), **more.undo(changes, reader)}

    kinds, fields = {**known.kinds, **more.kinds}, {**known.fields, **more.fields}
    return replace(known, kinds=kinds, fields=fields, undo=undo)


def register(source: Source) -> None:
    """Add a log of its own."""
    _sources[source.word] = source


def subjects() -> Mapping[str, Subject]:
    return _subjects


def sources() -> list[Source]:
    return list(_sources.values())


def by_person(asked: Asked) -> Q:
    """The condition for rows with `by` and `by_word`, as most logs keep them."""
    match asked.person:
        case "":
            return Q()
        case _ if asked.person.isdecimal():
            return Q(by_id=int(asked.person))
        case _ if asked.person == MACHINES:
            return Q(by=None) & ~Q(by_word=OPERATOR)
        case word:
            return Q(by=None, by_word=word)


def things() -> dict[str, Words]:
    """Every kind of thing that the log can be filtered by."""
    found: dict[str, Words] = {subject.word: subject.label for subject in _subjects.values()}
    for source in _sources.values():
        found |= dict(source.things())
    return found


def names_by(rows: Iterable[tuple[int, str, str]]) -> Mapping[int, Named]:
    """Names from (key, name, address), as `Subject.names` answers."""
    return {pk: Named(name, url) for pk, name, url in rows}
