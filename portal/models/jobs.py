from typing import Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from portal.models.studio import Studio


class JobQuerySet(models.QuerySet["Job"]):
    def open(self) -> Self:
        return self.filter(done_at=None, dead_at=None)

    def due(self) -> Self:
        """Open, its time has come, and no worker holds it."""
        return self.open().filter(Q(lease_until=None) | Q(lease_until__lt=Now()), run_after__lte=Now())

    def dead(self) -> Self:
        return self.filter(dead_at__isnull=False)


class Job(models.Model):
    """Work that must happen, written in the transaction that caused it (docs/queue.md).

    `payload` holds ids and settings, never a name or an address. All moments are the database's: workers on several
    machines have one clock.
    """

    key = models.CharField(_("key"), max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=100)
    studio = models.ForeignKey(Studio, models.CASCADE, null=True, blank=True, related_name="jobs")
    payload = models.JSONField(_("payload"), default=dict, blank=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    run_after = models.DateTimeField(_("not before"), db_default=Now())
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("attempts at most"), default=8)
    # How often the other side may have done it and did not say so. Workers of the release before write rows, too.
    doubts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    lease_until = models.DateTimeField(_("held by a worker until"), null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    dead_at = models.DateTimeField(_("given up at"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    progress_done = models.PositiveIntegerField(_("progress"), default=0)
    progress_total = models.PositiveIntegerField(_("progress, of"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(done_at=None) | Q(dead_at=None), name="job_done_or_dead"),
            models.CheckConstraint(
                condition=Q(lease_until=None, lease_token=None)
                | Q(lease_until__isnull=False, lease_token__isnull=False),
                name="job_lease_whole",
            ),
        ]
        indexes = [
            # Claiming looks for the oldest due job of one studio, 0 being those of none.
            models.Index(
                Coalesce(F("studio_id"), Value(0)),
                F("run_after"),
                name="job_next_of_studio",
                condition=Q(done_at=None, dead_at=None),
            ),
            models.Index(fields=["done_at"], name="job_done", condition=Q(done_at__isnull=False)),
            models.Index(fields=["dead_at"], name="job_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key


class ScheduledRun(models.Model):
    """A slot of periodic work that has been turned into its job: ten beats write it once."""

    name = models.CharField(max_length=100)
    slot = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "slot"], name="scheduled_run_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.slot:%Y-%m-%dT%H:%MZ}"


class Heartbeat(models.Model):
    """When something that runs by itself was last seen at work: `beat`, or `worker <host>`. Written by a task only."""

    name = models.CharField(max_length=200, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
