"""A session's log in words: when, who, what, and what it was before and after."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from bookings.log_words import axes_words, before_and_after
from bookings.models import CalendarItem, ScheduledSession
from bookings.selectors.session_log import Happened
from bookings.sources import who_words
from bookings.words import day_and_clock
from portal.models import Change, Location
from portal.people import brief


@dataclass(frozen=True)
class LogLine:
    """One line. `person` and `reservation` are empty where it is about the class; `undo` is the event to take back."""

    at: str
    words: str
    person: str
    brief: str
    reservation: int | None
    difference: list[str]
    by: str
    undo: int | None
    action_id: str


def line_of(happened: Happened, location: Location) -> LogLine:
    if event := happened.event:
        return _line(
            event.occurred_at,
            location,
            words=event.get_kind_display(),
            person=event.reservation.member.name,
            reservation=event.reservation_id,
            difference=axes_words(event),
            by=who_words(event.by, event.by_word),
            undo=event.pk if happened.can_undo else None,
        )
    if waiting := happened.waiting:
        return _line(
            waiting.occurred_at,
            location,
            words=waiting.get_kind_display(),
            person=waiting.entry.member.name,
            by=who_words(waiting.by, waiting.by_word),
        )
    change = happened.change
    assert change is not None  # noqa: S101  exactly one of the three is set
    return _line(
        change.occurred_at,
        location,
        words=_change_words(change),
        difference=_values(change, location),
        by=who_words(change.by, change.by_word),
    )


def _line(
    at: datetime,
    location: Location,
    *,
    words: str,
    person: str = "",
    reservation: int | None = None,
    difference: list[str] | None = None,
    by: str = "",
    undo: int | None = None,
) -> LogLine:
    moment = day_and_clock(at, location)
    return LogLine(
        moment, words, person, brief(person) if person else "", reservation, difference or [], by, undo, str(uuid4())
    )


def _change_words(change: Change) -> str:
    words = {
        "created": _("class created"),
        "edited": _("class changed"),
        "changed": _("class changed"),
        "moved": _("class moved"),
        "cancelled": _("class cancelled"),
        "restored": _("cancellation of the class taken back"),
        "archived": _("class put away"),
    }
    return words.get(change.kind, change.kind)


def _values(change: Change, location: Location) -> list[str]:
    """Each field of the class that differs, by its name on the form."""
    model = CalendarItem if change.subject == "calendaritem" else ScheduledSession
    labels = {field.name: str(getattr(field, "verbose_name", field.name)) for field in model._meta.get_fields()}
    return [
        f"{labels[name]}: {before_and_after(_told(change.before.get(name), location), _told(value, location))}"
        for name, value in change.after.items()
        if name in labels and change.before.get(name) != value
    ]


def _told(value: Any, location: Location) -> str:
    if value is None or value == "" or value == []:
        return _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    moment = parse_datetime(value) if isinstance(value, str) and "T" in value else None
    return day_and_clock(moment, location) if moment is not None and moment.tzinfo else str(value)
