"""What staff type about members."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from portal.members.merging import FIELDS
from portal.members.photos import cleaned
from portal.models import Member, MemberNote, Studio


class MemberSearchForm(forms.Form):
    """What finds members as one types. What cannot be read finds nobody."""

    LIMIT, MOST = 10, 50
    BUTTONS, LINKS = "buttons", "links"

    q = forms.CharField(max_length=100, required=False)
    limit = forms.IntegerField(min_value=1, max_value=MOST, required=False)
    options = forms.ChoiceField(choices=[(BUTTONS, BUTTONS), (LINKS, LINKS)], required=False)


class MemberForm(forms.ModelForm):
    """A member's data. `taken_by` is set where the e-mail belongs to another member, whom the page then names."""

    taken_by: Member | None = None

    class Meta:
        model = Member
        fields = ("first_name", "last_name", "email", "phone", "joined_on", "notes")
        widgets = {
            "joined_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "notes": forms.Textarea(attrs={"rows": 3}),
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
        }

    def __init__(self, *args: Any, studio: Studio, with_contact: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.studio = studio
        if not with_contact:
            del self.fields["email"], self.fields["phone"]

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        others = self.studio.members.exclude(pk=self.instance.pk)
        self.taken_by = others.with_email(email).first() if email else None
        if self.taken_by is not None:
            raise ValidationError(
                _("This e-mail belongs to %(name)s, member %(number)s."),
                params={"name": self.taken_by.name, "number": self.taken_by.number},
            )
        return email

    def _get_validation_exclusions(self) -> set[str]:
        # The unique e-mail is told above, with a way to the other member.
        return super()._get_validation_exclusions() | {"studio", "number"}  # type: ignore[misc]


class BlockForm(forms.Form):
    reason = forms.CharField(label=_("Blocked because"), max_length=200)


class MemberNoteForm(forms.ModelForm):
    class Meta:
        model = MemberNote
        fields = ("text", "for_next_visit")
        widgets = {"text": forms.Textarea(attrs={"rows": 2, "maxlength": 500})}


class PhotoForm(forms.Form):
    """An uploaded picture; `jpeg` is what is kept of it."""

    photo = forms.FileField(
        label=_("Photo"),
        widget=forms.ClearableFileInput(attrs={"accept": "image/jpeg,image/png,image/webp", "capture": "user"}),
    )

    def clean_photo(self) -> bytes:
        return cleaned(self.cleaned_data["photo"])


class MergeForm(forms.Form):
    """Whose value stays, for each field in which the two differ."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FIELDS:
            self.fields[name] = forms.ChoiceField(choices=[("kept", "kept"), ("merged", "merged")], required=False)

    @property
    def take(self) -> dict[str, str]:
        return {name: whose for name, whose in self.cleaned_data.items() if whose}


class ScrubForm(forms.Form):
    """Asks for the member's number, so that nobody is deleted by a slip."""

    number = forms.CharField(label=_("Type the member number"), max_length=40, widget=forms.TextInput())

    def __init__(self, *args: Any, member: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.member = member
        self.fields["number"].widget.attrs["autocomplete"] = "off"

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        if number != self.member.number:
            raise ValidationError(_("This is not the number of this member. Nothing was deleted."))
        return number
