"""The marketplace as a buyer: written down here, and nowhere else."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.forms.parties import say_unprintable
from invoicing.models import Payer
from invoicing.rules import identifiers
from portal.admin_site import DeskAdmin
from portal.operator.sections import Section


class PayerForm(forms.ModelForm):
    """Its numbers are those that its country could have given."""

    class Meta:
        model = Payer
        fields: ClassVar[list[str]] = [
            "marketplace", "legal_name", "street", "postcode", "city", "country", "vat_id", "registration",
            "electronic_scheme", "electronic_address", "contact", "phone", "email", "buyer_reference",
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        say_unprintable(self, cleaned)
        country = cleaned.get("country", "")
        checks = {"vat_id": identifiers.vat_id, "registration": identifiers.registration}
        for name, check in checks.items():
            if country and cleaned.get(name):
                self._keep(cleaned, name, check(cleaned[name], country), _("Not a number of this country."))
        scheme, address = cleaned.get("electronic_scheme", ""), cleaned.get("electronic_address", "")
        if bool(scheme) != bool(address):
            self.add_error("electronic_address", _("Scheme and address come together."))
        elif scheme:
            kept = identifiers.electronic_address(scheme, address)
            self._keep(cleaned, "electronic_address", kept, _("Not an address of this scheme."))
        return cleaned

    def _keep(self, cleaned: dict[str, Any], name: str, kept: str | None, words: str) -> None:
        if kept is None:
            self.add_error(name, words)
        else:
            cleaned[name] = kept


@admin.register(Payer)
class PayerAdmin(DeskAdmin):
    """Without it no invoice of the marketplace is issued. What was issued keeps what it was then."""

    label = gettext_lazy("Payers")
    named = gettext_lazy("payer"), gettext_lazy("payers")
    section, icon, place = Section.MONEY, "landmark", 40
    form = PayerForm
    list_display = ("legal_name", "marketplace", "country", "vat_id", "electronic_address")
    list_select_related = ("marketplace",)
    search_fields = ("legal_name", "marketplace__name")

    def get_readonly_fields(self, request: HttpRequest, obj: Payer | None = None) -> tuple[str, ...]:
        return ("marketplace",) if obj else ()
