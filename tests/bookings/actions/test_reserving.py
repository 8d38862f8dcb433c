"""What a booking copies, which spot it gets, and what it warns of."""

from datetime import timedelta
from uuid import uuid4

import pytest

from bookings import actions
from bookings.actions import ActionIdReused
from bookings.models import Reservation, ScheduledSession
from bookings.rules import Origin, Question
from portal.models import StaffLogin
from tests.bookings.actions.verbs import BEFORE, UNTOUCHED, booked_now, cancel_in_time, cancel_late, reinstated
from tests.bookings.scenes import at, booked, evening_class, everything, fresh
from tests.factories import LocationFactory, MemberFactory, RoomFactory, SpotFactory

pytestmark = pytest.mark.django_db


def test_reserving_copies_what_was_agreed(desk: StaffLogin, session: ScheduledSession) -> None:
    action_id, member = uuid4(), MemberFactory(studio=session.studio)
    done = actions.reserve(session, member, source="direct", action_id=action_id, by=desk, now=BEFORE)
    row = fresh(done.reservation)
    assert (row.member, row.session, row.studio, row.location) == (member, session, session.studio, session.location)
    assert (row.starts_at, row.ends_at, row.booked_at, row.source) == (
        session.starts_at,
        session.ends_at,
        BEFORE,
        "direct",
    )
    assert (row.deadline_at, row.deadline_from) == (session.starts_at - timedelta(hours=12), Origin.STUDIO)
    event = row.events.get()
    assert (event.kind, event.before, event.after, event.by, event.version) == ("reserved", {}, UNTOUCHED, desk, 1)
    session.refresh_from_db()
    assert session.places_taken == 1

    state = everything()
    again = actions.reserve(session, member, source="direct", action_id=action_id, by=desk, now=BEFORE)
    assert (again.repeated, again.reservation) == (True, row)
    stranger, other = MemberFactory(studio=session.studio), evening_class(item=session.item)
    with pytest.raises(ActionIdReused):
        actions.reserve(session, stranger, source="direct", action_id=action_id, by=desk, now=BEFORE)
    with pytest.raises(ActionIdReused):
        actions.reserve(other, member, source="direct", action_id=action_id, by=desk, now=BEFORE)
    assert everything()[:2] == state[:2]


def test_a_members_own_booking_is_recorded_as_theirs(session: ScheduledSession) -> None:
    event = booked(session).events.get()
    assert (event.by, event.by_word) == (None, "member")


@pytest.mark.parametrize(
    ("item", "location", "hours", "origin"),
    [(6, 8, 6, Origin.ITEM), (None, 8, 8, Origin.LOCATION), (None, None, 24, Origin.STUDIO), (0, 8, 0, Origin.ITEM)],
)
def test_the_deadline_is_copied_and_later_changes_never_touch_it(
    item: int | None, location: int | None, hours: int, origin: Origin
) -> None:
    place = LocationFactory(cancel_hours=location, studio__cancel_hours=24)
    session = evening_class(item__location=place, item__cancel_hours=item)
    reservation = booked(session)
    place.studio.__class__.objects.update(cancel_hours=1)
    place.__class__.objects.update(cancel_hours=1)
    session.item.__class__.objects.update(cancel_hours=1)
    row = fresh(reservation)
    assert (row.deadline_at, row.deadline_from) == (session.starts_at - timedelta(hours=hours), origin)


class TestSpots:
    """Q29: the first free one in the fill order, skipping blocked ones; without one, a place is still a place."""

    @pytest.fixture
    def session(self) -> ScheduledSession:
        room = RoomFactory()
        for label, order, is_blocked in (("F1", 3, False), ("B1", 0, True), ("B2", 1, False), ("M1", 2, False)):
            SpotFactory(room=room, label=label, fill_order=order, is_blocked=is_blocked)
        SpotFactory(label="elsewhere", fill_order=0)
        return evening_class(item__location=room.location, item__capacity=5, room=room)

    def spots(self, *reservations: Reservation) -> list[str | None]:
        rows = [Reservation.objects.select_related("spot").get(pk=r.pk) for r in reservations]
        return [row.spot.label if row.spot else None for row in rows]

    def test_are_given_in_fill_order_without_the_blocked(self, session: ScheduledSession) -> None:
        assert self.spots(*[booked(session) for _ in range(4)]) == ["B2", "M1", "F1", None]

    def test_a_spot_given_up_is_the_next_one_given(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first, second = booked(session), booked(session)
        cancel_in_time(first, uuid4(), desk)
        assert self.spots(second, booked(session), booked(session)) == ["M1", "B2", "F1"]

    def test_a_reinstated_member_gets_the_old_spot_back(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first, second = booked(session), booked(session)
        cancel_late(second, uuid4(), desk)
        reinstated(second, uuid4(), desk)
        assert self.spots(first, second) == ["B2", "M1"]

    def test_or_another_one_when_it_was_given_away(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first, second = booked(session), booked(session)
        cancel_in_time(first, uuid4(), desk)
        third = booked(session)
        reinstated(first, uuid4(), desk)
        assert self.spots(first, second, third) == ["F1", "M1", "B2"]

    def test_or_none_when_all_are_taken(self, session: ScheduledSession, desk: StaffLogin) -> None:
        first = booked(session)
        cancel_in_time(first, uuid4(), desk)
        others = [booked(session) for _ in range(3)]
        reinstated(first, uuid4(), desk)
        assert self.spots(first, *others) == [None, "B2", "M1", "F1"]


def test_without_a_room_there_is_no_spot(session: ScheduledSession) -> None:
    assert booked(session).spot is None


def test_elsewhere_at_that_time_is_a_warning_by_name(session: ScheduledSession, desk: StaffLogin) -> None:
    reservation = booked(session)
    touching = evening_class(item=session.item, starts_at=at("19:00"))
    overlapping = evening_class(item__name="Yin", item__location=session.location, starts_at=at("18:59"))
    assert booked_now(touching, reservation.member, desk).decision.warnings == ()
    [warning] = booked_now(overlapping, reservation.member, desk, now=at("12:30")).decision.warnings
    assert (warning.question, warning.fact) == (Question.ELSEWHERE, str(session.item))
