"""From the first thought of a marketplace to its end: begun, switched on, activated, paused, ended (I1, Q26)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from secrets import token_hex
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from bookings.models import CalendarItem
from marketplace.actions.syncing import SYNC
from marketplace.adapters import ADAPTERS
from marketplace.models import Call, Connection, Contract, InboxMessage, Listing, Marketplace, SyncRun
from marketplace.rules import Stand
from marketplace.rules.connecting import Missing
from marketplace.selectors.connecting import progress_of, today_of
from portal.changes import record_change
from portal.jobs import enqueue
from portal.models import StaffLogin, Studio
from portal.prepared import prepared_cursor

State = Connection.State

# Is a guest of this source booked, or cancelled late, whose correction limit is not over? It is that of
# `Location.correction_until`: hours after the end, but at least the whole local day of the class.
_CAN_CHANGE = """
SELECT EXISTS (
  SELECT FROM bookings_reservation reservation
    JOIN bookings_scheduledsession session ON session.id = reservation.session_id
    JOIN portal_location location ON location.id = reservation.location_id
   WHERE reservation.studio_id = %s AND reservation.source = %s
     AND reservation.booking <> 'cancelled' AND session.cancelled_at IS NULL
     AND %s <= GREATEST(
       reservation.ends_at + location.correction_hours * interval '1 hour',
       ((reservation.starts_at AT TIME ZONE location.zone)::date + 1)::timestamp AT TIME ZONE location.zone
     )
)
"""


class NotReady(Exception):
    """What is missing for it."""

    def __init__(self, missing: tuple[Missing, ...]) -> None:
        super().__init__(" ".join(missing))
        self.missing = missing


def begin(studio: Studio, marketplace: Marketplace, *, by: StaffLogin | None, now: datetime) -> Connection:
    """Start setting up; the connection. One that is there already is left as it is, one that ended begins anew."""
    with transaction.atomic():
        made, is_new = Connection.objects.get_or_create(
            studio=studio, marketplace=marketplace, defaults={"client_id": f"{marketplace.key}-{token_hex(6)}"}
        )
        if is_new:
            record_change(made, "begun", studio=studio, by=by, now=now)
        elif made.state == State.ENDED:
            _begin_anew(made, by=by, now=now)
        note_allowed(studio, now=now)
        made.refresh_from_db()
    return made


def _begin_anew(connection: Connection, *, by: StaffLogin | None, now: datetime) -> None:
    """The former activation was for the former contract."""
    with on_connection(connection) as found:
        found.state, found.ended_at, found.activated_at, found.contracted_on = State.SETTING_UP, None, None, None
        found.added_at = None
        found.save(update_fields=["state", "ended_at", "activated_at", "contracted_on", "added_at"])
        record_change(found, "begun", studio=found.studio, by=by, now=now)


def switch_on(studio: Studio, marketplace: Marketplace, *, by: StaffLogin, now: datetime) -> Connection:
    """Add the add-on to the studio's subscription; the connection, which is begun where there was none (I1)."""
    with transaction.atomic(), on_connection(begin(studio, marketplace, by=by, now=now)) as found:
        if found.added_at is None:
            found.added_at = now
            found.save(update_fields=["added_at"])
            record_change(found, "add_on_switched_on", studio=studio, by=by, now=now, after={"added_at": now})
    return found


def switch_off(connection: Connection, *, by: StaffLogin, now: datetime) -> Connection:
    """Take the add-on off the subscription: a live connection is paused, so nothing more is sold (Q26)."""
    with on_connection(connection) as found:
        if found.added_at is None:
            return found
        before = found.added_at
        found.added_at = None
        _pause(found)
        found.save(update_fields=["added_at", "state"])
        record_change(found, "add_on_switched_off", studio=found.studio, by=by, now=now, before={"added_at": before})
    return found


def missing(connection: Connection) -> tuple[Missing, ...]:
    """What has to be there before it can be activated."""
    return progress_of(connection, adapters=ADAPTERS).missing


def activate(connection: Connection, *, by_word: str, now: datetime) -> Connection:
    """Let the operator start it. Raises NotReady. Nothing is published before; now everything that may be is."""
    with on_connection(connection) as found:
        if lacking := missing(found):
            raise NotReady(lacking)
        if found.state == State.SETTING_UP:
            found.state, found.activated_at = State.LIVE, now
            found.save(update_fields=["state", "activated_at"])
            record_change(found, "activated", studio=found.studio, by=None, by_word=by_word, now=now)
            ask_for_sync(found)
    return found


