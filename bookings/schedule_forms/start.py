"""The first timetable and the first package of a studio, as briefly as they can be asked for."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.actions.offering import Dates
from bookings.models import CalendarItem
from bookings.plans.values import SeriesValues
from bookings.schedule_forms.fields import clock_field, weekdays_field
from bookings.schedule_forms.item import number_field
from packages.models import PackageVersion
from portal.models import Location, Studio, Teacher


class FirstClassForm(forms.Form):
    """One class and its slot of the week. A row without a name is none."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100, required=False)
    weekdays = weekdays_field(gettext_lazy("On"), required=False)
    local_start = clock_field(gettext_lazy("Start"), required=False)
    duration_minutes = number_field(gettext_lazy("Minutes"), least=5, most=24 * 60, initial=60)
    capacity = number_field(gettext_lazy("Places"), least=1, help_text=gettext_lazy("Empty: no limit."))
    teacher = forms.CharField(label=gettext_lazy("Teacher"), max_length=100, required=False)
    location: forms.ModelChoiceField = forms.ModelChoiceField(
        label=gettext_lazy("Location"), queryset=None, empty_label=None
    )

    def __init__(self, *args: Any, studio: Studio, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = studio.locations.in_order()
        self.fields["location"].queryset = places  # type: ignore[attr-defined]
        self.initial.setdefault("location", places.first())
        if places.count() < 2:
            self.fields["location"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("name"):
            if cleaned.get("weekdays") or cleaned.get("local_start"):
                self.add_error("name", _("Please give the class a name."))
            return cleaned
        needed = {
            "weekdays": _("Please choose at least one weekday."),
            "local_start": _("Please say when it starts."),
            "duration_minutes": _("Please say how long it is."),
        }
        for name, words in needed.items():
            if name not in self.errors and cleaned.get(name) in (None, "", []):
                self.add_error(name, words)
        return cleaned

    @property
    def is_filled(self) -> bool:
        return bool(self.cleaned_data.get("name"))

    def item(self, studio: Studio, colour: int) -> CalendarItem:
        """The item as described, not saved; its teacher is one that may not be saved either."""
        asked, place = self.cleaned_data, self.cleaned_data["location"]
        teacher = Teacher(studio=studio, name=asked["teacher"]) if asked["teacher"] else None
        return CalendarItem(
            studio=studio,
            location=place,
            kind=CalendarItem.Kind.CLASS,
            name=asked["name"],
            duration_minutes=asked["duration_minutes"],
            capacity=asked["capacity"],
            teacher=teacher,
            colour=colour,
        )

    def dates(self, item: CalendarItem, first_on: date, last_on: date) -> Dates:
        """Every week from one day to the other."""
        asked = self.cleaned_data
        series = SeriesValues.of_item(
            item, weekdays=asked["weekdays"], local_start=asked["local_start"], first_on=first_on, last_on=last_on
        )
        return Dates(series=series, without=(), days=(), local_start=None)

    @property
    def place(self) -> Location:
        return self.cleaned_data["location"]


class FirstPackageForm(forms.Form):
    """A package for all classes that there are."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    uses = number_field(gettext_lazy("Uses"), least=1, help_text=gettext_lazy("Empty: unlimited."))
    weeks = number_field(gettext_lazy("Valid for so many weeks"), least=1, most=520)
    price = forms.DecimalField(
        label=gettext_lazy("Price"),
        max_digits=9,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(9_999_999))],
        widget=forms.NumberInput({"min": 0, "step": "0.01", "inputmode": "decimal"}),
    )
    tax_rate = forms.DecimalField(
        label=gettext_lazy("Tax in percent, included in the price"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        initial=Decimal(0),
        widget=forms.NumberInput({"min": 0, "max": 100, "step": "0.01", "inputmode": "decimal"}),
    )

    @property
    def terms(self) -> dict[str, Any]:
        """As `packages.actions.make_package` takes them."""
        asked = self.cleaned_data
        return {
            "uses": asked["uses"],
            "valid_for": asked["weeks"],
            "valid_unit": PackageVersion.Unit.WEEKS if asked["weeks"] else "",
            "price": asked["price"],
            "tax_rate": asked["tax_rate"],
        }
