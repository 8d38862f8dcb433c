"""What the visits of the studio's own sources bring in; for insight. What marketplaces pay is told by invoicing.

A visit brings what the use of its purchase was worth, without tax: the price, less what was refunded, over the uses it
was sold for; of an unlimited one, over all uses made of it until now. Whatever counts against the purchase is a use
(`packages.rules.counts`).
"""

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from bookings.selectors.insight import PLACES, Scope

_COUNTS = """
  CASE WHEN {r}.booking = 'late_cancelled' THEN version.late_cancel_uses AND {s}.cancelled_at IS NULL
       WHEN {r}.booking <> 'booked' THEN false
       WHEN {r}.attendance = 'checked_in' THEN true
       WHEN {s}.cancelled_at IS NOT NULL THEN false
       ELSE {r}.attendance = 'no_show' OR {r}.ends_at <= %(now)s - {grace}
  END
"""
_INCOME = f"""
WITH {PLACES}, used AS MATERIALIZED (
  SELECT r.purchase_id, r.source, bucket BETWEEN 1 AND %(last_before)s AS before,
         count(*) FILTER (WHERE {_COUNTS.format(r="r", s="session", grace="place.grace")}) AS uses,
         count(*) FILTER (WHERE r.attendance = 'checked_in') AS came
    FROM bookings_reservation r
    JOIN places place ON place.id = r.location_id
    JOIN bookings_scheduledsession session ON session.id = r.session_id
    JOIN packages_purchase purchase ON purchase.id = r.purchase_id
    JOIN packages_packageversion version ON version.id = purchase.version_id,
    LATERAL (SELECT width_bucket(r.starts_at, place.bounds) AS bucket) period
   WHERE r.studio_id = %(studio)s AND r.starts_at >= %(from)s AND r.starts_at < %(until)s
     AND (bucket BETWEEN 1 AND %(last_before)s OR bucket BETWEEN %(first)s AND %(last)s)
   GROUP BY 1, 2, 3
), spread AS (
  SELECT r.purchase_id, count(*) FILTER (
           WHERE {_COUNTS.format(r="r", s="session", grace="location.grace_minutes * interval '1 minute'")}) AS uses
    FROM bookings_reservation r
    JOIN portal_location location ON location.id = r.location_id
    JOIN bookings_scheduledsession session ON session.id = r.session_id
    JOIN packages_purchase purchase ON purchase.id = r.purchase_id
    JOIN packages_packageversion version ON version.id = purchase.version_id
   WHERE r.purchase_id IN (SELECT purchase_id FROM used) AND coalesce(purchase.uses, 0) = 0
   GROUP BY 1
), worth AS (
  SELECT used.before, used.source, used.uses, used.came, purchase.currency,
         (purchase.price - coalesce(purchase.refunded, 0)) * 100 / (100 + version.tax_rate)
           / greatest(coalesce(nullif(purchase.uses, 0), spread.uses), 1) AS each
    FROM used
    JOIN packages_purchase purchase ON purchase.id = used.purchase_id
    JOIN packages_packageversion version ON version.id = purchase.version_id
    LEFT JOIN spread ON spread.purchase_id = used.purchase_id
)
SELECT before, source, currency, sum(uses * each), sum(came) FILTER (WHERE each > 0)::int FROM worth GROUP BY 1, 2, 3
"""  # noqa: S608 - put together from texts of ours


@dataclass
class Income:
    """Of one source: net, by currency. `priced`: check-ins that something was paid for; None: not told by check-in."""

    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    priced: int | None = 0


BySource = dict[str, Income]


def own_income(scope: Scope) -> tuple[BySource, BySource]:
    """Of the studio's own sources, in the period and in the one before. One query."""
    found: tuple[BySource, BySource] = defaultdict(Income), defaultdict(Income)
    for before, source, currency, amount, priced in scope.rows(_INCOME):
        income = found[before][source]
        income.amounts[currency] += amount
        income.priced = (income.priced or 0) + (priced or 0)
    return dict(found[0]), dict(found[1])
