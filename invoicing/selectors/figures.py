"""What each marketplace visit is worth, for whole months at once: the set-based twin of `rules.payable`.

One statement judges every visit of some connections. It is written as SQL because a month of a thousand studios is a
million visits. `tests/invoicing/test_figures.py` holds it equal to the rule, visit by visit.
"""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection as database

from invoicing.rules import AdditionalBy, Because, Kind

# To be followed by a statement that reads `figures`. Parameters: connections (keys), first and after (first days of
# months, local to each location), now. Rows before `first` are only counted: 29 days for the rolling rules.
FIGURES = """
WITH RECURSIVE versions AS MATERIALIZED (
  SELECT terms.*, contract.connection_id,
         least(contract.ends_on, lead(terms.first_on) OVER (
           PARTITION BY contract.connection_id ORDER BY terms.first_on, terms.id) - 1) AS last_on
    FROM marketplace_contractterms terms
    JOIN marketplace_contract contract ON contract.id = terms.contract_id
   WHERE contract.connection_id = ANY(%(connections)s)
), statuses AS MATERIALIZED (
  SELECT studio_id, first_on, small_business,
         lead(first_on) OVER (PARTITION BY studio_id ORDER BY first_on) - 1 AS last_on
    FROM invoicing_taxstatus
), met AS MATERIALIZED (
  SELECT visit.id, visit.studio_id, visit.connection_id, visit.guest_id AS guest, visit.additional AS flagged,
         booked.id AS booked, booked.location_id AS location, booked.session_id AS session, booked.starts_at,
         booked.cancelled_at,
         (booked.starts_at AT TIME ZONE place.zone)::date AS day,
         CASE
           WHEN booked.attendance = 'checked_in' THEN 'check_in'
           WHEN session.cancelled_at IS NOT NULL OR booked.booking = 'cancelled' THEN NULL
           WHEN booked.booking = 'late_cancelled' THEN 'late_cancel'
           WHEN visit.confirmed_at > coalesce(visit.cancelled_at, '-infinity')
                AND NOT EXISTS (SELECT FROM marketplace_conflict said
                                 WHERE said.visit_id = visit.id AND said.verdict = 'was_not_here')
                AND NOT EXISTS (SELECT FROM bookings_reservationevent said
                                 WHERE said.reservation_id = booked.id AND said.kind = 'no_show'
                                   AND said.by_id IS NOT NULL
                                   AND NOT EXISTS (SELECT FROM bookings_reservationevent undone
                                                    WHERE undone.undoes_id = said.id))
             THEN 'check_in'
           WHEN booked.attendance = 'no_show' THEN 'no_show'
           WHEN booked.ends_at + place.grace_minutes * interval '1 minute' <= %(now)s THEN 'no_show'
           ELSE 'to_come'
         END AS kind,
         CASE WHEN session.capacity IS NOT NULL
              THEN greatest(0, session.capacity - session.places_taken - session.places_held) END AS free
    FROM marketplace_visit visit
    JOIN bookings_reservation booked ON booked.id = visit.reservation_id
    JOIN bookings_scheduledsession session ON session.id = booked.session_id
    JOIN portal_location place ON place.id = booked.location_id
   WHERE visit.connection_id = ANY(%(connections)s)
     AND booked.studio_id = ANY(ARRAY(SELECT studio_id FROM marketplace_connection WHERE id = ANY(%(connections)s)))
     AND booked.starts_at >= %(first)s::date - interval '32 days'
     AND booked.starts_at < %(after)s::date + interval '1 day'
), counted AS (
  SELECT met.*, date_trunc('month', met.day)::date AS month,
         terms.id AS terms, terms.contract_id AS contract,
         terms.check_in_rate, terms.no_show_rate, terms.late_cancel_rate, terms.late_cancel_paid,
         terms.additional_rate, terms.paid_per_day, terms.paid_per_30_days, terms.flat_rate,
         terms.steps_from, terms.steps_rate,
         CASE WHEN status.small_business THEN 'E' ELSE terms.tax_category END AS tax_category,
         CASE WHEN status.small_business THEN 0 ELSE terms.tax_rate END AS tax_rate,
         count(*) FILTER (WHERE met.kind = 'check_in') OVER (
           PARTITION BY met.guest, met.location ORDER BY met.day
           RANGE BETWEEN '29 days' PRECEDING AND CURRENT ROW)
         - count(*) FILTER (WHERE met.kind = 'check_in') OVER (
           PARTITION BY met.guest, met.location, met.day ORDER BY met.starts_at, met.id
           ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS attended_here
    FROM met
    LEFT JOIN versions terms ON terms.connection_id = met.connection_id
     AND met.day >= terms.first_on AND (terms.last_on IS NULL OR met.day <= terms.last_on)
    LEFT JOIN statuses status ON status.studio_id = met.studio_id
     AND met.day >= status.first_on AND (status.last_on IS NULL OR met.day <= status.last_on)
   WHERE met.kind IS NOT NULL
), named AS (
  SELECT counted.*,
         CASE WHEN kind <> 'check_in' OR terms IS NULL THEN NULL
              WHEN flagged THEN 'marketplace'
              WHEN flagged IS NULL AND additional_rate IS NOT NULL AND attended_here >= 5 THEN 'rule'
         END AS additional_by,
         -- Of all late cancels of the class, whoever booked them.
         CASE WHEN kind = 'late_cancel' AND late_cancel_paid = 'unless_refilled'
              THEN coalesce((SELECT count(*) FROM bookings_reservation later
                              WHERE later.session_id = counted.session AND later.booking = 'late_cancelled'
                                AND (later.cancelled_at, later.id) >= (counted.cancelled_at, counted.booked)) > free,
                            false)
              ELSE false
         END AS refilled
    FROM counted
), judged AS (
  SELECT named.*,
         CASE
           WHEN kind = 'to_come' THEN 'to_come'
           WHEN terms IS NULL THEN 'no_terms'
           WHEN flat_rate IS NOT NULL THEN 'flat_rate'
           WHEN kind = 'no_show' AND no_show_rate = 0 THEN 'no_show_unpaid'
           WHEN kind = 'late_cancel' AND (late_cancel_paid = 'never' OR late_cancel_rate = 0) THEN 'late_cancel_unpaid'
           WHEN refilled THEN 'refilled'
           WHEN additional_by IS NOT NULL THEN 'additional'
         END AS before_caps
    FROM named
), of_day AS MATERIALIZED (
  SELECT judged.*,
         row_number() OVER (
           PARTITION BY guest, day, before_caps IS NULL ORDER BY starts_at, id) AS of_day
    FROM judged
), counting AS MATERIALIZED (
  -- Only of those whom the cap of 30 days could stop. What was billed before `first` counts as it was billed.
  SELECT turn.*, row_number() OVER (PARTITION BY guest ORDER BY starts_at, id) AS n
    FROM (
      SELECT one.id, one.guest, one.day, one.starts_at, one.paid_per_30_days AS cap,
             one.month < %(first)s AND billed.id IS NOT NULL AS settled,
             min(one.paid_per_30_days) OVER (PARTITION BY one.guest) AS least,
             count(*) OVER (PARTITION BY one.guest) AS visits
        FROM of_day one
        LEFT JOIN LATERAL (
          SELECT row.id, row.because FROM invoicing_billedvisit row
           WHERE row.visit_id = one.id AND row.reverses_id IS NULL AND one.month < %(first)s
             AND NOT EXISTS (SELECT FROM invoicing_billedvisit back WHERE back.reverses_id = row.id)
        ) billed ON one.month < %(first)s
       WHERE one.guest IN (
               SELECT guest FROM of_day GROUP BY guest HAVING count(*) > min(paid_per_30_days))
         AND CASE WHEN billed.id IS NULL
                  THEN one.before_caps IS NULL AND (one.paid_per_day IS NULL OR one.of_day <= one.paid_per_day)
                  ELSE billed.because IN ('check_in', 'step', 'no_show', 'late_cancel') END
    ) turn
   WHERE visits > least
), walked AS (
  SELECT id, guest, n, (settled OR cap IS NULL OR cap > 0) AS paid, 0::bigint AS paid_before,
         CASE WHEN settled OR cap IS NULL OR cap > 0 THEN ARRAY[day] ELSE '{}'::date[] END AS days
    FROM counting WHERE n = 1
  UNION ALL
  SELECT turn.id, turn.guest, turn.n, stands.paid, recent.paid_before,
         CASE WHEN stands.paid THEN recent.days || turn.day ELSE recent.days END
    FROM walked
    JOIN counting turn ON turn.guest = walked.guest AND turn.n = walked.n + 1
    CROSS JOIN LATERAL (
      SELECT count(one) AS paid_before, coalesce(array_agg(one), '{}') AS days
        FROM unnest(walked.days) one WHERE one > turn.day - 30
    ) recent
    CROSS JOIN LATERAL (
      SELECT turn.settled OR turn.cap IS NULL OR recent.paid_before < turn.cap AS paid
    ) stands
), capped AS (
  SELECT of_day.*, coalesce(walked.paid_before, 0) AS paid_before,
         coalesce(before_caps,
           CASE WHEN of_day.of_day > paid_per_day THEN 'day_cap'
                WHEN NOT walked.paid THEN 'period_cap' END) AS unpaid_or_additional
    FROM of_day LEFT JOIN walked ON walked.id = of_day.id
   WHERE of_day.month >= %(first)s AND of_day.month < %(after)s
), numbered AS (
  SELECT capped.*,
         row_number() OVER (
           PARTITION BY contract, month, kind = 'check_in' AND unpaid_or_additional IS NULL
           ORDER BY starts_at, id) AS of_month
    FROM capped
), stepped AS (
  SELECT numbered.*,
         CASE WHEN cardinality(steps_from) > 0 AND kind = 'check_in' AND unpaid_or_additional IS NULL THEN (
           SELECT step.rate FROM unnest(steps_from, steps_rate) AS step(first, rate)
            WHERE step.first <= of_month ORDER BY step.first DESC LIMIT 1) END AS step_rate
    FROM numbered
), figures AS (
  SELECT id AS visit, studio_id AS studio, connection_id AS connection, contract, terms, month, day, starts_at,
         location, guest, additional_by, attended_here, of_day, paid_before, of_month, flagged, refilled,
         tax_category, tax_rate,
         CASE WHEN additional_by IS NOT NULL THEN 'additional' ELSE kind END AS kind,
         coalesce(unpaid_or_additional, CASE WHEN step_rate IS NOT NULL THEN 'step' ELSE kind END) AS because,
         CASE coalesce(unpaid_or_additional, kind)
           WHEN 'additional' THEN coalesce(additional_rate, check_in_rate)
           WHEN 'check_in' THEN coalesce(step_rate, check_in_rate)
           WHEN 'no_show' THEN no_show_rate
           WHEN 'late_cancel' THEN late_cancel_rate
           ELSE 0
         END AS amount
    FROM stepped
)
"""


