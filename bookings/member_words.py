"""A member's log in words: when, who, what, and what it was before and after."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import ReservationEvent, ScheduledSession, WaitingEvent
from bookings.sources import who_words
from bookings.words import day_and_clock
from portal.models import Change, Location, Member

CONTACT = {"email", "phone"}
_KINDS: dict[str, Promise] = {
    "created": gettext_lazy("became a member"),
    "edited": gettext_lazy("data changed"),
    "blocked": gettext_lazy("blocked"),
    "unblocked": gettext_lazy("block lifted"),
    "merged": gettext_lazy("merged with another profile"),
    "separated": gettext_lazy("merge taken back"),
    "photo": gettext_lazy("photo changed"),
    "scrubbed": gettext_lazy("deleted"),
}


@dataclass(frozen=True)
class LogLine:
    """One line. `about`: the class and its moment; `difference`: what it was before and after, field by field."""

    at: str
    words: str
    about: str
    difference: list[str]
    by: str


def line_of(row: ReservationEvent | WaitingEvent | Change, places: list[Location], *, with_contact: bool) -> LogLine:
    """Moments are told where the class is; changes of the profile at the first of these locations."""
    match row:
        case ReservationEvent():
            place, session = row.reservation.location, row.reservation.session
            return _line(row, place.tz, str(row.get_kind_display()), about=_class(session, place))
        case WaitingEvent():
            place, session = row.entry.session.location, row.entry.session
            return _line(row, place.tz, str(row.get_kind_display()), about=_class(session, place))
        case Change():
            zone = places[0].tz if places else ZoneInfo("UTC")
            words = str(_KINDS.get(row.kind, row.kind))
            return _line(row, zone, words, difference=_differences(row, with_contact=with_contact))


def _line(row: Any, zone: ZoneInfo, words: str, *, about: str = "", difference: list[str] | None = None) -> LogLine:
    return LogLine(_moment(row.occurred_at, zone), words, about, difference or [], who_words(row.by, row.by_word))


def _moment(at: datetime, zone: ZoneInfo) -> str:
    there = at.astimezone(zone)
    return f"{date_format(there, 'SHORT_DATE_FORMAT')} {there:%H:%M}"


def _class(session: ScheduledSession, place: Location) -> str:
    return f"{session.item.name}, {day_and_clock(session.starts_at, place)}"


def _differences(change: Change, *, with_contact: bool) -> list[str]:
    """Each field that differs, by its name on the form; contact data only for who may see it."""
    labels = {field.name: str(getattr(field, "verbose_name", field.name)) for field in Member._meta.get_fields()}
    told = []
    for name, value in change.after.items():
        if name in CONTACT and not with_contact:
            told.append(_("%(field)s changed") % {"field": labels.get(name, name).capitalize()})
        elif name in change.before:
            before = change.before[name] or _("none")
            words = {"field": labels.get(name, name).capitalize(), "before": before, "after": value or _("none")}
            told.append(_("%(field)s: before %(before)s, after %(after)s") % words)
        elif name in labels:
            told.append(f"{labels[name].capitalize()}: {value}")
    return told
