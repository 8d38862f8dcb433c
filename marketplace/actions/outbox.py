"""Writing down what marketplaces must hear, in the transaction that causes it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from bookings.models import ReservationEvent
from marketplace.models import Call, Connection, Listing, Visit
from portal.jobs import OutsideTransaction, enqueue_many
from portal.joined import Joined
from portal.models import Studio
from portal.prepared import prepared_cursor

DELIVER = "marketplace.deliver"

# The twin of `Connection.objects.told`: each booking asks it.
_TOLD = Joined(Connection, "marketplace", prepared=True)
_OF_STUDIO = (
    "connection.studio_id = %s AND connection.state IN ('live', 'paused')"
    " AND marketplace.shape <> 'check_in' AND marketplace.adapter <> '' ORDER BY connection.id"
)
# The lanes of these sessions, locked until the commit: so nobody sends what is about to change. A lane is made for what
# may be sold there; what is there already has one.
_LANES = """
INSERT INTO marketplace_listing (studio_id, connection_id, session_id, reference, external_id, stand, place_mark,
                                 content_mark, seats_mark, answer, refused_marks)
SELECT session.studio_id, connection.id, session.id, session.id, '', '', '', '', '', '', ''
  FROM bookings_scheduledsession session
  JOIN bookings_calendaritem item ON item.id = session.item_id
  JOIN marketplace_connection connection ON connection.studio_id = session.studio_id
  JOIN marketplace_marketplace marketplace ON marketplace.key = connection.marketplace_id
 WHERE session.id = ANY(%(sessions)s) AND connection.id = ANY(%(connections)s)
   AND (%(all)s
     OR EXISTS (SELECT FROM marketplace_listing known
                 WHERE known.connection_id = connection.id AND known.reference = session.id)
     OR (item.allows_marketplaces AND item.kind = ANY(connection.kinds) AND session.cancelled_at IS NULL
         AND session.starts_at > %(now)s
         AND session.starts_at <= %(now)s + marketplace.horizon_days * interval '1 day'))
 ORDER BY connection.id, session.id
    ON CONFLICT (connection_id, reference) DO UPDATE SET reference = EXCLUDED.reference
RETURNING id
"""

# One waiting tell says it all; one that waits for its next try is due now. What is there and due is left alone.
_TELL = """
INSERT INTO marketplace_call (studio_id, connection_id, listing_id, kind, key, state, attempts, said, answer,
                              unanswered)
SELECT studio_id, connection_id, id, 'tell', gen_random_uuid(), 'waiting', 0, '', '', false
  FROM marketplace_listing
 WHERE id = ANY(%s)
 ORDER BY id
    ON CONFLICT (listing_id) WHERE kind = 'tell' AND state = 'waiting'
    DO UPDATE SET due_at = EXCLUDED.due_at WHERE marketplace_call.due_at > EXCLUDED.due_at
