"""What is asked of a visit, and of which visits."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Max

from bookings.models import Reservation
from portal.models import Location, Studio
from reviews import rules
from reviews.models import Review, ReviewPolicy


def policy_of(studio: Studio) -> ReviewPolicy:
    """What the studio asks; as delivered where it set nothing (then not saved)."""
    return ReviewPolicy.objects.filter(studio=studio).first() or ReviewPolicy(studio=studio)


def weights_for(reservation: Reservation, policy: ReviewPolicy) -> dict[str, int]:
    """The criteria that a visit is asked for, with their weights: no teacher where the class had none."""
    asked = {one: weight for one, weight in policy.weights.items() if weight}
    if reservation.session.teacher_id is None:
        asked.pop(rules.Criterion.TEACHER, None)
    return {str(one): weight for one, weight in asked.items()}


def asked_of(reservation: Reservation) -> dict[str, int]:
    """The weights by criterion that the member's form asks for: those of the review where there is one."""
    review = Review.objects.filter(reservation=reservation).first()
    return review.weights if review else weights_for(reservation, policy_of(reservation.studio))


def may_write(reservation: Reservation, *, has_review: bool, now: datetime) -> rules.Refusal | None:
    """What the rule says to this visit (Q34)."""
    facts = rules.Asked(
        ends_at=reservation.ends_at,
        attended=reservation.attendance == Reservation.Attendance.CHECKED_IN,
        has_review=has_review,
    )
    return rules.may_write(facts, now=now)


def reviewable(
    studio: Studio, now: datetime, *, locations: Iterable[Location] | None = None
) -> tuple[int, datetime | None]:
    """How many attended visits have no review and can still have one, and until when the last of them can."""
    visits = studio.reservations.attended().filter(review=None, ends_at__lte=now, ends_at__gt=now - rules.OPEN_FOR)
    visits = visits.exclude(source="import", checked_in_by=None)  # a tick out of a file: nobody is asked about it
    if locations is not None:
        visits = visits.filter(location__in=list(locations))
    found = visits.aggregate(count=Count("id"), last=Max("ends_at"))
    return found["count"], found["last"] and found["last"] + rules.OPEN_FOR
