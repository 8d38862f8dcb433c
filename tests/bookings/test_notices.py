"""What staff hear of classes by mail: the day in the morning, one's own classes the evening before."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.models import CalendarItem, ScheduledSession
from bookings.notices import MAIL_EVENING, TODAY, TOMORROW, ask_for_evenings, send_evening, today_part
from portal.models import DigestSent, Job, Location, NoticeChoice, StaffLogin
from portal.notices.morning import send_morning
from portal.notices.registry import How
from portal.notices.rounds import MAIL_MORNING, ask_for_mornings
from portal.notices.telling import how
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db

SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 07:00 on Monday in Amsterdam
EVENING = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)  # 19:00 on Sunday
HOUR = timedelta(hours=1)


@pytest.fixture
def place() -> Location:
    return LocationFactory(name="Centrum", studio__slug="linden", studio__name="Linden")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER, user__name="Marek Nowak")


def item(place: Location, name: str = "Vinyasa", **fields: Any) -> CalendarItem:
    return CalendarItemFactory(location=place, studio=place.studio, name=name, **fields)


def session(place: Location, at: datetime, name: str = "Vinyasa", people: int = 0, **fields: Any) -> ScheduledSession:
    made = SessionFactory(item=item(place, name), starts_at=at, **fields)
    for _ in range(people):
        ReservationFactory(session=made)
    return made


def mornings(login: StaffLogin, now: datetime = SEVEN) -> bool:
    ask_for_mornings(now=now)
    return send_morning(Job.objects.get(kind=MAIL_MORNING, payload__login=login.pk), now=now)


def evenings(now: datetime = EVENING) -> list[bool]:
    ask_for_evenings(now=now)
    return [send_evening(job, now=now) for job in Job.objects.filter(kind=MAIL_EVENING).order_by("pk")]


def test_the_morning_says_places_newcomers_and_what_is_low_or_full(
    manager: StaffLogin, place: Location, mailoutbox: Any
) -> None:
    session(place, SEVEN + 2 * HOUR, "Yin", people=2, capacity=2)
    teacher = TeacherFactory(name="Mira", studio=place.studio)
    session(place, SEVEN + 11 * HOUR, "Vinyasa", people=1, capacity=9, teacher=teacher)
    session(place, SEVEN + 30 * HOUR, "Tomorrow's")
    session(place, SEVEN + 3 * HOUR, "Called off", cancelled_at=SEVEN)
    assert mornings(manager)
    (mail,) = mailoutbox
    assert mail.subject == "2 classes, 3 booked, 3 new"
    assert "- 09:00 Yin: 2 of 2, 2 new, full\n" in mail.body
    assert "- 18:00 Vinyasa (Mira): 1 of 9, 1 new, low\n" in mail.body
    assert "Today, Mon 23 Nov" in mail.body
    assert "Tomorrow's" not in mail.body
    assert "Called off" not in mail.body


def test_yesterday_is_open_where_nobody_said_anything(manager: StaffLogin, place: Location, mailoutbox: Any) -> None:
    """The sweep stamps no-shows by the clock: it is no person who looked."""
    yesterday = session(place, SEVEN - 12 * HOUR, "Vinyasa", people=3)
    first, second, _third = yesterday.reservations.order_by("pk")
    actions.check_in(first, action_id=uuid4(), by=manager, now=yesterday.starts_at)
    actions.sweep_no_shows(now=SEVEN - HOUR)
    actions.revert_no_show(second, action_id=uuid4(), by=manager, now=SEVEN - HOUR)
    actions.mark_no_show(second, action_id=uuid4(), by=manager, now=SEVEN - HOUR)
    assert mornings(manager)
    assert mailoutbox[0].subject == "1 check-in of yesterday is open"
    assert "- 19:00 Vinyasa: 1 without a check-in\n" in mailoutbox[0].body


def test_a_day_without_classes_is_no_mail(manager: StaffLogin, mailoutbox: Any) -> None:
    assert not mornings(manager)
    assert mailoutbox == []


def test_each_reads_of_what_they_may_see(place: Location) -> None:
    noord = LocationFactory(studio=place.studio, name="Noord")
    teacher = StaffLoginFactory(studio=place.studio, preset=Preset.TEACHER)
    session(place, SEVEN + HOUR, "Here", teacher=TeacherFactory(studio=place.studio, login=teacher))
    session(noord, SEVEN + HOUR, "There")
    pinned = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    pinned.locations.add(noord)
    whole = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    said = {
        login: [line.text for part in today_part(login, SEVEN) for line in part.lines]
        for login in (teacher, pinned, whole)
    }
    assert [len(lines) for lines in said.values()] == [1, 1, 2]
    assert "Here" in said[teacher][0]
    assert "There" in said[pinned][0]


def test_the_part_costs_the_same_for_one_class_and_for_thirty(manager: StaffLogin, place: Location) -> None:
    asked = []
    for number in (1, 29):
        for at in range(number):
            session(place, SEVEN + HOUR + timedelta(minutes=at), f"Class {number} {at}", people=1)
            session(place, SEVEN - 12 * HOUR + timedelta(minutes=at), f"Past {number} {at}", people=1)
        with CaptureQueriesContext(connection) as queries:
            today_part(manager, SEVEN)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def test_forty_classes_are_told_and_the_rest_counted(manager: StaffLogin, place: Location) -> None:
    for at in range(42):
        session(place, SEVEN + HOUR + timedelta(minutes=at), f"Class {at}")
    (part,) = today_part(manager, SEVEN)
    assert len(part.lines) == 41
    assert part.lines[-1].text == "and 2 more"
    assert part.fact == "42 classes, 0 booked"


@pytest.fixture
def mira(place: Location) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.TEACHER, user__name="Mira Okafor")
    TeacherFactory(studio=place.studio, login=login, name="Mira")
    return login


def hers(mira: StaffLogin, place: Location, at: datetime, **fields: Any) -> ScheduledSession:
    return session(place, at, teacher=mira.teacher, **fields)


def test_the_evening_before_a_teacher_hears_of_their_own_classes(
    mira: StaffLogin, place: Location, mailoutbox: Any
) -> None:
    hers(mira, place, SEVEN + 2 * HOUR, name="Yin", people=2)
    session(place, SEVEN + 3 * HOUR, "Another's", teacher=TeacherFactory(studio=place.studio))
    assert evenings() == [True]
    assert evenings() == [False]
    (mail,) = mailoutbox
    assert mail.subject == "Tomorrow from 09:00: 1 class, 2 booked, 2 new"
    assert "Your classes on Mon 23 Nov\n- 09:00 Yin: 2 of 16, 2 new, low\n" in mail.body
    assert "Another's" not in mail.body
    assert "My classes of tomorrow" in mail.body
    assert DigestSent.objects.get().on.isoformat() == "2026-11-22"


def test_without_a_class_tomorrow_there_is_no_job(mira: StaffLogin, place: Location) -> None:
    hers(mira, place, EVENING + HOUR)
    hers(mira, place, SEVEN + 24 * HOUR)
    hers(mira, place, SEVEN + HOUR, cancelled_at=EVENING)
    assert ask_for_evenings(now=EVENING) == 0


@pytest.mark.parametrize(
    ("clock", "jobs"),
    [
        (EVENING - timedelta(minutes=1), 0),
        (EVENING, 1),
        (EVENING + timedelta(hours=4, minutes=59), 1),
        (EVENING + timedelta(hours=5), 0),  # midnight: "tomorrow" is today
    ],
)
def test_from_seven_until_midnight(clock: datetime, jobs: int, mira: StaffLogin, place: Location) -> None:
    hers(mira, place, SEVEN + HOUR)
    assert ask_for_evenings(now=clock) == jobs


def test_a_job_that_waited_past_midnight_says_nothing(mira: StaffLogin, place: Location, mailoutbox: Any) -> None:
    hers(mira, place, SEVEN + HOUR)
    ask_for_evenings(now=EVENING)
    assert not send_evening(Job.objects.get(kind=MAIL_EVENING), now=EVENING + timedelta(hours=5))
    assert mailoutbox == []


def test_before_the_night_of_the_clock_the_day_has_25_hours(mira: StaffLogin, place: Location) -> None:
    """Sunday 25 October 2026 begins at 22:00 UTC and ends at 23:00 UTC in Amsterdam."""
    hers(mira, place, datetime(2026, 10, 25, 22, 30, tzinfo=UTC))  # 23:30 on Sunday
    assert ask_for_evenings(now=datetime(2026, 10, 24, 17, 0, tzinfo=UTC)) == 1
    assert ask_for_evenings(now=datetime(2026, 10, 25, 18, 0, tzinfo=UTC)) == 0


def test_who_turned_it_off_hears_nothing_and_who_teaches_besides_may_turn_it_on(
    mira: StaffLogin, manager: StaffLogin, place: Location, mailoutbox: Any
) -> None:
    hers(mira, place, SEVEN + HOUR)
    NoticeChoice.objects.create(login=mira, kind=TOMORROW, how=How.OFF)
    session(place, SEVEN + HOUR, teacher=TeacherFactory(studio=place.studio, login=manager))
    NoticeChoice.objects.create(login=manager, kind=TOMORROW, how=How.AT_ONCE)
    assert sorted(evenings()) == [False, True]
    assert [mail.to for mail in mailoutbox] == [[manager.user.email]]


def test_the_round_costs_the_same_for_one_studio_and_for_many() -> None:
    asked = []
    for number in (1, 6):
        for _ in range(number):
            place = LocationFactory()
            login = StaffLoginFactory(studio=place.studio, preset=Preset.TEACHER)
            session(place, SEVEN + HOUR, teacher=TeacherFactory(studio=place.studio, login=login))
        Job.objects.filter(kind=MAIL_EVENING).delete()
        with CaptureQueriesContext(connection) as queries:
            ask_for_evenings(now=EVENING)
        asked.append(len([one for one in queries if "INSERT" not in one["sql"]]))
    assert asked[0] == asked[1]


def test_the_desk_and_the_owner_hear_of_neither_by_themselves(place: Location) -> None:
    for preset in (Preset.DESK, Preset.VIEWER, Preset.OWNER):
        login = StaffLoginFactory(studio=place.studio, preset=preset)
        assert (how(login, TODAY), how(login, TOMORROW)) == (How.OFF, How.OFF)
