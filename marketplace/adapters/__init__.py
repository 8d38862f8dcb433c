"""What speaks with one marketplace: it translates, and holds no rule."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bookings.models import ReservationEvent
from marketplace.models import Connection, Listing, Visit
from marketplace.rules import Offer, Operation


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One request and what came back, for the log: without what proves who calls. `status` None: nobody answered."""

    subject: str
    at: datetime
    milliseconds: int
    method: str
    path: str
    request: str
    status: int | None = None
    answer: str = ""
    booking_ref: str = ""


@dataclass(frozen=True)
class Answer:
    """What a marketplace said to a call. `external_id`: what it calls the session, where it says so.

    `spoken` None: there was no need to ask it.
    """

    text: str = ""
    external_id: str = ""
    spoken: Spoken | None = None


class Failed(Exception):
    """A call did not do what it was for. The text is kept and shown: no personal data in it."""

    def __init__(self, text: str, *, spoken: Spoken | None = None) -> None:
        super().__init__(text)
        self.spoken = spoken


class Unanswered(Failed):
    """The marketplace did not answer, or said that it cannot now (a time-out, 429, 5xx). It may have heard us."""

    def __init__(self, text: str, *, retry_after: timedelta = timedelta(0), spoken: Spoken | None = None) -> None:
        super().__init__(text, spoken=spoken)
        self.retry_after = retry_after


class LockedOut(Failed):
    """No call can pass until somebody changes something, at no call's own fault: our credentials are not accepted (401,
    403), or its address is not one that we may call, or leads elsewhere."""


class CallRefused(Failed):
    """The marketplace will not do this, however often it is asked (other 4xx)."""


class Adapter(Protocol):
    """One marketplace as one studio meets it.

    A call takes ten seconds at most, may come twice with the same `key`, and raises Unanswered, LockedOut or
    CallRefused.
    """

    # Whether the marketplace moves a session that it has, in time or place.
    can_move: bool

    def tell(self, operation: Operation, listing: Listing, offer: Offer | None, *, key: UUID) -> Answer:
        """Say one thing about a session. `offer`: as it should be shown; None for those that take it away."""

    def report(self, listing: Listing, event: ReservationEvent, *, key: UUID) -> Answer:
        """Say what the studio did with a guest of this marketplace."""

    def decide(self, listing: Listing, visit: Visit, *, key: UUID) -> Answer:
        """Say whether a booking that the marketplace asked for was made, and if not, why."""

    def ping(self, *, key: UUID) -> Answer:
        """Ask whether anybody is there who knows us; changes nothing at the marketplace."""


Maker = Callable[[Connection], Adapter]
ADAPTERS: dict[str, Maker] = {}


class UnknownAdapter(Exception):
    """No adapter of this release has that name."""


def register(name: str, maker: Maker) -> None:
    ADAPTERS[name] = maker


def adapter_of(connection: Connection) -> Adapter:
    """Raises UnknownAdapter."""
    name = connection.marketplace.adapter
    if name not in ADAPTERS:
        raise UnknownAdapter(name)
    return ADAPTERS[name](connection)
