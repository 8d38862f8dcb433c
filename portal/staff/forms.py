"""What the pages about logins ask for."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from portal.models import Invitation, LoginWish, StaffLogin, Studio, User
from portal.models.staff import PRESETS
from portal.roles import Preset
from portal.staff.invitations import Wanted
from portal.staff.rules import LONGEST_PIN, Why, weakness
from portal.staff.words import PIN_WORDS, WHY_WORDS


class RightsForm(forms.Form):
    """Preset, locations, teacher: what is chosen for a new login and changed for an old one."""

    preset = forms.ChoiceField(
        label=_("Preset"),
        choices=PRESETS,
        initial=Preset.DESK,
        help_text=_("The table of presets says what each may do."),
    )
    locations: forms.ModelMultipleChoiceField = forms.ModelMultipleChoiceField(
        label=_("Pinned to"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all locations."),
    )
    teaches_as: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Teaches as"),
        queryset=None,
        required=False,
        empty_label=_("the teacher of the same name"),
        help_text=_("For the preset Teacher: whose classes this login sees."),
    )

    def __init__(self, *args: Any, studio: Studio, login: StaffLogin | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.studio = studio
        places = studio.locations.in_order()
        self.fields["locations"].queryset = places  # type: ignore[attr-defined]
        free = (
            studio.teachers.filter(login=None) | studio.teachers.filter(login=login)
            if login
            else (studio.teachers.filter(login=None))
        )
        self.fields["teaches_as"].queryset = free  # type: ignore[attr-defined]
        if len(places) < 2:
            del self.fields["locations"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("preset") == Preset.OWNER and cleaned.get("locations"):
            self.add_error("locations", str(WHY_WORDS[Why.OWNER_PINNED]))
        return cleaned

    def chosen(self) -> dict[str, Any]:
        """`preset`, `locations`, `teaches_as` for the actions."""
        found = self.cleaned_data
        is_teacher = found["preset"] == Preset.TEACHER
        return {
            "preset": found["preset"],
            "locations": list(found.get("locations", ())),
            "teaches_as": found["teaches_as"] if is_teacher else None,
        }


class InviteForm(RightsForm):
    email = forms.EmailField(label=_("E-mail"), max_length=Invitation._meta.get_field("email").max_length)
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("It stands in the log beside what was done."))

    field_order = ("name", "email", "preset", "locations", "teaches_as")

    def wanted(self) -> Wanted:
        return Wanted(email=self.cleaned_data["email"].strip().lower(), name=self.cleaned_data["name"], **self.chosen())


class AskForm(InviteForm):
    why = forms.CharField(label=_("What for"), max_length=LoginWish._meta.get_field("why").max_length, required=False)


class DeclineForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=LoginWish._meta.get_field("reason").max_length)


class AcceptForm(forms.Form):
    """A new person: the name that the log shows, and a password."""

    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        help_text=_("At least twelve characters; a few words in a row are good."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["name"] = invitation.name
        self.invitation = invitation

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if password := cleaned.get("password"):
            try:
                validate_password(password, User(email=self.invitation.email, name=cleaned.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned


def _digits(**attrs: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": LONGEST_PIN, **attrs})


class PinForm(forms.Form):
    pin = forms.CharField(label=_("New PIN"), help_text=_("Four to eight digits."), widget=_digits())
    again = forms.CharField(label=_("New PIN again"), widget=_digits())

    def clean_pin(self) -> str:
        pin: str = self.cleaned_data["pin"]
        if weak := weakness(pin):
            raise forms.ValidationError(str(PIN_WORDS[weak]))
        return pin

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "pin" in cleaned and cleaned["pin"] != cleaned.get("again"):
            self.add_error("again", _("This is not the same PIN."))
        return cleaned


class TypePinForm(forms.Form):
    """Who comes to the desk: chosen by name, known by PIN."""

    person = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**62)
    pin = forms.CharField(label=_("PIN"), max_length=LONGEST_PIN, widget=_digits(autofocus=""))


class DeskForm(forms.ModelForm):
    class Meta:
        model = Studio
        fields = ("lock_after_minutes", "two_step_required")
        help_texts = {
            "lock_after_minutes": _("Empty: only when somebody locks it. Whoever has a PIN opens it again."),
            "two_step_required": _("Whoever has none yet is led to set it up."),
        }
