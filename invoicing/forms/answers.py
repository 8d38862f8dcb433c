"""What a person writes to an invoice."""

from django import forms
from django.utils.translation import gettext_lazy as _

from invoicing.rules.answers import Answer

LONGEST = 2000


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=_("Your words"), max_length=LONGEST, strip=True, widget=forms.Textarea(attrs={"rows": 5})
    )


class QuestionForm(AnswerForm):
    text = forms.CharField(
        label=_("Your question"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Please write what you want to know.")},
    )


class ObjectionForm(AnswerForm):
    text = forms.CharField(
        label=_("What is wrong with it"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("An objection needs its reason: it is what the correction goes by.")},
    )


class CorrectionForm(AnswerForm):
    text = forms.CharField(
        label=_("Why it is corrected"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Please write why: it stands in the timeline.")},
    )


FORMS: dict[Answer, type[AnswerForm]] = {
    Answer.QUESTION: QuestionForm,
    Answer.OBJECT: ObjectionForm,
    Answer.CORRECTION: CorrectionForm,
}
