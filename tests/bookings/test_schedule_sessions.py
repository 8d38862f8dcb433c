"""One session, this and the following, all: who is affected is told first, then it is done (Q27)."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.actions import schedule
from bookings.models import CalendarItem, Reservation, ScheduledSession
from bookings.plans import SeriesValues
from bookings.rules import State
from portal.models import Job, Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, confirm, errors, local, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", country="NL")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


@pytest.fixture
def item(place: Location) -> CalendarItem:
    return CalendarItemFactory(location=place, name="Flow", capacity=10)


@pytest.fixture
def series(item: CalendarItem, manager: StaffLogin) -> list[ScheduledSession]:
    """Four Mondays at 18:00 from 30 November on."""
    values = SeriesValues.of_item(
        item,
        weekdays=[0],
        local_start=local("2026-11-30T18:00").time(),
        first_on=local("2026-11-30T00:00").date(),
        last_on=local("2026-12-21T00:00").date(),
    )
    schedule.create_series(item, values, by=manager, now=NOW)
    return list(item.sessions.order_by("starts_at"))


def fields(session: ScheduledSession, **changed: Any) -> dict[str, Any]:
    there = session.starts_at.astimezone(session.location.tz)
    return {
        "day": f"{there:%Y-%m-%d}", "local_start": f"{there:%H:%M}", "duration_minutes": "60",
        "location": str(session.location_id), "room": "", "teacher": "", "capacity": str(session.capacity or ""),
        "seen": str(session.version), **changed,
    }  # fmt: skip


def path(session: ScheduledSession, then: str = "") -> str:
    return f"schedule/sessions/{session.pk}/{then}"


def starts(item: CalendarItem) -> list[str]:
    sessions = item.sessions.order_by("starts_at").select_related("location")
    return [f"{one.starts_at.astimezone(one.location.tz):%m-%d %H:%M}" for one in sessions]


def test_moving_a_booked_session_says_who_is_affected_by_source_and_then_does_it(
    manager: StaffLogin, item: CalendarItem
) -> None:
    session = SessionFactory(item=item, starts_at=local("2026-11-30T18:00"))
    for source, name in (("wellpass", "Ada"), ("direct", "Kim"), ("direct", "Lou")):
        member = MemberFactory(studio=item.studio, first_name=name, last_name="Visser")
        ReservationFactory(session=session, source=source, member=member)
    look = ask(manager, path(session), fields(session, local_start="19:00"))
    told = words(look)
    assert "3 bookings are affected" in told
    assert told.index("2 Direct") < told.index("1 Wellpass") < told.index("Kim Visser") < told.index("Ada Visser")
    assert "free of charge for 24 hours" in told
    session.refresh_from_db()
    assert session.starts_at == local("2026-11-30T18:00")

    confirm(manager, path(session), fields(session, local_start="19:00"))
    session.refresh_from_db()
    assert session.starts_at == local("2026-11-30T19:00")
    waived = set(session.reservations.values_list("waived_until", flat=True))
    assert waived == {NOW + timedelta(hours=24)}
    assert Job.objects.filter(studio=item.studio, kind__contains="moved").exists()


def test_an_empty_session_is_changed_at_once(manager: StaffLogin, item: CalendarItem) -> None:
    session = SessionFactory(item=item, starts_at=local("2026-11-30T18:00"))
    teacher = TeacherFactory(studio=item.studio)
    answer = ask(manager, path(session), fields(session, teacher=str(teacher.pk)), status=302)
    assert answer.headers["Location"] == f"/linden/schedule/?week=2026-W49#session-{session.pk}"
    session.refresh_from_db()
    assert session.teacher == teacher


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("one", ["11-30 18:00", "12-07 19:30", "12-14 18:00", "12-21 18:00"]),
        ("following", ["11-30 18:00", "12-07 19:30", "12-14 19:30", "12-21 19:30"]),
        ("all", ["11-30 19:30", "12-07 19:30", "12-14 19:30", "12-21 19:30"]),
    ],
)
def test_a_change_reaches_as_far_as_its_scope(
    manager: StaffLogin, item: CalendarItem, series: list[ScheduledSession], scope: str, expected: list[str]
) -> None:
    session = series[1]
    data = fields(session, local_start="19:30", scope=scope)
    if scope == "one":
        ask(manager, path(session), data, status=302)
    else:
        confirm(manager, path(session), data)
    assert starts(item) == expected


def test_a_series_is_changed_on_its_own_page(
    manager: StaffLogin, item: CalendarItem, series: list[ScheduledSession]
) -> None:
    session = series[1]
    assert "Mon 18:00" in words(ask(manager, f"schedule/items/{item.pk}/"))
    data = fields(session, weekdays=["1"], every_weeks="1", last_on="2026-12-15")
    confirm(manager, path(session, "series/"), data)
    assert starts(item) == ["11-30 18:00", "12-08 18:00", "12-15 18:00"]


def test_moving_into_the_past_is_refused_with_words(manager: StaffLogin, item: CalendarItem) -> None:
    session = SessionFactory(item=item, starts_at=local("2026-11-30T18:00"))
    answer = ask(manager, path(session), fields(session, day="2026-11-24"), status=422)
    assert answer.context["look"].refused
    session.refresh_from_db()
    assert session.starts_at == local("2026-11-30T18:00")


def test_a_second_editor_does_not_overwrite_the_first(manager: StaffLogin, item: CalendarItem) -> None:
    session = SessionFactory(item=item, starts_at=local("2026-11-30T18:00"))
    old = fields(session, capacity="4")
    ask(manager, path(session), fields(session, capacity="7"), status=302)
    answer = ask(manager, path(session), old, status=422)
    assert answer.context["look"].refused
    session.refresh_from_db()
    assert session.capacity == 7


def test_a_capacity_below_what_is_booked_shows_who_is_over_and_keeps_them(
    manager: StaffLogin, item: CalendarItem
) -> None:
    session = SessionFactory(item=item, starts_at=local("2026-11-30T18:00"))
    for day, name in ((1, "First"), (2, "Second"), (3, "Third")):
        member = MemberFactory(studio=item.studio, first_name=name, last_name="")
        ReservationFactory(session=session, member=member, booked_at=NOW - timedelta(days=9 - day))
    data = fields(session, capacity="2")
    look = ask(manager, path(session), data)
    assert [person.member.first_name for person in look.context["look"].over[0].people] == ["Third"]
    assert "Everybody keeps the place" in words(look)
    confirm(manager, path(session), data)
    session.refresh_from_db()
    assert (session.capacity, session.places_taken) == (2, 3)


def test_a_series_stays_at_its_location_and_in_its_week(
    manager: StaffLogin, series: list[ScheduledSession], item: CalendarItem
) -> None:
    noord = LocationFactory(studio=item.studio)
    moved = fields(series[0], scope="all", location=str(noord.pk))
    assert "location" in errors(ask(manager, path(series[0]), moved, status=422))
    moved = fields(series[0], scope="all", day="2026-12-09")
    assert "day" in errors(ask(manager, path(series[0]), moved, status=422))


def test_cancelling_says_who_is_affected_and_makes_nobody_a_no_show(manager: StaffLogin, item: CalendarItem) -> None:
    session = SessionFactory(item=item, starts_at=local("2026-11-25T13:00"))
    reservation = ReservationFactory(session=session, source="wellpass")
    look = ask(manager, path(session, "cancel/"))
    assert "1 booking is affected" in words(look)
    assert "Nobody is a no-show" in words(look)
    ask(manager, path(session, "cancel/"), {"reason": "Mira is ill", "confirmed": "one"}, status=302)
    session.refresh_from_db()
    assert (session.cancelled_at, session.cancelled_reason) == (NOW, "Mira is ill")
    found = Reservation.objects.select_related("session", "location").get(pk=reservation.pk)
    assert found.state(NOW + timedelta(days=2)) is State.SESSION_CANCELLED
    assert "Mira is ill" in words(ask(manager, path(session)))
    ask(manager, path(session, "restore/"), {}, status=302)
    session.refresh_from_db()
    assert session.cancelled_at is None


def test_cancelling_the_following_is_looked_at_before_it_is_done(
    manager: StaffLogin, series: list[ScheduledSession], item: CalendarItem
) -> None:
    cancel = path(series[1], "cancel/")
    look = ask(manager, cancel, {"scope": "following", "confirmed": "one"})
    assert "3 sessions are cancelled" in words(look)
    assert not item.sessions.exclude(cancelled_at=None).exists()
    ask(manager, cancel, {"scope": "following", "confirmed": "following"}, status=302)
    assert item.sessions.exclude(cancelled_at=None).count() == 3


def test_a_date_that_nobody_booked_is_taken_out(
    manager: StaffLogin, series: list[ScheduledSession], item: CalendarItem
) -> None:
    ask(manager, path(series[0], "remove/"), {}, status=302)
    assert starts(item) == ["12-07 18:00", "12-14 18:00", "12-21 18:00"]
    ReservationFactory(session=series[1])
    ask(manager, path(series[1], "remove/"), {}, status=302)
    assert len(starts(item)) == 3


def test_what_has_begun_cannot_be_changed(manager: StaffLogin, item: CalendarItem) -> None:
    session = SessionFactory(item=item, starts_at=NOW - timedelta(minutes=10))
    assert "This session has begun" in words(ask(manager, path(session)))
    assert ask(manager, path(session), fields(session, capacity="3"), status=422).context["look"].refused


@pytest.mark.parametrize("preset", [Preset.DESK, Preset.TEACHER, Preset.VIEWER])
def test_who_may_not_plan_is_refused(item: CalendarItem, preset: Preset) -> None:
    session = SessionFactory(item=item, starts_at=NOW + timedelta(days=1))
    login = StaffLoginFactory(studio=item.studio, preset=preset)
    for then in ("", "cancel/", "series/"):
        ask(login, path(session, then), status=403)


def test_sessions_of_other_houses_are_not_found(manager: StaffLogin) -> None:
    session = SessionFactory(starts_at=NOW + timedelta(days=1))
    for then in ("", "cancel/", "series/"):
        ask(manager, path(session, then), status=404)
        ask(manager, path(session, then), {"confirmed": "one"}, status=404)
    for then in ("restore/", "remove/"):
        ask(manager, path(session, then), {}, status=404)


def test_who_is_affected_costs_the_same_queries_for_one_and_for_thirty(
    manager: StaffLogin, item: CalendarItem, django_assert_max_num_queries: Any
) -> None:
    session = SessionFactory(item=item, starts_at=NOW + timedelta(days=1), capacity=40)
    for _ in range(30):
        ReservationFactory(session=session)
    with django_assert_max_num_queries(30):  # logging in is among them
        ask(manager, path(session, "cancel/"))
