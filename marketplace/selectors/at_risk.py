"""Visits that may not be paid, and what two sides say differently, as the counter sees them (X3, Q11)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum, When

from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking
from bookings.selectors.upcoming import LONGEST_SESSION, for_login
from marketplace.models import Conflict, Connection, Visit
from marketplace.models.visit import ConflictQuerySet
from marketplace.rules.risk import Risk, RiskFacts, risk
from marketplace.selectors.answers import said_absent
from marketplace.selectors.urgent import urgent, window_of
from portal.models import Location, StaffLogin, Studio

# So many conflicts are read at once.
MOST = 200


@dataclass(frozen=True)
class AtRisk:
    """One visit, what saves it until when, and what it is worth by its contract; None: without a contract."""

    visit: Visit
    reservation: Reservation
    risk: Risk
    rate: Decimal | None
    currency: str


@dataclass(frozen=True)
class Found:
    """Those that are shown, the most urgent first, and of all: how many, until when, and their worth by currency."""

    lines: list[AtRisk]
    number: int
    first_until: datetime | None
    sums: dict[str, Decimal]


def is_connected(studio: Studio) -> bool:
    return Connection.objects.filter(studio=studio).told().exists()


def at_risk(
    login: StaffLogin, locations: list[Location], *, now: datetime, most: int, session: int | None = None
) -> Found:
    """What this login can see of it at these locations, or of one session.

    `most`: so many lines at most, today's before others. One query; a second one where there are more than that.
    """
    of_session = {} if session is None else {"reservation__session": session}
    visits = Visit.objects.filter(
        ~Exists(Conflict.objects.open().filter(visit=OuterRef("pk"))),
        studio=login.studio_id,
        reservation__studio=login.studio_id,
        reservation__session__in=for_login(login, locations),
        reservation__booking=Booking.BOOKED,
        reservation__session__cancelled_at=None,
        **of_session,
    )
    judged = urgent(visits, locations, now=now)
    read = judged.annotate(answered=said_absent()).select_related(
        "reservation__session__item",
        "reservation__location",
        "reservation__member",
        "connection__marketplace",
        "terms__contract",
    )[: most + 1]
    found = [one for visit in read if (one := _at_risk(visit, now)) is not None]
    lines = sorted(found[:most], key=lambda one: (one.risk.until, one.visit.pk))
    if len(found) > most:
        return _of_all(judged, lines)
    sums: dict[str, Decimal] = {}
    for one in lines:
        if one.rate is not None:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.rate
    return Found(lines, len(lines), lines[0].risk.until if lines else None, sums)


def _of_all(judged: QuerySet[Visit], lines: list[AtRisk]) -> Found:
    """What is too much to show is counted and added up by the database."""
    has_more = Q(additional=True, terms__additional_rate__isnull=False)
    rate = Case(When(has_more, then=F("terms__additional_rate")), default=F("terms__check_in_rate"))
    rows = list(
        judged.order_by()
        .values_list("terms__contract__currency")
        .annotate(number=Count("pk"), first=Min("until"), sum=Sum(rate))
    )
    return Found(
        lines,
        sum(number for _currency, number, _first, _sum in rows),
        min(first for _currency, _number, first, _sum in rows),
        {currency: amount for currency, _number, _first, amount in rows if amount is not None},
    )


def _at_risk(visit: Visit, now: datetime) -> AtRisk | None:
    reservation = visit.reservation
    if reservation is None:
        return None
    place = reservation.location
    found = risk(
        RiskFacts(
            takes_place=True,  # the query has left out the others
            starts_at=reservation.starts_at,
            ends_at=reservation.ends_at,
            is_today=place.local_day(reservation.starts_at) == place.local_day(now),
            ticked=reservation.attendance == Attendance.CHECKED_IN,
            confirmed=visit.confirmed_at is not None,
            answered=visit.answered,  # type: ignore[attr-defined]
            correction_until=reservation.correction_until,
            window=window_of(visit.connection.marketplace_id),
        ),
        now=now,
    )
    if found is None:
        return None
    terms = visit.terms
    rate = None
    if terms is not None:
        is_more = visit.additional and terms.additional_rate is not None
        rate = terms.additional_rate if is_more else terms.check_in_rate
    return AtRisk(visit, reservation, found, rate, terms.contract.currency if terms else "")


def conflicts(login: StaffLogin, locations: Collection[Location]) -> ConflictQuerySet:
    """Those that this login can see: at these locations, a teacher's own classes; without a place, for who sees all."""
    where = Q(location__in=locations)
    if not login.only_own_classes and not login.locations.exists():
        where |= Q(location=None)
    found = Conflict.objects.filter(where, studio=login.studio_id)
    return found.filter(visit__session__teacher__login=login) if login.only_own_classes else found


def class_of(conflict: Conflict) -> ScheduledSession | None:
    """The class that it is about, by the booking or by what a check-in without one named."""
    return (conflict.visit.session if conflict.visit else None) or conflict.session


def classes_of(login: StaffLogin, locations: list[Location], conflict: Conflict) -> list[ScheduledSession]:
    """Where who was here without a booking may have been: the class that was named, or those that ran then and there.

    Three at most, the earliest first, of those that this login can see.
    """
    if (named := class_of(conflict)) is not None:
        found = for_login(login, locations).filter(pk=named.pk)
    else:
        window, about = window_of(conflict.connection.marketplace_id), conflict.about
        places = [place for place in locations if conflict.location_id in {None, place.pk}]
        found = for_login(login, places).filter(
            starts_at__range=(about - LONGEST_SESSION, about + window.opens_before),
            ends_at__gte=about - window.closes_after,
        )
    return list(found.filter(cancelled_at=None).select_related("item", "location").order_by("starts_at", "pk")[:3])


def open_conflicts(
    login: StaffLogin, locations: Collection[Location], *, session: int | None = None
) -> QuerySet[Conflict]:
    """What waits for a person, the oldest first, with all that its card says. One query."""
    found = conflicts(login, locations).open()
    if session is not None:
        found = found.filter(Q(visit__session=session) | Q(session=session))
    return _with_card(found).order_by("opened_at", "pk")[:MOST]


def open_conflict(login: StaffLogin, locations: Collection[Location], key: int) -> Conflict | None:
    """One that still waits and that this login can see, with all that is said of it. One query."""
    return _with_card(conflicts(login, locations).open().filter(pk=key)).first()


def _with_card(conflicts: QuerySet[Conflict]) -> QuerySet[Conflict]:
    return conflicts.select_related(
        "visit__session__item",
        "visit__session__location",
        "session__item",
        "session__location",
        "visit__reservation__checked_in_by__user",
        "guest__member",
        "visit__guest__member",
        "connection__marketplace",
        "location",
    )
