"""The studio's reviews as a list: filtered, newest first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import CharField, Exists, OuterRef, Subquery

from bookings.models import CalendarItem
from bookings.selectors.local_days import midnight, next_month
from portal.models import Location, Studio, Teacher
from reviews import rules
from reviews.models import Report, Review
from reviews.models.review import ReviewQuerySet
from reviews.selectors.overall import at

PER_PAGE = 50
ORDERS = {
    "newest": ("-written_at", "-id"),
    "oldest": ("written_at", "id"),
    "lowest": ("score", "-written_at", "-id"),
    "highest": ("-score", "-written_at", "-id"),
}
YEARS = range(1970, 2200)
DAYS = {"30": 30, "90": 90, "365": 365}


@dataclass(frozen=True)
class Filters:
    """What the address says; a word that means nothing narrows nothing, a key of nothing finds nothing."""

    unanswered: bool = False
    low: bool = False
    disputed: bool = False
    hidden: bool = False
    item: int | None = None
    teacher: int | None = None
    stars: int | None = None
    days: str = ""
    month: date | None = None
    order: str = "newest"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        order, days = query.get("order", ""), query.get("days", "")
        stars = rules.number(query.get("stars", ""))
        return cls(
            **{name: query.get(name) == "1" for name in ("unanswered", "low", "disputed", "hidden")},
            item=rules.number(query.get("class", "")),
            teacher=rules.number(query.get("teacher", "")),
            stars=stars if stars in range(1, 6) else None,
            days=days if days in DAYS else "",
            month=_month(query.get("month", "")),
            order=order if order in ORDERS else "newest",
        )

    @property
    def any(self) -> bool:
        return replace(self, order="newest") != Filters()


def reviews_of(
    studio: Studio, filters: Filters, *, locations: Iterable[Location], zone: ZoneInfo, now: datetime
) -> ReviewQuerySet:
    """The studio's reviews of visits at these locations that the filters leave, in their order, ready for a list."""
    found: Any = at(Review.objects.filter(studio=studio), locations)
    if filters.unanswered:
        found = found.unanswered()
    if filters.low:
        found = found.filter(score__lte=rules.LOW)
    if filters.disputed:
        found = found.disputed()
    if filters.hidden:
        found = found.filter(hidden_at__isnull=False)
    if filters.item is not None:
        found = found.filter(reservation__session__item=filters.item)
    if filters.teacher is not None:
        found = found.filter(reservation__session__teacher=filters.teacher)
    if filters.stars is not None:
        # What the bar of the spread counts. As `rules.standing.stars_of` rounds: half a star up.
        found = found.counted(now).filter(score__gte=filters.stars - 0.5, score__lt=filters.stars + 0.5)
    if filters.days:
        found = found.filter(written_at__gt=now - timedelta(days=DAYS[filters.days]))
    if filters.month is not None:
        after = next_month(filters.month)
        found = found.filter(written_at__gte=midnight(filters.month, zone), written_at__lt=midnight(after, zone))
    return found.order_by(*ORDERS[filters.order])


def furnished(reviews: Any) -> Any:
    """With what a line shows, in the same query: visit, reply, `case_rule` of the hiding case, `has_open_case`."""
    cases = Report.objects.filter(review=OuterRef("pk"))
    hiding = cases.filter(decision=Report.Decision.HIDDEN).order_by("-decided_at")
    return reviews.select_related(
        "reservation__member",
        "reservation__location",
        "reservation__session__item",
        "reservation__session__teacher",
        "response",
        "doubt__by__user",
    ).annotate(
        case_rule=Subquery(hiding.values("decision_rule")[:1], output_field=CharField()),
        has_open_case=Exists(cases.filter(decided_at=None)),
    )


def classes_of(studio: Studio, locations: Iterable[Location]) -> list[CalendarItem]:
    """The classes that somebody reviewed, by name."""
    reviewed = at(Review.objects.filter(studio=studio), locations).order_by()
    keys = reviewed.values("reservation__session__item")
    return list(CalendarItem.objects.filter(studio=studio, pk__in=keys).order_by("name", "pk"))


def teachers_of(studio: Studio, locations: Iterable[Location]) -> list[Teacher]:
    """The teachers of whose classes somebody reviewed one, by name."""
    reviewed = at(Review.objects.filter(studio=studio), locations).order_by()
    keys = reviewed.values("reservation__session__teacher")
    return list(Teacher.objects.filter(studio=studio, pk__in=keys).order_by("name", "pk"))


def _month(text: str) -> date | None:
    """ "2026-11" as its first day; None for others, and for what no calendar of ours reaches."""
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return found if found.year in YEARS else None
