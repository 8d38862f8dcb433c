"""What marketplaces pay for the visits of some days, by marketplace: what is billed, else what would be."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection as database

from invoicing import rules
from invoicing.selectors.delta import ADJUSTED
from invoicing.selectors.figures import FIGURES
from invoicing.selectors.parties import home_of
from portal.models import Location, Studio

Income = dict[str, dict[str, Decimal]]

_SPANS = "unnest(%(firsts)s::date[], %(afters)s::date[]) WITH ORDINALITY AS span(first, after, number)"
# All that was billed for a visit, less what was taken back; its day is that on which it was billed.
_BILLED = f"""
SELECT span.number, connection.marketplace_id, invoice.currency, sum(billed.amount)
  FROM invoicing_billedvisit billed
  JOIN {_SPANS} ON billed.day >= span.first AND billed.day < span.after
  JOIN invoicing_invoice invoice ON invoice.id = billed.invoice_id
  JOIN marketplace_visit visit ON visit.id = billed.visit_id
  JOIN bookings_reservation booked ON booked.id = visit.reservation_id
  JOIN marketplace_connection connection ON connection.id = visit.connection_id
 WHERE billed.studio_id = %(studio)s AND booked.location_id = ANY(%(locations)s)
 GROUP BY 1, 2, 3
"""  # noqa: S608 - put together from texts of ours
_TO_BILL = f"""{FIGURES}
SELECT span.number, connection.marketplace_id, contract.currency, sum(figures.amount)
  FROM figures
  JOIN {_SPANS} ON figures.day >= span.first AND figures.day < span.after
  JOIN marketplace_contract contract ON contract.id = figures.contract
  JOIN marketplace_connection connection ON connection.id = figures.connection
 WHERE figures.location = ANY(%(locations)s)
   AND NOT EXISTS (SELECT FROM invoicing_invoice invoice
                    WHERE invoice.contract_id = figures.contract AND invoice.month = figures.month
                      AND invoice.corrects_id IS NULL)
 GROUP BY 1, 2, 3
"""  # noqa: S608 - put together from texts of ours
# A flat rate is of the whole studio and of a whole month.
_FLAT = f"""
SELECT span.number, connection.marketplace_id, invoice.currency,
       sum(CASE WHEN invoice.corrects_id IS NULL THEN line.net ELSE -line.net END)
  FROM invoicing_invoiceline line
  JOIN {_SPANS} ON line.month >= span.first AND line.month + interval '1 month' <= span.after
  JOIN invoicing_invoice invoice ON invoice.id = line.invoice_id
  JOIN marketplace_connection connection ON connection.id = invoice.connection_id
 WHERE line.studio_id = %(studio)s AND line.kind = 'flat' AND %(whole)s
 GROUP BY 1, 2, 3
"""  # noqa: S608 - put together from texts of ours


def income(
    studio: Studio, locations: Collection[Location], spans: Sequence[tuple[date, date]], *, now: datetime
) -> list[Income] | None:
    """Net, by marketplace and currency, for each span of local days; None: the studio has no contract.

    Seven queries at most, however many marketplaces. What is billed counts as billed; of months without an invoice,
    the last ones, what they would come to. Flat rates: of issued months that lie in a span as a whole, and where no
    location is left out.
    """
    if not studio.contracts.exists():
        return None
    places = [place.pk for place in locations]
    home = home_of(studio.pk)
    this = rules.month_of(now.astimezone(home.tz).date()) if home else rules.month_of(now.date())
    facts: dict[str, Any] = {
        "studio": studio.pk,
        "locations": places,
        "firsts": [first for first, _after in spans],
        "afters": [after for _first, after in spans],
        "whole": set(places) >= set(studio.locations.values_list("pk", flat=True)),
        "now": now,
    }
    rows = _rows(_BILLED, facts) + _rows(_FLAT, facts)
    # What is older is issued, or nobody bills it by itself any more.
    first = max(rules.month_of(min(facts["firsts"])), rules.month_before(this, ADJUSTED))
    after = rules.next_month(rules.month_of(max(facts["afters"])))
    if first < after:
        connections = list(studio.connections.values_list("pk", flat=True))
        rows += _rows(_TO_BILL, facts | {"first": first, "after": after, "connections": connections})
    found: list[Income] = [defaultdict(lambda: defaultdict(Decimal)) for _span in spans]
    for number, source, currency, amount in rows:
        found[number - 1][source][currency] += amount
    return found


def _rows(sql: str, facts: dict[str, Any]) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(sql, facts)
        return cursor.fetchall()
