"""Statements of marketplaces: upload or paste one, say which column is what, see those that there are (X2)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from invoicing.forms.statements import ColumnsForm, ReadingForm, UploadForm
from invoicing.imports import columns
from invoicing.imports import statements as reading
from invoicing.imports.lines import Read
from invoicing.models import Statement
from invoicing.statement_words import EVENT_WORDS, money
from portal.access import StudioRequest, studio_view
from portal.imports.mapping import fingerprint
from portal.imports.reading import Unreadable
from portal.models.imports import reason_words
from portal.roles import Right
from portal.views.imports import words_of

PER_PAGE = 50
State = Statement.State


def statement_of(request: StudioRequest, pk: int) -> Statement:
    """One of the studio's statements. Raises Http404."""
    found = request.studio.statements.select_related(
        "connection__marketplace", "connection__studio", "studio", "mapping", "job", "by__user", "replaced_by"
    )
    return get_object_or_404(found, pk=pk)


def to(request: StudioRequest, page: str, statement: Statement) -> HttpResponse:
    return redirect(f"invoicing:{page}", request.studio.slug, statement.pk)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_http_methods(["GET", "HEAD", "POST"])
def statements(request: StudioRequest) -> HttpResponse:
    """The statements so far, and the form for the next one; `?invoice=` names the invoice that it is about."""
    if request.method == "POST":
        form = UploadForm(request.studio, request.POST, request.FILES)
        if form.is_valid() and (answer := _upload(request, form)):
            return answer
    else:
        form = UploadForm(request.studio, initial=_asked_for(request))
    found = request.studio.statements.select_related("connection__marketplace", "by__user", "replaced_by")
    context = {
        "form": form,
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "mappings": request.studio.statement_mappings.select_related("connection__marketplace"),
        "can_upload": request.studio.connections.exists(),
    }
    return render(request, "invoicing/statements.html", context, status=422 if form.is_bound else 200)


def _asked_for(request: StudioRequest) -> dict[str, Any]:
    """Marketplace and month of the invoice from which somebody came, or of a draft."""
    number = request.GET.get("invoice", "")
    invoice = request.studio.invoices.filter(number=number).first() if number else None
    if invoice is not None:
        return {"connection": invoice.connection_id, "month": invoice.month}
    connection = request.studio.connections.filter(marketplace=request.GET.get("marketplace", "")).first()
    return {"connection": connection.pk if connection else None, "month": request.GET.get("month")}


def _upload(request: StudioRequest, form: UploadForm) -> HttpResponse | None:
    """None: the file was refused, and the form says why."""
    data = form.cleaned_data
    try:
        statement = reading.upload(
            data["connection"],
            form.chunks(),
            file_name=form.file_name,
            month=data["month"],
            by=request.login,
            now=timezone.now(),
        )
    except Unreadable as error:
        form.add_error("file" if data["file"] else "pasted", words_of(error))
        return None
    except reading.SameFile as same:
        messages.warning(request, _("This very file was uploaded before. Nothing was changed; here it is."))
        return to(request, "statement", same.statement)
    return to(request, "statement_columns" if statement.state == State.MAPPING else "statement", statement)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_http_methods(["GET", "HEAD", "POST"])
def statement_columns(request: StudioRequest, statement: int) -> HttpResponse:
    """Which column is what, how the file is read, and what its first lines come to."""
    found = statement_of(request, statement)
    if found.replaced_by or (found.is_at_work and not reading.is_given_up(found)):
        return to(request, "statement", found)
    if request.method == "POST" and "read_again" in request.POST:
        return _read_again(request, found)
    sample = _sample(found)
    if sample is None:
        return _show_columns(request, found, None, None)
    if request.method != "POST":
        return _show_columns(request, found, sample, _columns_form(found, sample))
    form = _columns_form(found, sample, request.POST)
    if form.is_valid():
        _take(found, sample, form)
        missing = reading.problems(found, sample)
        if not missing:
            reading.begin(found)
            return to(request, "statement", found)
        form = _columns_form(found, sample, request.POST)
        form.is_valid()
        for words in missing:
            form.add_error(None, _(words))
    return _show_columns(request, found, sample, form, status=422)


