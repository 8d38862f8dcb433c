"""Writing reservations that happened in another system, many at once, and taking them away again.

The caller holds the transaction, and takes the locks in the order that every action has: sessions, reservations, pulse.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from bookings.actions.recording import Axes, Kind, axes, raise_pulse
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.signals import reservation_changed

BY_WORD = "import"
_BATCH = 2000


@dataclass(frozen=True)
class Imported:
    """A reservation as it stands now, the line it came from, and how it stood before; empty for a new one."""

    reservation: Reservation
    line: int
    before: Axes


def import_action_id(run_id: int, line: int) -> UUID:
    """The same whenever this line of this import is written, so that PostgreSQL refuses to write it twice."""
    return uuid5(NAMESPACE_OID, f"tresen:import:{run_id}:{line}")


def write_reservations(new: list[Reservation], changed: list[Reservation], *, fields: Sequence[str]) -> None:
    """Insert and update; the sessions they belong or belonged to are counted by `count_places`."""
    Reservation.objects.bulk_create(new, batch_size=_BATCH)
    if changed:
        Reservation.objects.bulk_update(changed, list(fields), batch_size=_BATCH)


def count_places(session_ids: Collection[int]) -> None:
    """Bring `places_taken` of these locked sessions in line with their booked reservations."""
    booked = (
        Reservation.objects.active()
        .filter(session=OuterRef("pk"))
        .order_by()
        .values("session")
        .annotate(places=Count("pk"))
        .values("places")
    )
    counted = Coalesce(Subquery(booked, output_field=IntegerField()), Value(0))
    ScheduledSession.objects.filter(pk__in=session_ids).exclude(places_taken=counted).update(places_taken=counted)


def record_imported(studio_id: int, run_id: int, imported: Sequence[Imported], *, now: datetime) -> None:
    """Append one event for each line under one new version of the studio, and send the news of each.

    The last thing that an import does: the pulse is held until the commit.
    """
    if not imported:
        return
    version = raise_pulse(studio_id, now)
    for start in range(0, len(imported), _BATCH):  # in batches, so that not all events are in memory at once
        events = ReservationEvent.objects.bulk_create(
            ReservationEvent(
                studio_id=studio_id,
                reservation=one.reservation,
                kind=Kind.IMPORTED,
                action_id=import_action_id(run_id, one.line),
                occurred_at=now,
                by_word=BY_WORD,
                before=one.before,
                after=axes(one.reservation),
                version=version,
            )
            for one in imported[start : start + _BATCH]
        )
        for event in events:
            reservation_changed.send(sender=Reservation, reservation=event.reservation, event=event)


def lock_sessions(sessions: "QuerySet[ScheduledSession]") -> list[ScheduledSession]:
    return list(sessions.order_by("pk").select_for_update(of=("self",)))


def record_restored(studio_id: int, run_id: int, lines: Iterable[tuple[int, int]], *, now: datetime) -> None:
    """Append the inverse event for each (line, reservation) whose change by the import was taken back (Q17)."""
    by_line = dict(lines)
    made = {
        event.reservation_id: event
        for event in ReservationEvent.objects.filter(
            studio_id=studio_id, action_id__in=[import_action_id(run_id, line) for line in by_line]
        ).select_related("reservation")
    }
    version = raise_pulse(studio_id, now)
    ReservationEvent.objects.bulk_create(
        ReservationEvent(
            studio_id=studio_id,
            reservation=event.reservation,
            kind=Kind.IMPORTED,
            action_id=uuid4(),
            occurred_at=now,
            by_word=BY_WORD,
            before=event.after,
            after=axes(event.reservation),
            undoes=event,
            version=version,
        )
        for event in made.values()
    )


def changed_elsewhere(pks: Collection[int], *, but_by_the_clock: bool) -> set[int]:
    """Of these reservations, those that something else than an import has changed.

    `but_by_the_clock`: stamped no-shows do not count.
    """
    others = ReservationEvent.objects.filter(reservation_id__in=pks).exclude(kind=Kind.IMPORTED)
    if but_by_the_clock:
        others = others.exclude(by_word="sweep")
    return set(others.values_list("reservation_id", flat=True))
