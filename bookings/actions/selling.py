"""Selling to somebody whose visit is unpaid, at the desk, while they stand there."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db import transaction

from bookings.actions.assigning import Assignment, assign, choose_again
from bookings.actions.recording import locked
from bookings.models import Reservation
from packages.actions import sell
from packages.models import Package, Purchase
from portal.models import StaffLogin


@dataclass(frozen=True)
class Sold:
    """What was sold, and what the visit uses since."""

    purchase: Purchase
    assignment: Assignment


class PaidSince(Exception):
    """The visit uses a purchase by now: somebody else was faster. Nothing was sold."""


def sell_for(
    reservation: Reservation, package: Package, *, action_id: UUID, by: StaffLogin | None, now: datetime
) -> Sold:
    """Sell the package to the visit's member, and let the visit use it at once; all or nothing.

    The rule is asked first, so that nobody seems to have overruled it; where it would choose another purchase, the new
    one is used all the same. Raises PaidSince, packages.actions.NotPossible, and both modules' ActionIdReused.
    """
    with transaction.atomic():
        session, reservation = locked(reservation)
        zone = session.location.tz
        sale = sell(package, reservation.member, zone=zone, action_id=action_id, by=by, now=now)
        if reservation.purchase_id is not None and not sale.repeated:
            raise PaidSince
        purchase = sale.purchase
        by_rule = choose_again(reservation, action_id=uuid5(action_id, "by the rule"), by=by, now=now)
        if by_rule.done.event.after["purchase"] == purchase.pk:
            return Sold(purchase, by_rule)
        by_hand = uuid5(action_id, "by hand")
        return Sold(purchase, assign(reservation, purchase, action_id=by_hand, by=by, now=now))
