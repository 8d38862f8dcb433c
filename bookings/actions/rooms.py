"""Rooms and their numbered spots: how many, in which order they are given out, and which are blocked (Q29)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from bookings import rules
from bookings.actions.recording import Refused
from bookings.models import Reservation, Room, Spot
from portal.changes import record_change
from portal.models import Location, StaffLogin

Values = Mapping[str, object] | None


def create_room(location: Location, name: str, *, by: StaffLogin | None, now: datetime) -> Room:
    """A room without spots yet. Raises Refused: the name is taken."""
    with transaction.atomic():
        _check_name(location, name)
        room = Room.objects.create(location=location, name=name)
        record_change(room, "created", studio=location.studio, by=by, now=now, after={"name": name})
    return room


def rename_room(room: Room, name: str, *, by: StaffLogin | None, now: datetime) -> Room:
    """Raises Refused: the name is taken."""
    with transaction.atomic():
        room = _locked(room)
        _check_name(room.location, name, but=room)
        before, room.name = room.name, name
        if before != name:
            room.save(update_fields=["name"])
            _log(room, "renamed", by=by, now=now, before={"name": before}, after={"name": name})
    return room


def remove_room(room: Room, *, by: StaffLogin | None, now: datetime) -> None:
    """Past sessions stay, without a room. Raises Refused while sessions are planned in it."""
    with transaction.atomic():
        room = _locked(room)
        to_come = room.sessions.filter(ends_at__gt=now, cancelled_at=None).count()
        _ask(rules.may_remove_room(sessions_to_come=to_come))
        _log(room, "removed", by=by, now=now, before={"name": room.name})
        room.delete()


def set_spots(
    room: Room, count: int, rows: int = 1, back_to_front: bool = True, *, by: StaffLogin | None, now: datetime
) -> list[Spot]:
    """Number the spots: so many in so many rows, the front one first; the spots, in the order in which they fill.

    In one row they are 1, 2, 3; in several A1, A2, B1. A spot whose label stays is the same spot. Raises Refused where
    one would go that somebody has in a class to come.
    """
    labels = [label for row in _filled(_labels(count, rows), back_to_front=back_to_front) for label in row]
    with transaction.atomic():
        room = _locked(room)
        there = {spot.label: spot for spot in room.spots.all()}
        gone = [spot for label, spot in there.items() if label not in set(labels)]
        given = Reservation.objects.active().filter(spot__in=gone, ends_at__gt=now).values("spot").distinct().count()
        _ask(rules.may_set_spots(given_to_come=given))
        Spot.objects.filter(pk__in=[spot.pk for spot in gone]).delete()
        spots = [there.get(label) or Spot(room=room, label=label) for label in labels]
        for position, spot in enumerate(spots):
            spot.fill_order = position
        Spot.objects.bulk_update([spot for spot in spots if spot.pk], ["fill_order"])
        Spot.objects.bulk_create([spot for spot in spots if not spot.pk])
        _log(
            room, "spots_set", by=by, now=now,
            before={"spots": len(there)}, after={"spots": count, "rows": rows, "back_to_front": back_to_front},
        )  # fmt: skip
    return spots


def order_spots(room: Room, spot_ids: Sequence[int], *, by: StaffLogin | None, now: datetime) -> list[Spot]:
    """Give spots out in this order from now on; those that it leaves out come after, in the order they have."""
    with transaction.atomic():
        room = _locked(room)
        there = list(room.spots.order_by("fill_order"))
        wanted = {pk: position for position, pk in enumerate(spot_ids)}
        spots = sorted(there, key=lambda spot: (wanted.get(spot.pk, len(wanted)), spot.fill_order))
        before = [spot.label for spot in there]
        for position, spot in enumerate(spots):
            spot.fill_order = position
        Spot.objects.bulk_update(spots, ["fill_order"])
        after = [spot.label for spot in spots]
        if before != after:
            _log(room, "spots_ordered", by=by, now=now, before={"order": before}, after={"order": after})
    return spots


def block_spot(spot: Spot, *, by: StaffLogin | None, now: datetime) -> Spot:
    """Give this spot to nobody from now on. Who has it already keeps it, until the desk moves them."""
    return _block(spot, True, by=by, now=now)


def unblock_spot(spot: Spot, *, by: StaffLogin | None, now: datetime) -> Spot:
    return _block(spot, False, by=by, now=now)


def _block(spot: Spot, is_blocked: bool, *, by: StaffLogin | None, now: datetime) -> Spot:
    with transaction.atomic():
        room = _locked(spot.room)
        spot = room.spots.get(pk=spot.pk)
        if spot.is_blocked != is_blocked:
            spot.is_blocked = is_blocked
            spot.save(update_fields=["is_blocked"])
            _log(room, "blocked" if is_blocked else "unblocked", by=by, now=now, after={"spot": spot.label})
    return spot


def _labels(count: int, rows: int) -> list[list[str]]:
    """The front row first; rows as even as can be, the longer ones in front."""
    if rows <= 1:
        return [[str(number) for number in range(1, count + 1)]]
    length, more = divmod(count, rows)
    return [
        [f"{chr(ord('A') + row)}{number}" for number in range(1, length + (row < more) + 1)]
        for row in range(min(rows, 26))
    ]


def _filled(rows: list[list[str]], *, back_to_front: bool) -> list[list[str]]:
    if not back_to_front:
        return rows
    # One row has no back but its end.
    return rows[::-1] if len(rows) > 1 else [rows[0][::-1]]


def _locked(room: Room) -> Room:
    return Room.objects.select_for_update(of=("self",)).select_related("location__studio").get(pk=room.pk)


def _check_name(location: Location, name: str, *, but: Room | None = None) -> None:
    same = location.rooms.filter(name__iexact=name)
    same = same.exclude(pk=but.pk) if but else same
    _ask(rules.may_name_room(name_is_taken=same.exists(), name=name))


def _ask(decision: rules.Decision) -> None:
    if not decision.allowed:
        raise Refused(decision)


def _log(
    room: Room, kind: str, *, by: StaffLogin | None, now: datetime, before: Values = None, after: Values = None
) -> None:
    record_change(room, kind, studio=room.location.studio, by=by, now=now, before=before, after=after)
