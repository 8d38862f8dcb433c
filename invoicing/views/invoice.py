"""One invoice: its lines with their visits, both parties, the money, what changed since, its files (P9, P10)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from bookings.words import day_and_clock
from invoicing import documents
from invoicing.actions.answering import answers_to, stand_of
from invoicing.actions.reading import note_reading
from invoicing.documents.model import EInvoice, from_json
from invoicing.models import Invoice, InvoiceEvent, InvoiceLine
from invoicing.payout_words import PAYOUT_STATES, payout_words
from invoicing.rules import Because, Kind
from invoicing.selectors import visits as seen
from invoicing.selectors.documents import documents_with_size
from invoicing.selectors.payouts import standings_of
from invoicing.selectors.statements import statements_of
from invoicing.selectors.visits import LineVisit
from invoicing.views.changed import changes_of
from invoicing.views.listing import zone_of
from invoicing.views.timeline import timeline_of
from invoicing.views.why import why_of
from invoicing.words import BECAUSE_WORDS, held_words, line_about, line_name
from packages.words import day_words
from portal.access import StudioRequest, studio_view
from portal.models import Location
from portal.roles import Right

DOCUMENT_WORDS = {
    documents.PDF: "PDF",
    documents.FACTURX: "Factur-X / ZUGFeRD (XML)",
    documents.XRECHNUNG: "XRechnung (XML)",
    documents.PEPPOL: "Peppol BIS (XML)",
}


@dataclass(frozen=True)
class LineRow:
    """One line as the page shows it; `key` opens its visits."""

    key: str
    name: str
    about: str
    quantity: int
    price: Decimal
    net: Decimal
    is_adjustment: bool
    is_unpaid: bool
    has_visits: bool = True
    # Where its visits have their rows, if not here: the words, and that invoice's number.
    held: str = ""
    holder: str = ""


@dataclass(frozen=True)
class VisitRow:
    """One visit in the list under a line."""

    pk: int
    when: str
    name: str
    session: int | None
    member: str
    member_id: int | None
    place: str
    reason: str
    amount: Decimal
    taken_back: bool


@dataclass(frozen=True)
class DocumentRow:
    """A file of the invoice; without `size` it is not there: `lacking` says why, or it is being made."""

    kind: str
    words: str
    size: int | None = None
    sha256: str = ""
    lacking: tuple[str, ...] = ()


def invoice_of(request: StudioRequest, number: str) -> Invoice:
    """One of the studio's invoices. Raises Http404."""
    found = request.studio.invoices.select_related(
        "studio", "connection__marketplace", "contract", "corrects", "replaces"
    )
    return get_object_or_404(found, number=number)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def invoice(request: StudioRequest, number: str) -> HttpResponse:
    """The page; `?line=2` opens the visits of the second line, and `&why=` says of one of them why."""
    now, found = timezone.now(), invoice_of(request, number)
    found.contract.connection = found.connection
    chosen = line_asked(request)
    lines = list(found.lines.order_by("position"))
    line = next((one for one in lines if str(one.position) == chosen), None)
    if chosen and line is None:
        raise Http404
    part = visits_of(request, line, found, now=now) if line else {}
    if line and request.htmx and not request.htmx.boosted:
        return render(request, "invoicing/invoice_visits.html", part | {"currency": found.currency})
    if not request.preview_until and request.method == "GET":
        note_reading(found, InvoiceEvent.Kind.OPENED, by=request.login, now=now)
    return render(request, "invoicing/invoice.html", _context(request, found, lines, now=now) | part)


