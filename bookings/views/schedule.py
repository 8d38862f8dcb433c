"""The schedule: a week of sessions as a grid or as a list. The address is the view."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from bookings import week_grid
from bookings.models import CalendarItem
from bookings.selectors.timetable import WEEK, Slot, closed_days, holidays_in, sessions_in, timetable
from portal.access import StudioRequest, studio_view
from portal.locations import LocationChoice, location_choice
from portal.roles import Right
from portal.saved_views import saved_views

_WEEK = re.compile(r"(19[7-9][0-9]|2[0-9]{3})-W([0-5][0-9])")


@dataclass(frozen=True)
class Filters:
    """The filters as the address says them; empty means all. A word that fits nothing shows nothing."""

    teacher: str
    room: str
    kind: str

    @classmethod
    def of(cls, query: QueryDict) -> "Filters":
        return cls(query.get("teacher", ""), query.get("room", ""), query.get("kind", ""))

    @property
    def any(self) -> bool:
        return bool(self.teacher or self.room or self.kind)

    def show(self, slot: Slot) -> bool:
        return (
            (not self.teacher or str(slot.teacher_id) == self.teacher)
            and (not self.room or str(slot.room_id) == self.room)
            and (not self.kind or slot.kind == self.kind)
        )


@dataclass(frozen=True)
class Day:
    """One column of the grid, or one group of the list."""

    day: date
    is_today: bool
    closed: list[str]
    holiday: str
    blocks: list["Block"]
    lanes: int


@dataclass(frozen=True, slots=True)
class Block:
    """One session as it is drawn."""

    slot: Slot
    # Its id as text: a number would be asked how the reader's language writes it, five hundred times.
    key: str
    # The classes that colour it and place it in the grid.
    classes: str
    # "9 of 14".
    booked: str
    # The location's name where several are shown.
    place: str


@studio_view(Right.VIEW_BOOKINGS)
@require_safe
def schedule(request: StudioRequest) -> HttpResponse:
    choice, now = location_choice(request), timezone.now()
    today = min((place.local_day(now) for place in choice.visible), default=now.date())
    monday = monday_of_word(request.GET.get("week", ""), today)
    filters = Filters.of(request.GET)
    everything = timetable(request.login, choice.shown, monday)
    slots = [slot for slot in everything if filters.show(slot)]
    spans = {slot.pk: week_grid.span(slot.starts_at, slot.ends_at) for slot in slots}
    as_list = request.GET.get("view") == "list"
    first_hour, last_hour = week_grid.hours(list(spans.values()))
    context = {
        "days": _days(request, choice, monday, slots, spans, today),
        "monday": monday,
        "sunday": monday + timedelta(days=6),
        "week": week_word(monday),
        "last_week": week_word(monday - WEEK) if monday > date(1970, 1, 12) else "",
        "next_week": week_word(monday + WEEK) if monday < date(2999, 12, 1) else "",
        "is_this_week": monday <= today < monday + WEEK,
        "as_list": as_list,
        "hours": range(first_hour, last_hour),
        "last_hour": last_hour,
        "now_line": None if as_list else _now_line(choice, now, (first_hour, last_hour)),
        "filters": filters,
        "choices": _choices(everything),
        "shown": len(slots),
        "hidden": len(everything) - len(slots),
        "taken": sum(slot.taken for slot in slots if not slot.is_cancelled),
        "places": sum(slot.capacity or 0 for slot in slots if not slot.is_cancelled),
        "cancelled": sum(slot.is_cancelled for slot in slots),
        "may_manage": request.may(Right.MANAGE_SCHEDULE),
        "may_export": request.may(Right.EXPORT),
        "views": saved_views(request, "schedule"),
        "session_address": _address_before_id("bookings:session", request),
        "edit_address": _address_before_id("bookings:session_edit", request),
    }
    return render(request, "bookings/schedule.html", context)


def week_word(monday: date) -> str:
    """The week as the address says it: "2026-W48" (ISO 8601)."""
    year, week, _weekday = monday.isocalendar()
    return f"{year}-W{week:02}"


def monday_of_word(word: str, today: date) -> date:
    """The first day of the week that the address names, else of this one; raises Http404 for a word that is none."""
    if not word:
        return today - timedelta(days=today.weekday())
    found = _WEEK.fullmatch(word)
    if found is None:
        raise Http404
    try:
        return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError as error:
        raise Http404 from error


def _days(
    request: StudioRequest,
    choice: LocationChoice,
    monday: date,
    slots: list[Slot],
    spans: dict[int, week_grid.Span],
    today: date,
) -> list[Day]:
    closed = closed_days(request.studio, choice.shown, monday, monday + WEEK)
    holidays = holidays_in(choice.shown, monday, monday + WEEK)
    names = {place.pk: place.name for place in choice.shown} if len(choice.shown) > 1 else {}
    by_day = sessions_in(slots)
    days = []
    for number in range(7):
        day = monday + timedelta(days=number)
        found = by_day.get(day, [])
        lanes = week_grid.lanes([spans[slot.pk] for slot in found])
        blocks = [
            Block(
                slot,
                key=str(slot.pk),
                classes=f"hue-{slot.hue} {week_grid.classes(spans[slot.pk], lane)}",
                booked=booked_words(slot.taken, slot.capacity),
                place=names.get(slot.location_id, ""),
            )
            for slot, lane in zip(found, lanes, strict=True)
        ]
        widest = max((of for _lane, of in lanes), default=1)
        days.append(Day(day, day == today, closed.get(day, []), holidays.get(day, ""), blocks, widest))
    return days


def booked_words(taken: int, capacity: int | None) -> str:
    """ "9 of 14", or "9 booked" where there is no limit."""
    if capacity is None:
        return ngettext("%(taken)d booked", "%(taken)d booked", taken) % {"taken": taken}
    return _("%(taken)d of %(capacity)d") % {"taken": taken, "capacity": capacity}


def _now_line(choice: LocationChoice, now: datetime, hours: tuple[int, int]) -> str | None:
    """The classes that draw the line of the present moment; None where locations have different clocks, or at night."""
    clocks = {now.astimezone(place.tz).replace(tzinfo=None) for place in choice.shown}
    if len(clocks) != 1:
        return None
    (local,) = clocks
    if not hours[0] <= local.hour < hours[1]:
        return None
    return f"at-{local.hour} and-{local.minute // week_grid.STEP_MINUTES}"


def _choices(slots: list[Slot]) -> dict[str, Any]:
    """What can be filtered by: only what the week holds."""
    kinds = {slot.kind for slot in slots}
    return {
        "teachers": _by_name({slot.teacher_id: slot.teacher for slot in slots}),
        "rooms": _by_name({slot.room_id: slot.room for slot in slots}),
        "kinds": [(kind.value, kind.label) for kind in CalendarItem.Kind if kind.value in kinds],
    }


def _by_name(names: dict[int | None, str | None]) -> list[tuple[str, str]]:
    return sorted(((str(pk), name) for pk, name in names.items() if name), key=lambda pair: pair[1].casefold())


def _address_before_id(name: str, request: StudioRequest) -> str:
    """What stands before a row's id in its address: composed once, not five hundred times."""
    return reverse(name, args=[request.studio.slug, 0]).removesuffix("0/")
