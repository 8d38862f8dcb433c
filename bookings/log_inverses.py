"""Spots of rooms, blocked and given back: taken back from the log by the room's own button."""

from collections.abc import Mapping, Sequence

from django.urls import reverse

from bookings.models import Spot
from portal.log.inverses import taken_back
from portal.log.registry import Reader, Undo
from portal.models import Change
from portal.roles import Right


def undo_spots(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """While the spot is there and as this line left it. One query, none without such a line."""
    wanted = {one.pk: one for one in changes if one.kind in ("blocked", "unblocked")}
    if not wanted or Right.MANAGE_SCHEDULE not in reader.login.rights:
        return {}
    rooms = {one.subject_id for one in wanted.values()}
    spots = Spot.objects.filter(room__location__studio=reader.studio, room__in=rooms)
    there = {(room, label): (pk, blocked) for pk, room, label, blocked in
             spots.values_list("pk", "room", "label", "is_blocked")}  # fmt: skip
    found: dict[int, Undo] = {}
    for one in wanted.values():
        pk, is_blocked = there.get((one.subject_id, one.after.get("spot")), (None, None))
        if pk is not None:
            url = reverse("bookings:spot_block", args=[reader.studio.slug, one.subject_id, pk])
            found[one.pk] = Undo(url) if is_blocked == (one.kind == "blocked") else taken_back()
    return found
