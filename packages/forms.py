"""A package with its terms, as a person types them."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Field
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from packages.models import Package, PackageVersion
from portal.models import Studio

Unit = PackageVersion.Unit


class PackageForm(forms.ModelForm):
    """The name and the terms. `seen` is what the editor's page began with, so that nobody overwrites another unseen."""

    EVER, FOR, UNTIL = "ever", "for", "until"
    TERMS = ("uses", "valid_for", "valid_unit", "valid_until", "price", "currency", "tax_rate", "late_cancel_uses")

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    ends = forms.ChoiceField(
        label=gettext_lazy("It can be used"),
        choices=[
            (EVER, gettext_lazy("without an end")),
            (FOR, gettext_lazy("for a time from the day of purchase")),
            (UNTIL, gettext_lazy("until a fixed day")),
        ],
        widget=forms.RadioSelect,
        initial=FOR,
    )
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", gettext_lazy("Three capital letters, as in EUR."))],
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = PackageVersion
        fields = ("uses", "valid_for", "valid_unit", "valid_until", "price", "currency", "tax_rate", "late_cancel_uses")
        labels = {
            "uses": gettext_lazy("Uses"),
            "valid_for": gettext_lazy("For"),
            "valid_unit": gettext_lazy("Unit"),
            "valid_until": gettext_lazy("Last day"),
            "price": gettext_lazy("Price"),
            "tax_rate": gettext_lazy("Tax in percent, included in the price"),
            "late_cancel_uses": gettext_lazy("A late cancellation uses a session"),
        }
        help_texts = {
            "late_cancel_uses": gettext_lazy("Otherwise a cancelled booking never does."),
        }
        widgets = {"valid_until": forms.DateInput({"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, studio: Studio, package: Package | None = None, **kwargs: Any) -> None:
        self.studio, self.package = studio, package
        super().__init__(*args, **kwargs)
        # A new one; the version itself is written by the action.
        known = self.instance
        self.stands = stands(package, known) if package else ""
        if package is not None:
            how = self.UNTIL if known.valid_until else self.FOR if known.valid_for else self.EVER
            self.initial.update(name=package.name, ends=how)
        else:
            self.initial.update(self._usual())
        unit = self.fields["valid_unit"]
        assert isinstance(unit, forms.ChoiceField)  # noqa: S101 - the model's choices
        unit.choices = Unit.choices
        self.initial["seen"] = self.stands

    def _usual(self) -> dict[str, Any]:
        """What a new package begins with: months, and money as in the package that was made last."""
        made = PackageVersion.objects.filter(package__studio=self.studio).order_by("-made_at")
        last = made.values("currency", "tax_rate").first()
        return {"valid_unit": Unit.MONTHS, **(last or {"currency": "EUR"})}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = self.studio.packages.filter(name__iexact=name)
        if self.package is not None:
            others = others.exclude(pk=self.package.pk)
        if others.exists():
            raise forms.ValidationError(_("There is a package with this name already."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        how = cleaned.get("ends")
        if how == self.FOR:
            cleaned["valid_until"] = None
            if "valid_for" not in self.errors and not cleaned.get("valid_for"):
                self.add_error("valid_for", _("Please say for how long."))
            cleaned["valid_unit"] = cleaned.get("valid_unit") or Unit.MONTHS.value
        else:
            cleaned |= {"valid_for": None, "valid_unit": ""}
            for name in ("valid_for", "valid_unit"):
                self.errors.pop(name, None)
        if how == self.UNTIL and "valid_until" not in self.errors and not cleaned.get("valid_until"):
            self.add_error("valid_until", _("Please say which day is the last."))
        if how != self.UNTIL:
            cleaned["valid_until"] = None
            self.errors.pop("valid_until", None)
        self._check_terms(cleaned)
        if self.package is not None and cleaned.get("seen", "") != self.stands:
            self.add_error(None, self._changed_meanwhile())
            self.data = {**self.data, self.add_prefix("seen"): self.stands}
        return cleaned

    def _check_terms(self, cleaned: dict[str, Any]) -> None:
        """As the model's own fields check them."""
        for name in self.TERMS:
            field = PackageVersion._meta.get_field(name)
            if name in cleaned and name not in self.errors and isinstance(field, Field):
                try:
                    cleaned[name] = field.clean(cleaned[name], None)
                except forms.ValidationError as error:
                    self.add_error(name, error)

    def _post_clean(self) -> None:
        """The row that stands is never written into: the action makes the next one."""

    def _changed_meanwhile(self) -> str:
        by = self.instance.made_by
        return _("Meanwhile %(who)s changed this package. Save again to use what stands here.") % {
            "who": by.user.name if by else _("somebody")
        }

    @property
    def terms(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.TERMS}


def stands(package: Package, version: PackageVersion) -> str:
    """What an edit begins with: another word whenever name or terms are not the same any more."""
    made: datetime = version.made_at
    return f"{version.number} {made.isoformat()} {package.name}"
