"""What the path asks for, in the settings' own words and with their checks."""

from typing import Any

from django import forms

from portal.models import Location, Studio
from portal.preferences.groups import LOCATION_SETTINGS, STUDIO
from portal.preferences.places import countries, misplaced
from portal.preferences.registry import Scope

_WORDS = {one.field: one for one in (*STUDIO.of_studio, *LOCATION_SETTINGS) if one.field != "name"}


class StudioForm(forms.ModelForm):
    class Meta:
        model = Studio
        fields = ("name", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _explain(self, "language")


class ZoneForm(forms.ModelForm):
    class Meta:
        model = Location
        fields = ("zone",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["zone"].widget.attrs["list"] = "zones"
        _explain(self, "zone")


class PlaceForm(forms.ModelForm):
    class Meta:
        model = Location
        fields = ("name", "street", "postcode", "city", "country")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["city"].required = True
        self.fields["country"] = forms.ChoiceField(
            label=self.fields["country"].label, choices=[("", "–"), *countries()], required=True
        )
        _explain(self, "country")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        scope = Scope(self.instance.studio, self.instance, [])
        for conflict in misplaced(scope, {**cleaned, "region": self.instance.region}):
            for name in set(conflict.fields) & set(self.fields):
                self.add_error(name, conflict.words)
        return cleaned


def _explain(form: forms.ModelForm, name: str) -> None:
    form.fields[name].label = str(_WORDS[name].label)
    form.fields[name].help_text = str(_WORDS[name].changes)
