"""What a studio offers: made, changed, put away."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from bookings import plans, rules
from bookings.actions.recording import Refused, raise_pulse
from bookings.actions.schedule.carrying_out import carry_out, lock_sessions, on_item, send_news
from bookings.models import CalendarItem, Own, Recurrence, ScheduledSession, WaitingEntry
from bookings.plans import Plan
from bookings.signals import item_changed
from portal.changes import changed_values, record_change
from portal.models import StaffLogin

# What can be said of an item, by the names of its fields.
FIELDS = [
    "kind",
    "name",
    "description",
    "location",
    "room",
    "teacher",
    "capacity",
    "duration_minutes",
    "colour",
    "opens_hours",
    "closes_minutes",
    "cancel_hours",
    "allows_marketplaces",
    "marketplace_quota",
    "skips_holidays",
    "waiting_places",
]


class Removed(StrEnum):
    """What became of an item that was taken out of the schedule."""

    DELETED = "deleted"
    ARCHIVED = "archived"


def create_item(item: CalendarItem, *, by: StaffLogin | None, now: datetime) -> CalendarItem:
    """Save a new item, which a form has checked. It has no session yet."""
    with transaction.atomic():
        item.save(force_insert=True)
        _, after = changed_values(CalendarItem(), item, FIELDS)
        record_change(item, "created", studio=item.studio, by=by, now=now, after=after)
    return item


def edit_item(
    item: CalendarItem,
    values: Mapping[str, Any],
    *,
    by: StaffLogin | None,
    now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> Plan:
    """Give the item these values, by name of field; teacher, room, capacity, duration and location reach its sessions.

    A session or series keeps what it has of its own, and booked people the deadline that they booked with. `seen`: the
    values that the editor's form began with; if the item has others by now, the edit is refused. Raises Refused.
    """
    with on_item(item, now=now) as locked:
        lock_sessions(locked, now=now)
        plan = plans.plan_item(locked, values, now=now)
        was_seen = seen is None or all(getattr(locked, name) == value for name, value in seen.items())
        if not was_seen:
            raise Refused(rules.may_edit(rules.EditFacts(new_starts=(), room_elsewhere=False, was_seen=False), now=now))
        if not plan.decision.allowed:
            raise Refused(plan.decision)
        before = CalendarItem.objects.get(pk=locked.pk)
        for name, value in values.items():
            setattr(locked, name, value)
        locked.save(update_fields=list(values))
        if "location" in values and before.location_id != locked.location_id:
            _leave_rooms(locked)
        was, after = changed_values(before, locked, FIELDS)
        if after:
            record_change(locked, "edited", studio=locked.studio, by=by, now=now, before=was, after=after)
            item_changed.send(sender=CalendarItem, item=locked, by=by, now=now)
        if plan.changed:
            carry_out(plan, "edited", studio=locked.studio, by=by, now=now)
        return plan


def _leave_rooms(item: CalendarItem) -> None:
    """Series in rooms of the old location are in the item's room from now on."""
    for series in item.recurrences.filter(own__contains=[Own.ROOM]):
        series.own = [word for word in series.own if word != Own.ROOM]
        series.room = None
        series.save(update_fields=["own", "room"])


def may_remove(item: CalendarItem, *, now: datetime) -> rules.Decision:
    """Whether the item can be taken out, and if not, how many booked sessions stand in the way."""
    return rules.may_remove(_removal_facts(item, now=now))


def remove_item(item: CalendarItem, *, by: StaffLogin | None, now: datetime) -> Removed:
    """Delete an item that nobody ever booked, with its sessions and series; archive one with a history.

    Of an archived one, the sessions to come that nobody booked are removed with its series. Raises Refused while people
    are booked in sessions to come: those are cancelled first.
    """
    with on_item(item, now=now) as locked:
        lock_sessions(locked, now=now)
        facts = _removal_facts(locked, now=now)
        decision = rules.may_remove(facts)
        if not decision.allowed:
            raise Refused(decision)
        empty = locked.sessions.filter(reservations=None, waiting=None)
        if facts.reservations:
            empty = empty.filter(starts_at__gt=now)
        keys = list(empty.values_list("pk", flat=True))
        ScheduledSession.objects.filter(pk__in=keys).delete()
        Recurrence.objects.filter(item=locked, sessions=None).delete()
        _end_series(locked)
        outcome = Removed.ARCHIVED if facts.reservations else Removed.DELETED
        record_change(locked, outcome, studio=locked.studio, by=by, now=now, before={"name": locked.name})
        if outcome is Removed.ARCHIVED:
            locked.archived_at = now
            locked.save(update_fields=["archived_at"])
            item_changed.send(sender=CalendarItem, item=locked, by=by, now=now)
        else:
            locked.delete()
        raise_pulse(locked.studio_id, now)
        send_news({"removed": keys}, studio=locked.studio, by=by, now=now)
    return outcome


def _end_series(item: CalendarItem) -> None:
    """Let each series end with the last session that it still has."""
    for series in item.recurrences.all():
        last = series.sessions.order_by("-occurs_on").values_list("occurs_on", flat=True).first()
        series.last_on = max(series.first_on, last or series.first_on)
        series.save(update_fields=["last_on"])


def restore_item(item: CalendarItem, *, by: StaffLogin | None, now: datetime) -> CalendarItem:
    """Take an item out of the archive; its sessions are planned anew."""
    with on_item(item, now=now) as locked:
        if locked.archived_at is not None:
            locked.archived_at = None
            locked.save(update_fields=["archived_at"])
            record_change(locked, "restored", studio=locked.studio, by=by, now=now)
            item_changed.send(sender=CalendarItem, item=locked, by=by, now=now)
    return locked


def _removal_facts(item: CalendarItem, *, now: datetime) -> rules.RemovalFacts:
    to_come = item.sessions.filter(starts_at__gt=now, cancelled_at=None)
    return rules.RemovalFacts(
        booked_to_come=to_come.filter(
            Q(places_taken__gt=0) | Exists(WaitingEntry.objects.open().filter(session=OuterRef("pk")))
        ).count(),
        reservations=item.sessions.exclude(reservations=None, waiting=None).count(),
    )
