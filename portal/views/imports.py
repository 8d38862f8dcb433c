"""Importing from a file: upload, columns, questions, preview, done. Each page shows what the run's row says, so that
a reload, a second tab or a lost connection changes nothing."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.access import StudioRequest, locations_for, studio_view
from portal.imports import runs
from portal.imports.forms import AnswersForm, MappingForm, ReadingForm, UploadForm, WriteForm
from portal.imports.kinds import kind_of, kinds
from portal.imports.reading import Table, Unreadable
from portal.imports.refused import refused_as_csv
from portal.models import ImportRow, ImportRun, ImportTemplate
from portal.roles import Right

PAGE = 50
SAMPLE = 5
Status, Outcome = ImportRun.Status, ImportRow.Outcome


def words_of(error: Unreadable) -> str:
    """The reason, with the line before it, in the reader's language."""
    words = _(error.text) % error.params if error.params else _(error.text)
    return _("Line %(line)s: %(words)s") % {"line": error.line, "words": words} if error.line else words


def _run(request: StudioRequest, pk: int, *, with_content: bool = False) -> ImportRun:
    """One of the studio's imports. Raises Http404."""
    runs_here = ImportRun.objects.filter(studio=request.studio)
    found = runs_here.select_related("studio", "job", "progress", "by__user", "template")
    return get_object_or_404(found if with_content else found.defer("content"), pk=pk)


def _zone(request: StudioRequest) -> str:
    """An import belongs to no location: its times are told as at the login's first one."""
    return locations_for(request.login)[0].zone


