from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models import ScheduledSession
from marketplace.models.connection import Connection
from marketplace.models.outbox import Call
from portal.models import Studio

RAW = 8_000  # characters that are kept of a request and of an answer


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def failed(self) -> Self:
        return self.filter(Q(status=None) | Q(status__gte=400))


class Exchange(models.Model):
    """One request and its answer between us and a marketplace, either way: the lines of the sync log.

    Written when it is over; nothing is decided by it. What proves who calls is never kept.
    """

    class Direction(models.TextChoices):
        IN = "in", _("from the marketplace")
        OUT = "out", _("to the marketplace")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="exchanges")
    direction = models.CharField(max_length=3, choices=Direction)
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    # What it was about, in a word: "publish", "seats", "book", "check", "search" (`marketplace.words` has the texts).
    subject = models.CharField(max_length=30)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    # None: nobody answered.
    status = models.PositiveSmallIntegerField(null=True)
    # Why it was refused, or what went wrong.
    reason = models.CharField(max_length=300, blank=True)
    session = models.ForeignKey(ScheduledSession, models.SET_NULL, null=True, related_name="+")
    booking_ref = models.CharField(max_length=100, blank=True)
    call = models.ForeignKey(Call, models.SET_NULL, null=True, related_name="exchanges")
    attempt = models.PositiveSmallIntegerField(default=1)
    request = models.TextField(blank=True)
    answer = models.TextField(blank=True)

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["connection", "-at"], name="exchange_of_connection"),
            models.Index(fields=["at"], name="exchange_by_age"),
            models.Index(fields=["session", "-at"], name="exchange_of_session"),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.subject} {self.at:%Y-%m-%d %H:%M}"
