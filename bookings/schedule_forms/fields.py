"""Fields that the forms of the schedule share: days, clocks, weekdays, and choices that stay in the house."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from bookings.models import HUES, Room
from portal.access import locations_for
from portal.models import Location, StaffLogin, Teacher

# Nobody plans before this day or after that one; a year of five digits would break what computes with it.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
MOST_DAYS = 60


def day_field(label: Any, **more: Any) -> forms.DateField:
    limits = {"min": FIRST_DAY.isoformat(), "max": LAST_DAY.isoformat()}
    field = forms.DateField(label=label, widget=forms.DateInput({"type": "date", **limits}, format="%Y-%m-%d"), **more)
    field.validators.append(_planned)
    return field


def clock_field(label: Any, **more: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput({"type": "time"}, format="%H:%M"), **more)


def weekdays_field(label: Any, **more: Any) -> forms.TypedMultipleChoiceField:
    """Monday is 0."""
    return forms.TypedMultipleChoiceField(
        label=label,
        choices=list(WEEKDAYS.items()),
        coerce=int,
        widget=forms.CheckboxSelectMultiple({"class": "weekdays"}),
        **more,
    )


def hue_field(label: Any, **more: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label,
        choices=[(hue, hue + 1) for hue in range(HUES)],
        coerce=int,
        widget=HueSelect(),
        **more,
    )


def _planned(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(_("Please choose a day between the years 2000 and 2199."))


class HueSelect(forms.RadioSelect):
    """Colours to choose from, each a radio button with its number as word."""

    use_fieldset = True

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        choices = format_html_join(
            "",
            '<label class="hue-choice hue-{}"><input type="radio" name="{}" value="{}" {}>'
            '<span class="swatch"></span><span class="for-readers">{}</span></label>',
            ((hue, name, hue, "checked" if str(hue) == str(value) else "", self._word(hue)) for hue in range(HUES)),
        )
        return format_html('<div class="hues" id="{}">{}</div>', (attrs or {}).get("id", f"id_{name}"), choices)

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return id_

    def _word(self, hue: int) -> str:
        return _("Colour %(number)d") % {"number": hue + 1}


class DaysInput(forms.Widget):
    """As many fields for a day as there are, and some more; schedule_forms.js adds another on demand."""

    use_fieldset = True
    spare = 3

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [text for text in given if text]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def id_for_label(self, id_: str, index: str | None = None) -> str:
        return f"{id_}_0"

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        days = [one.isoformat() if isinstance(one, date) else str(one) for one in value or []]
        ident = (attrs or {}).get("id", f"id_{name}")
        word = _("Day %(number)d")
        fields = format_html_join(
            "",
            '<input type="date" name="{}" id="{}_{}" value="{}" aria-label="{}">',
            (
                (name, ident, number, day, word % {"number": number + 1})
                for number, day in enumerate(days + [""] * self.spare)
            ),
        )
        return format_html(
            '<div class="day-fields" data-days>{}</div>'
            '<button class="button small quiet" type="button" data-add-day hidden>{}</button>',
            fields,
            _("Another day"),
        )


class DaysField(forms.Field):
    """Several days, in order, each once."""

    widget = DaysInput

    def to_python(self, value: Any) -> list[date]:
        days = set()
        if len(value or []) > MOST_DAYS:
            raise ValidationError(
                ngettext_lazy("At most %(number)d day at a time.", "At most %(number)d days at a time.", MOST_DAYS)
                % {"number": MOST_DAYS}
            )
        for text in value or []:
            try:
                day = date.fromisoformat(text)
            except ValueError as error:
                raise ValidationError(_("%(text)s is not a day.") % {"text": text[:20]}) from error
            _planned(day)
            days.add(day)
        return sorted(days)


class House:
    """What a login can plan with: its locations, their rooms, the studio's teachers."""

    def __init__(self, login: StaffLogin) -> None:
        self.login = login
        self.locations = locations_for(login)
        self.teachers: list[Teacher] = list(login.studio.teachers.all())
        self.rooms: list[Room] = list(
            Room.objects.filter(location__in=self.locations).select_related("location").order_by("location_id", "name")
        )

    def location_choices(self) -> list[tuple[str, str]]:
        return [(str(place.pk), place.name) for place in self.locations]

    def teacher_choices(self) -> list[tuple[str, str]]:
        return [("", _("nobody yet")), *((str(one.pk), one.name) for one in self.teachers)]

    def room_choices(self) -> list[Any]:
        """Grouped by location where there are several."""
        none = ("", _("no room"))
        if len(self.locations) == 1:
            return [none, *_pairs(self.rooms)]
        groups = [
            (place.name, [room for room in self.rooms if room.location_id == place.pk]) for place in self.locations
        ]
        return [none, *((name, _pairs(rooms)) for name, rooms in groups if rooms)]

    def location(self, key: str) -> Location | None:
        return next((place for place in self.locations if str(place.pk) == key), None)

    def teacher(self, key: str) -> Teacher | None:
        return next((one for one in self.teachers if str(one.pk) == key), None)

    def room(self, key: str) -> Room | None:
        return next((one for one in self.rooms if str(one.pk) == key), None)


def _pairs(rooms: Iterable[Room]) -> Sequence[tuple[str, str]]:
    return [(str(room.pk), room.name) for room in rooms]


class PlaceAndPeople(forms.Form):
    """Location, room and teacher, which every form of the schedule asks for alike."""

    location = forms.ChoiceField(label=gettext_lazy("Location"))
    room = forms.ChoiceField(label=gettext_lazy("Room"), required=False)
    teacher = forms.ChoiceField(label=gettext_lazy("Teacher"), required=False)

    def __init__(self, *args: Any, login: StaffLogin, **kwargs: Any) -> None:
        self.house = House(login)
        super().__init__(*args, **kwargs)
        self._offer("location", self.house.location_choices())
        self._offer("room", self.house.room_choices())
        self._offer("teacher", self.house.teacher_choices())
        if len(self.house.locations) == 1:
            self.initial.setdefault("location", str(self.house.locations[0].pk))

    def _offer(self, name: str, choices: list[Any]) -> None:
        if name in self.fields:
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "location" in self.fields:
            cleaned["location"] = self.house.location(cleaned.get("location", ""))
        cleaned["teacher"] = self.house.teacher(cleaned.get("teacher", ""))
        cleaned["room"] = self.house.room(cleaned.get("room", ""))
        place = cleaned.get("location")
        if place and cleaned["room"] and cleaned["room"].location_id != place.pk:
            self.add_error(
                "room",
                _("%(room)s is at %(place)s.") % {"room": cleaned["room"].name, "place": cleaned["room"].location.name},
            )
        return cleaned
