"""Dates and times as other systems write them, in the zone of a location (Q15). Pure."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from dateutil import parser
from django.utils.translation import gettext_noop as _


class Order(StrEnum):
    """Which number comes first in a date made of numbers."""

    YEAR = "ymd"
    DAY = "dmy"
    MONTH = "mdy"


class NotADate(ValueError):
    """`text` is an English msgid with the parameter `value`."""

    def __init__(self, text: str, value: str) -> None:
        super().__init__(text)
        self.text, self.value = text, value


_NUMBERS = re.compile(
    r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})\.?"
    r"(?:(?:\s*[T,]\s*|\s+)(\d{1,2})(?::|\.|h)(\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?(?:\s*([AaPp])\.?[Mm]\.?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_CLOCK = re.compile(r"(\d{1,2})(?::|\.|h)(\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?(?:\s*([AaPp])\.?[Mm]\.?)?", re.ASCII)
_YEARS = range(1970, 2101)


def order_of(texts: Iterable[str]) -> Order | None:
    """Day first, month first or year first? None where the file does not say, so that a person is asked."""
    day = month = False
    for text in texts:
        match = _NUMBERS.match(text.strip())
        if match is None:
            continue
        if len(match[1]) == 4:
            return Order.YEAR
        day |= int(match[1]) > 12
        month |= int(match[2]) > 12
    if day != month:
        return Order.DAY if day else Order.MONTH
    return None


def needs_order(texts: Iterable[str]) -> bool:
    """Whether there is any date made of numbers whose order could be asked about."""
    return any((match := _NUMBERS.match(text.strip())) and len(match[1]) != 4 for text in texts)


def read_moment(text: str, *, order: Order, zone: ZoneInfo, clock: str = "", day: date | None = None) -> datetime:
    """An aware moment in UTC. A time without offset is local to `zone`.

    `clock`: the time of day, where the file has it in a column of its own. `day`: the day that a text with only a
    time of day belongs to. Raises NotADate.
    """
    text = f"{text} {clock}".strip() if clock else text.strip()
    only_clock = _CLOCK.fullmatch(text)
    if only_clock and day is not None:
        return to_utc(datetime.combine(day, _clock(text, *only_clock.groups())), zone)
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return _in_words(text, zone)
    first, second, third, hour, minute, second_of, half, offset = match.groups()
    moment = datetime.combine(
        _day(text, first, second, third, order), _clock(text, hour or "0", minute or "0", second_of, half)
    )
    if offset:
        hours = "+0000" if offset in {"Z", "UTC"} else offset
        return datetime.strptime(f"{moment:%Y-%m-%d %H:%M:%S} {hours}", "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    return to_utc(moment, zone)


def read_day(text: str, *, order: Order) -> date:
    """A calendar day; a time of day behind it is ignored. Raises NotADate."""
    text = text.strip()
    if match := _NUMBERS.fullmatch(text):
        return _day(text, match[1], match[2], match[3], order)
    return _in_words(text, ZoneInfo("UTC")).date()


def has_clock(text: str) -> bool:
    return bool(
        re.search(r"\d[:h.]\d{2}(?!\d*[-./]\d)", text.split(" ", 1)[-1] if " " in text else text.partition("T")[2])
    )


def to_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """A wall-clock time there. A doubled one is the first of the two, one that was skipped the end of the gap (Q15)."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == wall:
        return first
    # Skipped: from before the change on, the first minute that has the later offset.
    moment = wall.replace(tzinfo=zone, fold=1).astimezone(UTC).replace(second=0, microsecond=0)
    after = first.astimezone(zone).utcoffset()
    while moment.astimezone(zone).utcoffset() != after:
        moment += timedelta(minutes=1)
    return moment


def _day(text: str, first: str, second: str, third: str, order: Order) -> date:
    if len(first) == 4:
        order = Order.YEAR
    year, month, day = {
        Order.YEAR: (first, second, third),
        Order.DAY: (third, second, first),
        Order.MONTH: (third, first, second),
    }[order]
    whole = int(year) + 2000 if len(year) == 2 else int(year)
    if whole not in _YEARS:
        raise NotADate(_("“%(value)s” is not a date between 1970 and 2100."), text)
    try:
        return date(whole, int(month), int(day))
    except ValueError as error:
        raise NotADate(_("“%(value)s” is not a date."), text) from error


def _clock(text: str, hour: str, minute: str, second: str | None, half: str | None) -> time:
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise NotADate(_("“%(value)s” is not a time."), text)
        hours = hours % 12 + (12 if half in "pP" else 0)
    try:
        return time(hours, int(minute), int(second or 0))
    except ValueError as error:
        raise NotADate(_("“%(value)s” is not a time."), text) from error


def _in_words(text: str, zone: ZoneInfo) -> datetime:
    """ "3 Jan 2018 2:00 PM". Read twice with two defaults: what differs was not in the text."""
    if not re.search(r"[A-Za-z]{3}", text):
        raise NotADate(_("“%(value)s” is not a date."), text)
    try:
        one = parser.parse(text, default=datetime(2001, 1, 1))  # noqa: DTZ001 a wall-clock time
        other = parser.parse(text, default=datetime(2002, 2, 2))  # noqa: DTZ001
    except (ValueError, OverflowError) as error:
        raise NotADate(_("“%(value)s” is not a date."), text) from error
    if one != other or one.year not in _YEARS:
        raise NotADate(_("“%(value)s” is not a date."), text)
    return to_utc(one, zone) if one.tzinfo is None else one.astimezone(UTC)
