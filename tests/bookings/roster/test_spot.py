"""Spots from the roster's panel: a free one is given, a taken one swapped."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from bookings.models import Reservation, ScheduledSession
from tests.bookings.check_ins.counter import member
from tests.bookings.roster.reading import roster
from tests.bookings.scenes import booked
from tests.factories import RoomFactory, SpotFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(vinyasa: ScheduledSession) -> list[Reservation]:
    room = RoomFactory(location=vinyasa.location)
    for number in range(1, 4):
        SpotFactory(room=room, label=str(number), fill_order=number)
    vinyasa.room = room
    vinyasa.save(update_fields=["room"])
    return [booked(vinyasa, member(vinyasa.studio, name)) for name in ("Ada Abel", "Bo Berg")]


def give(client: Client, reservation: Reservation, spot: Any) -> Any:
    return client.post(f"/linden/reservations/{reservation.pk}/spot/", {"action_id": uuid4(), "spot": spot})


def spots() -> dict[str, str]:
    return {one.member.first_name: one.spot.label for one in Reservation.objects.select_related("member", "spot")}


def test_a_free_spot_is_given_and_a_taken_one_swapped(
    desk: Client, vinyasa: ScheduledSession, two: list[Reservation]
) -> None:
    assert spots() == {"Ada": "1", "Bo": "2"}
    third, second = vinyasa.room.spots.get(label="3"), vinyasa.room.spots.get(label="2")  # type: ignore[union-attr]
    give(desk, two[0], third.pk)
    assert spots() == {"Ada": "3", "Bo": "2"}
    give(desk, two[0], second.pk)
    assert spots() == {"Ada": "2", "Bo": "3"}


def test_the_panel_says_which_are_free_and_whose_the_others_are(
    desk: Client, vinyasa: ScheduledSession, two: list[Reservation]
) -> None:
    html = roster(desk, vinyasa, person=two[0].pk)
    assert "2 · swap with Bo Berg" in html
    assert "3 · free" in html


@pytest.mark.parametrize("spot", ["", "x", "-1"])
def test_no_spot_changes_nothing(desk: Client, two: list[Reservation], spot: str) -> None:
    assert give(desk, two[0], spot).status_code == 302
    assert spots() == {"Ada": "1", "Bo": "2"}


def test_a_spot_of_another_room_or_a_blocked_one_does_not_exist(
    desk: Client, vinyasa: ScheduledSession, two: list[Reservation]
) -> None:
    assert give(desk, two[0], SpotFactory().pk).status_code == 404
    vinyasa.room.spots.filter(label="3").update(is_blocked=True)  # type: ignore[union-attr]
    assert give(desk, two[0], vinyasa.room.spots.get(label="3").pk).status_code == 404  # type: ignore[union-attr]
