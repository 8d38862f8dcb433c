"""What became of the reservations of a month (P5, P6): sums by month, by class, and the rows themselves.

A month is local to each location, and a visit belongs to the month in which its session starts (Q15). States come from
`with_state`, so that a sweep that is late changes no number.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self

from django.db import connection
from django.db.models import Count, DateField, DateTimeField, F, Func, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast

from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import State
from bookings.selectors.local_days import next_month, starting_within
from portal.models import Location

# Booked, in the tables: whoever had a place and did not give it back in time.
KEPT = (State.CHECKED_IN, State.NO_SHOW, State.LATE_CANCELLED, State.NO_CHECK_IN, State.BOOKED)


@dataclass
class Outcome:
    """Reservations counted by state; sums of them add up."""

    states: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)  # of the check-ins
    first_visits: int = 0
    held: int = 0
    # Places taken and offered in the sessions held, as far as these have a capacity.
    taken: int = 0
    capacity: int = 0

    @property
    def booked(self) -> int:
        return sum(self.states[state] for state in KEPT)

    @property
    def checked_in(self) -> int:
        return self.states[State.CHECKED_IN]

    @property
    def no_shows(self) -> int:
        return self.states[State.NO_SHOW]

    @property
    def late_cancels(self) -> int:
        return self.states[State.LATE_CANCELLED]

    @property
    def reservations(self) -> int:
        return self.states.total()

    @property
    def occupancy(self) -> int | None:
        """Per cent of the places offered that were taken; None where no capacity is recorded."""
        return round(100 * self.taken / self.capacity) if self.capacity else None

    def count(self, row: dict[str, Any]) -> None:
        """Add one row of `_counted`."""
        self.states[row["state_word"]] += row["number"]
        if row["state_word"] == State.CHECKED_IN and "source" in row:
            self.sources[row["source"]] += row["number"]

    def __iadd__(self, other: Self) -> Self:
        self.states += other.states
        self.sources += other.sources
        self.first_visits += other.first_visits
        self.held += other.held
        self.taken += other.taken
        self.capacity += other.capacity
        return self


def in_month(locations: Iterable[Location], month: date) -> Q:
    return starting_within(locations, month, next_month(month))


def local_month(path: str | datetime = "starts_at", zone: str = "location__zone") -> Cast:
    """The first day of the month that the moment falls in, where it happens. `path`: a column, or a moment for all."""
    moment = F(path) if isinstance(path, str) else Value(path, DateTimeField())
    there = Func(F(zone), moment, function="timezone")
    return Cast(Func(Value("month"), there, function="date_trunc"), DateField())


def by_month(locations: list[Location], first: date, after: date, *, now: datetime) -> dict[date, dict[int, Outcome]]:
    """The outcome of each month from `first` to before `after`, by location id.

    Both days are first days of months. Months without a reservation are absent.
    """
    found: dict[date, dict[int, Outcome]] = defaultdict(lambda: defaultdict(Outcome))
    counted = (
        Reservation.objects.filter(starting_within(locations, first, after))
        .with_state(now)
        .values("location_id", "source", "state_word", month=_local_month())
        .annotate(number=Count("*"))
    )
    for row in counted:
        found[row["month"]][row["location_id"]].count(row)
    for location_id, month, number in _first_visits(locations):
        if first <= month < after:
            found[month][location_id].first_visits += number
    return found


def check_ins_by_month(locations: list[Location], first: date, after: date) -> dict[date, int]:
    """Only the check-ins, for a chart."""
    counted = (
        Reservation.objects.attended()
        .filter(starting_within(locations, first, after))
        .values(month=_local_month())
        .annotate(number=Count("*"))
    )
    return {row["month"]: row["number"] for row in counted}


def first_visits_in(locations: list[Location], month: date) -> int:
    """How many members were at one of these locations for the first time in this month (Q14)."""
    return sum(number for _, local_month, number in _first_visits(locations) if local_month == month)


def by_class(locations: list[Location], month: date, *, now: datetime) -> list[tuple[CalendarItem, Outcome]]:
    """Each class with a session in the month, with its outcome, by name."""
    outcomes: dict[int, Outcome] = defaultdict(Outcome)
    here = in_month(locations, month)
    counted = (
        Reservation.objects.filter(here)
        .with_state(now)
        .values("session__item_id", "state_word")
        .annotate(number=Count("*"))
    )
    for row in counted:
        outcomes[row["session__item_id"]].count(row)
    for row in _held(ScheduledSession.objects.filter(here), now).values("item_id", "held", "taken", "offered"):
        outcomes[row["item_id"]] += Outcome(held=row["held"], taken=row["taken"] or 0, capacity=row["offered"] or 0)
    items = CalendarItem.objects.filter(pk__in=outcomes).select_related("teacher", "location").order_by("name", "id")
    return [(item, outcomes[item.pk]) for item in items]


def sessions_of(
    item: CalendarItem, locations: list[Location], month: date, *, now: datetime
) -> list[tuple[ScheduledSession, Outcome]]:
    """The class's sessions of the month in order, each with its outcome."""
    sessions = item.sessions.filter(in_month(locations, month)).select_related("location", "teacher", "room")
    outcomes: dict[int, Outcome] = defaultdict(Outcome)
    counted = (
        Reservation.objects.filter(session__in=sessions)
        .with_state(now)
        .values("session_id", "state_word")
        .annotate(number=Count("*"))
    )
    for row in counted:
        outcomes[row["session_id"]].count(row)
    for session in sessions:
        if session.cancelled_at is None and session.starts_at <= now:
            limited = session.capacity is not None
            outcomes[session.pk] += Outcome(
                held=1, taken=session.places_taken if limited else 0, capacity=session.capacity or 0
            )
    return [(session, outcomes[session.pk]) for session in sessions]


