"""What is offered: its facts, and when it takes place."""

from datetime import date, time
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import CalendarItem
from bookings.plans.values import SeriesValues
from bookings.schedule_forms.fields import (
    DaysField,
    PlaceAndPeople,
    clock_field,
    day_field,
    hue_field,
    weekdays_field,
)
from portal.models import StaffLogin, Studio, Teacher

SMALL = 32_767  # what a small integer of PostgreSQL holds


def number_field(label: Any, *, least: int = 0, most: int = SMALL, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, validators=[MinValueValidator(least), MaxValueValidator(most)], required=False,
        widget=forms.NumberInput({"min": least, "max": most, "inputmode": "numeric"}), **more,
    )  # fmt: skip


class ItemForm(PlaceAndPeople):
    """The facts of a calendar item. What is empty among the booking rules is decided by the location or the studio."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=CalendarItem.Kind.choices)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    description = forms.CharField(
        label=gettext_lazy("Description"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3})
    )
    colour = hue_field(gettext_lazy("Colour"))
    new_teacher = forms.CharField(
        label=gettext_lazy("Or a new teacher"), max_length=100, required=False, help_text=gettext_lazy("Name")
    )
    capacity = number_field(gettext_lazy("Places"), least=1, help_text=gettext_lazy("Empty: no limit."))
    duration_minutes = number_field(gettext_lazy("Minutes"), least=5, most=24 * 60)
    skips_holidays = forms.BooleanField(
        label=gettext_lazy("Not on public holidays"),
        required=False,
        help_text=gettext_lazy("Of the location's country. On closing days nothing is scheduled anyway."),
    )
    opens_hours = number_field(gettext_lazy("Bookable from, hours before the start"))
    closes_minutes = number_field(gettext_lazy("Bookable until, minutes before the start"))
    cancel_hours = number_field(gettext_lazy("Free cancellation until, hours before the start"), most=24 * 30)
    waiting_places = number_field(gettext_lazy("Places on the waiting list"))
    allows_marketplaces = forms.BooleanField(label=gettext_lazy("Allow marketplace bookings"), required=False)
    marketplace_quota = number_field(
        gettext_lazy("Of these places, for marketplaces at most"),
        help_text=gettext_lazy("Empty: as many as there are."),
    )

    RULES = ("opens_hours", "closes_minutes", "cancel_hours", "waiting_places")
    FIELDS = (
        "kind",
        "name",
        "description",
        "colour", "location", "room", "teacher", "capacity", "duration_minutes", "skips_holidays", *RULES,
        "allows_marketplaces", "marketplace_quota",
    )  # fmt: skip

    def __init__(self, *args: Any, login: StaffLogin, item: CalendarItem | None = None, **kwargs: Any) -> None:
        if item is not None:
            known = {name: getattr(item, name) for name in self.FIELDS}
            known |= {name: getattr(item, f"{name}_id") for name in ("location", "room", "teacher")}
            kwargs["initial"] = known | kwargs.get("initial", {})
        super().__init__(*args, login=login, **kwargs)
        self.fields["duration_minutes"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        word = cleaned.get("new_teacher", "")
        if word and cleaned.get("teacher"):
            self.add_error("new_teacher", _("Please choose a teacher or name a new one, not both."))
        known = next((one for one in self.house.teachers if one.name.casefold() == word.casefold()), None)
        if word and known:
            cleaned["teacher"], cleaned["new_teacher"] = known, ""
        quota, places = cleaned.get("marketplace_quota"), cleaned.get("capacity")
        if quota and places and quota > places:
            self.add_error("marketplace_quota", _("There are only %(places)d places.") % {"places": places})
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """By name of field, as `schedule.edit_item` takes them; the new teacher is not among them."""
        return {name: self.cleaned_data[name] for name in self.FIELDS}

    def item(self, studio: Studio) -> CalendarItem:
        """The item as described, not saved; a new teacher is one that is not saved either."""
        teacher = self.cleaned_data["teacher"]
        if self.cleaned_data["new_teacher"]:
            teacher = Teacher(studio=studio, name=self.cleaned_data["new_teacher"])
        return CalendarItem(studio=studio, **self.values | {"teacher": teacher})


class WhenForm(forms.Form):
    """When something takes place: each week until a last day, on single days, or not yet."""

    WEEKLY, SINGLE, LATER = "weekly", "single", "later"

    how = forms.ChoiceField(
        label=gettext_lazy("It takes place"),
        choices=[
            (WEEKLY, gettext_lazy("every week")),
            (SINGLE, gettext_lazy("on single days")),
            (LATER, gettext_lazy("not yet, dates come later")),
        ],
        widget=forms.RadioSelect,
        initial=WEEKLY,
    )
    local_start = clock_field(gettext_lazy("Start"), required=False)
    weekdays = weekdays_field(gettext_lazy("On"), required=False)
    every_weeks = forms.IntegerField(
        label=gettext_lazy("Every so many weeks"), min_value=1, max_value=26, initial=1, required=False
    )
    first_on = day_field(gettext_lazy("First day"), required=False)
    last_on = day_field(gettext_lazy("Last day"), required=False)
    exceptions = DaysField(label=gettext_lazy("Not on"), required=False)
    days = DaysField(label=gettext_lazy("Days"), required=False)

    WEEKLY_FIELDS = ("weekdays", "every_weeks", "first_on", "last_on", "exceptions")

    def __init__(self, *args: Any, later: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not later:
            self.fields["how"].choices = self.fields["how"].choices[:2]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        how = cleaned.get("how")
        needed: dict[str, str] = {}
        if how in (self.WEEKLY, self.SINGLE):
            needed["local_start"] = _("Please say when it starts.")
        if how == self.WEEKLY:
            needed["weekdays"] = _("Please choose at least one weekday.")
            needed["first_on"] = _("Please say from when on.")
            needed["last_on"] = _("A series needs a last day, at most two years on. It can be made longer later.")
        elif how == self.SINGLE:
            needed["days"] = _("Please choose at least one day.")
        for name, words in needed.items():
            if name not in self.errors and not cleaned.get(name) and cleaned.get(name) != time(0):
                self.add_error(name, words)
        first, last = cleaned.get("first_on"), cleaned.get("last_on")
        if how == self.WEEKLY and first and last and last < first:
            self.add_error("last_on", _("The last day is before the first one."))
        return cleaned

    @property
    def is_weekly(self) -> bool:
        return self.cleaned_data["how"] == self.WEEKLY

    @property
    def exceptions_chosen(self) -> list[date]:
        return self.cleaned_data["exceptions"] if self.is_weekly else []

    @property
    def single_days(self) -> list[date]:
        return self.cleaned_data["days"] if self.cleaned_data["how"] == self.SINGLE else []

    def series_of(self, item: CalendarItem) -> SeriesValues | None:
        """The slot of the week that was asked for; everything else is the item's."""
        if not self.is_weekly:
            return None
        asked = self.cleaned_data
        values = SeriesValues.of_item(
            item,
            weekdays=asked["weekdays"],
            local_start=asked["local_start"],
            first_on=asked["first_on"],
            last_on=asked["last_on"],
        )
        every = asked["every_weeks"] or 1
        return values if every == 1 else SeriesValues(**{**vars(values), "every_weeks": every})
