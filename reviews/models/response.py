from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models import StaffLogin, Studio
from reviews import rules
from reviews.models.review import Review

RESPONSE_MOST = 2000  # characters


class Response(models.Model):
    """The studio's word on a review: one. Free to change for 24 hours, marked "edited" from then on (P12, Q36)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    review = models.OneToOneField(Review, models.PROTECT, related_name="response")
    text = models.TextField(_("reply"), max_length=RESPONSE_MOST)
    written_at = models.DateTimeField()
    written_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    # Only of a change after the 24 hours.
    edited_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "studio"], name="response_of_studio"),
            models.CheckConstraint(
                condition=Q(edited_at=None) | Q(edited_at__gte=models.F("written_at")), name="edited_after_written"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.review_id}"

    def is_free(self, now: datetime) -> bool:
        """Whether a change leaves no mark."""
        return not rules.is_marked(self.written_at, now=now)

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None


class ResponseVersion(models.Model):
    """Each text that a response had, the present one too. `marked`: it was a change after the 24 hours."""

    response = models.ForeignKey(Response, models.CASCADE, related_name="versions")
    text = models.TextField()
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField()
    marked = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.response_id} {self.written_at:%Y-%m-%d %H:%M}"
