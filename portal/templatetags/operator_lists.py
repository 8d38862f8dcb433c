"""Rows of Django's lists with the column's words on each cell: a phone shows each row as a card."""

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()

NOTHING = ">-</td>"


@register.filter
def labelled(cells: Iterable[SafeString], headers: Iterable[dict[str, Any]]) -> list[SafeString]:
    """The cells of a row, as Django made them, with `data-label`; one that says nothing is marked `data-none`."""
    words = [
        str(header["text"]) if "action-checkbox" not in str(header.get("class_attrib")) else "" for header in headers
    ]
    return [_with_label(cell, word or "") for cell, word in zip_longest(list(cells), words) if cell is not None]


def _with_label(cell: SafeString, word: str) -> SafeString:
    if not cell.startswith("<td") or not word:
        return cell
    label = format_html('<td data-label="{}"', capfirst(word))
    if cell.rstrip().endswith(NOTHING):
        label += mark_safe(" data-none")
    return label + mark_safe(cell.removeprefix("<td"))  # noqa: S308 - of Django's, safe as it came
