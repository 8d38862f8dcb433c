"""What the operator sees of visits: figures over all studios by month, and of one studio."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Reservation
from bookings.rules import State
from bookings.selectors.history import KEPT, local_month
from portal.models import Location, Studio
from portal.operator import parts, statistics
from portal.operator.parts import Line, Part
from portal.operator.statistics import MOST, SOURCE, Counted, Measure

MEASURES = [
    Measure("visits", gettext_lazy("Visits booked")),
    Measure("check_ins", gettext_lazy("Check-ins")),
    Measure("no_shows", gettext_lazy("No-shows")),
    Measure("late_cancels", gettext_lazy("Late cancels")),
    Measure("members", gettext_lazy("Active members")),
    Measure("booked", gettext_lazy("Bookings a day"), per=f"{MOST}days", decimals=1),
]


def visits(first: date, after: date, now: datetime) -> Counted:
    """By month of the visit, local to where it was; bookings by the month in which they were made. Three queries."""
    found: Counted = defaultdict(lambda: defaultdict(float))
    month: Any = {"month": local_month()}
    within = _around(first, after)
    rows = Reservation.objects.filter(within).with_state(now).values("studio_id", "source", "state_word", **month)
    for row in rows.annotate(number=Count("*")).order_by():
        _count(found[row["studio_id"], row["month"]], row)
    attended: Any = Reservation.objects.attended().filter(within).values("studio_id", **month).order_by()
    for row in attended.annotate(number=Count("member", distinct=True)):
        found[row["studio_id"], row["month"]]["members"] += row["number"]
    made = Reservation.objects.filter(_around(first, after, "booked_at")).order_by()
    days: Any = made.values("studio_id", month=local_month("booked_at")).annotate(number=Count("*"))
    for row in days:
        found[row["studio_id"], row["month"]]["booked"] += row["number"]
    for (_studio, at), numbers in found.items():
        if at is not None:
            numbers[f"{MOST}days"] = days_of(at, now)
    return {key: numbers for key, numbers in found.items() if key[1] is not None and first <= key[1] < after}


def days_of(month: date, now: datetime) -> int:
    """How many days of the month there were until now, today included; at least one."""
    whole = monthrange(month.year, month.month)[1]
    return max(1, min(whole, (now.date() - month).days + 1))


def _count(numbers: dict[str, float], row: dict[str, Any]) -> None:
    state, number = row["state_word"], row["number"]
    if state in KEPT:
        numbers["visits"] += number
    if state == State.CHECKED_IN:
        numbers["check_ins"] += number
        numbers[f"{SOURCE}{row['source']}"] += number
    elif state == State.NO_SHOW:
        numbers["no_shows"] += number
    elif state == State.LATE_CANCELLED:
        numbers["late_cancels"] += number


def _around(first: date, after: date, name: str = "starts_at") -> Q:
    """Wide enough for every zone; the month of each row is its own place's."""
    day = timedelta(days=1)
    midnight = datetime.min.time()
    return Q(
        **{
            f"{name}__gte": datetime.combine(first, midnight, UTC) - day,
            f"{name}__lt": datetime.combine(after, midnight, UTC) + day,
        }
    )


def visits_of_month(studios: list[int], now: datetime) -> dict[int, int]:
    """Check-ins of the running month, local to each place. One query."""
    first = (now - timedelta(days=1)).date().replace(day=1)  # where it is yesterday, it may be the month before
    rows: Any = Reservation.objects.attended().filter(_around(first, now.date()), studio__in=studios)
    this: Any = rows.annotate(month=local_month(), this_month=local_month(now)).filter(month=F("this_month"))
    return dict(this.order_by().values_list("studio").annotate(number=Count("*")))


def of_studio(studio: Studio, now: datetime) -> Part:
    today: Iterable[Location] = studio.locations.in_order()[:1]
    day = next((place.local_day(now) for place in today), now.date())
    ahead = studio.reservations.active().filter(starts_at__gte=now)
    found = ahead.aggregate(number=Count("pk"), next=Min("starts_at"))
    visited = visits_of_month([studio.pk], now).get(studio.pk, 0)
    lines = [
        Line(_("Check-ins this month"), str(visited)),
        Line(_("Bookings ahead"), str(found["number"])),
        Line(_("Local day"), day.isoformat()),
    ]
    return Part("visits", _("Visits"), lines)


def register() -> None:
    statistics.register("visits", visits, MEASURES, place=10)
    parts.register_figure(parts.Figure("visits", gettext_lazy("visits this month"), visits_of_month), place=60)
    parts.register(of_studio, place=30)
