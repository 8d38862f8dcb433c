"""What is asked when a purchase is sold or changed. Each carries its action id, so that a retry is the same (Q17)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _

from packages.models import Package, PackageVersion, Purchase
from packages.words import money_words, uses_words, validity_words
from portal.models import Studio


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class PurchaseForm(forms.Form):
    """`zone`: where a moment without one is meant."""

    action_id = forms.UUIDField(widget=forms.HiddenInput)


def reason_field(*, required: bool = True) -> forms.CharField:
    return forms.CharField(label=_("Reason"), max_length=200, required=required)


class PackageField(forms.ModelChoiceField):
    """Packages with what they are sold for, as whoever sells must tell it."""

    def label_from_instance(self, obj: Any) -> str:
        terms = obj.newest[0]
        told = (uses_words(terms.uses), validity_words(terms), money_words(terms.price, terms.currency))
        return f"{obj.name}: {', '.join(told)}"


class SellForm(PurchaseForm):
    package = PackageField(Package.objects.none(), label=_("Package"), empty_label=None)
    price = forms.DecimalField(
        label=_("Price paid"), max_digits=9, decimal_places=2, min_value=0, required=False,
        help_text=_("Empty: what the package costs."),
    )  # fmt: skip
    purchased_at = forms.DateTimeField(
        label=_("Bought"), required=False, widget=MomentInput(), help_text=_("Empty: now. Earlier: it is back-dated.")
    )

    def __init__(self, *args: Any, studio: Studio, zone: ZoneInfo, with_price: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        packages = self.fields["package"]
        assert isinstance(packages, forms.ModelChoiceField)  # noqa: S101 - declared above
        newest = PackageVersion.objects.order_by("package_id", "-number").distinct("package_id")
        packages.queryset = studio.packages.on_sale().prefetch_related(Prefetch("versions", newest, to_attr="newest"))
        if not with_price:
            del self.fields["price"]

    def clean_purchased_at(self) -> datetime | None:
        """The wall clock of the place, whatever the server's is."""
        moment: datetime | None = self.cleaned_data["purchased_at"]
        return None if moment is None else moment.replace(tzinfo=self.zone)


class HoldForm(PurchaseForm):
    first_on = forms.DateField(label=_("First day"), widget=DayInput())
    last_on = forms.DateField(
        label=_("Last day"), widget=DayInput(), required=False, help_text=_("Empty: until it is resumed.")
    )
    reason = reason_field(required=False)


class ExpireForm(PurchaseForm):
    reason = reason_field(required=False)


class ExtendForm(PurchaseForm):
    last_on = forms.DateField(
        label=_("Last day"), widget=DayInput(), required=False, help_text=_("Empty: it never ends.")
    )
    reason = reason_field()


class AdjustForm(PurchaseForm):
    uses = forms.IntegerField(
        label=_("Uses"), min_value=-1000, max_value=1000, help_text=_("3 adds three, -1 takes one away.")
    )
    reason = reason_field()


class RefundForm(PurchaseForm):
    amount = forms.DecimalField(label=_("Amount"), max_digits=9, decimal_places=2, min_value=0)
    reason = reason_field()


class AssignForm(forms.Form):
    """The purchase that a visit is to use; empty: none, it is unpaid. Only those of its member."""

    action_id = forms.UUIDField()
    purchase = forms.ModelChoiceField(Purchase.objects.none(), required=False)

    def __init__(self, *args: Any, member: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purchases = self.fields["purchase"]
        assert isinstance(purchases, forms.ModelChoiceField)  # noqa: S101 - declared above
        purchases.queryset = Purchase.objects.filter(member=member).select_related("package")


class UseForm(forms.Form):
    """The unpaid visits that are to use a purchase (Q8)."""

    action_id = forms.UUIDField()
    visit = forms.TypedMultipleChoiceField(coerce=int)

    def __init__(self, *args: Any, visits: list[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["visit"]
        assert isinstance(choices, forms.TypedMultipleChoiceField)  # noqa: S101 - declared above
        choices.choices = [(pk, pk) for pk in visits]
