"""The safety net: everything at a marketplace compared with what that was told (I5)."""

from collections import Counter
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from bookings.models import ScheduledSession
from marketplace import rules
from marketplace.actions.outbox import lanes, write_tells
from marketplace.models import Connection, Listing, SyncRun
from marketplace.rules import Stand
from marketplace.selectors.offers import Wanted, wanted
from portal.jobs import enqueue, enqueue_many
from portal.models import Studio

SYNC = "marketplace.sync"
# In which minute this process asked for each connection; the job's key says it to all processes.
_visited: dict[int, datetime] = {}


def ask_for_syncs(slot: str) -> int:
    """Write the job of each connection that is told of changes, once for a slot; how many."""
    connections = list(Connection.objects.told().order_by("pk"))
    for one in connections:
        enqueue(
            SYNC,
            key=f"{SYNC} {one.pk} {slot}",
            payload={"connection": one.pk},
            studio=Studio(pk=one.studio_id),
        )
    return len(connections)


def ask_for_visit(connection: Connection, *, now: datetime) -> None:
    """A member looks at the studio in the marketplace's app: compare it at once, at most once a minute (I5).

    Costs the one who asks nothing but the first time in a minute.
    """
    minute = now.replace(second=0, microsecond=0)
    if not connection.is_told or _visited.get(connection.pk) == minute:
        return
    key = f"{SYNC} {connection.pk} visit {minute:%Y-%m-%d %H:%M}"
    payload = {"connection": connection.pk, "cause": SyncRun.Cause.VISIT}
    with transaction.atomic():
        enqueue_many(SYNC, {key: payload}, studio=Studio(pk=connection.studio_id))
    _visited[connection.pk] = minute


def sync_if_told(connection_id: int, *, cause: SyncRun.Cause, now: datetime) -> SyncRun | None:
    """Compare one connection; None when it was ended meanwhile."""
    found = Connection.objects.told().select_related("marketplace").filter(pk=connection_id).first()
    return sync(found, cause=cause, now=now) if found else None


def sync(connection: Connection, *, cause: SyncRun.Cause, now: datetime) -> SyncRun:
    """Write a tell for each session that stands otherwise than the marketplace was told, and for no other.

    What the marketplace refused is not said again until it is something else. One session takes as many queries as all.
    """
    with transaction.atomic():
        run = SyncRun(studio_id=connection.studio_id, connection=connection, cause=cause, started_at=now)
        sessions = _to_compare(connection, now=now)
        found = wanted(connection, sessions, now=now)
        told = {one.reference: one for one in Listing.objects.filter(connection=connection, session__in=sessions)}
        differing = [pk for pk, one in found.items() if _differs(told.get(pk), one)]
        removed = _removed(connection, now=now)
        write_tells([connection], [*lanes([connection], differing, now=now, all_of_them=True), *removed])
        run.compared, run.differed = len(found) + len(removed), len(differing) + len(removed)
        run.ended_at = now
        run.outcome = dict(Counter(one.publication.reason or one.publication.stand for one in found.values()))
        run.save(force_insert=True)
        if connection.first_synced_at is None:
            connection.first_synced_at = now
            connection.save(update_fields=["first_synced_at"])
    return run


def _to_compare(connection: Connection, *, now: datetime) -> list[int]:
    """Sessions to come that the marketplace shows, or is to show at its connected locations."""
    horizon = now + connection.marketplace.horizon
    shown = Q(listings__connection=connection, listings__stand__in=[Stand.SELLING, Stand.HELD])
    sold = Q(item__allows_marketplaces=True, starts_at__lte=horizon, location__connected__connection=connection)
    sessions = ScheduledSession.objects.filter(shown | sold, studio=connection.studio_id, starts_at__gt=now)
    return list(sessions.order_by("pk").distinct().values_list("pk", flat=True))


def _removed(connection: Connection, *, now: datetime) -> list[int]:
    """Listings that are still there although their sessions to come are not, locked."""
    left = Listing.objects.filter(
        connection=connection, session=None, shown_start__gt=now, stand__in=[Stand.SELLING, Stand.HELD]
    )
    again = [one for one in left.order_by("pk").select_for_update(no_key=True) if one.refused_marks != Stand.GONE]
    return [one.pk for one in again]


def _differs(listing: Listing | None, becomes: Wanted) -> bool:
    marks = becomes.offer.marks if becomes.offer else None
    told = listing.told if listing else None
    if not rules.what_to_tell(told, becomes.publication, marks, can_move=True):
        return False
    return listing is None or listing.refused_marks != becomes.word
