"""Shared by the tests of bookings: a class from 18:00 to 19:00 local time, and plain readings of what was done."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bookings import actions
from bookings.models import Pulse, Reservation, ReservationEvent, ScheduledSession
from portal.models import Member, StaffLogin
from tests.factories import MemberFactory, SessionFactory

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def at(clock: str, *, days: int = 0) -> datetime:
    """A local time on 10 June 2026, or so many days later."""
    hour, minute = clock.split(":")
    return datetime(2026, 6, 10, int(hour), int(minute), tzinfo=AMSTERDAM) + timedelta(days=days)


def evening_class(**fields: Any) -> ScheduledSession:
    return SessionFactory(**{"starts_at": at("18:00"), **fields})


def booked(
    session: ScheduledSession,
    member: Member | None = None,
    *,
    by: StaffLogin | None = None,
    now: datetime | None = None,
) -> Reservation:
    """A reservation made by the action itself, with its event; by the member, two days before."""
    member = member or MemberFactory(studio=session.studio)
    done = actions.reserve(
        session,
        member,
        source="direct",
        action_id=uuid4(),
        by=by,
        now=now or session.starts_at - timedelta(days=2),
    )
    return done.reservation


def kinds(reservation: Reservation) -> list[str]:
    return list(reservation.events.order_by("id").values_list("kind", flat=True))


def pulse(session: ScheduledSession) -> int:
    return Pulse.objects.filter(studio=session.studio_id).values_list("version", flat=True).first() or 0


def fresh(reservation: Reservation) -> Reservation:
    return Reservation.objects.select_related("session", "location").get(pk=reservation.pk)


def everything() -> list[Any]:
    """All that an action could write, to be compared before and after one that must not."""
    return [
        list(Reservation.objects.order_by("id").values()),
        list(ReservationEvent.objects.order_by("id").values()),
        list(ScheduledSession.objects.order_by("id").values()),
        list(Pulse.objects.order_by("pk").values()),
    ]
