from django.db import models

from bookings.models import Reservation
from portal.models import Member, Studio


class ReviewInvitation(models.Model):
    """That the member of an attended reservation was asked for a review, by mail. The link itself is signed."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    reservation = models.OneToOneField(Reservation, models.CASCADE, related_name="review_invitation")
    invited_at = models.DateTimeField()
    # Of the address that was to be asked (`selectors.authorship.address_hash`): the link is good for it alone.
    address = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Opened for the first time.
    opened_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.reservation_id}"


class ReviewOptOut(models.Model):
    """A member who asked not to be asked again."""

    member = models.OneToOneField(Member, models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.member_id}"
