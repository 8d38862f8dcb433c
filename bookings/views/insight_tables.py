"""A chart of insight with what belongs to it: its sentence, its table, its method; the same table as a file (Q38)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.insight_words import METHODS
from bookings.rules import insight as rules
from bookings.rules.insight import Bucket, Period
from bookings.selectors.insight import Scope
from bookings.sources import is_own, source_name
from packages.words import money_words
from portal.downloads import Cell, Column, Table
from portal.locations import LocationChoice

TEXT, NUMBER, PER_CENT, AMOUNT, MEAN = "text", "number", "percent", "amount", "mean"
ROUNDED = {AMOUNT: Decimal("0.01"), MEAN: Decimal("0.1")}
BAR_HEIGHT = 120


@dataclass(frozen=True)
class Heading:
    """`adds`: a sum of the column means something; `nothing`: the word for None."""

    label: str
    kind: str = NUMBER
    adds: bool = True
    nothing: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind != TEXT


@dataclass(frozen=True)
class Line:
    """A row of cells as long as the headings; `note` stands below the first, as "only 6 visits" does."""

    cells: Sequence[Any]
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Shown:
    """One cell as the page has it."""

    text: str
    label: str
    is_number: bool
    is_none: bool


@dataclass(frozen=True)
class ShownLine:
    first: Shown
    rest: list[Shown]
    note: str = ""
    url: str = ""


@dataclass(frozen=True)
class Sheet:
    headings: Sequence[Heading]
    lines: Sequence[Line]
    foot: Sequence[Any] | None = None

    @property
    def shown(self) -> list[ShownLine]:
        return [self._shown(line) for line in self.lines]

    @property
    def shown_foot(self) -> ShownLine | None:
        return self._shown(Line(self.foot)) if self.foot else None

    def _shown(self, line: Line) -> ShownLine:
        cells = [_shown(cell, heading) for cell, heading in zip(line.cells, self.headings, strict=True)]
        return ShownLine(cells[0], cells[1:], line.note, line.url)

    def as_table(self, name: str) -> Table:
        """For a file: numbers as numbers; the foot is what a workbook adds up itself."""
        columns = [
            Column(f"{one.label}, %" if one.kind == PER_CENT else one.label, total=one.kind == NUMBER and one.adds)
            for one in self.headings
        ]
        rows = ([_raw(cell, one) for cell, one in zip(line.cells, self.headings, strict=True)] for line in self.lines)
        return Table(name, columns, rows)


@dataclass(frozen=True)
class Part:
    """One chart of a page. `word` is its name in addresses; `drawing`: the template that draws `chart`, "" for none."""

    word: str
    heading: str
    summary: Sequence[str]
    sheet: Sheet
    drawing: str = ""
    chart: Any = None
    is_open: bool = False  # the table itself is what is to be seen

    @property
    def is_empty(self) -> bool:
        return not self.drawing and not (self.is_open and self.sheet.lines)

    @property
    def method(self) -> Sequence[Promise]:
        return METHODS[self.word]


@dataclass(frozen=True)
class Look:
    """What the address asks for."""

    scope: Scope
    choice: LocationChoice
    today: date
    source: str = ""
    slug: str = ""
    found: dict[str, int] = field(default_factory=dict)  # sources with how many, for the chips

    @property
    def period(self) -> Period:
        return self.scope.period

    @property
    def now(self) -> datetime:
        return self.scope.now

    def wants(self, source: str) -> bool:
        return not self.source or source == self.source

    def saw(self, source: str, number: int) -> None:
        if number:
            self.found[source] = self.found.get(source, 0) + number


def _shown(cell: Any, heading: Heading) -> Shown:
    nothing = cell is None or cell == ""
    text = heading.nothing or _("none") if nothing else _words(cell, heading.kind)
    return Shown(text, heading.label, heading.is_number, nothing)


def _words(cell: Any, kind: str) -> str:
    if isinstance(cell, str):
        return cell
    if kind == PER_CENT:
        return f"{cell} %"
    if kind == MEAN:
        return number_format(round(cell, 1), 1)
    if kind == AMOUNT:
        return number_format(cell, 2, use_l10n=True, force_grouping=True)
    return integer(cell)


def _raw(cell: Any, heading: Heading) -> Cell:
    if heading.kind in ROUNDED and cell is not None and not isinstance(cell, str):
        return Decimal(cell).quantize(ROUNDED[heading.kind])
    return cell


def integer(number: int) -> str:
    return number_format(number, 0, use_l10n=True, force_grouping=True)


def bucket_words(bucket: Bucket, *, short: bool = False) -> str:
    """ "October 2026", "Oct", or the days of a week: "5-11 Oct"."""
    if bucket.is_month:
        return date_format(bucket.first, "M" if short else "YEAR_MONTH_FORMAT")
    last = bucket.after - rules.DAY
    if short:
        return date_format(bucket.first, _("j M"))
    return date_format(bucket.first, _("j M")) + " - " + date_format(last, _("j M Y"))


def bucket_heading(period: Period) -> str:
    return _("Month") if period.by_month else _("Week")


def before_words(period: Period, *, amid: bool = False) -> str:
    """What the period is compared with, as a heading; `amid`: after other words of it."""
    if period.by_month:
        return _("a year before") if amid else _("A year before")
    weeks = rules.WEEKS_BACK[period.range]
    return ngettext("%(number)d week earlier", "%(number)d weeks earlier", weeks) % {"number": weeks}


def only_visits(number: int) -> str:
    """ "only 6 visits", or nothing where there are enough."""
    if not rules.is_small(number):
        return ""
    return ngettext("only %(number)d visit", "only %(number)d visits", number) % {"number": number}


def change_words(look: Look, now: int, before: int) -> str:
    """ "14 % more than before", for a sentence; "" where nothing was before, or not all of it was recorded."""
    if not before or not look.scope.before_is_known:
        return ""
    change = round(100 * (now - before) / before)
    if change == 0:
        return _("as many as in the period before")
    facts = {"number": abs(change)}
    if change > 0:
        return _("%(number)d %% more than in the period before") % facts
    return _("%(number)d %% less than in the period before") % facts


def amounts_words(amounts: dict[str, Decimal]) -> str:
    """ "12.40 EUR"; several currencies one after the other, "" of none."""
    return ", ".join(money_words(amount, currency) for currency, amount in sorted(amounts.items()))


def in_order(sources: dict[str, int]) -> list[str]:
    """The studio's own sources first, each kind from the most to the fewest."""
    return sorted(sources, key=lambda source: (not is_own(source), -sources[source], source))


def name(source: str) -> str:
    return source_name(source)
