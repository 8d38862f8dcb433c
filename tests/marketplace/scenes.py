"""A studio at a marketplace that notes what it hears, and answers as a test wants it to."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from bookings import actions as booking
from bookings.models import CalendarItem, Reservation, ReservationEvent, ScheduledSession
from marketplace import actions, tasks
from marketplace.adapters import ADAPTERS, Answer, register
from marketplace.models import Call, Connection, Listing
from marketplace.rules import Offer, Operation
from portal.jobs import worker
from portal.models import Job, StaffLogin
from portal.notices.gathering import TOGETHER
from portal.tasks import mail_together
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory
from tests.factories.marketplace import ConnectedLocationFactory, ConnectionFactory, ContractTermsFactory


@dataclass
class Marketplace:
    """What was said to it, in the order in which it came. `failing`: raised by the next calls, one each."""

    can_move: bool = True
    slow: float = 0
    heard: list[tuple[int, str, Offer | None]] = field(default_factory=list)
    keys: list[UUID] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)
    # How many calls about one session were under way at once, at most.
    at_once: int = 0
    under_way: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def tell(self, operation: Operation, listing: Listing, offer: Offer | None, *, key: UUID) -> Answer:
        return self._hear(listing, str(operation), offer, key)

    def report(self, listing: Listing, event: ReservationEvent, *, key: UUID) -> Answer:
        return self._hear(listing, event.kind, None, key)

    def _hear(self, listing: Listing, what: str, offer: Offer | None, key: UUID) -> Answer:
        self.under_way[listing.pk] += 1
        self.at_once = max(self.at_once, self.under_way[listing.pk])
        try:
            time.sleep(self.slow)
            self.keys.append(key)
            if self.failing:
                raise self.failing.pop(0)
            self.heard.append((listing.reference, what, offer))
            return Answer("thanks", external_id=f"there-{listing.reference}")
        finally:
            self.under_way[listing.pk] -= 1

    @property
    def words(self) -> list[str]:
        return [what for _reference, what, _offer in self.heard]

    @property
    def free(self) -> list[int | None]:
        """The free places, as told from call to call."""
        return [offer.seats.free for _reference, _what, offer in self.heard if offer]


@pytest.fixture
def there() -> Iterator[Marketplace]:
    """The marketplace of `ConnectionFactory`."""
    found = Marketplace()
    register("testing", lambda _connection: found)
    yield found
    del ADAPTERS["testing"]


def connected(**fields: Any) -> Connection:
    """A studio with one location, live at the marketplace, under a contract."""
    location = LocationFactory()
    connection = ConnectionFactory(studio=location.studio, **fields)
    ConnectedLocationFactory(connection=connection, location=location, external_id="centrum")
    ContractTermsFactory(contract__connection=connection)
    return connection


def item_of(connection: Connection, **fields: Any) -> CalendarItem:
    location = connection.studio.locations.get()
    return CalendarItemFactory(**{"location": location, "allows_marketplaces": True, "capacity": 10, **fields})


def session_of(connection: Connection, **fields: Any) -> ScheduledSession:
    """A class in an hour that may be sold there, and of which nobody has been told."""
    return SessionFactory(item=item_of(connection), **fields)


def book(session: ScheduledSession, source: str = "direct", by: StaffLogin | None = None) -> Reservation:
    done = booking.reserve(
        session,
        MemberFactory(studio=session.studio),
        source=source,
        action_id=uuid4(),
        by=by,
        now=timezone.now(),
    )
    return done.reservation


def deliver(connection: Connection) -> int:
    """Send what is due; how many calls were tried."""
    tried = 0
    while actions.deliver_next(connection.pk, now=timezone.now()):
        tried += 1
    return tried


def drain() -> None:
    """Do the jobs that are due, as a worker does, and after a minute those that waited for it to gather news."""
    assert tasks.deliver
    assert mail_together
    worker.drain("worker test")
    if Job.objects.open().filter(kind=TOGETHER, attempts=0).update(run_after=Now()):
        worker.drain("worker test")


def states(connection: Connection) -> list[str]:
    return list(Call.objects.filter(connection=connection).order_by("pk").values_list("state", flat=True))


def due_now(connection: Connection) -> None:
    """As if the pauses of its calls and of the connection were over."""
    Call.objects.filter(connection=connection, state=Call.State.WAITING).update(due_at=timezone.now())
    Connection.objects.filter(pk=connection.pk).update(quiet_until=None)
