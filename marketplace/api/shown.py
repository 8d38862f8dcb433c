"""A class as the contract writes it."""

from dataclasses import dataclass
from typing import Any

from bookings.rules import Origin
from bookings.selectors.bookable import Bookable
from marketplace.actions import Cancelled
from marketplace.api.reading import written
from marketplace.api.reasons import Operation, unless
from marketplace.models import Guest
from marketplace.rules import Stand
from marketplace.selectors.classes import SeenClass

# Whose rule it was, in words that a marketplace can do something with.
RULES = {Origin.CONTRACT: "contract", Origin.ITEM: "class", Origin.LOCATION: "location", Origin.STUDIO: "studio"}
CHANGED = "classChanged"


@dataclass(frozen=True)
class About:
    """The guest that a class is shown to. `may`: what they could do next; not asked for those who have a place."""

    guest: Guest
    may: Bookable | None


def shown(seen: SeenClass, about: About | None = None) -> dict[str, Any]:
    """All of a class: brief, booking details, details, and the attendee's where there is one."""
    found = {"brief": _brief(seen), "bookingDetails": _booking(seen), "details": _details(seen)}
    if about is not None:
        found["attendeeBookingDetails"] = _attendee(seen, about)
        found["brief"]["waitlisted"] = seen.position is not None
    return found


def _brief(seen: SeenClass) -> dict[str, Any]:
    session = seen.session
    brief = {
        "id": str(session.pk),
        "name": session.item.name,
        "startDateTime": written(session.starts_at),
        "endDateTime": written(session.ends_at),
        # Nothing is paid at the studio: the pass of the marketplace pays.
        "free": True,
        "reservable": seen.publication.stand is Stand.SELLING,
        "instructor": _instructor(seen),
        "activity": {"name": session.item.name},
    }
    if seen.place:
        brief["locationId"] = seen.place
    return brief


def _instructor(seen: SeenClass) -> dict[str, str]:
    """Where nobody is named yet, the studio."""
    if not seen.teacher:
        return {"fullName": seen.session.studio.name}
    first, _, last = seen.teacher.partition(" ")
    names = {"firstName": first, "lastName": last} if last else {}
    return {**names, "fullName": seen.teacher}


def _booking(seen: SeenClass) -> dict[str, int]:
    return {
        "capacity": seen.capacity,
        "booked": seen.booked,
        "waitlistCapacity": seen.waiting_places,
        "waitlistBooked": seen.waiting,
    }


def _details(seen: SeenClass) -> dict[str, Any]:
    free_until = seen.own.free_until if seen.own else seen.deadline.at
    info = {"kind": seen.session.item.kind, "freeCancellationUntil": written(free_until)}
    details: dict[str, Any] = {
        "description": seen.session.item.description,
        "customInfo": [{"key": key, "value": value} for key, value in info.items()],
    }
    if seen.room:
        details["room"] = {"name": seen.room}
    return details


def _attendee(seen: SeenClass, about: About) -> dict[str, Any]:
    own = seen.own
    found: dict[str, Any] = {
        "exerciserId": str(about.guest.key),
        "booked": own is not None,
        "waitlistBooked": seen.position is not None,
        "waitlistPosition": seen.position or 0,
        "checkedIn": own is not None and own.is_in,
        "eligibility": _eligibility(seen, about.may),
    }
    if own is not None:
        found["bookingId"] = own.booking_ref
        if own.spot:
            found["spotBooked"] = own.spot
    return found


def _eligibility(seen: SeenClass, may: Bookable | None) -> dict[str, Any]:
    has_place, waits = seen.own is not None, seen.position is not None
    if has_place or may is None:
        add = wait = {"eligible": False, "lackOfProduct": False, "reason": "Booked already"}
    else:
        add, wait = unless(may.booking, Operation.BOOK), unless(may.waiting, Operation.WAIT)
    return {
        "addToClassEligibility": add,
        "removeFromClassEligibility": {"eligible": seen.can_be_given_up},
        "addToWaitlistEligibility": wait,
        "removeFromWaitlistEligibility": {"eligible": waits},
    }


def cancellation(done: Cancelled) -> dict[str, Any]:
    """Whether it was late, and by which rule."""
    rule = CHANGED if done.waived else RULES[done.deadline_from]
    return {"late": done.late, "freeUntil": written(done.free_until), "rule": rule}
