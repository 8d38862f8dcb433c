"""What happened to a session and to everyone in it, newest first, from the three logs that say it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value

from bookings.models import Reservation, ReservationEvent, ScheduledSession, WaitingEvent
from portal.models import Change

RESERVATION, WAITING, CHANGE = "reservation", "waiting", "change"


@dataclass(frozen=True)
class Happened:
    """One thing that happened; exactly one of the three is set. `can_undo`: it is its reservation's last change."""

    event: ReservationEvent | None = None
    waiting: WaitingEvent | None = None
    change: Change | None = None
    can_undo: bool = False


def log_of(session: ScheduledSession) -> QuerySet[Any]:
    """References to all that happened, as (log, key, moment), newest first; to be counted and sliced by a page."""
    of_item = Q(subject="calendaritem", subject_id=session.item_id)
    of_session = Q(subject="scheduledsession", subject_id=session.pk)
    changes = Change.objects.filter(of_item | of_session, studio_id=session.studio_id).order_by()
    return (
        _refer(ReservationEvent.objects.filter(reservation__session=session), RESERVATION)
        .union(_refer(WaitingEvent.objects.filter(entry__session=session), WAITING), _refer(changes, CHANGE), all=True)
        .order_by("-occurred_at", "-id")
    )


def _refer(rows: QuerySet[Any], log: str) -> QuerySet[Any]:
    return rows.annotate(log=Value(log, output_field=CharField())).values_list("log", "id", "occurred_at")


def read(
    references: Iterable[tuple[str, int, datetime]],
    *,
    session: ScheduledSession,
    undoable: Iterable[str],
    now: datetime,
) -> list[Happened]:
    """What these references of `log_of` stand for, in their order: three queries."""
    found = list(references)
    keys = {log: [pk for name, pk, _moment in found if name == log] for log in (RESERVATION, WAITING, CHANGE)}
    is_open, allowed = now <= session.correction_until, frozenset(undoable)
    events = (
        ReservationEvent.objects.filter(pk__in=keys[RESERVATION])
        .select_related("reservation__member", "by__user", "undoes")
        .annotate(is_undone=Exists(ReservationEvent.objects.filter(undoes=OuterRef("pk"))))
    )
    rows: dict[tuple[str, int], Happened] = {}
    for event in events:
        can_undo = is_open and event.kind in allowed and not event.is_undone and is_last(event)
        rows[RESERVATION, event.pk] = Happened(event=event, can_undo=can_undo)
    for waiting in WaitingEvent.objects.filter(pk__in=keys[WAITING]).select_related("entry__member", "by__user"):
        rows[WAITING, waiting.pk] = Happened(waiting=waiting)
    for change in Change.objects.filter(pk__in=keys[CHANGE]).select_related("by__user"):
        rows[CHANGE, change.pk] = Happened(change=change)
    return [rows[log, pk] for log, pk, _moment in found]


def is_last(event: ReservationEvent) -> bool:
    """The reservation is as this event left it, so that nothing later is lost by taking it back."""
    row: Reservation = event.reservation
    now_so = {"booking": row.booking, "attendance": row.attendance, "excused": row.excused}
    return {name: event.after.get(name) for name in now_so} == now_so
