"""Which week is copied into which, and where."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.schedule_forms.fields import day_field
from portal.access import locations_for
from portal.models import Location, StaffLogin


class CopyWeekForm(forms.Form):
    """Any day names its week; what comes out are Mondays."""

    from_day = day_field(gettext_lazy("The week of"))
    to_day = day_field(gettext_lazy("Into the week of"))
    place = forms.ChoiceField(label=gettext_lazy("Location"), required=False)

    def __init__(self, data: Any = None, *, login: StaffLogin, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self._visible = locations_for(login)
        choices = [("", _("All locations")), *((str(place.pk), place.name) for place in self._visible)]
        self.fields["place"].choices = choices  # type: ignore[attr-defined]
        if len(self._visible) == 1:
            del self.fields["place"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("from_day", "to_day"):
            if name in cleaned:
                cleaned[name] -= timedelta(days=cleaned[name].weekday())
        if cleaned.get("from_day") and cleaned.get("from_day") == cleaned.get("to_day"):
            self.add_error("to_day", _("That is the same week."))
        return cleaned

    @property
    def locations(self) -> list[Location]:
        chosen = self.cleaned_data.get("place")
        return [place for place in self._visible if not chosen or str(place.pk) == chosen]
