"""The week of the schedule as a file: the sessions that its list shows with the same filters, one row each (Q38)."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.models import CalendarItem
from bookings.selectors.timetable import Slot, timetable
from bookings.views.schedule import Filters, monday_of_word, week_word
from portal.access import StudioRequest, studio_view
from portal.downloads import Cell, Column, Table, download, file_name
from portal.locations import location_choice
from portal.roles import Right


@studio_view(Right.EXPORT)
@require_GET
def schedule_file(request: StudioRequest, file_kind: str) -> HttpResponseBase:
    if not request.may(Right.VIEW_BOOKINGS):
        raise PermissionDenied
    choice, now = location_choice(request), timezone.now()
    today = min((place.local_day(now) for place in choice.visible), default=now.date())
    monday, filters = monday_of_word(request.GET.get("week", ""), today), Filters.of(request.GET)
    places = {place.pk: place.name for place in choice.shown}
    slots = [slot for slot in timetable(request.login, choice.shown, monday) if filters.show(slot)]
    place = choice.chosen.slug if choice.chosen else request.studio.slug
    name = file_name("schedule", place, week_word(monday), kind=file_kind)
    return download(Table(_("Schedule"), _columns(), [_row(slot, places) for slot in slots]), name=name, kind=file_kind)


def _columns() -> list[Column]:
    headings = [_("Start"), _("End"), _("Class"), _("Kind"), _("Teacher"), _("Room"), _("Location")]
    counted = [_("Booked"), _("Places"), _("Waiting list")]
    return [*map(Column, headings), *(Column(heading, total=True) for heading in counted), Column(_("Status"))]


def _row(slot: Slot, places: dict[int, str]) -> list[Cell]:
    """Moments stand in the time of the location; `Places` is empty where there is no limit."""
    return [
        slot.starts_at,
        slot.ends_at,
        slot.name,
        str(CalendarItem.Kind(slot.kind).label),
        slot.teacher,
        slot.room,
        places[slot.location_id],
        slot.taken,
        slot.capacity,
        slot.waiting,
        _("cancelled") if slot.is_cancelled else None,
    ]
