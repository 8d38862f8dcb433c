"""A changed or cancelled class: who hears of it, what it costs nobody, and what items and weeks become (Q27)."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from hypothesis import given
from hypothesis import strategies as st

from bookings import actions, tasks  # noqa: F401 (a worker imports the handlers)
from bookings.actions import Refused, schedule
from bookings.models import CalendarItem, Recurrence, Reservation, ScheduledSession, WaitingEntry
from bookings.plans import Plan, Scope, SeriesValues, SessionValues
from bookings.rules import Attendance, Booking, CancelAs, CancelFacts, Question, State, ways_to_cancel
from bookings.selectors.affected import affected, over_capacity
from bookings.signals import session_changed
from portal.jobs.worker import drain
from portal.models import Change, ClosingDays, Job
from tests.bookings.scenes import at, booked, evening_class, fresh, pulse
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    RoomFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("12:00")


def edit(session: ScheduledSession, *, now: datetime = NOW, seen: int | None = None, **other: Any) -> Plan:
    session = ScheduledSession.objects.get(pk=session.pk)
    return schedule.edit_session(
        session, replace(SessionValues.of(session), **other), Scope.ONE, by=None, now=now, seen=seen
    )


def question(call: Any, *args: Any, **kwargs: Any) -> Question:
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.decision.refusal.question


# Who is affected, and what it costs them


def test_who_is_affected_is_told_by_source_first() -> None:
    session = evening_class()
    for source in ("wellpass", "direct", "wellpass"):
        ReservationFactory(session=session, source=source)
    ReservationFactory(session=session, booking="cancelled", cancelled_at=NOW)
    found = affected([session])
    assert [(one.source, one.count) for one in found.sources] == [("wellpass", 2), ("direct", 1)]
    assert found.total == 3


@pytest.mark.parametrize("what", ["local_start", "teacher", "location"])
def test_a_changed_class_can_be_given_up_for_free_for_a_day(what: str) -> None:
    session = evening_class()
    reservation = booked(session)
    changes = {
        "local_start": time(17),
        "teacher": TeacherFactory(studio=session.studio),
        "location": LocationFactory(studio=session.studio),
    }
    # Past the deadline of twelve hours before.
    plan = edit(session, **{what: changes[what]})
    assert plan.affected.total == 1
    waived = fresh(reservation)
    assert waived.waived_until == NOW + timedelta(hours=24)
    assert waived.is_waived
    assert "changed" in waived.free_until_because
    done = actions.cancel(waived, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=at("16:00"))
    assert done.reservation.booking == "cancelled"


def test_another_room_of_the_house_is_no_change_for_people() -> None:
    session = evening_class()
    reservation = booked(session)
    plan = edit(session, room=RoomFactory(location=session.location), capacity=20)
    assert (plan.affected.total, fresh(reservation).waived_until, Job.objects.count()) == (0, None, 0)


def test_the_deadline_moves_along_only_where_that_is_later() -> None:
    session = evening_class(starts_at=at("18:00", days=3))
    reservation = booked(session, now=NOW)
    edit(session, day=session.starts_at.date() + timedelta(days=1))
    assert fresh(reservation).deadline_at == reservation.deadline_at + timedelta(days=1)
    edit(session, day=session.starts_at.date() - timedelta(days=1))
    assert fresh(reservation).deadline_at == reservation.deadline_at + timedelta(days=1)


def test_people_go_with_the_session_to_another_time_and_place() -> None:
    session = evening_class()
    reservation = booked(session)
    there = LocationFactory(studio=session.studio, zone="Europe/Lisbon")
    edit(session, location=there, local_start=time(18))
    moved = fresh(reservation)
    assert (moved.location_id, moved.starts_at) == (there.pk, datetime(2026, 6, 10, 17, tzinfo=UTC))
    session.refresh_from_db()
    assert session.own == ["location"]


def test_a_change_is_logged_and_tabs_and_others_learn_of_it() -> None:
    session, heard = evening_class(), []

    def hear(**news: Any) -> None:
        heard.append((news["kind"], news["session_ids"]))

    session_changed.connect(hear)
    try:
        edit(session, local_start=time(19))
        schedule.cancel_sessions([session], reason="ill", by=None, now=NOW)
        schedule.restore_session(session, by=None, now=NOW)
    finally:
        session_changed.disconnect(hear)
    assert heard == [(kind, [session.pk]) for kind in ("changed", "cancelled", "restored")]
    session.refresh_from_db()
    assert session.version == pulse(session) == 3
    assert list(Change.objects.order_by("id").values_list("kind", flat=True)) == ["edited", "cancelled", "restored"]
    first = Change.objects.order_by("id").first()
    assert first is not None
    assert first.before["starts_at"] != first.after["starts_at"]


@given(
    deadline=st.integers(-100, 100), waived=st.none() | st.integers(-100, 100), hours=st.integers(-100, 100),
    by_staff=st.booleans(),
)  # fmt: skip
def test_a_waiver_only_ever_helps(deadline: int, waived: int | None, hours: int, by_staff: bool) -> None:
    start = at("18:00")
    facts = CancelFacts(
        booking=Booking.BOOKED,
        attendance=Attendance.UNKNOWN,
        starts_at=start,
        deadline_at=start + timedelta(hours=deadline),
        correction_until=start + timedelta(hours=72),
        checked_in_at=None,
        by_staff=by_staff,
        waived_until=None if waived is None else start + timedelta(hours=waived),
    )
    now = start + timedelta(hours=hours)
    in_time = hours < 0 and (hours <= deadline or (waived is not None and hours <= waived))
    assert (ways_to_cancel(facts, now=now) == (CancelAs.IN_TIME,)) == in_time


# Mails


def send_mails() -> list[Any]:
    """Let the worker do what is due; what went out, and forget it."""
    drain("test")
    sent, mail.outbox[:] = list(mail.outbox), []
    return sent


@pytest.fixture
def soon(settings: Any) -> ScheduledSession:
    """A class far in the future: the worker reads the clock."""
    start = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=40)
    return SessionFactory(starts_at=start, item__name="Vinyasa", teacher=None)


def test_each_booked_member_with_an_address_gets_one_mail(soon: ScheduledSession) -> None:
    ana = booked(soon, now=NOW)
    booked(soon, MemberFactory(studio=soon.studio, email=""), now=NOW)
    edit(soon, location=LocationFactory(studio=soon.studio, name="Noord"), now=NOW)
    assert all(not set(job.payload) & {"email", "name"} for job in Job.objects.all())
    (sent,) = send_mails()
    assert sent.to == [ana.member.email]
    assert sent.subject.startswith("Changed: Vinyasa, now ")
    assert "Place: Noord (before: Place" in sent.body
    assert send_mails() == []


def test_a_class_that_moves_twice_is_mailed_once_with_the_final_facts(soon: ScheduledSession) -> None:
    booked(soon, now=NOW)
    before = SessionValues.of(soon)
    edit(soon, local_start=time(7))
    edit(soon, local_start=time(9, 30))
    assert Job.objects.count() == 1
    (sent,) = send_mails()
    assert "09:30" in sent.subject
    assert "07:00" not in sent.body
    assert "before: " in sent.body
    assert f"{before.local_start:%H:%M}" in sent.body
    # Told is told: the next change is a mail of its own.
    edit(soon, local_start=time(8))
    (again,) = send_mails()
    assert "08:00" in again.subject
    assert "09:30" in again.body


def test_a_class_that_moved_back_before_the_mail_went_is_not_mailed(soon: ScheduledSession) -> None:
    booked(soon, now=NOW)
    start = SessionValues.of(soon).local_start
    edit(soon, local_start=time(7))
    edit(soon, local_start=start)
    assert send_mails() == []


def test_who_gave_the_place_up_meanwhile_is_not_mailed(soon: ScheduledSession) -> None:
    ana = booked(soon, now=NOW)
    edit(soon, local_start=time(7))
    actions.cancel(fresh(ana), outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=NOW)
    assert send_mails() == []


def test_a_cancelled_class_is_mailed_with_its_reason_and_taken_back_with_another_mail(soon: ScheduledSession) -> None:
    booked(soon, now=NOW)
    schedule.cancel_sessions([soon], reason="The teacher is ill", by=None, now=NOW)
    (off,) = send_mails()
    assert off.subject.startswith("Cancelled: Vinyasa")
    assert "The reason: The teacher is ill" in off.body
    schedule.restore_session(soon, by=None, now=NOW)
    (on,) = send_mails()
    assert on.subject.startswith("Takes place after all: Vinyasa")


def test_a_cancellation_taken_back_before_the_mail_went_is_not_mailed(soon: ScheduledSession) -> None:
    booked(soon, now=NOW)
    schedule.cancel_sessions([soon], by=None, now=NOW)
    schedule.restore_session(soon, by=None, now=NOW)
    assert send_mails() == []


# Cancelled


def test_a_cancelled_class_makes_nobody_a_no_show_and_holds_nobody_on_its_list() -> None:
    session = evening_class(capacity=1)
    reservation = booked(session)
    waiting = actions.join_waiting(
        session, MemberFactory(studio=session.studio), source="direct", action_id=uuid4(), by=None, now=at("09:00")
    ).entry
    schedule.cancel_sessions([session], by=None, now=NOW)
    assert fresh(reservation).state(at("23:00")) is State.SESSION_CANCELLED
    assert actions.sweep_no_shows(now=at("23:00")) == 0
    waiting.refresh_from_db()
    assert waiting.state == WaitingEntry.State.LAPSED
    assert question(schedule.cancel_sessions, [session], by=None, now=NOW) is Question.CALLED_OFF
    assert question(edit, session, capacity=3) is Question.CALLED_OFF


def test_a_cancellation_is_taken_back_until_the_start() -> None:
    session = evening_class()
    assert question(schedule.restore_session, session, by=None, now=NOW) is Question.NOT_CALLED_OFF
    schedule.cancel_sessions([session], by=None, now=NOW)
    assert question(schedule.restore_session, session, by=None, now=at("18:00")) is Question.HAS_BEGUN
    schedule.restore_session(session, by=None, now=at("17:59"))
    session.refresh_from_db()
    assert (session.cancelled_at, session.cancelled_reason) == (None, "")


def test_of_several_classes_all_are_cancelled_or_none() -> None:
    first, over = evening_class(), evening_class(starts_at=at("06:00"))
    assert question(schedule.cancel_sessions, [first, over], by=None, now=NOW) is Question.OVER
    first.refresh_from_db()
    assert first.cancelled_at is None


# Capacity


def test_a_capacity_below_what_is_booked_keeps_everybody_and_lets_nobody_in() -> None:
    session = evening_class(capacity=3)
    people = [booked(session, now=at("08:00") + timedelta(minutes=n)) for n in range(3)]
    session.refresh_from_db()
    plan = schedule.plan_edit(session, replace(SessionValues.of(session), capacity=1), Scope.ONE, now=NOW)
    assert [(over.session, over.people) for over in plan.over] == [(session, people[:0:-1])]
    edit(session, capacity=1)
    session.refresh_from_db()
    assert (session.over, over_capacity(session)) == (2, people[:0:-1])
    newcomer = MemberFactory(studio=session.studio)
    reserve = {"source": "desk", "by": StaffLoginFactory(studio=session.studio), "now": NOW}
    assert question(actions.reserve, session, newcomer, action_id=uuid4(), **reserve) is Question.FULL
    for one in people[:2]:
        actions.cancel(one, outcome=CancelAs.EXCUSED, action_id=uuid4(), by=reserve["by"], now=NOW)
        assert question(actions.reserve, session, newcomer, action_id=uuid4(), **reserve) is Question.FULL
    session.refresh_from_db()
    assert (session.over, session.places_taken, session.places_kept) == (0, 1, 1)


def test_a_raised_capacity_is_offered_to_who_waits() -> None:
    session = evening_class(capacity=1, starts_at=at("18:00", days=1))
    booked(session, now=NOW)
    entry = actions.join_waiting(
        session, MemberFactory(studio=session.studio), source="direct", action_id=uuid4(), by=None, now=NOW
    ).entry
    edit(session, capacity=2)
    entry.refresh_from_db()
    assert entry.state == WaitingEntry.State.OFFERED


# Two editors, and appointments


def test_who_looked_at_an_older_state_is_refused() -> None:
    session = evening_class()
    edit(session, capacity=9, seen=0)
    assert question(edit, session, capacity=7, seen=0) is Question.EDITED_SINCE
    session.refresh_from_db()
    edit(session, capacity=7, seen=session.version)


def test_a_class_is_not_put_over_an_appointment_of_its_teacher_or_room() -> None:
    teacher = TeacherFactory()
    place = LocationFactory(studio=teacher.studio)
    appointment = CalendarItemFactory(location=place, kind="appointment", capacity=1, teacher=teacher)
    day = date(2026, 6, 12)
    values = SessionValues.of_item(appointment, day=day, local_start=time(18))
    schedule.create_session(appointment, values, by=None, now=NOW)
    assert appointment.sessions.get().is_exclusive
    session = evening_class(item=CalendarItemFactory(location=place, teacher=teacher))
    assert question(edit, session, day=day, local_start=time(17, 30)) is Question.TEACHER_TAKEN
    edit(session, day=day, local_start=time(17))
    # Class over class is a warning: two halves of one room.
    other = evening_class(item=CalendarItemFactory(location=place, teacher=teacher), starts_at=at("10:00", days=5))
    plan = edit(other, day=day, local_start=time(17))
    assert [step.question for step in plan.decision.warnings] == [Question.TEACHER_TAKEN]


def test_postgresql_keeps_two_appointments_of_one_teacher_apart_whatever_was_planned() -> None:
    teacher = TeacherFactory()
    item = CalendarItemFactory(
        location=LocationFactory(studio=teacher.studio), kind="appointment", capacity=1, teacher=teacher
    )
    values = SessionValues.of_item(item, day=date(2026, 6, 12), local_start=time(18))
    schedule.create_session(item, values, by=None, now=NOW)
    session = item.sessions.get()
    schedule.cancel_sessions([session], by=None, now=NOW)
    schedule.create_session(item, values, by=None, now=NOW)
    assert question(schedule.restore_session, session, by=None, now=NOW) is Question.TEACHER_TAKEN


# Items


def item_with_sessions(**fields: Any) -> CalendarItem:
    item = CalendarItemFactory(**fields)
    values = SeriesValues.of_item(
        item, weekdays={3}, local_start=time(18), first_on=date(2026, 6, 11), last_on=date(2026, 6, 25)
    )
    schedule.create_series(item, values, by=None, now=NOW)
    return item


def test_an_items_teacher_and_length_reach_its_sessions_but_not_those_that_have_their_own() -> None:
    item = item_with_sessions()
    mine, yours = TeacherFactory(studio=item.studio), TeacherFactory(studio=item.studio)
    _, second, third = item.sessions.order_by("starts_at")
    edit(second, teacher=mine)
    booked(third, now=NOW)
    plan = schedule.edit_item(item, {"teacher": yours, "duration_minutes": 75, "name": "Slow"}, by=None, now=NOW)
    assert [one.teacher for one in item.sessions.order_by("starts_at")] == [yours, mine, yours]
    assert {one.ends_at - one.starts_at for one in item.sessions.all()} == {timedelta(minutes=75)}
    assert (plan.affected.total, len(plan.moved)) == (1, 3)
    item.refresh_from_db()
    assert item.name == "Slow"


def test_an_item_at_another_location_takes_its_sessions_along_by_the_wall_clock() -> None:
    item = item_with_sessions()
    room = RoomFactory(location=item.location)
    first = item.sessions.earliest("starts_at")
    edit(first, room=room)
    there = LocationFactory(studio=item.studio, zone="Europe/Lisbon")
    schedule.edit_item(item, {"location": there, "room": None}, by=None, now=NOW)
    assert {one.location for one in item.sessions.all()} == {there}
    assert {one.starts_at.astimezone(there.tz).time() for one in item.sessions.all()} == {time(18)}
    first.refresh_from_db()
    assert (first.room, first.own) == (None, [])
    assert question(schedule.edit_item, item, {"room": room}, by=None, now=NOW) is Question.ROOM_ELSEWHERE


def test_an_item_edited_meanwhile_is_refused_to_the_second_editor() -> None:
    item = CalendarItemFactory(capacity=10)
    schedule.edit_item(item, {"capacity": 12}, by=None, now=NOW, seen={"capacity": 10})
    again = question(schedule.edit_item, item, {"capacity": 8}, by=None, now=NOW, seen={"capacity": 10})
    assert again is Question.EDITED_SINCE


def test_a_class_does_not_become_an_appointment_once_it_is_scheduled() -> None:
    item = item_with_sessions()
    assert question(schedule.edit_item, item, {"kind": "appointment"}, by=None, now=NOW) is Question.KIND_IN_USE
    schedule.edit_item(item, {"kind": "workshop"}, by=None, now=NOW)


def test_an_item_without_bookings_is_deleted_with_its_dates() -> None:
    item = item_with_sessions()
    assert schedule.may_remove(item, now=NOW).allowed
    assert schedule.remove_item(item, by=None, now=NOW) is schedule.Removed.DELETED
    assert (CalendarItem.objects.count(), ScheduledSession.objects.count(), Recurrence.objects.count()) == (0, 0, 0)


def test_an_item_with_history_is_archived_once_nobody_is_booked_any_more() -> None:
    item = item_with_sessions()
    first = item.sessions.earliest("starts_at")
    reservation = booked(first, now=NOW)
    assert question(schedule.remove_item, item, by=None, now=NOW) is Question.BOOKED_TO_COME
    schedule.cancel_sessions([first], by=None, now=NOW)
    assert schedule.remove_item(item, by=None, now=NOW) is schedule.Removed.ARCHIVED
    item.refresh_from_db()
    assert item.archived_at == NOW
    assert list(item.sessions.all()) == [first]
    assert Reservation.objects.get() == reservation
    values = SessionValues.of_item(item, day=date(2026, 7, 1), local_start=time(9))
    assert question(schedule.create_session, item, values, by=None, now=NOW) is Question.ARCHIVED
    schedule.restore_item(item, by=None, now=NOW)
    item.refresh_from_db()
    schedule.create_session(item, values, by=None, now=NOW)


# A week


def test_a_week_is_copied_by_the_wall_clock_without_days_off_and_without_doubles() -> None:
    place = LocationFactory(country="NL")
    item = CalendarItemFactory(location=place, teacher=TeacherFactory(studio=place.studio))
    monday = date(2026, 10, 19)
    for day, hour in ((0, 18), (1, 7), (6, 9)):
        values = SessionValues.of_item(item, day=monday + timedelta(days=day), local_start=time(hour))
        schedule.create_session(item, replace(values, capacity=5), by=None, now=NOW)
    schedule.cancel_sessions([item.sessions.latest("starts_at")], by=None, now=NOW)
    ClosingDays.objects.create(
        studio=place.studio, location=place, first_on=date(2026, 10, 27), last_on=date(2026, 10, 27), reason="Works"
    )
    week = (place.studio, monday + timedelta(days=3), monday + timedelta(days=7), [place])
    plan = schedule.copy_week(*week, by=None, now=NOW)
    assert [(one.day, one.reason) for one in plan.skipped] == [(date(2026, 10, 27), "Works")]
    copy = item.sessions.get(starts_at__gt=datetime(2026, 10, 26, tzinfo=UTC))
    # The clocks went back in between.
    assert copy.starts_at == datetime(2026, 10, 26, 17, tzinfo=UTC)
    assert (copy.capacity, copy.own, copy.recurrence, copy.teacher) == (5, ["capacity"], None, item.teacher)
    again = schedule.copy_week(*week, by=None, now=NOW)
    assert (again.made, [one.reason for one in again.skipped]) == ([], ["there already", "Works"])
    assert question(schedule.copy_week, place.studio, monday, monday, [place], by=None, now=NOW) is Question.SAME_WEEK


def test_a_week_is_copied_into_the_current_one_as_far_as_it_is_to_come() -> None:
    place = LocationFactory()
    item = CalendarItemFactory(location=place)
    for hour in (9, 18):
        SessionFactory(item=item, starts_at=at(f"{hour:02}:00", days=-7))
    plan = schedule.copy_week(place.studio, date(2026, 6, 3), date(2026, 6, 8), [place], by=None, now=NOW)
    assert [one.starts_at for one in plan.made] == [at("18:00")]
    assert [one.reason for one in plan.skipped] == ["in the past"]
