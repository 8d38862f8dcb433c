"""What a log says of values: before and after, in the reader's language and by the studio's clock."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.log.registry import Reader
from portal.models import StaffLogin

LONGEST = 200  # characters of one value

Who: TypeAlias = Callable[[StaffLogin | None, str], str]


def _who(by: StaffLogin | None, word: str) -> str:
    return by.user.name if by is not None else word


class _Told:
    who: Who = staticmethod(_who)


def tell_who(words: Who) -> None:
    """Registered by whoever knows what `by_word` may hold: sources, marketplaces, the clock."""
    _Told.who = staticmethod(words)


def who_words(by: StaffLogin | None, word: str) -> str:
    """Who did it: a person's name, else what acted by itself."""
    return _Told.who(by, word)


def zone_of(reader: Reader) -> ZoneInfo:
    """By whose clock the log is told: that of the studio's first location."""
    return reader.places[0].tz if reader.places else ZoneInfo("UTC")


def value_words(value: Any, zone: ZoneInfo, choices: Mapping[Any, Any] | None = None) -> str:
    """One value as it stands in JSON."""
    if value is None or value == "" or value == [] or value == {}:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(value_words(one, zone, choices) for one in value)[:LONGEST]
    if isinstance(value, dict):
        return "; ".join(f"{name}: {value_words(one, zone)}" for name, one in value.items())[:LONGEST]
    if choices and value in choices:
        return str(choices[value])
    return _moment(value, zone) if isinstance(value, str) else str(value)


def _moment(text: str, zone: ZoneInfo) -> str:
    """A day or a moment as people write it, any other text as it is."""
    if len(text) >= 10 and text[4:5] == "-":
        try:
            if "T" in text and (moment := parse_datetime(text)) is not None and moment.tzinfo:
                there = moment.astimezone(zone)
                return f"{date_format(there, 'SHORT_DATE_FORMAT')} {there:%H:%M}"
            if len(text) == 10 and (day := parse_date(text)) is not None:
                return day_words(day)
        except ValueError:
            return text[:LONGEST]
    return text[:LONGEST]


def day_words(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


def change_words(label: str, before: str, after: str) -> str:
    words = {"field": label, "before": before, "after": after}
    return _("%(field)s: before %(before)s, after %(after)s") % words
