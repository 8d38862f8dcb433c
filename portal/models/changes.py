from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now

from portal.models.people import StaffLogin
from portal.models.studio import Studio


class Change(models.Model):
    """One change that a person made to the studio's own things: a setting, a login, a class, a member's data.

    Rows are appended and never changed (`design.md`, fact 3; S24): PostgreSQL refuses, but for a login that is deleted
    and for a person who is scrubbed, whose rows keep their kind and lose what they say (Q39). What happens to a
    reservation is a `ReservationEvent`.
    """

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="changes")
    # The model's name in small letters, and its key: "member", "location", "calendaritem".
    subject = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    # A verb in the past, as the app's own words know it: "created", "moved", "merged".
    kind = models.CharField(max_length=30)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    # Who it was when no person acted: "import", a marketplace.
    by_word = models.CharField(max_length=30, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["studio", "subject", "subject_id", "-id"], name="change_of_subject"),
            models.Index(fields=["studio", "-id"], name="change_of_studio"),
            models.Index(fields=["studio", "-occurred_at", "-id"], name="change_log"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} {self.kind}"
