"""A table's order in its address: `?sort=name`, `?sort=-held`. The address is the view (*Tables*)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column:
    """`key` reads what is compared; None (nothing recorded) stands last in both directions. `numbers`: most first."""

    name: str
    label: str
    key: Callable[[Any], Any]
    numbers: bool = True


@dataclass(frozen=True)
class Head:
    """A heading that sorts: its word, its address, and "ascending", "descending" or nothing for `aria-sort`."""

    label: str
    url: str
    direction: str
    numbers: bool


def in_order(
    request: HttpRequest, rows: Iterable[Row], columns: Sequence[Column], *, default: str
) -> tuple[list[Row], list[Head]]:
    """The rows in the order that the address names, else in `default` ("-held": most first), and the headings."""
    wanted = request.GET.get("sort", default)
    names = {column.name: column for column in columns}
    if wanted.removeprefix("-") not in names:
        wanted = default
    column, down = names[wanted.removeprefix("-")], wanted.startswith("-")
    known = [row for row in rows if column.key(row) is not None]
    unknown = [row for row in rows if column.key(row) is None]
    known.sort(key=column.key, reverse=down)
    return known + unknown, [_head(request, one, wanted) for one in columns]


def _head(request: HttpRequest, column: Column, wanted: str) -> Head:
    first, second = (f"-{column.name}", column.name) if column.numbers else (column.name, f"-{column.name}")
    query = request.GET.copy()
    query["sort"] = second if wanted == first else first
    query.pop("page", None)
    direction = ""
    if wanted.removeprefix("-") == column.name:
        direction = "descending" if wanted.startswith("-") else "ascending"
    return Head(column.label, f"{request.path}?{query.urlencode()}", direction, column.numbers)
