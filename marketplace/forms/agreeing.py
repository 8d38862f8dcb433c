"""What was agreed with a marketplace, as a person types it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace.actions.agreeing import TERMS, why_not_from
from marketplace.models import Connection, Contract, ContractTerms, Visit
from marketplace.rules.agreeing import Misdated
from packages.words import day_words

MISDATED: Mapping[Misdated, Promise] = {
    Misdated.TAKEN: gettext_lazy("From this day on another version holds already. What was agreed is not rewritten."),
    Misdated.BEFORE_NEWEST: gettext_lazy("A later version is agreed already. A further one begins after it."),
    Misdated.OVER: gettext_lazy("This day is over: what was visited until now keeps its terms. Choose today or later."),
    Misdated.AFTER_END: gettext_lazy("The contract has ended by then."),
    Misdated.OTHER_CONTRACT: gettext_lazy("On this day the contract before this one still holds."),
}


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ContractForm(forms.ModelForm):
    """The contract itself. A last day before its newest terms begin is refused, and another currency for its visits."""

    contracted_on = forms.DateField(label=gettext_lazy("Signed on"), widget=DateInput)
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", gettext_lazy("Three capital letters, as in EUR."))],
    )

    class Meta:
        model = Contract
        fields = ("number", "currency", "ends_on")
        labels = {"number": gettext_lazy("Contract number"), "ends_on": gettext_lazy("Last day")}
        help_texts = {"ends_on": gettext_lazy("Empty: until it is ended.")}
        widgets = {"ends_on": DateInput}
        field_order = ("number", "contracted_on", "ends_on", "currency")

    field_order = ("number", "contracted_on", "ends_on", "currency")

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection
        self.initial.setdefault("contracted_on", connection.contracted_on)

    def clean_currency(self) -> str:
        """What was booked was agreed in a currency, and is invoiced and paid out in it."""
        currency, before = str(self.cleaned_data["currency"]), self.initial.get("currency")
        if self.instance.pk and currency != before and Visit.objects.filter(terms__contract=self.instance).exists():
            words = _("Visits are booked in %(currency)s already. End this contract, and write down a new one.")
            raise forms.ValidationError(words % {"currency": before})
        return currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        signed, last = cleaned.get("contracted_on"), cleaned.get("ends_on")
        if signed and signed.year < 2000:
            self.add_error("contracted_on", _("This is too long ago."))
        if signed and last and last < signed:
            self.add_error("ends_on", _("This is before the contract was signed."))
        elif last and self.instance.pk:
            newest = self.instance.terms.order_by("-first_on").values_list("first_on", flat=True).first()
            if newest and last < newest:
                words = _("Its newest terms begin on %(day)s, which would be after its end.")
                self.add_error("ends_on", words % {"day": day_words(newest)})
        return cleaned

    def validate_constraints(self) -> None:
        """One open contract is held by the action, which changes the one that there is."""


STEPS = 10
RATES = ("check_in_rate", "no_show_rate", "late_cancel_rate", "additional_rate", "flat_rate")


class TermsForm(forms.ModelForm):
    """A version of terms. It begins with those that hold, for most of them stay. Volume steps are rows of fields."""

    class Meta:
        model = ContractTerms
        fields = tuple(name for name in TERMS if name not in {"steps_from", "steps_rate"})
        widgets = {"first_on": DateInput}

    def __init__(self, *args: Any, contract: Contract, today: date, **kwargs: Any) -> None:
        newest = contract.terms.order_by("-first_on").first()
        usual = {name: getattr(newest, name) for name in TERMS if name != "first_on"} if newest else {}
        first = today if newest else contract.connection.contracted_on
        kwargs["initial"] = {**usual, "first_on": first}
        super().__init__(*args, **kwargs)
        self.contract, self.today = contract, today
        for name in (*RATES, "tax_rate"):
            self.fields[name].widget.attrs |= {"min": 0, "step": "0.01"}
        self.fields["check_in_rate"].required = False
        self._add_steps(newest)

    def _add_steps(self, newest: ContractTerms | None) -> None:
        """Ten rows, those of the newest version filled in."""
        firsts, rates = (newest.steps_from, newest.steps_rate) if newest else ([], [])
        for row in range(STEPS):
            words = {"number": row + 1}
            self.fields[f"step_from_{row}"] = forms.IntegerField(
                label=_("Step %(number)s, from this check-in on") % words,
                required=False,
                max_value=1_000_000,
                initial=firsts[row] if row < len(firsts) else None,
            )
            self.fields[f"step_rate_{row}"] = forms.DecimalField(
                label=_("Step %(number)s, rate") % words,
                required=False,
                max_digits=9,
                decimal_places=2,
                initial=rates[row] if row < len(rates) else None,
            )
            self.fields[f"step_rate_{row}"].widget.attrs |= {"min": 0, "step": "0.01"}

    @property
    def steps(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The rows, as a template draws them: from which check-in on, and its rate."""
        return [(self[f"step_from_{row}"], self[f"step_rate_{row}"]) for row in range(STEPS)]

    @property
    def has_steps(self) -> bool:
        return any(field.value() not in (None, "") for pair in self.steps for field in pair)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_day(cleaned.get("first_on"))
        for name in RATES:
            if (cleaned.get(name) or 0) < 0:
                self.add_error(name, _("A rate is not below 0."))
        self._check_late_cancels(cleaned)
        self._check_tax(cleaned)
        self._check_steps(cleaned)
        self._check_flat(cleaned)
        day, month = cleaned.get("paid_per_day"), cleaned.get("paid_per_30_days")
        if day is not None and month is not None and day > month:
            self.add_error("paid_per_day", _("A day cannot pay for more visits than 30 days do."))
        return cleaned

    def _check_day(self, first_on: date | None) -> None:
        if first_on is None:
            return
        if first_on.year < 2000:
            self.add_error("first_on", _("This is too long ago."))
        elif why := why_not_from(self.contract, first_on, today=self.today):
            self.add_error("first_on", str(MISDATED[why]))

    def _check_late_cancels(self, cleaned: dict[str, Any]) -> None:
        paid, rate = cleaned.get("late_cancel_paid"), cleaned.get("late_cancel_rate")
        if paid and rate is not None and (paid == ContractTerms.LateCancel.NEVER) != (rate == 0):
            words = (
                _("Late cancels are never paid, so their rate is 0.")
                if rate
                else _("Late cancels are paid, so they need a rate.")
            )
            self.add_error("late_cancel_rate", words)

    def _check_tax(self, cleaned: dict[str, Any]) -> None:
        category, rate = cleaned.get("tax_category"), cleaned.get("tax_rate")
        if category is None or rate is None:
            return
        if category == ContractTerms.TaxCategory.STANDARD and rate <= 0:
            self.add_error("tax_rate", _("What is taxed needs a rate above 0."))
        if category != ContractTerms.TaxCategory.STANDARD and rate != 0:
            self.add_error("tax_rate", _("Only what is taxed has a rate. Enter 0, or choose “taxed”."))

    def _check_steps(self, cleaned: dict[str, Any]) -> None:
        """Rows may stay empty; those that are not ascend from the second check-in on, and each has a rate."""
        before, found = 1, []
        for row in range(STEPS):
            first_name, rate_name = f"step_from_{row}", f"step_rate_{row}"
            first, rate = cleaned.get(first_name), cleaned.get(rate_name)
            if first_name in self.errors or rate_name in self.errors or (first is None and rate is None):
                continue
            if first is None:
                self.add_error(first_name, _("From which check-in of the month on?"))
            elif rate is None:
                self.add_error(rate_name, _("A step needs its rate."))
            elif rate < 0:
                self.add_error(rate_name, _("A rate is not below 0."))
            elif first <= before:
                least = {"number": before + 1}
                self.add_error(first_name, _("Steps ascend: enter %(number)s or more.") % least)
            else:
                before = first
                found.append((first, rate))
        self.instance.steps_from = [first for first, _rate in found]
        self.instance.steps_rate = [rate for _first, rate in found]

    def _check_flat(self, cleaned: dict[str, Any]) -> None:
        """A flat rate pays for all visits of a month, so nothing else may say what one of them is worth."""
        flat = cleaned.get("flat_rate")
        if flat is None:
            if cleaned.get("check_in_rate") is None and not {"check_in_rate", "flat_rate"} & self.errors.keys():
                self.add_error("check_in_rate", _("Enter a rate, or a flat rate for the month."))
            return
        if cleaned.get("check_in_rate") is None and "check_in_rate" not in self.errors:
            cleaned["check_in_rate"] = Decimal(0)
        if self.instance.steps_from:
            self.add_error("flat_rate", _("With a flat rate no check-in is paid for itself, so there are no steps."))
        if cleaned.get("paid_per_day") is not None or cleaned.get("paid_per_30_days") is not None:
            words = _("With a flat rate no visit is paid for itself, so none is capped. Empty the caps.")
            self.add_error("flat_rate", words)

    def validate_constraints(self) -> None:
        """All of them are checked above, in words."""
