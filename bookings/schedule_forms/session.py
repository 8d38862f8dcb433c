"""One session, or the series it belongs to, as it should be."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Recurrence, ScheduledSession
from bookings.plans.values import Scope, SeriesValues, SessionValues
from bookings.schedule_forms.fields import PlaceAndPeople, clock_field, day_field, weekdays_field
from bookings.schedule_forms.item import number_field
from portal.models import StaffLogin


class SlotForm(PlaceAndPeople):
    """What a session and a series have in common."""

    local_start = clock_field(gettext_lazy("Start"))
    duration_minutes = number_field(gettext_lazy("Minutes"), least=5, most=24 * 60)
    capacity = number_field(gettext_lazy("Places"), least=1, help_text=gettext_lazy("Empty: no limit."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["duration_minutes"].required = True

    def slot(self) -> dict[str, Any]:
        names = ("local_start", "duration_minutes", "room", "teacher", "capacity")
        return {name: self.cleaned_data[name] for name in names}


def _known(values: SessionValues | SeriesValues) -> dict[str, Any]:
    known = dict(vars(values))
    for name in ("location", "room", "teacher"):
        if name in known:
            known[name] = str(known[name].pk) if known[name] else ""
    return known


class SessionForm(SlotForm):
    """A session, and for which of its series the change is meant. `seen` is what the form was made from."""

    day = day_field(gettext_lazy("Day"))
    scope = forms.ChoiceField(
        label=gettext_lazy("Change"),
        choices=[
            (Scope.ONE, gettext_lazy("only this session")),
            (Scope.FOLLOWING, gettext_lazy("this and all that follow")),
            (Scope.ALL, gettext_lazy("all to come of the series")),
        ],
        widget=forms.RadioSelect,
        initial=Scope.ONE,
        required=False,
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**62)

    field_order = ("scope", "day", "local_start", "duration_minutes", "location", "room", "teacher", "capacity")

    def __init__(self, data: Any = None, *, session: ScheduledSession, login: StaffLogin) -> None:
        self.session = session
        values = SessionValues.of(session)
        super().__init__(data, login=login, initial=_known(values) | {"seen": session.version, "scope": Scope.ONE})
        if session.recurrence_id is None:
            del self.fields["scope"]

    @property
    def chosen_scope(self) -> Scope:
        return Scope(self.cleaned_data.get("scope") or Scope.ONE)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        scope = Scope(cleaned.get("scope") or Scope.ONE)
        if scope is not Scope.ONE and cleaned.get("location") not in (None, self.session.location):
            self.add_error("location", _("A series stays at its location; one session alone can move to another."))
        if scope is not Scope.ONE and not self.errors and self._as_series() is None:
            self.add_error("day", _("For a series the day must be in the same week."))
        return cleaned

    def _one(self) -> SessionValues:
        return SessionValues(day=self.cleaned_data["day"], location=self.cleaned_data["location"], **self.slot())

    def _as_series(self) -> SeriesValues | None:
        return SeriesValues.as_moved(self.session, self._one())

    @property
    def values(self) -> SessionValues | SeriesValues:
        if self.chosen_scope is Scope.ONE:
            return self._one()
        series = self._as_series()
        assert series is not None  # noqa: S101 (clean has refused it)
        return series


class SeriesForm(SlotForm):
    """A slot of the week from now on."""

    weekdays = weekdays_field(gettext_lazy("On"))
    every_weeks = forms.IntegerField(label=gettext_lazy("Every so many weeks"), min_value=1, max_value=26)
    last_on = day_field(gettext_lazy("Last day"))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**62)

    field_order = (
        "weekdays",
        "every_weeks",
        "local_start",
        "duration_minutes",
        "last_on",
        "room",
        "teacher",
        "capacity",
    )

    def __init__(
        self, data: Any = None, *, recurrence: Recurrence, session: ScheduledSession, login: StaffLogin
    ) -> None:
        self.recurrence = recurrence
        known = _known(SeriesValues.of(recurrence)) | {"seen": session.version}
        known["weekdays"] = sorted(recurrence.weekdays)
        super().__init__(data, login=login, initial=known)
        del self.fields["location"]
        rooms = [room for room in self.house.rooms if room.location_id == recurrence.item.location_id]
        self._offer("room", [("", _("no room")), *((str(room.pk), room.name) for room in rooms)])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        last = cleaned.get("last_on")
        if last and last < self.recurrence.first_on:
            self.add_error("last_on", _("The last day is before the first one."))
        return cleaned

    @property
    def values(self) -> SeriesValues:
        return SeriesValues(
            weekdays=frozenset(self.cleaned_data["weekdays"]),
            every_weeks=self.cleaned_data["every_weeks"],
            first_on=self.recurrence.first_on,
            last_on=self.cleaned_data["last_on"],
            **self.slot(),
        )


class CancelSessionForm(forms.Form):
    """Why a class is called off, and which of its series."""

    scope = forms.ChoiceField(
        label=gettext_lazy("Cancel"),
        choices=[
            (Scope.ONE, gettext_lazy("only this session")),
            (Scope.FOLLOWING, gettext_lazy("this and all that follow")),
        ],
        widget=forms.RadioSelect,
        initial=Scope.ONE,
        required=False,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("People who are booked read it in their mail."),
    )

    def __init__(self, data: Any = None, *, session: ScheduledSession) -> None:
        super().__init__(data)
        if session.recurrence_id is None:
            del self.fields["scope"]

    @property
    def chosen_scope(self) -> Scope:
        return Scope(self.cleaned_data.get("scope") or Scope.ONE)
