"""Amounts as people and spreadsheets write them: `1.234,56` and `1,234.56` (bad input of X2). Pure."""

import re
from collections.abc import Iterable
from decimal import Decimal

POINT, COMMA = ".", ","
MOST_DIGITS = 12  # before the decimal mark
PLACES = Decimal("0.0001")  # what spreadsheets add behind is noise

# Sign, currency, parentheses or a trailing minus around digits with marks between them.
_SHAPE = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+−])?\s*(?P<before>[A-Za-z]{3}|[€$£])?\s*(?P<sign2>[-+−])?\s*"
    r"(?P<digits>\d[\d.,'’ \u00a0\u202f]*|[.,]\d+)"
    r"\s*(?P<after>[A-Za-z]{3}|[€$£])?\s*(?P<sign3>[-−])?\s*(?P<close>\))?",
)
_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP"}
_SPACES = re.compile(r"['’ \u00a0\u202f]")


class NotAnAmount(ValueError):
    """The text is no number, or none in the column's way of writing."""


def mark_of(texts: Iterable[str]) -> str | None:
    """Which of both is the decimal mark of a column? None where the texts leave both open, so that a person is asked.

    A mark followed by anything but three digits decides; so do two different marks, and one mark twice. A column
    without any mark needs none: the point.
    """
    undecided = False
    points = commas = 0
    for text in texts:
        match = _SHAPE.fullmatch(text.strip())
        if match is None:
            continue
        found = _mark_in(_SPACES.sub("", match["digits"]))
        if found is None:
            undecided |= bool(re.search(r"[.,]", match["digits"]))
        elif found == POINT:
            points += 1
        else:
            commas += 1
    if points and commas:
        return None
    if points or commas:
        return POINT if points else COMMA
    return None if undecided else POINT


def _mark_in(digits: str) -> str | None:
    """The decimal mark that this number can only have; None: either."""
    marks = re.findall(r"[.,]", digits)
    if not marks:
        return None
    last: str = marks[-1]
    if len(set(marks)) == 2:
        return last
    if len(marks) > 1:  # "1.234.567": the mark of thousands, so the other one is the decimal mark
        return COMMA if last == POINT else POINT
    before, _mark, after = digits.partition(last)
    is_group = len(after) == 3 and 1 <= len(before) <= 3 and before != "0"
    return None if is_group else last


def read_amount(text: str, *, mark: str) -> tuple[Decimal, str]:
    """The number and the currency written beside it ("" for none), to four places. Raises NotAnAmount."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise NotAnAmount(text)
    signs = [match[name] for name in ("sign", "sign2", "sign3") if match[name]]
    if len(signs) + bool(match["open"]) > 1:
        raise NotAnAmount(text)
    currencies = [match[name] for name in ("before", "after") if match[name]]
    if len(currencies) > 1:
        raise NotAnAmount(text)
    digits, other = _SPACES.sub("", match["digits"]), COMMA if mark == POINT else POINT
    whole, _mark, fraction = digits.partition(mark)
    if mark in fraction or other in fraction or not _grouped(whole, other):
        raise NotAnAmount(text)
    whole = whole.replace(other, "")
    if len(whole) > MOST_DIGITS:
        raise NotAnAmount(text)
    number = Decimal(f"{whole or 0}.{fraction or 0}").quantize(PLACES)
    negative = bool(match["open"]) or any(sign in "-−" for sign in signs)
    currency = _SIGNS.get(currencies[0], currencies[0].upper()) if currencies else ""
    return -number if negative else number, currency


def _grouped(whole: str, separator: str) -> bool:
    """Thousands are three digits each, or nothing is separated at all."""
    groups = whole.split(separator)
    return len(groups) == 1 or (1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
