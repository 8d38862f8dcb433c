"""What other weights would have made of last month's reviews."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from bookings.selectors.local_days import midnight, next_month
from portal.models import Location, Studio
from reviews import rules
from reviews.models import Review
from reviews.selectors.overall import at


@dataclass(frozen=True)
class Judged:
    """A month's mean as it is, and under other weights; `reviews` is how many there are. None: there are none."""

    month: date
    reviews: int
    mean: Decimal | None
    then: Decimal | None


def mean_with(
    studio: Studio, weights: Mapping[str, int], *, zone: ZoneInfo, now: datetime, locations: Iterable[Location]
) -> Judged:
    """Last month's shown reviews of visits that stand, judged anew; those that mark nothing of weight keep theirs."""
    month = next_month(now.astimezone(zone).date().replace(day=1), step=-1)
    reviews = at(Review.objects.filter(studio=studio), locations).shown().visited()
    reviews = reviews.filter(written_at__gte=midnight(month, zone), written_at__lt=midnight(next_month(month), zone))
    found = list(reviews.order_by().values_list("marks", "score"))
    mean = rules.mean_of([score for _marks, score in found]).mean
    then = rules.mean_of([_anew(marks, weights, score) for marks, score in found]).mean
    return Judged(month, len(found), mean, then)


def _anew(marks: Mapping[str, int], weights: Mapping[str, int], score: Decimal) -> Decimal:
    try:
        return rules.score(marks, weights).score
    except ValueError:
        return score
