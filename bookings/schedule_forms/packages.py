"""The packages of one item, in the form of the schedule; the matrix shows those of all."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from bookings.actions.linking import Links
from bookings.models import CalendarItem
from portal.models import Studio


class PackagesForm(forms.Form):
    """What it can be booked with. `seen`: what the page showed, so that only this person's ticks are saved."""

    packages = forms.TypedMultipleChoiceField(
        label=gettext_lazy("It can be booked with"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: free, anyone can book."),
    )
    needs_package = forms.BooleanField(
        label=gettext_lazy("Never free"),
        required=False,
        help_text=gettext_lazy("It stays closed even while no package is linked."),
    )
    seen = forms.RegexField(r"^[0-9 ]{0,2000}c?\Z", required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, studio: Studio, item: CalendarItem | None = None) -> None:
        linked = set(item.packages.values_list("pk", flat=True)) if item else set()
        closed = item is not None and item.needs_package
        word = " ".join(str(pk) for pk in sorted(linked)) + ("c" if closed else "")
        super().__init__(
            data, prefix="links", initial={"packages": sorted(linked), "needs_package": closed, "seen": word}
        )
        self.known = list(studio.packages.all())
        self.fields["packages"].choices = [  # type: ignore[attr-defined]
            (one.pk, one.name) for one in self.known if one.archived_at is None or one.pk in linked
        ]

    @property
    def has_packages(self) -> bool:
        return bool(self.known)

    def seen_of(self, item: CalendarItem) -> Links:
        text = self.cleaned_data["seen"]
        known: set[int] = {package.pk for package in self.known}
        pairs = frozenset((item.pk, int(pk)) for pk in text.removesuffix("c").split() if int(pk) in known)
        return Links(pairs, frozenset({item.pk} if text.endswith("c") else ()))

    def wanted_of(self, item: CalendarItem) -> Links:
        pairs = frozenset((item.pk, pk) for pk in self.cleaned_data["packages"])
        return Links(pairs, frozenset({item.pk} if self.cleaned_data["needs_package"] else ()))
