"""What all reviews of a studio say together: mean, months, spread, answer rate (Q35)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth

from bookings.selectors.local_days import next_month
from portal.models import Location, Studio
from reviews import rules
from reviews.models import Review
from reviews.models.review import COUNTS_FOR, ReviewQuerySet
from reviews.rules import Spread

MONTHS = 13  # the first holds the last days of the 12 months


@dataclass(frozen=True)
class Month:
    """The reviews of a local calendar month that count; `first` is its first day."""

    first: date
    spread: Spread


@dataclass(frozen=True)
class Year:
    """The last 12 months: all that counts, by calendar month (oldest first, the running one last), and how much of it
    was answered.

    `shown` are the reviews that are shown, disputed ones too; `answered` those of them with a reply that stands.
    """

    spread: Spread
    months: tuple[Month, ...]
    shown: int
    answered: int


def overall(
    studio: Studio, now: datetime, location: Location | None = None, *, locations: Iterable[Location] | None = None
) -> Spread:
    """How is the studio rated? The plain mean of the last 12 months with its count; one query.

    `location`: of visits there; `locations`: of visits at one of these.
    """
    places = [location] if location is not None else locations
    return spread(at(Review.objects.filter(studio=studio).counted(now), places))


def year_of(studio: Studio, now: datetime, *, zone: ZoneInfo, locations: Iterable[Location] | None = None) -> Year:
    """The head of the list: two queries, whatever there is."""
    places = None if locations is None else list(locations)
    reviews = at(Review.objects.filter(studio=studio), places)
    by_month: dict[date, Counter[Decimal]] = {}
    month = TruncMonth("written_at", tzinfo=zone)
    counted = reviews.counted(now).annotate(month=month).order_by()
    for first, score, number in counted.values_list("month", "score").annotate(number=Count("id")):
        by_month.setdefault(first.date(), Counter())[score] = number
    running = now.astimezone(zone).date().replace(day=1)
    firsts = [next_month(running, step=step) for step in range(1 - MONTHS, 1)]
    of_year = reviews.shown().filter(written_at__gt=now - COUNTS_FOR, written_at__lte=now)
    stands = Q(response__isnull=False, response__withdrawn_at=None)
    answers = of_year.order_by().aggregate(shown=Count("id"), answered=Count("id", filter=stands))
    return Year(
        spread=spread_of(sum(by_month.values(), Counter())),
        months=tuple(Month(first, spread_of(by_month.get(first, Counter()))) for first in firsts),
        **answers,
    )


def at(reviews: ReviewQuerySet, locations: Iterable[Location] | None) -> ReviewQuerySet:
    """Those of visits at these locations; None: at any."""
    return reviews if locations is None else reviews.filter(reservation__location__in=list(locations))


def spread(reviews: ReviewQuerySet) -> Spread:
    """What these reviews say together; one query."""
    return spread_of(_scores(reviews))


def spread_of(scores: Mapping[Decimal, int]) -> Spread:
    """The spread of so many reviews of each score."""
    return rules.mean_of(list(Counter(scores).elements()))


def _scores(reviews: ReviewQuerySet) -> Counter[Decimal]:
    return Counter(dict(reviews.order_by().values_list("score").annotate(number=Count("id"))))
