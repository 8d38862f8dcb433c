"""What the two sides call each other, as a person types it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import CalendarItem
from marketplace import outside
from marketplace.models import Connection
from portal.models import Location

# It stands in a header of each call.
HEADER_SAFE = RegexValidator(
    r"^[A-Za-z0-9._:/-]+\Z", gettext_lazy("Letters, digits and . _ : / - only, as the marketplace has given it.")
)


class LocationsForm(forms.Form):
    """One id for each location; an empty one is not sold there."""

    def __init__(self, *args: Any, connection: Connection, places: Sequence[Location], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places = {f"location_{place.pk}": place for place in places}
        known = dict(connection.locations.values_list("location_id", "external_id"))
        for name, place in self.places.items():
            self.fields[name] = forms.CharField(
                label=place.name,
                max_length=100,
                required=False,
                initial=known.get(place.pk, ""),
                validators=[HEADER_SAFE],
                widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        seen: dict[str, Location] = {}
        for name, place in self.places.items():
            external_id = cleaned.get(name, "")
            if external_id and external_id in seen:
                self.add_error(name, _("%(place)s has this id already.") % {"place": seen[external_id].name})
            seen[external_id] = place
        return cleaned

    def refuse(self, booked: Mapping[Location, int]) -> None:
        """Say where the id cannot go, because so many bookings are to come."""
        for name, place in self.places.items():
            if count := booked.get(place):
                said = ngettext(
                    "%(count)d booking of this marketplace is to come here. The id stays until then: by it the"
                    " marketplace cancels and checks in.",
                    "%(count)d bookings of this marketplace are to come here. The id stays until then: by it the"
                    " marketplace cancels and checks in.",
                    count,
                )
                self.add_error(name, said % {"count": count})

    @property
    def ids(self) -> dict[Location, str]:
        return {place: self.cleaned_data[name] for name, place in self.places.items()}


class KindsForm(forms.Form):
    """The kinds of items that go there; a course series cannot be ticked (Q25)."""

    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What goes there"),
        choices=[choice for choice in CalendarItem.Kind.choices if choice[0] != CalendarItem.Kind.COURSE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class AddressForm(forms.Form):
    """Where the marketplace is called."""

    address = forms.URLField(label=gettext_lazy("Their address"), max_length=300, required=False, assume_scheme="https")

    def clean_address(self) -> str:
        """One that may be called (`outside.check`); a name is looked up when it is."""
        address: str = self.cleaned_data["address"]
        if address:
            try:
                outside.check(address)
            except outside.Forbidden as error:
                words = _(
                    "This address is not called: it has to begin with https:// and lead into the public Internet."
                )
                raise forms.ValidationError(words) from error
        return address
