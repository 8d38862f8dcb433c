"""Rooms and their numbered spots (Q29)."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Room, Spot
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import ask, errors, local, words
from tests.factories import LocationFactory, RoomFactory, SessionFactory, SpotFactory, StaffLoginFactory


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


@pytest.fixture
def room(place: Location) -> Room:
    return RoomFactory(location=place, name="Loft")


def labels(room: Room) -> list[str]:
    return list(room.spots.order_by("fill_order").values_list("label", flat=True))


def test_a_room_is_made_renamed_and_removed(manager: StaffLogin, place: Location) -> None:
    ask(manager, "rooms/", {"location": str(place.pk), "name": "Loft"}, status=302)
    room = Room.objects.get()
    ask(manager, f"rooms/{room.pk}/", {"name": "Zaal"}, status=302)
    assert "Zaal" in words(ask(manager, "rooms/"))
    ask(manager, f"rooms/{room.pk}/remove/", {}, status=302)
    assert not Room.objects.exists()


def test_a_name_that_is_taken_is_refused(manager: StaffLogin, place: Location, room: Room) -> None:
    answer = ask(manager, "rooms/", {"location": str(place.pk), "name": "loft"}, status=422)
    assert "name" in errors(answer)
    other = RoomFactory(location=place, name="Zaal")
    assert "name" in errors(ask(manager, f"rooms/{other.pk}/", {"name": "Loft"}, status=422))
    assert "name" in errors(ask(manager, "rooms/", {"location": str(place.pk), "name": ""}, status=422))


def test_a_room_that_is_in_use_stays(manager: StaffLogin, room: Room) -> None:
    SessionFactory(item__location=room.location, room=room, starts_at=local("2026-12-01T18:00"))
    ask(manager, f"rooms/{room.pk}/remove/", {}, status=302)
    assert Room.objects.exists()


def test_spots_are_numbered_in_rows_and_filled_from_the_back(manager: StaffLogin, room: Room) -> None:
    ask(manager, f"rooms/{room.pk}/spots/", {"count": "4", "rows": "2", "fill": "back"}, status=302)
    assert labels(room) == ["B1", "B2", "A1", "A2"]
    plan = ask(manager, f"rooms/{room.pk}/").context["plan"]
    assert [(word, [spot.label for spot in spots]) for word, spots in plan.rows] == [
        ("A", ["A1", "A2"]),
        ("B", ["B1", "B2"]),
    ]
    for count in ("-1", "10000", "x", ""):
        ask(manager, f"rooms/{room.pk}/spots/", {"count": count, "rows": "1", "fill": "back"}, status=422)


def test_a_spot_is_blocked_and_given_back_by_the_same_button(manager: StaffLogin, room: Room) -> None:
    spot = SpotFactory(room=room, label="1", fill_order=0)
    SpotFactory(room=room, label="2", fill_order=1)
    path = f"rooms/{room.pk}/spots/{spot.pk}/block/"
    fragment = ask(manager, path, {}, hx_request="true")
    assert "Spot 1, blocked. Give it back" in fragment.content.decode()
    assert "Spot 2, given out as number 1. Block it" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    ask(manager, path, {}, status=302)
    spot.refresh_from_db()
    assert not spot.is_blocked


def test_the_order_of_the_spots_is_written_by_their_labels(manager: StaffLogin, room: Room) -> None:
    for number in range(4):
        SpotFactory(room=room, label=str(number + 1), fill_order=number)
    path = f"rooms/{room.pk}/order/"
    ask(manager, path, {"order": "3, 1"}, status=302)
    assert labels(room) == ["3", "1", "2", "4"]
    assert "There is no spot 9." in words(ask(manager, path, {"order": "9"}, status=422))
    assert "Spot 3 is there twice." in words(ask(manager, path, {"order": "3,3"}, status=422))
    assert labels(room) == ["3", "1", "2", "4"]


def test_rooms_of_other_houses_are_not_found(manager: StaffLogin, place: Location, room: Room) -> None:
    spot = SpotFactory(label="1", fill_order=0)
    pinned = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    pinned.locations.add(LocationFactory(studio=place.studio))
    for login, one in ((manager, spot.room), (pinned, room)):
        ask(login, f"rooms/{one.pk}/", status=404)
        for then in ("remove", "spots", "order"):
            ask(login, f"rooms/{one.pk}/{then}/", {}, status=404)
    ask(manager, f"rooms/{room.pk}/spots/{spot.pk}/block/", {}, status=404)
    assert not Spot.objects.filter(is_blocked=True).exists()


def test_the_desk_may_not_change_rooms(place: Location, room: Room) -> None:
    desk = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    ask(desk, "rooms/", status=403)
    ask(desk, f"rooms/{room.pk}/", status=403)


def test_one_and_thirty_rooms_ask_the_same_number_of_queries(manager: StaffLogin, place: Location) -> None:
    client = Client()
    client.force_login(manager.user)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/linden/rooms/").status_code == 200
        return len(queries)

    def one_more() -> None:
        SpotFactory(room=RoomFactory(location=place), label="1", fill_order=0)

    one_more()
    count()  # what a session of the browser costs once
    one = count()
    for _ in range(30):
        one_more()
    assert count() == one
