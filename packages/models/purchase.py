from datetime import date
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from packages.models.package import Package, PackageVersion
from portal.models import Member, StaffLogin, Studio


class PurchaseQuerySet(models.QuerySet["Purchase"]):
    def newest_first(self) -> Self:
        return self.order_by("-purchased_at", "-id")

    def on_hold(self, day: date) -> Self:
        covering = Hold.objects.filter(purchase=OuterRef("pk"), first_on__lte=day).exclude(last_on__lt=day)
        return self.filter(Exists(covering))

    def usable_on(self, day: date) -> Self:
        """Those that hold, expiry and refund leave usable on that day; the rule decides whether uses are left."""
        held = Purchase.objects.on_hold(day).values("pk")
        return self.filter(expired_at=None, refunded_at=None).exclude(expires_on__lt=day).exclude(pk__in=held)


class Purchase(models.Model):
    """One package that a member bought, with its own limit and last day: both can change, each change is an entry."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="purchases")
    member = models.ForeignKey(Member, models.PROTECT, related_name="purchases")
    package = models.ForeignKey(Package, models.PROTECT, related_name="purchases")
    version = models.ForeignKey(PackageVersion, models.PROTECT, related_name="purchases")
    # When it was bought, which may be long before it was written down (Q5).
    purchased_at = models.DateTimeField(_("bought"))
    price = models.DecimalField(_("price"), max_digits=9, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(_("currency"), max_length=3)
    # What it is good for, adjustments included; None: unlimited. How many are used is counted, never stored (Q2).
    uses = models.PositiveSmallIntegerField(_("uses"), null=True, blank=True)
    expires_on = models.DateField(_("last day"), null=True, blank=True)
    expired_at = models.DateTimeField(_("expired by hand"), null=True, blank=True)
    refunded_at = models.DateTimeField(_("refunded"), null=True, blank=True)
    refunded = models.DecimalField(_("refunded amount"), max_digits=9, decimal_places=2, null=True, blank=True)
    # "desk", "import".
    source = models.SlugField(_("source"), max_length=30, default="desk")
    # What the system that an import came from calls it.
    external_ref = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PurchaseQuerySet.as_manager()

    class Meta:
        ordering = ["-purchased_at", "-id"]
        indexes = [models.Index(fields=["member", "-purchased_at", "-id"], name="purchase_of_member")]
        constraints = [
            models.UniqueConstraint(fields=["id", "studio", "member"], name="purchase_of_its_member"),
            models.UniqueConstraint(
                fields=["studio", "source", "external_ref"],
                condition=~Q(external_ref=""),
                name="one_purchase_per_external_ref",
            ),
            models.CheckConstraint(
                condition=Q(refunded_at=None, refunded=None)
                | Q(refunded_at__isnull=False, refunded__gte=0, refunded__lte=F("price")),
                name="refund_at_most_the_price",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.package} {self.purchased_at:%Y-%m-%d}"


class Hold(models.Model):
    """Days on which a purchase rests, both included; `last_on` None: until it is resumed (K8)."""

    purchase = models.ForeignKey(Purchase, models.CASCADE, related_name="holds")
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["first_on"]
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="hold_ends_after_start"),
            ExclusionConstraint(
                name="one_hold_at_a_time",
                expressions=[
                    ("purchase", RangeOperators.EQUAL),
                    (
                        Func(
                            F("first_on"),
                            F("last_on"),  # none: the range has no end
                            Value("[]"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_on} - {self.last_on or ''}"

    def covers(self, day: date) -> bool:
        return self.first_on <= day and (self.last_on is None or day <= self.last_on)


class LedgerEntry(models.Model):
    """One change of a purchase, with who, when and why. Appended, never changed: PostgreSQL refuses (migration 0001).

    What visits use is not written here: it is counted from the reservations, so that it can never drift (Q2).
    """

    class Kind(models.TextChoices):
        SOLD = "sold", _("sold")
        IMPORTED = "imported", _("imported")
        HELD = "held", _("put on hold")
        RESUMED = "resumed", _("resumed")
        EXPIRED = "expired", _("expired by hand")
        REVIVED = "revived", _("expiry taken back")
        EXTENDED = "extended", _("last day changed")
        ADJUSTED = "adjusted", _("uses added or removed")
        REFUNDED = "refunded", _("refunded")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    purchase = models.ForeignKey(Purchase, models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=10, choices=Kind)
    # How many uses it gave or took; None where it touches none.
    uses = models.SmallIntegerField(null=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    action_id = models.UUIDField()
    by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    by_word = models.CharField(max_length=30, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["studio", "-occurred_at", "-id"], name="ledger_log")]
        constraints = [models.UniqueConstraint(fields=["studio", "action_id"], name="one_entry_per_action")]

    def __str__(self) -> str:
        return f"{self.kind} {self.purchase_id}"
