"""News of bookings that marketplaces must hear. What they are told is decided when they are."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from bookings.demo.plan import DEMO
from bookings.models import CalendarItem, Reservation, ReservationEvent, WaitingEntry, WaitingEvent
from bookings.signals import demo_loaded, item_changed, reservation_changed, session_changed, waiting_changed
from bookings.sources import OWN
from marketplace import actions, rules
from marketplace.demo.load import furnish
from portal.models import Studio

Kind = ReservationEvent.Kind
# Those that take a place or give one back, and those of the waiting list that hold one or let it go.
_PLACES = frozenset({Kind.RESERVED, Kind.WITHDRAWN, Kind.CANCELLED, Kind.REINSTATED, Kind.IMPORTED})
_HOLDS = frozenset({WaitingEvent.Kind.OFFERED, WaitingEvent.Kind.DECLINED, WaitingEvent.Kind.LAPSED})


@receiver(session_changed, dispatch_uid="marketplace.sessions")
def sessions_changed(studio: Studio, session_ids: list[int], kind: str, now: datetime, **kwargs: Any) -> None:
    if kind == "removed":
        actions.tell_removed(studio, session_ids)
    else:
        actions.tell(studio, session_ids, now=now)
    if kind == "made":
        actions.note_allowed(studio, now=now)


@receiver(item_changed, dispatch_uid="marketplace.items")
def sessions_of_item_changed(item: CalendarItem, now: datetime, **kwargs: Any) -> None:
    to_come = item.sessions.filter(starts_at__gt=now).order_by("pk")
    actions.tell(item.studio, list(to_come.values_list("pk", flat=True)), now=now)
    if item.allows_marketplaces:
        actions.note_allowed(item.studio, now=now)


@receiver(reservation_changed, dispatch_uid="marketplace.places")
def places_changed(reservation: Reservation, event: ReservationEvent, **kwargs: Any) -> None:
    if event.kind in _PLACES and reservation.starts_at > event.occurred_at:
        actions.tell(Studio(pk=reservation.studio_id), [reservation.session_id], now=event.occurred_at)


@receiver(waiting_changed, dispatch_uid="marketplace.held_places")
def held_places_changed(entry: WaitingEntry, event: WaitingEvent, **kwargs: Any) -> None:
    if event.kind in _HOLDS:
        actions.tell(Studio(pk=entry.studio_id), [entry.session_id], now=event.occurred_at)


@receiver(reservation_changed, dispatch_uid="marketplace.guests")
def guest_changed(reservation: Reservation, event: ReservationEvent, **kwargs: Any) -> None:
    if reservation.source not in OWN and rules.may_report(event.kind, by_person=event.by_id is not None):
        actions.report(event)


@receiver(waiting_changed, dispatch_uid="marketplace.places_from_the_list")
def place_given(entry: WaitingEntry, event: WaitingEvent, **kwargs: Any) -> None:
    """A place from the waiting list has its pass, too (I8), and the marketplace hears that its guest has it."""
    if event.kind == WaitingEvent.Kind.ACCEPTED and entry.source not in OWN and entry.reservation is not None:
        visit = actions.visit_of_reservation(entry.reservation, now=event.occurred_at)
        if visit is not None:
            actions.write_decision(visit)


@receiver(demo_loaded, dispatch_uid="marketplace.demo")
def demo_at_marketplaces(studio: Studio, now: datetime, **kwargs: Any) -> None:
    if studio.slug == DEMO.slug:
        furnish(studio, now=now)