RETURNING connection_id
"""


def tell(studio: Studio, session_ids: Collection[int], *, now: datetime) -> int:
    """Let every marketplace of the studio hear how these sessions are, when this transaction commits; how many calls.

    Sessions that no marketplace has or may sell cause none. Raises OutsideTransaction.
    """
    connections = connections_to_tell(studio)
    return write_tells(connections, lanes(connections, session_ids, now=now))


def tell_removed(studio: Studio, references: Collection[int]) -> int:
    """The same of sessions that are gone from the schedule, by the keys that they had."""
    connections = connections_to_tell(studio)
    known = Listing.objects.filter(connection__in=connections, reference__in=references)
    return write_tells(
        connections, list(known.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    )


def report(event: ReservationEvent) -> Call | None:
    """Let the marketplace that booked this reservation hear what was done with its guest; once for each event."""
    reservation = event.reservation
    studio = Studio(pk=reservation.studio_id)
    connections = [one for one in connections_to_tell(studio) if one.marketplace_id == reservation.source]
    if not connections:
        return None
    (lane,) = lanes(connections, [reservation.session_id], now=event.occurred_at, all_of_them=True)
    call = Call(
        studio_id=studio.pk, connection=connections[0], listing_id=lane, kind=Call.Kind.REPORT, event_id=event.pk
    )
    Call.objects.bulk_create([call], ignore_conflicts=True)
    ring(connections[0])
    return Call.objects.get(connection=connections[0], event=event.pk)


def write_decision(visit: Visit) -> Call | None:
    """Let the marketplace hear what became of the booking that it asked for; once for each visit, in the transaction
    that decides. None where nobody is told. Raises OutsideTransaction.
    """
    studio = Studio(pk=visit.studio_id)
    connections = [one for one in connections_to_tell(studio) if one.pk == visit.connection_id]
    if not connections:
        return None
    call = Call(
        studio_id=studio.pk,
        connection=connections[0],
        listing_id=_lane_of(visit, connections[0]),
        kind=Call.Kind.DECIDE,
        visit=visit,
    )
    Call.objects.bulk_create([call], ignore_conflicts=True)
    ring(connections[0])
    return Call.objects.get(visit=visit)


def _lane_of(visit: Visit, connection: Connection) -> int:
    """That of its session. A booking of a class that is not there, or not any more, has one of its own."""
    if visit.session_id is not None:
        found = lanes([connection], [visit.session_id], now=visit.created_at, all_of_them=True)
        if found:
            return found[0]
    own, _is_new = Listing.objects.get_or_create(
        connection=connection, reference=-visit.pk, defaults={"studio_id": visit.studio_id}
    )
    return own.pk


def connections_to_tell(studio: Studio) -> list[Connection]:
    """Those of the studio with whom we can speak. Raises OutsideTransaction: news belongs into the change's own."""
    if not database.in_atomic_block:
        raise OutsideTransaction(DELIVER)
    return [one for one, _ in _TOLD.rows(_OF_STUDIO, [studio.pk])]


def lanes(
    connections: Collection[Connection], session_ids: Collection[int], *, now: datetime, all_of_them: bool = False
) -> list[int]:
    """Lock the listings of these sessions, and make those that are to be; their keys. One statement.

    `all_of_them`: whether they may be sold or not.
    """
    if not connections or not session_ids:
        return []
    given: dict[str, Any] = {
        "sessions": list(session_ids),
        "connections": [one.pk for one in connections],
        "now": now,
        "all": all_of_them,
    }
    with prepared_cursor() as cursor:
        cursor.execute(_LANES, given)
        return [pk for (pk,) in cursor.fetchall()]


def write_tells(connections: Iterable[Connection], lane_ids: Collection[int]) -> int:
    """Write a tell for each of these locked listings that has none waiting, and ring; how many are new or hastened."""
    if not lane_ids:
        return 0
    with prepared_cursor() as cursor:
        cursor.execute(_TELL, [list(lane_ids)])
        written = [pk for (pk,) in cursor.fetchall()]
    for connection in connections:
        if connection.pk in written:
            ring(connection)
    return len(written)


def ring(connection: Connection, *, run_after: datetime | None = None) -> None:
    """Have a worker look at the calls of this connection, at once after the commit or later."""
    job = {f"{DELIVER} {connection.pk} {uuid4()}": {"connection": connection.pk}}
    enqueue_many(DELIVER, job, studio=Studio(pk=connection.studio_id), run_after=run_after)


def ring_overdue() -> int:
    """Have workers look wherever a call is due, in case a job was lost; how many connections."""
    due = Call.objects.open().filter(due_at__lte=Now()).values("connection")
    found = list(Connection.objects.told().filter(pk__in=due).exclude(quiet_until__gt=Now()))
    for connection in found:
        ring(connection)
    return len(found)


def retry(call: Call) -> bool:
    """Try a call again that was given up; False when it was not, or when a newer one says the same already, or when its
    marketplace is told nothing (any more): there it would wait for ever.

    It comes before the later ones of its session, as it did. Where a newer one waits, it is part of that one.
    """
    with transaction.atomic():
        (lane,) = Listing.objects.select_for_update(no_key=True).filter(pk=call.listing_id)
        told = Connection.objects.told().select_for_update(of=("self",), no_key=True)
        if not told.filter(pk=call.connection_id).exists():
            return False
        waiting = lane.calls.filter(kind=Call.Kind.TELL, state=Call.State.WAITING)
        dead = Call.objects.dead().filter(pk=call.pk)
        if call.kind == Call.Kind.TELL and waiting.exists():
            dead.update(state=Call.State.OVERTAKEN)
            return False
        revived = dead.update(state=Call.State.WAITING, attempts=0, due_at=Now(), ended_at=None, unanswered=False)
        if revived:
            ring(call.connection)
    return bool(revived)
