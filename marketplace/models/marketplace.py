from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Marketplace(models.Model):
    """Who sells places of studios in an app of its own. The rows come with the product; the operator may add some.

    `key` is the word of its bookings: `Reservation.source`.
    """

    class Shape(models.TextChoices):
        """Who asks whom."""

        PULL = "pull", _("asks us, and books with us")
        CONFIRM_LATER = "confirm_later", _("is told, and waits for our confirmation")
        CONFIRM_NOW = "confirm_now", _("is told, and waits a second for yes or no")
        CHECK_IN = "check_in", _("sends people without a booking")

    key = models.SlugField(_("key"), max_length=30, primary_key=True)
    name = models.CharField(_("name"), max_length=60, unique=True)
    shape = models.CharField(_("how it works"), max_length=13, choices=Shape)
    # Which of our adapters speaks with it (`marketplace.adapters`); several marketplaces may speak alike. Empty: none
    # does, and its visits are known from imports and the desk only.
    adapter = models.SlugField(_("adapter"), max_length=30, blank=True)
    horizon_days = models.PositiveSmallIntegerField(
        _("days shown ahead"), default=14, validators=[MinValueValidator(1), MaxValueValidator(92)]
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def horizon(self) -> timedelta:
        return timedelta(days=self.horizon_days)
