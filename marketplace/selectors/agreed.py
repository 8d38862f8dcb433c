"""What the contract says for a session, to whoever books there (Q20, Q24)."""

from dataclasses import dataclass
from typing import Any

from bookings.models import CalendarItem, ScheduledSession
from bookings.rules import Agreed
from marketplace.models import Connection
from marketplace.rules import Question
from portal.prepared import prepared_cursor

# The connection, whether it has the location, and the terms that hold on that day (`TermsQuerySet.on`); composed by
# hand: it is asked while a marketplace's member waits.
_HELD = """
SELECT connection.state, connection.kinds,
       EXISTS (SELECT FROM marketplace_connectedlocation place
                WHERE place.connection_id = connection.id AND place.location_id = %(location)s),
       terms.id, terms.cancel_hours, terms.quota
  FROM marketplace_connection connection
  LEFT JOIN LATERAL (
    SELECT version.id, version.cancel_hours, version.quota
      FROM marketplace_contractterms version
      JOIN marketplace_contract contract ON contract.id = version.contract_id
     WHERE contract.connection_id = connection.id AND version.first_on <= %(day)s
       AND (contract.ends_on IS NULL OR contract.ends_on >= %(day)s)
     ORDER BY version.first_on DESC, version.id DESC LIMIT 1
  ) terms ON true
 WHERE connection.studio_id = %(studio)s AND connection.marketplace_id = %(source)s
"""


@dataclass(frozen=True)
class Held:
    """What holds between a studio and a marketplace for one session. `terms`: the key of the contract's version."""

    state: Connection.State
    kinds: frozenset[str]
    has_location: bool
    terms: int | None
    cancel_hours: int | None
    quota: int | None


def agreed_for(session: ScheduledSession, source: str) -> Agreed | None:
    """By the terms of the session's local day; None: the studio is not connected with that marketplace."""
    held = held_for(session, source)
    return agreed_by(held, session) if held else None


def agreed_by(held: Held, session: ScheduledSession) -> Agreed:
    """Asks nothing."""
    return Agreed(cancel_hours=held.cancel_hours, quota=held.quota, not_sold=_not_sold(held, session) or "")


def held_for(session: ScheduledSession, source: str) -> Held | None:
    """One query."""
    facts: dict[str, Any] = {
        "studio": session.studio_id,
        "source": source,
        "location": session.location_id,
        "day": session.location.local_day(session.starts_at),
    }
    with prepared_cursor() as cursor:
        cursor.execute(_HELD, facts)
        row = cursor.fetchone()
    if row is None:
        return None
    state, kinds, *others = row
    return Held(Connection.State(state), frozenset(kinds), *others)


def _not_sold(held: Held, session: ScheduledSession) -> Question | None:
    """The first of the connection's own reasons, in the order of `rules.publication`; the class's are asked apart."""
    if held.state not in {Connection.State.LIVE, Connection.State.PAUSED}:
        return Question.NOT_CONNECTED
    if session.item.kind == CalendarItem.Kind.COURSE:
        return Question.COURSE
    if session.item.kind not in held.kinds:
        return Question.KIND
    if not held.has_location:
        return Question.OTHER_LOCATION
    if held.terms is None:
        return Question.NO_CONTRACT
    if held.state is Connection.State.PAUSED:
        return Question.PAUSED
    return None
