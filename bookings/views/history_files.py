"""What a page of the history lists, as a file: months, a month's reservations, those of one class (P7, Q38)."""

import codecs
import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.exports import ALL, month_as_csv, month_columns
from bookings.exports import Column as MonthColumn
from bookings.selectors import history as past
from bookings.selectors.local_days import next_month
from bookings.sources import source_name
from bookings.views.history import (
    MONTHS_SHOWN,
    MonthRow,
    classes_of,
    filtered,
    item_of,
    months_of,
    not_in_the_future,
    sorted_classes,
    sorted_months,
    this_month_of,
)
from bookings.views.money import sees_invoices
from portal.access import StudioRequest, studio_view
from portal.downloads import (
    FORMULA_STARTS,
    XLSX,
    XLSX_TYPE,
    Cell,
    Column,
    Table,
    as_xlsx,
    download,
    file_name,
    separator,
)
from portal.locations import LocationChoice, location_choice
from portal.roles import Right


@studio_view(Right.EXPORT)
@require_GET
def history_months_file(request: StudioRequest, kind: str) -> HttpResponseBase:
    """The table of months, as it is sorted and filtered."""
    choice, now = _choice(request), timezone.now()
    this_month = this_month_of(choice, now)
    first, after = next_month(this_month, step=1 - MONTHS_SHOWN), next_month(this_month)
    months = months_of(choice, first, after, now=now, money_of=request.studio if sees_invoices(request) else None)
    rows, _heads = sorted_months(request, months)
    columns = [
        Column(_("Month")),
        Column(_("Check-ins"), total=True),
        *[Column(place.name, total=True) for place in months.several],
        Column(_("On last year, %")),
        Column(_("No-shows"), total=True),
        Column(_("Late cancels"), total=True),
        Column(_("First visits"), total=True),
        *(_money_columns() if months.with_money else []),
        *[Column(_("%(source)s, %% of check-ins") % {"source": source_name(source)}) for source in months.sources],
    ]
    cells: list[list[Cell]] = [
        [
            f"{row.month:%Y-%m}",
            row.outcome.checked_in,
            *row.by_location,
            row.change,
            row.outcome.no_shows,
            row.outcome.late_cancels,
            row.outcome.first_visits,
            *_money_cells(row),
            *row.shares,
        ]
        for row in rows
    ]
    name = file_name("checkins", _place(request, choice), kind=kind)
    return download(Table(_("Months"), columns, cells), name=name, kind=kind)


def _money_columns() -> list[Column]:
    return [
        Column(_("Additional workouts"), total=True),
        Column(_("Amount, net"), total=True),
        Column(_("Currency")),
        Column(_("Invoice")),
    ]


def _money_cells(row: MonthRow) -> list[Cell]:
    """As many as `_money_columns`, or none; amounts of several currencies are no number."""
    if row.billed is None:
        return []
    currencies = sorted(currency for currency, amount in row.billed.amounts.items() if amount)
    amount = row.net if len(currencies) <= 1 else row.amount
    return [row.billed.additional, amount, ", ".join(currencies), row.billed.word]


@studio_view(Right.EXPORT)
@require_GET
def history_classes_file(request: StudioRequest, month: date, file_kind: str) -> HttpResponseBase:
    """The month's table of classes, as it is sorted and filtered."""
    choice, now = _choice(request), timezone.now()
    not_in_the_future(month, choice, now)
    rows, _heads = sorted_classes(request, classes_of(choice, month, now=now))
    columns = [
        Column(_("Class")),
        Column(_("Teacher")),
        Column(_("Location")),
        Column(_("Held"), total=True),
        Column(_("Booked"), total=True),
        Column(_("Checked in"), total=True),
        Column(_("No-show"), total=True),
        Column(_("Late cancel"), total=True),
        Column(_("Places"), total=True),
    ]
    cells: list[list[Cell]] = [
        [
            row.item.name,
            row.item.teacher.name if row.item.teacher else None,
            row.item.location.name,
            row.outcome.held,
            row.outcome.booked,
            row.outcome.checked_in,
            row.outcome.no_shows,
            row.outcome.late_cancels,
            row.fill.offered,
        ]
        for row in rows
    ]
    name = file_name("classes", _place(request, choice), f"{month:%Y-%m}", kind=file_kind)
    return download(Table(_("Classes"), columns, cells), name=name, kind=file_kind)


@studio_view(Right.EXPORT)
@require_GET
def history_file(request: StudioRequest, month: date, kind: str) -> HttpResponseBase:
    """Every reservation of the month."""
    return _reservations(request, month, "", ALL, kind=kind)


@studio_view(Right.EXPORT)
@require_GET
def history_class_file(request: StudioRequest, month: date, item: int, kind: str) -> HttpResponseBase:
    """The class's reservations of the month, with the outcome and of the session that the address names."""
    choice, now = _choice(request), timezone.now()
    found = item_of(request, choice, item)
    sessions = past.sessions_of(found, choice.shown, month, now=now)
    outcome, _chosen, shown = filtered(request, sessions)
    only = Q(session__in=[session.pk for session, _result in shown])
    if outcome:
        only &= Q(state_word=outcome)
    return _reservations(request, month, found.name, only, kind=kind)


def _choice(request: StudioRequest) -> LocationChoice:
    if not request.may(Right.VIEW_HISTORY):
        raise PermissionDenied
    return location_choice(request)


def _place(request: StudioRequest, choice: LocationChoice) -> str:
    return choice.chosen.slug if choice.chosen else request.studio.slug


def _reservations(request: StudioRequest, month: date, what: str, only: Q, *, kind: str) -> HttpResponseBase:
    choice, now = _choice(request), timezone.now()
    not_in_the_future(month, choice, now)
    name = file_name("checkins", _place(request, choice), what, f"{month:%Y-%m}", kind=kind)
    with_members, money_of = request.may(Right.SEE_CONTACT), request.studio if sees_invoices(request) else None
    chunks = month_as_csv(choice.shown, month, now=now, with_members=with_members, money_of=money_of, only=only)
    if kind == XLSX:
        file = as_xlsx(_as_table(chunks, month_columns(with_members=with_members, money_of=money_of)))
        return FileResponse(file, as_attachment=True, filename=name, content_type=XLSX_TYPE)
    response = StreamingHttpResponse(chunks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def _as_table(chunks: Iterator[bytes], columns: list[MonthColumn]) -> Table:
    """The CSV's rows for a workbook: moments and numbers as such, texts without what keeps them from being formulas."""
    rows = csv.reader(_lines(chunks), delimiter=separator())
    next(rows)  # the headings
    cells = ([_cell(text, column.kind) for text, column in zip(row, columns, strict=True)] for row in rows)
    return Table(_("Reservations"), [Column(column.heading) for column in columns], cells)


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Whole lines, with their ends; a quoted cell may go on over several."""
    decoder, rest = codecs.getincrementaldecoder("utf-8")(), ""
    for chunk in chunks:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (f"{line}\n" for line in lines)
    if rest:
        yield rest


def _cell(text: str, kind: str) -> Cell:
    if not text:
        return None
    if kind == "moment":
        return datetime.fromisoformat(text)
    if kind == "number":
        return int(text)
    if kind == "amount":
        return Decimal(text.replace(",", "."))
    return text[1:] if text[0] == "'" and text[1:2] in tuple(FORMULA_STARTS) else text
