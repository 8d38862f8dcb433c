"""When a teacher is free, and who is in the way."""

from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q, QuerySet

from bookings import rules
from bookings.models import CalendarItem, Reservation, Room, ScheduledSession
from bookings.models.schedule import day_bounds
from portal.models import ClosingDays, Location, Member, Teacher

# What the list of free times offers: local times, every half hour of a long day.
FIRST, LAST, STEP = time(6), time(22), timedelta(minutes=30)


def appointment_facts(
    item: CalendarItem,
    member: Member,
    *,
    teacher: Teacher,
    room: Room | None,
    starts_at: datetime,
    ends_at: datetime,
    by_staff: bool,
) -> rules.AppointmentFacts:
    """What `rules.may_book_appointment` looks at. Any session of the teacher counts, at whichever location."""
    elsewhere = (
        Reservation.objects.active()
        .filter(member=member)
        .overlapping(starts_at, ends_at)
        .select_related("session__item")
        .first()
    )
    closed = closing_on(item.location, item.location.local_day(starts_at))
    return rules.AppointmentFacts(
        starts_at=starts_at,
        ends_at=ends_at,
        blocked_reason=member.blocked_reason,
        location_closed=closed.reason if closed else None,
        teacher_busy=_busy(_in_the_way(item, starts_at, ends_at).filter(teacher=teacher), str(teacher)),
        room_busy=_busy(_in_the_way(item, starts_at, ends_at).filter(room=room), str(room)) if room else None,
        elsewhere=str(elsewhere.session.item) if elsewhere else None,
        by_staff=by_staff,
    )


def closing_on(location: Location, day: date) -> ClosingDays | None:
    """The closing days that this local day lies in, the studio's or the location's own."""
    return (
        ClosingDays.objects.filter(studio_id=location.studio_id, first_on__lte=day, last_on__gte=day)
        .filter(Q(location=None) | Q(location=location))
        .first()
    )


def free_times(
    item: CalendarItem, teacher: Teacher, day: date, *, room: Room | None = None, now: datetime
) -> list[datetime]:
    """The starts on this local day at which teacher and room (if one is asked for) are free; none on a closing day.

    Half hours of wall-clock time; one that the clock skips on this day is left out, a doubled one is its first (Q15).
    """
    if closing_on(item.location, day):
        return []
    duration = timedelta(minutes=item.duration_minutes)
    start, end = day_bounds(day, item.location)
    whose = Q(teacher=teacher) | (Q(room=room) if room else Q(pk__in=[]))
    busy = list(_in_the_way(item, start, end + duration).filter(whose).values_list("starts_at", "ends_at"))
    return rules.free_starts(_half_hours(day, item.location), duration=duration, busy=busy, now=now)


def _half_hours(day: date, location: Location) -> list[datetime]:
    zone, found = location.tz, []
    at = datetime.combine(day, FIRST)
    while at <= datetime.combine(day, LAST):
        moment = at.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at:
            found.append(moment)
        at += STEP
    return found


def _in_the_way(item: CalendarItem, starts_at: datetime, ends_at: datetime) -> QuerySet[ScheduledSession]:
    """What the item's studio has at that time."""
    return (
        ScheduledSession.objects.filter(
            studio_id=item.studio_id,
            cancelled_at=None,
            # No session is longer than a day: said so that an index on starts can be used.
            starts_at__gt=starts_at - timedelta(days=1),
            starts_at__lt=ends_at,
            ends_at__gt=starts_at,
        )
        .select_related("item", "location")
        .order_by("starts_at")
    )


def _busy(sessions: QuerySet[ScheduledSession], who: str) -> str | None:
    """ "Mira: Vinyasa Flow, 18:00-19:00", in the time of that class's place."""
    other = sessions.first()
    if other is None:
        return None
    start, end = (moment.astimezone(other.location.tz) for moment in (other.starts_at, other.ends_at))
    return f"{who}: {other.item}, {start:%H:%M}–{end:%H:%M}"
