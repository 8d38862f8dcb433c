"""One question of the help, edited in all its languages at once."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import validate_slug
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.models import Answer
from portal.support.shipped import LANGUAGES, shipped_one
from portal.support.topics import TOPICS

COMMON, OF_LANGUAGE = ("topic", "pages", "position"), ("title", "words", "text")


class AnswerForm(forms.Form):
    """`slug`: of the question that is edited; "": a new one. A language without question and answer has none."""

    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=60,
        validators=[validate_slug],
        help_text=gettext_lazy("For links to it: check-in"),
    )
    topic = forms.ChoiceField(label=gettext_lazy("Topic"), choices=list(TOPICS.items()))
    pages = forms.CharField(
        label=gettext_lazy("Comes first on"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Names of addresses, with spaces: bookings:check_ins. All pages of an app: invoicing:"),
    )
    position = forms.IntegerField(label=gettext_lazy("Position"), min_value=0, max_value=32_000, initial=100)
    is_shown = forms.BooleanField(label=gettext_lazy("Shown in the help"), required=False, initial=True)

    def __init__(self, data: Any = None, *, slug: str) -> None:
        self.slug = slug
        self.rows = {row.language: row for row in Answer.objects.filter(slug=slug)} if slug else {}
        super().__init__(data, initial=self._initial())
        if slug:
            del self.fields["address"]
        for language in LANGUAGES:
            self.fields[f"title_{language}"] = forms.CharField(label=_("Question"), max_length=200, required=False)
            self.fields[f"words_{language}"] = forms.CharField(label=_("Search words"), max_length=500, required=False)
            self.fields[f"text_{language}"] = forms.CharField(
                label=_("Answer, as Markdown"),
                max_length=20_000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 18}),
            )

    @property
    def is_shipped(self) -> bool:
        return any(row.shipped_hash for row in self.rows.values())

    def _initial(self) -> dict[str, Any]:
        row = self.rows.get("en") or next(iter(self.rows.values()), None)
        found: dict[str, Any] = {}
        if row is not None:
            found = {"topic": row.topic, "pages": " ".join(row.pages), "position": row.position}
            found["is_shown"] = row.is_shown
        for language, one in self.rows.items():
            found |= {f"{name}_{language}": getattr(one, name) for name in OF_LANGUAGE}
        return found

    def clean_address(self) -> str:
        slug: str = self.cleaned_data["address"].lower()
        if Answer.objects.filter(slug=slug).exists():
            raise forms.ValidationError(_("Another question has this address."))
        return slug

    def clean_pages(self) -> list[str]:
        names: list[str] = self.cleaned_data["pages"].split()
        known = _names(get_resolver(), "")
        apps = {f"{name.partition(':')[0]}:" for name in known if ":" in name}
        if unknown := [name for name in names if name not in known | apps]:
            raise forms.ValidationError(_("There is no page %(names)s.") % {"names": ", ".join(unknown)})
        return names

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        whole = []
        for language in LANGUAGES:
            title, text = (cleaned.get(f"{name}_{language}") for name in ("title", "text"))
            if bool(title) is not bool(text):
                missing = "text" if title else "title"
                self.add_error(f"{missing}_{language}", _("A question needs its answer, and an answer its question."))
            elif not title and language in self.rows:
                self.add_error(f"title_{language}", _("To take it out of the help, hide it."))
            elif title:
                whole.append(language)
        if not whole and not self.errors:
            raise forms.ValidationError(_("Write it in one language at least."))
        return cleaned

    def save(self, *, now: datetime) -> list[Answer]:
        """The rows that were written. A shipped one whose words changed counts as edited from now on."""
        cleaned, written = self.cleaned_data, []
        self.slug = self.slug or cleaned["address"]
        with transaction.atomic():
            for language in LANGUAGES:
                values = {name: cleaned[f"{name}_{language}"] for name in OF_LANGUAGE}
                if not values["title"]:
                    continue
                values["text"] = values["text"].replace("\r\n", "\n").strip() + "\n"
                values |= {name: cleaned[name] for name in COMMON}
                row = self.rows.get(language) or Answer(slug=self.slug, language=language)
                changed = any(getattr(row, name) != value for name, value in values.items())
                if changed:
                    row.edited_at = now
                if changed or row.is_shown != cleaned["is_shown"]:
                    for name, value in {**values, "is_shown": cleaned["is_shown"]}.items():
                        setattr(row, name, value)
                    row.save()
                    written.append(row)
        return written


def own_sheets(form: AnswerForm) -> list[dict[str, Any]]:
    """For each language: its fields, and whether its text is edited, shipped or not there."""
    names = dict(settings.LANGUAGES)
    sheets = []
    for language in LANGUAGES:
        row = form.rows.get(language)
        file = shipped_one(form.slug, language) if row and row.shipped_hash else None
        sheets.append(
            {
                "language": language,
                "name": names[language],
                "fields": [form[f"{name}_{language}"] for name in OF_LANGUAGE],
                "row": row,
                "is_edited": bool(row and row.shipped_hash and row.edited_at),
                "has_newer": bool(row and row.edited_at and file and file.digest != row.shipped_hash),
            }
        )
    return sheets


def back_to_shipped(slug: str, language: str) -> bool:
    """Whether the product's own text is back; whether it is shown stays as it was."""
    file = shipped_one(slug, language)
    rows = Answer.objects.filter(slug=slug, language=language).exclude(shipped_hash="")
    return file is not None and rows.update(**file.values) > 0


def remove_own(slug: str) -> bool:
    """Whether there was an answer of the operator's own. What the product ships can only be hidden."""
    rows = Answer.objects.filter(slug=slug)
    if rows.exclude(shipped_hash="").exists():
        return False
    return rows.delete()[0] > 0


def _names(resolver: URLResolver, prefix: str) -> set[str]:
    """The names of all addresses below, as `reverse` takes them."""
    found: set[str] = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            found |= {prefix + pattern.name} if pattern.name else set()
        else:
            found |= _names(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
    return found
