"""What a studio and a marketplace agreed for a session: asked of whoever keeps the contracts."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from bookings.models import ScheduledSession
from bookings.rules import Agreed, MarketplaceFacts
from bookings.sources import is_own
from portal.prepared import prepared_cursor

# session, source: None where no such marketplace is connected.
Asked: TypeAlias = Callable[[ScheduledSession, str], Agreed | None]
_asked: list[Asked] = []


def register(asked: Asked) -> None:
    """Make known who knows the contracts. Called in an `AppConfig.ready`."""
    _asked[:] = [asked]


def agreed_for(session: ScheduledSession, source: str) -> Agreed | None:
    """What was agreed with the marketplace whose word `source` is; None for our own people, and without a contract."""
    return _asked[0](session, source) if _asked and not is_own(source) else None


_BY_SOURCE = """
SELECT source, count(*) FROM bookings_reservation WHERE session_id = %s AND booking = 'booked' GROUP BY source
"""


def marketplace_facts(
    session: ScheduledSession, source: str, agreed: Agreed, booked: Mapping[str, int] | None = None
) -> MarketplaceFacts:
    """Under the session's lock the counts are the truth: nobody books there but with it."""
    if booked is None:
        with prepared_cursor() as cursor:
            cursor.execute(_BY_SOURCE, [session.pk])
            booked = dict(cursor.fetchall())
    return MarketplaceFacts(
        switched_on=session.item.allows_marketplaces,
        not_sold=agreed.not_sold,
        quota=agreed.quota,
        own=booked.get(source, 0),
        shared_quota=session.item.marketplace_quota,
        of_marketplaces=sum(places for one, places in booked.items() if not is_own(one)),
    )


def facts_for(session: ScheduledSession, source: str) -> MarketplaceFacts | None:
    """What the rules ask of a marketplace's guest; None for our own people, and where no such marketplace is known."""
    agreed = agreed_for(session, source)
    return marketplace_facts(session, source, agreed) if agreed else None
