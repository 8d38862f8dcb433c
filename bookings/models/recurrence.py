from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.models.item import CalendarItem
from bookings.models.places import Room
from portal.models import Studio, Teacher


class Recurrence(models.Model):
    """A slot of the week in which an item takes place, in wall-clock time, until its last day (Q15).

    It is what sessions are made from; a session that exists stands for itself.
    """

    studio = models.ForeignKey(Studio, models.CASCADE, related_name="recurrences")
    item = models.ForeignKey(CalendarItem, models.CASCADE, related_name="recurrences")
    # Monday is 0.
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("weekdays"))
    # Counted from the week of `first_on`: 2 is every other week.
    every_weeks = models.PositiveSmallIntegerField(
        _("every so many weeks"), default=1, validators=[MinValueValidator(1), MaxValueValidator(26)]
    )
    local_start = models.TimeField(_("start"))
    duration_minutes = models.PositiveSmallIntegerField(
        _("minutes"), null=True, blank=True, validators=[MinValueValidator(5), MaxValueValidator(24 * 60)]
    )
    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    teacher = models.ForeignKey(Teacher, models.SET_NULL, null=True, blank=True, related_name="recurrences")
    room = models.ForeignKey(Room, models.SET_NULL, null=True, blank=True, related_name="recurrences")
    capacity = models.PositiveSmallIntegerField(_("capacity"), null=True, blank=True, validators=[MinValueValidator(1)])
    # Which of duration, teacher, room and capacity this slot has for itself; the others are the item's.
    own = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    # Days that a person took out.
    left_out = ArrayField(models.DateField(), default=list, blank=True)

    class Meta:
        ordering = ["first_on", "local_start", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(weekdays__len__gte=1) & Q(weekdays__contained_by=list(range(7))),
                name="recurrence_on_days_of_the_week",
            ),
            models.CheckConstraint(condition=Q(every_weeks__gte=1), name="recurrence_every_week_or_more"),
            models.CheckConstraint(condition=Q(last_on__gte=F("first_on")), name="recurrence_ends_after_start"),
            # Two years to the day, a leap day more or less.
            models.CheckConstraint(
                condition=Q(last_on__lte=F("first_on") + timedelta(days=731)), name="recurrence_ends_within_two_years"
            ),
            models.CheckConstraint(condition=Q(duration_minutes__gte=5), name="recurrence_duration_positive"),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="recurrence_capacity_positive"),
            # The far end of a session's composite foreign key.
            models.UniqueConstraint(fields=["id", "item"], name="recurrence_of_item"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.local_start:%H:%M}"
