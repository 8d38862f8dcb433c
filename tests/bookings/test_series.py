"""Series: made, changed from one session on or as a whole; who is booked stays booked."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from bookings.actions import Refused, schedule
from bookings.models import Recurrence, Reservation, ScheduledSession
from bookings.plans import Plan, Scope, SeriesValues, SessionValues
from bookings.rules import Question
from portal.models import ClosingDays, Job
from tests.bookings.scenes import AMSTERDAM, booked, fresh
from tests.factories import CalendarItemFactory, LocationFactory, RoomFactory, SpotFactory, TeacherFactory

pytestmark = pytest.mark.django_db(transaction=True)

# A Monday, long after any day on which the tests run; nothing here reads the clock.
MONDAY = date(2026, 6, 1)
NOW = datetime(2026, 5, 31, 10, tzinfo=AMSTERDAM)
EVENING = time(18)


@pytest.fixture
def item() -> Any:
    return CalendarItemFactory(location=LocationFactory(country="NL"))


def series(item: Any, *, weekdays: set[int] = frozenset({0, 2}), weeks: int = 4, **other: Any) -> Plan:  # type: ignore[assignment]
    values = SeriesValues.of_item(
        item,
        weekdays=weekdays,
        local_start=EVENING,
        first_on=MONDAY,
        last_on=MONDAY + timedelta(weeks=weeks) - timedelta(days=1),
    )
    return schedule.create_series(item, replace(values, **other), by=None, now=NOW)


def sessions(item: Any) -> list[ScheduledSession]:
    return list(ScheduledSession.objects.filter(item=item).order_by("starts_at"))


def local(item: Any) -> list[str]:
    return [
        f"{one.starts_at.astimezone(item.location.tz):%m-%d %H:%M}" for one in sessions(item) if not one.cancelled_at
    ]


def edit(session: ScheduledSession, scope: Scope, *, now: datetime = NOW, **other: Any) -> Plan:
    session = ScheduledSession.objects.get(pk=session.pk)
    assert session.recurrence is not None
    return schedule.edit_session(
        session, replace(SeriesValues.of(session.recurrence), **other), scope, by=None, now=now
    )


def test_a_series_makes_its_sessions_at_once(item: Any) -> None:
    plan = series(item, weeks=2)
    assert local(item) == ["06-01 18:00", "06-03 18:00", "06-08 18:00", "06-10 18:00"]
    assert [one.occurs_on for one in sessions(item)] == [date(2026, 6, d) for d in (1, 3, 8, 10)]
    assert {one.version for one in sessions(item)} == {1}
    assert (len(plan.made), plan.skipped) == (4, [])


def test_every_other_week_is_counted_from_the_first(item: Any) -> None:
    series(item, weekdays={4, 0}, weeks=5, every_weeks=2, first_on=MONDAY + timedelta(days=2))
    assert local(item) == ["06-05 18:00", "06-15 18:00", "06-19 18:00", "06-29 18:00", "07-03 18:00"]


@pytest.mark.parametrize(
    ("wrong", "question"),
    [
        ({"last_on": None}, Question.NO_END),
        ({"last_on": MONDAY - timedelta(days=1)}, Question.ENDS_BEFORE_START),
        ({"last_on": date(2028, 6, 2)}, Question.TOO_LONG),
        ({"weekdays": frozenset()}, Question.NO_WEEKDAY),
        ({"weekdays": frozenset({5}), "last_on": MONDAY}, Question.NO_DATES),
        ({"first_on": date(2025, 6, 2), "last_on": date(2025, 7, 2)}, Question.NO_DATES),
    ],
)
def test_what_is_no_series_is_refused(item: Any, wrong: dict[str, Any], question: Question) -> None:
    with pytest.raises(Refused) as refused:
        series(item, **wrong)
    assert refused.value.decision.refusal.question is question
    assert not Recurrence.objects.exists()
    assert not sessions(item)


def test_a_series_may_last_two_years_to_the_day(item: Any) -> None:
    series(item, weekdays={0}, last_on=date(2028, 6, 1))
    assert len(sessions(item)) == 105


def test_days_off_are_skipped_and_said() -> None:
    item = CalendarItemFactory(location=LocationFactory(country="NL"), skips_holidays=True)
    ClosingDays.objects.create(
        studio=item.studio, first_on=date(2026, 12, 28), last_on=date(2026, 12, 30), reason="Inventory"
    )
    ClosingDays.objects.create(
        studio=item.studio,
        location=LocationFactory(studio=item.studio),
        first_on=date(2026, 12, 21),
        last_on=date(2026, 12, 21),
        reason="Elsewhere",
    )
    plan = series(item, weekdays={0, 4}, first_on=date(2026, 12, 21), last_on=date(2027, 1, 4))
    assert local(item) == ["12-21 18:00", "01-04 18:00"]
    assert [(one.day, one.reason) for one in plan.skipped] == [
        (date(2026, 12, 25), "Christmas Day"),
        (date(2026, 12, 28), "Inventory"),
        (date(2027, 1, 1), "New Year's Day"),
    ]


def test_a_holiday_is_kept_where_the_item_does_not_skip_it_or_the_country_is_unknown() -> None:
    for place in (LocationFactory(country="NL"), LocationFactory(country="XX")):
        item = CalendarItemFactory(location=place, skips_holidays=place.country == "XX")
        series(item, weekdays={4}, first_on=date(2026, 12, 25), last_on=date(2026, 12, 25))
        assert local(item) == ["12-25 18:00"]


def test_generating_again_makes_only_what_is_missing(item: Any) -> None:
    closing = ClosingDays.objects.create(
        studio=item.studio, first_on=date(2026, 6, 3), last_on=date(2026, 6, 3), reason="Inventory"
    )
    series(item, weeks=2)
    assert schedule.generate(item, now=NOW) == 0
    closing.delete()
    assert schedule.generate(item, now=NOW) == 1
    assert schedule.generate(item, now=NOW) == 0
    assert len(sessions(item)) == 4


def test_what_began_already_is_not_made(item: Any) -> None:
    series(item, weeks=1, first_on=MONDAY - timedelta(weeks=1))
    assert local(item) == ["06-01 18:00", "06-03 18:00"]


# One, this and following, all


def test_one_session_differs_and_the_series_leaves_it_alone(item: Any) -> None:
    series(item, weekdays={0}, weeks=3)
    second, teacher = sessions(item)[1], TeacherFactory(studio=item.studio)
    values = replace(SessionValues.of(second), local_start=time(20), capacity=4)
    schedule.edit_session(second, values, Scope.ONE, by=None, now=NOW)
    second.refresh_from_db()
    assert second.own == ["start", "capacity"]
    edit(second, Scope.ALL, local_start=time(19), capacity=9, teacher=teacher)
    assert local(item) == ["06-01 19:00", "06-08 20:00", "06-15 19:00"]
    assert [one.capacity for one in sessions(item)] == [9, 4, 9]
    assert {one.teacher for one in sessions(item)} == {teacher}


def test_what_is_set_back_is_no_longer_its_own(item: Any) -> None:
    series(item, weekdays={0}, weeks=1)
    (session,) = sessions(item)
    for start, own in ((time(20), ["start"]), (EVENING, [])):
        values = replace(SessionValues.of(session), local_start=start)
        schedule.edit_session(session, values, Scope.ONE, by=None, now=NOW)
        session = ScheduledSession.objects.get(pk=session.pk)
        assert session.own == own


def test_this_and_following_keep_their_people_and_the_earlier_ones_stay(item: Any) -> None:
    series(item, weeks=3)
    third = sessions(item)[2]
    reservation = booked(third, now=NOW)
    plan = edit(third, Scope.FOLLOWING, local_start=time(19, 30))
    assert local(item) == ["06-01 18:00", "06-03 18:00", "06-08 19:30", "06-10 19:30", "06-15 19:30", "06-17 19:30"]
    reservation = fresh(reservation)
    assert (reservation.session_id, reservation.booking) == (third.pk, "booked")
    assert reservation.starts_at == datetime(2026, 6, 8, 17, 30, tzinfo=UTC)
    old, new = Recurrence.objects.order_by("first_on")
    assert (old.last_on, new.first_on, new.last_on) == (date(2026, 6, 3), date(2026, 6, 8), date(2026, 6, 21))
    assert plan.affected.total == 1


def test_another_weekday_moves_each_session_within_its_week(item: Any) -> None:
    series(item, weeks=2)
    monday = sessions(item)[0]
    reservation = booked(sessions(item)[2], now=NOW)
    edit(monday, Scope.ALL, weekdays=frozenset({2, 5}))
    assert local(item) == ["06-03 18:00", "06-06 18:00", "06-10 18:00", "06-13 18:00"]
    assert fresh(reservation).starts_at.astimezone(AMSTERDAM).date() == date(2026, 6, 13)
    assert Recurrence.objects.get().first_on == date(2026, 6, 3)


def test_following_from_the_middle_of_a_week_leaves_its_beginning_alone(item: Any) -> None:
    series(item, weeks=2)
    wednesday = sessions(item)[1]
    edit(wednesday, Scope.FOLLOWING, weekdays=frozenset({0, 1}))
    # This week's Monday stays with the old series; from Wednesday's on, Wednesdays are Tuesdays.
    assert local(item) == ["06-01 18:00", "06-02 18:00", "06-08 18:00", "06-09 18:00"]
    old, new = Recurrence.objects.order_by("first_on")
    assert (old.sessions.count(), new.sessions.count()) == (1, 3)
    assert schedule.generate(item, now=NOW) == 0


def test_dates_that_fall_out_are_cancelled_if_booked_and_removed_if_not(item: Any) -> None:
    series(item, weeks=2)
    first = sessions(item)[0]
    reservation = booked(sessions(item)[1], now=NOW)
    plan = edit(first, Scope.ALL, weekdays=frozenset({0}))
    assert local(item) == ["06-01 18:00", "06-08 18:00"]
    gone = fresh(reservation).session
    assert (gone.cancelled_at, gone.recurrence) == (NOW, None)
    assert [(one.source, one.count) for one in plan.affected.sources] == [("direct", 1)]
    assert len(sessions(item)) == 3


def test_a_series_is_prolonged_and_shortened(item: Any) -> None:
    series(item, weekdays={0}, weeks=2)
    edit(sessions(item)[0], Scope.ALL, last_on=date(2026, 6, 22))
    assert local(item) == ["06-01 18:00", "06-08 18:00", "06-15 18:00", "06-22 18:00"]
    edit(sessions(item)[2], Scope.FOLLOWING, last_on=date(2026, 6, 14))
    assert local(item) == ["06-01 18:00", "06-08 18:00"]
    assert Recurrence.objects.get().last_on == date(2026, 6, 8)


def test_a_new_weekday_and_another_rhythm_make_and_drop(item: Any) -> None:
    series(item, weekdays={0}, weeks=4)
    edit(sessions(item)[1], Scope.FOLLOWING, weekdays=frozenset({0, 3}), every_weeks=2)
    assert local(item) == ["06-01 18:00", "06-08 18:00", "06-11 18:00", "06-22 18:00", "06-25 18:00"]


def test_the_past_never_changes(item: Any) -> None:
    series(item, weekdays={0}, weeks=3)
    later = datetime(2026, 6, 9, tzinfo=AMSTERDAM)
    edit(sessions(item)[2], Scope.ALL, now=later, local_start=time(7), weekdays=frozenset({1}))
    assert local(item) == ["06-01 18:00", "06-08 18:00", "06-16 07:00"]
    old, new = Recurrence.objects.order_by("first_on")
    assert (old.last_on, new.first_on) == (date(2026, 6, 8), date(2026, 6, 16))
    with pytest.raises(Refused) as refused:
        edit(sessions(item)[0], Scope.FOLLOWING, now=later, local_start=time(9)) if sessions(item)[
            0
        ].recurrence else None
    assert refused.value.decision.refusal.question is Question.HAS_BEGUN


def test_moving_into_the_past_is_refused(item: Any) -> None:
    series(item, weekdays={2}, weeks=2)
    wednesday = datetime(2026, 6, 3, 12, tzinfo=AMSTERDAM)
    before = local(item)
    for scope, values in ((Scope.ALL, {"weekdays": frozenset({0})}), (Scope.FOLLOWING, {"local_start": time(11)})):
        with pytest.raises(Refused) as refused:
            edit(sessions(item)[0], scope, now=wednesday, **values)
        assert refused.value.decision.refusal.question is Question.INTO_THE_PAST
    one = replace(SessionValues.of(sessions(item)[0]), local_start=time(11))
    with pytest.raises(Refused):
        schedule.edit_session(sessions(item)[0], one, Scope.ONE, by=None, now=wednesday)
    assert local(item) == before


def test_a_cancelled_session_stays_where_it_was_and_is_not_made_again(item: Any) -> None:
    series(item, weekdays={0}, weeks=2)
    schedule.cancel_sessions([sessions(item)[1]], by=None, now=NOW)
    edit(sessions(item)[0], Scope.ALL, weekdays=frozenset({1}))
    assert local(item) == ["06-02 18:00"]
    assert schedule.generate(item, now=NOW) == 0
    cancelled = ScheduledSession.objects.get(cancelled_at__isnull=False)
    assert cancelled.starts_at.astimezone(AMSTERDAM).date() == date(2026, 6, 8)


def test_a_removed_date_stays_out(item: Any) -> None:
    series(item, weekdays={0}, weeks=3)
    schedule.remove_session(sessions(item)[1], by=None, now=NOW)
    assert schedule.generate(item, now=NOW) == 0
    edit(sessions(item)[0], Scope.ALL, weekdays=frozenset({1}))
    assert local(item) == ["06-02 18:00", "06-16 18:00"]
    assert schedule.generate(item, now=NOW) == 0


def test_a_date_with_bookings_is_not_removed(item: Any) -> None:
    series(item, weekdays={0}, weeks=1)
    (session,) = sessions(item)
    booked(session, now=NOW)
    with pytest.raises(Refused) as refused:
        schedule.remove_session(session, by=None, now=NOW)
    assert refused.value.decision.refusal.question is Question.HAS_HISTORY


def test_a_series_in_another_room_gives_out_its_spots(item: Any) -> None:
    room = RoomFactory(location=item.location)
    front, back = SpotFactory(room=room, fill_order=2, label="1"), SpotFactory(room=room, fill_order=1, label="2")
    series(item, weekdays={0}, weeks=1)
    (session,) = sessions(item)
    people = [booked(session, now=NOW + timedelta(minutes=n)) for n in range(3)]
    edit(session, Scope.ALL, room=room)
    assert [fresh(one).spot for one in people] == [back, front, None]
    edit(ScheduledSession.objects.get(), Scope.ALL, room=None)
    assert not Reservation.objects.exclude(spot=None).exists()


def test_the_form_of_one_session_can_speak_for_the_series(item: Any) -> None:
    series(item, weeks=1)
    wednesday = sessions(item)[1]
    asked = replace(SessionValues.of(wednesday), day=date(2026, 6, 4), local_start=time(9))
    values = SeriesValues.as_moved(wednesday, asked)
    assert values is not None
    assert (values.weekdays, values.local_start) == (frozenset({0, 3}), time(9))
    assert SeriesValues.as_moved(wednesday, replace(asked, day=date(2026, 6, 8))) is None


def test_a_cancelled_date_that_falls_out_is_neither_told_nor_made_again(item: Any) -> None:
    series(item, weeks=2)
    first, wednesday, *_ = sessions(item)
    booked(wednesday, now=NOW)
    schedule.cancel_sessions([wednesday], by=None, now=NOW)
    told = Job.objects.count()
    plan = edit(first, Scope.ALL, weekdays=frozenset({0}))
    assert (Job.objects.count(), plan.affected.total) == (told, 0)
    assert schedule.generate(item, now=NOW) == 0
    assert local(item) == ["06-01 18:00", "06-08 18:00"]


def test_a_session_that_was_brought_forward_and_has_begun_stays_as_it_was(item: Any) -> None:
    series(item, weekdays={0}, weeks=4)
    last = sessions(item)[3]
    moved = replace(SessionValues.of(last), day=date(2026, 6, 2))
    schedule.edit_session(last, moved, Scope.ONE, by=None, now=NOW)
    edit(sessions(item)[2], Scope.ALL, now=datetime(2026, 6, 3, tzinfo=AMSTERDAM), weekdays=frozenset({1}))
    assert local(item) == ["06-01 18:00", "06-02 18:00", "06-09 18:00", "06-16 18:00"]
    assert schedule.generate(item, now=NOW) == 0


def test_an_edit_that_changes_nothing_leaves_the_series_as_it_is(item: Any) -> None:
    series(item, weeks=1)
    before = Recurrence.objects.get()
    plan = edit(sessions(item)[0], Scope.ALL)
    assert (plan.changed, plan.made, Recurrence.objects.get()) == ([], [], before)


def test_some_dates_can_be_left_out_from_the_beginning(item: Any) -> None:
    series(item, weekdays={0}, weeks=3, left_out=frozenset({date(2026, 6, 8)}))
    assert local(item) == ["06-01 18:00", "06-15 18:00"]
    assert schedule.generate(item, now=NOW) == 0
