"""The files of invoices: as they were stored at the issue, the visits as CSV, a year as one ZIP, the list itself."""

from collections.abc import Iterator
from http import HTTPStatus

from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header, parse_etags, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from invoicing import documents
from invoicing.actions.reading import note_reading
from invoicing.documents.model import from_json
from invoicing.models import Invoice, InvoiceEvent
from invoicing.resources import list_table, visits_table
from invoicing.selectors.listing import months_without_invoice
from invoicing.views.invoice import DOCUMENT_WORDS, invoice_of
from invoicing.views.listing import listing_of, zone_of
from invoicing.year import year_as_zip
from portal.access import StudioRequest, studio_view
from portal.downloads import download, file_name
from portal.roles import Right

YEARS = range(1970, 2200)  # as in the addresses of months


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def document(request: StudioRequest, number: str, document: str) -> HttpResponse:
    """The stored bytes. While they are being made a page says so and asks again; a kind that lacks something is 404."""
    found = invoice_of(request, number)
    if document not in documents.KINDS:
        raise Http404
    stored = found.documents.filter(kind=document).first()
    if stored is None:
        if documents.lacking(from_json(found.snapshot), document):
            raise Http404
        return _being_made(request, found, document)
    etag = quote_etag(stored.sha256)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    _note(request, found, document)
    response = HttpResponse(bytes(stored.content), content_type=stored.media_type)
    response["ETag"] = etag
    response["Content-Disposition"] = content_disposition_header(True, stored.file_name) or ""
    return response


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def visits(request: StudioRequest, number: str) -> HttpResponseBase:
    """Every visit on the invoice with its reason; who it was only for those who may see contact data (Q38)."""
    found = invoice_of(request, number)
    _note(request, found, "visits")
    table = visits_table(found, with_members=request.may(Right.SEE_CONTACT))
    return download(table, name=file_name("visits", found.number, kind="csv"), kind="csv")


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def invoices_file(request: StudioRequest, file_kind: str) -> HttpResponseBase:
    """What the list shows, as it is sorted and filtered."""
    now, zone = timezone.now(), zone_of(request)
    months = months_without_invoice(request.studio, now=now, zone=zone)
    listing = listing_of(request, months, today=now.astimezone(zone).date())
    words = [word for word in (listing.filters.marketplace, listing.filters.year, listing.filters.state) if word]
    name = file_name("invoices", *map(str, words), now.date(), kind=file_kind)
    return download(list_table(listing.rows), name=name, kind=file_kind)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def year(request: StudioRequest, year: int) -> HttpResponseBase:
    """All files of a year's invoices, with their visits and a list of hashes; written while it is sent."""
    if year not in YEARS:
        raise Http404
    found = list(request.studio.invoices.filter(month__year=year).order_by("month", "pk").defer("snapshot"))
    if not found:
        raise Http404
    for one in found:
        _note(request, one, "year")
    chunks: Iterator[bytes] = year_as_zip(found, with_members=request.may(Right.SEE_CONTACT))
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    name = file_name("invoices", request.studio.slug, str(year), kind="zip")
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


def _being_made(request: StudioRequest, found: Invoice, kind: str) -> HttpResponse:
    context = {"invoice": found, "words": DOCUMENT_WORDS[kind], "title": _("Being made")}
    response = render(request, "invoicing/being_made.html", context, status=HTTPStatus.ACCEPTED)
    response["Retry-After"] = "5"
    response["Refresh"] = "5"
    return response


def _note(request: StudioRequest, found: Invoice, what: str) -> None:
    """Looking through another's eyes leaves no trace in their name."""
    if not request.preview_until:
        kind = InvoiceEvent.Kind.DOWNLOADED
        note_reading(found, kind, by=request.login, now=timezone.now(), text=what)
