from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from bookings.models.places import Room
from packages.models import Package
from portal.models import Location, Studio, Teacher

HUES = 12


class CalendarItemQuerySet(models.QuerySet["CalendarItem"]):
    def offered(self) -> Self:
        """Those that are still scheduled: not archived."""
        return self.filter(archived_at=None)


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
    # One of the hues of the look, drawn by the class `hue-N`.
    colour = models.PositiveSmallIntegerField(_("colour"), default=0, validators=[MaxValueValidator(HUES - 1)])
    allows_marketplaces = models.BooleanField(_("allow marketplace bookings"), default=False)
    marketplace_quota = models.PositiveSmallIntegerField(
        _("places for marketplaces"), null=True, blank=True, help_text=_("Empty: as many as there are.")
    )
    skips_holidays = models.BooleanField(_("not on public holidays"), default=False)
    waiting_places = models.PositiveSmallIntegerField(
        _("places on the waiting list"), null=True, blank=True, help_text=_("Empty: as the studio.")
    )
    # None: it is free, and anyone can sign in to it (K2), unless it needs one all the same.
    packages = models.ManyToManyField(
        Package, through="ItemPackage", blank=True, verbose_name=_("packages"), related_name="items"
    )
    # It does not become free when no package is linked: it waits for one (Q10).
    needs_package = models.BooleanField(_("only with a package"), default=False)
    # An item with history is kept out of sight, never deleted.
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CalendarItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(capacity__gte=1), name="item_capacity_positive"),
            models.CheckConstraint(condition=Q(duration_minutes__gte=5), name="item_duration_positive"),
            models.CheckConstraint(condition=Q(colour__lt=HUES), name="item_colour_is_a_hue"),
            models.UniqueConstraint(fields=["id", "studio"], name="calendar_item_of_studio"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_exclusive(self) -> bool:
        """Its sessions have their teacher and their room to themselves."""
        return self.kind == self.Kind.APPOINTMENT


class ItemPackage(models.Model):
    """A package with which an item can be booked. Composite foreign keys keep both in one studio (migration 0011)."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    item = models.ForeignKey(CalendarItem, models.CASCADE, related_name="+")
    package = models.ForeignKey(Package, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "package"], name="package_once_per_item")]

    def __str__(self) -> str:
        return f"{self.item_id} {self.package_id}"
