"""The special passes of a member: one for each marketplace booking, and what it comes to (I8, Q22)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from bookings.models import Reservation
from bookings.rules import Booking
from marketplace import rules
from marketplace.models import Conflict, ContractTerms, Visit
from marketplace.rules import Settled, VisitFacts
from marketplace.selectors.answers import said_absent
from portal.models import Location, Member

# A profile is read by people: so many passes are shown, the newest classes first.
SHOWN = 50


@dataclass(frozen=True)
class Pass:
    """`is_open`: the place is booked, and the class takes place and is not over."""

    name: str
    reservation: Reservation
    is_open: bool
    settled: Settled


def passes_of(member: Member, locations: Collection[Location], *, now: datetime) -> list[Pass]:
    """One for each booking, the newest class first. One query."""
    disputed = Conflict.objects.filter(Q(settled_at=None) | Q(verdict=Conflict.Verdict.DISPUTED), visit=OuterRef("pk"))
    visits = (
        Visit.objects.booked()
        .annotate(is_disputed=Exists(disputed), is_denied=said_absent())
        .filter(reservation__member=member, reservation__location__in=locations)
        .select_related("reservation__session__item", "reservation__location", "terms")
        .order_by("-reservation__starts_at", "-pk")[:SHOWN]
    )
    return [
        Pass(visit.pass_name, booked, _is_open(booked, now), rules.settlement(_facts(visit, booked, now)))
        for visit in visits
        if (booked := visit.reservation) is not None
    ]


def _facts(visit: Visit, reservation: Reservation, now: datetime) -> VisitFacts:
    terms = visit.terms
    late_cancels = terms.late_cancel_paid if terms and terms.late_cancel_rate else ContractTerms.LateCancel.NEVER
    return VisitFacts(
        state=reservation.state(now),
        class_cancelled=reservation.session.cancelled_at is not None,
        confirmed_at=visit.confirmed_at,
        is_disputed=getattr(visit, "is_disputed", False),
        denied=getattr(visit, "is_denied", False) and not _is_cancelled_there(visit),
        has_terms=terms is not None,
        pays_late_cancels=late_cancels != ContractTerms.LateCancel.NEVER,
        pays_no_shows=terms is not None and terms.no_show_rate > 0,
    )


def _is_cancelled_there(visit: Visit) -> bool:
    """Its last word is a cancellation: it holds no check-in any more, and says what the person said."""
    cancelled, confirmed = visit.cancelled_at, visit.confirmed_at
    return cancelled is not None and (confirmed is None or confirmed <= cancelled)


def _is_open(reservation: Reservation, now: datetime) -> bool:
    takes_place = reservation.session.cancelled_at is None and now < reservation.ends_at
    return reservation.booking == Booking.BOOKED and takes_place
