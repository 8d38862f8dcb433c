"""A login is changed, switched off and on, and removed; the last owner stays (P18)."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from portal.changes import record_change
from portal.models import DeskPin, Location, StaffLogin, Studio, Teacher
from portal.roles import Preset
from portal.staff.invitations import link_teacher
from portal.staff.rules import StaffRefused, Standing, Why, refusal


@transaction.atomic
def change(
    login: StaffLogin,
    *,
    preset: str,
    locations: Iterable[Location],
    teaches_as: Teacher | None = None,
    by: StaffLogin,
    now: datetime,
) -> None:
    """Give another preset, pin to these locations (none: all). Raises StaffRefused."""
    login, pinned = _held(login), list(locations)
    before = _facts(login)
    _check(login, Standing(is_owner=preset == Preset.OWNER, is_active=login.is_active, is_pinned=bool(pinned)))
    login.preset = preset
    login.save(update_fields=["preset"])
    login.locations.set(pinned)
    if preset == Preset.TEACHER:
        link_teacher(login, teaches_as)
    after = _facts(login)
    if before != after:
        record_change(login, "changed", studio=login.studio, by=by, now=now, before=before, after=after)


@transaction.atomic
def switch(login: StaffLogin, *, on: bool, by: StaffLogin, now: datetime) -> None:
    """Switch a login off, so that it opens nothing from the next request on, or on again. Raises StaffRefused."""
    login = _held(login)
    if login.is_active == on:
        return
    _check(login, Standing(is_owner=login.preset == Preset.OWNER, is_active=on, is_pinned=False))
    login.is_active = on
    login.save(update_fields=["is_active"])
    record_change(login, "switched_on" if on else "switched_off", studio=login.studio, by=by, now=now)


@transaction.atomic
def remove(login: StaffLogin, *, by: StaffLogin, now: datetime) -> None:
    """Take the login away. Its row stays, so that the log has a name for what was done. Raises StaffRefused."""
    login = _held(login)
    _check(login, Standing(is_owner=False, is_active=False, is_pinned=False))
    login.is_active, login.removed_at = False, now
    login.save(update_fields=["is_active", "removed_at"])
    DeskPin.objects.filter(login=login).delete()
    Teacher.objects.filter(login=login).update(login=None)
    record_change(login, "removed", studio=login.studio, by=by, now=now, before=_facts(login))


def _held(login: StaffLogin) -> StaffLogin:
    """The login as it is now, while no other login of the studio can change: two owners cannot demote each other."""
    Studio.objects.select_for_update(no_key=True).get(pk=login.studio_id)
    found = StaffLogin.objects.select_related("studio", "user").get(pk=login.pk)
    if found.removed_at:
        raise StaffRefused(Why.REMOVED)
    return found


def _check(login: StaffLogin, will_be: Standing) -> None:
    was = Standing(is_owner=login.preset == Preset.OWNER, is_active=login.is_active, is_pinned=False)
    others = login.studio.logins.filter(preset=Preset.OWNER, is_active=True, user__is_active=True).exclude(pk=login.pk)
    if why := refusal(was, will_be, other_owners=others.count()):
        raise StaffRefused(why)


def _facts(login: StaffLogin) -> dict[str, object]:
    pinned = sorted(login.locations.values_list("name", flat=True))
    return {"preset": login.preset, "locations": pinned}
