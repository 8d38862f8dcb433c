"""What a studio claims of a statement, as a mail and as a file; and the lines that could not be read, as they came."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from invoicing.claims import claim, claim_mail
from invoicing.imports.lines import Clocks
from invoicing.models import Statement
from invoicing.selectors import statements as selected
from invoicing.views.statements import statement_of
from invoicing.words import month_words
from portal.access import StudioRequest, studio_view
from portal.downloads import CSV, Cell, Column, Table, download, file_name
from portal.models.imports import reason_words
from portal.roles import Right

LONGEST_MAILTO = 1800  # characters; mail programs cut what is longer


@studio_view(Right.SEE_MONEY, hidden=True)
@require_safe
def statement_claims(request: StudioRequest, statement: int) -> HttpResponse:
    """The mail with the claims, in the language of whoever reads it there."""
    found = statement_of(request, statement)
    language = _language(request)
    with translation.override(language):
        mail = claim_mail(found)
    payer = getattr(found.connection.marketplace, "payer", None)
    address = payer.email if payer else ""
    mailto = f"mailto:{quote(address)}?" + urlencode({"subject": mail.subject, "body": mail.body}, quote_via=quote)
    context = {
        "statement": found,
        "mail": mail,
        "address": address,
        "mailto": mailto if len(mailto) <= LONGEST_MAILTO else "",
        "language": language,
        "languages": settings.LANGUAGES,
        "month_words": month_words(found.month) if found.month else "",
    }
    return render(request, "invoicing/statement_claims.html", context)


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def statement_claims_csv(request: StudioRequest, statement: int) -> HttpResponseBase:
    found = statement_of(request, statement)
    language = _language(request)
    with translation.override(language):
        headings = [_("Line"), _("Booking number"), _("Member number"), _("Member"), _("Class"), _("Day"), _("Time")]
        headings += [_("You state"), _("We say"), _("Difference"), _("Currency"), _("Why")]
        table = Table(_("Claims"), [Column(heading) for heading in headings], _claims(found))
    response = download(table, name=_name("claims", found), kind=CSV)
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = _spoken(response.streaming_content, language)
    return response


def _language(request: StudioRequest) -> str:
    """The addressee's, where one was chosen."""
    chosen = request.GET.get("language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else (get_language() or request.studio.language)


def _spoken(pieces: Any, language: str) -> Iterator[bytes]:
    """Each made in that language, whatever is spoken where it is sent from."""
    rest = iter(pieces)
    while True:
        with translation.override(language):
            piece = next(rest, None)
        if piece is None:
            return
        yield piece


@studio_view(Right.SEE_MONEY, hidden=True)
@require_GET
def statement_refused_csv(request: StudioRequest, statement: int) -> HttpResponseBase:
    """The lines that could not be read, with the reason and the cells as in the file."""
    found = statement_of(request, statement)
    columns = [Column(_("Line")), Column(_("Reason")), *(Column(name) for name in found.header)]
    table = Table(_("Refused lines"), columns, _refused(found, len(found.header)))
    return download(table, name=_name("refused", found), kind=CSV)


def _name(what: str, statement: Statement) -> str:
    month = f"{statement.month:%Y-%m}" if statement.month else ""
    return file_name(what, statement.connection.marketplace_id, month, kind=CSV)


def _claims(statement: Statement) -> Iterator[list[Cell]]:
    """In the addressee's words, as in the mail; days and times by the location's clock."""
    lines = selected.lines_of(statement, answer=selected.DISPUTED)
    clocks = Clocks.of(statement.connection)
    for line in lines.iterator(chunk_size=1000):
        visit = line.visit
        guest, session = (visit.guest, visit.session) if visit else (None, None)
        zone = session.location.tz if session else clocks.at(line.location_ref)
        moment = session.starts_at if session else line.starts_at
        starts_at = moment.astimezone(zone) if moment else None
        yield [
            line.line,
            line.booking_ref or (visit.booking_ref if visit else None),
            line.member_ref or (guest.external_id if guest else None),
            line.member_name or (guest.member.name if guest else None),
            line.class_name or (session.item.name if session else None),
            starts_at.date() if starts_at else line.day,
            f"{starts_at:%H:%M}" if starts_at else None,
            _amount(line.theirs),
            _amount(line.ours),
            None if line.is_foreign else _amount(line.difference),
            line.currency or statement.currency,
            claim(line, statement.currency),
        ]


def _amount(amount: Decimal | None) -> Decimal | None:
    """With cents, or with what lies behind them where there is something."""
    cents = None if amount is None else amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount


def _refused(statement: Statement, width: int) -> Iterator[list[Cell]]:
    for line in statement.lines.refused().order_by("line").iterator(chunk_size=1000):
        cells = [str(cell) for cell in line.cells[:width]]
        yield [line.line, reason_words(line.problem), *cells, *[""] * (width - len(cells))]
