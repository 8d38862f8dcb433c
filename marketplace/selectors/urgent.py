"""The rule of money at risk for lists: the database judges and sorts, so that nothing is cut before."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest, Least
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

from bookings.rules import Attendance
from bookings.selectors.local_days import midnight
from bookings.selectors.upcoming import LONGEST_SESSION
from marketplace.models import Visit
from marketplace.rules.risk import CLOSING, Window
from marketplace.selectors.answers import said_absent
from portal.models import Location

DAY = timedelta(days=1)


def window_of(marketplace: str) -> Window:
    """When this marketplace takes check-ins: `settings.MARKETPLACE_CHECK_INS`."""
    named = settings.MARKETPLACE_CHECK_INS
    hours = named.get(marketplace, named[""])
    return Window(
        opens_before=timedelta(minutes=hours["opens_minutes"]),
        closes_after=timedelta(minutes=hours["closes_minutes"]),
        corrected_within=timedelta(hours=hours["corrected_hours"]),
    )


def urgent(visits: QuerySet[Visit], locations: Collection[Location], *, now: datetime) -> QuerySet[Visit]:
    """Those of `visits` of which `rules.risk.risk` says that they are at risk; its twin, held equal by a test.

    `visits`: booked ones of classes that take place at these locations. Annotated with `until`, the last moment for
    what saves them, and `is_today`; today's first, then by that moment.
    """
    oldest = now - LONGEST_SESSION - max(window_of(key).corrected_within for key in settings.MARKETPLACE_CHECK_INS)
    confirmed, ticked = Q(confirmed_at__isnull=False), Q(reservation__attendance=Attendance.CHECKED_IN)
    unticked = Q(reservation__attendance__in=[Attendance.UNKNOWN, Attendance.NO_SHOW])
    starts, ends = F("reservation__starts_at"), F("reservation__ends_at")
    app_has_opened = Q(LessThanOrEqual(_moment(starts - _span("opens_before")), Value(now)))
    app_closes, corrected_until = _moment(ends + _span("closes_after")), _moment(ends + _span("corrected_within"))
    to_confirm = ticked & ~confirmed & app_has_opened
    to_answer = unticked & ~said_absent() & (confirmed | Q(reservation__ends_at__lte=now))
    until = Case(
        When(unticked, then=Least(_correction_until(locations, oldest, now), corrected_until)),
        When(GreaterThanOrEqual(app_closes, Value(now)), then=app_closes),
        default=corrected_until,
    )
    return (
        visits.filter(reservation__starts_at__range=(oldest, now + DAY))
        .filter(to_confirm | to_answer)
        .annotate(until=until, is_today=Case(When(_of_today(locations, now), then=True), default=False))
        .filter(until__gte=now)
        .filter(Q(is_today=True) & (ticked | confirmed) | Q(until__lte=now + CLOSING))
        .order_by("-is_today", "until", "pk")
    )


def _moment(sum_of: Combinable) -> ExpressionWrapper:
    return ExpressionWrapper(sum_of, output_field=DateTimeField())


def _span(of_window: str) -> Case:
    """One of the times of `Window`, by the visit's marketplace."""
    named = [
        When(connection__marketplace=key, then=Value(getattr(window_of(key), of_window)))
        for key in settings.MARKETPLACE_CHECK_INS
        if key
    ]
    return Case(*named, default=Value(getattr(window_of(""), of_window)), output_field=DurationField())


def _correction_until(locations: Collection[Location], oldest: datetime, now: datetime) -> Greatest:
    """The twin of `Location.correction_until`. Midnights are ours to say: the database's time zones may be others."""
    hours = F("reservation__location__correction_hours") * Value(timedelta(hours=1))
    next_days = []
    for place in {place.zone: place for place in locations}.values():
        day, last = place.local_day(oldest), place.local_day(now + DAY)
        while day <= last:
            day += DAY
            begins = midnight(day, place.tz)
            of_day = Q(reservation__location__zone=place.zone, reservation__starts_at__lt=begins)
            next_days.append(When(of_day, then=Value(begins)))
    return Greatest(
        _moment(F("reservation__ends_at") + ExpressionWrapper(hours, output_field=DurationField())),
        Case(*next_days, default=None, output_field=DateTimeField()),
    )


def _of_today(locations: Collection[Location], now: datetime) -> Q:
    found = Q(pk__in=[])
    for place in {place.zone: place for place in locations}.values():
        today = place.local_day(now)
        found |= Q(
            reservation__location__zone=place.zone,
            reservation__starts_at__gte=midnight(today, place.tz),
            reservation__starts_at__lt=midnight(today + DAY, place.tz),
        )
    return found
