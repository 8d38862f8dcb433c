"""Today in numbers for the home page: who is in and who is expected, by location."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from bookings.models import Reservation
from bookings.rules import Booking, State
from bookings.selectors.reception import today_at
from bookings.selectors.upcoming import for_login
from portal.models import Location, StaffLogin


@dataclass
class Numbers:
    """People of one local day, as `reception.Day.counts` says them, and further ones."""

    is_in: int = 0
    expected: int = 0
    missing: int = 0
    first: int = 0
    no_shows: int = 0

    def add(self, other: "Numbers") -> None:
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)


def numbers(login: StaffLogin, locations: Sequence[Location], *, now: datetime) -> dict[int, Numbers]:
    """Of today at each of these locations (by key), by their own calendars. One query."""
    found = {place.pk: Numbers() for place in locations}
    places = list(locations)
    counted = (
        Reservation.objects.filter(today_at(places, now), session__in=for_login(login, places))
        .with_state(now)
        .with_first_visit()
        .values("location_id", "booking", "state_word", "first_here")
        .annotate(number=Count("*"))
        .order_by()
    )
    for row in counted:
        found[row["location_id"]].add(_numbers(row))
    return found


def _numbers(row: dict[str, object]) -> Numbers:
    number, state = int(str(row["number"])), State(str(row["state_word"]))
    is_expected = row["booking"] == Booking.BOOKED and state is not State.SESSION_CANCELLED
    return Numbers(
        is_in=number * (state is State.CHECKED_IN),
        expected=number * is_expected,
        missing=number * (state is State.NO_CHECK_IN),
        first=number * bool(row["first_here"]),
        no_shows=number * (state is State.NO_SHOW),
    )