def reservations_of(
    sessions: Iterable[ScheduledSession], *, outcome: State | None = None, now: datetime
) -> QuerySet[Reservation]:
    """The reservations of these sessions with this outcome, or all, in the order of the sessions, then by name.

    Each has its state and its star.
    """
    found = (
        Reservation.objects.filter(session__in=sessions)
        .with_state(now)
        .with_first_visit()
        .with_ticked_there()
        .select_related("member", "location", "checked_in_by__user")
        .order_by("starts_at", "session_id", "member__first_name", "member__last_name", "id")
    )
    return found.filter(state_word=outcome) if outcome else found


def total(outcomes: Iterable[Outcome]) -> Outcome:
    """The sum of all, for the foot of a table."""
    added = Outcome()
    for outcome in outcomes:
        added += outcome
    return added


def _local_month() -> Cast:
    """The first day of the month in which the moment falls where it happens."""
    there = Func(F("location__zone"), F("starts_at"), function="timezone")
    return Cast(Func(Value("month"), there, function="date_trunc"), DateField())


def _held(sessions: QuerySet[ScheduledSession], now: datetime) -> Any:
    held = Q(cancelled_at__isnull=True, starts_at__lte=now)
    limited = held & Q(capacity__isnull=False)
    return (
        sessions.order_by()
        .values("item_id")
        .annotate(
            held=Count("pk", filter=held),
            taken=Sum("places_taken", filter=limited),
            offered=Sum("capacity", filter=limited),
        )
    )


def _first_visits(locations: list[Location]) -> list[tuple[int, date, int]]:
    """How many members had their first visit where and in which local month: (location id, month, number).

    Reads the index of attended visits once; asking each row for an earlier one costs ten times as much.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT place.id, date_trunc('month', timezone(place.zone, visit.first_at))::date, count(*)
              FROM (SELECT location_id, min(starts_at) AS first_at
                      FROM bookings_reservation
                     WHERE attendance = 'checked_in' AND location_id = ANY(%s)
                     GROUP BY member_id, location_id) visit
              JOIN portal_location place ON place.id = visit.location_id
             GROUP BY 1, 2
            """,
            [[location.pk for location in locations]],
        )
        return cursor.fetchall()
