"""Setting things: one transaction, the row locked, what was changed in the studio's log."""

from datetime import datetime
from typing import Any, cast

from django.forms import modelform_factory
from django.http import QueryDict

from portal.changes import changed_values, record_change
from portal.models import ClosingDays, Location, StaffLogin, Studio
from portal.preferences.forms import SettingsForm
from portal.preferences.registry import Group, Scope, Setting
from portal.preferences.since import KIND
from portal.signals import zone_changed


def form_for(group: Group, scope: Scope, settings: tuple[Setting, ...], data: QueryDict | None = None) -> SettingsForm:
    """The form of these settings of the scope's row, with the model's own fields and checks."""
    names = [setting.field for setting in settings]
    row = group.row(scope)
    made = cast("type[SettingsForm]", modelform_factory(type(row), form=SettingsForm, fields=names))
    return made(group, scope, settings, row, data)


def locked(scope: Scope) -> Scope:
    """The same scope as the database has it now, locked until the transaction ends; a new location stays as it is.

    The studio's row is locked for both, so that rules of a studio and of its locations are compared as they will be.
    Without its key: a booking, which only refers to the studio, goes on.
    """
    studio = Studio.objects.select_for_update(no_key=True).get(pk=scope.studio.pk)
    location = scope.location
    if location is not None and location.pk:
        location = Location.objects.get(pk=location.pk)
    return Scope(studio, location, scope.locations)


def save(form: SettingsForm, *, by: StaffLogin, now: datetime) -> list[str]:
    """Write a valid form's row; returns the names of the fields that differ. Inside the transaction that locked it.

    A new time zone is news: whoever holds sessions moves those to come (`zone_changed`).
    """
    row = form.instance
    before, after = changed_values(form.before, row, form.names)
    if not after:
        return []
    is_new = row._state.adding  # noqa: SLF001 - what Django knows of a row that was never saved
    row.save(update_fields=None if is_new else list(after))
    record_change(row, KIND, studio=form.scope.studio, by=by, now=now, before=before, after=after)
    if "zone" in after:
        zone_changed.send(Location, location=row, before=before["zone"], by=by, now=now)
    return list(after)


def add_location(form: SettingsForm, *, slug: str, by: StaffLogin, now: datetime) -> Location:
    """A new place of the studio; `slug` is its word in addresses."""
    place: Location = form.instance
    place.slug = slug
    place.save()
    after = {name: getattr(place, name) for name in form.names}
    record_change(place, KIND, studio=form.scope.studio, by=by, now=now, after=after)
    return place


def set_look(studio: Studio, name: str, value: Any, *, by: StaffLogin, now: datetime) -> None:
    """The logo (a picture, or "" for none) or the colour; the log holds what file it was, not the picture."""
    before = str(getattr(studio, name))
    setattr(studio, name, value)
    studio.save(update_fields=[name])
    after = str(getattr(studio, name))
    if after != before:
        record_change(studio, KIND, studio=studio, by=by, now=now, before={name: before}, after={name: after})


def add_closing_days(closing: ClosingDays, *, by: StaffLogin, now: datetime) -> None:
    closing.save()
    record_change(closing, "added", studio=closing.studio, by=by, now=now, after=_told(closing))


def remove_closing_days(closing: ClosingDays, *, by: StaffLogin, now: datetime) -> None:
    record_change(closing, "removed", studio=closing.studio, by=by, now=now, before=_told(closing))
    closing.delete()


def _told(closing: ClosingDays) -> dict[str, Any]:
    return {
        "first_on": closing.first_on,
        "last_on": closing.last_on,
        "reason": closing.reason,
        "location": closing.location_id,
    }
