from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from bookings.rules import CancelAs


class MomentField(forms.Field):
    """An aware moment as `datetime.isoformat` writes it: what a server told a script, never what a person typed."""

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("not a moment") from error
        if moment.tzinfo is None:
            raise ValidationError("not an aware moment")
        return moment


class ActionForm(forms.Form):
    """What every change carries: the id that makes a retry the same action (Q17)."""

    action_id = forms.UUIDField()


class CancelForm(ActionForm):
    outcome = forms.TypedChoiceField(choices=[(way.value, way.value) for way in CancelAs], coerce=CancelAs)


class FindForm(forms.Form):
    """Whom to show at the counter, for browsers without script. What cannot be read filters nothing."""

    MISSING, NEW = "missing", "new"

    q = forms.CharField(max_length=100, required=False)
    show = forms.ChoiceField(choices=[(MISSING, MISSING), (NEW, NEW)], required=False)

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q", "") if self.is_valid() or self.cleaned_data else ""

    @property
    def show_only(self) -> str:
        return self.cleaned_data.get("show", "") if self.is_valid() or self.cleaned_data else ""

    @property
    def is_used(self) -> bool:
        return bool(self.words or self.show_only)


class ChangesForm(forms.Form):
    """What a tab has seen: the studio's version and the server's time, both as the last answer told them."""

    since = forms.IntegerField(min_value=0, max_value=2**62)
    at = MomentField()
