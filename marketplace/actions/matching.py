"""What the two sides call each other: locations, addresses, secrets, and the kinds of classes that go there."""

from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import token_bytes

from django.db.models import Count

from bookings.models import CalendarItem, Reservation
from marketplace.actions.connecting import ask_for_sync, on_connection
from marketplace.actions.secrets import change_secret
from marketplace.models import ConnectedLocation, Connection
from portal.changes import record_change
from portal.models import Location, StaffLogin

# As the Standard Webhooks convention writes a secret: a word, then at least 24 bytes.
PREFIX, BYTES = "whsec_", 32


class StillBooked(Exception):
    """By a location's id, its guests cancel and check in: it stays while bookings are to come. `places`: how many."""

    def __init__(self, places: Mapping[Location, int]) -> None:
        super().__init__(", ".join(place.slug for place in places))
        self.places = places


def set_locations(
    connection: Connection, ids: Mapping[Location, str], *, by: StaffLogin, now: datetime
) -> dict[str, str]:
    """Give these locations of the studio their ids at the marketplace; "" for one that it does not know.

    The ids as they stand now, by the location's slug. Raises StillBooked.
    """
    with on_connection(connection) as found:
        if booked := _booked_without_id(found, ids, now=now):
            raise StillBooked(booked)
        before = {one.location.slug: one.external_id for one in found.locations.select_related("location")}
        found.locations.filter(location__in=list(ids)).delete()
        ConnectedLocation.objects.bulk_create(
            ConnectedLocation(studio=found.studio, connection=found, location=place, external_id=external_id)
            for place, external_id in ids.items()
            if external_id
        )
        after = {one.location.slug: one.external_id for one in found.locations.select_related("location")}
        if after != before:
            record_change(found, "locations_matched", studio=found.studio, by=by, now=now, before=before, after=after)
            _compare(found)
    return after


def _booked_without_id(found: Connection, ids: Mapping[Location, str], *, now: datetime) -> dict[Location, int]:
    """The locations that would lose their id, and how many bookings of the marketplace are to come there."""
    if found.state == Connection.State.ENDED:  # nobody asks any more
        return {}
    losing = found.locations.filter(location__in=[place for place, name in ids.items() if not name])
    to_come = Reservation.objects.active().filter(visit__connection=found, ends_at__gt=now)
    counted = to_come.filter(location__in=losing.values("location")).values_list("location").annotate(Count("pk"))
    numbers = dict(counted.order_by("location"))
    return {place: numbers[place.pk] for place in ids if place.pk in numbers}


def set_kinds(connection: Connection, kinds: Collection[str], *, by: StaffLogin, now: datetime) -> Connection:
    """Say which kinds of items go there. A course series never does (Q25): it is left out, whoever asks."""
    wanted = [kind for kind in CalendarItem.Kind.values if kind in kinds and kind != CalendarItem.Kind.COURSE]
    with on_connection(connection) as found:
        if wanted != found.kinds:
            before, found.kinds = found.kinds, wanted
            found.save(update_fields=["kinds"])
            record_change(
                found,
                "kinds_changed",
                studio=found.studio,
                by=by,
                now=now,
                before={"kinds": before},
                after={"kinds": wanted},
            )
            _compare(found)
    return found


def set_address(connection: Connection, address: str, *, by: StaffLogin, now: datetime) -> Connection:
    """Say where the marketplace is called; a form has checked that it may be."""
    with on_connection(connection) as found:
        if address != found.address:
            before, found.address = found.address, address
            found.save(update_fields=["address"])
            record_change(
                found,
                "address_changed",
                studio=found.studio,
                by=by,
                now=now,
                before={"address": before},
                after={"address": address},
            )
    return found


def make_secret(connection: Connection, *, by: StaffLogin, now: datetime) -> str:
    """A new secret, to be shown this once. The one before it is good for seven days more."""
    secret = PREFIX + b64encode(token_bytes(BYTES)).decode()
    change_secret(connection, secret, by=by, now=now)
    return secret


def _compare(connection: Connection) -> None:
    if connection.is_told:
        ask_for_sync(connection)
