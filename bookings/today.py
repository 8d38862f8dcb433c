"""What the home page says of bookings: today in numbers, the next class, who has not paid, who may be there twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.selectors.reception import next_session
from bookings.selectors.today import Numbers, numbers
from bookings.selectors.upcoming import unpaid_ahead
from bookings.words import clock, day_and_clock
from portal.locations import everywhere
from portal.members.duplicates import suggestions
from portal.models import Location, StaffLogin
from portal.roles import Right
from portal.today.registry import TODAY, Block, Card, register, register_block


@dataclass(frozen=True)
class Place:
    """One location with its numbers, and where they can be looked at."""

    name: str
    numbers: Numbers
    url: str


def today(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Block | None:
    """Today's numbers, by location where there are several, and the next class. Two queries."""
    if Right.VIEW_TODAY not in login.rights or not locations:
        return None
    by_place, total = numbers(login, locations, now=now), Numbers()
    for one in by_place.values():
        total.add(one)
    page = reverse("bookings:check_ins", args=[login.studio.slug])
    places = [Place(place.name, by_place[place.pk], f"{page}?location={place.slug}") for place in locations]
    several = len(places) > 1
    context: dict[str, Any] = {
        "places": places if several else [],
        "numbers": total,
        "url": f"{page}?location=all" if several else f"{page}?location={locations[0].slug}",
        "bookings_url": reverse("bookings:bookings", args=[login.studio.slug]),
        "next": _next(login, locations, now=now),
    }
    return Block("bookings/today.html", context)


def _next(login: StaffLogin, locations: Sequence[Location], *, now: datetime) -> dict[str, Any] | None:
    session = next_session(login, list(locations), now=now)
    if session is None:
        return None
    place = session.location
    is_today = place.local_day(session.starts_at) == place.local_day(now)
    return {
        "begins": clock(session.starts_at, place) if is_today else day_and_clock(session.starts_at, place),
        "name": session.item.name,
        "place": place.name if len(locations) > 1 else "",
        "booked": session.places_taken,
        "capacity": session.capacity,
        "url": reverse("bookings:session", args=[login.studio.slug, session.pk]),
    }


def unpaid(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Bookings that nothing pays for (Q1), as the page lists them to which it leads. One query."""
    if not {Right.SELL, Right.VIEW_BOOKINGS} <= login.rights or not locations:
        return
    number = unpaid_ahead(login, list(locations), now=now)
    url = reverse("bookings:bookings", args=[login.studio.slug])
    if number:
        yield Card(
            "unpaid",
            _("Unpaid bookings of the next 14 days"),
            str(number),
            ngettext(
                "Nothing pays for this visit yet. Sell a package, or note that it is free.",
                "Nothing pays for these visits yet. Sell packages, or note that they are free.",
                number,
            ),
            f"{url}?{urlencode(everywhere(locations) | {'unpaid': '1'})}",
            "warning",
        )


def twice(login: StaffLogin, *, now: datetime, locations: Sequence[Location]) -> Iterator[Card]:
    """Profiles that look like one person (Q23). One query."""
    if Right.MANAGE_MEMBERS not in login.rights:
        return
    if number := suggestions(login.studio).count():
        yield Card(
            "duplicates",
            _("People who may be in the list twice"),
            str(number),
            _("Merge them, or say that they are two people. A merge can be taken back for 30 days."),
            reverse("bookings:member_duplicates", args=[login.studio.slug]),
        )


def register_today() -> None:
    register_block(today, group=TODAY, place=10)
    register(unpaid, place=30)
    register(twice, place=50)
