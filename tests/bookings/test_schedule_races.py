"""The schedule is changed while people book, and by two at once: real threads on real PostgreSQL."""

from collections import Counter
from dataclasses import replace
from datetime import date, time, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F

from bookings import actions
from bookings.actions import Refused, rooms, schedule
from bookings.models import Recurrence, Reservation, ScheduledSession
from bookings.plans import Plan, Scope, SeriesValues, SessionValues
from bookings.rules import CancelAs, Question
from portal.models import Job
from tests.at_once import at_once
from tests.bookings.scenes import at, booked, evening_class
from tests.bookings.test_races import outcome, reserve
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, RoomFactory, TeacherFactory

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("12:00")
LATER = at("18:00", days=3)


def move(session: ScheduledSession, start: time, *, seen: int | None = None) -> Plan:
    values = replace(SessionValues.of(session), local_start=start)
    return schedule.edit_session(session, values, Scope.ONE, by=None, now=NOW, seen=seen)


def said(result: Any) -> str:
    return "done" if isinstance(result, Plan | list) else outcome(result)


def test_of_two_editors_who_saw_the_same_one_is_refused() -> None:
    for _ in range(5):
        session = evening_class(starts_at=LATER)
        session.refresh_from_db()
        results = at_once([partial(move, session, time(hour), seen=session.version) for hour in (7, 8, 9, 10)])
        assert Counter(map(said, results)) == {"done": 1, Question.EDITED_SINCE.value: 3}


def test_bookings_while_a_class_moves_land_where_it_is_then() -> None:
    for _ in range(4):
        session = evening_class(starts_at=LATER, capacity=8)
        members = MemberFactory.create_batch(12, studio=session.studio)
        calls = [partial(reserve, session, member, now=NOW) for member in members]
        results = at_once([*calls[:6], partial(move, session, time(7)), *calls[6:]], threads=13)
        assert Counter(map(said, results)) == {"done": 9, Question.FULL.value: 4}
        session.refresh_from_db()
        there = Reservation.objects.filter(session=session)
        assert there.filter(starts_at=session.starts_at, ends_at=session.ends_at).count() == session.places_taken == 8
        # Who booked the old time hears of it; who booked the new one has nothing to hear.
        told = set(Job.objects.filter(kind="bookings.mail_moved").values_list("payload__reservation", flat=True))
        waived = set(there.exclude(waived_until=None).values_list("pk", flat=True))
        assert told & set(there.values_list("pk", flat=True)) == waived
        assert {one.deadline_at for one in there.filter(waived_until=None)} <= {session.starts_at - timedelta(hours=12)}


def test_a_booking_and_a_cancelled_class_agree_on_who_is_told() -> None:
    for _ in range(4):
        session = evening_class(starts_at=LATER)
        members = MemberFactory.create_batch(9, studio=session.studio)
        calls = [partial(reserve, session, member, now=NOW) for member in members]
        cancel = partial(schedule.cancel_sessions, [session], by=None, now=NOW)
        results = at_once([*calls[:4], cancel, *calls[4:]], threads=10)
        counted = Counter(map(said, results))
        assert counted["done"] + counted[Question.SESSION_CANCELLED.value] == 10
        in_it = Reservation.objects.filter(session=session).values_list("pk", flat=True)
        told = Job.objects.filter(kind="bookings.mail_cancelled", payload__reservation__in=list(in_it))
        assert told.count() == len(in_it) == counted["done"] - 1


