from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from portal.models import Location, StaffLogin, Studio, Teacher


class CalendarFeed(models.Model):
    """A calendar of one teacher or one location that calendar programs read behind a secret address.

    Only the secret's hash is kept: an address that was lost is revoked and made anew.
    """

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="feeds")
    teacher = models.ForeignKey(Teacher, models.CASCADE, null=True, blank=True, related_name="feeds")
    location = models.ForeignKey(Location, models.CASCADE, null=True, blank=True, related_name="feeds")
    # SHA-256 in hexadecimal digits. The secret is random enough that nothing slower is needed.
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    # When a calendar program asked last, to the minute.
    last_fetched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["studio", "-created_at"], name="feed_of_studio")]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(teacher__isnull=False, location__isnull=True)
                | Q(teacher__isnull=True, location__isnull=False),
                name="feed_of_a_teacher_or_a_location",
            ),
        ]

    def __str__(self) -> str:
        return str(self.teacher or self.location)
