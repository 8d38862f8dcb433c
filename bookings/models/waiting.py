from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from bookings.models.reservation import Reservation
from bookings.models.schedule import ScheduledSession
from bookings.rules import Waiting
from portal.models import Member, StaffLogin, Studio

_OPEN = Q(state__in=[Waiting.WAITING, Waiting.OFFERED])


class WaitingQuerySet(models.QuerySet["WaitingEntry"]):
    def open(self) -> Self:
        """Who is on the list: waiting, or asked and not answered."""
        return self.filter(_OPEN)

    def in_order(self) -> Self:
        """Who joined first comes first; entries of a session are made under its lock, so their numbers say it."""
        return self.order_by("id")

    def overdue(self, now: datetime) -> Self:
        """Offers whose time is over, whether or not that is written down yet."""
        return self.filter(state=Waiting.OFFERED, held_until__lte=now)


class WaitingEntry(models.Model):
    """One member's wait for a place in one session.

    It is offered a place at most once: an entry that was answered, lapsed or left is closed, and who comes again makes
    a new one at the end. An offered entry holds a place, which `ScheduledSession.places_held` counts.
    """

    class State(models.TextChoices):
        WAITING = Waiting.WAITING, _("waiting")
        OFFERED = Waiting.OFFERED, _("place offered")
        ACCEPTED = Waiting.ACCEPTED, _("has a place")
        LAPSED = Waiting.LAPSED, _("not answered in time")
        LEFT = Waiting.LEFT, _("left the list")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="waiting")
    session = models.ForeignKey(ScheduledSession, models.PROTECT, related_name="waiting")
    member = models.ForeignKey(Member, models.PROTECT, related_name="waiting")
    # As a reservation's: "direct", "desk" or a marketplace's word; the reservation inherits it.
    source = models.SlugField(_("source"), max_length=30)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    joined_at = models.DateTimeField()
    # Who put the member on the list; None: the member.
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, blank=True, related_name="+")
    offered_at = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    # What the wait came to.
    reservation = models.ForeignKey(Reservation, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = WaitingQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["session", "id"], condition=_OPEN, name="waiting_open_of_session"),
            models.Index(fields=["member", "-id"], name="waiting_of_member"),
            models.Index(fields=["held_until"], condition=Q(state=Waiting.OFFERED), name="waiting_to_lapse"),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["session", "member"], condition=_OPEN, name="one_open_wait_per_member_and_session"
            ),
            models.CheckConstraint(
                condition=~Q(state=Waiting.OFFERED) | Q(offered_at__isnull=False, held_until__isnull=False),
                name="offered_is_held",
            ),
            models.CheckConstraint(condition=_OPEN | Q(closed_at__isnull=False), name="closed_wait_has_its_time"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"


class WaitingEvent(models.Model):
    """One thing that happened to a wait. Rows are appended and never changed; PostgreSQL refuses (migration 0008).

    An event of its own, not a `ReservationEvent`: while someone waits there is no reservation. What the wait came to
    is in both logs, under one `action_id`.
    """

    class Kind(models.TextChoices):
        JOINED = "joined", _("joined the waiting list")
        OFFERED = "offered", _("was offered a place")
        ACCEPTED = "accepted", _("took the place")
        DECLINED = "declined", _("declined the place")
        LEFT = "left", _("left the waiting list")
        LAPSED = "lapsed", _("did not answer in time")
        CLOSED = "closed", _("the waiting list closed")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    entry = models.ForeignKey(WaitingEntry, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    action_id = models.UUIDField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    # Who it was when no login acted: "member", "clock", "list" (a place came free).
    by_word = models.CharField(max_length=30, blank=True)
    version = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["studio", "version"], name="waiting_event_version"),
            models.Index(fields=["entry", "id"], name="waiting_event_of_entry"),
            models.Index(fields=["studio", "-occurred_at", "-id"], name="waiting_event_log"),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["studio", "action_id"], name="one_waiting_event_per_action")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.entry_id}"
