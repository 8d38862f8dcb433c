"""The waiting list of a locked session, brought up to date: what lapsed is free, and what is free is offered.

Nothing else moves `places_held`. The caller holds the session's lock, so a place is promised once.
"""

from datetime import datetime
from typing import TypeAlias
from uuid import UUID, uuid4

from django.db import IntegrityError

from bookings import rules
from bookings.actions.recording import ActionIdReused, raise_pulse
from bookings.models import Reservation, ScheduledSession, WaitingEntry, WaitingEvent
from bookings.selectors.waiting import LinedUp, lined_up
from bookings.signals import waiting_changed
from portal.jobs import enqueue
from portal.models import StaffLogin
from portal.prepared import prepared_cursor

_MOVE = """
UPDATE bookings_scheduledsession
   SET places_taken = places_taken + %(taken)s, places_held = places_held + %(held)s,
       places_kept = least(places_kept, places_taken + places_held + %(taken)s + %(held)s)
 WHERE id = %(session)s
"""
State: TypeAlias = WaitingEntry.State
Kind: TypeAlias = WaitingEvent.Kind

MAIL_PLACE_FREE = "bookings.mail_place_free"


def settle_waiting(session: ScheduledSession, *, now: datetime) -> LinedUp:
    """Bring the list of this locked session up to date; what it is now, with all offers made.

    After every change that frees a place, and before every question whether one is free. `session.places_taken` has to
    be as it is in the database.
    """
    line = lined_up(session, now=now)
    for entry in line.lapsed:
        end_wait(session, entry, State.LAPSED, Kind.LAPSED, by=None, by_word="clock", now=now)
    if line.is_over:
        for entry in line.standing + line.waiting:
            end_wait(session, entry, State.LAPSED, Kind.CLOSED, by=None, by_word="clock", now=now)
        return LinedUp(is_over=True)
    for entry in line.next:
        offer(session, entry, by=None, by_word="list", now=now)
    return LinedUp(standing=line.standing + line.next, waiting=line.waiting)


def offer(
    session: ScheduledSession,
    entry: WaitingEntry,
    *,
    by: StaffLogin | None,
    by_word: str = "",
    now: datetime,
    action_id: UUID | None = None,
) -> WaitingEvent:
    """Hold a free place for this entry, and write the mail's job."""
    move_places(session, held=1)
    entry.state, entry.offered_at = State.OFFERED, now
    entry.held_until = rules.hold_until(now, minutes=session.studio.waiting_hold_minutes, starts_at=session.starts_at)
    entry.save(update_fields=["state", "offered_at", "held_until"])
    event = record_wait(entry, Kind.OFFERED, action_id=action_id, by=by, by_word=by_word, now=now)
    # One mail for each offer: a wait that a merge ended and its undo took up again is offered a second time.
    enqueue(MAIL_PLACE_FREE, key=f"place free {event.pk}", studio=session.studio, payload={"entry": entry.pk})
    return event


def end_wait(
    session: ScheduledSession,
    entry: WaitingEntry,
    state: State,
    kind: Kind,
    *,
    by: StaffLogin | None,
    by_word: str = "",
    now: datetime,
    action_id: UUID | None = None,
) -> WaitingEvent:
    """Close the entry without a place; the one it held is free."""
    if entry.state == State.OFFERED:
        move_places(session, held=-1)
    entry.state, entry.closed_at = state, now
    entry.save(update_fields=["state", "closed_at"])
    return record_wait(entry, kind, action_id=action_id, by=by, by_word=by_word, now=now)


def reopen_waiting(session: ScheduledSession, *, closed_at: datetime, by: StaffLogin | None, now: datetime) -> None:
    """Let those wait again, in their order, whose list closed at this moment with the class of this locked session.

    Whoever is deleted, booked or waiting again by now is left alone. Offers are made anew by `settle_waiting`.
    """
    gone = Reservation.objects.active().filter(session=session).values("member")
    closed = session.waiting.filter(state=State.LAPSED, closed_at=closed_at, member__scrubbed_at=None)
    again = session.waiting.open().values("member")
    for entry in closed.exclude(member__in=gone).exclude(member__in=again).in_order():
        entry.state, entry.closed_at, entry.offered_at, entry.held_until = State.WAITING, None, None, None
        entry.save(update_fields=["state", "closed_at", "offered_at", "held_until"])
        record_wait(entry, Kind.JOINED, action_id=None, by=by, now=now)


def wait_is_over(
    entry: WaitingEntry, reservation: Reservation, *, action_id: UUID, by: StaffLogin | None, now: datetime
) -> WaitingEvent:
    """Close the entry with the place that it came to; what it held was taken by `move_places` before."""
    entry.state, entry.closed_at, entry.reservation = State.ACCEPTED, now, reservation
    entry.save(update_fields=["state", "closed_at", "reservation"])
    return record_wait(entry, Kind.ACCEPTED, action_id=action_id, by=by, now=now)


def move_places(session: ScheduledSession, *, taken: int = 0, held: int = 0) -> None:
    """Count places that are taken or held from now on, in one statement, so that a held one can be taken.

    Those that a lowered capacity let stay (`places_kept`) go as they are given up.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_MOVE, {"session": session.pk, "taken": taken, "held": held})
    session.places_taken += taken
    session.places_held += held


def record_wait(
    entry: WaitingEntry,
    kind: Kind,
    *,
    action_id: UUID | None,
    by: StaffLogin | None,
    by_word: str = "",
    now: datetime,
) -> WaitingEvent:
    """Append the event under the studio's next version, and send the news. `action_id` None: nobody's click."""
    event = WaitingEvent(
        studio_id=entry.studio_id,
        entry=entry,
        kind=kind,
        action_id=action_id or uuid4(),
        occurred_at=now,
        by=by,
        by_word="" if by else by_word or "member",
        version=raise_pulse(entry.studio_id, now),
    )
    try:
        event.save(force_insert=True)
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") == "one_waiting_event_per_action":
            raise ActionIdReused(event.action_id) from error
        raise
    waiting_changed.send(sender=WaitingEntry, entry=entry, event=event)
    return event