@dataclass(frozen=True)
class Figure:
    """One visit, judged. `contract` and `terms` None: no contract held on its day. `amount` is net, never below 0."""

    visit: int
    connection: int
    contract: int | None
    terms: int | None
    month: date
    day: date
    starts_at: datetime
    location: int
    guest: int
    kind: Kind
    because: Because
    amount: Decimal
    tax_category: str | None
    tax_rate: Decimal | None
    additional_by: AdditionalBy | None
    # What the clauses counted, as `rules.VisitFacts` has it.
    flagged: bool | None
    refilled: bool
    attended_here: int
    of_day: int
    paid_before: int
    of_month: int


@dataclass(frozen=True)
class Sum:
    """Visits of one clause at one price."""

    connection: int
    contract: int | None
    terms: int | None
    month: date
    kind: Kind
    because: Because
    price: Decimal
    tax_category: str | None
    tax_rate: Decimal | None
    number: int

    @property
    def net(self) -> Decimal:
        return self.price * self.number


_ONE = """
SELECT visit, connection, contract, terms, month, day, starts_at, location, guest, kind, because, amount, tax_category,
       tax_rate, additional_by, flagged, refilled, attended_here, of_day, paid_before, of_month
  FROM figures WHERE %(only)s::bigint[] IS NULL OR visit = ANY(%(only)s)
 ORDER BY starts_at, visit
"""
_SUMS = """
SELECT connection, contract, terms, month, kind, because, amount, tax_category, tax_rate, count(*)
  FROM figures GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
 ORDER BY connection, month, contract, terms, kind, because, amount, tax_category, tax_rate
"""


