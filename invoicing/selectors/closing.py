"""What is still to be settled before a studio's month is invoiced (N8): facts for the checklist, no words.

Each answer costs a fixed number of queries, however many visits there are; what is listed is cut, what is counted not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.db import connection as database
from django.db.models import Count, Exists, F, Max, Model, OuterRef, Q, QuerySet

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking
from bookings.selectors.local_days import starting_within
from invoicing import rules
from invoicing.models import Invoice, MonthClosing
from invoicing.selectors.figures import FIGURES
from marketplace.models import Conflict, Guest, Visit
from marketplace.selectors.answers import said_absent
from portal.members.duplicates import suggestions
from portal.models import Location, Studio
from portal.models.members import DuplicateSuggestion

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)
# So many of each kind are named.
NAMED = 20


@dataclass(frozen=True)
class Unticked:
    """A class that is over, and how many of marketplaces' guests nobody has ticked or missed by name.

    `until`: so long the desk can still say it.
    """

    session: ScheduledSession
    number: int
    until: datetime


@dataclass(frozen=True)
class Unclaused:
    """A visit that no terms of a contract cover."""

    visit: int
    marketplace: str
    member: str
    member_id: int
    class_name: str
    session: int
    starts_at: datetime
    location: Location


@dataclass(frozen=True)
class Window:
    """Until when the month's visits can be corrected at a location. `open`: classes of the month that still can be."""

    location: Location
    until: datetime
    is_open: bool


@dataclass(frozen=True)
class Counted(Generic[T]):
    """The first of them, and how many there are."""

    named: list[T]
    number: int


@dataclass(frozen=True)
class Checklist:
    """`is_over`: the month has ended at each location. `issued`: an invoice of it stands, so nothing is signed now.

    `unticked`: while the desk can still say it; `too_late`: guests of whom it can say nothing any more, who stay
    no-shows. `unmatched`: check-ins that name no booking. `nameless`: guests whom the marketplace gave no name. What
    keeps the invoice from being issued is asked apart (`plans.closing`).
    """

    month: date
    is_over: bool
    issued: bool
    closing: MonthClosing | None
    windows: list[Window]
    unticked: Counted[Unticked]
    too_late: int
    conflicts: Counted[Conflict]
    unmatched: Counted[Conflict]
    duplicates: Counted[DuplicateSuggestion]
    nameless: Counted[Guest]
    unclaused: Counted[Unclaused]

    @property
    def is_signable(self) -> bool:
        """A visit without a clause blocks: nobody can say what it is worth (screens, Invoices)."""
        return self.is_over and not self.issued and self.closing is None and not self.unclaused.number

    @property
    def open_points(self) -> int:
        """How many points of the list are not done."""
        return sum(
            bool(one)
            for one in (
                self.unticked.number,
                self.conflicts.number,
                self.unmatched.number + self.duplicates.number + self.nameless.number,
                self.unclaused.number,
            )
        )


def checklist(studio: Studio, month: date, *, now: datetime) -> Checklist:
    """What is open of the month (its first day), as it stands at `now`."""
    places = list(studio.locations.in_order())
    visits = _visits(studio, places, month)
    waiting = _conflicts(studio, places, month)
    without_booking = Q(kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING)
    after = rules.next_month(month)
    unticked, too_late = _unticked(visits, places, now=now)
    return Checklist(
        month=month,
        is_over=all(rules.ends_at(month, place.tz) <= now for place in places),
        issued=is_issued(studio, month),
        closing=MonthClosing.objects.filter(studio=studio, month=month).select_related("login__user").first(),
        windows=_windows(studio, places, month, now=now),
        unticked=unticked,
        too_late=too_late,
        conflicts=_counted(waiting.exclude(without_booking)),
        unmatched=_counted(waiting.filter(without_booking)),
        duplicates=_counted(_duplicates(studio, visits)),
        nameless=_counted(_nameless(studio, visits)),
        unclaused=_unclaused(studio, places, month, after, now=now),
    )


def is_issued(studio: Studio, month: date) -> bool:
    return Invoice.objects.filter(studio=studio, month=month, corrects=None).exists()


def has_unclaused(studio: Studio, month: date, *, now: datetime) -> bool:
    """Whether a visit of the month that is over has no terms; what an action asks before it signs."""
    places = list(studio.locations.all())
    return bool(_unclaused(studio, places, month, rules.next_month(month), now=now).number)


def _visits(studio: Studio, places: Iterable[Location], month: date) -> QuerySet[Visit]:
    """Of the month, booked or given up, at any of these locations."""
    of_month = Reservation.objects.filter(
        starting_within(places, month, rules.next_month(month)), studio=studio, visit__isnull=False
    )
    return Visit.objects.filter(studio=studio, reservation__in=of_month)


