"""Visits by period, source and time of the week, for insight: few statements over years of reservations.

Each reads the reservations of both periods once. They are counted by session first, so that what is asked of the local
clock is asked of thousands of sessions and not of a million reservations. States are those of `rules.state_of`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from bookings.models import ScheduledSession
from bookings.rules.insight import Period
from bookings.selectors.local_days import midnight
from portal.models import Location, Studio

Slot = tuple[int, int]  # weekday (Monday is 1), hour of the local clock

# Where, by which clock, and where each bucket begins by it: those of the period before, a gap, those of the period.
# Materialized, or the bounds would be read from their text for each row.
PLACES = """
zones AS (
  SELECT zone, bounds::timestamptz[] FROM unnest(%(zones)s::text[], %(bounds)s::text[]) AS one(zone, bounds)
), places AS MATERIALIZED (
  SELECT location.id, zones.zone, zones.bounds, location.grace_minutes * interval '1 minute' AS grace
    FROM portal_location location JOIN zones ON zones.zone = location.zone
   WHERE location.id = ANY(%(locations)s)
)
"""
# Of each session and source: who came, who did not, who cancelled late, and how many places were taken.
SITTINGS = f"""
{PLACES}, counted AS (
  SELECT session_id, source,
         count(*) FILTER (WHERE attendance = 'checked_in') AS came,
         count(*) FILTER (WHERE attendance = 'no_show') AS stamped,
         count(*) FILTER (WHERE booking = 'booked' AND attendance = 'unknown') AS without,
         count(*) FILTER (WHERE booking = 'late_cancelled') AS late
    FROM bookings_reservation
   WHERE studio_id = %(studio)s AND starts_at >= %(from)s AND starts_at < %(until)s AND location_id = ANY(%(locations)s)
   GROUP BY 1, 2
), sittings AS MATERIALIZED (
  SELECT session.id, session.item_id, session.starts_at, place.zone, counted.source, counted.came,
         CASE WHEN session.cancelled_at IS NULL THEN counted.late ELSE 0 END AS late,
         CASE WHEN session.cancelled_at IS NOT NULL THEN 0
              ELSE stamped + CASE WHEN session.ends_at <= %(now)s - place.grace THEN without ELSE 0 END
         END AS no_shows,
         CASE WHEN session.cancelled_at IS NULL THEN came + stamped + without ELSE 0 END AS taken,
         session.cancelled_at IS NULL AS takes_place,
         session.capacity IS NOT NULL AND session.cancelled_at IS NULL AS limited,
         width_bucket(session.starts_at, place.bounds) AS bucket
    FROM counted
    JOIN bookings_scheduledsession session ON session.id = counted.session_id
    JOIN places place ON place.id = session.location_id
)
"""  # noqa: S608 - put together from texts of ours


@dataclass
class Counts:
    """What became of places that were not given back in time."""

    came: int = 0
    no_shows: int = 0
    late: int = 0

    @property
    def decided(self) -> int:
        return self.came + self.no_shows + self.late

    def __iadd__(self, other: "Counts") -> "Counts":
        self.came += other.came
        self.no_shows += other.no_shows
        self.late += other.late
        return self


@dataclass(frozen=True)
class Spot:
    """Where in both periods a bucket is: `number` from 0; `before`: of the period before."""

    number: int
    before: bool


class Scope:
    """Which visits are meant: of a studio, at these locations, of a period and the one before; and until when."""

    def __init__(self, studio: Studio, locations: Collection[Location], period: Period, now: datetime) -> None:
        self.studio, self.locations, self.period, self.now = studio, list(locations), period, now
        zones = {place.zone: bounds_of(period, place.tz) for place in self.locations}
        moments = [moment for bounds in zones.values() for moment in (bounds[0], bounds[-1])]
        self.facts: dict[str, Any] = {
            "studio": studio.pk,
            "locations": [place.pk for place in self.locations],
            "zones": list(zones),
            "bounds": ["{" + ",".join(moment.isoformat() for moment in bounds) + "}" for bounds in zones.values()],
            "from": min(moments, default=now),
            "until": max(moments, default=now),
            "now": now,
            # The same bucket numbers as `spot_of` reads.
            "first": len(period.buckets) + 2,
            "last": 2 * len(period.buckets) + 1,
            "last_before": len(period.buckets),
        }

    @cached_property
    def before_is_known(self) -> bool:
        """Whether there were classes when the period before began, a week more or less: else it is not all recorded,
        and a sum of it is no measure.
        """
        soon = self.facts["from"] + timedelta(days=7)
        return ScheduledSession.objects.filter(location__in=self.locations, starts_at__lt=soon).exists()

    def spot_of(self, bucket: int) -> Spot | None:
        """What `width_bucket` says, as a place in the period; None: in neither."""
        most = len(self.period.buckets)
        if 1 <= bucket <= most:
            return Spot(bucket - 1, before=True)
        if most + 2 <= bucket <= 2 * most + 1:
            return Spot(bucket - most - 2, before=False)
        return None

    def rows(self, sql: str, **more: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, self.facts | more)
            return cursor.fetchall()


def bounds_of(period: Period, zone: ZoneInfo) -> list[datetime]:
    """The first moments of the buckets before, the end of the last, and the same of the period; in order."""
    days: Iterable[date] = [
        *(bucket.before_first for bucket in period.buckets),
        period.before_after,
        *(bucket.first for bucket in period.buckets),
        period.after,
    ]
    return [midnight(day, zone) for day in days]


BySource = dict[str, Counts]

_VISITS = f"""
WITH {SITTINGS}
SELECT 'bucket', bucket, 0, source, sum(came)::int, sum(no_shows)::int, sum(late)::int FROM sittings GROUP BY 2, 4
UNION ALL
SELECT 'slot', extract(isodow FROM there)::int, extract(hour FROM there)::int, source,
       sum(came) FILTER (WHERE bucket BETWEEN %(first)s AND %(last)s)::int,
       sum(came) FILTER (WHERE bucket BETWEEN 1 AND %(last_before)s)::int, 0
  FROM sittings, LATERAL (SELECT timezone(zone, starts_at) AS there) clock
 WHERE came > 0 AND %(by_slot)s
 GROUP BY 2, 3, 4
