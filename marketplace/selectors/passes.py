"""The special passes of a member: one for each marketplace booking (I8, Q22)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bookings.models import Reservation
from bookings.rules import Booking
from marketplace.models import Visit
from portal.models import Location, Member

# A profile is read by people: so many passes are shown, the newest classes first.
SHOWN = 50


@dataclass(frozen=True)
class Pass:
    """`is_open`: the place is booked, and the class takes place and is not over."""

    name: str
    reservation: Reservation
    is_open: bool


def passes_of(member: Member, locations: Collection[Location], *, now: datetime) -> list[Pass]:
    """One for each booking, the newest class first. One query."""
    visits = (
        Visit.objects.booked()
        .filter(reservation__member=member, reservation__location__in=locations)
        .select_related("reservation__session__item", "reservation__location")
        .order_by("-reservation__starts_at", "-pk")[:SHOWN]
    )
    return [
        Pass(visit.pass_name, booked, _is_open(booked, now))
        for visit in visits
        if (booked := visit.reservation) is not None
    ]


def _is_open(reservation: Reservation, now: datetime) -> bool:
    takes_place = reservation.session.cancelled_at is None and now < reservation.ends_at
    return reservation.booking == Booking.BOOKED and takes_place
