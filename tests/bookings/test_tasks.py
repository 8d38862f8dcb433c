from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine

from bookings import actions, tasks
from bookings.models import CalendarItem, Reservation, ReservationEvent, ScheduledSession
from bookings.rules import Attendance
from portal.jobs import queue, schedule, worker
from portal.jobs.registry import HANDLERS
from portal.models import Job, Location, Member, Studio

START = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
KIND = "bookings.sweep_no_shows"


@pytest.fixture
def missed(db: None) -> Reservation:
    """A reservation of a session from 18:00 to 19:00 to which nobody came."""
    studio = Studio.objects.create(slug="s", name="S")
    location = Location.objects.create(studio=studio, slug="c", name="C")
    item = CalendarItem.objects.create(studio=studio, location=location, name="Yoga", duration_minutes=60)
    session = ScheduledSession.objects.create(
        studio=studio, location=location, item=item, starts_at=START, ends_at=START + timedelta(hours=1), capacity=5
    )
    member = Member.objects.create(studio=studio, number="1", first_name="A")
    day_before = START - timedelta(days=1)
    return actions.reserve(session, member, source="desk", action_id=uuid4(), by=None, now=day_before).reservation


def sweep(now: datetime) -> None:
    """What a worker does at `now`."""
    with time_machine.travel(now, tick=False):
        schedule.plan(now)
        Job.objects.exclude(kind=KIND).delete()
        while job := queue.claim():
            worker.run(job, until=0)


def test_no_shows_are_swept_every_five_minutes() -> None:
    assert HANDLERS[KIND].function is tasks.sweep_no_shows
    assert HANDLERS[KIND].every == timedelta(minutes=5)


def test_the_sweep_stamps_a_no_show_once_its_time_has_come(missed: Reservation) -> None:
    sweep(START + timedelta(minutes=59))
    missed.refresh_from_db()
    assert missed.attendance == Attendance.UNKNOWN
    sweep(START + timedelta(minutes=60))
    sweep(START + timedelta(minutes=65))
    missed.refresh_from_db()
    assert missed.attendance == Attendance.NO_SHOW
    assert ReservationEvent.objects.filter(reservation=missed, by_word="sweep").count() == 1
    assert Job.objects.filter(kind=KIND, done_at__isnull=False).count() == 3


def test_a_sweep_that_is_a_week_late_catches_up(missed: Reservation) -> None:
    sweep(START + timedelta(days=7))
    missed.refresh_from_db()
    assert missed.attendance == Attendance.NO_SHOW
