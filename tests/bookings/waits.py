"""Shared by the tests of waiting lists: a full class, and people who wait for it."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from bookings import actions
from bookings.actions import Waited
from bookings.models import Reservation, ScheduledSession, WaitingEntry, WaitingEvent
from bookings.rules import CancelAs
from portal.models import Member
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import MemberFactory

BEFORE = at("12:00")


def full_class(capacity: int = 2, **fields: Any) -> tuple[ScheduledSession, list[Reservation]]:
    """A class at 18:00 with all places taken; lists close at 16:00, and offers are held for an hour."""
    session = evening_class(item__capacity=capacity, **fields)
    return session, [booked(session) for _ in range(capacity)]


def join(
    session: ScheduledSession, member: Member | None = None, *, now: datetime = BEFORE, **more: Any
) -> WaitingEntry:
    member = member or MemberFactory(studio=session.studio)
    given = {"source": "direct", "action_id": uuid4(), "by": None, "now": now, **more}
    return actions.join_waiting(session, member, **given).entry


def give_up(reservation: Reservation, *, now: datetime = BEFORE) -> None:
    """Cancelled by the member: the deadline has passed at noon, so it is late."""
    actions.cancel(reservation, outcome=CancelAs.LATE, action_id=uuid4(), by=None, now=now)


def accept(entry: WaitingEntry, *, now: datetime = BEFORE, **more: Any) -> Waited:
    return actions.accept_place(entry, **{"action_id": uuid4(), "by": None, "now": now, **more})


def decline(entry: WaitingEntry, *, now: datetime = BEFORE) -> Waited:
    return actions.decline_place(entry, action_id=uuid4(), by=None, now=now)


def happened(entry: WaitingEntry) -> list[str]:
    return list(entry.events.order_by("id").values_list("kind", flat=True))


def states(session: ScheduledSession) -> list[str]:
    """The state of each wait, in the order of joining."""
    return list(session.waiting.in_order().values_list("state", flat=True))


def places(session: ScheduledSession) -> tuple[int, int]:
    """Taken and held, as the session says and as the rows are: they must agree."""
    session.refresh_from_db()
    taken = session.reservations.active().count()
    held = session.waiting.filter(state=WaitingEntry.State.OFFERED).count()
    assert (session.places_taken, session.places_held) == (taken, held)
    return taken, held


def everything_of_lists() -> list[Any]:
    return [list(WaitingEntry.objects.order_by("id").values()), list(WaitingEvent.objects.order_by("id").values())]
