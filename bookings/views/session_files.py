"""The roster on paper and as a table: PDF, CSV, XLSX."""

from collections.abc import Callable, Iterator
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe

from bookings import roster_pdf
from bookings.selectors import roster
from bookings.selectors.roster import Roster
from bookings.states import STATE_WORDS, flag_words
from bookings.views.session import session_for
from packages.rules import Verdict
from portal.access import StudioRequest, studio_view
from portal.downloads import Cell, Column, Table, download, file_name
from portal.roles import Right

_COUNTS: dict[str, Callable[[], str]] = {
    Verdict.COUNTED: lambda: _("yes"),
    Verdict.NOT_COUNTED: lambda: _("no"),
    Verdict.NOT_YET: lambda: _("not yet"),
}


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def session_pdf(request: StudioRequest, session: int) -> HttpResponse:
    """The people who are expected, with a box to tick on paper. No contact data: paper lies about."""
    now = timezone.now()
    found = session_for(request, session, now=now)
    seen = roster.roster_of(found, now=now)
    name = file_name("roster", found.item.name, found.location.local_day(found.starts_at), kind="pdf")
    return HttpResponse(
        roster_pdf.written(seen, with_notes=request.may(Right.CHECK_IN)),
        content_type="application/pdf",
        headers={"Content-Disposition": content_disposition_header(as_attachment=False, filename=name) or ""},
    )


@studio_view(Right.EXPORT)
@require_GET
def session_file(request: StudioRequest, session: int, kind: str) -> HttpResponseBase:
    """Everyone on the roster, cancelled ones too; contact data only with the right to see it (Q38)."""
    if not request.may(Right.VIEW_BOOKINGS):
        raise PermissionDenied
    now = timezone.now()
    found = session_for(request, session, now=now)
    seen = roster.roster_of(found, now=now)
    name = file_name("roster", found.item.name, found.location.local_day(found.starts_at), kind=kind)
    return download(_table(seen, with_contact=request.may(Right.SEE_CONTACT)), name=name, kind=kind)


def _table(seen: Roster, *, with_contact: bool) -> Table:
    columns = [_("Member"), _("Member number")]
    columns += [_("E-mail"), _("Phone")] if with_contact else []
    columns += [
        _("Source"), _("Status"), _("Spot"), _("Booked at"), _("Free until"), _("Checked in at"), _("Checked in by"),
        _("Cancelled at"), _("First visit"), _("Package"), _("Counts against package"), _("To look at"),
    ]  # fmt: skip
    rows = list(_rows(seen, with_contact=with_contact))
    return Table(name=seen.session.item.name, columns=[Column(heading) for heading in columns], rows=rows)


def _rows(seen: Roster, *, with_contact: bool) -> Iterator[list[Cell]]:
    def local(moment: datetime | None) -> datetime | None:
        return moment.astimezone(seen.location.tz) if moment else None

    for place in seen.places:
        person = place.person
        yield [
            person.name,
            person.number,
            *([person.email, person.phone] if with_contact else []),
            person.source,
            str(STATE_WORDS[person.state]),
            person.spot,
            local(place.booked_at),
            local(place.free_until),
            local(person.checked_in_at),
            person.checked_in_by,
            local(person.cancelled_at),
            person.first_here,
            person.paid.package if person.paid else "",
            _COUNTS[place.count_word]() if person.paid and person.paid.purchase else None,
            flag_words(person.flagged),
        ]
