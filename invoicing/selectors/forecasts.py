"""What the running months of a studio's contracts will come to: the facts for `rules.forecast`, for all at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection as database

from invoicing import rules
from invoicing.rules.forecast import WEEKS, Booked, Forecast, Past, forecast
from invoicing.selectors.drafts import Draft
from invoicing.selectors.figures import FIGURES
from marketplace.models import Connection

_BY_DAY = (
    FIGURES
    + """
SELECT figures.connection, figures.contract, figures.day, figures.kind, coalesce(terms.check_in_rate, 0),
       coalesce(terms.no_show_rate, 0), sum(figures.amount), count(*)
  FROM figures LEFT JOIN marketplace_contractterms terms ON terms.id = figures.terms
 GROUP BY 1, 2, 3, 4, 5, 6
"""
)
SHOWN = {rules.Kind.CHECK_IN, rules.Kind.ADDITIONAL}


@dataclass
class _Days:
    """One connection's visits of the weeks before today, and those to come by contract."""

    by_weekday: list[Decimal] = field(default_factory=lambda: [Decimal(0)] * 7)
    visits: int = 0
    shown: int = 0
    first: date | None = None
    booked: dict[int | None, list[Booked]] = field(default_factory=dict)

    def past(self, connection: Connection, today: date) -> Past:
        began = connection.first_booked_at.date() if connection.first_booked_at else today
        days = (today - min(began, self.first or today)).days
        weeks = min(WEEKS, max(1, -(-days // 7)))
        return Past(weeks=weeks, by_weekday=tuple(self.by_weekday), visits=self.visits, shown=self.shown)


def forecasts(drafts: Collection[Draft], *, today: date, now: datetime) -> dict[tuple[int, date], Forecast]:
    """By contract (key) and month. One query, however many; none where there is nothing to tell."""
    if not drafts:
        return {}
    since = today - timedelta(weeks=WEEKS)
    found: dict[int, _Days] = {one.contract.connection_id: _Days() for one in drafts}
    for row in _by_day(list(found), since, max(one.month for one in drafts), now=now):
        _add(found[row[0]], row[1:], since=since, today=today)
    return {(one.contract.pk, one.month): _forecast(one, found, today=today) for one in drafts}


def _forecast(draft: Draft, found: Mapping[int, _Days], *, today: date) -> Forecast:
    days = found[draft.contract.connection_id]
    after = rules.next_month(draft.month)
    booked = [one for one in days.booked.get(draft.contract.pk, []) if draft.month <= one.day < after]
    return forecast(
        draft.month,
        today=today,
        so_far=draft.totals.net,
        booked=booked,
        past=days.past(draft.contract.connection, today),
        flat=any(line.kind is rules.Kind.FLAT for line in draft.lines),
    )


def _add(days: _Days, row: tuple[Any, ...], *, since: date, today: date) -> None:
    contract, day, kind, rate, no_show_rate, net, number = row
    if kind == rules.Kind.TO_COME:
        days.booked.setdefault(contract, []).append(Booked(day, rate, number, no_show_rate))
    elif since <= day < today:
        days.by_weekday[day.weekday()] += net
        days.visits += number
        days.shown += number if kind in SHOWN else 0
        days.first = min(days.first or day, day)


def _by_day(connections: list[int], since: date, month: date, *, now: datetime) -> list[tuple[Any, ...]]:
    first = min(rules.month_of(since), month)
    with database.cursor() as cursor:
        facts: dict[str, Any] = {
            "connections": connections,
            "first": first,
            "after": rules.next_month(month),
            "now": now,
        }
        cursor.execute(_BY_DAY, facts)
        return cursor.fetchall()
