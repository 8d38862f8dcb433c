from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count, F, Min, Q

from bookings.actions import schedule
from bookings.demo.load import load
from bookings.demo.plan import DEMO, OTHER, PASSWORD
from bookings.models import Pulse, Reservation, ReservationEvent, ScheduledSession, WaitingEvent
from bookings.rules import State
from bookings.selectors.wallet import balances
from packages.models import LedgerEntry, Purchase
from portal.members.duplicates import suggestions
from portal.models import Member, Studio, User
from portal.staff.pins import try_pin

# 23:58 in Amsterdam, a minute past midnight there, and an ordinary noon: something runs at each of them.
MOMENTS = [
    datetime(2026, 11, 21, 22, 58, tzinfo=UTC),
    datetime(2026, 11, 21, 23, 1, tzinfo=UTC),
    datetime(2026, 7, 3, 10, 30, tzinfo=UTC),
]

# As the real one, but with four days instead of 14 months.
SHORT = [replace(DEMO, members=380, past=timedelta(days=2), future=timedelta(days=1))]
# Six weeks, in which the second place opens.
OPENED = timedelta(days=12)
PLACES = [replace(one, regulars=40, opened=OPENED if one.opened else None) for one in DEMO.places]
WEEKS = replace(DEMO, members=420, past=timedelta(days=42), places=PLACES)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_media(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_a_second_run_changes_nothing() -> None:
    now = MOMENTS[2]
    load(now=now, plans=SHORT)
    before = [list(model.objects.order_by("pk").values()) for model in (User, Member, Reservation, ScheduledSession)]

    assert load(now=now + timedelta(days=1), plans=SHORT).sessions == 0

    after = [list(model.objects.order_by("pk").values()) for model in (User, Member, Reservation, ScheduledSession)]
    assert after == before


@pytest.mark.parametrize("now", MOMENTS)
def test_a_class_runs_at_any_hour_and_shows_every_state(now: datetime) -> None:
    load(now=now, plans=SHORT)

    studio = Studio.objects.get(slug="demo")
    running = studio.sessions.get(item__name="Open Mat", starts_at__lte=now, ends_at__gt=now)
    rows = running.reservations.with_state(now).with_first_visit()
    states = {row.state_word for row in rows}
    assert states >= {State.NO_CHECK_IN, State.LATE_CANCELLED, State.EXCUSED, State.CANCELLED}
    assert any(row.first_here for row in rows)
    known_at_noord = Q(member__reservations__location__slug="noord", first_here=True)
    assert rows.filter(known_at_noord).exists()
    assert running.teacher
    assert running.teacher.login
    assert running.teacher.login.user.email == "teacher@demo.test"
    assert running.location.local_day(running.starts_at) == running.location.local_day(now)


def test_what_the_actions_promise_holds() -> None:
    now = MOMENTS[2]
    load(now=now, plans=SHORT)

    active = Count("reservations", filter=Q(reservations__booking="booked"))
    assert not ScheduledSession.objects.annotate(active=active).exclude(places_taken=F("active")).exists()
    assert not ReservationEvent.objects.filter(occurred_at__gt=now).exists()
    assert not ReservationEvent.objects.filter(by=None, by_word="").exists()
    for reservation in Reservation.objects.prefetch_related("events"):
        told = sorted(reservation.events.all(), key=lambda event: event.version)
        assert [event.occurred_at for event in told] == sorted(event.occurred_at for event in told)
        assert told[0].kind == ReservationEvent.Kind.RESERVED
        assert told[-1].after == {
            "booking": reservation.booking,
            "attendance": reservation.attendance,
            "excused": reservation.excused,
        }
    for pulse in Pulse.objects.all():
        counts = [model.objects.filter(studio_id=pulse.studio_id).count() for model in (ReservationEvent, WaitingEvent)]
        assert pulse.version == sum(counts)
    assert not Reservation.objects.due_for_sweep(now - timedelta(minutes=5)).exists()


def test_there_is_all_that_a_visitor_is_promised() -> None:
    """One test, because weeks take as long to load as fifty others."""
    now = MOMENTS[2]
    load(now=now, plans=[WEEKS, replace(OTHER, past=timedelta(days=2))])

    demo = Studio.objects.get(slug="demo")
    assert [place.zone for place in demo.locations.in_order()] == ["Europe/Amsterdam"] * 2
    assert demo.members.count() == 420
    assert 50 < demo.members.exclude(photo="").count() < 150
    assert demo.sessions.filter(cancelled_at__gt=now - timedelta(days=12)).count() >= 2
    assert demo.sessions.filter(places_taken=F("capacity"), starts_at__gt=now).exists()
    assert demo.sessions.earliest("starts_at").starts_at < now - timedelta(days=41)
    assert demo.sessions.latest("starts_at").starts_at > now + timedelta(days=20)
    assert set(demo.reservations.values_list("source", flat=True)) == {"direct", "desk", "wellpass", "onefit"}
    assert demo.reservations.filter(spot__isnull=False).exists()
    assert all(user.check_password(PASSWORD) for user in User.objects.all())
    assert User.objects.get(is_superuser=True).email == "operator@tresen.test"
    assert Studio.objects.get(slug="other").locations.get().zone == "Europe/Berlin"

    # Something waits for somebody.
    assert demo.waiting.open().count() == 2
    (full,) = {one.session for one in demo.waiting.open()}
    assert full.places_taken == full.capacity
    running = demo.sessions.get(item__name="Open Mat", starts_at__lte=now, ends_at__gt=now)
    assert running.reservations.filter(booking="booked", member__staff_notes__for_next_visit=True).count() == 1
    assert demo.closing_days.filter(first_on__gt=now.date()).count() == 1
    (pair,) = suggestions(demo)
    assert pair.one.name == pair.other.name
    for one in DEMO.logins:
        login = demo.logins.get(user__email=one.email)
        assert hasattr(login, "pin") == bool(one.pin)
        assert not one.pin or try_pin(login, one.pin, now=now).pin

    the_past_obeys_the_rules(demo, now)


def the_past_obeys_the_rules(demo: Studio, now: datetime) -> None:
    """Counted naively: what nobody was offered, what is used up, who came when."""
    in_vain = list(demo.waiting.exclude(state__in=["waiting", "offered"]).select_related("session"))
    assert in_vain
    for wait in in_vain:
        booked = wait.session.reservations.all()
        assert wait.session.places_taken == wait.session.capacity
        assert max(one.booked_at for one in booked if one.booked_at) < wait.joined_at
        assert wait.joined_at < wait.session.starts_at - timedelta(minutes=demo.waiting_cutoff_minutes)
        assert {one.booking for one in booked} == {"booked"}
        assert wait.member_id not in {one.member_id for one in booked}
    bought = Purchase.objects.filter(studio=demo)
    left = balances(bought, now=now)
    assert bought.count() > 100
    assert all(one.free is None or one.free >= 0 for one in left.values())
    for one in demo.reservations.exclude(purchase=None).select_related("purchase", "location"):
        assert one.purchase
        assert one.purchase.member_id == one.member_id
        assert one.purchase.expires_on is None or one.location.local_day(one.starts_at) <= one.purchase.expires_on
    assert set(LedgerEntry.objects.filter(studio=demo, kind="sold").values_list("purchase", "uses")) == set(
        bought.values_list("pk", "uses")
    )
    noord = demo.sessions.filter(location__slug="noord").earliest("starts_at")
    assert noord.starts_at.date() == now.date() - OPENED
    visits = demo.reservations.attended()
    first = {row["member"]: row["booked"] for row in visits.values("member").annotate(booked=Min("booked_at"))}
    since = dict(demo.members.values_list("pk", "joined_on"))
    assert sum(since[member] == booked.date() for member, booked in first.items()) > 20
    assert all(since[member] <= booked.date() for member, booked in first.items())


def test_refresh_adds_the_days_that_are_missing() -> None:
    load(now=MOMENTS[2], plans=SHORT)
    demo = Studio.objects.get(slug="demo")
    before = set(demo.sessions.values_list("pk", flat=True))
    later = MOMENTS[2] + timedelta(days=3, hours=-8)

    load(now=later, refresh=True, plans=SHORT)

    assert before < set(demo.sessions.values_list("pk", flat=True))
    assert demo.sessions.filter(starts_at__lte=later, ends_at__gt=later).exists()
    assert demo.sessions.latest("starts_at").starts_at > later + timedelta(days=1)


def test_the_week_of_each_class_is_a_series_with_its_dates() -> None:
    now = MOMENTS[2]
    load(now=now, plans=SHORT)
    studio = Studio.objects.get(slug="demo")
    of_series = studio.sessions.filter(recurrence__isnull=False)
    assert of_series.count() > 40
    # Nothing is missing: to generate makes none.
    assert [schedule.generate(item, now=now) for item in studio.calendar_items.all()] == [0] * len(DEMO.classes)
    assert len({item.colour for item in studio.calendar_items.all()}) == len(DEMO.classes)

    load(now=now + timedelta(days=3), plans=SHORT, refresh=True)
    last = studio.recurrences.values_list("last_on", flat=True).distinct().get()
    assert last == date(2026, 7, 7)
    assert (
        not studio.sessions.filter(recurrence__isnull=False).exclude(recurrence__last_on__gte=F("occurs_on")).exists()
    )
