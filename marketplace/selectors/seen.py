"""What each marketplace sees of sessions, and which connections a class goes to (I3, I4, Q25): two queries for all."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from bookings.models import CalendarItem, ScheduledSession
from marketplace import rules
from marketplace.models import ConnectedLocation, Connection, ContractTerms, Listing, Marketplace
from marketplace.rules import Publication, PublishingFacts, Stand


@dataclass(frozen=True)
class Terms:
    """What one version of a contract says of publishing; it holds from `first_on` to `ends_on`, both included."""

    first_on: date
    ends_on: date | None
    quota: int | None


@dataclass(frozen=True)
class Window:
    """One connection through which classes can be seen, with its locations and terms."""

    connection: Connection
    locations: frozenset[int]
    terms: tuple[Terms, ...]

    @property
    def name(self) -> str:
        return self.connection.marketplace.name

    def terms_on(self, day: date) -> Terms | None:
        """The twin of `TermsQuerySet.on`."""
        holding = [one for one in self.terms if one.first_on <= day and (one.ends_on is None or day <= one.ends_on)]
        return max(holding, key=lambda one: one.first_on, default=None)


@dataclass(frozen=True)
class Sight:
    """How one session stands at one connection: what it was told last, and what should be."""

    window: Window
    publication: Publication
    listing: Listing | None


def windows(studio_id: int) -> list[Window]:
    """The studio's connections whose marketplace is told of classes. One query."""
    places = ConnectedLocation.objects.filter(connection=OuterRef("pk")).values("location_id")
    terms = ContractTerms.objects.filter(contract__connection=OuterRef("pk")).order_by("first_on", "pk")
    found = (
        Connection.objects.filter(studio=studio_id)
        .exclude(state=Connection.State.ENDED)
        .exclude(marketplace__shape=Marketplace.Shape.CHECK_IN)
        .exclude(marketplace__adapter="")
        .select_related("marketplace")
        .annotate(
            location_ids=ArraySubquery(places),
            versions=ArraySubquery(
                terms.values(json=JSONObject(first_on="first_on", ends_on="contract__ends_on", quota="quota"))
            ),
        )
        .order_by("marketplace__name")
    )
    return [Window(one, frozenset(one.location_ids), tuple(map(_terms, one.versions))) for one in found]


def _terms(row: dict[str, str | int | None]) -> Terms:
    ends_on, quota = row["ends_on"], row["quota"]
    return Terms(
        date.fromisoformat(str(row["first_on"])),
        date.fromisoformat(str(ends_on)) if ends_on else None,
        int(quota) if quota is not None else None,
    )


def sights(studio_id: int, sessions: Collection[ScheduledSession], *, now: datetime) -> dict[int, list[Sight]]:
    """By the session's key; a session that no connection is told of has none. The sessions have item and location."""
    found = windows(studio_id) if sessions else []
    if not found:
        return {}
    listings = {
        (one.connection_id, one.session_id): one
        for one in Listing.objects.filter(
            connection__in=[window.connection.pk for window in found], session__in=[one.pk for one in sessions]
        )
    }
    return {
        session.pk: [_sight(window, session, listings.get((window.connection.pk, session.pk)), now) for window in found]
        for session in sessions
    }


def _sight(window: Window, session: ScheduledSession, listing: Listing | None, now: datetime) -> Sight:
    publication = _publication(
        window,
        session.item,
        cancelled_at=session.cancelled_at,
        starts_at=session.starts_at,
        location_id=session.location_id,
        terms=window.terms_on(session.location.local_day(session.starts_at)),
        is_told=listing is not None and listing.is_there,
        now=now,
    )
    return Sight(window, publication, listing)


def as_such(window: Window, item: CalendarItem, *, now: datetime) -> Publication:
    """How the class stands at one connection apart from its days, its switch taken as on."""
    return _publication(
        window,
        item,
        cancelled_at=None,
        starts_at=now + window.connection.marketplace.horizon,
        location_id=item.location_id,
        terms=window.terms_on(item.location.local_day(now)),
        is_told=True,
        switched_on=True,
        now=now,
    )


def _publication(
    window: Window,
    item: CalendarItem,
    *,
    cancelled_at: datetime | None,
    starts_at: datetime,
    location_id: int,
    terms: Terms | None,
    is_told: bool,
    now: datetime,
    switched_on: bool | None = None,
) -> Publication:
    """The same question as for what is told (`selectors.offers`); only whether anybody is booked is left out."""
    connection = window.connection
    return rules.publication(
        PublishingFacts(
            cancelled_at=cancelled_at,
            starts_at=starts_at,
            kind=item.kind,
            is_course=item.kind == CalendarItem.Kind.COURSE,
            archived_at=item.archived_at,
            switched_on=item.allows_marketplaces if switched_on is None else switched_on,
            shared_quota=item.marketplace_quota,
            own=0,
            is_connected=connection.is_told,
            is_paused=connection.state == Connection.State.PAUSED,
            kinds=frozenset(connection.kinds),
            location_is_connected=location_id in window.locations,
            has_contract=terms is not None,
            quota=terms.quota if terms else None,
            horizon=connection.marketplace.horizon,
            is_told=is_told,
        ),
        now=now,
    )


def is_told_otherwise(sight: Sight, session: ScheduledSession) -> bool:
    """Whether it should be sold there, and the marketplace shows it at another time or not at all."""
    if sight.publication.stand is not Stand.SELLING:
        return False
    listing = sight.listing
    return listing is None or listing.stand != Stand.SELLING or listing.shown_start != session.starts_at
