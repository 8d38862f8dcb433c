"""Writing by somebody from outside: a link or a marketplace, which may send the same thing two hundred times."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import transaction

from bookings.models import Reservation
from reviews.actions.writing import write
from reviews.models import Review

# What a person may change in a while. Each change keeps a version for ever, so that a program must not make thousands.
MOST_CHANGES, IN = 10, timedelta(hours=1)


class TooOften(Exception):
    """The review was changed often enough for now; nothing was changed. `again_at`: when the next change is taken."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__(again_at)
        self.again_at = again_at


def write_at_most(
    reservation: Reservation, *, marks: Mapping[str, int], text: str, source: str, now: datetime
) -> Review:
    """As `writing.write`, at most 10 changes an hour; what changes nothing is no change. Raises TooOften besides."""
    with transaction.atomic():
        review = write(reservation, marks=marks, text=text, source=source, now=now)
        times = review.versions.filter(replaced_at__gt=now - IN).order_by("replaced_at").values_list("replaced_at")
        lately = [at for (at,) in times]
        if len(lately) > MOST_CHANGES:  # this one included: the transaction takes it back
            raise TooOften(lately[-MOST_CHANGES - 1] + IN)
        return review
