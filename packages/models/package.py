from datetime import date, timedelta
from decimal import Decimal
from typing import Self

from dateutil.relativedelta import relativedelta
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from packages import rules
from portal.models import StaffLogin, Studio


class PackageQuerySet(models.QuerySet["Package"]):
    def on_sale(self) -> Self:
        return self.filter(archived_at=None)


class Package(models.Model):
    """What a studio sells: "5 Pack Small Group". Its terms stand in its versions, the newest of which is sold."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="packages")
    name = models.CharField(_("name"), max_length=100)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PackageQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["studio", "name"], name="package_name_once_per_studio"),
            models.UniqueConstraint(fields=["id", "studio"], name="package_of_studio"),
        ]

    def __str__(self) -> str:
        return self.name


class PackageVersion(models.Model):
    """The terms of a package from a moment on. Once it is sold it stays as it is: a purchase keeps its version."""

    class Unit(models.TextChoices):
        DAYS = "days", _("days")
        WEEKS = "weeks", _("weeks")
        MONTHS = "months", _("months")

    package = models.ForeignKey(Package, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    uses = models.PositiveSmallIntegerField(
        _("uses"), null=True, blank=True, validators=[MinValueValidator(1)], help_text=_("Empty: unlimited.")
    )
    # How long it is valid from the day of purchase, or its fixed last day; neither: for ever.
    valid_for = models.PositiveSmallIntegerField(
        _("valid for"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(3660)]
    )
    valid_unit = models.CharField(_("unit"), max_length=6, choices=Unit.choices, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    price = models.DecimalField(
        _("price"), max_digits=9, decimal_places=2, validators=[MinValueValidator(Decimal(0))], default=Decimal(0)
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    # Percent, tax included in the price.
    tax_rate = models.DecimalField(
        _("tax rate"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
    )
    late_cancel_uses = models.BooleanField(_("a late cancellation uses a session"), default=False)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["package", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["package", "number"], name="package_version_once"),
            models.UniqueConstraint(fields=["id", "package"], name="version_of_package"),
            models.CheckConstraint(condition=Q(uses__gte=1), name="version_has_a_use"),
            models.CheckConstraint(
                condition=Q(valid_for=None, valid_unit="")
                | Q(valid_for__isnull=False, valid_for__gte=1, valid_until=None) & ~Q(valid_unit=""),
                name="version_ends_one_way",
            ),
            models.CheckConstraint(condition=Q(price__gte=0) & Q(tax_rate__gte=0), name="version_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.package} {self.number}"

    def last_day(self, bought_on: date) -> date | None:
        """The last day on which a purchase of that local day can be used; None: for ever.

        The day before the same day of a later month; its last day where it has no such day: a month from 31 January
        ends on 28 February, as one from 1 February does.
        """
        if self.valid_until is not None or self.valid_for is None:
            return self.valid_until
        end = bought_on + relativedelta(**{self.valid_unit: self.valid_for})
        is_short = self.valid_unit == self.Unit.MONTHS and end.day != bought_on.day
        return end if is_short else end - timedelta(days=1)


class Policy(models.Model):
    """How a studio's purchases are chosen where the source leaves it open (Q1, Q6). No row: the defaults."""

    class Order(models.TextChoices):
        NEWEST_FIRST = rules.Order.NEWEST_FIRST, _("the newest first")
        EXPIRES_FIRST = rules.Order.EXPIRES_FIRST, _("the one that expires first")
        OLDEST_FIRST = rules.Order.OLDEST_FIRST, _("the oldest first")

    class Judged(models.TextChoices):
        SESSION = "session", _("on the day of the class")
        BOOKING = "booking", _("on the day of booking")

    studio = models.OneToOneField(Studio, models.CASCADE, primary_key=True, related_name="package_policy")
    order = models.CharField(_("which purchase is used"), max_length=14, choices=Order, default=Order.NEWEST_FIRST)
    over_use = models.BooleanField(_("take the first one even when it is used up"), default=False)
    judged = models.CharField(_("a purchase must be valid"), max_length=8, choices=Judged, default=Judged.SESSION)

    def __str__(self) -> str:
        return self.order

    @classmethod
    def of(cls, studio: Studio) -> "Policy":
        return cls.objects.filter(studio=studio).first() or cls(studio=studio)
