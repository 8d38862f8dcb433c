"""What every action shares: its locks, the answer to a repeated call, the event and the pulse."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from bookings import rules
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.signals import reservation_changed
from bookings.sources import is_own
from portal.joined import Joined
from portal.models import Member, StaffLogin
from portal.prepared import insert, prepared_cursor

Kind = ReservationEvent.Kind
Axes = dict[str, Any]


class Refused(Exception):
    """The rule said no; `decision` carries the path and the reason."""

    def __init__(self, decision: rules.Decision) -> None:
        super().__init__(decision.refusal)
        self.decision = decision


class ActionIdReused(Exception):
    """A client sent one action id for two different things."""


@dataclass(frozen=True)
class Done:
    """What an action did. `repeated`: nothing now, because the same action was done before."""

    event: ReservationEvent
    decision: rules.Decision
    repeated: bool = False

    @property
    def reservation(self) -> Reservation:
        return self.event.reservation


NO_QUESTIONS = rules.Decision(())


_SESSION = Joined(ScheduledSession, "studio", "location", "item", lock=True, prepared=True)
_RESERVATION = Joined(Reservation, "session", "location", "member", lock=True, prepared=True)


# Both are asked a second time: a row that had to be waited for is joined with what stood beside it before, and found
# missing, where whoever was waited for moved it to another place or member.
def locked_session(session: ScheduledSession) -> ScheduledSession:
    where = "scheduledsession.id = %s", [session.pk]
    found = _SESSION.first(*where) or _SESSION.first(*where)
    if found is None:
        raise ScheduledSession.DoesNotExist
    return found


def locked_reservation(reservation: Reservation) -> Reservation:
    where = "reservation.id = %s", [reservation.pk]
    found = _RESERVATION.first(*where) or _RESERVATION.first(*where)
    if found is None:
        raise Reservation.DoesNotExist
    return found


def locked(reservation: Reservation) -> tuple[ScheduledSession, Reservation]:
    """The session, then its reservation: what gives up or takes a place needs both."""
    session = locked_session(reservation.session)
    reservation = locked_reservation(reservation)
    reservation.session = session
    return session, reservation


def done_before(
    studio_id: int,
    action_id: UUID,
    kind: Kind,
    *,
    reservation: Reservation | None = None,
    session: ScheduledSession | None = None,
    member: Member | None = None,
) -> Done | None:
    """What this action did when it came the first time, if it did. Asked under the lock, so retries cannot race."""
    with prepared_cursor() as cursor:  # nearly always there is none
        cursor.execute(
            "SELECT id FROM bookings_reservationevent WHERE studio_id = %s AND action_id = %s", [studio_id, action_id]
        )
        found = cursor.fetchone()
    if found is None:
        return None
    event = ReservationEvent.objects.get(pk=found[0])
    other = event.kind != kind
    other |= reservation is not None and event.reservation_id != reservation.pk
    other |= session is not None and event.reservation.session_id != session.pk
    other |= member is not None and event.reservation.member_id != member.pk
    if other:
        raise ActionIdReused(action_id)
    if reservation is not None:
        event.reservation = reservation
    return Done(event, NO_QUESTIONS, repeated=True)


def axes(reservation: Reservation) -> Axes:
    return {
        "booking": str(reservation.booking),
        "attendance": str(reservation.attendance),
        "excused": reservation.excused,
    }


def record(
    reservation: Reservation,
    kind: Kind,
    *,
    action_id: UUID,
    by: StaffLogin | None,
    now: datetime,
    before: Axes,
    after: Axes | None = None,
    undoes: ReservationEvent | None = None,
) -> ReservationEvent:
    """Append the event under the studio's next version and send the news; the last thing that an action does.

    `after` None: the axes as they are now.
    """
    event = ReservationEvent(
        studio_id=reservation.studio_id,
        reservation=reservation,
        kind=kind,
        action_id=action_id,
        occurred_at=now,
        by=by,
        by_word="" if by else "member" if is_own(reservation.source) else reservation.source,
        before=before,
        after=axes(reservation) if after is None else after,
        undoes=undoes,
        version=raise_pulse(reservation.studio_id, now),
    )
    try:
        insert(event)
    except IntegrityError as error:
        # Two sessions at once under one id: each was locked for itself, so `done_before` saw neither.
        if violates(error, "one_event_per_action"):
            raise ActionIdReused(action_id) from error
        raise
    reservation_changed.send(sender=Reservation, reservation=reservation, event=event)
    return event


def violates(error: IntegrityError, constraint: str) -> bool:
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) == constraint


def raise_pulse(studio_id: int, now: datetime) -> int:
    """Raise the studio's pulse and hold it until the commit, so that versions are seen in their order."""
    with prepared_cursor() as cursor:
        cursor.execute(
            "INSERT INTO bookings_pulse (studio_id, version, changed_at) VALUES (%s, 1, %s)"
            " ON CONFLICT (studio_id) DO UPDATE SET version = bookings_pulse.version + 1, changed_at = %s"
            " RETURNING version",
            [studio_id, now, now],
        )
        return cursor.fetchone()[0]
