from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models.jobs import Job
from portal.models.people import StaffLogin
from portal.models.studio import Studio


def export_path(export: "Export", filename: str) -> str:
    """A name that nobody guesses, and another one for each attempt."""
    return f"{export.studio_id}/exports/{uuid4().hex}.zip"


class Export(models.Model):
    """Everything of the studio in one archive (N15): asked for by an owner, written by a worker, deleted after days."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(_("asked for"))
    job = models.ForeignKey(Job, models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(_("finished"), null=True)
    failed_at = models.DateTimeField(_("given up"), null=True)
    file = models.FileField(upload_to=export_path, max_length=150, blank=True)
    size = models.BigIntegerField(null=True)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)  # of the archive
    rows = models.PositiveBigIntegerField(default=0)
    files = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(_("deleted after"), null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-asked_at", "-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["studio"], condition=Q(finished_at=None, failed_at=None), name="one_open_export_per_studio"
            )
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.finished_at is None and self.failed_at is None

    @property
    def is_given_up(self) -> bool:
        """Open, and nobody is at it any more."""
        return self.is_open and (self.job is None or self.job.dead_at is not None)

    def is_there(self, now: datetime) -> bool:
        """Whether the archive can be fetched."""
        return bool(self.file) and self.expires_at is not None and now < self.expires_at
