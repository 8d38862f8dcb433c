from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models import StaffLogin, Studio, User
from reviews.models.review import Review


class Rule(models.TextChoices):
    """The terms that a review can breach. Not liking it is none of them (P13, Q33)."""

    INSULT = "insult", _("It insults or threatens a person")
    DISCRIMINATION = "discrimination", _("It discriminates")
    PRIVACY = "privacy", _("It tells private things about a named person")
    CONTACT = "contact", _("It holds a phone number, an address or the like")
    ADVERTISING = "advertising", _("It advertises something")
    OFF_TOPIC = "off_topic", _("It is not about this visit")
    ILLEGAL = "illegal", _("It is against the law")


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> Self:
        return self.filter(decided_at=None)


class Report(models.Model):
    """A case about a review: the rule a studio says it breaches, and what the operator decided and why (P13, Q33).

    Never deleted. One that the operator opens has no `reported_by`; hiding, keeping and showing again are each a case.
    """

    class Decision(models.TextChoices):
        HIDDEN = "hidden", _("hidden")
        KEPT = "kept", _("stays")
        SHOWN_AGAIN = "shown_again", _("shown again")
        # About visit and author, not the words (Q34).
        VISIT_STANDS = "visit_stands", _("visit and author are right: it counts")
        VISIT_FELL = "visit_fell", _("visit or author is not right: it does not count")

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="+")
    review = models.ForeignKey(Review, models.PROTECT, related_name="reports")
    rule = models.CharField(_("rule"), max_length=20, choices=Rule, blank=True)
    reason = models.TextField(_("reason"), max_length=1000)
    reported_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")
    reported_at = models.DateTimeField(_("reported"))
    decision = models.CharField(_("decision"), max_length=15, choices=Decision, blank=True)
    decision_rule = models.CharField(_("rule of the decision"), max_length=20, choices=Rule, blank=True)
    decision_reason = models.TextField(_("reason of the decision"), max_length=1000, blank=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["-reported_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["review"], condition=Q(decided_at__isnull=True), name="one_open_report_per_review"
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decision="") | (Q(decided_at__isnull=False) & ~Q(decision="")),
                name="decided_has_its_decision",
            ),
            # Nothing is hidden without a named rule and a reason.
            models.CheckConstraint(
                condition=~Q(decision="hidden") | (~Q(decision_rule="") & ~Q(decision_reason="")),
                name="hidden_for_a_named_rule",
            ),
        ]
        indexes = [models.Index(fields=["review", "-id"], name="report_of_review")]

    def __str__(self) -> str:
        return f"{self.review_id} {self.rule}"
