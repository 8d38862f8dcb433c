"""What a studio claims of a statement, as a mail and as a file; and the lines that could not be read, as they came."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from invoicing.claims import claim_mail
from invoicing.models import Statement
from invoicing.rules.matching import Reason, Verdict
from invoicing.selectors import statements as selected
from invoicing.statement_words import REASON_WORDS, VERDICT_WORDS, our_words, sentence
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
    chosen = request.GET.get("language", "")
    language = chosen if chosen in dict(settings.LANGUAGES) else (get_language() or request.studio.language)
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
    headings = [_("Line"), _("Booking number"), _("Member's number there"), _("Member"), _("Class"), _("Start")]
    headings += [_("What differs"), _("Likely reason"), _("They state"), _("We say"), _("Difference"), _("Currency")]
    headings += [_("We say that happened"), _("Why")]
    table = Table(_("Claims"), [Column(heading) for heading in headings], _claims(found))
    return download(table, name=_name("claims", found), kind=CSV)


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
    lines = selected.lines_of(statement, answer=selected.DISPUTED)
    for line in lines.iterator(chunk_size=1000):
        visit = line.visit
        guest, session = (visit.guest, visit.session) if visit else (None, None)
        zone = session.location.tz if session else None
        starts_at = session.starts_at.astimezone(zone) if session else None
        yield [
            line.line,
            line.booking_ref or (visit.booking_ref if visit else None),
            line.member_ref or (guest.external_id if guest else None),
            line.member_name or (guest.member.name if guest else None),
            line.class_name or (session.item.name if session else None),
            starts_at or line.day,
            str(VERDICT_WORDS[Verdict(line.verdict)]),
            str(REASON_WORDS.get(Reason(line.reason), "")),
            line.theirs,
            line.ours,
            line.difference,
            line.currency or statement.currency,
            our_words(line) or None,
            sentence(line, statement.currency),
        ]


def _refused(statement: Statement, width: int) -> Iterator[list[Cell]]:
    for line in statement.lines.refused().order_by("line").iterator(chunk_size=1000):
        cells = [str(cell) for cell in line.cells[:width]]
        yield [line.line, reason_words(line.problem), *cells, *[""] * (width - len(cells))]
