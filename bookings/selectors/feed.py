"""What a calendar feed holds: the sessions of one teacher or one location, some weeks back and a year ahead."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from bookings.models import CalendarFeed, ScheduledSession
from portal.models import Location, StaffLogin, Studio

BACK, AHEAD = timedelta(days=31), timedelta(days=400)
_FIELDS = (
    "pk", "version", "starts_at", "ends_at", "cancelled_at", "item__name", "item__created_at", "teacher__name",
    "room__name", "location__name", "location__street", "location__city", "location__zone",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One session as the feed tells it."""

    pk: int
    studio: str
    version: int
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool
    stamped_at: datetime
    name: str
    teacher: str
    room: str
    place: str
    street: str
    city: str
    zone: str


def hash_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def feed_behind(studio: str, secret: str) -> CalendarFeed | None:
    """The feed that this secret opens at the studio with this address; None for a wrong or revoked one."""
    feeds = CalendarFeed.objects.select_related("studio", "teacher", "location")
    return feeds.filter(studio__slug=studio, secret_hash=hash_of(secret), revoked_at=None).first()


def entries_of(feed: CalendarFeed, *, studio: Studio, now: datetime) -> list[Entry]:
    """The feed's sessions in order, cancelled ones too, so that programs strike them out. One query."""
    sessions = ScheduledSession.objects.filter(studio=studio, starts_at__gte=now - BACK, starts_at__lt=now + AHEAD)
    if feed.location_id is not None:
        sessions = sessions.filter(location_id=feed.location_id)
    elif feed.teacher_id is not None:
        sessions = sessions.filter(teacher_id=feed.teacher_id)
    return [
        Entry(
            pk=pk,
            studio=studio.slug,
            version=version,
            starts_at=starts_at,
            ends_at=ends_at,
            is_cancelled=cancelled_at is not None,
            # Nothing else is known of when the row was written, and the hour of asking would change with each asking.
            stamped_at=max(created_at, cancelled_at or created_at),
            name=name,
            teacher=teacher or "",
            room=room or "",
            place=place,
            street=street,
            city=city,
            zone=zone,
        )
        for (
            pk, version, starts_at, ends_at, cancelled_at, name, created_at, teacher, room, place, street, city, zone
        ) in sessions.order_by("starts_at", "pk").values_list(*_FIELDS)
    ]  # fmt: skip


def feeds_of(login: StaffLogin, locations: list[Location]) -> list[CalendarFeed]:
    """The feeds that this login may see and revoke: of its locations, and of teachers if it sees all of them."""
    feeds = CalendarFeed.objects.filter(studio_id=login.studio_id, revoked_at=None).select_related(
        "teacher", "location", "created_by__user"
    )
    shown = {place.pk for place in locations}
    sees_all = not login.locations.exists()
    return [feed for feed in feeds if (feed.location_id in shown if feed.location_id else sees_all)]