def figures(
    connection: int, first: date, after: date, *, now: datetime, only: Collection[int] | None = None
) -> list[Figure]:
    """Each visit of the connection from the month `first` to before the month `after`, in their order. One query.

    `only`: of these visits (keys); they are judged among the others all the same.
    """
    facts = {**_facts([connection], first, after, now), "only": None if only is None else list(only)}
    return [_figure(row) for row in _rows(FIGURES + _ONE, facts)]


def summed(connections: Collection[int], first: date, after: date, *, now: datetime) -> list[Sum]:
    """The visits of these connections by clause and price. One query."""
    rows = _rows(FIGURES + _SUMS, _facts(connections, first, after, now))
    return [_sum(*row) for row in rows]


def _sum(
    connection: int,
    contract: int | None,
    terms: int | None,
    month: date,
    kind: str,
    because: str,
    price: Decimal,
    tax_category: str | None,
    tax_rate: Decimal | None,
    number: int,
) -> Sum:
    decided = Kind(kind), Because(because)
    return Sum(connection, contract, terms, month, *decided, price, tax_category, tax_rate, number)


def _figure(row: tuple[Any, ...]) -> Figure:
    values = dict(zip((field.name for field in fields(Figure)), row, strict=True))
    by = values["additional_by"]
    return Figure(
        **values
        | {
            "kind": Kind(values["kind"]),
            "because": Because(values["because"]),
            "additional_by": AdditionalBy(by) if by else None,
        }
    )


def _facts(connections: Collection[int], first: date, after: date, now: datetime) -> dict[str, Any]:
    return {"connections": list(connections), "first": first, "after": after, "now": now}


def _rows(sql: str, facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql, facts)
        return cursor.fetchall()
