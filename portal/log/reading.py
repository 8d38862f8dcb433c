"""A page of the studio's log: what all sources say, newest first, from where the page before ended.

Rows are in the order of (moment, source, key), each of them falling; a page begins behind a `Mark` in that order, so it
costs the same however far back it lies. Each source is asked for its rows in one query, and for their words in a
constant number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, TypeAlias

from django.db.models import Q, QuerySet

from portal.log.registry import Asked, Line, Reader, Source, sources

PAGE = 100
AT_ONCE = 500  # rows of a file


@dataclass(frozen=True, order=True)
class Mark:
    """Where a row stands; the text of it stands in addresses."""

    at: datetime
    source: str
    pk: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.source}~{self.pk}"

    @classmethod
    def of(cls, text: str) -> "Mark | None":
        """Of an address; None for what is no mark."""
        moment, _sign, rest = text.partition("~")
        source, _sign, pk = rest.partition("~")
        try:
            at = datetime.fromisoformat(moment)
        except ValueError:
            return None
        known = {one.word for one in sources()}
        return cls(at, source, int(pk)) if at.tzinfo and source in known and pk.isdecimal() and len(pk) < 19 else None


# A row where it stands.
Found: TypeAlias = tuple[Mark, Source, Any]


@dataclass(frozen=True)
class Shown:
    """One row with what it says."""

    mark: Mark
    line: Line


@dataclass(frozen=True)
class Page:
    """`older` and `newer`: the marks behind which those pages begin; None: there is none."""

    rows: list[Shown]
    older: Mark | None
    newer: Mark | None


def page(
    asked: Asked, reader: Reader, *, older_than: Mark | None = None, newer_than: Mark | None = None, size: int = PAGE
) -> Page:
    """The newest rows that are asked for, those behind a mark, or those before one."""
    upwards = newer_than is not None
    edge = newer_than or older_than
    found = [
        (Mark(getattr(row, source.moment), source.word, row.pk), source, row)
        for source in sources()
        for row in _rows(source, asked, reader, edge=edge, upwards=upwards)[: size + 1]
    ]
    found.sort(key=lambda one: one[0], reverse=not upwards)
    more, found = len(found) > size, found[:size]
    if upwards:
        found.reverse()
    rows = _said(found, reader)
    if not rows:
        return Page([], None, None)
    return Page(
        rows,
        older=rows[-1].mark if more or upwards else None,
        newer=rows[0].mark if (more if upwards else edge is not None) else None,
    )


def all_rows(asked: Asked, reader: Reader) -> Iterator[Shown]:
    """Everything that is asked for, newest first, for a file; each row is read once. None says how it is taken back."""
    for_a_file = replace(reader, takes_back=False)
    rows = merge(*(_stream(one, asked, for_a_file) for one in sources()), key=_mark_of, reverse=True)
    while some := list(islice(rows, AT_ONCE)):
        yield from _said(some, for_a_file)


def _stream(source: Source, asked: Asked, reader: Reader) -> Iterator[Found]:
    """What one source has, newest first, a query for so many."""
    edge: Mark | None = None
    while True:
        found = list(_rows(source, asked, reader, edge=edge, upwards=False)[:AT_ONCE])
        for row in found:
            edge = Mark(getattr(row, source.moment), source.word, row.pk)
            yield edge, source, row
        if len(found) < AT_ONCE:
            return


def _mark_of(found: Found) -> Mark:
    return found[0]


def _rows(
    source: Source, asked: Asked, reader: Reader, *, edge: Mark | None, upwards: bool
) -> "QuerySet[Any] | list[Any]":
    rows = source.rows(asked, reader)
    if rows is None:
        return []
    moment, compare = source.moment, "gt" if upwards else "lt"
    if asked.since is not None:
        rows = rows.filter(**{f"{moment}__gte": asked.since})
    if asked.until is not None:
        rows = rows.filter(**{f"{moment}__lt": asked.until})
    if edge is not None:
        beyond = Q(**{f"{moment}__{compare}": edge.at})
        comes_after = source.word > edge.source if upwards else source.word < edge.source
        if source.word == edge.source:
            beyond |= Q(**{moment: edge.at, f"pk__{compare}": edge.pk})
        elif comes_after:
            beyond |= Q(**{moment: edge.at})
        # Said apart, so that PostgreSQL begins there in its index.
        rows = rows.filter(beyond, **{f"{moment}__{compare}e": edge.at})
    return rows.order_by(*((moment, "pk") if upwards else (f"-{moment}", "-pk")))


def _said(found: list[Found], reader: Reader) -> list[Shown]:
    by_source: dict[str, tuple[Source, list[Any]]] = {}
    for _mark, source, row in found:
        by_source.setdefault(source.word, (source, []))[1].append(row)
    lines = {word: source.lines(rows, reader) for word, (source, rows) in by_source.items()}
    return [Shown(mark, lines[mark.source][mark.pk]) for mark, _source, _row in found]
