"""The studio's log: every change that a person or a machine made, newest first; the address is the view."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from portal import downloads
from portal.access import StudioRequest, locations_for, studio_view
from portal.downloads import Column, Table
from portal.log.reading import Mark, Page, Shown, page
from portal.log.registry import MACHINES, OPERATOR, Asked, Reader, things
from portal.log.searching import EndedAt, Found, all_with, search
from portal.log.words import zone_of
from portal.people import hue, initials
from portal.preferences.taking_back import CannotTakeBack, take_back
from portal.roles import Right

TEMPLATE = "portal/log.html"
LONGEST_SEARCH = 100  # letters; what is longer is cut, as elsewhere
SEARCH = {"type": "search", "data-key": "/", "autocomplete": "off", "spellcheck": "false", "maxlength": LONGEST_SEARCH}


class LogForm(forms.Form):
    """What is wanted of the log. What cannot be read filters nothing."""

    q = forms.CharField(label=gettext_lazy("Words"), required=False, widget=forms.TextInput(attrs=SEARCH))
    person = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    thing = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    id = forms.IntegerField(min_value=1, max_value=2**62, required=False, widget=forms.HiddenInput)
    day = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", _("Everybody")), *people]  # type: ignore[attr-defined]
        known = sorted(((word, str(label)) for word, label in things().items()), key=lambda one: one[1].casefold())
        self.fields["thing"].choices = [("", _("Everything")), *known]  # type: ignore[attr-defined]

    def clean_q(self) -> str:
        return str(self.cleaned_data["q"])[:LONGEST_SEARCH]

    def asked(self, reader: Reader) -> Asked:
        given = self.cleaned_data if self.is_valid() or self.cleaned_data else {}
        day: date | None = given.get("day")
        zone = zone_of(reader)
        thing = given.get("thing", "")
        return Asked(
            person=given.get("person", ""),
            thing=thing,
            thing_id=given.get("id") if thing else None,
            since=datetime.combine(day, time(), zone) if day else None,
            until=datetime.combine(day + timedelta(days=1), time(), zone) if day and day < date.max else None,
        )


@dataclass(frozen=True)
class Row:
    """One line with its clock; `initials` of a person, "" of what acted by itself."""

    shown: Shown
    clock: str
    initials: str
    hue: int

    @property
    def line(self) -> Any:
        return self.shown.line


@studio_view(Right.MANAGE_SETTINGS, hidden=True)
@require_safe
def log(request: StudioRequest) -> HttpResponse:
    """A hundred lines; older and newer ones by where the page ends."""
    reader, form = _reader(request), _form(request)
    asked, given = form.asked(reader), form.cleaned_data
    words, older = given.get("q", ""), Mark.of(request.GET.get("older", ""))
    found: Page | Found
    if words:
        found = search(words, asked, reader, older_than=older)
    else:
        found = page(asked, reader, older_than=older, newer_than=Mark.of(request.GET.get("newer", "")))
    only = given.get("id") and asked.thing
    context = {
        "form": form,
        "days": _by_day(found.rows, reader, people={name for _word, name in _choices(form)}),
        "older": _query(request, older=found.older),
        "newer": _query(request, newer=found.newer) if isinstance(found, Page) else "",
        "found": found if isinstance(found, Found) else None,
        "newest": _query(request),
        "is_later_page": bool(request.GET.get("older") or request.GET.get("newer")),
        "is_filtered": bool(words) or asked != Asked(),
        "only": found.rows[0].line if only and found.rows else None,
        "without_id": _query(request, id=None) if only else "",
        "zone": str(zone_of(reader)),
        "path": request.get_full_path(),
    }
    return render(request, TEMPLATE, context)


@studio_view(Right.MANAGE_SETTINGS, hidden=True)
@require_GET
def log_file(request: StudioRequest, kind: str) -> HttpResponseBase:
    """Everything that is filtered, as a file; read while it is sent. With words, its last line says how far it looked
    where that is not all."""
    reader, form = _reader(request), _form(request)
    asked, words = form.asked(reader), form.cleaned_data.get("q", "")
    headings = (_("When"), _("Who"), _("What"), _("Kind of thing"), _("Thing"), _("Before and after"))
    table = Table(_("Log"), [Column(heading) for heading in headings], _cells(all_with(words, asked, reader), reader))
    name = downloads.file_name("log", request.studio.slug, form.cleaned_data.get("day") or "", kind=kind)
    try:
        return downloads.download(table, name=name, kind=kind)
    except downloads.TooManyRows:
        messages.error(request, _("That is more than a sheet can hold. The CSV holds it, or choose a day."))
        return redirect(f"{request.path.removesuffix('.xlsx')}/{_query(request)}")


@studio_view(Right.MANAGE_SETTINGS, hidden=True)
@require_POST
def log_undo(request: StudioRequest, change: int) -> HttpResponse:
    """Set again what a change of settings had set otherwise; what other things have as their inverse is theirs."""
    found = get_object_or_404(request.studio.changes.select_related("studio"), pk=change)
    try:
        take_back(found, by=request.login, now=timezone.now())
    except CannotTakeBack as error:
        messages.error(request, error.words)
    else:
        messages.success(request, _("Taken back. It is set as it was before."))
    return redirect("portal:log", request.studio.slug)


def _cells(rows: Iterable[Shown | EndedAt], reader: Reader) -> Iterator[tuple[Any, ...]]:
    zone = zone_of(reader)
    for one in rows:
        if isinstance(one, EndedAt):
            yield (_ended_words(one, zone), *[None] * 5)
            return
        line = one.line
        yield one.mark.at.astimezone(zone), line.by, line.what, line.thing, line.about.name, "; ".join(line.difference)


def _ended_words(ended: EndedAt, zone: ZoneInfo) -> str:
    words = ngettext(
        "Looked through %(number)s line, back to %(at)s.",
        "Looked through %(number)s lines, back to %(at)s.",
        ended.looked,
    )
    at = date_format(ended.back_to.astimezone(zone), "SHORT_DATETIME_FORMAT")
    return words % {"number": intcomma(ended.looked), "at": at}


def _reader(request: StudioRequest) -> Reader:
    return Reader(request.login, locations_for(request.login), timezone.now())


def _form(request: StudioRequest) -> LogForm:
    form = LogForm(request.GET, people=_people(request))
    form.is_valid()
    return form


def _people(request: StudioRequest) -> list[tuple[str, str]]:
    """Everybody with a login, who has gone as well; then what acts by itself."""
    logins = request.studio.logins.select_related("user").order_by("user__name", "pk")
    people = [(str(one.pk), one.user.name) for one in logins]
    return [*people, (MACHINES, _("Machines: the clock, imports, marketplaces")), (OPERATOR, _("The operator"))]


def _choices(form: LogForm) -> list[tuple[str, str]]:
    return list(form.fields["person"].choices)  # type: ignore[attr-defined]


def _by_day(rows: list[Shown], reader: Reader, *, people: set[str]) -> list[tuple[str, list[Row]]]:
    zone, days = zone_of(reader), dict[date, list[Row]]()
    for one in rows:
        there = one.mark.at.astimezone(zone)
        by = one.line.by
        days.setdefault(there.date(), []).append(
            Row(one, f"{there:%H:%M}", initials(by) if by in people else "", hue(by))
        )
    return [(date_format(day, _("l j F Y")), found) for day, found in days.items()]


def _query(request: HttpRequest, **changed: object) -> str:
    """The address's query with these changed, behind no mark but theirs; None takes one away."""
    if any(name in changed and changed[name] is None for name in ("older", "newer")):
        return ""
    query = request.GET.copy()
    for name in ("older", "newer", *changed):
        query.pop(name, None)
    for name, value in changed.items():
        if value is not None:
            query[name] = str(value)
    return f"?{query.urlencode()}"
