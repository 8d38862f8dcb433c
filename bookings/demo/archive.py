"""Writes what a diary has collected: sessions, reservations, waits, and the events of both in one order."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from bookings.demo.rows import as_json, copy, copy_objects, keys
from bookings.demo.told import Booked, Waited
from bookings.models import Pulse, Reservation, ReservationEvent, ScheduledSession, WaitingEntry, WaitingEvent
from portal.models import Studio

_RESERVATION = [
    "id",
    "studio_id",
    "session_id",
    "member_id",
    "location_id",
    "starts_at",
    "ends_at",
    "source",
    "spot_id",
    "booking",
    "booked_at",
    "cancelled_at",
    "excused",
    "deadline_at",
    "deadline_from",
    "attendance",
    "checked_in_at",
    "checked_in_by_id",
    "purchase_id",
    "assigned",
    "choice",
    "flagged",
    "external_ref",
]
_EVENT = [
    "studio_id",
    "reservation_id",
    "kind",
    "action_id",
    "occurred_at",
    "recorded_at",
    "by_id",
    "by_word",
    "before",
    "after",
    "version",
]
_ENTRY = ["id", "studio_id", "session_id", "member_id", "source", "state", "joined_at", "closed_at"]
_WAITING_EVENT = ["studio_id", "entry_id", "kind", "action_id", "occurred_at", "recorded_at", "by_word", "version"]

_LARGE = (
    "bookings_scheduledsession",
    "bookings_reservation",
    "bookings_waitingentry",
    "packages_purchase",
    "packages_ledgerentry",
    "portal_member",
)


def save(
    studio: Studio,
    sessions: Sequence[ScheduledSession],
    reservations: Sequence[Booked],
    waits: Sequence[Waited],
    *,
    now: datetime,
) -> None:
    """Write all rows of one studio. Its purchases stand already; the pulse goes on by one for each event."""
    for session, key in zip(sessions, keys(ScheduledSession, len(sessions)), strict=True):
        session.pk = key
    copy_objects(ScheduledSession, sessions)
    booked = list(zip(keys(Reservation, len(reservations)), reservations, strict=True))
    copy(Reservation, _RESERVATION, (_reservation(studio, key, one) for key, one in booked))
    waited = list(zip(keys(WaitingEntry, len(waits)), sorted(waits, key=lambda one: one.joined_at), strict=True))
    copy(WaitingEntry, _ENTRY, (_entry(studio, key, one) for key, one in waited))
    # PostgreSQL checks each row's promises at the commit; knowing that these are many, it looks them up by index.
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(_LARGE)}")
    pulse, _ = Pulse.objects.select_for_update().get_or_create(studio=studio)
    events = sorted([*_events(studio, booked), *_waiting_events(studio, waited)], key=lambda one: one[0])
    of_reservations: list[tuple[Any, ...]] = []
    of_waits: list[tuple[Any, ...]] = []
    for _at, of_wait, row in events:
        pulse.version += 1
        (of_waits if of_wait else of_reservations).append((*row, pulse.version))
    copy(ReservationEvent, _EVENT, of_reservations)
    copy(WaitingEvent, _WAITING_EVENT, of_waits)
    pulse.changed_at = now
    pulse.save()


def _reservation(studio: Studio, key: int, one: Booked) -> tuple[Any, ...]:
    session = one.session
    return (
        key, studio.pk, session.pk, one.member.pk, session.location_id, session.starts_at, session.ends_at, one.source,
        one.spot_id, one.booking, one.booked_at, one.cancelled_at, one.excused, one.deadline_at, one.deadline_from,
        one.attendance, one.checked_in_at, one.checked_in_by_id, one.purchase_id, one.assigned, as_json(one.choice), "",
        "",
    )  # fmt: skip


def _entry(studio: Studio, key: int, one: Waited) -> tuple[Any, ...]:
    state = WaitingEntry.State.LAPSED
    return key, studio.pk, one.session.pk, one.member.pk, "direct", state, one.joined_at, one.closed_at


def _events(studio: Studio, booked: Sequence[tuple[int, Booked]]) -> Iterator[tuple[datetime, bool, tuple[Any, ...]]]:
    said: dict[tuple[Any, ...], str] = {}

    def words(axes: dict[str, Any]) -> str:
        """The same few again and again."""
        key = tuple(axes.values())
        return said.get(key) or said.setdefault(key, as_json(axes))

    for key, reservation in booked:
        for one in reservation.events:
            before, after = words(one.before), words(one.after)
            row = (studio.pk, key, one.kind, _uuid(one.key), one.at, one.at, one.by_id, one.by_word, before, after)
            yield one.at, False, row


def _waiting_events(
    studio: Studio, waited: Sequence[tuple[int, Waited]]
) -> Iterator[tuple[datetime, bool, tuple[Any, ...]]]:
    kinds = WaitingEvent.Kind
    for key, one in waited:
        told = (kinds.JOINED, one.joined_at, "member"), (kinds.CLOSED, one.closed_at, "clock")
        for (kind, at, by_word), action in zip(told, one.keys, strict=True):
            yield at, True, (studio.pk, key, kind, _uuid(action), at, at, by_word)


def _uuid(key: int) -> str:
    return str(UUID(int=key, version=4))
