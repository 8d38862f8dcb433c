"""Something new in the schedule, with its first dates: everything or nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time

from django.db import transaction

from bookings.actions import schedule
from bookings.models import CalendarItem
from bookings.plans import SeriesValues, SessionValues
from portal.changes import record_change
from portal.models import StaffLogin, Studio, Teacher


@dataclass(frozen=True)
class Dates:
    """When something takes place: a slot of the week, but for some days, and single days. All of it may be empty."""

    series: SeriesValues | None
    without: Collection[date]
    days: Collection[date]
    local_start: time | None

    def single(self, item: CalendarItem) -> list[SessionValues]:
        start = self.local_start
        return [] if start is None else [SessionValues.of_item(item, day=day, local_start=start) for day in self.days]


def offer(item: CalendarItem, dates: Dates, *, by: StaffLogin | None, now: datetime) -> int:
    """Save the item, its teacher if that is a new one, and its dates; how many sessions were made. Raises Refused."""
    with transaction.atomic():
        if item.teacher_id is None and item.teacher is not None:
            item.teacher = add_teacher(item.studio, item.teacher.name, by=by, now=now)
        schedule.create_item(item, by=by, now=now)
        return add_dates(item, dates, by=by, now=now)


def add_dates(item: CalendarItem, dates: Dates, *, by: StaffLogin | None, now: datetime) -> int:
    """More dates of an item; how many sessions were made. Raises Refused, and then none is."""
    made = 0
    with transaction.atomic():
        if dates.series is not None:
            plan = schedule.create_series(item, dates.series, by=by, now=now)
            made = len(plan.made)
            if plan.series is not None:
                for session in plan.series.sessions.filter(occurs_on__in=dates.without).select_related("item"):
                    schedule.remove_session(session, by=by, now=now)
                    made -= 1
        for values in dates.single(item):
            schedule.create_session(item, values, by=by, now=now)
            made += 1
    return made


def add_teacher(studio: Studio, name: str, *, by: StaffLogin | None, now: datetime) -> Teacher:
    """A teacher with this name; the one who has it already, however it is written."""
    with transaction.atomic():
        teacher, is_new = Teacher.objects.get_or_create(studio=studio, name__iexact=name, defaults={"name": name})
        if is_new:
            record_change(teacher, "created", studio=studio, by=by, now=now, after={"name": name})
    return teacher
