"""One line of a statement read: its texts, its day by the location's clock, its amounts; or why it cannot be read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_noop as _

from invoicing.imports.columns import NUMBERS, TARGETS, TOTALS, event_of
from invoicing.imports.files import Record, is_too_long
from invoicing.rules.amounts import POINT, NotAnAmount, read_amount
from invoicing.rules.matching import Event
from marketplace.models import ConnectedLocation, Connection
from portal.imports.dates import NotADate, Order, has_clock, read_day, read_moment
from portal.imports.mapping import plain

LABELS = {target.name: target.label for target in TARGETS}
LONGEST = {"booking": 150, "member": 150, "location": 150, "period": 60, "event": 100}
LONGEST_TEXT = 200
WHO = ("booking", "member", "name", "location")
MOST_REMEMBERED = 20_000
_FORMULAS = tuple("=+-@\t\r")
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP"}


class Refused(Exception):
    """A line that cannot be read: an English msgid with its parameters, and the column that it is about."""

    def __init__(self, text: str, *, column: str = "", **params: str | int) -> None:
        super().__init__(text)
        self.problem: dict[str, Any] = {"column": LABELS.get(column, ""), "text": text, "params": params}


@dataclass
class Read:
    """As in `StatementLine`. `event` None: nobody knows their word yet."""

    line: int
    texts: dict[str, str]
    event: Event | None = Event.VISIT
    day: date | None = None
    starts_at: datetime | None = None
    numbers: dict[str, Decimal] = field(default_factory=dict)
    currency: str = ""
    theirs: Decimal | None = None
    problem: dict[str, Any] = field(default_factory=dict)
    cells: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Clocks:
    """The zones of the locations by what the marketplace and we call them."""

    zones: Mapping[str, ZoneInfo]
    default: ZoneInfo

    @classmethod
    def of(cls, connection: Connection) -> "Clocks":
        """Where a line names no location that we know, the connection's first one tells the time."""
        zones: dict[str, ZoneInfo] = {}
        places = list(connection.studio.locations.in_order())
        for place in places:
            zones[place.name.casefold()] = zones[place.slug] = place.tz
        known = ConnectedLocation.objects.filter(connection=connection).select_related("location").order_by("pk")
        for one in known:
            zones[one.external_id.casefold()] = one.location.tz
        connected = next((one.location.tz for one in known), None)
        return cls(zones, connected or (places[0].tz if places else ZoneInfo("UTC")))

    def at(self, place: str) -> ZoneInfo:
        return self.zones.get(place.casefold(), self.default)


