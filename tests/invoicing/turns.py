"""A month judged visit by visit, with pencil and paper: what the set-based statement is held against."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from invoicing.rules import PAID, Because, Kind, Payable, Terms, VisitFacts, payable

ROLLING = timedelta(days=30)  # the visit's own day included


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A visit before it is counted among the others. `settled` not None: billed, as paid under caps or not."""

    id: int
    person: int
    location: int
    day: date
    starts_at: datetime
    kind: Kind
    terms: Terms | None
    flagged: bool | None = None
    refilled: bool = False
    settled: bool | None = None


def in_turn(visits: Iterable[Seen], month: date) -> dict[int, Payable]:
    """Each visit of one connection judged in its turn, by id.

    `month`: the first day of the month whose check-ins are numbered for volume steps.
    """
    found: dict[int, Payable] = {}
    attended: dict[tuple[int, int], list[date]] = {}
    days: dict[tuple[int, date], int] = {}
    paid: dict[int, list[date]] = {}
    numbered = 0
    for visit in sorted(visits, key=lambda one: (one.starts_at, one.id)):
        here = attended.setdefault((visit.person, visit.location), [])
        if visit.kind is Kind.CHECK_IN:
            here.append(visit.day)
        before = [day for day in paid.get(visit.person, []) if day > visit.day - ROLLING]
        facts = VisitFacts(
            kind=visit.kind,
            terms=visit.terms,
            flagged=visit.flagged,
            refilled=visit.refilled,
            attended_here=sum(day > visit.day - ROLLING for day in here),
            of_day=days.get((visit.person, visit.day), 0) + 1,
            paid_before=len(before),
            of_month=numbered + 1,
        )
        result = found[visit.id] = payable(facts)
        is_capped_kind = result.because in PAID - {Because.ADDITIONAL}
        if is_capped_kind or result.because in {Because.DAY_CAP, Because.PERIOD_CAP}:
            days[visit.person, visit.day] = facts.of_day
        if is_capped_kind if visit.settled is None else visit.settled:
            paid.setdefault(visit.person, []).append(visit.day)
        if result.because in {Because.CHECK_IN, Because.STEP} and (visit.day.year, visit.day.month) == (
            month.year,
            month.month,
        ):
            numbered += 1
    return found
