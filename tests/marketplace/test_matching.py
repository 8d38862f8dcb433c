"""A location's id at the marketplace stays while its guests need it."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bookings import actions as bookings
from bookings.rules import CancelAs
from marketplace import actions
from marketplace.models import ConnectedLocation, Connection, Visit
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, errors
from tests.factories import LocationFactory, StaffLoginFactory
from tests.marketplace.scenes import connected, session_of

pytestmark = pytest.mark.django_db


def booked(connection: Connection) -> Visit:
    session = session_of(connection, starts_at=NOW + timedelta(days=2))
    guest, _is_new = actions.welcome(connection, external_id=uuid4().hex, first_name="Kim", now=NOW)
    return actions.book(connection, session, guest, action_id=uuid4(), now=NOW)


def test_an_id_stays_while_bookings_are_to_come_there() -> None:
    connection = connected()
    place = connection.studio.locations.get()
    for _ in range(2):
        booked(connection)
    noord = LocationFactory(studio=connection.studio)
    manager = StaffLoginFactory(studio=connection.studio, preset=Preset.MANAGER)
    path = f"marketplaces/{connection.marketplace_id}/locations/"
    own, other = f"location_{place.pk}", f"location_{noord.pk}"
    refused = ask(manager, path, {own: "", other: "c-2"}, status=422)
    assert errors(refused, "locations") == {
        own: [
            "2 bookings of this marketplace are to come here. The id stays until then: by it the marketplace cancels"
            " and checks in."
        ]
    }
    assert list(connection.locations.values_list("external_id", flat=True)) == ["centrum"]
    # Another id is no loss, and one where nobody is booked can go.
    ask(manager, path, {own: "c-1", other: "c-2"}, status=302)
    ask(manager, path, {own: "c-1", other: ""}, status=302)
    assert list(connection.locations.values_list("external_id", flat=True)) == ["c-1"]


@pytest.mark.parametrize("way", ["cancelled", "over", "ended"])
def test_then_it_can_go(way: str) -> None:
    connection = connected()
    place, by = connection.studio.locations.get(), StaffLoginFactory(studio=connection.studio)
    visit, now = booked(connection), NOW
    assert visit.reservation is not None
    with pytest.raises(actions.StillBooked):
        actions.set_locations(connection, {place: ""}, by=by, now=now)
    if way == "cancelled":
        bookings.cancel(visit.reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=by, now=now)
    elif way == "over":
        now += timedelta(days=3)
    else:
        Connection.objects.filter(pk=connection.pk).update(state="ended", ended_at=now)
    assert actions.set_locations(connection, {place: ""}, by=by, now=now) == {}
    assert not ConnectedLocation.objects.exists()
