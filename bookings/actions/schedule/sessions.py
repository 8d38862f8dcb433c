"""Series and single dates: made, changed, copied, taken out."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction

from bookings import plans, rules
from bookings.actions.recording import Refused
from bookings.actions.schedule import writing
from bookings.actions.schedule.carrying_out import carry_out, lock_sessions, on_item, send_news, touch
from bookings.models import CalendarItem, ScheduledSession
from bookings.plans import Plan, Scope, SeriesValues, SessionValues
from portal.changes import record_change
from portal.models import Location, StaffLogin, Studio


def create_series(item: CalendarItem, values: SeriesValues, *, by: StaffLogin | None, now: datetime) -> Plan:
    """Schedule the item every week, or every so many, until its last day; all its sessions are made at once.

    The answer says what was made and what was skipped. Raises Refused: no end, an end before the start, no weekday.
    """
    with on_item(item, now=now) as locked:
        plan = plans.plan_series(locked, values, now=now)
        return carry_out(plan, "scheduled", studio=locked.studio, by=by, now=now)


def create_session(item: CalendarItem, values: SessionValues, *, by: StaffLogin | None, now: datetime) -> Plan:
    """Schedule the item once more. Raises Refused."""
    with on_item(item, now=now) as locked:
        plan = plans.plan_session(locked, values, now=now)
        return carry_out(plan, "scheduled", studio=locked.studio, by=by, now=now)


def generate(item: CalendarItem, *, now: datetime) -> int:
    """Make the sessions that the item's series lack, in one statement; how many (0 when called again).

    For a series that was written without its sessions, and after a closing day was taken back.
    """
    with on_item(item, now=now) as locked:
        made, _ = plans.plan_generation(locked, now=now)
        keys = writing.insert(locked.studio_id, made)
        if keys:
            touch(locked.studio, keys, now=now)
            send_news({"made": keys}, studio=locked.studio, by=None, now=now)
        return len(keys)


def plan_edit(
    session: ScheduledSession,
    values: SessionValues | SeriesValues,
    scope: Scope,
    *,
    now: datetime,
    seen: int | None = None,
) -> Plan:
    """What `edit_session` would do. Raises TypeError where the values are not those of the scope."""
    if scope is Scope.ONE and isinstance(values, SessionValues):
        return plans.plan_one(session, values, now=now, seen=seen)
    if scope is not Scope.ONE and isinstance(values, SeriesValues):
        return plans.plan_following(session, values, scope, now=now, seen=seen)
    raise TypeError(f"{type(values).__name__} for {scope}")


def edit_session(
    session: ScheduledSession,
    values: SessionValues | SeriesValues,
    scope: Scope,
    *,
    by: StaffLogin | None,
    now: datetime,
    seen: int | None = None,
) -> Plan:
    """Change this session, this and those that follow, or all to come; people keep their places (Q27).

    Who is booked where time, place or teacher change hears of it by mail, and can cancel for free for a day. `seen`:
    the session's version that the editor looked at; another one by now is refused. Raises Refused.
    """
    with on_item(session.item, now=now) as item:
        if scope is Scope.ONE:
            ScheduledSession.objects.select_for_update().get(pk=session.pk)
        else:
            lock_sessions(item, now=now)
        found = ScheduledSession.objects.select_related(
            "studio", "location", "room", "teacher", "item__location", "recurrence__item__location"
        ).get(pk=session.pk)
        plan = plan_edit(found, values, scope, now=now, seen=seen)
        return carry_out(plan, "edited", studio=item.studio, by=by, now=now)


def remove_session(session: ScheduledSession, *, by: StaffLogin | None, now: datetime) -> None:
    """Take out a date that nobody ever booked; its series leaves it out from now on. Raises Refused."""
    with on_item(session.item, now=now) as item:
        found = ScheduledSession.objects.select_for_update(of=("self",)).select_related("recurrence").get(pk=session.pk)
        decision = rules.may_remove_session(
            starts_at=found.starts_at, reservations=found.reservations.count() + found.waiting.count(), now=now
        )
        if not decision.allowed:
            raise Refused(decision)
        if found.recurrence is not None and found.occurs_on is not None:
            found.recurrence.left_out = sorted({*found.recurrence.left_out, found.occurs_on})
            found.recurrence.save(update_fields=["left_out"])
        key = found.pk
        record_change(
            found, "removed", studio=item.studio, by=by, now=now, before={"item": item.pk, "starts_at": found.starts_at}
        )
        found.delete()
        touch(item.studio, [], now=now)
        send_news({"removed": [key]}, studio=item.studio, by=by, now=now)


def copy_week(
    studio: Studio,
    from_monday: date,
    to_monday: date,
    locations: Collection[Location],
    *,
    by: StaffLogin | None,
    now: datetime,
) -> Plan:
    """Copy all sessions of a week at these locations to another week, each by itself. Raises Refused.

    The answer says what was skipped: days off, what is there already, what would be past. Called twice, the second
    call makes nothing.
    """
    with transaction.atomic():
        # Whoever copies at the same time waits here, and then finds what is there.
        list(studio.calendar_items.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
        plan = plans.plan_week_copy(studio, from_monday, to_monday, locations, now=now)
        return carry_out(plan, "copied", studio=studio, by=by, now=now)
