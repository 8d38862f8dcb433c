"""The link of a mail that leads to one visit's review: signed, without an account, until 14 days after it (Q34)."""

from dataclasses import dataclass
from datetime import datetime

from django.core import signing

from bookings.models import Reservation
from reviews.models import Review
from reviews.rules import OPEN_FOR

# Signed by the installation's key: whoever has the link was sent it. It opens the review of one visit, nothing else.
_signer = signing.Signer(salt="reviews.visit")


class Expired(Exception):
    """The link was ours, and its time is over. `until`: up to when it was open."""

    def __init__(self, reservation: Reservation, until: datetime) -> None:
        super().__init__(reservation.pk)
        self.reservation, self.until = reservation, until


@dataclass(frozen=True)
class Opened:
    """What a link leads to. `review` None: nothing is written yet. `until`: up to when it can be written or changed."""

    reservation: Reservation
    review: Review | None
    until: datetime


def token_for(reservation: Reservation) -> str:
    """The secret part of the address of this visit's review."""
    return _signer.sign(str(reservation.pk))


def visit_of(token: str) -> Reservation | None:
    """The reservation that the link was made for, however old; None: we did not make it, or its person was deleted."""
    try:
        number = int(_signer.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    together = ("studio", "member", "location", "session__item", "session__teacher")
    found = Reservation.objects.select_related(*together).filter(pk=number, member__scrubbed_at=None)
    return found.first()


def reservation_of(token: str, now: datetime) -> Reservation | None:
    """The reservation that this link may write about now; None: we did not make it. Raises Expired."""
    found = visit_of(token)
    if found is not None and now >= open_until(found):
        raise Expired(found, open_until(found))
    return found


def opened(token: str, now: datetime) -> Opened | None:
    """What this link shows; None: we did not make it. What was written stays to be read by its author.

    Raises Expired where nothing was written in time.
    """
    found = visit_of(token)
    if found is None:
        return None
    review = Review.objects.filter(reservation=found).select_related("response").first()
    if review is None:
        reservation_of(token, now)
    return Opened(found, review, open_until(found))


def open_until(reservation: Reservation) -> datetime:
    """Up to when the visit can be reviewed, and the review changed."""
    return reservation.ends_at + OPEN_FOR
