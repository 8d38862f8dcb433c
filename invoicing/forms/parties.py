"""Seller, bank account, tax status and the agreement, as an owner types them. What cannot be is said at its field."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from django import forms
from django.forms import modelform_factory
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum import bic, iban

from invoicing.documents.letters import missing
from invoicing.models import Invoice, Seller, TaxStatus
from invoicing.preferences import INVOICES, seller_of
from invoicing.rules import identifiers
from invoicing.rules.payouts import regions_of
from marketplace.models import Marketplace
from portal.models import Studio
from portal.preferences import places
from portal.preferences.forms import SettingsForm
from portal.preferences.registry import Scope, Setting

SCHEMES: Mapping[str, Promise] = {
    "0106": gettext_lazy("KvK number (0106)"),
    "9944": gettext_lazy("Dutch VAT id (9944)"),
    "9930": gettext_lazy("German VAT id (9930)"),
    "9914": gettext_lazy("Austrian VAT id (9914)"),
    "0088": gettext_lazy("GLN (0088)"),
    "0204": gettext_lazy("Leitweg-ID (0204)"),
    "EM": gettext_lazy("e-mail (EM)"),
}


def seller_form(scope: Scope, settings: tuple[Setting, ...], data: QueryDict | None = None) -> "SellerForm":
    """The form of some of the seller's settings, as the studio has them now."""
    names = [setting.field for setting in settings]
    made = cast("type[SellerForm]", modelform_factory(Seller, form=SellerForm, fields=names))
    return made(INVOICES, scope, settings, seller_of(scope), data)


def say_unprintable(form: forms.BaseForm, cleaned: dict[str, Any]) -> None:
    """An error beside each field with letters that no document can show: better here than on the 5th."""
    for name, value in list(cleaned.items()):
        signs = missing(value) if isinstance(value, str) and name != "seen" else ""
        if signs:
            words = _("“%(signs)s” cannot be printed on an invoice. Please write it otherwise.")
            form.add_error(name, words % {"signs": signs})


class SellerForm(SettingsForm):
    """Numbers are compared with the country's form and check digits, and kept without spaces."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "payout_country" in self.fields:
            self.fields["payout_country"] = forms.ChoiceField(
                label=self.fields["payout_country"].label,
                choices=[("", _("as the seller")), *places.countries()],
                required=False,
            )
        if "electronic_scheme" in self.fields:
            self.fields["electronic_scheme"] = forms.ChoiceField(
                label=self.fields["electronic_scheme"].label,
                choices=[("", _("none")), *SCHEMES.items()],
                required=False,
            )
        for name, words in {"iban": "off", "bic": "off", "legal_name": "organization"}.items():
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = words

    def clean_iban(self) -> str:
        return str(iban.compact(self.cleaned_data["iban"]))

    def clean_bic(self) -> str:
        return str(bic.compact(self.cleaned_data["bic"]))

    def clean_prefix(self) -> str:
        """A range of its own: not one in which a marketplace numbers or could, nor that of corrections.

        A range that the studio had before goes on where it stopped.
        """
        prefix = str(self.cleaned_data["prefix"]).strip().upper()
        if prefix.endswith("-C"):
            raise forms.ValidationError(_("Corrections have a C at the end. Choose another range."))
        if prefix.endswith(self._of_marketplaces) or any(map(self._is_taken, (prefix, f"{prefix}-C"))):
            raise forms.ValidationError(_("In this range the marketplace numbers its invoices. Choose another."))
        return prefix

    @property
    def _of_marketplaces(self) -> str:
        """What the studio's ranges at marketplaces end with."""
        return f"-{self.scope.studio.slug}".upper()

    def _is_taken(self, prefix: str) -> bool:
        """A marketplace numbers in it, or did, perhaps while the studio had another address."""
        key = prefix.removesuffix(self._of_marketplaces)
        if key != prefix and Marketplace.objects.filter(key__iexact=key).exists():
            return True
        theirs = {"type_code__in": [Invoice.TypeCode.SELF_BILLED, Invoice.TypeCode.SELF_BILLED_CREDIT]}
        return Invoice.objects.filter(studio=self.scope.studio.pk, series__prefix=prefix, **theirs).exists()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        say_unprintable(self, cleaned)
        if "country" in self.names:
            self._check_seller(cleaned)
        if "iban" in self.names:
            self._check_bank(cleaned)
        return cleaned

    def _check_seller(self, cleaned: dict[str, Any]) -> None:
        country = cleaned.get("country", "")
        if not country:
            self.add_error("country", _("An invoice names the country of the seller."))
        else:
            self._check_numbers(cleaned, country)
        scheme, address = cleaned.get("electronic_scheme", ""), cleaned.get("electronic_address", "")
        if scheme and not address:
            self.add_error("electronic_address", _("Enter the number of this kind, or choose “none”."))
        elif address and not scheme:
            self.add_error("electronic_scheme", _("Of which kind is the address below?"))
        elif scheme:
            self._keep(
                cleaned, "electronic_address", identifiers.electronic_address(scheme, address), _NO_ADDRESS[scheme]
            )

    def _check_numbers(self, cleaned: dict[str, Any], country: str) -> None:
        if text := cleaned.get("vat_id", ""):
            kept = identifiers.vat_id(text, country)
            words = _("Not a VAT id of this country: it begins with %(country)s, and its check digits fit.")
            self._keep(cleaned, "vat_id", kept, words % {"country": identifiers.vat_prefix(country)})
        if text := cleaned.get("tax_number", ""):
            words = _("Not a tax number of this country: length or check digit do not fit.")
            self._keep(cleaned, "tax_number", identifiers.tax_number(text, country), words)
        if text := cleaned.get("registration", ""):
            shape = _NO_REGISTRATION.get(country, gettext_lazy("Not a register number."))
            self._keep(cleaned, "registration", identifiers.registration(text, country), shape)

    def _check_bank(self, cleaned: dict[str, Any]) -> None:
        country = cleaned.get("payout_country", "") or self.before.country  # type: ignore[attr-defined]
        region = cleaned["payout_region"] = cleaned.get("payout_region", "").strip()
        if region and region not in regions_of(country):
            known = ", ".join(regions_of(country))
            words = _("Not known there. Known: %(known)s") % {"known": known} if known else _("This country has none.")
            self.add_error("payout_region", words)

    def _keep(self, cleaned: dict[str, Any], name: str, kept: str | None, words: object) -> None:
        if kept is None:
            self.add_error(name, str(words))
        else:
            cleaned[name] = kept


