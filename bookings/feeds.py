"""A timetable as iCalendar (RFC 5545), for calendar programs that subscribe to it. No member is named in it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone

from bookings.selectors.feed import Entry

# Raised when what is written for the same sessions changes, so that programs fetch it anew.
FORMAT = 1


def etag(name: str, entries: Sequence[Entry]) -> str:
    """What a program shows to learn that nothing has changed: known from the rows, before anything is written."""
    return f'"{sha256(repr((FORMAT, name, entries)).encode()).hexdigest()[:32]}"'


def calendar(name: str, entries: Sequence[Entry]) -> bytes:
    """The feed itself. Times are local with their zone; a session keeps its UID, and each change raises SEQUENCE."""
    feed = Calendar()
    feed.add("prodid", "-//Tresen//Schedule//EN")
    feed.add("version", "2.0")
    feed.add("x-wr-calname", name)
    feed.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for zone in sorted({entry.zone for entry in entries}):
        starts = [entry.starts_at for entry in entries if entry.zone == zone]
        feed.add_component(_zone(zone, min(starts).date(), max(starts).date()))
    for entry in entries:
        feed.add_component(_event(entry))
    return feed.to_ical()


def _zone(name: str, first: date, last: date) -> Timezone:
    """The zone's rules around these days, with a year to spare on both sides."""
    year = timedelta(days=366)
    return Timezone.from_tzid(name, first_date=first - year, last_date=last + year)


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", f"session-{entry.pk}@{entry.studio}.tresen")
    event.add("sequence", entry.version)
    event.add("dtstamp", entry.stamped_at.astimezone(UTC))
    event.add("dtstart", _local(entry.starts_at, entry.zone))
    event.add("dtend", _local(entry.ends_at, entry.zone))
    event.add("summary", entry.name)
    place = ", ".join(part for part in (entry.room, entry.place, entry.street, entry.city) if part)
    if place:
        event.add("location", place)
    if entry.teacher:
        event.add("description", entry.teacher)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    return event


def _local(moment: datetime, zone: str) -> datetime:
    """The wall clock in its zone; in the hour that comes twice the second time is said in UTC, which names it."""
    local = moment.astimezone(ZoneInfo(zone))
    return moment.astimezone(UTC) if local.fold else local
