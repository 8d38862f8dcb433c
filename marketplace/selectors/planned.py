"""What a comparison would say to the marketplace, before anything is said (the dry run, N11)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q

from bookings.models import CalendarItem, ScheduledSession
from marketplace import rules
from marketplace.models import Connection, Listing
from marketplace.rules import Operation, Stand
from marketplace.selectors.offers import Wanted, wanted_of
from portal.models import Location


class Outcome(StrEnum):
    """What would become of a session there."""

    CREATED = "created"
    CHANGED = "changed"
    HIDDEN = "hidden"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    LEFT_OUT = "left_out"


@dataclass(frozen=True)
class Planned:
    """One session, what would become of it, and how it should stand. `answer`: why the marketplace refused it."""

    session: ScheduledSession
    outcome: Outcome
    wanted: Wanted
    answer: str = ""


@dataclass(frozen=True)
class Switch:
    """What an item says of marketplaces, or would say."""

    allows: bool
    quota: int | None


def planned(
    connection: Connection,
    places: Sequence[Location],
    *,
    now: datetime,
    can_move: bool,
    items: Iterable[CalendarItem] | None = None,
    switches: Mapping[int, Switch] | None = None,
) -> list[Planned]:
    """Of the sessions at these locations that the marketplace shows or has in its days ahead, by their start.

    A connection that is not live yet is looked at as if it were. `switches`: what items would say, by their keys. The
    same number of queries for one session and for all.
    """
    horizon = now + connection.marketplace.horizon
    shown = Q(listings__connection=connection, listings__stand__in=[Stand.SELLING, Stand.HELD])
    found = ScheduledSession.objects.filter(
        Q(starts_at__lte=horizon) | shown, studio=connection.studio_id, location__in=places, starts_at__gt=now
    )
    if items is not None:
        found = found.filter(item__in=items)
    sessions = list(
        found.select_related("studio", "item", "location", "room", "teacher").distinct().order_by("starts_at", "pk")
    )
    for session in sessions:
        if switches and session.item_id in switches:
            switch = switches[session.item_id]
            session.item.allows_marketplaces, session.item.marketplace_quota = switch.allows, switch.quota
    listings = {one.reference: one for one in Listing.objects.filter(connection=connection, session__in=sessions)}
    becoming = wanted_of(as_if_live(connection), sessions, now=now)
    connected = set(connection.locations.values_list("location", flat=True))
    rows = [
        _planned(
            one,
            becoming[one.pk],
            listings.get(one.pk),
            is_sold=one.item.allows_marketplaces and one.location_id in connected,
            can_move=can_move,
        )
        for one in sessions
    ]
    return [row for row in rows if row.outcome != Outcome.LEFT_OUT or row.session.cancelled_at is None]


def as_if_live(connection: Connection) -> Connection:
    """The connection as it will be once it is activated; one that is told already, as it is."""
    if connection.is_told:
        return connection
    becoming = copy(connection)
    becoming.state = Connection.State.LIVE
    return becoming


def counted(rows: Iterable[Planned]) -> dict[Outcome, int]:
    number = Counter(row.outcome for row in rows)
    return {outcome: number[outcome] for outcome in Outcome}


def _planned(
    session: ScheduledSession, becomes: Wanted, listing: Listing | None, *, is_sold: bool, can_move: bool
) -> Planned:
    """`is_sold`: a comparison looks at it (`actions.sync`); besides at what is there."""
    if not is_sold and not (listing and listing.is_there):
        return Planned(session, Outcome.LEFT_OUT, becomes)
    marks = becomes.offer.marks if becomes.offer else None
    told = listing.told if listing else None
    said = rules.what_to_tell(told, becomes.publication, marks, can_move=can_move)
    if listing is not None and said and listing.refused_marks == becomes.word:
        return Planned(session, Outcome.REFUSED, becomes, listing.answer)
    return Planned(session, _outcome(said, becomes, told.stand if told else Stand.GONE), becomes)


def _outcome(said: tuple[Operation, ...], becomes: Wanted, stands: Stand) -> Outcome:
    is_there = stands is not Stand.GONE
    if not said:
        return Outcome.UNCHANGED if is_there else Outcome.LEFT_OUT
    if said[-1] in {Operation.CANCEL, Operation.WITHDRAW}:
        return Outcome.HIDDEN
    if not is_there:
        return Outcome.CREATED
    closes = (stands, becomes.publication.stand) == (Stand.SELLING, Stand.HELD)
    return Outcome.HIDDEN if closes else Outcome.CHANGED
