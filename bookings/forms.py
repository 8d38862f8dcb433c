from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.models import CalendarItem, Room
from bookings.rules import CancelAs
from portal.members.joining import NewMember
from portal.models import Location, Member, Studio, Teacher


class MomentField(forms.Field):
    """An aware moment as `datetime.isoformat` writes it: what a server told a script, never what a person typed."""

    def to_python(self, value: Any) -> datetime | None:
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("not a moment") from error
        if moment.tzinfo is None:
            raise ValidationError("not an aware moment")
        return moment


class ActionForm(forms.Form):
    """What every change carries: the id that makes a retry the same action (Q17)."""

    action_id = forms.UUIDField()


class CancelForm(ActionForm):
    outcome = forms.TypedChoiceField(choices=[(way.value, way.value) for way in CancelAs], coerce=CancelAs)


class FindForm(forms.Form):
    """Whom to show at the counter, for browsers without script. What cannot be read filters nothing."""

    MISSING, NEW = "missing", "new"

    q = forms.CharField(max_length=100, required=False)
    show = forms.ChoiceField(choices=[(MISSING, MISSING), (NEW, NEW)], required=False)

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q", "") if self.is_valid() or self.cleaned_data else ""

    @property
    def show_only(self) -> str:
        return self.cleaned_data.get("show", "") if self.is_valid() or self.cleaned_data else ""

    @property
    def is_used(self) -> bool:
        return bool(self.words or self.show_only)


class ChangesForm(forms.Form):
    """What a tab has seen: the studio's version and the server's time, both as the last answer told them."""

    since = forms.IntegerField(min_value=0, max_value=2**62)
    at = MomentField()


class AllForm(ActionForm):
    """One word about everyone on a roster who has no tick yet."""

    HERE, ABSENT = "here", "absent"

    deed = forms.ChoiceField(choices=[(HERE, HERE), (ABSENT, ABSENT)])


class NoteForm(forms.Form):
    """What staff should know at a member's next visit."""

    text = forms.CharField(label=_("Note for the next visit"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class WalkInForm(ActionForm):
    """A class, and either a member or a new person's name: what was typed to find them is one, where none else was."""

    session = forms.IntegerField(min_value=1, max_value=2**62)
    member = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    q = forms.CharField(max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        named = any(data.get(field) or field in self.errors for field in ("member", "first_name", "last_name"))
        if not named and "@" not in (typed := data.get("q", "")) and any(sign.isalpha() for sign in typed):
            data["first_name"], *last = typed.split()
            data["last_name"] = " ".join(last)
        if not data.get("member") and not data.get("first_name") and "first_name" not in self.errors:
            self.add_error("first_name", _("Choose a person, or type the new person's first name."))
        return data

    def new_member(self) -> NewMember:
        data = self.cleaned_data
        names = ("first_name", "last_name", "email", "phone")
        return NewMember(**{name: data[name] for name in names})


class WaitingForm(ActionForm):
    """What staff do with someone on a waiting list."""

    OFFER, BOOK, LEAVE = "offer", "book", "leave"

    deed = forms.ChoiceField(choices=[(word, word) for word in (OFFER, BOOK, LEAVE)])


class BookForm(ActionForm):
    """Whom to book, or to put on the waiting list."""

    BOOK, WAIT = "book", "wait"

    member = forms.IntegerField(min_value=1, max_value=2**62)
    deed = forms.ChoiceField(choices=[(word, word) for word in (BOOK, WAIT)])


class PersonField(forms.ModelChoiceField):
    """A member; the key of a profile that was merged names the kept one."""

    def to_python(self, value: Any) -> Member | None:
        found: Member | None = super().to_python(value)
        return found.kept if found else None


class AppointmentForm(forms.Form):
    """Who meets whom, where and on which day. What is missing or does not fit leaves its question open."""

    item = forms.ModelChoiceField(label=_("Appointment"), queryset=CalendarItem.objects.none())
    teacher = forms.ModelChoiceField(label=_("Teacher"), queryset=Teacher.objects.none())
    room = forms.ModelChoiceField(
        label=_("Room"), queryset=Room.objects.none(), required=False, empty_label=_("no room is needed")
    )
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    member = PersonField(label=_("Member"), queryset=Member.objects.none(), required=False)

    def __init__(self, data: Any, *, studio: Studio, locations: list[Location]) -> None:
        super().__init__(data)
        items = studio.calendar_items.offered().filter(kind=CalendarItem.Kind.APPOINTMENT, location__in=locations)
        choices: dict[str, Any] = {
            "item": items.select_related("location", "teacher", "room").order_by("name", "id"),
            "teacher": studio.teachers.order_by("name", "id"),
            "room": Room.objects.filter(location__in=locations).order_by("location__position", "name", "id"),
            "member": studio.members.filter(scrubbed_at=None).select_related("merged_into"),
        }
        for name, queryset in choices.items():
            self.fields[name].queryset = queryset  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        item, room = data.get("item"), data.get("room")
        if item and room and room.location_id != item.location_id:
            self.add_error("room", _("This room is at another location than the appointment. Please choose again."))
        return data


class BookAppointmentForm(AppointmentForm, ActionForm):
    """The same with a start, as the list of free times told it, and a member."""

    starts_at = MomentField()

    def __init__(self, data: Any, *, studio: Studio, locations: list[Location]) -> None:
        super().__init__(data, studio=studio, locations=locations)
        self.fields["member"].required = True
        self.fields["day"].required = False
