"""The bookings of the next 14 days (P2, Q12)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Booking, State
from bookings.selectors import waiting
from bookings.selectors.local_days import midnight
from bookings.selectors.paid import with_paid
from bookings.sources import is_own
from portal.models import Location, StaffLogin

DAYS = timedelta(days=14)
# No calendar item is longer (its form refuses it), so an older start cannot still be running.
LONGEST_SESSION = timedelta(days=1)
# A class is low on bookings with at most this share of its places taken.
LOW = 1 / 3

CANCELLED = frozenset({State.CANCELLED, State.EXCUSED, State.LATE_CANCELLED})
# Nobody is asked to pay for these.
CALLED_OFF = CANCELLED | {State.SESSION_CANCELLED}


class Group(NamedTuple):
    """What the filters of the page ask of a person who booked."""

    source: str
    state: State
    is_first: bool
    is_unpaid: bool


@dataclass
class Booked:
    """One class with what its reservations add up to."""

    session: ScheduledSession
    states: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    # Everybody, by what the filters ask of a person.
    groups: Counter["Group"] = field(default_factory=Counter)
    newcomers: int = 0
    # Booked, and nothing pays for it (Q1).
    unpaid: int = 0
    # On the waiting list, those who are offered a place among them.
    waiting: int = 0

    @property
    def day(self) -> date:
        return self.session.location.local_day(self.session.starts_at)

    @property
    def marketplaces(self) -> list[tuple[str, int]]:
        """How many have a place through each marketplace, most first."""
        return [(source, number) for source, number in self.sources.most_common() if not is_own(source)]

    @property
    def checked_in(self) -> int:
        return self.states[State.CHECKED_IN]

    @property
    def expected(self) -> int:
        """Who is booked and not yet in; nobody is expected in a cancelled class."""
        return self.states[State.BOOKED] + self.states[State.NO_CHECK_IN]

    @property
    def people(self) -> int:
        return self.states.total()

    @property
    def is_full(self) -> bool:
        """No place that anyone can book: one that is held for the waiting list is not free."""
        session = self.session
        return session.capacity is not None and session.places_taken + session.places_held >= session.capacity

    @property
    def is_low(self) -> bool:
        return self.session.capacity is not None and self.session.places_taken <= self.session.capacity * LOW


def for_login(login: StaffLogin, locations: list[Location]) -> QuerySet[ScheduledSession]:
    """The sessions at these locations that this login may see: a teacher's own, everybody else's all (Q37)."""
    sessions = ScheduledSession.objects.filter(studio_id=login.studio_id, location__in=locations)
    return sessions.filter(teacher__login=login) if login.only_own_classes else sessions


def upcoming(login: StaffLogin, locations: list[Location], *, now: datetime) -> list[Booked]:
    """The classes from `now` to the end of the local day 14 days on, in order, with their counts (Q12, Q15).

    One that has begun and not ended is among them. Three queries, whatever the number of classes and of past visits.
    """
    sessions = _ahead(login, locations, now=now)
    return with_counts(sessions.select_related("item", "location", "room", "teacher"), now=now)


def unpaid_ahead(login: StaffLogin, locations: list[Location], *, now: datetime) -> int:
    """How many bookings of these classes nothing pays for, as the page lists them under *Unpaid*. One query."""
    found = Reservation.objects.active().unpaid().filter(session__cancelled_at=None)
    return found.filter(session__in=_ahead(login, locations, now=now).order_by()).count()


def _ahead(login: StaffLogin, locations: list[Location], *, now: datetime) -> QuerySet[ScheduledSession]:
    horizon = Q(pk__in=[])
    for location in locations:
        end = midnight(location.local_day(now) + DAYS + timedelta(days=1), location.tz)
        horizon |= Q(location=location, starts_at__gte=now - LONGEST_SESSION, starts_at__lt=end)
    sessions = for_login(login, locations).filter(horizon, ends_at__gt=now)
    return sessions.order_by("starts_at", "item__name", "id")


def with_counts(sessions: Iterable[ScheduledSession], *, now: datetime) -> list[Booked]:
    """These sessions in their order, each with what its reservations and its list add up to: two queries for all."""
    found = {session.pk: Booked(session) for session in sessions}
    starts = [booked.session.starts_at for booked in found.values()]
    if not starts:
        return []
    counted = (
        Reservation.objects.filter(session__in=list(found))
        # Said of the sessions too, or PostgreSQL reads all that there ever were to join these few.
        .filter(session__starts_at__range=(min(starts), max(starts)))
        .with_state(now)
        .with_first_visit()
        .annotate(unpaid=Q(purchase=None) & ~Q(assigned=Reservation.Assigned.FREE))
        .values("session_id", "source", "booking", "state_word", "first_here", "unpaid")
        .annotate(number=Count("*"))
    )
    for row in counted:
        booked = found[row["session_id"]]
        booked.states[row["state_word"]] += row["number"]
        state = State(row["state_word"])
        unpaid = row["unpaid"] and state not in CALLED_OFF
        booked.groups[Group(row["source"], state, bool(row["first_here"]), unpaid)] += row["number"]
        if row["booking"] == Booking.BOOKED:
            booked.sources[row["source"]] += row["number"]
            booked.newcomers += row["number"] * row["first_here"]
            booked.unpaid += row["number"] * unpaid
    for key, number in waiting.numbers([booked.session for booked in found.values()], now=now).items():
        found[key].waiting = number
    return list(found.values())


def evenings_of(session: ScheduledSession) -> dict[int, int]:
    """For one evening of a course: member's key -> how many evenings of it they have booked."""
    booked = Reservation.objects.active().filter(session__item=session.item_id)
    return dict(booked.order_by().values_list("member_id").annotate(number=Count("*")))


def people_of(session: ScheduledSession, *, now: datetime) -> QuerySet[Reservation]:
    """Everyone who booked this session, by name, with state and star; those who cancelled come last."""
    return (
        with_paid(session.reservations.with_state(now).with_first_visit())
        .select_related("member", "location", "session__item", "purchase__package")
        .order_by("booking", "member__first_name", "member__last_name", "id")
    )
