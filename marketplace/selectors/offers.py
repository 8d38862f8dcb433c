"""How sessions should stand at a marketplace now: for one that is told, and for all that are compared."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count

from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.rules import Deadline, cancellation_deadline
from bookings.selectors.bookable import closing, opening
from bookings.sources import OWN
from marketplace import rules
from marketplace.models import ConnectedLocation, Connection, ContractTerms, Listing
from marketplace.rules import Content, Offer, Place, Publication, PublishingFacts, SeatFacts, Seats, Stand


@dataclass(frozen=True)
class Wanted:
    """How one session should stand at the marketplace; `offer` None: not at all."""

    publication: Publication
    offer: Offer | None

    @property
    def word(self) -> str:
        """The same for the same wish: the marks of the offer, or how it stands without one."""
        marks = self.offer.marks if self.offer else None
        return f"{marks.place} {marks.content} {marks.seats}" if marks else self.publication.stand


def wanted_for(connection: Connection, listing: Listing, *, now: datetime) -> Wanted:
    """Of one listing, also of a session that was removed."""
    found = wanted(connection, [listing.reference], now=now)
    if listing.reference not in found:
        return Wanted(rules.publication_of_removed(listing.shown_start or now, now=now), None)
    return found[listing.reference]


def wanted(connection: Connection, session_ids: Collection[int], *, now: datetime) -> dict[int, Wanted]:
    """Of these sessions of the connection's studio, by their keys. Five queries, however many they are."""
    found = ScheduledSession.objects.filter(studio=connection.studio_id, pk__in=session_ids)
    return wanted_of(connection, found.select_related("studio", "item", "location", "room", "teacher"), now=now)


def wanted_of(connection: Connection, given: Iterable[ScheduledSession], *, now: datetime) -> dict[int, Wanted]:
    """The same of sessions that were read with studio, item, location, room and teacher. Four queries."""
    sessions = list(given)
    session_ids = [session.pk for session in sessions]
    sold = _sold(connection, session_ids)
    told = set(
        Listing.objects.filter(
            connection=connection, session__in=session_ids, stand__in=[Stand.SELLING, Stand.HELD]
        ).values_list("session_id", flat=True)
    )
    places = dict(ConnectedLocation.objects.filter(connection=connection).values_list("location_id", "external_id"))
    terms = list(ContractTerms.objects.filter(contract__connection=connection).select_related("contract"))
    return {
        session.pk: _wanted(
            connection,
            session,
            sold=sold[session.pk],
            is_told=session.pk in told,
            place=places.get(session.location_id),
            terms=_in_force(terms, session.location.local_day(session.starts_at)),
            now=now,
        )
        for session in sessions
    }


def _sold(connection: Connection, session_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """The booked places of each session by source."""
    booked = Reservation.objects.active().filter(studio=connection.studio_id, session__in=session_ids)
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for session_id, source, places in booked.values_list("session", "source").annotate(places=Count("id")):
        found[session_id][source] = places
    return found


def _in_force(terms: Iterable[ContractTerms], day: date) -> ContractTerms | None:
    """The twin of `TermsQuerySet.on`, for many days."""
    holding = [
        one for one in terms if one.first_on <= day and (one.contract.ends_on is None or day <= one.contract.ends_on)
    ]
    return max(holding, key=lambda one: (one.first_on, one.pk), default=None)


def _wanted(
    connection: Connection,
    session: ScheduledSession,
    *,
    sold: Mapping[str, int],
    is_told: bool,
    place: str | None,
    terms: ContractTerms | None,
    now: datetime,
) -> Wanted:
    publication = publication_of(connection, session, sold=sold, is_told=is_told, place=place, terms=terms, now=now)
    if publication.stand is Stand.GONE:
        return Wanted(publication, None)
    seats = seats_of(connection, session, sold=sold, terms=terms, selling=publication.stand is Stand.SELLING)
    return Wanted(
        publication,
        Offer(
            place=_place(session, place, terms),
            content=_content(session),
            seats=seats,
            is_selling=publication.stand is Stand.SELLING,
        ),
    )


def publication_of(
    connection: Connection,
    session: ScheduledSession,
    *,
    sold: Mapping[str, int],
    is_told: bool,
    place: str | None,
    terms: ContractTerms | None,
    now: datetime,
) -> Publication:
    """How the session is to stand there. `sold`: its booked places by source; `place`: its location's id there."""
    item = session.item
    return rules.publication(
        PublishingFacts(
            cancelled_at=session.cancelled_at,
            starts_at=session.starts_at,
            kind=item.kind,
            is_course=item.kind == CalendarItem.Kind.COURSE,
            archived_at=item.archived_at,
            switched_on=item.allows_marketplaces,
            shared_quota=item.marketplace_quota,
            own=sold.get(connection.marketplace_id, 0),
            is_connected=connection.is_told,
            is_paused=connection.state == Connection.State.PAUSED,
            kinds=frozenset(connection.kinds),
            location_is_connected=place is not None,
            has_contract=terms is not None,
            quota=terms.quota if terms else None,
            horizon=connection.marketplace.horizon,
            is_told=is_told,
        ),
        now=now,
    )


def seats_of(
    connection: Connection,
    session: ScheduledSession,
    *,
    sold: Mapping[str, int],
    terms: ContractTerms | None,
    selling: bool,
) -> Seats:
    """What the marketplace has and may still sell of it."""
    return rules.seats(
        SeatFacts(
            capacity=session.capacity,
            taken=session.places_taken,
            held=session.places_held,
            shared_quota=session.item.marketplace_quota,
            of_marketplaces=sum(count for source, count in sold.items() if source not in OWN),
            quota=terms.quota if terms else None,
            own=sold.get(connection.marketplace_id, 0),
        ),
        selling=selling,
    )


def deadline_of(session: ScheduledSession, terms: ContractTerms | None) -> Deadline:
    """Until when it can be given up free of charge, and who says so: the contract, where that has it (Q20)."""
    return cancellation_deadline(
        session.starts_at,
        contract_hours=terms.cancel_hours if terms else None,
        item_hours=session.item.cancel_hours,
        location_hours=session.location.cancel_hours,
        studio_hours=session.studio.cancel_hours,
    )


def _place(session: ScheduledSession, place: str | None, terms: ContractTerms | None) -> Place:
    return Place(starts_at=session.starts_at, location=place or "", free_until=deadline_of(session, terms).at)


def _content(session: ScheduledSession) -> Content:
    opens, closes = opening(session).value, closing(session).value
    return Content(
        name=session.item.name,
        kind=session.item.kind,
        description=session.item.description,
        ends_at=session.ends_at,
        room=session.room.name if session.room else "",
        teacher=session.teacher.name if session.teacher else "",
        opens_at=None if opens is None else session.starts_at - timedelta(hours=opens),
        closes_at=None if closes is None else session.starts_at - timedelta(minutes=closes),
    )
