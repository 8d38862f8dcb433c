"""One review: what it changes, where it stands, and everything that was said about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from bookings.models import Reservation
from bookings.selectors.local_days import midnight, next_month
from portal.models import Change, Location, Studio
from reviews import rules
from reviews.models import Review
from reviews.rules import Place
from reviews.selectors.overall import at


@dataclass(frozen=True)
class Standing:
    """`without` and `with_it`: the mean of the others (None: there are none) and with this one, of `others` others.

    `excluded`: why it does not count; then `with_it` is what it would be. `place`: among the others of its `month`
    that are shown and of visits that stand.
    """

    without: Decimal | None
    with_it: Decimal
    others: int
    excluded: rules.Excluded | None
    month: date
    place: Place

    @property
    def mean(self) -> Decimal | None:
        """The studio's mean as it is."""
        return self.without if self.excluded else self.with_it

    @property
    def difference(self) -> Decimal:
        return Decimal(0) if self.without is None else self.with_it - self.without


def standing_of(review: Review, *, now: datetime, zone: ZoneInfo, locations: Iterable[Location]) -> Standing:
    """What this review does to the mean of the reviews of these locations. Two queries."""
    others = at(Review.objects.filter(studio=review.studio_id), locations).exclude(pk=review.pk).order_by()
    counted = _scores(others.counted(now))
    without, with_it = rules.effect_on(counted, review.score)
    month = review.written_at.astimezone(zone).date().replace(day=1)
    then = others.shown().visited()
    then = then.filter(written_at__gte=midnight(month, zone), written_at__lt=midnight(next_month(month), zone))
    return Standing(
        without=without,
        with_it=with_it,
        others=len(counted),
        excluded=review.excluded(now),
        month=month,
        place=rules.place_of(_scores(then), review.score),
    )


def next_unanswered(
    studio: Studio, locations: Iterable[Location], *, after: Review | None = None
) -> tuple[int | None, int]:
    """The key of the next review without a reply (the newest one before `after`, else the newest), and how many."""
    waiting = at(Review.objects.filter(studio=studio).unanswered(), locations).order_by("-written_at", "-id")
    found = None
    if after is not None:
        waiting = waiting.exclude(pk=after.pk)
        older = Q(written_at__lt=after.written_at) | Q(written_at=after.written_at, pk__lt=after.pk)
        found = waiting.filter(older).values_list("pk", flat=True).first()
    return found or waiting.values_list("pk", flat=True).first(), waiting.count()


def changes_of(review: Review) -> list[Change]:
    """What the log says of it, newest first."""
    changes = Change.objects.filter(studio=review.studio_id, subject="review", subject_id=review.pk)
    return list(changes.select_related("by__user").order_by("-id"))


def visit_state(review: Review, *, now: datetime) -> str:
    """What became of the visit, as a word of `components/state.html`."""
    visits = Reservation.objects.filter(pk=review.reservation_id).with_state(now)
    return str(visits.values_list("state_word", flat=True).get())


def _scores(reviews: object) -> list[Decimal]:
    """The scores, each as often as it was given; read as numbers of each, so that years of them cost little."""
    grouped = reviews.values_list("score").annotate(number=Count("id"))  # type: ignore[attr-defined]
    return [score for score, number in grouped for _one in range(number)]
