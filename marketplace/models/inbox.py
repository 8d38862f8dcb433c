from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from marketplace.models.connection import Connection
from portal.models import Studio


class InboxMessage(models.Model):
    """A call of a marketplace as it came, byte for byte, stored before anything is done about it.

    Appended: PostgreSQL lets the outcome be written once and the content be emptied, and nothing else (migration 0002).
    """

    class Proof(models.TextChoices):
        """With what the marketplace proved itself."""

        CURRENT = "current", _("the current secret")
        PREVIOUS = "previous", _("the previous secret")

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        FOR_A_PERSON = "for_a_person", _("waits for a person")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="inbox")
    # What makes a second delivery the same message: the marketplace's own id of it, or a hash of the body.
    key = models.CharField(max_length=200)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    # Without those that prove who calls.
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    proof = models.CharField(max_length=8, choices=Proof)
    received_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    handled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["connection", "id"], condition=Q(handled_at=None), name="message_to_handle"),
            models.Index(fields=["received_at"], name="message_by_age"),
            models.Index(fields=["received_at"], condition=Q(outcome="for_a_person"), name="message_for_a_person"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["connection", "key"], name="one_message_per_key"),
            models.CheckConstraint(condition=~Q(key=""), name="message_has_its_key"),
            models.CheckConstraint(
                condition=Q(handled_at=None, outcome="") | (Q(handled_at__isnull=False) & ~Q(outcome="")),
                name="handled_message_has_its_outcome",
            ),
        ]

    def __str__(self) -> str:
        return self.key