def _unticked(visits: QuerySet[Visit], places: Iterable[Location], *, now: datetime) -> tuple[Counted[Unticked], int]:
    """Those of classes that are over, whom nobody ticked, of whom nobody said that they were not here, and whom the
    marketplace has not confirmed: of classes that can be corrected, the most urgent first, and how many of others."""
    open_ones = visits.filter(
        Q(confirmed_at=None) | Q(cancelled_at__gte=F("confirmed_at")),
        ~said_absent(),
        reservation__booking=Booking.BOOKED,
        reservation__attendance__in=[Attendance.UNKNOWN, Attendance.NO_SHOW],
        reservation__session__cancelled_at=None,
        reservation__ends_at__lte=now,
    )
    counted = open_ones.values_list(
        "reservation__session", "reservation__location", "reservation__starts_at", "reservation__ends_at"
    ).annotate(number=Count("pk"))
    by_key = {place.pk: place for place in places}
    judged = [
        (by_key[place].correction_until(starts_at, ends_at), session, number)
        for session, place, starts_at, ends_at, number in counted
    ]
    urgent = sorted(one for one in judged if one[0] >= now)
    sessions = ScheduledSession.objects.select_related("item", "location").in_bulk(
        [session for _until, session, _number in urgent[:NAMED]]
    )
    named = [Unticked(sessions[session], number, until) for until, session, number in urgent[:NAMED]]
    number = sum(number for _until, _session, number in urgent)
    return Counted(named, number), sum(number for _until, _session, number in judged) - number


def _conflicts(studio: Studio, places: Iterable[Location], month: date) -> QuerySet[Conflict]:
    """Open ones about a class of the month, or about a moment in it where they name no class."""
    first = min((rules.ends_at(rules.month_before(month), place.tz) for place in places), default=None)
    last = max((rules.ends_at(month, place.tz) for place in places), default=None)
    sessions = ScheduledSession.objects.filter(
        starting_within(places, month, rules.next_month(month)), studio=studio
    ).filter(Q(pk=OuterRef("visit__session")) | Q(pk=OuterRef("session")))
    no_class = Q(visit__session=None, session=None, about__gte=first, about__lt=last)
    return (
        Conflict.objects.open()
        .filter(Exists(sessions) | no_class, studio=studio)
        .select_related(
            "visit__session__item", "session__item", "visit__guest__member", "guest__member", "connection__marketplace"
        )
        .order_by("opened_at", "pk")
    )


def _duplicates(studio: Studio, visits: QuerySet[Visit]) -> QuerySet[DuplicateSuggestion]:
    """Pairs that look like one person, of whom one was a marketplace's guest in the month."""
    guests = visits.filter(Q(reservation__member=OuterRef("one")) | Q(reservation__member=OuterRef("other")))
    return suggestions(studio).filter(Exists(guests))


def _nameless(studio: Studio, visits: QuerySet[Visit]) -> QuerySet[Guest]:
    of_month = visits.filter(guest=OuterRef("pk"))
    nobody = Q(member__first_name="", member__last_name="", member__scrubbed_at=None)
    found = Guest.objects.filter(nobody, Exists(of_month), studio=studio)
    return found.select_related("member", "connection__marketplace").order_by("pk")


# Those named, and how many there are.
_UNCLAUSED = (
    FIGURES
    + """
SELECT visit, count(*) OVER () FROM figures WHERE because = 'no_terms' ORDER BY starts_at, visit LIMIT %(most)s
"""
)


def _unclaused(
    studio: Studio, places: Iterable[Location], month: date, after: date, *, now: datetime
) -> Counted[Unclaused]:
    facts: dict[str, Any] = {"first": month, "after": after, "now": now, "most": NAMED}
    with database.cursor() as cursor:
        cursor.execute(_UNCLAUSED, {**facts, "connections": list(studio.connections.values_list("pk", flat=True))})
        rows = cursor.fetchall()
    visits = (
        Visit.objects.filter(pk__in=[visit for visit, _number in rows])
        .select_related("reservation__session__item", "reservation__member", "connection__marketplace")
        .order_by("reservation__starts_at", "pk")
    )
    by_key = {place.pk: place for place in places}
    return Counted([_named(one, by_key) for one in visits], rows[0][1] if rows else 0)


def _named(visit: Visit, places: dict[int, Location]) -> Unclaused:
    booked: Any = visit.reservation
    return Unclaused(
        visit=visit.pk,
        marketplace=visit.connection.marketplace.name,
        member=str(booked.member),
        member_id=booked.member_id,
        class_name=booked.session.item.name,
        session=booked.session_id,
        starts_at=booked.starts_at,
        location=places[booked.location_id],
    )


def _windows(studio: Studio, places: list[Location], month: date, *, now: datetime) -> list[Window]:
    """By location: 72 hours after its month, unless its own limit and its last class make it another moment."""
    last = {
        row["location"]: row
        for row in ScheduledSession.objects.filter(
            starting_within(places, month, rules.next_month(month)), studio=studio
        )
        .order_by()
        .values("location")
        .annotate(starts=Max("starts_at"), ends=Max("ends_at"))
    }
    found = []
    for place in places:
        row = last.get(place.pk)
        until = place.correction_until(row["starts"], row["ends"]) if row else rules.closes_at(month, place.tz)
        found.append(Window(place, until, is_open=now < until))
    return found


def _counted(found: QuerySet[Row]) -> Counted[Row]:
    named = list(found[: NAMED + 1])
    number = len(named) if len(named) <= NAMED else found.count()
    return Counted(named[:NAMED], number)
