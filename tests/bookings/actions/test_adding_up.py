"""Whatever is done, places, spots and axes follow from the log."""

import random
from itertools import pairwise
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import Refused
from bookings.models import Reservation, ReservationEvent
from bookings.rules import Booking, CancelAs
from tests.bookings.actions.verbs import (
    AFTER,
    BEFORE,
    booked_now,
)
from tests.bookings.scenes import at, evening_class
from tests.factories import MemberFactory, RoomFactory, SpotFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_places_and_log_add_up(seed: int) -> None:
    """A random walk of 120 steps: the count of places, the spots and the axes always follow from the log."""
    chance = random.Random(seed)
    room = RoomFactory()
    for order in range(2):
        SpotFactory(room=room, fill_order=order, label=str(order))
    session = evening_class(item__location=room.location, item__capacity=4, room=room)
    desk = StaffLoginFactory(studio=session.studio)
    members = [MemberFactory(studio=session.studio) for _ in range(6)]
    moments = [at("12:00", days=-1), BEFORE, at("18:01"), at("18:59"), AFTER, at("12:00", days=1)]
    refused = 0
    for _ in range(120):
        now = chance.choice(moments)  # also backwards: clocks of two servers differ
        rows = [*Reservation.objects.order_by("id")]
        row = chance.choice(rows) if rows else None
        verb = chance.choice(["reserve", "cancel", "check_in", "no_show", "undo", "sweep"])
        try:
            if row is None or verb == "reserve":
                booked_now(session, chance.choice(members), chance.choice([desk, None]), now)
            elif verb == "cancel":
                actions.cancel(row, outcome=chance.choice([*CancelAs]), action_id=uuid4(), by=desk, now=now)
            elif verb == "check_in":
                actions.check_in(row, action_id=uuid4(), by=desk, now=now)
            elif verb == "no_show":
                actions.mark_no_show(row, action_id=uuid4(), by=desk, now=now)
            elif verb == "undo":
                actions.undo(chance.choice([*row.events.order_by("id")]), action_id=uuid4(), by=desk, now=now)
            else:
                actions.sweep_no_shows(now=now)
        except Refused:
            refused += 1
        session.refresh_from_db()
        active = Reservation.objects.active().filter(session=session)
        assert session.places_taken == active.count() <= 4
        spots = [spot for spot in active.values_list("spot_id", flat=True) if spot]
        assert len(spots) == len(set(spots))
        for reservation in Reservation.objects.prefetch_related("events"):
            log = sorted(reservation.events.all(), key=lambda event: event.pk)
            assert all(a.after == b.before for a, b in pairwise(log))
            axes = {a: getattr(reservation, a) for a in ("booking", "attendance", "excused")}
            assert log[-1].after == axes
    assert 0 < refused < 120
    assert session.reservations.exclude(booking=Booking.BOOKED).exists()
    versions = list(ReservationEvent.objects.order_by("id").values_list("version", flat=True))
    assert versions == sorted(versions)
