"""One member: where they have been, what is to come, what was said and done about them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import CharField, Count, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast

from bookings.models import Reservation, ReservationEvent, WaitingEvent
from bookings.models.reservation import ReservationQuerySet
from bookings.rules import State
from bookings.selectors.history import KEPT
from bookings.selectors.upcoming import for_login
from portal.members.own import changes_of
from portal.members.scrubbing import profiles_of
from portal.models import Change, Location, Member, StaffLogin, Studio

RESERVATION, WAITING, CHANGE = "reservation", "waiting", "change"


@dataclass
class Year:
    """What the reservations of one local year came to."""

    year: int
    states: Counter[str] = field(default_factory=Counter)

    @property
    def visits(self) -> int:
        return self.states[State.CHECKED_IN]

    @property
    def no_shows(self) -> int:
        return self.states[State.NO_SHOW]

    @property
    def late_cancels(self) -> int:
        return self.states[State.LATE_CANCELLED]

    @property
    def booked(self) -> int:
        return sum(self.states[state] for state in KEPT)

    @property
    def all(self) -> int:
        return self.states.total()


def reservations_of(member: Member, locations: list[Location], *, now: datetime) -> Any:
    """All reservations at these locations, with state and star."""
    rows: ReservationQuerySet = Reservation.objects.filter(member=member, location__in=locations)
    return rows.with_state(now)


def years_of(
    member: Member, locations: list[Location], *, until: datetime, now: datetime, only: Q | None = None
) -> list[Year]:
    """What has begun by `until`, by local year, the latest first: one query. `only`: of those alone."""
    there = Func(F("location__zone"), F("starts_at"), function="timezone")
    counted = (
        reservations_of(member, locations, now=now)
        .filter(only or Q(), starts_at__lte=until)
        .values("state_word", year=Cast(Func(Value("year"), there, function="date_part"), IntegerField()))
        .annotate(number=Count("*"))
    )
    years: dict[int, Year] = {}
    for row in counted:
        years.setdefault(row["year"], Year(row["year"])).states[row["state_word"]] += row["number"]
    return sorted(years.values(), key=lambda year: -year.year)


def with_local_year(rows: Any) -> Any:
    there = Func(F("location__zone"), F("starts_at"), function="timezone")
    return rows.annotate(local_year=Cast(Func(Value("year"), there, function="date_part"), IntegerField()))


def visited(member: Member, locations: list[Location]) -> list[tuple[str, int]]:
    """The locations where the member has been, most often first, with the number of visits."""
    counted = (
        Reservation.objects.attended()
        .filter(member=member, location__in=locations)
        .values_list("location__name")
        .annotate(number=Count("*"))
        .order_by("-number", "location__name")
    )
    return list(counted)


def upcoming_of(member: Member, locations: list[Location], *, now: datetime) -> list[Any]:
    """What is booked from now on, and what runs, the soonest first."""
    return list(
        reservations_of(member, locations, now=now)
        .active()
        .filter(ends_at__gt=now)
        .select_related("session__item", "session__teacher", "location", "session__location")
        .order_by("starts_at", "id")
    )


def next_sessions(login: StaffLogin, locations: list[Location], text: str, *, now: datetime, limit: int) -> list[Any]:
    """The next sessions that can still take somebody; `text` is part of the class's or the teacher's name."""
    sessions = for_login(login, locations).filter(starts_at__gt=now, cancelled_at=None)
    for word in text.split()[:6]:
        sessions = sessions.filter(Q(item__name__icontains=word) | Q(teacher__name__icontains=word))
    return list(
        sessions.select_related("item", "teacher", "location").order_by("starts_at", "item__name", "id")[:limit]
    )


def log_of(member: Member, locations: list[Location]) -> QuerySet[Any]:
    """References to all that happened, as (log, key, moment), newest first; to be counted and sliced by a page."""
    members = profiles_of(member)
    events = ReservationEvent.objects.filter(reservation__member=member, reservation__location__in=locations)
    waits = WaitingEvent.objects.filter(entry__member=member, entry__session__location__in=locations)
    return (
        _refer(events, RESERVATION)
        .union(_refer(waits, WAITING), _refer(changes_of(members).order_by(), CHANGE), all=True)
        .order_by("-occurred_at", "-id")
    )


def read_log(
    studio: Studio, references: list[tuple[str, int, datetime]]
) -> list[ReservationEvent | WaitingEvent | Change]:
    """What these references of `log_of` stand for, in their order: three queries."""
    keys = {log: [pk for name, pk, _moment in references if name == log] for log in (RESERVATION, WAITING, CHANGE)}
    events = ReservationEvent.objects.filter(studio=studio).select_related(
        "reservation__session__item", "reservation__location", "by__user"
    )
    waits = WaitingEvent.objects.filter(studio=studio).select_related(
        "entry__session__item", "entry__session__location", "by__user"
    )
    rows: dict[tuple[str, int], Any] = {(RESERVATION, row.pk): row for row in events.filter(pk__in=keys[RESERVATION])}
    rows |= {(WAITING, row.pk): row for row in waits.filter(pk__in=keys[WAITING])}
    changes = Change.objects.filter(studio=studio).select_related("by__user")
    rows |= {(CHANGE, row.pk): row for row in changes.filter(pk__in=keys[CHANGE])}
    return [rows[log, pk] for log, pk, _moment in references]


def _refer(rows: QuerySet[Any], log: str) -> QuerySet[Any]:
    return rows.order_by().annotate(log=Value(log, output_field=CharField())).values_list("log", "id", "occurred_at")
