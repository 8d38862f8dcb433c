"""What a studio and a marketplace agreed for a session: asked of whoever keeps the contracts."""

from collections.abc import Callable
from typing import TypeAlias

from bookings.models import ScheduledSession
from bookings.rules import Agreed
from bookings.sources import is_own

# session, source: None where no such marketplace is connected.
Asked: TypeAlias = Callable[[ScheduledSession, str], Agreed | None]
_asked: list[Asked] = []


def register(asked: Asked) -> None:
    """Make known who knows the contracts. Called in an `AppConfig.ready`."""
    _asked[:] = [asked]


def agreed_for(session: ScheduledSession, source: str) -> Agreed | None:
    """What was agreed with the marketplace whose word `source` is; None for our own people, and without a contract."""
    return _asked[0](session, source) if _asked and not is_own(source) else None
