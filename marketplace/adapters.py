"""What speaks with one marketplace: it translates, and holds no rule."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from bookings.models import ReservationEvent
from marketplace.models import Connection, Listing
from marketplace.rules import Offer, Operation


@dataclass(frozen=True)
class Answer:
    """What a marketplace said to a call. `external_id`: what it calls the session, where it says so."""

    text: str = ""
    external_id: str = ""


class Unanswered(Exception):
    """The marketplace did not answer, or said that it cannot now (a time-out, 429, 5xx). It may have heard us."""

    def __init__(self, text: str, *, retry_after: timedelta = timedelta(0)) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class LockedOut(Exception):
    """The marketplace does not accept our credentials (401, 403): no call's own fault."""


class CallRefused(Exception):
    """The marketplace will not do this, however often it is asked (other 4xx)."""


class Adapter(Protocol):
    """One marketplace as one studio meets it.

    A call takes ten seconds at most, may come twice with the same `key`, and raises Unanswered, LockedOut or
    CallRefused, whose texts are kept and shown and hold no personal data.
    """

    # Whether the marketplace moves a session that it has, in time or place.
    can_move: bool

    def tell(self, operation: Operation, listing: Listing, offer: Offer | None, *, key: UUID) -> Answer:
        """Say one thing about a session. `offer`: as it should be shown; None for those that take it away."""

    def report(self, listing: Listing, event: ReservationEvent, *, key: UUID) -> Answer:
        """Say what the studio did with a guest of this marketplace."""


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
