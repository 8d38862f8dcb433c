"""Whom a change of the schedule concerns: by source first, then person by person (Q27)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F

from bookings.models import Reservation, ScheduledSession


@dataclass(frozen=True)
class AffectedSource:
    """One road on which people came: its word, and their reservations by start and name."""

    source: str
    people: list[Reservation]

    @property
    def count(self) -> int:
        return len(self.people)


@dataclass(frozen=True)
class Affected:
    """Biggest source first."""

    sources: list[AffectedSource]

    @property
    def total(self) -> int:
        return sum(source.count for source in self.sources)

    @property
    def without_address(self) -> int:
        """How many cannot be told by mail."""
        return sum(not one.member.email for source in self.sources for one in source.people)


def affected(sessions: Collection[ScheduledSession]) -> Affected:
    """Who is booked in these sessions. One query; none where there are no sessions."""
    if not sessions:
        return Affected([])
    by_source: dict[str, list[Reservation]] = defaultdict(list)
    booked = Reservation.objects.active().filter(session__in=[session.pk for session in sessions])
    for reservation in booked.select_related("member", "session__item", "location").order_by(
        "starts_at", "member__last_name", "member__first_name", "id"
    ):
        by_source[reservation.source].append(reservation)
    found = [AffectedSource(source, people) for source, people in by_source.items()]
    return Affected(sorted(found, key=lambda one: (-one.count, one.source)))


def over_capacity(session: ScheduledSession, *, capacity: int | None = None) -> list[Reservation]:
    """Who is over the session's capacity, or over the one it is to have: last booked first. They keep their places."""
    places = session.capacity if capacity is None else capacity
    if places is None or session.places_taken <= places:
        return []
    booked = Reservation.objects.active().filter(session=session).select_related("member", "location")
    return list(booked.order_by(F("booked_at").desc(nulls_last=True), "-id")[: session.places_taken - places])
