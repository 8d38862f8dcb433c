"""Rooms: a name, and how their spots are numbered."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Spot
from portal.models import Location

MOST_SPOTS = 200


class RoomForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class NewRoomForm(RoomForm):
    location = forms.TypedChoiceField(label=gettext_lazy("Location"))

    field_order = ("location", "name")

    def __init__(self, data: Any = None, *, locations: list[Location]) -> None:
        super().__init__(data)
        known = {str(place.pk): place for place in locations}
        self.fields["location"].choices = [(key, place.name) for key, place in known.items()]  # type: ignore[attr-defined]
        self.fields["location"].coerce = known.__getitem__  # type: ignore[attr-defined]


class SpotsForm(forms.Form):
    """ "20 spots in 4 rows, back to front"."""

    BACK, FRONT = "back", "front"

    count = forms.IntegerField(label=gettext_lazy("Spots"), min_value=0, max_value=MOST_SPOTS)
    rows = forms.IntegerField(label=gettext_lazy("In so many rows"), min_value=1, max_value=20, initial=1)
    fill = forms.ChoiceField(
        label=gettext_lazy("Given out"),
        choices=[
            (BACK, gettext_lazy("from the back: regulars keep the front")),
            (FRONT, gettext_lazy("from the front")),
        ],
        widget=forms.RadioSelect,
        initial=BACK,
    )

    @property
    def values(self) -> dict[str, Any]:
        """As `rooms.set_spots` takes them."""
        asked = self.cleaned_data
        return {"count": asked["count"], "rows": asked["rows"], "back_to_front": asked["fill"] == self.BACK}


class OrderForm(forms.Form):
    """The labels of all spots, in the order in which they are given out."""

    order = forms.CharField(
        label=gettext_lazy("Order in which spots are given out"),
        max_length=4000,
        help_text=gettext_lazy("Labels with commas between them; those that are left out come last."),
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, data: Any = None, *, spots: list[Spot], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._spots = {spot.label.casefold(): spot for spot in sorted(spots, key=lambda spot: spot.fill_order)}

    def clean_order(self) -> list[Spot]:
        words = [word.strip() for word in self.cleaned_data["order"].split(",") if word.strip()]
        found: list[Spot] = []
        for word in words:
            spot = self._spots.get(word.casefold())
            if spot is None:
                raise ValidationError(_("There is no spot %(label)s.") % {"label": word[:20]})
            if spot in found:
                raise ValidationError(_("Spot %(label)s is there twice.") % {"label": spot.label})
            found.append(spot)
        return found + [spot for spot in self._spots.values() if spot not in found]

    @property
    def ids(self) -> list[int]:
        return [spot.pk for spot in self.cleaned_data["order"]]
