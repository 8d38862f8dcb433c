"""What a studio offers: its calendar items with their dates, and one of them in full."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.utils.dates import WEEKDAYS_ABBR

from bookings.models import CalendarItem, Own, Recurrence, Reservation, ScheduledSession
from bookings.rules import rule_that_applies
from portal.models import Location, StaffLogin

RULES = ("opens_hours", "closes_minutes", "cancel_hours")


def items_of(login: StaffLogin, locations: list[Location], *, archived: bool, now: datetime) -> QuerySet[Any]:
    """Offered or archived items by name, each with `ahead`, its sessions to come, and `next_at`. One query."""
    ahead = Q(sessions__starts_at__gt=now, sessions__cancelled_at=None)
    items = CalendarItem.objects.filter(
        studio_id=login.studio_id, location__in=locations, archived_at__isnull=not archived
    )
    return (
        items.select_related("location", "teacher", "room")
        .annotate(ahead=Count("sessions", filter=ahead), next_at=Min("sessions__starts_at", filter=ahead))
        .order_by("name", "pk")
    )


@dataclass(frozen=True)
class Ruled:
    """One booking rule of an item: what applies, and who said so ("item", "location", "studio"; None: nobody)."""

    name: str
    value: int | None
    origin: str | None


def rules_for(item: CalendarItem | None, location: Location) -> list[Ruled]:
    """The rules that apply to the item at the location, or that would apply to one without rules of its own."""
    found = []
    for name in RULES:
        applied = rule_that_applies(
            item=getattr(item, name) if item else None,
            location=getattr(location, name),
            studio=getattr(location.studio, name),
        )
        found.append(Ruled(name, applied.value, applied.origin))
    return found


def next_sessions(item: CalendarItem, sessions: QuerySet[ScheduledSession], *, now: datetime, most: int) -> list[Any]:
    """The next dates of the item among these sessions, cancelled ones too."""
    coming = sessions.filter(item=item, ends_at__gt=now).select_related("location", "room", "teacher", "recurrence")
    return list(coming.order_by("starts_at", "pk")[:most])


@dataclass(frozen=True)
class Series:
    """A slot of the week that goes on, and the session from which it can be changed."""

    recurrence: Recurrence
    ahead: int
    next_at: datetime
    next_pk: int

    @property
    def weekday_words(self) -> list[Any]:
        return [WEEKDAYS_ABBR[day] for day in self.recurrence.weekdays]

    @property
    def teacher_name(self) -> str:
        """Its own teacher, or the item's; empty for nobody."""
        one = self.recurrence
        teacher = one.teacher if Own.TEACHER in one.own else one.item.teacher
        return teacher.name if teacher else ""


def series_of(item: CalendarItem, sessions: QuerySet[ScheduledSession], *, now: datetime) -> list[Series]:
    """The item's series that have sessions to come among these. Two queries."""
    coming = sessions.filter(item=item, starts_at__gt=now, recurrence__isnull=False, cancelled_at=None)
    first: dict[int, tuple[datetime, int, int]] = {}
    for recurrence, starts_at, pk in coming.order_by("starts_at", "pk").values_list("recurrence", "starts_at", "pk"):
        at, session, number = first.get(recurrence, (starts_at, pk, 0))
        first[recurrence] = (at, session, number + 1)
    found = item.recurrences.filter(pk__in=first).select_related("teacher", "room", "item__teacher", "item__room")
    return [Series(one, first[one.pk][2], first[one.pk][0], first[one.pk][1]) for one in found]


def booked_through_marketplaces(sessions: QuerySet[ScheduledSession], *, ours: frozenset[str]) -> list[tuple[str, int]]:
    """How many are booked in these sessions through each source that is not ours, most first (Q26)."""
    booked = Reservation.objects.active().filter(session__in=sessions).exclude(source__in=ours)
    counted = booked.order_by().values_list("source").annotate(number=Count("pk"))
    return list(counted.order_by("-number", "source"))
