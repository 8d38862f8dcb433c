"""What do the lines of an invoice come to? Net, VAT for each category and rate, and the sum (EN 16931; fact 7)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from invoicing.rules.payable import Because, Kind

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line to be: visits of one clause at one price. `quantity` below 0 takes back what an earlier invoice has.

    `month`: of the visits. `terms`: the key of the contract's version. `price` is net and never below 0.
    """

    kind: Kind
    because: Because
    month: date
    terms: int
    quantity: int
    price: Decimal
    tax_category: str
    tax_rate: Decimal

    @property
    def net(self) -> Decimal:
        return self.quantity * self.price


@dataclass(frozen=True)
class Vat:
    """One category and rate (BG-23)."""

    category: str
    rate: Decimal
    base: Decimal
    tax: Decimal


@dataclass(frozen=True, kw_only=True)
class Totals:
    """`adjustments`: net of what belongs to earlier months. The numbers are of the month's own paid visits (P9)."""

    vat: tuple[Vat, ...]
    net: Decimal
    tax: Decimal
    gross: Decimal
    check_ins: int
    additional: int
    no_shows: int
    late_cancels: int
    adjustments: Decimal


def totals(entries: Iterable[Entry], month: date) -> Totals:
    """VAT is computed on the net sum of a category and rate, half up to the cent, never line by line."""
    lines = list(entries)
    own = [line for line in lines if line.month == month]
    bases: dict[tuple[str, Decimal], Decimal] = defaultdict(Decimal)
    for line in lines:
        bases[line.tax_category, line.tax_rate] += line.net
    vat = tuple(
        Vat(category, rate, base.quantize(CENT), (base * rate / 100).quantize(CENT, ROUND_HALF_UP))
        for (category, rate), base in sorted(bases.items())
    )
    net = sum((row.base for row in vat), Decimal("0.00"))
    tax = sum((row.tax for row in vat), Decimal("0.00"))
    return Totals(
        vat=vat,
        net=net,
        tax=tax,
        gross=net + tax,
        check_ins=_number(own, Kind.CHECK_IN),
        additional=_number(own, Kind.ADDITIONAL),
        no_shows=_number(own, Kind.NO_SHOW),
        late_cancels=_number(own, Kind.LATE_CANCEL),
        adjustments=sum((line.net for line in lines if line.month != month), Decimal("0.00")),
    )


# What a flat rate covers was a visit all the same (P9).
STATED = frozenset(
    {Because.ADDITIONAL, Because.STEP, Because.CHECK_IN, Because.NO_SHOW, Because.LATE_CANCEL, Because.FLAT_RATE}
)


def _number(lines: Iterable[Entry], kind: Kind) -> int:
    return sum(line.quantity for line in lines if line.kind is kind and line.because in STATED)
