"""Making and closing calendar feeds."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from bookings.models import CalendarFeed
from bookings.selectors.feed import hash_of
from portal.changes import record_change
from portal.models import Location, StaffLogin, Studio, Teacher

# How exactly "last fetched" is known: programs that ask every second write no row each time.
FETCH_NOTED_EVERY = timedelta(minutes=1)


def create_feed(
    studio: Studio,
    *,
    secret: str,
    by: StaffLogin,
    now: datetime,
    teacher: Teacher | None = None,
    location: Location | None = None,
) -> CalendarFeed:
    """Open a feed of a teacher or of a location behind `secret`, of which only the hash is kept."""
    with transaction.atomic():
        feed = CalendarFeed.objects.create(
            studio=studio,
            teacher=teacher,
            location=location,
            secret_hash=hash_of(secret),
            created_at=now,
            created_by=by,
        )
        record_change(feed, "created", studio=studio, by=by, now=now, after={"of": str(feed)})
    return feed


def revoke_feed(feed: CalendarFeed, *, by: StaffLogin, now: datetime) -> None:
    """Close the feed for good; once more changes nothing."""
    with transaction.atomic():
        if CalendarFeed.objects.filter(pk=feed.pk, revoked_at=None).update(revoked_at=now):
            record_change(feed, "revoked", studio=feed.studio, by=by, now=now, before={"of": str(feed)})


def note_fetch(feed: CalendarFeed, *, now: datetime) -> None:
    """Remember that a program asked: reading a feed changes nothing else."""
    lately = Q(last_fetched_at__gt=now - FETCH_NOTED_EVERY)
    CalendarFeed.objects.filter(pk=feed.pk).exclude(lately).update(last_fetched_at=now)
