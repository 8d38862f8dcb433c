"""The studio's reply, and what it may not hold unseen."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, ngettext

from reviews import rules
from reviews.models import Report, Rule
from reviews.models.response import RESPONSE_MOST


class LongText(forms.CharField):
    """Words of at most `most` characters. What is too long stays in the field, and is told by how much."""

    def __init__(self, *, most: int, rows: int, **kwargs: Any) -> None:
        self.most = most
        attrs = {"rows": rows, "data-most": most}
        super().__init__(widget=forms.Textarea(attrs=attrs), strip=False, **kwargs)

    def clean(self, value: Any) -> str:
        text = rules.cleaned(str(value or ""))
        if too_many := max(0, len(text) - self.most):
            raise forms.ValidationError(
                ngettext(
                    "This is %(number)s character too long: at most %(most)s fit.",
                    "This is %(number)s characters too long: at most %(most)s fit.",
                    too_many,
                )
                % {"number": too_many, "most": self.most}
            )
        return str(super().clean(text))


class ReplyForm(forms.Form):
    text = LongText(
        label=gettext_lazy("Reply"),
        most=RESPONSE_MOST,
        rows=6,
        error_messages={"required": gettext_lazy("There are no words to send yet.")},
    )


class ReportForm(forms.Form):
    """A rule of the terms and why: not liking a review is none."""

    rule = forms.ChoiceField(
        label=gettext_lazy("Which rule does it breach?"),
        choices=Rule.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the rule. Without one there is no case.")},
    )
    reason = LongText(
        label=gettext_lazy("Why?"),
        most=Report._meta.get_field("reason").max_length or 1000,
        rows=5,
        help_text=gettext_lazy("Name the words that you mean. The operator reads this, the author does not."),
        error_messages={"required": gettext_lazy("Say why, so that the operator can decide.")},
    )

    def clean_rule(self) -> str:
        return Rule(self.cleaned_data["rule"]).value
