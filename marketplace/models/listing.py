from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import ScheduledSession
from marketplace.models.connection import Connection
from marketplace.rules import Marks, Stand, Told
from portal.models import Studio


class Listing(models.Model):
    """One session at one marketplace: what that was last told, when, and what it answered.

    It is also the lane of its calls: whoever talks about this session holds the lease, so that nothing overtakes.
    """

    class Standing(models.TextChoices):
        SELLING = Stand.SELLING, _("sold there")
        HELD = Stand.HELD, _("no new bookings")
        GONE = Stand.GONE, _("not there")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="listings")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="listings")
    # Empty when the session was removed; the marketplace knows it by `reference`, its key, for good.
    session = models.ForeignKey(ScheduledSession, models.SET_NULL, null=True, related_name="listings")
    reference = models.BigIntegerField()
    external_id = models.CharField(max_length=200, blank=True)
    # Empty: never told.
    stand = models.CharField(max_length=7, choices=Standing, blank=True)
    place_mark = models.CharField(max_length=64, blank=True)
    content_mark = models.CharField(max_length=64, blank=True)
    seats_mark = models.CharField(max_length=64, blank=True)
    # The same for a person to read: when it starts there, how many places are offered and free.
    shown_start = models.DateTimeField(null=True)
    shown_offered = models.PositiveIntegerField(null=True)
    shown_free = models.PositiveIntegerField(null=True)
    told_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    # The marks of what the marketplace refused for good: the sync does not say it again until it is something else.
    refused_marks = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "reference"], name="one_listing_per_session"),
            models.UniqueConstraint(fields=["id", "connection"], name="listing_of_connection"),
            models.CheckConstraint(
                condition=Q(session=None) | Q(session=models.F("reference")), name="listing_refers_to_its_session"
            ),
            models.CheckConstraint(
                condition=Q(stand="", told_at=None) | (~Q(stand="") & Q(told_at__isnull=False)),
                name="told_listing_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(lease_until=None, lease_token=None)
                | Q(lease_until__isnull=False, lease_token__isnull=False),
                name="listing_lease_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.reference}"

    @property
    def is_there(self) -> bool:
        """The marketplace has it."""
        return self.stand in {Stand.SELLING, Stand.HELD}

    @property
    def told(self) -> Told | None:
        if not self.stand:
            return None
        marks = Marks(place=self.place_mark, content=self.content_mark, seats=self.seats_mark)
        return Told(stand=Stand(self.stand), marks=marks)


class SyncRun(models.Model):
    """One comparison of everything at a marketplace with what it was told (I5): who asked, what differed."""

    class Cause(models.TextChoices):
        CLOCK = "clock", _("every 30 minutes")
        VISIT = "visit", _("a member opened the studio's page")
        HAND = "hand", _("asked for by hand")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="sync_runs")
    cause = models.CharField(max_length=5, choices=Cause)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    compared = models.PositiveIntegerField(default=0)
    differed = models.PositiveIntegerField(default=0)
    # How many stand how, and why what is not sold is not: {"selling": 41, "not_yet": 3}.
    outcome: Any = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["connection", "-started_at"], name="sync_run_of_connection")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=models.F("started_at")), name="sync_run_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(differed__lte=models.F("compared")), name="differed_of_compared"),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id} {self.started_at:%Y-%m-%d %H:%M}"
