from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from bookings.models.item import CalendarItem
from bookings.models.places import Room
from bookings.models.recurrence import Recurrence
from portal.models import Location, Studio, Teacher


class SessionQuerySet(models.QuerySet["ScheduledSession"]):
    def starting_between(self, start: datetime, end: datetime) -> "SessionQuerySet":
        """Half-open: `start` is in, `end` is out."""
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def on_day(self, day: date, location: Location) -> "SessionQuerySet":
        """The sessions that start on this local day of the location, 23 or 25 hours long on a DST day (Q15)."""
        start, end = day_bounds(day, location)
        return self.filter(location=location).starting_between(start, end)


def day_bounds(day: date, location: Location) -> tuple[datetime, datetime]:
    """The first moment of the local day and of the next one."""
    return (
        datetime.combine(day, time(), location.tz),
        datetime.combine(day + timedelta(days=1), time(), location.tz),
    )


# Half-open: one may begin when another ends.
DURING = Func(F("starts_at"), F("ends_at"), function="tstzrange", output_field=DateTimeRangeField())


class Own(StrEnum):
    """What a session has of its own: a later change of its series or item leaves it alone."""

    START = "start"
    DURATION = "duration"
    LOCATION = "location"
    ROOM = "room"
    TEACHER = "teacher"
    CAPACITY = "capacity"


class ScheduledSession(models.Model):
    """One dated occurrence of a calendar item. It can differ from its item in everything but the name."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="sessions")
    item = models.ForeignKey(CalendarItem, models.PROTECT, related_name="sessions")
    location = models.ForeignKey(Location, models.PROTECT, related_name="sessions")
    room = models.ForeignKey(Room, models.SET_NULL, null=True, blank=True, related_name="sessions")
    teacher = models.ForeignKey(Teacher, models.SET_NULL, null=True, blank=True, related_name="sessions")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    # None: not limited, or, for imported history, not recorded.
    capacity = models.PositiveSmallIntegerField(_("capacity"), null=True, blank=True)
    # The series it belongs to, and the local day on which the series has it; it may take place on another one.
    recurrence = models.ForeignKey(Recurrence, models.SET_NULL, null=True, blank=True, related_name="sessions")
    occurs_on = models.DateField(null=True, blank=True)
    # Words of `Own`.
    own = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    # Booked reservations, kept by the actions under the session's lock. The constraint below backs the capacity, and a
    # trigger (migration 0004) refuses to commit a number that is not theirs.
    places_taken = models.PositiveIntegerField(_("places taken"), default=0)
    # Places held for people from the waiting list who were offered one, counted and guarded in the same way.
    places_held = models.PositiveIntegerField(_("places held"), default=0)
    # So many were booked or held when the capacity was set below them: they keep it, and nobody comes after them.
    places_kept = models.PositiveIntegerField(default=0)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancelled_reason = models.CharField(_("reason"), max_length=200, blank=True)
    # An appointment: nothing else like it may have its teacher or its room meanwhile.
    is_exclusive = models.BooleanField(default=False)
    # The studio's pulse when the session was made, moved or cancelled last; 0: before there was one.
    version = models.BigIntegerField(default=0)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [
            models.Index(fields=["location", "starts_at"]),
            models.Index(fields=["studio", "starts_at"]),
            models.Index(fields=["studio", "version"], name="session_version_of_studio"),
            models.Index(fields=["item", "starts_at"], name="session_of_item"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="session_ends_after_start"),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True)
                | Q(places_taken__lte=Greatest(F("capacity"), F("places_kept")) - F("places_held")),
                name="session_within_capacity",
            ),
            models.CheckConstraint(
                condition=Q(places_kept=0) | Q(places_kept__lte=F("places_taken") + F("places_held")),
                name="session_keeps_who_is_booked",
            ),
            models.CheckConstraint(
                condition=Q(recurrence__isnull=True) | Q(occurs_on__isnull=False), name="session_of_series_has_its_day"
            ),
            models.UniqueConstraint(fields=["recurrence", "occurs_on"], name="one_session_per_occurrence"),
            *(
                # At the end of the statement: a series moves as one.
                ExclusionConstraint(
                    name=f"one_appointment_per_{whose}_and_time",
                    expressions=[(whose, RangeOperators.EQUAL), (DURING, RangeOperators.OVERLAPS)],
                    condition=Q(is_exclusive=True, cancelled_at__isnull=True),
                    deferrable=models.Deferrable.IMMEDIATE,
                )
                for whose in ("teacher", "room")
            ),
            models.UniqueConstraint(fields=["id", "studio"], name="session_of_studio"),
            # The far end of Reservation's composite foreign key: its copies follow the session.
            models.UniqueConstraint(
                fields=["id", "studio", "location", "starts_at", "ends_at"], name="session_place_and_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def over(self) -> int:
        """How many more are booked than there is room for now."""
        return 0 if self.capacity is None else max(0, self.places_taken - self.capacity)

    @property
    def correction_until(self) -> datetime:
        """Until when what happened in this session can be corrected (Q4)."""
        return self.location.correction_until(self.starts_at, self.ends_at)
