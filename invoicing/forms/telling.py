"""What the operator tells about payouts, typed or as a file."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.imports.payouts import MAX_BYTES
from invoicing.models import PayoutEvent
from invoicing.payout_words import WRONG_FIELDS, failed_note
from portal.imports.dates import Order
from portal.imports.reading import ENCODINGS

Kind = PayoutEvent.Kind
KINDS = [
    (Kind.SENT, gettext_lazy("sent")),
    (Kind.RECEIVED, gettext_lazy("received")),
    (Kind.FAILED, gettext_lazy("failed")),
]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class TellForm(forms.Form):
    """One payout. A failed one names the field that was wrong; all others an amount."""

    kind = forms.ChoiceField(label=gettext_lazy("What happened"), choices=KINDS)
    on = forms.DateField(label=gettext_lazy("On"), widget=DayInput)
    amount = forms.DecimalField(
        label=gettext_lazy("Amount"), required=False, max_digits=12, decimal_places=2, localize=True
    )
    reference = forms.CharField(label=gettext_lazy("Reference"), required=False, max_length=140)
    wrong = forms.ChoiceField(
        label=gettext_lazy("If it failed: what was wrong"), required=False, choices=[("", "—"), *WRONG_FIELDS.items()]
    )
    why = forms.CharField(label=gettext_lazy("In words"), required=False, max_length=250)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        failed = cleaned.get("kind") == Kind.FAILED
        if failed and not cleaned.get("wrong"):
            self.add_error("wrong", _("What was wrong? The owners are told."))
        if not failed and not self.errors.get("amount") and (cleaned.get("amount") or 0) <= 0:
            self.add_error("amount", _("An amount above 0 is needed."))
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        """As `actions.payouts.tell` takes it."""
        cleaned = self.cleaned_data
        failed = cleaned["kind"] == Kind.FAILED
        return {
            "kind": cleaned["kind"],
            "on": cleaned["on"],
            "amount": None if failed else cleaned["amount"],
            "reference": cleaned["reference"],
            "note": failed_note(cleaned["wrong"], cleaned["why"]) if failed else "",
        }


class TellManyForm(forms.Form):
    """Several at once, each with what it still has to bring."""

    on = forms.DateField(label=gettext_lazy("On"), widget=DayInput)
    reference = forms.CharField(label=gettext_lazy("Reference"), required=False, max_length=140)


class PayoutFileForm(forms.Form):
    """A file, looked at first. Between look and deed the page itself carries it."""

    kind = forms.ChoiceField(label=gettext_lazy("The file lists what was"), choices=KINDS[:2])
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        help_text=gettext_lazy("Columns: number, date, amount, reference; and studio, where a number is not unique."),
    )
    mark = forms.ChoiceField(
        label=gettext_lazy("Before the cents"),
        required=False,
        choices=[("", gettext_lazy("as the file says")), (",", "1.234,56"), (".", "1,234.56")],
    )
    order = forms.ChoiceField(
        label=gettext_lazy("Dates"),
        required=False,
        choices=[
            ("", gettext_lazy("as the file says")),
            (Order.DAY, gettext_lazy("day first, as 16.11.2026")),
            (Order.MONTH, gettext_lazy("month first, as 11/16/2026")),
        ],
    )
    encoding = forms.ChoiceField(
        label=gettext_lazy("Letters"),
        required=False,
        choices=[
            ("", gettext_lazy("as the file says")),
            *((code, gettext_lazy(name)) for code, name in ENCODINGS.items()),
        ],
    )
    carried = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file = cleaned.get("file")
        if file and file.size > MAX_BYTES:
            self.add_error("file", _("The file is larger than %(size)s MiB.") % {"size": MAX_BYTES // 2**20})
        elif file:
            cleaned["content"] = file.read()
        else:
            try:
                cleaned["content"] = b64decode(cleaned.get("carried", ""), validate=True)
            except NotBase64:
                cleaned["content"] = b""
        if not cleaned.get("content") and not self.errors:
            self.add_error("file", _("Choose a file."))
        return cleaned

    @staticmethod
    def carry(content: bytes) -> str:
        return b64encode(content).decode()
