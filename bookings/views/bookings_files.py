"""The bookings of the next 14 days as a file: the people whom the list shows with its filters, one row each (Q38)."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.rules import State
from bookings.selectors.upcoming import upcoming
from bookings.sources import source_name
from bookings.states import STATE_WORDS
from bookings.views.bookings import Filters, people_listed
from portal.access import StudioRequest, studio_view
from portal.downloads import Cell, Column, Table, download, file_name
from portal.locations import location_choice
from portal.roles import Right


@studio_view(Right.EXPORT)
@require_GET
def bookings_file(request: StudioRequest, kind: str) -> HttpResponseBase:
    if not request.may(Right.VIEW_BOOKINGS):
        raise PermissionDenied
    choice, now = location_choice(request), timezone.now()
    with_members = request.may(Right.SEE_CONTACT)
    headings = [_("Start"), _("Class"), _("Location"), _("Teacher")]
    headings += [_("Member"), _("Member number")] if with_members else []
    headings += [_("Source"), _("Status"), _("Booked at"), _("Free until"), _("First visit")]
    classes = upcoming(request.login, choice.shown, now=now)
    found: Any = people_listed(request, classes, Filters.of(request.GET), now=now)
    rows = _rows(found.with_first_visit(), with_members=with_members)
    place = choice.chosen.slug if choice.chosen else request.studio.slug
    today = min((one.local_day(now) for one in choice.shown), default=now.date())
    name = file_name("bookings", place, today, kind=kind)
    return download(Table(_("Bookings"), [Column(heading) for heading in headings], rows), name=name, kind=kind)


def _rows(found: QuerySet[Any], *, with_members: bool) -> Iterator[list[Cell]]:
    for row in found.iterator(chunk_size=500):
        zone, session = row.location.tz, row.session
        yield [
            row.starts_at.astimezone(zone),
            session.item.name,
            row.location.name,
            session.teacher.name if session.teacher else None,
            *([row.member.name, row.member.number] if with_members else []),
            source_name(row.source),
            str(STATE_WORDS[State(row.state_word)]),
            row.booked_at.astimezone(zone) if row.booked_at else None,
            row.free_until.astimezone(zone),
            row.first_here,
        ]
