"""What a person says about a marketplace's statement: the file, its columns, its words."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from invoicing.imports import files
from invoicing.imports.columns import NUMBERS, TARGETS, month_in
from invoicing.rules.amounts import COMMA, POINT
from invoicing.rules.matching import Event
from invoicing.statement_words import EVENT_WORDS
from marketplace.models import Connection
from portal.imports.dates import Order
from portal.imports.reading import ENCODINGS, SEPARATORS
from portal.models import Studio

MARKS = {COMMA: _("1.234,56 (comma)"), POINT: _("1,234.56 (point)")}
ORDERS = {
    Order.DAY: _("day, month, year"),
    Order.MONTH: _("month, day, year"),
    Order.YEAR: _("year, month, day"),
}


class MonthField(forms.Field):
    """The first day of a month, typed as 2026-11, 11/2026 or November 2026."""

    widget = forms.TextInput(attrs={"type": "month", "placeholder": "2026-11"})
    default_error_messages = {"invalid": _("Write the month as 2026-11.")}

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        found = month_in(str(value))
        if found is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%Y-%m}" if isinstance(value, date) else value


class UploadForm(forms.Form):
    connection = forms.ModelChoiceField(Connection.objects.none(), label=_("Marketplace"))
    month = MonthField(
        label=_("Month"), required=False, help_text=_("Leave it empty where the file says which month it is about.")
    )
    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        help_text=_("At most 48 MiB and 250,000 lines."),
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain", "data-most-bytes": files.MAX_BYTES}
        ),
        error_messages={"empty": _("The file is empty.")},
    )
    pasted = forms.CharField(
        label=_("Or paste the table"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("With its header, as copied from a spreadsheet or a web page."),
    )

    def __init__(self, studio: Studio, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connections = studio.connections.select_related("marketplace").order_by("marketplace__name")
        field = self.fields["connection"]
        # With several nobody sends one's file as another's by not looking.
        field.empty_label = None if len(connections) == 1 else _("please choose")  # type: ignore[attr-defined]
        field.queryset = connections  # type: ignore[attr-defined]
        field.label_from_instance = lambda connection: connection.marketplace.name  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        file, pasted = data.get("file"), (data.get("pasted") or "").strip()
        if "file" not in self.errors and bool(file) == bool(pasted):
            words = _("Choose a file or paste a table, not both.") if file else _("Choose a file, or paste a table.")
            self.add_error("file", words)
        return data

    def chunks(self) -> Iterator[bytes]:
        """The file, or what was pasted."""
        file: UploadedFile | None = self.cleaned_data["file"]
        if file:
            yield from file.chunks(files.PIECE)
        else:
            yield self.cleaned_data["pasted"].strip("\r\n").encode()

    @property
    def file_name(self) -> str:
        file = self.cleaned_data["file"]
        return (file.name or "") if file else gettext("pasted table")


class ReadingForm(forms.Form):
    """How the file is read: detected, shown, and a person's to change."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=lambda: [(e, gettext(w)) for e, w in ENCODINGS.items()])
    separator = forms.ChoiceField(
        label=_("Separator"), choices=lambda: [(s, gettext(w)) for s, w in SEPARATORS.items()]
    )


class ColumnsForm(forms.Form):
    """A select of the file's columns for each of ours, and what the file does not say about them."""

    month = MonthField(label=_("Month"), help_text=_("Whose visits it settles."))

    def __init__(self, header: Sequence[str], asked: Mapping[str, Sequence[str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("not in the file")), *((name, name) for name in header)]
        for target in TARGETS:
            self.fields[target.name] = forms.ChoiceField(
                label=capfirst(target.words), choices=choices, required=False, help_text=target.help_words
            )
        for name, texts in asked.items():
            self.fields[f"say_{name}"] = self._question(name, texts)

    def _question(self, name: str, texts: Sequence[str]) -> forms.ChoiceField:
        """Asked in view of what stands in the file; nothing is chosen beforehand."""
        shown = ", ".join(texts)
        if name == "order":
            label = gettext("Which comes first in %(texts)s?") % {"texts": shown}
            known: Mapping[Any, Any] = ORDERS
        else:
            words = {target.name: target.words for target in TARGETS}[name]
            label = gettext("How are the numbers written in “%(column)s”, as in %(texts)s?") % {
                "column": words,
                "texts": shown,
            }
            known = MARKS
        choices = [("", _("please choose")), *((str(value), told) for value, told in known.items())]
        return forms.ChoiceField(label=label, choices=choices)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        chosen = [data[target.name] for target in TARGETS if data.get(target.name)]
        if twice := next((name for name in chosen if chosen.count(name) > 1), None):
            self.add_error(None, gettext("The column “%(name)s” is chosen more than once.") % {"name": twice})
        return data

    def columns(self) -> dict[str, str]:
        return {target.name: name for target in TARGETS if (name := self.cleaned_data.get(target.name))}

    def answers(self) -> dict[str, str]:
        names = (*NUMBERS, "order")
        return {name: said for name in names if (said := self.cleaned_data.get(f"say_{name}"))}


class WordsForm(forms.Form):
    """What the marketplace's own words mean."""

    def __init__(self, words: Sequence[tuple[str, int]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._words = [word for word, _number in words]
        events = {**EVENT_WORDS, Event.NOTHING: _("cancelled: nothing is paid for it, leave it out")}
        choices = [("", _("please choose")), *((event.value, told) for event, told in events.items())]
        for at, (word, number) in enumerate(words):
            label = gettext("“%(word)s”, on %(number)d lines") % {"word": word, "number": number}
            self.fields[f"word_{at}"] = forms.ChoiceField(label=label, choices=choices)

    def words(self) -> dict[str, Event]:
        return {word: Event(self.cleaned_data[f"word_{at}"]) for at, word in enumerate(self._words)}