def pause(connection: Connection, *, by: StaffLogin, now: datetime) -> Connection:
    """Sell nothing more there; who is booked stays, and the marketplace hears of it (Q26)."""
    with on_connection(connection) as found:
        if _pause(found):
            found.save(update_fields=["state"])
            record_change(found, "paused", studio=found.studio, by=by, now=now)
    return found


def resume(connection: Connection, *, by: StaffLogin, now: datetime) -> Connection:
    """Sell there again. Raises NotReady while the add-on, the contract or something else is missing."""
    with on_connection(connection) as found:
        if found.state != State.PAUSED:
            return found
        if lacking := missing(found):
            raise NotReady(lacking)
        found.state = State.LIVE
        found.save(update_fields=["state"])
        record_change(found, "resumed", studio=found.studio, by=by, now=now)
        ask_for_sync(found)
    return found


def end(connection: Connection, *, by: StaffLogin, now: datetime) -> Connection:
    """Sell nothing more and let the contract end today; who is booked keeps the place, for which the contract stays.

    The connection itself ends when the marketplace shows nothing more and nothing about its guests can change any more
    (`finish_endings`): until then it hears of changes and corrections, may cancel, and checks its guests in.
    """
    with on_connection(connection) as found:
        if found.state == State.ENDED:
            return found
        _pause(found)
        found.added_at = None
        found.save(update_fields=["added_at", "state"])
        for contract in found.contracts.filter(Q(ends_on=None) | Q(ends_on__gt=today_of(found.studio, now=now))):
            _end_contract(contract, now=now)
        record_change(found, "end_begun", studio=found.studio, by=by, now=now)
        if _is_over(found, now=now):
            _finish(found, by=by, now=now)
    return found


def finish_endings(*, now: datetime) -> int:
    """End the connections whose end was begun and of which nothing is left at the marketplace; how many."""
    ended = 0
    agreed = Contract.objects.filter(connection=OuterRef("pk"), ends_on=None)
    going = Connection.objects.filter(~Exists(agreed), state=State.PAUSED, added_at=None).order_by("pk")
    for one in going:
        with on_connection(one) as found:
            if found.state == State.PAUSED and _is_over(found, now=now):
                _finish(found, by=None, now=now)
                ended += 1
    return ended


def note_allowed(studio: Studio, *, now: datetime) -> int:
    """Note that a class may be booked through marketplaces, for those connections that had none; how many."""
    allowed = CalendarItem.objects.offered().filter(studio=OuterRef("studio"), allows_marketplaces=True)
    return Connection.objects.filter(Exists(allowed), studio=studio, allowed_at=None).update(allowed_at=now)


def ask_for_sync(connection: Connection) -> None:
    """Have a worker compare everything at the marketplace, once this transaction commits."""
    enqueue(
        SYNC,
        key=f"{SYNC} {connection.pk} {uuid4()}",
        payload={"connection": connection.pk, "cause": SyncRun.Cause.HAND},
        studio=Studio(pk=connection.studio_id),
    )


@contextmanager
def on_connection(connection: Connection) -> Iterator[Connection]:
    """The connection as the database has it, locked until the end; bookings, which only refer to it, go on."""
    with transaction.atomic():
        rows = Connection.objects.select_related("marketplace", "studio").select_for_update(of=("self",), no_key=True)
        yield rows.get(pk=connection.pk)


def _pause(found: Connection) -> bool:
    if found.state != State.LIVE:
        return False
    found.state = State.PAUSED
    ask_for_sync(found)
    return True


def _is_over(found: Connection, *, now: datetime) -> bool:
    """Nothing of the studio's is shown there, nothing about its guests can change, and nothing waits to be said.

    A guest can be checked in and corrected until the location's limit (Q4), whether the class was ever told or not.
    """
    if found.state == State.SETTING_UP:
        return True
    shown = Listing.objects.filter(
        connection=found, stand__in=[Stand.SELLING, Stand.HELD], session__starts_at__gt=now, session__cancelled_at=None
    )
    if shown.exists() or Call.objects.open().filter(connection=found).exists():
        return False
    if InboxMessage.objects.filter(connection=found, handled_at=None).exists():
        return False
    with prepared_cursor() as cursor:
        cursor.execute(_CAN_CHANGE, [found.studio_id, found.marketplace_id, now])
        return not cursor.fetchone()[0]


def _finish(found: Connection, *, by: StaffLogin | None, now: datetime) -> None:
    found.state, found.ended_at = State.ENDED, now
    found.save(update_fields=["state", "ended_at"])
    by_word = "" if by else "clock"
    record_change(found, "ended", studio=found.studio, by=by, by_word=by_word, now=now)


def _end_contract(contract: Contract, *, now: datetime) -> None:
    contract.ends_on = today_of(contract.studio, now=now)
    contract.save(update_fields=["ends_on"])
