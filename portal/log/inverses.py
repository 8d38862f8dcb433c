"""What a line of the log takes back by the action that its own page has: one query for each kind of thing."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from portal.log.registry import Reader, Undo
from portal.models import Change
from portal.roles import Right


def taken_back() -> Undo:
    return Undo(why_not=_("It was taken back already."))


def undo_blocks(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """Members that were blocked, or are not any more; while it still is as this line left it."""
    found: dict[int, Undo] = {}
    wanted = _of_kinds(changes, reader, Right.MANAGE_MEMBERS, "blocked", "unblocked")
    there = _rows(reader.studio.members.filter(merged_into=None, scrubbed_at=None), wanted, "blocked_reason")
    for one in wanted:
        reason, earlier = one.after.get("blocked_reason"), one.before.get("blocked_reason")
        if one.subject_id not in there or (one.kind == "unblocked" and not earlier):
            continue
        fields = {"lift": "1"} if one.kind == "blocked" else {"reason": str(earlier)}
        url = reverse("bookings:member_block", args=[reader.studio.slug, one.subject_id])
        found[one.pk] = Undo(url, fields) if there[one.subject_id] == reason else taken_back()
    return found


def undo_switches(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """Logins that were switched off or on."""
    found: dict[int, Undo] = {}
    wanted = _of_kinds(changes, reader, Right.MANAGE_LOGINS, "switched_off", "switched_on")
    there = _rows(reader.studio.logins.filter(removed_at=None), wanted, "is_active")
    for one in wanted:
        if one.subject_id in there:
            is_on = one.kind == "switched_on"
            url = reverse("portal:staff_active", args=[reader.studio.slug, one.subject_id])
            undo = Undo(url, {"on": "" if is_on else "1"})
            found[one.pk] = undo if there[one.subject_id] == is_on else taken_back()
    return found


def undo_closing(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """Closing days that were added, while they stand."""
    wanted = _of_kinds(changes, reader, Right.MANAGE_SETTINGS, "added")
    there = _rows(reader.studio.closing_days.all(), wanted, "pk")
    view = "portal:settings_closing_days_remove"
    return {
        one.pk: Undo(reverse(view, args=[reader.studio.slug, one.subject_id]))
        if one.subject_id in there
        else taken_back()
        for one in wanted
    }


def _of_kinds(changes: Sequence[Change], reader: Reader, right: Right, *kinds: str) -> list[Change]:
    return [one for one in changes if one.kind in kinds] if right in reader.login.rights else []


def _rows(rows: Any, wanted: Sequence[Change], field: str) -> dict[int, Any]:
    """What the field is by now, by key; no query for nothing."""
    keys = {one.subject_id for one in wanted}
    return dict(rows.filter(pk__in=keys).values_list("pk", field)) if keys else {}
