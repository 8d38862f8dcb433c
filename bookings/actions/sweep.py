"""The clock's no-shows, stamped."""

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from bookings.actions.recording import Kind, raise_pulse
from bookings.models import Reservation, ReservationEvent
from bookings.rules import Attendance, Booking


def sweep_no_shows(*, now: datetime) -> int:
    """Stamp and log every no-show that bears no stamp yet; the number stamped (Q4).

    What anyone sees does not change by it: the state is computed from the clock. Rows that someone is working on are
    left for the next sweep, so a late tick never waits and never loses.
    """
    due = Reservation.objects.due_for_sweep(now)
    stamped = 0
    for studio_id in sorted(set(due.values_list("studio_id", flat=True))):
        with transaction.atomic():
            ids = list(
                due.filter(studio_id=studio_id)
                .select_for_update(skip_locked=True, of=("self",))
                .values_list("id", flat=True)
            )
            Reservation.objects.filter(id__in=ids).update(attendance=Attendance.NO_SHOW)
            version = raise_pulse(studio_id, now)
            axes = {"booking": Booking.BOOKED.value, "excused": False}
            ReservationEvent.objects.bulk_create(
                ReservationEvent(
                    studio_id=studio_id,
                    reservation_id=pk,
                    kind=Kind.NO_SHOW,
                    action_id=uuid4(),
                    occurred_at=now,
                    by_word="sweep",
                    before=axes | {"attendance": Attendance.UNKNOWN.value},
                    after=axes | {"attendance": Attendance.NO_SHOW.value},
                    version=version,
                )
                for pk in ids
            )
        stamped += len(ids)
    return stamped
