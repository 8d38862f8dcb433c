"""A week copied onto another one, session by session."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_noop as _

from bookings import rules
from bookings.models import ScheduledSession
from bookings.plans.occurrences import new_session
from bookings.plans.one import own_words
from bookings.plans.plan import Plan, Shape, Skipped
from bookings.plans.values import length_of
from bookings.recurrence import WEEK, moment, monday_of
from bookings.selectors.days_off import days_off
from bookings.selectors.local_days import starting_within
from portal.models import Location, Studio

PAST, THERE_ALREADY, ARCHIVED = _("in the past"), _("there already"), _("no longer offered")


def plan_week_copy(
    studio: Studio, from_monday: date, to_monday: date, locations: Collection[Location], *, now: datetime
) -> Plan:
    """What copying all sessions of a week at these locations would make, each by itself, and what it would skip.

    Wall-clock times stay. Skipped: what is in the past, days off, and what is there already (the same item at the same
    time and place). Cancelled sessions are not copied.
    """
    step = monday_of(to_monday) - monday_of(from_monday)
    first, there_from = monday_of(from_monday), monday_of(to_monday)
    decision = rules.may_copy_week(same_week=not step)
    if not decision.allowed:
        return Plan(decision=decision)
    sources = _sessions(studio, locations, first)
    there = {(one.item_id, one.location_id, one.starts_at) for one in _sessions(studio, locations, there_from)}
    off = {
        (place.pk, public): days_off(place, there_from, there_from + WEEK, with_public=public)
        for place in locations
        for public in {one.item.skips_holidays for one in sources if one.location_id == place.pk}
    }
    plan = Plan(decision=decision)
    for source in sources:
        copy, day = _copy(source, step)
        reasons = off[source.location_id, source.item.skips_holidays]
        if source.item.archived_at is not None:
            reason = ARCHIVED
        elif copy.starts_at <= now:
            reason = PAST
        elif day in reasons:
            reason = reasons[day]
        elif (copy.item_id, copy.location_id, copy.starts_at) in there:
            reason = THERE_ALREADY
        else:
            plan.made.append(copy)
            there.add((copy.item_id, copy.location_id, copy.starts_at))
            continue
        plan.skipped.append(Skipped(day, reason, source.location, source))
    return plan


def _sessions(studio: Studio, locations: Collection[Location], monday: date) -> list[ScheduledSession]:
    found = studio.sessions.filter(starting_within(locations, monday, monday + WEEK), cancelled_at=None)
    return list(found.select_related("item__location", "location").order_by("starts_at", "id"))


def _copy(source: ScheduledSession, step: timedelta) -> tuple[ScheduledSession, date]:
    there = source.starts_at.astimezone(source.location.tz)
    day = there.date() + step
    starts_at = moment(day, there.time(), source.location.tz)
    copy = new_session(
        source.item,
        starts_at=starts_at,
        ends_at=starts_at + length_of(source),
        location=source.location,
        room_id=source.room_id,
        teacher_id=source.teacher_id,
        capacity=source.capacity,
    )
    copy.own = own_words(copy, Shape.of(copy))
    return copy, day
