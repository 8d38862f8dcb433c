"""The monthly statement that a marketplace sends its studios, and the ways in which such statements are wrong."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

COLUMNS = (
    *("statement_period", "location_ref", "booking_ref", "member_ref", "member_name", "class_name", "starts_at_local"),
    *("event", "product", "quantity", "unit_amount", "adjustment", "net", "tax", "currency"),
)
CENT = Decimal("0.01")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A booking of ours whose class is over. Moments are aware."""

    booking: str
    member: str
    name: str
    location: str
    class_name: str
    starts_at: datetime
    state: str
    checked_in: bool
    additional: bool = False  # we told the studio that it is a further visit of a day


@dataclass(frozen=True, kw_only=True)
class Line:
    period: str
    location: str = ""
    booking: str = ""
    member: str = ""
    name: str = ""
    class_name: str = ""
    starts_at: str = ""
    event: str
    product: str = "Fitpass One"
    quantity: int = 1
    unit: Decimal
    adjustment: Decimal = Decimal(0)
    tax_rate: Decimal

    @property
    def net(self) -> Decimal:
        return self.unit * self.quantity + self.adjustment

    def cells(self) -> list[str]:
        """In the order of COLUMNS; what a person wrote cannot become a formula."""
        tax = (self.net * self.tax_rate / 100).quantize(CENT, ROUND_HALF_UP)
        said = (self.period, self.location, self.booking, self.member, self.name, self.class_name, self.starts_at)
        amounts = [str(amount.quantize(CENT)) for amount in (self.unit, self.adjustment, self.net, tax)]
        return [*map(_plain, said), self.event, self.product, str(self.quantity), *amounts, "EUR"]


def event_of(visit: Visit) -> str | None:
    """What is paid for: a check-in, a no-show, a late cancel; None: nothing.

    Who scanned at the door was here, whatever the studio ticked.
    """
    if visit.state == "late_cancelled":
        return "late_cancel"
    if visit.state != "booked":
        return None
    if not visit.checked_in:
        return "no_show"
    return "additional" if visit.additional else "check_in"


def lines(
    visits: Iterable[Visit], *, month: date, rates: dict[str, Decimal], differences: frozenset[str], zone: ZoneInfo
) -> list[Line]:
    """The statement of the month in which the classes were (by the studio's clock), with the differences asked for."""
    period = f"{month:%Y-%m}"
    right = []
    for visit in visits:
        event, local = event_of(visit), visit.starts_at.astimezone(zone)
        if event is None or (local.year, local.month) != (month.year, month.month):
            continue
        right.append(
            Line(
                period=period,
                location=visit.location,
                booking=visit.booking,
                member=visit.member,
                name=visit.name,
                class_name=visit.class_name,
                starts_at=f"{local:%Y-%m-%d %H:%M}",
                event=event,
                unit=rates[event],
                tax_rate=rates["tax"],
            )
        )
    return _spoilt(sorted(right, key=lambda line: (line.starts_at, line.booking)), month, rates, differences)


def _spoilt(right: Sequence[Line], month: date, rates: dict[str, Decimal], differences: frozenset[str]) -> list[Line]:
    """Each difference takes a visit of its own as far as there are enough, so that they can be told apart."""
    said = list(right)
    touched = [name for name in ("capped", "price", "twice", "missing") if name in differences]
    for number, name in zip(range(len(right)), touched, strict=False):
        line = right[number]
        at = said.index(line)
        if name == "capped":
            said[at] = replace(line, adjustment=-line.unit)
        elif name == "price":
            said[at] = replace(line, unit=(line.unit * Decimal("0.8")).quantize(CENT, ROUND_HALF_UP))
        elif name == "twice":
            said.insert(at, line)
        else:
            del said[at]
    period, before = f"{month:%Y-%m}", f"{_month_before(month):%Y-%m}"
    place = right[0].location if right else ""
    blank = Line(period=period, location=place, event="", unit=Decimal(0), tax_rate=rates["tax"])
    if "extra" in differences:
        nobody = replace(blank, booking=f"FO-EXTRA-{period}", member="FP-9999", name="Robin Nowhere")
        visit = replace(nobody, class_name="Yoga", starts_at=f"{period}-15 18:00")
        said.append(replace(visit, event="check_in", unit=rates["check_in"]))
    if "correction" in differences:
        earlier = replace(blank, class_name=f"correction {before}", starts_at=f"{before}-20 18:00")
        said.append(replace(earlier, event="correction", adjustment=-rates["check_in"]))
    if "flat" in differences:
        said.append(replace(blank, event="flat", product="Listing fee", unit=Decimal("-25.00")))
    return said


def as_csv(statement: Iterable[Line]) -> str:
    """UTF-8, commas, amounts with a point."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(line.cells() for line in statement)
    return text.getvalue()


def _month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def _plain(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
