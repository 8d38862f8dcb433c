"""A member's attendance as a file: every line that the tab lists under the same address (Q38)."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.invoices import Billed, invoices
from bookings.models import Reservation
from bookings.purchase_words import VERDICTS, count_because
from bookings.rules import State
from bookings.sources import source_name
from bookings.states import STATE_WORDS
from bookings.views.member import attendance_of, leads_to_the_kept_one
from bookings.views.member_head import the_member
from bookings.views.member_rows import uses_words
from bookings.views.money import sees_invoices
from portal.access import StudioRequest, studio_view
from portal.downloads import Cell, Column, Table, download, file_name
from portal.locations import location_choice
from portal.roles import Right


@studio_view(Right.EXPORT)
@require_GET
@leads_to_the_kept_one
def member_file(request: StudioRequest, member: int, file_kind: str) -> HttpResponseBase:
    if not request.may(Right.VIEW_MEMBERS):
        raise PermissionDenied
    found, shown = the_member(request, member), location_choice(request).shown
    now = timezone.now()
    listed = attendance_of(request, found, shown, now=now)
    headings = [_("Start"), _("Class"), _("Location"), _("Teacher"), _("Outcome"), _("Checked in at")]
    headings += [_("Checked in by"), _("Source"), _("First visit")]
    headings += [_("Package"), _("Bought"), _("Counts"), _("Why"), _("Chosen by hand")]
    rows = _rows(listed.rows, now=now)
    if sees_invoices(request) and invoices().are_shown(request.studio):
        headings.append(_("Invoice"))
        billed = invoices().billed(request.studio, list(listed.rows.order_by().values_list("pk", flat=True)))
        rows = _rows(listed.rows, now=now, billed=billed)
    table = Table(_("Attendance"), [Column(heading) for heading in headings], rows)
    return download(table, name=file_name("attendance", found.number, kind=file_kind), kind=file_kind)


def _rows(found: Any, *, now: datetime, billed: Mapping[int, Billed] | None = None) -> Iterator[list[Cell]]:
    """`billed`: by reservation, for who may see invoices."""
    for row in found.iterator(chunk_size=500):
        zone, teacher, by = row.location.tz, row.session.teacher, row.checked_in_by
        count, bought = row.count(now), row.purchase
        yield [
            row.starts_at.astimezone(zone),
            row.session.item.name,
            row.location.name,
            teacher.name if teacher else None,
            str(STATE_WORDS[State(row.state_word)]),
            row.checked_in_at.astimezone(zone) if row.checked_in_at else None,
            source_name(row.source) if row.ticked_there else by.user.name if by else None,
            source_name(row.source),
            row.first_here,
            bought.package.name if bought else uses_words(row),
            bought.purchased_at.astimezone(zone) if bought else None,
            str(VERDICTS[count.verdict]),
            count_because(count, row),
            row.assigned == Reservation.Assigned.HAND,
            *([] if billed is None else [billed[row.pk].number if row.pk in billed else None]),
        ]
