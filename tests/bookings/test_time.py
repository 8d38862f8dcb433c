"""Days, deadlines and limits are local to the location (Q15)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from bookings import actions, rules
from bookings.actions import Refused
from bookings.models import ScheduledSession
from bookings.models.schedule import day_bounds
from tests.bookings.scenes import AMSTERDAM, booked
from tests.factories import LocationFactory, SessionFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db

SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)  # the last Sundays of March and October
NEW_YEAR = date(2027, 1, 1)


def local(day: date, hour: int, minute: int = 0, *, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=AMSTERDAM, fold=fold)


@pytest.mark.parametrize(
    ("day", "hours", "first_moment"),
    [
        (SPRING, 23, datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (AUTUMN, 25, datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (NEW_YEAR, 24, datetime(2026, 12, 31, 23, tzinfo=UTC)),
        (date(2026, 7, 1), 24, datetime(2026, 6, 30, 22, tzinfo=UTC)),
    ],
)
def test_a_day_is_as_long_as_it_is_at_the_location(day: date, hours: int, first_moment: datetime) -> None:
    start, end = day_bounds(day, LocationFactory())
    assert start == first_moment
    # In UTC, since Python subtracts two times of one zone by the wall.
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize("day", [SPRING, AUTUMN, NEW_YEAR, date(2026, 7, 1)])
def test_a_class_belongs_to_the_local_day_on_which_it_starts(day: date) -> None:
    location = LocationFactory()
    first = SessionFactory(item__location=location, starts_at=local(day, 0))
    last = SessionFactory(item__location=location, starts_at=local(day, 23, 30))
    before = SessionFactory(item__location=location, starts_at=local(day, 0) - timedelta(minutes=30))
    after = SessionFactory(item__location=location, starts_at=local(day + timedelta(days=1), 0))
    on_day = ScheduledSession.objects.on_day
    assert list(on_day(day, location)) == [first, last]
    assert list(on_day(day - timedelta(days=1), location)) == [before]
    assert list(on_day(day + timedelta(days=1), location)) == [after]


def test_the_same_moment_is_another_day_in_another_zone() -> None:
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert LocationFactory(zone="Europe/Amsterdam").local_day(moment) == NEW_YEAR
    assert LocationFactory(zone="Europe/London").local_day(moment) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("day", "deadline"),
    [
        # 12 elapsed hours before 10:00: the wall showed an hour more or less the evening before.
        (SPRING, datetime(2026, 3, 28, 21, 0, tzinfo=AMSTERDAM)),
        (AUTUMN, datetime(2026, 10, 24, 23, 0, tzinfo=AMSTERDAM)),
        (date(2026, 6, 10), datetime(2026, 6, 9, 22, 0, tzinfo=AMSTERDAM)),
    ],
)
def test_cancellation_deadlines_are_elapsed_hours(day: date, deadline: datetime) -> None:
    reservation = booked(SessionFactory(starts_at=local(day, 10), item__location__studio__cancel_hours=12))
    reservation.refresh_from_db()
    assert reservation.deadline_at == deadline


@pytest.mark.parametrize(("fold", "state"), [(0, rules.State.NO_CHECK_IN), (1, rules.State.NO_SHOW)])
def test_the_doubled_half_past_two_is_two_moments(fold: int, state: rules.State) -> None:
    """A class from 02:00 to 03:00 summer time, on the night on which 02:30 comes twice."""
    reservation = booked(SessionFactory(starts_at=local(AUTUMN, 2).astimezone(UTC)))
    assert reservation.state(local(AUTUMN, 2, 30, fold=fold).astimezone(UTC)) is state


@pytest.mark.parametrize("day", [SPRING, AUTUMN, date(2026, 7, 31), date(2026, 12, 31)])
def test_the_desk_ticks_from_local_midnight_of_the_day_on(day: date) -> None:
    session = SessionFactory(starts_at=local(day, 23, 30))
    desk = StaffLoginFactory(studio=session.studio)
    reservation = booked(session)
    with pytest.raises(Refused) as refused:
        actions.check_in(reservation, action_id=uuid4(), by=desk, now=local(day, 0) - timedelta(microseconds=1))
    assert refused.value.decision.refusal is not None
    assert refused.value.decision.refusal.question is rules.Question.OTHER_DAY
    done = actions.check_in(reservation, action_id=uuid4(), by=desk, now=local(day, 0))
    assert [step.question for step in done.decision.warnings] == [rules.Question.EARLY]


def test_a_tick_after_midnight_belongs_to_the_class_of_the_evening() -> None:
    session = SessionFactory(starts_at=local(date(2026, 12, 31), 23, 30))
    reservation = booked(session)
    actions.check_in(
        reservation, action_id=uuid4(), by=StaffLoginFactory(studio=session.studio), now=local(NEW_YEAR, 0, 1)
    )
    assert list(ScheduledSession.objects.on_day(date(2026, 12, 31), session.location)) == [session]
    assert list(ScheduledSession.objects.on_day(NEW_YEAR, session.location)) == []


@pytest.mark.parametrize(
    ("hours", "limit"),
    [
        (72, datetime(2026, 3, 31, 19, 0, tzinfo=AMSTERDAM)),
        # Q16: the desk has the whole local day of the class, on this one an hour less.
        (0, datetime(2026, 3, 29, 0, 0, tzinfo=AMSTERDAM)),
    ],
)
def test_the_correction_limit_never_cuts_the_day_of_the_class(hours: int, limit: datetime) -> None:
    location = LocationFactory(correction_hours=hours)
    day = SPRING - timedelta(days=1)
    session = SessionFactory(item__location=location, starts_at=local(day, 18).astimezone(UTC))
    # 72 hours over the night that lacks one: an hour later on the wall.
    assert session.correction_until == (limit + timedelta(hours=1) if hours else limit)
    assert booked(session).correction_until == session.correction_until