def _context(request: StudioRequest, found: Invoice, lines: list[InvoiceLine], *, now: datetime) -> dict[str, Any]:
    zone, paper = zone_of(request), from_json(found.snapshot)
    today = now.astimezone(zone).date()
    stands = stand_of(found)
    payout = standings_of([found], today=today).get(found.pk)
    others = {one.pk: one for one in request.studio.invoices.filter(month=found.month, contract=found.contract)}
    return {
        "invoice": found,
        "paper": paper,
        "lines": rows_of(found, lines),
        "documents": documents_of(found, paper),
        "payout": payout,
        "payout_words": payout_words(payout) if payout else "",
        "payout_state": PAYOUT_STATES[payout.state] if payout else "",
        "changes": None if found.is_credit else changes_of(found, now=now),
        "timeline": timeline_of(found, payout, zone=zone),
        "credit": next((one for one in others.values() if one.corrects_id == found.pk), None),
        "replacement": next((one for one in others.values() if one.replaces_id == found.pk), None),
        "statements": statements_of(found),
        "stands": stands,
        "answers": [str(one) for one in answers_to(found, stands)],
        "may_answer": request.may(Right.CLOSE_MONTHS),
        "may_export": request.may(Right.EXPORT),
        "crumbs": [(_("Invoices"), reverse("invoicing:invoices", args=[request.studio.slug]))],
    }


def line_asked(request: StudioRequest) -> str:
    return request.GET.get("line", "")


def rows_of(found: Invoice, lines: list[InvoiceLine]) -> list[LineRow]:
    versions, before = seen.versions_of(found.contract), seen.held_before(found)
    held = {line.pk: before.get(line.pk, (0, "")) for line in lines}
    return [
        LineRow(
            key=str(line.position),
            name=line_name(Kind(line.kind), Because(line.because)),
            about=line_about(*versions[line.terms_id], line.month, found.month, taken_back=line.quantity < 0),
            quantity=line.quantity,
            price=line.price,
            net=line.net,
            is_adjustment=line.month != found.month,
            is_unpaid=line.price == 0,
            has_visits=line.kind != Kind.FLAT and held[line.pk][0] < abs(line.quantity),
            held=held_words(*held[line.pk]) if held[line.pk][0] else "",
            holder=held[line.pk][1],
        )
        for line in lines
    ]


def visits_of(request: StudioRequest, line: InvoiceLine, found: Invoice, *, now: datetime) -> dict[str, Any]:
    """A page of the line's visits, and why for the one that is asked about."""
    page = Paginator(seen.billed_on(line), seen.PER_PAGE).get_page(request.GET.get("page"))
    rows = seen.with_visits(page)
    return {
        "line_key": str(line.position),
        "line_name": line_name(Kind(line.kind), Because(line.because)),
        "page": page,
        "visits": [visit_row(row) for row in rows],
        **why_asked(request, rows, lambda row: why_of(found.contract, row, now=now)),
    }


def why_asked(request: StudioRequest, rows: list[LineVisit], explain: Any) -> dict[str, Any]:
    """The path of the visit that `?why=` names, if it is among these."""
    wanted = request.GET.get("why", "")
    row = next((row for row in rows if str(row.visit.pk) == wanted), None)
    return {"why_pk": row.visit.pk, "why": explain(row)} if row else {}


def visit_row(row: LineVisit) -> VisitRow:
    booked = row.visit.reservation
    place: Location | None = booked.location if booked else None
    return VisitRow(
        pk=row.visit.pk,
        when=day_and_clock(booked.starts_at, place) if booked and place else day_words(row.day),
        name=booked.session.item.name if booked else _("a class that is gone"),
        session=booked.session_id if booked else None,
        member=booked.member.name if booked else _("not recorded"),
        member_id=booked.member_id if booked else None,
        place=place.name if place else _("not recorded"),
        reason=str(BECAUSE_WORDS[row.because]),
        amount=row.amount,
        taken_back=row.taken_back,
    )


def documents_of(found: Invoice, paper: EInvoice) -> list[DocumentRow]:
    """Every kind of file: made, being made, or why it cannot be. The bytes stay in the database."""
    made = {one.kind: one for one in documents_with_size(found)}
    return [_document_row(kind, made.get(kind), paper) for kind in documents.KINDS]


def _document_row(kind: str, made: Any, paper: EInvoice) -> DocumentRow:
    if made is not None:
        return DocumentRow(kind, DOCUMENT_WORDS[kind], made.size, made.sha256)
    return DocumentRow(kind, DOCUMENT_WORDS[kind], lacking=tuple(_(one) for one in documents.lacking(paper, kind)))
