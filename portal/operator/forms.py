"""What the operator's own pages ask for."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.models import Invitation, StaffLogin, Studio
from portal.models.studio import check_studio_slug, check_zone
from portal.operator.founding import NewStudio

LONGEST_EMAIL = Invitation._meta.get_field("email").max_length


class OwnerForm(forms.Form):
    owner_name = forms.CharField(label=_("Owner's name"), max_length=100)
    owner_email = forms.EmailField(
        label=_("Owner's e-mail"), max_length=LONGEST_EMAIL, help_text=_("The link for the login is sent there.")
    )

    def clean_owner_email(self) -> str:
        return str(self.cleaned_data["owner_email"]).strip().lower()


class NewStudioForm(OwnerForm):
    name = forms.CharField(label=_("Studio"), max_length=100)
    slug = forms.SlugField(
        label=_("Address"),
        max_length=50,
        help_text=_("Small letters, digits and hyphens; the studio is at /address/ for good."),
    )
    location = forms.CharField(label=_("First location"), max_length=100)
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=50,
        initial="Europe/Berlin",
        widget=forms.TextInput(attrs={"list": "zones"}),
        help_text=_("Decides when a day and a month begin there."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, help_text=_("Of its mails."))

    field_order = ("name", "slug", "language", "location", "zone", "owner_name", "owner_email")

    def clean_slug(self) -> str:
        slug = str(self.cleaned_data["slug"]).lower()
        check_studio_slug(slug)
        if Studio.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("There is a studio at this address."))
        return slug

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        if Studio.objects.filter(name__iexact=name, practice_of=None).exists():
            raise forms.ValidationError(
                _("There is a studio of this name. Add the town, so that nobody mixes them up.")
            )
        return name

    def clean_zone(self) -> str:
        zone = str(self.cleaned_data["zone"]).strip()
        found = {known.lower(): known for known in available_timezones()}.get(zone.lower(), zone)
        check_zone(found)
        return found

    def wanted(self) -> NewStudio:
        return NewStudio(**{name: self.cleaned_data[name] for name in self.field_order})


class LookForm(forms.Form):
    login = forms.ModelChoiceField(label=_("As whom"), queryset=StaffLogin.objects.none(), empty_label=None)
    reason = forms.CharField(
        label=_("Why"),
        max_length=200,
        help_text=_("The studio reads it in its log: name the ticket, or what you were asked."),
    )

    def __init__(self, *args: Any, people: list[StaffLogin], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["login"]
        chosen.queryset = StaffLogin.objects.filter(pk__in=[one.pk for one in people]).select_related("user")
        chosen.choices = [(one.pk, str(one)) for one in people]
        if people:
            chosen.initial = people[0].pk

    def clean_reason(self) -> str:
        reason = " ".join(str(self.cleaned_data["reason"]).split())
        if len(reason) < 5:
            raise forms.ValidationError(_("Say it so that the studio understands it."))
        return reason
