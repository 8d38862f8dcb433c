"""What PostgreSQL refuses when the code forgets: every promise of the models, broken on purpose past the actions."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from bookings import actions
from bookings.models import CalendarItem, Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance, Booking, CancelAs
from tests.bookings.scenes import at, booked, evening_class, fresh
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    RoomFactory,
    SpotFactory,
    StaffLoginFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db


class Refusal:
    """The block must be refused by this constraint, at its end at the latest."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint

    def __enter__(self) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        try:
            if error is None:
                connection.check_constraints()  # what a commit would do
        except IntegrityError as late:
            kind, error = type(late), late
        self.atomic.__exit__(kind or RuntimeError, error or RuntimeError("not refused"), trace)
        assert isinstance(error, IntegrityError), f"{self.constraint} did not refuse: {error}"
        assert error.__cause__.diag.constraint_name == self.constraint  # type: ignore[union-attr]
        return True


def raw(session: ScheduledSession, **fields: Any) -> None:
    """A reservation written past the actions; its place is counted unless told otherwise."""
    ReservationFactory(session=session, **fields)


class TestPlaces:
    def test_no_session_goes_above_its_capacity(self) -> None:
        session = evening_class(capacity=1)
        raw(session)
        with Refusal("session_within_capacity"):
            raw(session)

    def test_nor_does_a_capacity_sink_below_what_is_booked(self) -> None:
        session = evening_class(capacity=2)
        raw(session)
        raw(session)
        with Refusal("session_within_capacity"):
            ScheduledSession.objects.update(capacity=1)

    def test_a_reservation_without_its_place_counted(self) -> None:
        reservation = booked(evening_class(capacity=1))
        reservation.pk, reservation.member = None, MemberFactory(studio=reservation.studio)
        with Refusal("places_are_counted"):
            reservation.save(force_insert=True)

    def test_a_cancellation_without_its_place_given_back(self) -> None:
        booked(evening_class())
        with Refusal("places_are_counted"):
            Reservation.objects.update(booking=Booking.CANCELLED, cancelled_at=at("12:00"))

    def test_a_count_made_up(self) -> None:
        booked(evening_class())
        with Refusal("places_are_counted"):
            ScheduledSession.objects.update(places_taken=0)

    def test_a_reservation_deleted_without_its_place_given_back(self) -> None:
        ReservationFactory()
        with Refusal("places_are_counted"):
            Reservation.objects.all().delete()

    def test_a_reservation_that_changes_its_session_counts_in_both(self) -> None:
        reservation = ReservationFactory()
        other = evening_class(item=reservation.session.item, starts_at=reservation.starts_at)
        with Refusal("places_are_counted"):
            Reservation.objects.update(session=other)
        with transaction.atomic():
            Reservation.objects.update(session=other)
            ScheduledSession.objects.filter(pk=other.pk).update(places_taken=1)
            ScheduledSession.objects.exclude(pk=other.pk).update(places_taken=0)
            connection.check_constraints()

    def test_in_whatever_order_one_transaction_writes(self) -> None:
        session = evening_class()
        with transaction.atomic():
            ScheduledSession.objects.filter(pk=session.pk).update(places_taken=2)
            ReservationFactory.build_batch(0)
            for _ in range(2):
                Reservation.objects.create(
                    studio=session.studio,
                    session=session,
                    member=MemberFactory(studio=session.studio),
                    location=session.location,
                    starts_at=session.starts_at,
                    ends_at=session.ends_at,
                    source="import",
                    deadline_at=session.starts_at,
                    deadline_from="studio",
                )
            connection.check_constraints()


