from collections.abc import Iterator
from itertools import groupby
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.imports.kinds import ImportKind, Question, kinds
from portal.imports.reading import ENCODINGS, MAX_BYTES, SEPARATORS, Table


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("At most 5 MiB and 20,000 rows. A workbook has to be saved as CSV first."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
        error_messages={"empty": _("The file is empty.")},
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than %(size)s MiB."), params={"size": MAX_BYTES // 2**20})
        return file


class ReadingForm(forms.Form):
    """How the file is read: detected, shown, and a person's to change."""

    kind = forms.ChoiceField(label=_("What the rows are"))
    encoding = forms.ChoiceField(label=_("Encoding"), choices=lambda: [(e, gettext(w)) for e, w in ENCODINGS.items()])
    separator = forms.ChoiceField(
        label=_("Separator"), choices=lambda: [(s, gettext(w)) for s, w in SEPARATORS.items()]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.word, kind.label) for kind in kinds()]  # type: ignore[attr-defined]


class MappingForm(forms.Form):
    """A select of the file's columns for each column of ours."""

    def __init__(self, kind: ImportKind, table: Table, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.table = kind, table
        columns = [("", _("not in this file")), *((name, name) for name in table.header)]
        for target in kind.targets:
            self.fields[target.name] = forms.ChoiceField(
                label=capfirst(target.words), help_text=target.help_words, choices=columns, required=False
            )

    def clean(self) -> dict[str, Any]:
        mapping = self.mapping()
        for name, column in mapping.items():
            if list(mapping.values()).count(column) > 1:
                self.add_error(name, _("This column is chosen twice."))
        for problem in self.kind.problems(self.table, mapping):
            self.add_error(None, problem)
        return self.cleaned_data

    def mapping(self) -> dict[str, str]:
        """Our name: the file's name, for the columns that the file has."""
        return {name: column for name, column in self.cleaned_data.items() if column}


class AnswersForm(forms.Form):
    """What the file does not say. Fields are numbered, because the questions are named by what stands in the file."""

    remember = forms.BooleanField(
        label=_("Remember columns and answers for files with this header"), required=False, initial=True
    )

    def __init__(self, questions: list[Question], answers: dict[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        fields: dict[str, forms.Field] = {}
        for number, question in enumerate(questions):
            fields[f"q{number}"] = _field(question, answers.get(question.name))
        self.fields = fields | self.fields

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Heading and fields, in the order of the questions."""
        numbered = enumerate(self.questions)
        for group, of_group in groupby(numbered, key=lambda one: one[1].group):
            yield group, [self[f"q{number}"] for number, _question in of_group]

    def answers(self) -> dict[str, str]:
        return {question.name: self.cleaned_data[f"q{number}"] for number, question in enumerate(self.questions)}


def _field(question: Question, answer: str | None) -> forms.Field:
    if not question.choices:
        return forms.SlugField(
            label=question.label, help_text=question.help, initial=answer or "", required=False, max_length=30
        )
    known = {value for value, _words in question.choices}
    return forms.ChoiceField(
        label=question.label,
        help_text=question.help,
        choices=[("", _("please choose")), *question.choices],
        initial=answer if answer in known else question.suggested,
    )


class WriteForm(forms.Form):
    rows = forms.ChoiceField(
        choices=[("all", _("Only if no row is refused")), ("good", _("The good rows, without the refused ones"))]
    )
