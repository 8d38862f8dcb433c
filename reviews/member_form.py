"""What a member fills in about a visit."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reviews import rules
from reviews.member_words import MARKS, QUESTIONS
from reviews.models.review import TEXT_MOST


class WriteForm(forms.Form):
    """A choice of 1 to 5 for each criterion that is asked, and words.

    Nothing is cut off: a text that is too long comes back whole, with the number of characters that are too many.
    """

    text = forms.CharField(
        label=_("In your words"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off"}),
        help_text=_("May stay empty. Plain text, up to 4000 characters."),
    )

    def __init__(self, asked: Mapping[str, int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [one for one in rules.CRITERIA if asked.get(one)]
        for one in self.asked:
            self.fields[one.value] = forms.TypedChoiceField(
                label=str(QUESTIONS[one]),
                choices=list(MARKS.items()),
                coerce=int,
                widget=forms.RadioSelect,
                error_messages={"required": _("Please choose one of the five.")},
            )
        self.order_fields([*self.asked, "text"])

    @property
    def marked(self) -> list[Any]:
        """The questions with five choices each."""
        return [self[one.value] for one in self.asked]

    def clean_text(self) -> str:
        text = rules.cleaned(self.cleaned_data["text"])
        if too_long := max(len(text) - TEXT_MOST, 0):
            raise forms.ValidationError(
                ngettext(
                    "%(number)s character too many. Nothing was sent, and all of it is still here.",
                    "%(number)s characters too many. Nothing was sent, and all of it is still here.",
                    too_long,
                )
                % {"number": too_long}
            )
        return text

    def given(self) -> dict[str, int]:
        """The marks by criterion, of a valid form."""
        return {one.value: self.cleaned_data[one.value] for one in self.asked}
