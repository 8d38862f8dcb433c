"""What a person writes to the operator."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from portal.support.files import ACCEPT, LARGEST, MOST, faults
from portal.support.tickets import About
from portal.support.whence import LONGEST, Whence

LONGEST_TEXT = 10_000


class Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; each fault names its file. The limits go along, for the browser to say so earlier."""

    widget = Files

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs |= {"accept": ACCEPT, "data-most": str(MOST), "data-largest": str(LARGEST)}

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files: Sequence[UploadedFile] = [one for one in data or [] if one]
        if wrong := faults(files):
            raise ValidationError(wrong)
        return list(files)


class MonthField(forms.DateField):
    """A month as browsers write it, 2026-10; its first day comes out."""

    widget = forms.DateInput(format="%Y-%m", attrs={"type": "month", "placeholder": "2026-10"})

    def __init__(self, **options: Any) -> None:
        super().__init__(input_formats=["%Y-%m", "%Y-%m-%d"], **options)

    def to_python(self, value: Any) -> date | None:
        found = super().to_python(value)
        return found.replace(day=1) if found else None


class MessageForm(forms.Form):
    """A message and its attachments."""

    text = forms.CharField(
        label=_("Message"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 8}), strip=True
    )
    attachments = FilesField(
        label=_("Files"),
        required=False,
        help_text=_("At most 3 files, 5 MB each: PDF, PNG, JPG, CSV, XLSX or TXT."),
    )


class TicketForm(MessageForm):
    """A new question. What it is about stands in it already, to be taken out where it does not belong."""

    subject = forms.CharField(label=_("What is it about?"), max_length=150)
    page = forms.CharField(label=_("Page"), max_length=LONGEST, required=False, help_text=_("Where you came from."))
    month = MonthField(label=_("Month"), required=False)
    member_number = forms.CharField(label=_("Member number"), max_length=40, required=False)
    log_reference = forms.CharField(
        label=_("Reference"), max_length=100, required=False, help_text=_("Of a log line, a booking or an invoice.")
    )

    field_order = ["subject", "text", "attachments", "page", "month", "member_number", "log_reference"]

    @classmethod
    def first(cls, came_from: Whence, *, subject: str = "") -> "TicketForm":
        """Filled with what the page says that one came from."""
        return cls(
            initial={
                "subject": subject[:150],
                "page": came_from.path,
                "month": came_from.month,
                "member_number": came_from.member_number,
                "log_reference": came_from.log_reference,
            }
        )

    def clean_subject(self) -> str:
        """One line: it becomes the subject of mails."""
        return " ".join(self.cleaned_data["subject"].split())

    @property
    def about(self) -> About:
        """Of a form that is valid."""
        names = ("page", "month", "member_number", "log_reference")
        return About(**{name: self.cleaned_data[name] for name in names})

    @property
    def own_words(self) -> list[forms.BoundField]:
        return [self[name] for name in ("subject", "text", "attachments")]

    @property
    def facts(self) -> list[forms.BoundField]:
        return [self[name] for name in ("page", "month", "member_number", "log_reference")]
