"""What staff are told of their classes by mail: today's in the morning, tomorrow's the evening before."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking
from bookings.selectors.local_days import starting_within
from bookings.selectors.upcoming import Booked, for_login, with_counts
from portal.models import Location, StaffLogin, Teacher


@dataclass(frozen=True)
class Unsaid:
    """A class of yesterday, and how many of its people have no check-in without anybody having said that they were not
    there."""

    session: ScheduledSession
    number: int


def classes_on(login: StaffLogin, locations: list[Location], *, offset: int, now: datetime) -> list[Booked]:
    """The classes that take place on the local day so many days from today, with their counts. Three queries."""
    sessions = for_login(login, locations).filter(_day(locations, offset, now), cancelled_at=None)
    return with_counts(_in_order(sessions), now=now)


def own_classes_on(teacher: Teacher, locations: list[Location], *, offset: int, now: datetime) -> list[Booked]:
    """The same of the classes that this person teaches, at all locations of the studio."""
    sessions = ScheduledSession.objects.filter(_day(locations, offset, now), teacher=teacher, cancelled_at=None)
    return with_counts(_in_order(sessions), now=now)


def _in_order(sessions: QuerySet[ScheduledSession]) -> QuerySet[ScheduledSession]:
    return sessions.select_related("item", "location", "room", "teacher").order_by("starts_at", "item__name", "id")


def _day(locations: list[Location], offset: int, now: datetime) -> Q:
    """Each location by its own calendar (Q15)."""
    wanted = Q(pk__in=[])
    for place in locations:
        day = place.local_day(now) + timedelta(days=offset)
        wanted |= starting_within([place], day, day + timedelta(days=1))
    return wanted


def unsaid_yesterday(login: StaffLogin, locations: list[Location], *, now: datetime) -> list[Unsaid]:
    """Yesterday's classes with people who are neither in nor marked absent by a person; the sweep is no person. Two
    queries."""
    said = ReservationEvent.objects.filter(
        reservation=OuterRef("pk"), kind=ReservationEvent.Kind.NO_SHOW, by__isnull=False, undone_by=None
    )
    counted = (
        Reservation.objects.filter(
            _day(locations, -1, now),
            ~Exists(said),
            session__in=for_login(login, locations).filter(cancelled_at=None),
            booking=Booking.BOOKED,
            ends_at__lte=now,
        )
        .exclude(attendance=Attendance.CHECKED_IN)
        .order_by()
        .values_list("session")
        .annotate(number=Count("*"))
    )
    numbers = dict(counted)
    sessions = _in_order(ScheduledSession.objects.filter(pk__in=numbers))
    return [Unsaid(session, numbers[session.pk]) for session in sessions]


def teachers_on(days: dict[int, date], locations: Collection[Location]) -> set[tuple[int, int]]:
    """(studio, login) of those who teach on the local day of {studio: day} somewhere, and can log in. One query."""
    wanted = Q(pk__in=[])
    for place in locations:
        if day := days.get(place.studio_id):
            wanted |= starting_within([place], day, day + timedelta(days=1))
    sessions = ScheduledSession.objects.filter(
        wanted, cancelled_at=None, teacher__login__is_active=True, teacher__login__user__is_active=True
    )
    return set(sessions.order_by().values_list("studio", "teacher__login").distinct())