_NO_REGISTRATION: Mapping[str, Promise] = {
    "NL": gettext_lazy("A KvK number has 8 digits."),
    "DE": gettext_lazy("As in HRB 86891, with the court before it if you like."),
    "AT": gettext_lazy("As in FN 122119m: its last letter is a check letter."),
}
_VAT_ADDRESS = gettext_lazy("Not a VAT id of that country, with its letters in front: its check digits do not fit.")
_NO_ADDRESS: Mapping[str, Promise] = {
    "0106": gettext_lazy("A KvK number has 8 digits."),
    "9944": _VAT_ADDRESS,
    "9930": _VAT_ADDRESS,
    "9914": _VAT_ADDRESS,
    "0088": gettext_lazy("A GLN has 13 digits, the last of which is a check digit."),
    "0204": gettext_lazy("As in 04011000-1234512345-06: its last two digits are check digits."),
    "EM": gettext_lazy("Not an e-mail address."),
}


class TaxStatusForm(forms.ModelForm):
    """From a day on; one for each day."""

    small_business = forms.TypedChoiceField(
        label=gettext_lazy("The studio is"),
        choices=[("1", gettext_lazy("a small business, no VAT is shown")), ("0", gettext_lazy("taxed, VAT is shown"))],
        coerce=lambda text: text == "1",
    )

    class Meta:
        model = TaxStatus
        fields = ("first_on", "small_business")
        widgets = {"first_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}

    def __init__(self, *args: Any, studio: Studio, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.studio = studio

    def clean_first_on(self) -> date:
        first_on: date = self.cleaned_data["first_on"]
        if first_on.year < 2000:
            raise forms.ValidationError(_("This is too long ago."))
        if TaxStatus.objects.filter(studio=self.studio, first_on=first_on).exists():
            raise forms.ValidationError(_("Something holds from this day on already. Take it away first."))
        return first_on


class SignForm(forms.Form):
    """Who agrees, by name."""

    name = forms.CharField(label=gettext_lazy("Your first and last name, as your signature"), max_length=100)
    agreed = forms.BooleanField(label=gettext_lazy("I may sign for the studio, and agree to the text above."))
