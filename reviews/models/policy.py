from datetime import timedelta

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models import Studio
from reviews.rules import Criterion

_MOST = [MaxValueValidator(100)]


class ReviewPolicy(models.Model):
    """What a studio asks of its members after a visit. Each review keeps the weights it was written under."""

    studio = models.OneToOneField(Studio, models.CASCADE, primary_key=True, related_name="review_policy")
    weight_class = models.PositiveSmallIntegerField(_("weight of the class"), default=40, validators=_MOST)
    weight_teacher = models.PositiveSmallIntegerField(_("weight of the teacher"), default=30, validators=_MOST)
    weight_place = models.PositiveSmallIntegerField(_("weight of the place"), default=15, validators=_MOST)
    weight_welcome = models.PositiveSmallIntegerField(_("weight of the welcome"), default=15, validators=_MOST)
    invites = models.BooleanField(_("ask members by mail after a visit"), default=True)
    invite_after_hours = models.PositiveSmallIntegerField(
        _("ask so many hours after the class"), default=3, validators=[MaxValueValidator(7 * 24)]
    )
    # A member is not asked again before so many days have passed, however often they come.
    invite_pause_days = models.PositiveSmallIntegerField(
        _("ask each member at most every so many days"), default=7, validators=[MaxValueValidator(365)]
    )

    class Meta:
        constraints = [
            # Or a review could be without a score.
            models.CheckConstraint(
                # Not the teacher alone: some classes have none.
                condition=Q(weight_class__gt=0) | Q(weight_place__gt=0) | Q(weight_welcome__gt=0),
                name="some_criterion_has_weight",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.studio_id}"

    @property
    def weights(self) -> dict[str, int]:
        """By criterion, as a review copies them."""
        return {
            Criterion.CLASS: self.weight_class,
            Criterion.TEACHER: self.weight_teacher,
            Criterion.PLACE: self.weight_place,
            Criterion.WELCOME: self.weight_welcome,
        }

    @property
    def invite_after(self) -> timedelta:
        return timedelta(hours=self.invite_after_hours)
