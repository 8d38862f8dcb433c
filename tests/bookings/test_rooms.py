"""Rooms and numbered spots, and who has which (Q29)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from bookings import actions
from bookings.actions import Refused, rooms, schedule
from bookings.models import Reservation, ReservationEvent, Room, Spot
from bookings.rules import Question
from portal.models import Change
from tests.bookings.scenes import at, booked, evening_class, fresh, kinds
from tests.factories import CalendarItemFactory, LocationFactory, RoomFactory, SpotFactory

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("12:00")


def labels(room: Room) -> list[str]:
    return list(room.spots.order_by("fill_order").values_list("label", flat=True))


def question(call: Any, *args: Any, **kwargs: Any) -> Question:
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.decision.refusal.question


@pytest.fixture
def room() -> Room:
    return rooms.create_room(LocationFactory(), "Loft", by=None, now=NOW)


def in_room(room: Room, **fields: Any) -> Any:
    item = CalendarItemFactory(location=room.location, room=room)
    return evening_class(item=item, room=room, **fields)


@pytest.mark.parametrize(
    ("count", "count_rows", "back", "expected"),
    [
        (5, 2, True, "B1 B2 A1 A2 A3"),
        (5, 2, False, "A1 A2 A3 B1 B2"),
        (3, 1, True, "3 2 1"),
        (3, 1, False, "1 2 3"),
        (0, 1, True, ""),
        (2, 3, True, "B1 A1"),
    ],
)
def test_spots_fill_from_the_back_or_from_the_front(
    room: Room, count: int, count_rows: int, back: bool, expected: str
) -> None:
    rooms.set_spots(room, count, count_rows, back, by=None, now=NOW)
    assert " ".join(labels(room)) == expected


def test_a_spot_that_stays_is_the_same_spot(room: Room) -> None:
    rooms.set_spots(room, 4, by=None, now=NOW)
    there = room.spots.get(label="2")
    rooms.block_spot(there, by=None, now=NOW)
    rooms.set_spots(room, 6, by=None, now=NOW)
    again = room.spots.get(label="2")
    assert (again.pk, again.is_blocked, room.spots.count()) == (there.pk, True, 6)


def test_spots_are_given_out_in_their_order_past_blocked_ones(room: Room) -> None:
    rooms.set_spots(room, 4, back_to_front=False, by=None, now=NOW)
    spots = {spot.label: spot for spot in room.spots.all()}
    rooms.order_spots(room, [spots["3"].pk, spots["1"].pk], by=None, now=NOW)
    assert labels(room) == ["3", "1", "2", "4"]
    rooms.block_spot(spots["1"], by=None, now=NOW)
    session = in_room(room)
    people = [booked(session, now=NOW + timedelta(minutes=n)) for n in range(4)]
    assert [one.spot.label if one.spot else None for one in people] == ["3", "2", "4", None]


def test_a_spot_that_somebody_has_in_a_class_to_come_does_not_go(room: Room) -> None:
    rooms.set_spots(room, 2, by=None, now=NOW)
    session = in_room(room)
    booked(session, now=NOW)
    assert question(rooms.set_spots, room, 1, by=None, now=NOW) is Question.SPOTS_IN_USE
    assert question(rooms.remove_room, room, by=None, now=NOW) is Question.ROOM_IN_USE
    assert labels(room) == ["2", "1"]
    rooms.remove_room(room, by=None, now=at("20:00"))
    session.refresh_from_db()
    assert session.room is None
    assert Reservation.objects.get().spot is None


def test_a_name_is_taken_once_at_a_location(room: Room) -> None:
    assert question(rooms.create_room, room.location, "loft", by=None, now=NOW) is Question.NAME_TAKEN
    other = rooms.create_room(room.location, "Zaal", by=None, now=NOW)
    assert question(rooms.rename_room, other, "Loft", by=None, now=NOW) is Question.NAME_TAKEN
    rooms.rename_room(room, "LOFT", by=None, now=NOW)
    rooms.create_room(LocationFactory(studio=room.location.studio), "Loft", by=None, now=NOW)
    assert list(Change.objects.filter(subject="room").order_by("id").values_list("kind", flat=True)) == [
        "created",
        "created",
        "renamed",
        "created",
    ]


def test_two_people_swap_their_spots(room: Room) -> None:
    rooms.set_spots(room, 3, back_to_front=False, by=None, now=NOW)
    session = in_room(room)
    ana, kim = booked(session, now=NOW), booked(session, now=NOW)
    action_id = uuid4()
    for _ in range(2):  # a retry changes nothing
        done, other = actions.swap_spots(ana, kim, action_id=action_id, by=None, now=NOW)
    assert (done.repeated, other.repeated) == (True, True)
    assert [fresh(one).spot.label for one in (ana, kim)] == ["2", "1"]
    assert kinds(ana) == kinds(kim) == ["reserved", "spot_changed"]
    event = ReservationEvent.objects.get(reservation=ana, kind="spot_changed")
    assert (event.before["spot"], event.after["spot"]) == ("1", "2")
    session.refresh_from_db()
    assert session.places_taken == 2
    # What happened to a spot stands in no one's way: the booking itself can still be taken back.
    actions.check_in(fresh(ana), action_id=uuid4(), by=None, now=NOW)
    actions.revert_check_in(fresh(ana), action_id=uuid4(), by=None, now=NOW)


def test_a_person_moves_to_a_free_spot_and_to_no_other(room: Room) -> None:
    rooms.set_spots(room, 3, back_to_front=False, by=None, now=NOW)
    one, two, three = room.spots.order_by("label")
    session = in_room(room)
    ana, kim = booked(session, now=NOW), booked(session, now=NOW)

    def move(spot: Spot) -> Question:
        return question(actions.move_to_spot, ana, spot, action_id=uuid4(), by=None, now=NOW)

    assert move(two) is Question.SPOT_TAKEN
    rooms.block_spot(three, by=None, now=NOW)
    assert move(three) is Question.SPOT_BLOCKED
    assert move(SpotFactory(room=RoomFactory(location=room.location))) is Question.OTHER_ROOM
    rooms.unblock_spot(three, by=None, now=NOW)
    actions.move_to_spot(ana, three, action_id=uuid4(), by=None, now=NOW)
    assert (fresh(ana).spot, fresh(kim).spot) == (three, two)
    actions.move_to_spot(kim, one, action_id=uuid4(), by=None, now=NOW)
    assert fresh(kim).spot == one


def test_people_of_two_classes_do_not_swap(room: Room) -> None:
    ana, kim = booked(in_room(room), now=NOW), booked(in_room(room, starts_at=at("20:00")), now=NOW)
    assert question(actions.swap_spots, ana, kim, action_id=uuid4(), by=None, now=NOW) is Question.OTHER_CLASS


def test_postgresql_lets_nobody_have_a_spot_of_another_room(room: Room) -> None:
    rooms.set_spots(room, 1, by=None, now=NOW)
    session = in_room(room)
    ana = booked(session, now=NOW)
    elsewhere = SpotFactory(room=RoomFactory(location=room.location))
    with pytest.raises(IntegrityError, match="another room"), transaction.atomic():
        Reservation.objects.filter(pk=ana.pk).update(spot=elsewhere)
    with pytest.raises(IntegrityError, match="another room"), transaction.atomic():
        type(session).objects.filter(pk=session.pk).update(room=elsewhere.room)
    with pytest.raises(IntegrityError, match="stays in its room"), transaction.atomic():
        Spot.objects.filter(pk=elsewhere.pk).update(room=room, fill_order=9, label="9")
    with transaction.atomic():
        Reservation.objects.filter(pk=ana.pk).update(spot=None)
        type(session).objects.filter(pk=session.pk).update(room=elsewhere.room)


def test_a_cancelled_class_in_a_room_does_not_hold_it(room: Room) -> None:
    session = in_room(room)
    schedule.cancel_sessions([session], by=None, now=NOW)
    rooms.remove_room(room, by=None, now=NOW)
    assert not Room.objects.filter(pk=room.pk).exists()