def _posted(request: StudioRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _to(request: StudioRequest, page: str, run: ImportRun) -> HttpResponse:
    return redirect(f"portal:{page}", request.studio.slug, run.pk)


@studio_view(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: StudioRequest) -> HttpResponse:
    """The imports so far, and the form for the next file."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            run = runs.upload(
                request.studio, by=request.login, file_name=file.name, content=file.read(), now=timezone.now()
            )
        except Unreadable as error:
            form.add_error("file", words_of(error))
        else:
            return _to(request, "import_mapping", run)
    found = request.studio.imports.defer("content").select_related("by__user")
    context = {
        "form": form,
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "kinds": kinds(),
        "kind_words": {kind.word: kind.label for kind in kinds()},
        "templates": request.studio.import_templates.all(),
    }
    context["zone"] = _zone(request)
    return render(request, "portal/imports.html", context, status=422 if form.is_bound else 200)


@studio_view(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_mapping(request: StudioRequest, run: int) -> HttpResponse:
    """Which column is what; and how the file is read, if that was detected wrongly."""
    found = _run(request, run, with_content=True)
    if found.status not in {Status.MAPPING, Status.CHECKED}:
        return _to(request, "import_run", found)
    if request.method == "POST" and "read_again" in request.POST:
        return _read_again(request, found)
    table = runs.table_of(found)
    form = MappingForm(kind_of(found.kind), table, _posted(request), initial=found.mapping)
    if request.method == "POST" and form.is_valid():
        found.mapping, found.status = form.mapping(), Status.MAPPING
        found.save(update_fields=["mapping", "status"])
        return _to(request, "import_questions", found)
    return _show_mapping(request, found, table, form)


def _show_mapping(
    request: StudioRequest, run: ImportRun, table: Table, form: MappingForm, reading: ReadingForm | None = None
) -> HttpResponse:
    now_read = {"kind": run.kind, "encoding": run.encoding, "separator": run.separator}
    reading = reading or ReadingForm(initial=now_read)
    context = {
        "run": run,
        "step": 2,
        "form": form,
        "reading": reading,
        "header": table.header,
        "sample": [row for row in table.rows if not row.problem][:SAMPLE],
    }
    return render(request, "portal/import_mapping.html", context, status=422 if form.errors or reading.errors else 200)


def _read_again(request: StudioRequest, run: ImportRun) -> HttpResponse:
    """As another kind, or in another encoding or with another separator than detected."""
    old = runs.table_of(run)
    reading = ReadingForm(request.POST)
    if reading.is_valid():
        run.encoding, run.separator = reading.cleaned_data["encoding"], reading.cleaned_data["separator"]
        try:
            runs.map_by_header(run, runs.table_of(run), kind=reading.cleaned_data["kind"])
        except Unreadable as error:
            reading.add_error(None, words_of(error))
        else:
            run.status = Status.MAPPING
            run.save()
            return _to(request, "import_mapping", run)
    form = MappingForm(kind_of(run.kind), old, initial=run.mapping)
    return _show_mapping(request, run, old, form, reading)


@studio_view(Right.IMPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def import_questions(request: StudioRequest, run: int) -> HttpResponse:
    """What the file does not say; then a worker checks it."""
    found = _run(request, run, with_content=True)
    if found.status not in {Status.MAPPING, Status.CHECKED}:
        return _to(request, "import_run", found)
    table = runs.table_of(found)
    if kind_of(found.kind).problems(table, found.mapping):
        return _to(request, "import_mapping", found)
    form = AnswersForm(runs.questions_of(found, table), found.answers, _posted(request))
    if request.method == "POST" and form.is_valid():
        found.answers = form.answers()
        found.save(update_fields=["answers"])
        if form.cleaned_data["remember"]:
            runs.keep_as_template(found, table, now=timezone.now())
        return _begin(request, found, Status.CHECKING)
    context = {"run": found, "step": 3, "form": form}
    return render(request, "portal/import_questions.html", context, status=422 if form.errors else 200)


def _begin(request: StudioRequest, run: ImportRun, step: ImportRun.Status) -> HttpResponse:
    try:
        runs.begin(run, step)
    except runs.NotNow:
        messages.info(request, _("This was begun already, perhaps in another tab."))
    return _to(request, "import_run", run)


@studio_view(Right.IMPORT)
@require_safe
def import_run(request: StudioRequest, run: int) -> HttpResponse:
    """Where the run is: at work, previewed, done or undone. While a worker is at it, the page looks every 2 seconds."""
    found = _run(request, run)
    if found.status == Status.MAPPING:
        return _to(request, "import_mapping", found)
    kind = kind_of(found.kind)
    shown = request.GET.get("show", "")
    rows = found.rows.all()
    if shown == "flagged":
        rows = rows.exclude(flags=[])
    elif shown == "kept":
        rows = rows.exclude(kept="")
    elif shown in Outcome.values:
        rows = rows.filter(outcome=shown)
    page = None if found.is_at_work else Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "run": found,
        "step": {Status.CHECKING: 4, Status.CHECKED: 4}.get(Status(found.status), 5),
        "kind": kind,
        "given_up": runs.is_given_up(found),
        "page": page,
        "rows": [kind.show(row) for row in page] if page else [],
        "columns": kind.columns(),
        "shown": shown,
        "filters": _filters(found),
        "to_write": sum(found.counts.get(outcome, 0) for outcome in (Outcome.NEW, Outcome.CHANGED)),
        "new_objects": kind.new_objects(found.counts),
        "files": [] if found.is_at_work else kind.files(found),
    }
    template = "portal/import_run.html"
    context["zone"] = _zone(request)
    return render(request, f"{template}#run" if request.htmx and not request.htmx.boosted else template, context)


def _filters(run: ImportRun) -> list[dict[str, Any]]:
    words = [*Outcome.choices, ("flagged", _("To look at")), ("kept", _("Could not be undone"))]
    return [{"name": name, "words": word, "count": run.counts[name]} for name, word in words if run.counts.get(name, 0)]


@studio_view(Right.IMPORT)
@require_POST
def import_write(request: StudioRequest, run: int) -> HttpResponse:
    """Write what the preview shows; everything or only the good rows, as chosen."""
    found = _run(request, run)
    form = WriteForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what happens to the refused rows."))
        return _to(request, "import_run", found)
    ImportRun.objects.filter(pk=found.pk, status=Status.CHECKED).update(
        only_good_rows=form.cleaned_data["rows"] == "good"
    )
    return _begin(request, found, Status.WRITING)


@studio_view(Right.IMPORT)
@require_POST
def import_undo(request: StudioRequest, run: int) -> HttpResponse:
    return _begin(request, _run(request, run), Status.UNDOING)


@studio_view(Right.IMPORT)
@require_POST
def import_retry(request: StudioRequest, run: int) -> HttpResponse:
    """Once more, after the workers gave up."""
    found = _run(request, run)
    return _begin(request, found, Status(found.status)) if found.is_at_work else _to(request, "import_run", found)


@studio_view(Right.IMPORT)
@require_POST
def import_discard(request: StudioRequest, run: int) -> HttpResponse:
    """Throw a file away that was not imported."""
    found = _run(request, run)
    unwritten = ImportRun.objects.filter(pk=found.pk, status__in=(Status.MAPPING, Status.CHECKED))
    if not unwritten.delete()[0]:
        messages.info(request, _("This was begun already, perhaps in another tab."))
        return _to(request, "import_run", found)
    messages.success(request, _("%(file)s was thrown away. Nothing was imported.") % {"file": found.file_name})
    return redirect("portal:imports", request.studio.slug)


@studio_view(Right.IMPORT)
@require_safe
def import_refused(request: StudioRequest, run: int) -> HttpResponse | StreamingHttpResponse:
    """The refused rows as CSV, with line and reason, to be corrected and uploaded again."""
    found = _run(request, run)
    rows = found.rows.filter(outcome=Outcome.REFUSED)
    response = StreamingHttpResponse(refused_as_csv(rows, found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="refused-{found.pk}.csv"'
    return response


@studio_view(Right.IMPORT)
@require_POST
def import_forget_template(request: StudioRequest, template: int) -> HttpResponse:
    get_object_or_404(ImportTemplate, studio=request.studio, pk=template).delete()
    messages.success(request, _("Forgotten. The next file with this header is mapped by the names of its columns."))
    return redirect("portal:imports", request.studio.slug)
