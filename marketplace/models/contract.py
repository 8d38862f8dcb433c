from datetime import date
from decimal import Decimal
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketplace.models.connection import Connection
from portal.models import Studio


class Contract(models.Model):
    """What a studio and a marketplace agreed. Its terms are versions with a first day."""

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="contracts")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="contracts")
    number = models.CharField(_("contract number"), max_length=60, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    # The last day on which it holds, local to the location of the visit; empty: until it is ended.
    ends_on = models.DateField(_("last day"), null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(ends_on=None), name="one_open_contract_per_connection"
            ),
            models.UniqueConstraint(fields=["id", "studio"], name="contract_of_studio"),
        ]

    def __str__(self) -> str:
        return self.number or str(self.pk)


class TermsQuerySet(models.QuerySet["ContractTerms"]):
    def on(self, day: date) -> Self:
        """The terms of the contracts that hold on that local day, those that apply first."""
        holding = Q(contract__ends_on=None) | Q(contract__ends_on__gte=day)
        return self.filter(holding, first_on__lte=day).order_by("-first_on", "-id")


class ContractTerms(models.Model):
    """The terms of a contract from a day on: whose cancellation is late, what is paid, how many places it may sell.

    Rates are net, per visit. What was agreed is not rewritten: a change is a further version with a first day.
    """

    class LateCancel(models.TextChoices):
        """When a late cancel is paid (Q18)."""

        NEVER = "never", _("never")
        UNLESS_REFILLED = "unless_refilled", _("only if the place stays empty")
        ALWAYS = "always", _("always")

    class TaxCategory(models.TextChoices):
        """EN 16931's words (UNCL 5305)."""

        STANDARD = "S", _("taxed")
        ZERO = "Z", _("zero rated")
        EXEMPT = "E", _("exempt")
        REVERSE_CHARGE = "AE", _("reverse charge")
        OUTSIDE = "O", _("not subject to tax")

    class Issuer(models.TextChoices):
        """Who writes the invoice of the studio's visits."""

        MARKETPLACE = "marketplace", _("the marketplace (self-billing)")
        STUDIO = "studio", _("the studio")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    contract = models.ForeignKey(Contract, models.CASCADE, related_name="terms")
    first_on = models.DateField(_("from"))
    cancel_hours = models.PositiveSmallIntegerField(
        _("free cancellation until, hours before the start"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(24 * 30)],
        help_text=_("Empty: as the studio has it."),
    )
    check_in_rate = models.DecimalField(_("per check-in"), max_digits=9, decimal_places=2)
    no_show_rate = models.DecimalField(_("per no-show"), max_digits=9, decimal_places=2, default=Decimal(0))
    late_cancel_rate = models.DecimalField(_("per late cancel"), max_digits=9, decimal_places=2, default=Decimal(0))
    late_cancel_paid = models.CharField(
        _("late cancels are paid"), max_length=15, choices=LateCancel, default=LateCancel.NEVER
    )
    additional_rate = models.DecimalField(
        _("per additional workout"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Empty: as a check-in."),
    )
    paid_per_day = models.PositiveSmallIntegerField(
        _("paid visits per member and day"), null=True, blank=True, help_text=_("Empty: all.")
    )
    paid_per_30_days = models.PositiveSmallIntegerField(
        _("paid visits per member in 30 days"), null=True, blank=True, help_text=_("Empty: all.")
    )
    quota = models.PositiveSmallIntegerField(
        _("places per class"), null=True, blank=True, help_text=_("Empty: as many as the class gives.")
    )
    tax_category = models.CharField(_("tax"), max_length=2, choices=TaxCategory, default=TaxCategory.STANDARD)
    tax_rate = models.DecimalField(
        _("tax, per cent"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    # Paid for a month whatever is visited in it; the visits themselves are then worth nothing more.
    flat_rate = models.DecimalField(
        _("flat rate per month"),
        max_digits=9,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Empty: each visit is paid."),
    )
    # Volume steps: from so many paid check-ins of a month on, each further one has this rate. In the order of visits.
    steps_from = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    steps_rate = ArrayField(models.DecimalField(max_digits=9, decimal_places=2), default=list, blank=True)
    issuer = models.CharField(_("invoices are issued by"), max_length=11, choices=Issuer, default=Issuer.MARKETPLACE)

    objects = TermsQuerySet.as_manager()

    class Meta:
        ordering = ["contract", "first_on"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "first_on"], name="one_version_of_terms_per_day"),
            models.CheckConstraint(
                condition=Q(check_in_rate__gte=0)
                & Q(no_show_rate__gte=0)
                & Q(late_cancel_rate__gte=0)
                & (Q(additional_rate=None) | Q(additional_rate__gte=0))
                & (Q(flat_rate=None) | Q(flat_rate__gte=0)),
                name="rates_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(paid_per_day=None) | Q(paid_per_30_days=None) | Q(paid_per_day__lte=F("paid_per_30_days")),
                name="a_day_pays_no_more_than_its_month",
            ),
            models.CheckConstraint(
                condition=Q(tax_category="S", tax_rate__gt=0, tax_rate__lte=100)
                | (~Q(tax_category="S") & Q(tax_rate=0)),
                name="only_what_is_taxed_has_a_rate",
            ),
            models.CheckConstraint(condition=Q(steps_from__len=F("steps_rate__len")), name="each_step_has_its_rate"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.first_on}"
