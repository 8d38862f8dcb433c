"""One line of the sync log with its raw texts, to look at and to copy for support. Secrets are never shown."""

import json
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.words import day_and_clock
from marketplace.log_words import Line, direction_words, line_of, session_words
from marketplace.masking import for_support, masked
from marketplace.models import Connection
from marketplace.selectors import log as listed
from marketplace.selectors.log import CALL, EXCHANGE, MESSAGE
from marketplace.views.log import connection_of, crumbs_of, message_of, pinned_to, place_of, seen_calls
from portal.access import StudioRequest, studio_view
from portal.models import Location
from portal.roles import Right

TRIES_SHOWN = 20
Raw = list[tuple[str, str]]


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def exchange(request: StudioRequest, marketplace: str, exchange: int) -> HttpResponse:
    """One request and its answer."""
    connection = connection_of(request, marketplace)
    row = get_object_or_404(listed.exchanges(connection, locations=pinned_to(request)), pk=exchange)
    raw = [(_("Request"), f"{row.method} {row.path}\n{row.request}".strip()), (_("Answer"), row.answer)]
    return _page(request, connection, (EXCHANGE, row.pk), row, raw, call=row.call)


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def call(request: StudioRequest, marketplace: str, call: int) -> HttpResponse:
    """One call with its tries, and the button that sends it again."""
    connection = connection_of(request, marketplace)
    pk = get_object_or_404(seen_calls(request, connection), pk=call).pk
    row = listed.calls(connection).get(pk=pk)
    tries = list(listed.exchanges(connection).filter(call=row).order_by("-at", "-pk")[:TRIES_SHOWN])
    raw = [(_("Last answer"), row.answer)]
    return _page(request, connection, (CALL, row.pk), row, raw, call=row, tries=tries)


@studio_view(Right.MANAGE_CONNECTIONS)
@require_safe
def message(request: StudioRequest, marketplace: str, message: int) -> HttpResponse:
    """One message as it came."""
    connection = connection_of(request, marketplace)
    row = message_of(request, connection, message)
    headers = "\n".join(f"{name}: {value}" for name, value in row.headers.items())
    text = bytes(row.body).decode(errors="replace")
    raw = [(_("Request"), f"{row.method} {row.path}\n{headers}\n\n{text}".strip())]
    return _page(request, connection, (MESSAGE, row.pk), row, raw)


def _page(
    request: StudioRequest,
    connection: Connection,
    key: listed.Key,
    row: Any,
    raw: Raw,
    *,
    call: Any = None,
    tries: list[Any] | None = None,
) -> HttpResponse:
    place = place_of(request)
    line = line_of(key, row, place)
    context = {
        "connection": connection,
        "line": line,
        "call": call,
        "raw": [(heading, masked(_pretty(text))) for heading, text in raw],
        "tries": [line_of((EXCHANGE, one.pk), one, place) for one in tries or []],
        "support": _support(connection, line, raw, place),
        "direction": direction_words(line),
        "session": session_words(line.session) if line.session else "",
        "place": place,
        "crumbs": crumbs_of(request, connection),
    }
    return render(request, "marketplace/log_line.html", context)


def _support(connection: Connection, line: Line, raw: Raw, place: Location) -> str:
    """The line as text for a mail: what support asks for, without names, addresses and secrets."""
    row = line.row
    facts = [
        (_("Studio"), connection.studio.slug),
        (_("Marketplace"), connection.marketplace_id),
        (_("Line"), f"{line.kind} {row.pk}"),
        (_("Time"), f"{day_and_clock(line.at, place)} ({line.at:%Y-%m-%dT%H:%M:%SZ})"),
        (_("Direction"), direction_words(line)),
        (_("Subject"), line.subject),
        (_("Class"), str(line.session.pk) if line.session else ""),
        (_("Booking"), line.booking),
        (_("Result"), line.result),
        (_("Reason"), line.reason),
        (_("Attempt"), f"{line.attempt}/{line.of}" if line.attempt else ""),
        (_("Key"), str(getattr(row, "key", ""))),
    ]
    head = "\n".join(f"{label}: {value}" for label, value in facts if value)
    return "\n\n".join([head, *(f"{heading}:\n{for_support(_pretty(text))}" for heading, text in raw if text)])


def _pretty(text: str) -> str:
    """A body in JSON, indented, with half a character as it was written; anything else as it is."""
    first, _line, rest = text.partition("\n")
    for head, body in (("", text), (f"{first}\n", rest)):
        try:
            told = head + json.dumps(json.loads(body), indent=2, ensure_ascii=False)
            return told.encode(errors="backslashreplace").decode()
        except (ValueError, RecursionError):
            continue
    return text
