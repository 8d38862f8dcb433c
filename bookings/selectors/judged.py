"""What another setting would have meant for a month that has been: counted from what really happened.

Each function counts reservations whose session starts in the local month at these locations (Q15).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, DateTimeField, ExpressionWrapper, F, Func, Q, Sum, Value
from django.db.models.functions import Greatest

from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking, Origin
from bookings.selectors.history import in_month
from bookings.selectors.local_days import starting_within
from portal.models import ClosingDays, Location

DAY = timedelta(days=1)
# Made by the desk or brought in from elsewhere: opening and closing bind members only.
NOT_BY_MEMBERS = ("desk", "import")


@dataclass(frozen=True)
class Grace:
    """`now`, `then`: without a tick when the class was over for the grace set now, and for the one looked at.

    `still`: those of `now` that have no tick to this day.
    """

    now: int
    then: int
    still: int


def no_shows_by_grace(location: Location, month: date, *, grace: timedelta, at: datetime) -> Grace:
    """Of the places booked and kept: how many were no-shows when the grace ended, and how many with another grace?"""
    kept = Reservation.objects.active().filter(
        in_month([location], month), session__cancelled_at__isnull=True, ends_at__lte=at - max(grace, location.grace)
    )
    untouched = ~Q(attendance=Attendance.CHECKED_IN)
    counted = kept.aggregate(
        now=Count("pk", filter=untouched | Q(checked_in_at__gt=F("ends_at") + Value(location.grace))),
        then=Count("pk", filter=untouched | Q(checked_in_at__gt=F("ends_at") + Value(grace))),
        still=Count("pk", filter=untouched),
    )
    return Grace(**counted)


def corrections_by_limit(location: Location, month: date, *, limit: timedelta) -> tuple[int, int]:
    """How many changes did people make after a class had ended, and how many of them later than this limit allows?

    The limit is never shorter than the local day of the class (`Location.correction_until`).
    """
    there = Func(
        Value("day"),
        Func(Value(location.zone), F("reservation__starts_at"), function="timezone"),
        function="date_trunc",
    )
    next_midnight = Func(
        Value(location.zone),
        ExpressionWrapper(there + Value(DAY), output_field=DateTimeField()),
        function="timezone",
        output_field=DateTimeField(),
    )
    until = Greatest(
        ExpressionWrapper(F("reservation__ends_at") + Value(limit), output_field=DateTimeField()), next_midnight
    )
    made = ReservationEvent.objects.filter(
        studio=location.studio_id,
        reservation__in=Reservation.objects.filter(in_month([location], month)),
        by__isnull=False,
        occurred_at__gt=F("reservation__ends_at"),
    ).exclude(kind=ReservationEvent.Kind.IMPORTED)
    counted = made.aggregate(made=Count("pk"), late=Count("pk", filter=Q(occurred_at__gt=until)))
    return counted["made"], counted["late"]


@dataclass(frozen=True)
class Cancellations:
    """Late ones, and how many of them would have been in time; those in time, and how many would have been late."""

    late: int
    late_in_time: int
    in_time: int
    in_time_late: int


def cancellations_by_deadline(
    locations: list[Location], month: date, *, hours: int, origins: tuple[Origin, ...]
) -> Cancellations:
    """What would a deadline of so many hours have made of the cancellations whose deadline these rules set?

    Excused ones are left out, and those that had a longer time on purpose: only the clock is judged.
    """
    enough = Q(cancelled_at__lte=F("starts_at") - Value(timedelta(hours=hours)))
    late = Q(booking=Booking.LATE_CANCELLED)
    in_time = Q(booking=Booking.CANCELLED, excused=False, cancelled_at__lte=F("deadline_at"))
    counted = Reservation.objects.filter(
        in_month(locations, month), deadline_from__in=origins, session__cancelled_at__isnull=True
    ).aggregate(
        late=Count("pk", filter=late),
        late_in_time=Count("pk", filter=late & enough),
        in_time=Count("pk", filter=in_time),
        in_time_late=Count("pk", filter=in_time & ~enough),
    )
    return Cancellations(**counted)


def bookings_outside(
    locations: list[Location], month: date, *, opens: timedelta | None = None, closes: timedelta | None = None
) -> tuple[int, int]:
    """How many bookings did members make themselves, and how many of them too early or too late for this rule?

    Classes with a rule of their own are left out.
    """
    own = Q(session__item__opens_hours__isnull=False) if opens is not None else Q(pk__in=[])
    own |= Q(session__item__closes_minutes__isnull=False) if closes is not None else Q(pk__in=[])
    outside = Q(pk__in=[])
    if opens is not None:
        outside |= Q(booked_at__lt=F("starts_at") - Value(opens))
    if closes is not None:
        outside |= Q(booked_at__gte=F("starts_at") - Value(closes))
    counted = (
        Reservation.objects.filter(in_month(locations, month), booked_at__isnull=False)
        .exclude(source__in=NOT_BY_MEMBERS)
        .exclude(own)
        .aggregate(made=Count("pk"), outside=Count("pk", filter=outside))
    )
    return counted["made"], counted["outside"]


def sessions_on(closing: ClosingDays, locations: list[Location], *, now: datetime) -> list[ScheduledSession]:
    """The sessions to come on these days, with their class, in order; cancelled ones are none."""
    places = [place for place in locations if closing.location_id in (None, place.pk)]
    return list(
        ScheduledSession.objects.filter(
            starting_within(places, closing.first_on, closing.last_on + DAY),
            cancelled_at__isnull=True,
            starts_at__gt=now,
        )
        .select_related("item", "location")
        .order_by("starts_at", "pk")
    )


def sessions_to_come(location: Location, *, now: datetime) -> tuple[int, int]:
    """How many sessions begin here from now on, and how many places in them are taken."""
    counted = ScheduledSession.objects.filter(
        location=location, starts_at__gt=now, cancelled_at__isnull=True
    ).aggregate(sessions=Count("pk"), places=Sum("places_taken", default=0))
    return counted["sessions"], counted["places"]
