from datetime import date, datetime, time, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from portal.models import Location, Studio, Teacher


class Room(models.Model):
    location = models.ForeignKey(Location, models.CASCADE, related_name="rooms")
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "name"], name="room_name_once_per_location"),
            models.UniqueConstraint(fields=["id", "location"], name="room_of_location"),
        ]

    def __str__(self) -> str:
        return self.name


class Spot(models.Model):
    """A numbered place in a room. `fill_order` is the order in which free spots are given out (Q29)."""

    room = models.ForeignKey(Room, models.CASCADE, related_name="spots")
    label = models.CharField(_("label"), max_length=10)
    fill_order = models.PositiveSmallIntegerField(_("fill order"))
    is_blocked = models.BooleanField(_("blocked"), default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "label"], name="spot_label_once_per_room"),
            models.UniqueConstraint(
                fields=["room", "fill_order"], name="spot_order_once_per_room", deferrable=models.Deferrable.DEFERRED
            ),
        ]

    def __str__(self) -> str:
        return self.label


class CalendarItem(models.Model):
    """What a studio schedules; a session is one dated occurrence of it."""

    class Kind(models.TextChoices):
        CLASS = "class", _("Class")
        EVENT = "event", _("Event")
        APPOINTMENT = "appointment", _("Appointment")
        WORKSHOP = "workshop", _("Workshop")
        COURSE = "course", _("Course series")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="calendar_items")
    location = models.ForeignKey(Location, models.PROTECT, related_name="calendar_items")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.CLASS)
    name = models.CharField(_("name"), max_length=100)
    description = models.TextField(_("description"), max_length=4000, blank=True)
    teacher = models.ForeignKey(Teacher, models.SET_NULL, null=True, blank=True, related_name="calendar_items")
    room = models.ForeignKey(Room, models.SET_NULL, null=True, blank=True, related_name="calendar_items")
    capacity = models.PositiveSmallIntegerField(_("capacity"), null=True, blank=True, validators=[MinValueValidator(1)])
    duration_minutes = models.PositiveSmallIntegerField(
        _("minutes"), default=60, validators=[MinValueValidator(5), MaxValueValidator(24 * 60)]
    )
    opens_hours = models.PositiveSmallIntegerField(
        _("bookable from, hours before the start"),
        null=True,
        blank=True,
        help_text=_("Empty: as the location, else as the studio."),
    )
    closes_minutes = models.PositiveSmallIntegerField(
        _("bookable until, minutes before the start"),
        null=True,
        blank=True,
        help_text=_("Empty: as the location, else as the studio."),
    )
    cancel_hours = models.PositiveSmallIntegerField(
        _("free cancellation until, hours before the start"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(24 * 30)],
        help_text=_("Empty: as the location, else as the studio."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(capacity__gte=1), name="item_capacity_positive"),
            models.CheckConstraint(condition=Q(duration_minutes__gte=5), name="item_duration_positive"),
            models.UniqueConstraint(fields=["id", "studio"], name="calendar_item_of_studio"),
        ]

    def __str__(self) -> str:
        return self.name


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
    # Booked reservations, kept by the actions under the session's lock. The constraint below backs the capacity, and a
    # trigger (migration 0004) refuses to commit a number that is not theirs.
    places_taken = models.PositiveIntegerField(_("places taken"), default=0)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [
            models.Index(fields=["location", "starts_at"]),
            models.Index(fields=["studio", "starts_at"]),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="session_ends_after_start"),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(places_taken__lte=F("capacity")), name="session_within_capacity"
            ),
            # The far end of Reservation's composite foreign key: its copies follow the session.
            models.UniqueConstraint(
                fields=["id", "studio", "location", "starts_at", "ends_at"], name="session_place_and_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def correction_until(self) -> datetime:
        """Until when what happened in this session can be corrected (Q4)."""
        return self.location.correction_until(self.starts_at, self.ends_at)
