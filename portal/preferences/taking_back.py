"""Taking back what was set: the inverse of a line of the studio's log, as a change of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.changes import plain
from portal.log.registry import Reader, Undo
from portal.models import Change, Location, StaffLogin, Studio
from portal.preferences import changing
from portal.preferences.registry import Group, Scope, groups, row_of_scope
from portal.preferences.since import KIND

CHANGED_SINCE = gettext_lazy("It was set to something else since.")
# A picture that was replaced is gone.
_FOR_GOOD = {"logo"}


class CannotTakeBack(Exception):
    """`words` say why; nothing was changed."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def undo_of_settings(changes: Sequence[Change], reader: Reader) -> Mapping[int, Undo]:
    """For the log: which of these changes of the studio or a location can be taken back. No query."""
    rows: dict[tuple[str, int], Studio | Location] = {("location", place.pk): place for place in reader.places}
    rows["studio", reader.studio.pk] = reader.studio
    found: dict[int, Undo] = {}
    for change in changes:
        row = rows.get((change.subject, change.subject_id))
        if row is None or _group_of(change) is None:
            continue
        if _stands(change, row):
            found[change.pk] = Undo(reverse("portal:log_undo", args=[reader.studio.slug, change.pk]))
        else:
            found[change.pk] = Undo(why_not=CHANGED_SINCE)
    return found


def take_back(change: Change, *, by: StaffLogin, now: datetime) -> None:
    """Set again what these settings were before this change, by their own checks. Raises CannotTakeBack."""
    group = _group_of(change)
    if group is None:
        raise CannotTakeBack(_("This cannot be taken back."))
    with transaction.atomic():
        places = list(change.studio.locations.in_order())
        place = next((one for one in places if one.pk == change.subject_id), None)
        if change.subject == "location" and place is None:
            raise CannotTakeBack(_("The location is no more."))
        scope = changing.locked(Scope(change.studio, place if change.subject == "location" else None, places))
        if not _stands(change, scope.row):
            raise CannotTakeBack(str(CHANGED_SINCE))
        settings = tuple(one for one in group.settings(scope) if one.field in change.after)
        form = changing.form_for(group, scope, settings, _as_sent(change.before))
        if not form.is_valid():
            raise CannotTakeBack(" ".join(str(words) for errors in form.errors.values() for words in errors))
        changing.save(form, by=by, now=now)


def _group_of(change: Change) -> Group | None:
    """The page of settings that all of it belongs to; None: it is no change of settings that has a way back."""
    if change.kind != KIND or not change.before or set(change.before) != set(change.after):
        return None
    names = set(change.after)
    if names & _FOR_GOOD:
        return None
    for group in groups():
        settings = group.of_studio if change.subject == "studio" else group.of_location
        if group.row is row_of_scope and names <= {one.field for one in settings}:
            return group
    return None


def _stands(change: Change, row: Studio | Location) -> bool:
    """Whether it is still as this change left it."""
    return plain({name: getattr(row, name) for name in change.after}) == change.after


def _as_sent(before: Mapping[str, Any]) -> QueryDict:
    """What a browser would send: an empty field is sent empty, and a switch that is off not at all."""
    data = QueryDict(mutable=True)
    data.update({name: "" if value is None else value for name, value in before.items() if value is not False})
    return data
