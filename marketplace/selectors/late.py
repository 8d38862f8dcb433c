"""How the connections stand: when each was compared, what waits, whether it is late."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, OuterRef, Q, QuerySet, Subquery

from marketplace.models import Call, Connection, Marketplace, SyncRun
from marketplace.rules import Lateness, SyncFacts, lateness
from portal.models import Studio


@dataclass(frozen=True)
class SyncStanding:
    """A connection, and whether its sync is late."""

    connection: Connection
    lateness: Lateness


def sync_standings(studio: Studio, *, now: datetime) -> list[SyncStanding]:
    """Those of the studio that are told something. One query."""
    return [sync_standing_of(one, now=now) for one in with_facts(studio.connections.told())]


def sync_standing_of(connection: Connection, *, now: datetime) -> SyncStanding:
    """Of one that `with_facts` has read."""
    marketplace = connection.marketplace
    speaks = bool(marketplace.adapter) and marketplace.shape != Marketplace.Shape.CHECK_IN
    facts = SyncFacts(
        is_told=connection.is_told and speaks,
        activated_at=connection.activated_at,
        compared_at=connection.compared_at,  # type: ignore[attr-defined]
        unheard_since=connection.unheard_since,  # type: ignore[attr-defined]
    )
    return SyncStanding(connection, lateness(facts, now))


def with_facts(connection: QuerySet[Connection]) -> QuerySet[Connection]:
    """With what `lateness` looks at: the end of the last sync, and since when a call finds nobody who takes it."""
    runs = SyncRun.objects.filter(connection=OuterRef("pk"), ended_at__isnull=False)
    unheard = Call.objects.open().filter(connection=OuterRef("pk"), unanswered=True).order_by().values("connection")
    return connection.select_related("marketplace", "studio").annotate(
        compared_at=Subquery(runs.order_by("-started_at").values("ended_at")[:1]),
        unheard_since=Subquery(unheard.annotate(first=Min("created_at")).values("first")),
    )


def classes_affected(connection: Connection, *, now: datetime) -> int:
    """How many classes to come stand otherwise than the marketplace knows: their calls wait or were given up."""
    waiting = Q(state__in=[Call.State.WAITING, Call.State.SENDING, Call.State.DEAD], kind=Call.Kind.TELL)
    calls = Call.objects.filter(waiting, connection=connection, listing__session__starts_at__gt=now)
    return calls.aggregate(number=Count("listing", distinct=True))["number"]
