from django.db import models
from django.utils.translation import gettext_lazy as _

from invoicing.models.invoice import Invoice
from portal.models import Studio, User


class Payout(models.Model):
    """The money of one invoice, expected around a day. Its state is derived from what was told (`rules.payout`)."""

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="payouts")
    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="payout")
    # What the invoice comes to; a credit takes away from the payout that it belongs to, so it has none of its own.
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    expected_on = models.DateField(_("expected around"))

    class Meta:
        ordering = ["-expected_on", "-id"]

    def __str__(self) -> str:
        return str(self.invoice)


class PayoutEvent(models.Model):
    """What was told about a payout, appended; a mistake is taken back by a further row."""

    class Kind(models.TextChoices):
        SENT = "sent", _("sent")
        RECEIVED = "received", _("received")
        FAILED = "failed", _("failed")
        REMINDED = "reminded", _("reminded")
        TAKEN_BACK = "taken_back", _("taken back")

    studio = models.ForeignKey(Studio, models.PROTECT, related_name="+")
    payout = models.ForeignKey(Payout, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind)
    # The day on which it happened, and what was sent or came.
    on = models.DateField()
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    reference = models.CharField(_("reference"), max_length=140, blank=True)
    # Why it failed, in words.
    note = models.CharField(_("note"), max_length=300, blank=True)
    takes_back = models.OneToOneField("self", models.PROTECT, null=True, related_name="taken_back_by")
    operator = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="taken_back", takes_back__isnull=False)
                | (~models.Q(kind="taken_back") & models.Q(takes_back=None)),
                name="taking_back_names_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.payout_id} {self.kind}"