class Reader:
    """Turns the records of one file into lines. Days and moments are remembered: a class has many visits."""

    def __init__(
        self,
        header: Sequence[str],
        columns: Mapping[str, str],
        answers: Mapping[str, str],
        words: Mapping[str, str],
        clocks: Clocks,
    ) -> None:
        self._header = list(header)
        self._at = {target: self._header.index(name) for target, name in columns.items() if name in self._header}
        self._marks = {target: answers.get(target, POINT) for target in NUMBERS}
        self._order = Order(answers.get("order") or Order.DAY)
        self._words, self._clocks = words, clocks
        self._events: dict[str, Event | None] = {}
        self._moments: dict[tuple[str, str, str], tuple[date, datetime | None]] = {}
        self._numbers: dict[tuple[str, str], tuple[Decimal, str]] = {}

    def lines(self, records: Iterator[Record]) -> Iterator[Read]:
        for record in records:
            yield self.line(record)

    def line(self, record: Record) -> Read:
        try:
            return self._read(record)
        except Refused as refused:
            cells = [cell.replace("\0", "\ufffd")[:2000] for cell in record.cells[: len(self._header) + 5]]
            return self._refused(record.line, refused.problem, cells)

    def _refused(self, line: int, problem: dict[str, Any], cells: list[str]) -> Read:
        """What it says about whom it is about, so that its visit is not called missing."""
        said = {target: _text(cells[at]) for target, at in self._at.items() if at < len(cells)}
        found = Read(line, {name: said.get(name, "")[: LONGEST.get(name, LONGEST_TEXT)] for name in WHO})
        found.problem, found.cells = problem, cells
        with suppress(Refused):
            day, clock = said.get("starts_at", ""), said.get("clock", "")
            found.day = self._moment(day, clock, found.texts["location"])[0] if day else None
        return found

    def _read(self, record: Record) -> Read:
        cells = self._checked(record.cells)
        said = {target: _text(cells[at]) for target, at in self._at.items()}
        for target, text in said.items():
            if len(text) > (longest := LONGEST.get(target, LONGEST_TEXT)):
                raise Refused(_("It is longer than %(most)s characters."), column=target, most=longest)
        found = Read(record.line, said)
        found.event = self._event(said.get("event", ""))
        self._read_amounts(found)
        if day := said.get("starts_at"):
            found.day, found.starts_at = self._moment(day, said.get("clock", ""), said.get("location", ""))
        if _is_total(cells, found):
            raise Refused(_("This looks like a line of totals, not like a visit."))
        return found

    def _checked(self, cells: list[str]) -> list[str]:
        width = len(self._header)
        if "\0" in "".join(cells):
            raise Refused(_("The line contains the character NUL, which no text contains."))
        if is_too_long(cells):
            raise Refused(_("A cell is longer than %(size)s KiB. Is a quotation mark missing?"), size=32)
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            raise Refused(_("This row has more cells than the header has columns."))
        if cells[0].strip() == self._header[0] and [cell.strip() for cell in cells[:width]] == self._header:
            raise Refused(_("This row repeats the header."))
        return cells + [""] * (width - len(cells))

    def _event(self, word: str) -> Event | None:
        if word not in self._events:
            _bounded(self._events)
            self._events[word] = event_of(word, self._words)
        return self._events[word]

    def _moment(self, text: str, clock: str, place: str) -> tuple[date, datetime | None]:
        key = (text, clock, place)
        if key not in self._moments:
            _bounded(self._moments)
            self._moments[key] = self._read_moment(*key)
        return self._moments[key]

    def _read_moment(self, text: str, clock: str, place: str) -> tuple[date, datetime | None]:
        zone = self._clocks.at(place)
        try:
            if not clock and not has_clock(text):
                return read_day(text, order=self._order), None
            # A date column of a spreadsheet may end in 00:00, with the time beside it.
            day = read_day(text, order=self._order) if clock and has_clock(text) else None
            moment = read_moment(day.isoformat() if day else text, order=self._order, zone=zone, clock=clock)
        except NotADate as error:
            raise Refused(error.text, column="starts_at", value=error.value) from error
        return moment.astimezone(zone).date(), moment.astimezone(UTC)

    def _read_amounts(self, found: Read) -> None:
        stated = found.texts.get("currency", "")
        currencies = {stated if len(stated) == 3 and stated.isupper() and stated.isascii() else _currency(stated)}
        for target in NUMBERS:
            if text := found.texts.get(target):
                found.numbers[target], beside = self._number(target, text)
                currencies.add(beside)
        currencies.discard("")
        if len(currencies) > 1:
            raise Refused(_("The line names two currencies."), column="currency")
        found.currency = next(iter(currencies), "")
        found.theirs = net_of(found.numbers)
        if found.theirs is None:
            raise Refused(_("There is no amount."))

    def _number(self, target: str, text: str) -> tuple[Decimal, str]:
        known = self._numbers.get((target, text))
        if known is None:
            try:
                known = read_amount(text, mark=self._marks[target])
            except NotAnAmount as error:
                raise Refused(_("“%(value)s” is not a number."), column=target, value=text[:60]) from error
            _bounded(self._numbers)
            self._numbers[target, text] = known
        return known


def _bounded(known: dict[Any, Any]) -> None:
    """What is remembered does not grow with the file."""
    if len(known) > MOST_REMEMBERED:
        known.clear()


def net_of(numbers: Mapping[str, Decimal]) -> Decimal | None:
    """What the line comes to, net where it can be known; None: it says no amount.

    The net amount, else the gross one without the tax that stands beside it, else price times quantity and adjustment.
    """
    if "net" in numbers:
        return numbers["net"]
    if "gross" in numbers:
        return numbers["gross"] - numbers.get("tax", Decimal(0))
    if "unit" in numbers:
        return numbers["unit"] * numbers.get("quantity", Decimal(1)) + numbers.get("adjustment", Decimal(0))
    return None


def _text(cell: str) -> str:
    """Without the apostrophe that keeps a spreadsheet from running it."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULAS and text[1:2] else text


def _currency(text: str) -> str:
    found = _CURRENCIES.get(text.strip(), text.strip().upper())
    if found and not (len(found) == 3 and found.isascii() and found.isalpha()):
        raise Refused(_("“%(value)s” is not a currency."), column="currency", value=text[:20])
    return found


def _is_total(cells: Sequence[str], found: Read) -> bool:
    """The foot of a table: it begins with a word for sums, and has no day."""
    first = next((cell for cell in cells if cell.strip()), "")
    return found.day is None and plain(first) in TOTALS
