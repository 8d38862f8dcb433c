"""Newcomers of a period, whether they came back, who of them bought, and how long they stay; for insight.

A newcomer of a day is somebody whose first attended visit at the locations looked at began on it (Q14). A newcomer is
counted once, with the source of that visit.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from bookings.selectors.insight import PLACES, Scope, Spot

# The index of attended visits is read once; what follows is asked of the newcomers of the two periods only.
_NEWCOMERS = f"""
WITH {PLACES}, firsts AS (
  SELECT member_id, min(starts_at) AS first_at
    FROM bookings_reservation
   WHERE attendance = 'checked_in' AND location_id = ANY(%(locations)s)
   GROUP BY member_id
  HAVING min(starts_at) >= %(from)s AND min(starts_at) < %(until)s
), newcomers AS MATERIALIZED (
  SELECT DISTINCT ON (firsts.member_id) firsts.member_id, firsts.first_at, visit.source,
         width_bucket(firsts.first_at, place.bounds) AS bucket, timezone(place.zone, first_at)::date AS first_day
    FROM firsts
    JOIN bookings_reservation visit ON visit.member_id = firsts.member_id AND visit.starts_at = firsts.first_at
     AND visit.attendance = 'checked_in' AND visit.location_id = ANY(%(locations)s)
    JOIN places place ON place.id = visit.location_id
   ORDER BY firsts.member_id, visit.id
)
"""  # noqa: S608 - put together from texts of ours
_RETURNED = f"""{_NEWCOMERS}
SELECT bucket, newcomers.source, count(*)::int,
       count(*) FILTER (WHERE next_day <= first_day + 30)::int,
       count(*) FILTER (WHERE next_day <= first_day + 90)::int,
       count(*) FILTER (WHERE first_day + 90 < %(today)s)::int,
       count(*) FILTER (WHERE first_day + 90 < %(today)s AND bought)::int
  FROM newcomers
  LEFT JOIN LATERAL (
    SELECT timezone(place.zone, visit.starts_at)::date AS next_day
      FROM bookings_reservation visit JOIN places place ON place.id = visit.location_id
     WHERE visit.member_id = newcomers.member_id AND visit.attendance = 'checked_in'
       AND visit.location_id = ANY(%(locations)s) AND visit.starts_at > newcomers.first_at
     ORDER BY visit.starts_at LIMIT 1) again ON true
  CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM packages_purchase purchase
                    WHERE purchase.member_id = newcomers.member_id AND purchase.studio_id = %(studio)s
                      AND purchase.price > 0 AND purchase.refunded_at IS NULL
                      AND purchase.purchased_at >= first_day - 1 AND purchase.purchased_at < first_day + 92
                      AND timezone(%(zone)s, purchase.purchased_at)::date BETWEEN first_day AND first_day + 90
                  ) AS bought) sold
 GROUP BY 1, 2
"""  # noqa: S608 - as above


@dataclass
class Newcomers:
    """Of one bucket and source. `ripe`: those whose 90 days are over, of whom so many `bought` directly in them."""

    number: int = 0
    within_30: int = 0
    within_90: int = 0
    ripe: int = 0
    bought: int = 0

    def __iadd__(self, other: "Newcomers") -> "Newcomers":
        for name in ("number", "within_30", "within_90", "ripe", "bought"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


Cohorts = dict[Spot, dict[str, Newcomers]]


def newcomers(scope: Scope, today: date) -> Cohorts:
    """By place in the periods, then by the source of the first visit. One query."""
    found: Cohorts = defaultdict(dict)
    zone = scope.locations[0].zone if scope.locations else "UTC"
    for bucket, source, *numbers in scope.rows(_RETURNED, today=today, zone=zone):
        if spot := scope.spot_of(bucket):
            found[spot][source] = Newcomers(*numbers)
    return dict(found)


_STAYED = f"""{_NEWCOMERS}
SELECT cohort, source, later - cohort, count(*)::int
  FROM (
    SELECT newcomers.bucket AS cohort, newcomers.source, newcomers.member_id,
           width_bucket(visit.starts_at, place.bounds) AS later
      FROM newcomers
      JOIN bookings_reservation visit ON visit.member_id = newcomers.member_id AND visit.attendance = 'checked_in'
       AND visit.location_id = ANY(%(locations)s) AND visit.starts_at > newcomers.first_at
      JOIN places place ON place.id = visit.location_id
     WHERE newcomers.bucket BETWEEN %(first)s AND %(last)s
     GROUP BY 1, 2, 3, 4
  ) month
 WHERE later > cohort AND later <= %(last)s
 GROUP BY 1, 2, 3
"""  # noqa: S608 - as above


def stayed(scope: Scope) -> dict[int, dict[str, dict[int, int]]]:
    """How many newcomers came again in the first, second ... bucket after theirs: by bucket (from 0), source, distance.

    Only of the period itself. One query.
    """
    found: dict[int, dict[str, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    for bucket, source, distance, number in scope.rows(_STAYED):
        if spot := scope.spot_of(bucket):
            found[spot.number][source][distance] = number
    return found
