import re
from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

# First words of the address that belong to the installation and can never name a studio.
RESERVED_SLUGS = frozenset(
    {
        *("accounts", "admin", "api", "healthz", "livez", "i18n", "mail", "media", "operator", "static", "theme"),
        # Nothing answers there today, and a studio of that name would mislead people.
        *("help", "login", "logout", "root", "status", "support", "tresen", "www"),
    }
)


def check_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone."), params={"name": name})


def check_studio_slug(slug: str) -> None:
    if slug in RESERVED_SLUGS:
        raise ValidationError(_("%(slug)s is reserved."), params={"slug": slug})


def check_colour(colour: str) -> None:
    if not re.fullmatch(r"#[0-9a-f]{6}", colour):
        raise ValidationError(_("%(colour)s is not a colour like #0b57d0."), params={"colour": colour})


def logo_path(studio: "Studio", filename: str) -> str:
    """A new name each time: what a browser keeps of an old logo is never taken for the new one."""
    return f"{studio.pk}/logo/{uuid4().hex}.png"


class Studio(models.Model):
    """The partner and the tenant: everything below `/<slug>/` belongs to it."""

    slug = models.SlugField(_("address"), max_length=50, unique=True, validators=[check_studio_slug])
    name = models.CharField(_("name"), max_length=100)
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="en")
    cancel_hours = models.PositiveSmallIntegerField(
        _("free cancellation until, hours before the start"), default=12, validators=[MaxValueValidator(24 * 30)]
    )
    opens_hours = models.PositiveSmallIntegerField(
        _("bookable from, hours before the start"), null=True, blank=True, help_text=_("Empty: at once.")
    )
    closes_minutes = models.PositiveSmallIntegerField(
        _("bookable until, minutes before the start"), null=True, blank=True, help_text=_("Empty: until the start.")
    )
    # The waiting list: how many may wait for one session, until when a free place is offered, how long it is held.
    waiting_places = models.PositiveSmallIntegerField(_("places on the waiting list"), default=10)
    waiting_cutoff_minutes = models.PositiveSmallIntegerField(
        _("a free place is offered until, minutes before the start"),
        default=120,
        validators=[MaxValueValidator(7 * 24 * 60)],
    )
    waiting_hold_minutes = models.PositiveSmallIntegerField(
        _("a place offered is held for, minutes"),
        default=60,
        # The least is `bookings.rules.waiting.SHORTEST_HOLD`.
        validators=[MinValueValidator(5), MaxValueValidator(24 * 60)],
    )
    # The desk, while nobody touches it, and who may come in without a second step (portal/staff/).
    lock_after_minutes = models.PositiveSmallIntegerField(
        _("lock the desk after minutes without a touch"), null=True, blank=True, validators=[MaxValueValidator(24 * 60)]
    )
    two_step_required = models.BooleanField(_("owners and managers log in with two steps"), default=False)
    # Both only mark the rail: blue stays "in, yes, go on". How a logo is stored: `portal.preferences.logos`.
    logo = models.ImageField(_("logo"), upload_to=logo_path, blank=True)
    brand_colour = models.CharField(_("brand colour"), max_length=7, blank=True, validators=[check_colour])
    created_at = models.DateTimeField(auto_now_add=True)
    # A studio of made-up people, to look around in, and the studio whose owner asked for it. It alone can be deleted
    # with its logs (`portal.erasing`); nothing becomes one later (migration 0013). No mail of it leaves the house.
    practice_of = models.OneToOneField(
        "self", models.CASCADE, null=True, blank=True, editable=False, related_name="practice"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_practice(self) -> bool:
        return self.practice_of_id is not None


class LocationQuerySet(models.QuerySet["Location"]):
    def in_order(self) -> "LocationQuerySet":
        return self.order_by("position", "name")


class Location(models.Model):
    """A place of the studio. Its zone decides what *today*, a month and a deadline are (Q15)."""

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="locations")
    slug = models.SlugField(_("address"), max_length=50)
    name = models.CharField(_("name"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    zone = models.CharField(_("time zone"), max_length=50, default="Europe/Amsterdam", validators=[check_zone])
    street = models.CharField(_("street"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=20, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    # ISO 3166-2 without the country ("BY"), where public holidays differ within it; empty: the country's own.
    region = models.CharField(_("region"), max_length=10, blank=True)
    grace_minutes = models.PositiveSmallIntegerField(
        _("minutes after the end until a missing check-in is a no-show"),
        default=0,
        validators=[MaxValueValidator(24 * 60)],
    )
    correction_hours = models.PositiveSmallIntegerField(
        _("hours after the end in which a check-in can be corrected"),
        default=72,
        validators=[MaxValueValidator(24 * 62)],
    )
    cancel_hours = models.PositiveSmallIntegerField(
        _("free cancellation until, hours before the start"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(24 * 30)],
        help_text=_("Empty: as the studio."),
    )
    opens_hours = models.PositiveSmallIntegerField(
        _("bookable from, hours before the start"), null=True, blank=True, help_text=_("Empty: as the studio.")
    )
    closes_minutes = models.PositiveSmallIntegerField(
        _("bookable until, minutes before the start"), null=True, blank=True, help_text=_("Empty: as the studio.")
    )

    objects = LocationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["studio", "slug"], name="location_slug_once_per_studio"),
            models.UniqueConstraint("studio", Lower("name"), name="location_name_once_per_studio"),
            # The far end of the composite foreign keys that keep rows of two studios apart.
            models.UniqueConstraint(fields=["id", "studio"], name="location_of_studio"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)

    def local_day(self, moment: datetime) -> date:
        """The calendar day here at an aware moment (Q15)."""
        return moment.astimezone(self.tz).date()

    def correction_until(self, starts_at: datetime, ends_at: datetime) -> datetime:
        """Until when the desk can correct a session at these times.

        `correction_hours` after its end (Q4), but at least the whole local day on which it starts (Q16).
        """
        next_day = datetime.combine(self.local_day(starts_at) + timedelta(days=1), time(), self.tz)
        return max(ends_at + timedelta(hours=self.correction_hours), next_day)


class ClosingDays(models.Model):
    """Days on which a location, or the whole studio, is closed: no class is scheduled by itself on them."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="closing_days")
    location = models.ForeignKey(
        Location, models.CASCADE, null=True, blank=True, related_name="closing_days", verbose_name=_("location")
    )
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=100)

    class Meta:
        ordering = ["first_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_on__gte=models.F("first_on")), name="closing_days_end_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_on} {self.reason}"
