"""When is a month over, when can it no longer be corrected, and when is it issued? (Q15, Q30)"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ISSUED_ON = 5  # of the next month
ISSUED_AT = time(6)  # local
CORRECTABLE = timedelta(hours=72)


def month_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """The first day of the month after."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(month: date, by: int = 1) -> date:
    """The first day of the month that many before."""
    for _ in range(by):
        month = (month.replace(day=1) - timedelta(days=1)).replace(day=1)
    return month


def last_day(month: date) -> date:
    return next_month(month) - timedelta(days=1)


def ends_at(month: date, zone: ZoneInfo) -> datetime:
    """The first moment after the month, there."""
    return datetime.combine(next_month(month), time(), zone)


def closes_at(month: date, zone: ZoneInfo) -> datetime:
    """Until when the desk may still correct the month's visits, 72 hours after its end."""
    return (ends_at(month, zone).astimezone(ZoneInfo("UTC")) + CORRECTABLE).astimezone(zone)


def issue_at(month: date, zone: ZoneInfo) -> datetime:
    """When its invoices appear: the 5th of the next month at 06:00 there, whatever day of the week that is (Q30)."""
    return datetime.combine(next_month(month).replace(day=ISSUED_ON), ISSUED_AT, zone)


def newest_due(now: datetime, zone: ZoneInfo) -> date:
    """The newest month whose invoices are due there at `now`."""
    month = month_before(month_of(now.astimezone(zone).date()))
    return month if now >= issue_at(month, zone) else month_before(month)
