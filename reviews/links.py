"""The link of a mail that leads to one visit's review: signed, without an account, until 14 days after it (Q34)."""

from dataclasses import dataclass
from datetime import datetime

from django.core import signing
from django.utils.crypto import constant_time_compare

from bookings.models import Reservation
from reviews import rules
from reviews.models import Review, ReviewInvitation
from reviews.rules import OPEN_FOR

# Signed by the installation's key: whoever has the link was sent it. It opens the review of one visit, nothing else.
_signer = signing.Signer(salt="reviews.visit")


# Opens the same page to be read, whoever's address it was sent to: nothing can be written with it.
_reader = signing.Signer(salt="reviews.visit.read")
_SHORT = 16  # characters of an address's hash that a link holds


class Expired(Exception):
    """The link was ours, and does not hold any more. `until`: up to when the visit could be reviewed."""

    def __init__(self, reservation: Reservation, until: datetime) -> None:
        super().__init__(reservation.pk)
        self.reservation, self.until = reservation, until


@dataclass(frozen=True)
class Opened:
    """What a link leads to. `review` None: nothing is written yet. `until`: up to when it can be written or changed.

    `writes`: it was sent to the address that was asked; other links only show what was written.
    """

    reservation: Reservation
    review: Review | None
    until: datetime
    writes: bool = True


def token_for(invitation: ReviewInvitation) -> str:
    """The secret part of the address where this visit is reviewed, for the address that is asked and no other."""
    return _signer.sign(f"{invitation.reservation_id}.{invitation.address[:_SHORT]}")


def reading_token_for(reservation: Reservation) -> str:
    """The secret part of the address where this visit's review is read. Nothing is written with it."""
    return _reader.sign(str(reservation.pk))


def visit_of(token: str) -> Reservation | None:
    """The reservation that the link was made for, however old; None: we did not make it, or its person was deleted."""
    said = _said(_signer, token) or _said(_reader, token)
    number = rules.number(said.partition(".")[0])
    if number is None:
        return None
    together = ("studio", "member", "location", "session__item", "session__teacher")
    found = Reservation.objects.select_related(*together).filter(pk=number, member__scrubbed_at=None)
    return found.first()


def opened(token: str, now: datetime) -> Opened | None:
    """What this link shows; None: we did not make it. What was written stays to be read by its author.

    Raises Expired where nothing was written in time, and for a link to write that was made for another address than the
    one that was asked.
    """
    found = visit_of(token)
    if found is None:
        return None
    review = Review.objects.filter(reservation=found).select_related("response").first()
    writes = bool(_said(_signer, token))
    is_over = review is None and (now >= open_until(found) or not writes)
    if is_over or (writes and not _is_of_the_asked(token)):
        raise Expired(found, open_until(found))
    return Opened(found, review, open_until(found), writes)


def is_for_reading(token: str) -> bool:
    """Whether nothing can be written or set with this link."""
    return bool(_said(_reader, token))


def _said(signer: signing.Signer, token: str) -> str:
    try:
        return signer.unsign(token)
    except signing.BadSignature:
        return ""


def _is_of_the_asked(token: str) -> bool:
    number, _dot, short = _said(_signer, token).partition(".")
    asked = ReviewInvitation.objects.filter(reservation=rules.number(number)).values_list("address", flat=True).first()
    return len(short) == _SHORT and constant_time_compare((asked or "")[:_SHORT], short)


def open_until(reservation: Reservation) -> datetime:
    """Up to when the visit can be reviewed, and the review changed."""
    return reservation.ends_at + OPEN_FOR
