from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models import ReservationEvent
from marketplace.models.connection import Connection
from marketplace.models.listing import Listing
from marketplace.models.visit import Visit
from portal.models import Studio


class CallQuerySet(models.QuerySet["Call"]):
    def open(self) -> Self:
        return self.filter(state__in=[Call.State.WAITING, Call.State.SENDING])

    def dead(self) -> Self:
        return self.filter(state=Call.State.DEAD)


class Call(models.Model):
    """The outbox: something that a marketplace is to be told, written in the transaction that caused it.

    A `tell` says nothing itself: whoever sends it looks how the session is at that moment, so that an old number never
    overwrites a newer one, and a second one is not written while the first one waits. A `report` says what happened to
    a guest (`event`), and a `decide` what became of a booking that was asked for (`visit`), each once and in order.
    """

    class Kind(models.TextChoices):
        TELL = "tell", _("session")
        REPORT = "report", _("guest")
        DECIDE = "decide", _("booking")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        DONE = "done", _("sent")
        OVERTAKEN = "overtaken", _("part of another call")
        DEAD = "dead", _("given up")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="calls")
    listing = models.ForeignKey(Listing, models.CASCADE, related_name="calls")
    kind = models.CharField(max_length=6, choices=Kind)
    # What a report is about.
    event = models.ForeignKey(ReservationEvent, models.CASCADE, null=True, related_name="+")
    # What a decision is about.
    visit = models.ForeignKey(Visit, models.CASCADE, null=True, related_name="calls")
    # What the other side may know the call by, however often it is sent.
    key = models.UUIDField(default=uuid4, unique=True)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    # What was said ("publish", "seats") and what came back, without personal data.
    said = models.CharField(max_length=60, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    # It failed because the marketplace did not answer at all: tried again as soon as it does.
    unanswered = models.BooleanField(default=False)

    objects = CallQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["connection", "due_at", "id"], condition=Q(state__in=["waiting", "sending"]), name="call_due"
            ),
            models.Index(
                fields=["listing", "id"], condition=Q(state__in=["waiting", "sending"]), name="call_next_of_listing"
            ),
            models.Index(fields=["connection", "-id"], name="call_of_connection"),
            models.Index(fields=["connection", "-id"], condition=Q(state="dead"), name="call_dead"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["listing"], condition=Q(kind="tell", state="waiting"), name="one_waiting_tell_per_listing"
            ),
            models.UniqueConstraint(
                fields=["listing"], condition=Q(state="sending"), name="one_call_at_a_time_per_listing"
            ),
            models.UniqueConstraint(fields=["connection", "event"], name="one_report_per_event"),
            models.UniqueConstraint(fields=["visit"], name="one_decision_per_visit"),
            models.CheckConstraint(
                condition=Q(kind="tell", event=None, visit=None)
                | Q(kind="report", event__isnull=False, visit=None)
                | Q(kind="decide", event=None, visit__isnull=False),
                name="call_says_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending"], ended_at=None)
                | (~Q(state__in=["waiting", "sending"]) & Q(ended_at__isnull=False)),
                name="ended_call_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.listing_id}"
