"""Whose calendar feed it is."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.access import locations_for
from portal.models import Location, StaffLogin, Teacher


class FeedForm(forms.Form):
    """Whose timetable: one choice among teachers and locations."""

    of = forms.ChoiceField(label=_("Timetable of"))

    def __init__(self, data: Any = None, *, login: StaffLogin) -> None:
        super().__init__(data)
        locations = locations_for(login)
        # A teacher teaches everywhere: a login that is pinned to locations would see more by the feed than by itself.
        teachers = [] if login.locations.exists() else list(login.studio.teachers.all())
        self._found: dict[str, Location | Teacher] = {f"location-{place.pk}": place for place in locations}
        self._found |= {f"teacher-{teacher.pk}": teacher for teacher in teachers}
        groups: list[tuple[Any, str, list[Location] | list[Teacher]]] = [
            (_("Locations"), "location", locations),
            (_("Teachers"), "teacher", teachers),
        ]
        self.fields["of"].choices = [  # type: ignore[attr-defined]
            (word, [(f"{kind}-{one.pk}", one.name) for one in found]) for word, kind, found in groups if found
        ]

    @property
    def whose(self) -> dict[str, Any]:
        """`teacher` or `location`, as `create_feed` takes it."""
        found = self._found[self.cleaned_data["of"]]
        return {"teacher": found} if isinstance(found, Teacher) else {"location": found}
