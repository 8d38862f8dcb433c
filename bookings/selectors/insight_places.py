"""Who sat where others were turned away (N9): marketplace seats beside own members who found none; for insight.

An own member was turned away from a class when their place on its waiting list came to nothing: they were offered no
place, did not leave the list before the class began, which closes it, and had no booking in it. Who was refused at the
desk and did not join the list is recorded nowhere, so all of this is the least.
"""

from dataclasses import dataclass
from datetime import time

from bookings.rules.insight import SlotFacts
from bookings.selectors.insight import PLACES, Scope
from bookings.sources import OWN

# Waits are few: what follows is asked of their classes only, and found by key. Not NOT EXISTS: PostgreSQL would take
# next to no row to be left, and go through all of them again for each class.
_TURNED = f"""
WITH {PLACES}, turned AS MATERIALIZED (
  SELECT session.id, session.item_id, session.starts_at, session.location_id, count(DISTINCT wait.member_id) AS away
    FROM bookings_waitingentry wait JOIN bookings_scheduledsession session ON session.id = wait.session_id
   WHERE wait.studio_id = %(studio)s AND session.starts_at >= %(from)s AND session.starts_at < %(until)s
     AND session.starts_at <= %(now)s AND session.cancelled_at IS NULL AND session.capacity IS NOT NULL
     AND wait.source = ANY(%(own)s) AND wait.offered_at IS NULL AND wait.reservation_id IS NULL
     AND (wait.state = 'waiting' OR wait.state IN ('left', 'lapsed') AND wait.closed_at >= session.starts_at)
     AND NOT coalesce((SELECT true FROM bookings_reservation booked
                        WHERE booked.session_id = wait.session_id AND booked.member_id = wait.member_id
                          AND booked.booking = 'booked' LIMIT 1), false)
   GROUP BY 1
), placed AS MATERIALIZED (
  SELECT turned.*, place.zone, timezone(place.zone, starts_at) AS there, bucket,
         bucket BETWEEN 1 AND %(last_before)s AS before
    FROM turned JOIN places place ON place.id = turned.location_id,
    LATERAL (SELECT width_bucket(starts_at, place.bounds) AS bucket) period
   WHERE bucket BETWEEN 1 AND %(last_before)s OR bucket BETWEEN %(first)s AND %(last)s
)
"""  # noqa: S608 - put together from texts of ours
_DISPLACED = f"""{_TURNED}, seats AS (
  SELECT placed.before, placed.id, placed.away, booked.source, count(*) AS taken
    FROM placed JOIN bookings_reservation booked ON booked.session_id = placed.id AND booked.booking = 'booked'
   WHERE NOT booked.source = ANY(%(own)s)
   GROUP BY 1, 2, 3, 4
)
SELECT before, source, count(*)::int, sum(taken)::int, sum(away)::int, sum(least(taken, away))::int
  FROM seats GROUP BY 1, 2
UNION ALL
SELECT before, 'all', count(*)::int, 0, sum(away)::int, 0 FROM placed GROUP BY 1
"""  # noqa: S608 - as above
EVERYBODY = "all"
MOST = 60  # slots


@dataclass(frozen=True)
class Displaced:
    """Of one source: so many of its seats were in so many classes from which own members were turned away.

    `own`: the own members turned away from those classes; `at_most`: seats that they could have had, class by class.
    """

    classes: int
    seats: int
    own: int
    at_most: int


NOBODY = Displaced(0, 0, 0, 0)


def displaced(scope: Scope) -> tuple[dict[str, Displaced], dict[str, Displaced]]:
    """By source, in the period and in the one before; under `EVERYBODY`, all own members turned away. One query."""
    found: tuple[dict[str, Displaced], dict[str, Displaced]] = {}, {}
    for before, source, *numbers in scope.rows(_DISPLACED, own=list(OWN)):
        if source:
            found[before][source] = Displaced(*numbers)
    return found


_SLOTS = f"""{_TURNED}, wanted AS MATERIALIZED (
  SELECT item_id, location_id, zone, extract(isodow FROM there)::int AS weekday, there::time AS at
    FROM placed WHERE NOT before
   GROUP BY 1, 2, 3, 4, 5 ORDER BY sum(away) DESC, 1, 4, 5 LIMIT %(most)s
), seats AS (
  SELECT session.id, session.item_id, wanted.weekday, wanted.at, session.capacity,
         coalesce(turned.away, 0) AS away,
         count(booked.id) FILTER (WHERE booked.source = ANY(%(own)s)) AS ours,
         count(booked.id) FILTER (WHERE NOT booked.source = ANY(%(own)s)) AS theirs
    FROM wanted
    JOIN bookings_scheduledsession session ON session.item_id = wanted.item_id
     AND session.location_id = wanted.location_id AND session.cancelled_at IS NULL AND session.capacity IS NOT NULL
     AND session.starts_at <= %(now)s AND session.starts_at >= %(from)s AND session.starts_at < %(until)s
     AND timezone(wanted.zone, session.starts_at)::time = wanted.at
     AND extract(isodow FROM timezone(wanted.zone, session.starts_at)) = wanted.weekday
    JOIN places place ON place.id = session.location_id
     AND width_bucket(session.starts_at, place.bounds) BETWEEN %(first)s AND %(last)s
    LEFT JOIN turned ON turned.id = session.id
    LEFT JOIN bookings_reservation booked ON booked.session_id = session.id AND booked.booking = 'booked'
   GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT item_id, item.name, item.marketplace_quota, weekday, at, count(*)::int,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY seats.capacity),
       percentile_disc(0.8) WITHIN GROUP (ORDER BY ours + away)::int, max(theirs)::int,
       count(*) FILTER (WHERE away > 0 AND theirs > 0)::int, sum(theirs) / count(*),
       sum(away)::int, sum(least(theirs, away))::int
  FROM seats JOIN bookings_calendaritem item ON item.id = seats.item_id
 GROUP BY 1, 2, 3, 4, 5 HAVING sum(least(theirs, away)) > 0
 ORDER BY 13 DESC, 2, 4, 5
"""  # noqa: S608 - as above


@dataclass(frozen=True)
class SlotSeats:
    """One class at one local weekday (Monday is 1) and time, in which marketplaces sat while own members found no seat.

    `theirs`: marketplace seats a class on average; `quota`: what the class allows marketplaces now, None: no limit.
    """

    item: int
    name: str
    quota: int | None
    weekday: int
    at: time
    theirs: float
    turned_away: int
    at_most: int
    facts: SlotFacts


def slots(scope: Scope) -> list[SlotSeats]:
    """The slots with displacement, the most first, of the `MOST` with the most turned away. One query."""
    return [
        SlotSeats(
            item=item,
            name=name,
            quota=quota,
            weekday=weekday,
            at=at,
            theirs=float(theirs),
            turned_away=away,
            at_most=at_most,
            facts=SlotFacts(held=held, capacity=capacity, own_demand=demand, theirs_most=most, displaced=classes),
        )
        for item, name, quota, weekday, at, held, capacity, demand, most, classes, theirs, away, at_most in scope.rows(
            _SLOTS, own=list(OWN), most=MOST
        )
    ]
