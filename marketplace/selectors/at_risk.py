"""Visits that may not be paid, and what two sides say differently, as the counter sees them (X3, Q11)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.models import Reservation
from bookings.rules import Attendance, Booking
from bookings.selectors.upcoming import LONGEST_SESSION, for_login
from marketplace.models import Conflict, Connection, Visit
from marketplace.models.visit import ConflictQuerySet
from marketplace.rules.risk import Risk, RiskFacts, Window, risk
from marketplace.selectors.answers import said_absent
from portal.models import Location, StaffLogin, Studio

# So many lines are read at once; a counter that has more has another trouble.
MOST = 200


@dataclass(frozen=True)
class AtRisk:
    """One visit, what saves it until when, and what it is worth by its contract; None: without a contract."""

    visit: Visit
    reservation: Reservation
    risk: Risk
    rate: Decimal | None
    currency: str


def window_of(marketplace: str) -> Window:
    """When this marketplace takes check-ins: `settings.MARKETPLACE_CHECK_INS`."""
    named = settings.MARKETPLACE_CHECK_INS
    hours = named.get(marketplace, named[""])
    return Window(
        opens_before=timedelta(minutes=hours["opens_minutes"]),
        closes_after=timedelta(minutes=hours["closes_minutes"]),
        corrected_within=timedelta(hours=hours["corrected_hours"]),
    )


def is_connected(studio: Studio) -> bool:
    return Connection.objects.filter(studio=studio).told().exists()


def at_risk(login: StaffLogin, locations: list[Location], *, now: datetime, session: int | None = None) -> list[AtRisk]:
    """What this login can see of it at these locations, or of one session; the most urgent first. One query."""
    longest = max(named["corrected_hours"] for named in settings.MARKETPLACE_CHECK_INS.values())
    in_conflict = Conflict.objects.open().filter(visit=OuterRef("pk"))
    visits = (
        Visit.objects.filter(
            studio=login.studio_id,
            reservation__session__in=for_login(login, locations),
            reservation__booking=Booking.BOOKED,
            reservation__session__cancelled_at=None,
            reservation__starts_at__gte=now - LONGEST_SESSION - timedelta(hours=longest),
            reservation__starts_at__lte=now + timedelta(days=1),
        )
        .filter(Q(confirmed_at=None) | ~Q(reservation__attendance=Attendance.CHECKED_IN))
        .filter(~Exists(in_conflict))
        .annotate(answered=said_absent())
        .select_related(
            "reservation__session__item",
            "reservation__location",
            "reservation__member",
            "connection__marketplace",
            "terms__contract",
        )
        .order_by("reservation__starts_at", "pk")
    )
    if session is not None:
        visits = visits.filter(reservation__session=session)
    found = [one for visit in visits[:MOST] if (one := _at_risk(visit, now)) is not None]
    return sorted(found, key=lambda one: (one.risk.until, one.visit.pk))


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


def open_conflicts(
    login: StaffLogin, locations: Collection[Location], *, session: int | None = None
) -> QuerySet[Conflict]:
    """What waits for a person, the oldest first, with all that its card says. One query."""
    found = conflicts(login, locations).open()
    if session is not None:
        found = found.filter(visit__session=session)
    return found.select_related(
        "visit__session__item",
        "visit__session__location",
        "visit__reservation__checked_in_by__user",
        "guest__member",
        "visit__guest__member",
        "connection__marketplace",
        "location",
    ).order_by("opened_at", "pk")[:MOST]