class TestOnce:
    def test_a_member_has_one_active_reservation_in_a_session(self) -> None:
        reservation = booked(evening_class())
        with Refusal("one_active_reservation_per_member_and_session"):
            raw(reservation.session, member=reservation.member)

    def test_but_any_number_of_cancelled_ones(self) -> None:
        session = evening_class()
        member = MemberFactory(studio=session.studio)
        for _ in range(3):
            reservation = booked(session, member)
            actions.cancel(reservation, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=at("12:00", days=-1))
        booked(session, member)

    def test_a_spot_is_given_once(self) -> None:
        spot = SpotFactory()
        session = evening_class(item__location=spot.room.location, room=spot.room)
        raw(session, spot=spot)
        with Refusal("one_reservation_per_spot"):
            raw(session, spot=spot)
        raw(session, spot=spot, booking=Booking.CANCELLED, cancelled_at=at("12:00"))
        raw(evening_class(item=session.item, room=spot.room), spot=spot)

    def test_an_action_is_recorded_once(self) -> None:
        event = booked(evening_class()).events.get()
        event.pk = None
        with Refusal("one_event_per_action"):
            event.save(force_insert=True)

    def test_a_change_is_undone_once(self) -> None:
        session = evening_class()
        reservation, desk = booked(session), StaffLoginFactory(studio=session.studio)
        actions.check_in(reservation, action_id=uuid4(), by=desk, now=at("18:01"))
        event = actions.revert_check_in(reservation, action_id=uuid4(), by=desk, now=at("18:02")).event
        event.pk, event.action_id = None, uuid4()
        with Refusal("bookings_reservationevent_undoes_id_key"):
            event.save(force_insert=True)


class TestAxes:
    @pytest.mark.parametrize(
        ("constraint", "fields"),
        [
            ("checked_in_has_its_time", {"attendance": Attendance.CHECKED_IN}),
            ("checked_in_has_its_time", {"checked_in_at": at("18:00")}),
            ("cancelled_has_its_time", {"booking": Booking.CANCELLED}),
            ("cancelled_has_its_time", {"booking": Booking.LATE_CANCELLED}),
            (
                "only_booked_is_attended",
                {"booking": Booking.CANCELLED, "cancelled_at": at("12:00"), "attendance": Attendance.NO_SHOW},
            ),
        ],
    )
    def test_contradict_each_other_never(self, constraint: str, fields: dict[str, Any]) -> None:
        booked(evening_class())
        with Refusal(constraint):
            Reservation.objects.update(**fields)

    def test_a_session_ends_after_it_starts(self) -> None:
        evening_class()
        with Refusal("session_ends_after_start"):
            ScheduledSession.objects.update(ends_at=F("starts_at"))


class TestHouses:
    """No row points into another studio."""

    @pytest.mark.parametrize(
        ("constraint", "field", "make"),
        [
            ("reservation_of_its_member", "member", MemberFactory),
            ("reservation_follows_its_session", "session", evening_class),
            ("reservation_follows_its_session", "location", LocationFactory),
        ],
    )
    def test_a_reservation(self, constraint: str, field: str, make: Any) -> None:
        booked(evening_class())
        stranger = make()
        with Refusal(constraint):
            Reservation.objects.update(**{field: stranger})
            if field == "session":  # counted right, or the count would refuse it first
                ScheduledSession.objects.update(places_taken=1 - F("places_taken"))

    @pytest.mark.parametrize(
        ("constraint", "field", "make"),
        [
            ("session_of_its_item", "item", CalendarItemFactory),
            ("session_in_its_studio", "location", LocationFactory),
            ("scheduledsession_in_a_room_there", "room", RoomFactory),
            ("scheduledsession_by_its_teacher", "teacher", TeacherFactory),
        ],
    )
    def test_a_session(self, constraint: str, field: str, make: Any) -> None:
        evening_class()
        stranger = make()
        with Refusal(constraint):
            ScheduledSession.objects.update(**{field: stranger})

    @pytest.mark.parametrize(
        ("constraint", "field", "make"),
        [
            ("item_in_its_studio", "location", LocationFactory),
            ("calendaritem_in_a_room_there", "room", RoomFactory),
            ("calendaritem_by_its_teacher", "teacher", TeacherFactory),
        ],
    )
    def test_a_calendar_item(self, constraint: str, field: str, make: Any) -> None:
        CalendarItemFactory()
        stranger = make()
        with Refusal(constraint):
            CalendarItem.objects.update(**{field: stranger})

    def test_rooms_and_teachers_can_go(self) -> None:
        session = evening_class()
        room, teacher = RoomFactory(location=session.location), TeacherFactory(studio=session.studio)
        ScheduledSession.objects.update(room=room, teacher=teacher)
        room.delete()
        teacher.delete()
        connection.check_constraints()
        session.refresh_from_db()
        assert (session.room, session.teacher) == (None, None)


