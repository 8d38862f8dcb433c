"""The form of closing days."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import ClosingDays, Location


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ClosingDaysForm(forms.ModelForm):
    """`pinned`: the login cannot close the whole studio."""

    class Meta:
        model = ClosingDays
        fields = ("first_on", "last_on", "location", "reason")
        widgets = {"first_on": DateInput, "last_on": DateInput}
        labels = {
            "first_on": gettext_lazy("First day"),
            "last_on": gettext_lazy("Last day"),
            "reason": gettext_lazy("Reason"),
        }
        help_texts = {"reason": gettext_lazy("Stands in the schedule.")}

    def __init__(self, *args: Any, places: list[Location], pinned: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        where = self.fields["location"]
        where.queryset = Location.objects.filter(pk__in=[place.pk for place in places])  # type: ignore[attr-defined]
        where.label, where.required = _("Where"), pinned
        where.empty_label = None if pinned else _("All locations")  # type: ignore[attr-defined]
        self.fields["last_on"].required = False
        self.fields["last_on"].help_text = _("Empty: one day.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_on"), cleaned.get("last_on")
        if first and not last and "last_on" not in self.errors:
            cleaned["last_on"] = last = first
        if first and last and last < first:
            self.add_error("last_on", _("This is before the first day."))
        elif first and last and (last - first).days > 366:
            self.add_error("last_on", _("That is more than a year. Close at most a year at a time."))
        if first and first < date(2000, 1, 1):
            self.add_error("first_on", _("This is too long ago."))
        return cleaned
