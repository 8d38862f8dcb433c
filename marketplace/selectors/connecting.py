"""How far the studio's connections have come."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from bookings.models import Reservation
from marketplace.models import ConnectedLocation, Connection, Contract, ContractTerms, Marketplace
from marketplace.rules.connecting import ConnectingFacts, Missing, StageAt, missing_for_activation, stages
from portal.models import Studio


@dataclass(frozen=True)
class Progress:
    """One connection, its stages, and what the operator still waits for."""

    connection: Connection
    stages: tuple[StageAt, ...]
    missing: tuple[Missing, ...]
    # Its end was begun, and somebody is still booked through it.
    is_ending: bool


def progress_of(connection: Connection, *, adapters: Iterable[str]) -> Progress:
    """Two queries. `adapters`: the names of those that this release has."""
    has_terms = ContractTerms.objects.filter(contract=OuterRef("pk"))
    stated = Contract.objects.filter(Exists(has_terms), connection=connection)
    return _progress(
        connection,
        has_terms=stated.exists(),
        is_agreed=connection.contracts.filter(ends_on=None).exists(),
        locations=connection.locations.count(),
        adapters=adapters,
    )


def progress(studio: Studio, *, adapters: Iterable[str]) -> dict[str, Progress]:
    """Of all connections of the studio, by the key of the marketplace. One query."""
    found = _annotated(studio.connections.all()).order_by("marketplace__name")
    return {one.marketplace_id: _of_annotated(one, adapters) for one in found}


def setting_up(*, adapters: Iterable[str]) -> list[Progress]:
    """Of every connection, whichever studio's, that was not activated yet. One query."""
    found = _annotated(
        Connection.objects.filter(state=Connection.State.SETTING_UP, studio__practice_of=None)
    ).select_related("studio")
    return [_of_annotated(one, adapters) for one in found.order_by("added_at", "pk")]


def _annotated(connections: QuerySet[Connection]) -> Any:
    terms = ContractTerms.objects.filter(contract__connection=OuterRef("pk"))
    agreed = Contract.objects.filter(connection=OuterRef("pk"), ends_on=None)
    places = ConnectedLocation.objects.filter(connection=OuterRef("pk")).order_by().values("connection")
    return connections.select_related("marketplace").annotate(
        stated=Exists(terms), agreed=Exists(agreed), places=places.annotate(number=Count("pk")).values("number")
    )


def _of_annotated(one: Any, adapters: Iterable[str]) -> Progress:
    return _progress(one, has_terms=one.stated, is_agreed=one.agreed, locations=one.places or 0, adapters=adapters)


def marketplaces() -> QuerySet[Marketplace]:
    """All that this installation knows, whoever is connected to them."""
    return Marketplace.objects.all()


def booked_ahead(connection: Connection, *, now: datetime) -> int:
    """How many bookings through the marketplace are still to come (Q26)."""
    booked = Reservation.objects.active().filter(studio=connection.studio_id, source=connection.marketplace_id)
    return booked.filter(starts_at__gt=now).count()


def today_of(studio: Studio, *, now: datetime) -> date:
    """The day at the studio's first location."""
    place = studio.locations.in_order().first()
    return place.local_day(now) if place else now.date()


def _progress(
    connection: Connection, *, has_terms: bool, is_agreed: bool, locations: int, adapters: Iterable[str]
) -> Progress:
    facts = ConnectingFacts(
        books=connection.marketplace.shape != Marketplace.Shape.CHECK_IN,
        ended=connection.state == Connection.State.ENDED,
        contracted_on=connection.contracted_on,
        has_terms=has_terms,
        added_at=connection.added_at,
        activated_at=connection.activated_at,
        allowed_at=connection.allowed_at,
        first_synced_at=connection.first_synced_at,
        first_booked_at=connection.first_booked_at,
        has_locations=locations > 0,
        has_secret=bool(connection.sealed_secret),
        has_adapter=connection.marketplace.adapter in set(adapters),
    )
    is_ending = connection.state == Connection.State.PAUSED and connection.added_at is None and not is_agreed
    return Progress(connection, stages(facts), missing_for_activation(facts), is_ending)
