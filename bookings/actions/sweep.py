"""The clock's no-shows, stamped."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from bookings.actions.recording import Kind, axes, raise_pulse
from bookings.models import Reservation, ReservationEvent
from bookings.rules import Attendance
from bookings.signals import reservation_changed

# In one transaction, far below the statement time-out: a sweep that was off for a year catches up.
BATCH = 1000


def sweep_no_shows(*, now: datetime) -> int:
    """Stamp and log every no-show that bears no stamp yet; the number stamped (Q4).

    What anyone sees does not change by it: the state is computed from the clock. Rows that someone is working on are
    left for the next sweep, so a late tick never waits and never loses.
    """
    stamped = 0
    due = Reservation.objects.due_for_sweep(now).order_by("studio_id").values_list("studio_id", flat=True).distinct()
    for studio_id in list(due):
        while batch := _sweep_batch(studio_id, now=now):
            stamped += batch
    return stamped


def _sweep_batch(studio_id: int, *, now: datetime) -> int:
    with transaction.atomic():
        reservations = list(
            Reservation.objects.due_for_sweep(now)
            .filter(studio_id=studio_id)
            .select_related("session", "location", "member")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("ends_at")[:BATCH]
        )
        if not reservations:
            return 0
        before = [axes(reservation) for reservation in reservations]
        for reservation in reservations:
            reservation.attendance = Attendance.NO_SHOW
        Reservation.objects.filter(pk__in=[reservation.pk for reservation in reservations]).update(
            attendance=Attendance.NO_SHOW
        )
        version = raise_pulse(studio_id, now)
        events = ReservationEvent.objects.bulk_create(
            ReservationEvent(
                studio_id=studio_id,
                reservation=reservation,
                kind=Kind.NO_SHOW,
                action_id=uuid4(),
                occurred_at=now,
                by_word="sweep",
                before=was,
                after=axes(reservation),
                version=version,
            )
            for reservation, was in zip(reservations, before, strict=True)
        )
        for event in events:
            reservation_changed.send(sender=Reservation, reservation=event.reservation, event=event)
    return len(reservations)
