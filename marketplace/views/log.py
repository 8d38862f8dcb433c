"""The sync log of a connection: what went to and fro, how it ended and why, and what waits for a person (I5)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from marketplace.actions.keeping import KEEP_LOG
from marketplace.log_words import Line, direction_words, line_of, session_words
from marketplace.models import Connection, InboxMessage
from marketplace.selectors import log as listed
from marketplace.selectors.log import COUNT_MOST, PER_PAGE, Filters
from marketplace.views.health import health_context
from portal.access import StudioRequest, locations_for, studio_view
from portal.downloads import CSV, XLSX, Cell, Column, Table, download, file_name
from portal.models import Location
from portal.roles import Right

BATCH = 500


class _Pages(Paginator):
    """Counts no further than COUNT_MOST."""

    @cached_property
    def count(self) -> int:
        return min(listed.count(self.object_list), COUNT_MOST)  # type: ignore[arg-type]


def connection_of(request: StudioRequest, marketplace: str) -> Connection:
    """The studio's connection with this marketplace; raises Http404."""
    return get_object_or_404(request.studio.connections.select_related("marketplace"), marketplace=marketplace)


def place_of(request: StudioRequest) -> Location:
    """In whose clock the log is told: the first location that this login sees."""
    place = next(iter(locations_for(request.login)), None)
    if place is None:
        raise Http404
    return place


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def log(request: StudioRequest, marketplace: str) -> HttpResponse:
    connection, now = connection_of(request, marketplace), timezone.now()
    filters, place = Filters.of(request.GET.dict()), place_of(request)
    found = _lines(request, connection, filters, now=now)
    page = _Pages(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "connection": connection,
        "filters": filters,
        "page": page,
        "lines": _read(connection, [(kind, pk) for kind, pk, _at in page.object_list], place),
        "is_counted": page.paginator.count < COUNT_MOST,
        "count_most": COUNT_MOST,
        "place": place,
        "about": _about(request, filters),
        "may_export": request.may(Right.EXPORT),
        "files": [(kind, _file_url(request, connection, filters, kind)) for kind in (CSV, XLSX)],
        "tab": "log",
        **health_context(connection, place, now=now),
    }
    return render(request, "marketplace/log.html", context)


@studio_view(Right.EXPORT)
@require_GET
def log_file(request: StudioRequest, marketplace: str, kind: str) -> HttpResponseBase:
    """Every line that the log lists under the same address, on all its pages; no raw texts."""
    if not request.may(Right.MANAGE_CONNECTIONS):
        raise PermissionDenied
    connection, now = connection_of(request, marketplace), timezone.now()
    filters, place = Filters.of(request.GET.dict()), place_of(request)
    headings = [_("Time"), _("Direction"), _("Subject"), _("Class"), _("Booking"), _("Result"), _("Reason")]
    headings += [_("Milliseconds"), _("Attempt"), _("Status"), _("Address")]
    rows = _rows(connection, _lines(request, connection, filters, now=now), place)
    table = Table(_("Sync log"), [Column(heading) for heading in headings], rows)
    name = file_name("sync-log", connection.marketplace_id, place.local_day(now), kind=kind)
    return download(table, name=name, kind=kind)


def crumbs_of(request: StudioRequest, connection: Connection) -> list[tuple[str, str]]:
    """Above one line of the log."""
    slug, key = request.studio.slug, connection.marketplace_id
    return [
        (_("Marketplaces"), reverse("marketplace:marketplaces", args=[slug])),
        (connection.marketplace.name, reverse("marketplace:connection", args=[slug, key])),
        (_("Sync log"), reverse("marketplace:log", args=[slug, key])),
    ]


def pinned_to(request: StudioRequest) -> list[Location] | None:
    """The locations that this login is pinned to; None: it sees all."""
    seen = locations_for(request.login)
    return None if len(seen) == request.studio.locations.count() else seen


def seen_calls(request: StudioRequest, connection: Connection) -> Any:
    """The calls of the connection that this login may look at."""
    seen = pinned_to(request)
    calls = connection.calls.select_related("connection")
    return calls if seen is None else calls.filter(listing__session__location__in=seen)


def message_of(request: StudioRequest, connection: Connection, pk: int) -> InboxMessage:
    """A message that this login may read; raises Http404."""
    found = listed.message(connection, pk, locations=pinned_to(request))
    if found is None:
        raise Http404
    return found


def _lines(request: StudioRequest, connection: Connection, filters: Filters, *, now: datetime) -> Any:
    return listed.lines(connection, filters, locations=pinned_to(request), since=now - KEEP_LOG)


def _read(connection: Connection, keys: list[listed.Key], place: Location) -> list[Line]:
    rows = listed.read(connection, keys)
    return [line_of(key, rows[key], place) for key in keys if key in rows]


def _rows(connection: Connection, found: Any, place: Location) -> Iterator[list[Cell]]:
    """Read a page at a time, so that no file is kept whole."""
    keys = found.iterator(chunk_size=BATCH)
    while batch := [(kind, pk) for kind, pk, _at in islice(keys, BATCH)]:
        for line in _read(connection, batch, place):
            yield _cells(line, place)


def _cells(line: Line, place: Location) -> list[Cell]:
    return [
        line.at.astimezone(place.tz),
        direction_words(line),
        line.subject,
        session_words(line.session) if line.session else None,
        line.booking or None,
        line.result,
        line.reason or None,
        line.milliseconds,
        line.attempt,
        getattr(line.row, "status", None),
        getattr(line.row, "path", None),
    ]


def _about(request: StudioRequest, filters: Filters) -> str:
    """What the list is narrowed to, where the address names a class."""
    if filters.session is None:
        return ""
    seen = pinned_to(request)
    sessions = request.studio.sessions.select_related("item", "location").filter(pk=filters.session)
    found = (sessions if seen is None else sessions.filter(location__in=seen)).first()
    return session_words(found) if found else _("a class that is gone")


def _file_url(request: StudioRequest, connection: Connection, filters: Filters, kind: str) -> str:
    address = reverse(f"marketplace:log_{kind}", args=[request.studio.slug, connection.marketplace_id])
    return f"{address}?{filters.query}" if filters.any else address
