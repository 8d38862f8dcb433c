"""The timetable to come as OpenActive has it: two RPDE pages, SessionSeries and ScheduledSession (docs/export.md).

Names, places, times and places left; nobody who booked, and no appointment. Whoever publishes it says the licence.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Exists, Max, OuterRef
from django.db.models.functions import Coalesce

from bookings.models import CalendarItem, ItemPackage, ScheduledSession
from portal.models import Location, Studio

CONTEXT = "https://openactive.io/"
SCHEDULED, CANCELLED = "https://schema.org/EventScheduled", "https://schema.org/EventCancelled"
# No activity of the public list is ours to choose; a name alone is allowed by the model.
Item = dict[str, Any]
_HAS_PACKAGES = Exists(ItemPackage.objects.filter(item=OuterRef("pk")))


def feeds(studio: Studio, now: datetime) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Both files, each written while its rows are read."""
    yield "openactive/session-series.json", _page(studio, "session-series", _series(studio, now))
    yield "openactive/scheduled-sessions.json", _page(studio, "scheduled-sessions", _sessions(studio, now))


def _page(studio: Studio, feed: str, items: Iterable[Item]) -> Iterator[bytes]:
    """One page with all items, in the order in which they changed: `next` goes on behind the last of them."""
    last: Item = {"modified": 0, "id": 0}
    yield b'{"items": ['
    for number, item in enumerate(items):
        yield (",\n" if number else "\n").encode() + json.dumps(item, ensure_ascii=False).encode()
        last = item
    after = f"{_base(studio)}/{feed}?afterTimestamp={last['modified']}&afterId={last['id']}"
    yield b'\n],\n"next": ' + json.dumps(after).encode() + b"}\n"


def _series(studio: Studio, now: datetime) -> Iterator[Item]:
    found = _public(studio).filter(sessions__ends_at__gte=now).select_related("location")
    changed = found.annotate(modified=Coalesce(Max("sessions__version"), 0), has_packages=_HAS_PACKAGES)
    for item in changed.order_by("modified", "pk").iterator(chunk_size=500):
        data: Item = {
            "@context": CONTEXT,
            "@type": "SessionSeries",
            "@id": _series_id(studio, item.pk),
            "url": _series_id(studio, item.pk),
            "name": item.name,
            "activity": [{"@type": "Concept", "prefLabel": item.name}],
            "organizer": {"@type": "Organization", "name": studio.name},
            "location": _place(studio, item.location),
            "duration": f"PT{item.duration_minutes}M",
            "offers": _offers(item),
        }
        if item.description:
            data["description"] = item.description
        yield {"state": "updated", "kind": "SessionSeries", "id": item.pk, "modified": item.modified, "data": data}


def _sessions(studio: Studio, now: datetime) -> Iterator[Item]:
    rows = ScheduledSession.objects.filter(studio=studio, item__in=_public(studio), ends_at__gte=now)
    rows = rows.select_related("location", "item").order_by("version", "pk")
    for session in rows.iterator(chunk_size=500):
        zone = session.location.tz
        data: Item = {
            "@context": CONTEXT,
            "@type": "ScheduledSession",
            "@id": f"{_base(studio)}/scheduled-sessions/{session.pk}",
            "superEvent": _series_id(studio, session.item_id),
            "startDate": session.starts_at.astimezone(zone).isoformat(timespec="seconds"),
            "endDate": session.ends_at.astimezone(zone).isoformat(timespec="seconds"),
            "eventStatus": CANCELLED if session.cancelled_at else SCHEDULED,
        }
        if session.location_id != session.item.location_id:
            data["location"] = _place(studio, session.location)
        if session.capacity is not None:
            free = session.capacity - session.places_taken - session.places_held
            data |= {"maximumAttendeeCapacity": session.capacity, "remainingAttendeeCapacity": max(free, 0)}
        yield {
            "state": "updated", "kind": "ScheduledSession", "id": session.pk, "modified": session.version, "data": data,
        }  # fmt: skip


def _public(studio: Studio) -> Any:
    return CalendarItem.objects.filter(studio=studio).exclude(kind=CalendarItem.Kind.APPOINTMENT)


def _offers(item: Any) -> list[Item]:
    """What is free has a price of nothing (K2, Q10); what packages pay for has no price of its own."""
    if item.needs_package or item.has_packages:
        return []
    return [{"@type": "Offer", "name": item.name, "price": 0, "priceCurrency": "EUR"}]


def _place(studio: Studio, location: Location) -> Item:
    address = {
        "@type": "PostalAddress",
        "streetAddress": location.street,
        "postalCode": location.postcode,
        "addressLocality": location.city,
        "addressCountry": location.country,
    }
    return {
        "@type": "Place",
        "@id": f"{_base(studio)}/locations/{location.pk}",
        "name": location.name,
        "address": {name: value for name, value in address.items() if value},
    }


def _series_id(studio: Studio, item: int) -> str:
    return f"{_base(studio)}/session-series/{item}"


def _base(studio: Studio) -> str:
    return f"{settings.SITE_URL}/{studio.slug}/openactive"