def test_the_copies_follow_a_session_that_moves() -> None:
    session = evening_class()
    reservation = booked(session)
    noord = LocationFactory(studio=session.studio)
    ScheduledSession.objects.update(starts_at=at("20:00"), ends_at=at("21:30"), location=noord)
    connection.check_constraints()
    row = fresh(reservation)
    assert (row.starts_at, row.ends_at, row.location) == (at("20:00"), at("21:30"), noord)
    # What was agreed when it was booked stays (`design.md`, fact 6).
    assert row.deadline_at == session.starts_at - timedelta(hours=12)


def test_a_copy_cannot_leave_its_session() -> None:
    booked(evening_class())
    with Refusal("reservation_follows_its_session"):
        Reservation.objects.update(starts_at=at("17:00"))


class TestEvents:
    """Appended, never changed (`design.md`, fact 3)."""

    REFUSAL = "reservation events are appended, never changed"

    @pytest.fixture
    def event(self) -> ReservationEvent:
        session = evening_class()
        desk = StaffLoginFactory(studio=session.studio)
        return booked(session, by=desk).events.get()

    @pytest.mark.parametrize(
        "change",
        [
            {"kind": "checked_in"},
            {"occurred_at": at("12:00")},
            {"recorded_at": at("12:00")},
            {"by_word": "someone"},
            {"before": {"booking": "cancelled"}},
            {"after": {}},
            {"version": 99},
            {"action_id": uuid4()},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_no_column_changes(self, event: ReservationEvent, change: dict[str, Any]) -> None:
        with pytest.raises(IntegrityError, match=self.REFUSAL), transaction.atomic():
            ReservationEvent.objects.update(**change)

    def test_nobody_else_did_it(self, event: ReservationEvent) -> None:
        with pytest.raises(IntegrityError, match=self.REFUSAL), transaction.atomic():
            ReservationEvent.objects.update(by=StaffLoginFactory(studio=event.studio))

    def test_none_is_deleted_with_its_reservation_neither(self, event: ReservationEvent) -> None:
        with pytest.raises(IntegrityError, match=self.REFUSAL), transaction.atomic():
            event.delete()
        with pytest.raises(IntegrityError, match=self.REFUSAL), transaction.atomic():
            event.reservation.delete()

    def test_a_login_that_goes_leaves_its_events(self, event: ReservationEvent) -> None:
        assert event.by is not None
        StaffLoginFactory(studio=event.studio)  # the last owner of a studio stays
        event.by.delete()
        event.refresh_from_db()
        assert (event.by, event.kind) == (None, "reserved")

    def test_an_undone_import_takes_away_what_it_brought_and_nothing_else(self) -> None:
        untouched, visited = ReservationFactory(session=evening_class()), ReservationFactory(session=evening_class())
        for reservation in (untouched, visited):
            ReservationEvent.objects.create(
                studio=reservation.studio,
                reservation=reservation,
                kind="imported",
                action_id=uuid4(),
                occurred_at=at("12:00"),
                by_word="import",
                version=1,
            )
        desk = StaffLoginFactory(studio=visited.studio)
        actions.check_in(visited, action_id=uuid4(), by=desk, now=at("18:00"))
        with transaction.atomic():
            untouched.delete()
            ScheduledSession.objects.filter(pk=untouched.session_id).update(places_taken=0)
        with pytest.raises(IntegrityError, match=self.REFUSAL), transaction.atomic():
            visited.delete()
        assert list(Reservation.objects.all()) == [visited]