"""  # noqa: S608 - as above


@dataclass(frozen=True)
class Visits:
    """`buckets`: by place in the periods, source. `slots`: check-ins (now, before) by weekday and hour, then source."""

    buckets: dict[Spot, BySource]
    slots: dict[Slot, dict[str, tuple[int, int]]]

    def of(self, *, before: bool) -> BySource:
        """The sums of one of the periods, by source."""
        found: BySource = defaultdict(Counts)
        for spot, by_source in self.buckets.items():
            for source, counts in by_source.items() if spot.before is before else ():
                found[source] += counts
        return dict(found)


def visits(scope: Scope, *, by_slot: bool = True) -> Visits:
    """One query; without `by_slot` its second half is left out."""
    buckets: dict[Spot, BySource] = defaultdict(dict)
    slots: dict[Slot, dict[str, tuple[int, int]]] = defaultdict(dict)
    for kind, one, two, source, *numbers in scope.rows(_VISITS, by_slot=by_slot):
        if kind == "slot":
            if any(numbers):
                slots[one, two][source] = numbers[0] or 0, numbers[1] or 0
        elif spot := scope.spot_of(one):
            buckets[spot][source] = Counts(*numbers)
    return Visits(dict(buckets), dict(slots))


_HELD = f"""
WITH {PLACES}
SELECT extract(isodow FROM there)::int, extract(hour FROM there)::int, count(*)
  FROM bookings_scheduledsession session
  JOIN places place ON place.id = session.location_id, LATERAL (SELECT timezone(place.zone, starts_at) AS there) clock
 WHERE session.studio_id = %(studio)s AND session.cancelled_at IS NULL AND session.starts_at <= %(now)s
   AND session.starts_at >= %(from)s AND session.starts_at < %(until)s
   AND width_bucket(session.starts_at, place.bounds) BETWEEN %(first)s AND %(last)s
 GROUP BY 1, 2
"""  # noqa: S608 - as above


def held(scope: Scope) -> dict[Slot, int]:
    """How many classes of the period began at which weekday and hour. One query."""
    return {(weekday, hour): number for weekday, hour, number in scope.rows(_HELD)}


_CLASSES = f"""
WITH {SITTINGS}
SELECT item_id, source, bucket BETWEEN 1 AND %(last_before)s,
       sum(taken)::int, sum(came) FILTER (WHERE takes_place)::int,
       sum(taken) FILTER (WHERE limited)::int, sum(came) FILTER (WHERE limited)::int,
       sum(taken) FILTER (WHERE limited AND starts_at >= %(recent)s)::int
  FROM sittings
 WHERE starts_at <= %(now)s
   AND (bucket BETWEEN 1 AND %(last_before)s OR bucket BETWEEN %(first)s AND %(last)s)
 GROUP BY 1, 2, 3
"""  # noqa: S608 - as above
_OFFERED = f"""
WITH {PLACES}
SELECT item_id, bucket BETWEEN 1 AND %(last_before)s, count(*), sum(capacity)::int,
       sum(capacity) FILTER (WHERE session.starts_at >= %(recent)s)::int
  FROM bookings_scheduledsession session
  JOIN places place ON place.id = session.location_id,
  LATERAL (SELECT width_bucket(session.starts_at, place.bounds) AS bucket) period
 WHERE session.studio_id = %(studio)s AND session.cancelled_at IS NULL AND session.starts_at <= %(now)s
   AND session.starts_at >= %(from)s AND session.starts_at < %(until)s
   AND (bucket BETWEEN 1 AND %(last_before)s OR bucket BETWEEN %(first)s AND %(last)s)
 GROUP BY 1, 2
"""  # noqa: S608 - as above


@dataclass
class Seats:
    """By source, of all classes held: `booked`, `came`; of those that have a capacity: `taken` and `shown`, of the
    places `offered`. `recent`: of the last four weeks of the period.
    """

    held: int = 0
    offered: int = 0
    offered_recent: int = 0

    def __post_init__(self) -> None:
        self.booked: dict[str, int] = {}
        self.came: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self.recent: dict[str, int] = {}


def classes(scope: Scope, recent: datetime) -> tuple[dict[int, Seats], dict[int, Seats]]:
    """How full each class was, by its id: in the period and in the one before. `recent`: its four weeks' start.

    Two queries.
    """
    found: tuple[dict[int, Seats], dict[int, Seats]] = defaultdict(Seats), defaultdict(Seats)
    for item, before, number, offered, offered_recent in scope.rows(_OFFERED, recent=recent):
        seats = found[before][item]
        seats.held, seats.offered, seats.offered_recent = number, offered or 0, offered_recent or 0
    for item, source, before, booked, came, taken, shown, lately in scope.rows(_CLASSES, recent=recent):
        seats = found[before][item]
        seats.booked[source], seats.came[source] = booked or 0, came or 0
        seats.taken[source], seats.shown[source], seats.recent[source] = taken or 0, shown or 0, lately or 0
    return dict(found[0]), dict(found[1])