def test_a_series_that_is_edited_twice_at_once_is_one_series() -> None:
    item = CalendarItemFactory()
    values = SeriesValues.of_item(
        item, weekdays={0, 3}, local_start=time(18), first_on=date(2026, 6, 15), last_on=date(2026, 8, 2)
    )
    results = at_once([partial(schedule.create_series, item, values, by=None, now=NOW)])
    assert isinstance(results[0], Plan)
    first = item.sessions.earliest("starts_at")
    people = [booked(session, now=NOW) for session in item.sessions.all()[:6]]

    def edit(**other: Any) -> Plan:
        session = ScheduledSession.objects.get(pk=first.pk)
        assert session.recurrence is not None
        asked = replace(SeriesValues.of(session.recurrence), **other)
        return schedule.edit_session(session, asked, Scope.ALL, by=None, now=NOW)

    results = at_once(
        [
            partial(edit, local_start=time(9)),
            partial(edit, weekdays=frozenset({1, 4})),
            partial(schedule.generate, item, now=NOW),
        ]
    )
    assert not [one for one in results if isinstance(one, Exception) and not isinstance(one, Refused)]
    series = Recurrence.objects.get()
    assert item.sessions.count() == item.sessions.filter(recurrence=series).count() == 14
    assert {one.astimezone(item.location.tz).time() for one in item.sessions.values_list("starts_at", flat=True)} == {
        series.local_start
    }
    kept = Reservation.objects.filter(pk__in=[one.pk for one in people], booking="booked")
    assert kept.filter(starts_at=F("session__starts_at")).count() == 6


def test_a_week_copied_by_two_at_once_is_there_once() -> None:
    item = CalendarItemFactory()
    for day in range(5):
        evening_class(item=item, starts_at=at("18:00", days=day - 2))
    week = (item.studio, date(2026, 6, 8), date(2026, 6, 15), [item.location])
    results = at_once([partial(schedule.copy_week, *week, by=None, now=NOW) for _ in range(4)])
    assert sorted(len(one.made) for one in results) == [0, 0, 0, 5]
    assert item.sessions.count() == 10


def test_a_capacity_that_is_lowered_while_places_are_taken_and_given_up_stays_true() -> None:
    for _ in range(4):
        session = evening_class(starts_at=LATER, capacity=6)
        people = [booked(session, now=NOW) for _ in range(4)]
        members = MemberFactory.create_batch(6, studio=session.studio)

        def lower(session: ScheduledSession = session) -> Plan:
            return schedule.edit_session(
                session, replace(SessionValues.of(session), capacity=2), Scope.ONE, by=None, now=NOW
            )

        give_up = [
            partial(actions.cancel, one, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=NOW)
            for one in people[:3]
        ]
        results = at_once([lower, *give_up, *(partial(reserve, session, one, now=NOW) for one in members)], threads=10)
        assert {said(one) for one in results} <= {"done", Question.FULL.value}
        session.refresh_from_db()
        assert session.places_taken == session.reservations.active().count()
        assert session.places_taken <= max(2, session.places_kept)


def test_two_swaps_at_once_leave_everybody_with_one_spot() -> None:
    room = RoomFactory()
    rooms.set_spots(room, 4, by=None, now=NOW)
    session = evening_class(item=CalendarItemFactory(location=room.location, room=room), room=room, starts_at=LATER)
    people = [booked(session, now=NOW) for _ in range(4)]
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 0)]
    results = at_once(
        [partial(actions.swap_spots, people[a], people[b], action_id=uuid4(), by=None, now=NOW) for a, b in pairs]
    )
    assert not [one for one in results if isinstance(one, Exception)]
    assert session.reservations.values("spot").distinct().count() == 4


def test_of_two_appointments_of_one_teacher_at_one_time_one_is_made() -> None:
    teacher = TeacherFactory()
    place = LocationFactory(studio=teacher.studio)
    for day in range(4):
        items = CalendarItemFactory.create_batch(3, location=place, kind="appointment", capacity=1, teacher=teacher)
        calls = []
        for item in items:
            values = SessionValues.of_item(item, day=date(2026, 6, 12 + day), local_start=time(9))
            calls.append(partial(schedule.create_session, item, values, by=None, now=NOW))
        assert Counter(map(said, at_once(calls))) == {"done": 1, Question.TEACHER_TAKEN.value: 2}
