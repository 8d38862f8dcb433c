"""Logo and colour."""

import json
from typing import Any

from django import forms
from django.core.files.base import ContentFile
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models.studio import check_colour
from portal.preferences.logos import MOST_BYTES, MOST_PIXELS, NoLogo, logo_of


class LogoForm(forms.Form):
    """`logo` comes out as the small PNG that is stored."""

    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        help_text=gettext_lazy("PNG, JPEG or WebP, at most 5 MB. It is made small; a transparent ground stays so."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    def clean_logo(self) -> ContentFile:
        file = self.cleaned_data["logo"]
        try:
            return logo_of(file, size=file.size)
        except NoLogo as error:
            words = {
                "type": _("This is no picture that can be read. A PNG, JPEG or WebP file is needed."),
                "size": _("This file is larger than %(size)s MB.") % {"size": MOST_BYTES // 2**20},
                "pixels": _("This picture has more than %(number)s million pixels.")
                % {"number": MOST_PIXELS // 1_000_000},
            }
            raise forms.ValidationError(words[error.reason]) from error


class ColourForm(forms.Form):
    """`brand_colour` empty: our own mark. `seen` is what stood there when the page was opened."""

    brand_colour = forms.CharField(
        label=gettext_lazy("Brand colour"), required=False, max_length=7, help_text=gettext_lazy("Like #0b57d0.")
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None = None, *, saved: str) -> None:
        self.saved = saved
        typed = data.copy() if data is not None else None
        super().__init__(typed, initial={"brand_colour": saved, "seen": json.dumps(saved)})

    def clean_brand_colour(self) -> str:
        colour = self.cleaned_data["brand_colour"].strip().lower()
        if colour:
            check_colour(colour)
        return colour

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        colour = cleaned.get("brand_colour")
        seen, saved = cleaned.get("seen", ""), json.dumps(self.saved)
        if colour is not None and seen and seen != saved and colour != self.saved:
            self.add_error(
                "brand_colour",
                _("Meanwhile somebody set this to %(value)s. Save again to use yours.")
                % {"value": self.saved or _("empty")},
            )
        self.data["seen"] = saved  # type: ignore[index]
        return cleaned
