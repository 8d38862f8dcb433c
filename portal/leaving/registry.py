"""What of a studio leaves with it. Each app says so in `AppConfig.ready`, table by table.

    export(Reservation, "reservations", derived=..., annotate=...)
    leave_out(Pulse, _("Counts changes, for screens that stay open."))
    register_files("invoices", documents)
    register_retention(retention)

A test walks all models of all apps and fails on one that is neither exported nor left out with a reason.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from django.db.models import Field, Model, QuerySet
from django.utils.functional import Promise

from portal.erasing import belongings
from portal.models import Studio

Words: TypeAlias = str | Promise
Annotate: TypeAlias = Callable[["QuerySet[Any]", datetime], "QuerySet[Any]"]
# A path in the archive, and what stands there.
Files: TypeAlias = Callable[[Studio, datetime], Iterator[tuple[str, Iterable[bytes]]]]


@dataclass(frozen=True)
class Derived:
    """A column that no field holds. `type` as in the data dictionary: "text", "integer", ...; `values`: what may stand
    there, with its words."""

    type: str
    meaning: Words
    values: Mapping[Any, Words] = field(default_factory=dict)


@dataclass(frozen=True)
class Masked:
    """What leaves in place of what a column holds, and why; `value` is an expression that is a text."""

    value: Any
    why: Words


def _as_it_is(rows: "QuerySet[Any]", now: datetime) -> "QuerySet[Any]":
    return rows


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One table of the archive.

    `path`: the way from its rows to the studio's key; `without`: columns that stay here, each with the reason;
    `masked`: columns that leave in part; `derived`: columns that `annotate` adds under these names.
    """

    model: type[Model]
    name: str
    path: str
    without: Mapping[str, Words] = field(default_factory=dict)
    masked: Mapping[str, Masked] = field(default_factory=dict)
    derived: Mapping[str, Derived] = field(default_factory=dict)
    annotate: Annotate = field(default=_as_it_is)

    @property
    def fields(self) -> "list[Field[Any, Any]]":
        return [one for one in self.model._meta.concrete_fields if one.attname not in self.without]

    @property
    def names(self) -> list[str]:
        """The columns, in their order."""
        return [*(one.attname for one in self.fields), *self.derived]

    @property
    def values(self) -> list[Any]:
        """What stands in them, for `values_list`."""
        return [self.masked[name].value if name in self.masked else name for name in self.names]

    def rows(self, studio: Studio, *, now: datetime) -> "QuerySet[Any]":
        """The studio's rows and no others, by their key."""
        found = self.model._default_manager.filter(**{self.path: studio.pk})
        if "__" in self.path and self.path not in _ways().values():
            found = self.model._default_manager.filter(pk__in=found.order_by().values("pk"))
        return self.annotate(found, now).order_by("pk")


@dataclass(frozen=True)
class Kept:
    """How long something is kept: what, and for how long or until when."""

    what: Words
    how_long: Words


_kinds: dict[type[Model], Kind] = {}
_left_out: dict[type[Model], Words] = {}
_files: dict[str, Files] = {}
_retention: list[Callable[[], list[Kept]]] = []


@cache
def _ways() -> dict[type[Model], str]:
    return dict(belongings())


def export(
    model: type[Model],
    name: str,
    *,
    path: str = "",
    without: Mapping[str, Words] | None = None,
    masked: Mapping[str, Masked] | None = None,
    derived: Mapping[str, Derived] | None = None,
    annotate: Annotate = _as_it_is,
) -> None:
    """Put the studio's rows of a table into the archive. `path` only where the rows belong to no single studio."""
    _kinds[model] = Kind(
        model=model,
        name=name,
        path=path or _ways()[model],
        without=without or {},
        masked=masked or {},
        derived=derived or {},
        annotate=annotate,
    )


def leave_out(model: type[Model], why: Words) -> None:
    """Name a table that stays here, with the reason; it stands in the data dictionary."""
    _left_out[model] = why


def register_files(word: str, files: Files) -> None:
    """Add files beside the tables; their paths begin with "files/" or a folder of their own."""
    _files[word] = files


def register_retention(kept: Callable[[], list[Kept]]) -> None:
    """Say how long an app keeps what; the words come from what the code goes by."""
    _retention.append(kept)


def kinds() -> list[Kind]:
    return list(_kinds.values())


def kind_of(model: type[Model]) -> Kind | None:
    return _kinds.get(model)


def left_out() -> Mapping[type[Model], Words]:
    return _left_out


def file_sources() -> list[Files]:
    return list(_files.values())


def retention() -> list[Kept]:
    return [one for kept in _retention for one in kept()]
