"""What the screens and files of bookings show of invoices.

Invoicing is another app, which bookings does not know. It registers its answers in its `AppConfig.ready`; until then
those here hold, of a house without invoices: nothing is shown. Each answer costs the same number of queries for one
reservation as for thirty. Who asks has seen to it that the reader may see money.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from portal.models import Location, Studio


@dataclass(frozen=True)
class MonthBilled:
    """What a month comes to: `amounts` are net, by currency.

    `how`: open, closing, issued or nothing; `word`: the same for people; `url`: where more of it stands, "" nowhere.
    """

    additional: int = 0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    how: str = ""
    word: str = ""
    url: str = ""


@dataclass(frozen=True)
class Billed:
    """The invoice that a reservation stands on."""

    number: str
    url: str


@dataclass(frozen=True)
class Settled:
    """How far the money of a reservation is: a word of `components/settlement.html`, and why as a sentence or ""."""

    word: str
    why: str = ""


@dataclass(frozen=True)
class ExtraColumn:
    heading: str
    sql: str
    # What a workbook makes of it, as `bookings.exports.Column` has it.
    kind: str = ""


@dataclass(frozen=True)
class ExtraColumns:
    """Columns of the month's file: their SQL, and the joins that it speaks of, where `r` is the reservation."""

    columns: Sequence[ExtraColumn] = ()
    joins: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class Invoices:
    """The answers. Whoever knows invoices makes a subclass of it and registers it."""

    def months(
        self, studio: Studio, locations: Collection[Location], first: date, after: date, *, now: datetime
    ) -> dict[date, MonthBilled] | None:
        """From the month `first` to before `after`, of visits at these locations; None: nothing is invoiced here."""
        return None

    def income(
        self, studio: Studio, locations: Collection[Location], spans: Sequence[tuple[date, date]], *, now: datetime
    ) -> list[dict[str, dict[str, Decimal]]] | None:
        """What marketplaces pay for visits at these locations: net, by source and currency, for each span.

        A span goes from a local day to before another. None: nothing is invoiced here. A source that is absent has no
        contract or no visit.
        """
        return None

    def are_shown(self, studio: Studio) -> bool:
        """Whether visits of the studio stand on invoices at all."""
        return False

    def headings(self, studio: Studio) -> list[ExtraColumn]:
        """Of `columns`, as they stand in each file of the studio; their SQL is empty."""
        return []

    def columns(self, location: Location, month: date, *, now: datetime) -> ExtraColumns:
        """What a file of the location's month says of each reservation; as many as `headings`."""
        return ExtraColumns()

    def billed(self, studio: Studio, reservations: Collection[int]) -> dict[int, Billed]:
        """By the reservation's key; those that stand on no invoice are absent."""
        return {}

    def settled(self, studio: Studio, reservations: Collection[int]) -> dict[int, Settled]:
        """What statement and payout say of it, by the reservation's key; those of which they say nothing are absent."""
        return {}

    def after_issue(self, studio: Studio, location: Location, day: date, source: str = "") -> str:
        """What becomes of a correction of a visit on that local day: "November is issued; a correction becomes a line
        on December.". Empty: its month is not issued, of no marketplace or not of `source`."""
        return ""


class _Registered:
    answers: Invoices = Invoices()


def register(answers: Invoices) -> None:
    _Registered.answers = answers


def invoices() -> Invoices:
    return _Registered.answers
