"""A studio at a marketplace, and visits of all kinds, made with few statements."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import F

from bookings.models import CalendarItem, Reservation, ScheduledSession
from marketplace.models import Connection, Contract, ContractTerms, Guest, Visit
from portal.models import Location
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory
from tests.factories.marketplace import ConnectionFactory, ContractFactory, ContractTermsFactory

HOUR = timedelta(hours=1)
_REFS = count(1)


@dataclass
class House:
    """`house.visit(...)`: one more visit, by default a check-in."""

    connection: Connection
    contract: Contract
    place: Location
    guests: dict[int, Guest] = field(default_factory=dict)
    item: CalendarItem | None = None

    def guest(self, number: int = 1) -> Guest:
        if number not in self.guests:
            member = MemberFactory(studio=self.connection.studio)
            self.guests[number] = Guest.objects.create(
                studio=self.connection.studio, connection=self.connection, member=member, external_id=f"g{number}"
            )
        return self.guests[number]

    def session(self, starts_at: datetime, place: Location | None = None, **fields: Any) -> ScheduledSession:
        where = place or self.place
        self.item = self.item or CalendarItemFactory(studio=self.connection.studio, location=self.place)
        fields = {"capacity": None, "item": self.item, **fields}
        return SessionFactory(
            studio=self.connection.studio, location=where, starts_at=starts_at, ends_at=starts_at + HOUR, **fields
        )

    def visit(
        self,
        starts_at: datetime,
        kind: str = "check_in",
        *,
        guest: int = 1,
        place: Location | None = None,
        session: ScheduledSession | None = None,
        additional: bool | None = None,
        **fields: Any,
    ) -> Visit:
        """`kind`: check_in, no_show, late_cancel, cancelled or booked."""
        with transaction.atomic():
            reservation = self._reservation(session or self.session(starts_at, place), kind, guest)
        return Visit.objects.create(
            studio=self.connection.studio,
            connection=self.connection,
            booking_ref=f"ref-{next(_REFS)}",
            guest=self.guest(guest),
            session=reservation.session,
            reservation=reservation,
            pass_name="wellpass",
            requested_at=reservation.starts_at - timedelta(days=1),
            additional=additional,
            **fields,
        )

    def _reservation(self, session: ScheduledSession, kind: str, guest: int) -> Reservation:
        booking = {"late_cancel": "late_cancelled", "cancelled": "cancelled"}.get(kind, "booked")
        attendance = {"check_in": "checked_in", "no_show": "no_show"}.get(kind, "unknown")
        reservation = Reservation.objects.create(
            studio=self.connection.studio,
            session=session,
            member=self.guest(guest).member,
            location=session.location,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            source=self.connection.marketplace_id,
            booking=booking,
            attendance=attendance,
            booked_at=session.starts_at - timedelta(days=1),
            cancelled_at=None if booking == "booked" else session.starts_at - HOUR,
            checked_in_at=session.starts_at if attendance == "checked_in" else None,
            deadline_at=session.starts_at - 4 * HOUR,
            deadline_from="contract",
        )
        if booking == "booked":
            ScheduledSession.objects.filter(pk=session.pk).update(places_taken=F("places_taken") + 1)
        return reservation

    def terms(self, first_on: date = date(2020, 1, 1), **fields: Any) -> ContractTerms:
        return ContractTermsFactory(contract=self.contract, first_on=first_on, **fields)


def house(zone: str = "Europe/Amsterdam", **fields: Any) -> House:
    """Live since October 2026, without terms yet: no month before it waits for an invoice."""
    connection = ConnectionFactory(**{"activated_at": datetime(2026, 10, 1, tzinfo=UTC), **fields})
    place = LocationFactory(studio=connection.studio, zone=zone)
    return House(connection, ContractFactory(connection=connection), place)


def at(text: str) -> datetime:
    """A moment of UTC: `at("2026-10-31 18:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