def _sample(statement: Statement) -> reading.Sample | None:
    """The first lines; None, with the reason noted on the statement, where they cannot be read as it says."""
    try:
        return reading.look(statement)
    except Unreadable as error:
        statement.problem = {"line": error.line, "text": error.text, "params": error.params}
        return None


def _take(statement: Statement, sample: reading.Sample, form: ColumnsForm) -> None:
    """What the form says; what the file itself gives away wins over nothing, and a person over both."""
    statement.columns, statement.month = form.columns(), form.cleaned_data["month"]
    statement.answers = columns.detected(statement.columns, sample.columns) | form.answers()


def _columns_form(statement: Statement, sample: reading.Sample, data: Any = None) -> ColumnsForm:
    asked = columns.ambiguous(statement.columns, sample.columns)
    said = {f"say_{name}": answer for name, answer in statement.answers.items()}
    return ColumnsForm(sample.header, asked, data, initial={"month": statement.month, **statement.columns, **said})


def _show_columns(
    request: StudioRequest,
    statement: Statement,
    sample: reading.Sample | None,
    form: ColumnsForm | None,
    *,
    reread: ReadingForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now_read = {"encoding": statement.encoding, "separator": statement.separator}
    context = {
        "statement": statement,
        "form": form,
        "reading": reread or ReadingForm(initial=now_read),
        "header": sample.header if sample else [],
        "sample": sample.records[: reading.SHOWN] if sample else [],
        "above": sample.above if sample else 0,
        "preview": [
            _previewed(line, reading.open_questions(statement, sample)) for line in reading.preview(statement, sample)
        ]
        if sample and any(name in statement.columns for name in reading.REQUIRED)
        else [],
        "problem": _problem(statement)
        or (
            _(reading.OTHER_MONTH) if status == 200 and sample and reading.names_other_month(statement, sample) else ""
        ),
        "is_known": statement.mapping is not None and statement.mapping.header == fingerprint(statement.header),
    }
    return render(request, "invoicing/statement_columns.html", context, status=status)


def _previewed(line: Read, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says; as the file writes it where it is still asked how that is to be read."""
    said = line.texts
    is_open = any(name != "order" for name in asked)
    stated = said.get("net") or said.get("gross") or said.get("unit") or ""
    return {
        "line": line,
        "problem": reason_words(line.problem) if line.problem else "",
        "booking": said.get("booking", ""),
        "member": said.get("name") or said.get("member", ""),
        "event": EVENT_WORDS[line.event] if line.event else said.get("event", ""),
        "day": said.get("starts_at", "")
        if "order" in asked
        else date_format(line.day, _("D j M Y"))
        if line.day
        else "",
        "amount": stated if is_open else money(line.theirs, line.currency),
    }


def _problem(statement: Statement) -> str:
    """Why it could not be read the last time, in the reader's language."""
    said = statement.problem
    return words_of(Unreadable(said["text"], line=said.get("line"), **said["params"])) if said else ""


def _read_again(request: StudioRequest, statement: Statement) -> HttpResponse:
    """In another encoding or with another separator than detected."""
    form = ReadingForm(request.POST)
    if form.is_valid():
        was = statement.encoding, statement.separator
        statement.encoding, statement.separator = form.cleaned_data["encoding"], form.cleaned_data["separator"]
        try:
            reading.suggested(statement, reading.look(statement))
        except Unreadable as error:
            form.add_error(None, words_of(error))
            statement.encoding, statement.separator = was
        else:
            statement.problem = {}
            statement.save()
            return to(request, "statement_columns", statement)
    sample = _sample(statement)
    shown = _columns_form(statement, sample) if sample else None
    return _show_columns(request, statement, sample, shown, reread=form, status=422)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_POST
def statement_forget_mapping(request: StudioRequest, statement_mapping: int) -> HttpResponse:
    get_object_or_404(request.studio.statement_mappings, pk=statement_mapping).delete()
    messages.success(request, _("Forgotten. The next file with this header is mapped by the names of its columns."))
    return redirect("invoicing:statements", request.studio.slug)
