from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Min, Q
from django.test import override_settings

from bookings.actions import schedule
from bookings.demo import diary
from bookings.demo.furnish import say_since_when
from bookings.demo.load import load
from bookings.demo.plan import DEMO, OTHER, PASSWORD, StudioPlan
from bookings.models import Pulse, Reservation, ReservationEvent, ScheduledSession, WaitingEvent
from bookings.rules import State
from bookings.selectors.wallet import balances
from packages.models import LedgerEntry, Purchase
from portal.members.duplicates import suggestions
from portal.models import Member, Studio, User
from portal.staff.pins import try_pin
from tests.factories import MemberFactory

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
# In their midst the contract with one marketplace changed.
CHANGED = timedelta(days=20)
CONTRACTS = {"wellpass": ((330, 6), (CHANGED.days, 4)), "onefit": ((180, 8),)}
WEEKS = replace(DEMO, members=420, past=timedelta(days=42), places=PLACES, contract_hours=CONTRACTS)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, scope="module")
def _own_media(tmp_path_factory: Any) -> Iterator[None]:
    with override_settings(MEDIA_ROOT=tmp_path_factory.mktemp("media")):
        yield


def loaded(blocker: Any, plans: list[StudioPlan]) -> Iterator[Studio]:
    """The demo on an ordinary noon, for all tests of a class; each takes back what it did to it."""
    with blocker.unblock():
        with transaction.atomic():
            with patch.object(diary, "CALLED_OFF", 0.1):  # of many classes, so that there are some of each kind
                load(now=MOMENTS[2], plans=plans)
            with connection.cursor() as cursor:  # it lasts as long as the class
                cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield Studio.objects.get(slug="demo")
            transaction.set_rollback(True)
        connection.close()


@pytest.fixture(scope="class")
def weeks(django_db_setup: None, django_db_blocker: Any) -> Iterator[Studio]:
    yield from loaded(django_db_blocker, [WEEKS, replace(OTHER, past=timedelta(days=2))])


@pytest.fixture(scope="class")
def demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[Studio]:
    yield from loaded(django_db_blocker, SHORT)


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


class TestWeeks:
    """One load for all, because weeks take as long as fifty other tests."""

    def test_what_the_actions_promise_holds(self, weeks: Studio) -> None:
        now = MOMENTS[2]
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
            counts = [
                model.objects.filter(studio_id=pulse.studio_id).count() for model in (ReservationEvent, WaitingEvent)
            ]
            assert pulse.version == sum(counts)
        assert not Reservation.objects.due_for_sweep(now - timedelta(minutes=5)).exists()

    def test_what_the_actions_would_refuse_is_not_told(self, weeks: Studio) -> None:
        """Counted naively: after a class was cancelled, by whose hours, from whom, and before they were there."""
        called_off = weeks.sessions.exclude(cancelled_at=None)
        assert called_off.filter(reservations__isnull=False).exists()
        assert not ReservationEvent.objects.filter(occurred_at__gt=F("reservation__session__cancelled_at")).exists()
        assert not WaitingEvent.objects.filter(occurred_at__gt=F("entry__session__cancelled_at")).exists()

        versions = {("wellpass", True): 4, ("wellpass", False): 6, ("onefit", True): 8, ("onefit", False): 8}
        cancelled = Counter[str]()
        theirs = weeks.reservations.filter(source__in=["wellpass", "onefit"]).select_related("location")
        for one in theirs:
            is_newest = one.location.local_day(one.starts_at) >= MOMENTS[2].date() - CHANGED
            assert one.starts_at - one.deadline_at == timedelta(hours=versions[one.source, is_newest])
            assert one.deadline_from == "contract"
            if one.cancelled_at and not one.excused:
                assert (one.booking == "late_cancelled") == (one.cancelled_at > one.deadline_at)
                cancelled[f"{one.booking} {is_newest}"] += 1
        assert len(cancelled) == 4
        assert set(Reservation.objects.filter(studio__slug="other").values_list("source", flat=True)) == {
            "direct",
            "desk",
        }

        for early in (Reservation.objects.filter(booked_at__date__lt=F("member__joined_on")),
                      Purchase.objects.filter(purchased_at__date__lt=F("member__joined_on"))):  # fmt: skip
            assert not early.exists()

    def test_there_is_all_that_a_visitor_is_promised(self, weeks: Studio) -> None:
        now = MOMENTS[2]
        assert [place.zone for place in weeks.locations.in_order()] == ["Europe/Amsterdam"] * 2
        assert weeks.members.count() == 420
        assert 50 < weeks.members.exclude(photo="").count() < 150
        assert weeks.sessions.filter(cancelled_at__gt=now - timedelta(days=12)).count() >= 2
        assert weeks.sessions.filter(places_taken=F("capacity"), starts_at__gt=now).exists()
        assert weeks.sessions.earliest("starts_at").starts_at < now - timedelta(days=41)
        assert weeks.sessions.latest("starts_at").starts_at > now + timedelta(days=20)
        assert set(weeks.reservations.values_list("source", flat=True)) == {"direct", "desk", "wellpass", "onefit"}
        assert weeks.reservations.filter(spot__isnull=False).exists()
        assert all(user.check_password(PASSWORD) for user in User.objects.all())
        assert User.objects.get(is_superuser=True).email == "operator@tresen.test"
        assert Studio.objects.get(slug="other").locations.get().zone == "Europe/Berlin"

        # Something waits for somebody.
        assert weeks.waiting.open().count() == 2
        (full,) = {one.session for one in weeks.waiting.open()}
        assert full.places_taken == full.capacity
        running = weeks.sessions.get(item__name="Open Mat", starts_at__lte=now, ends_at__gt=now)
        assert running.reservations.filter(booking="booked", member__staff_notes__for_next_visit=True).count() == 1
        assert weeks.closing_days.filter(first_on__gt=now.date()).count() == 1
        (pair,) = suggestions(weeks)
        assert pair.one.name == pair.other.name
        for one in DEMO.logins:
            login = weeks.logins.get(user__email=one.email)
            assert hasattr(login, "pin") == bool(one.pin)
            assert not one.pin or try_pin(login, one.pin, now=now).pin

    def test_the_past_obeys_the_rules(self, weeks: Studio) -> None:
        """Counted naively: what nobody was offered, what is used up, who came when."""
        now = MOMENTS[2]
        in_vain = list(weeks.waiting.exclude(state__in=["waiting", "offered"]).select_related("session"))
        assert in_vain
        for wait in in_vain:
            booked = wait.session.reservations.all()
            assert wait.session.places_taken == wait.session.capacity
            assert max(one.booked_at for one in booked if one.booked_at) < wait.joined_at
            assert wait.joined_at < wait.session.starts_at - timedelta(minutes=weeks.waiting_cutoff_minutes)
            assert {one.booking for one in booked} == {"booked"}
            assert wait.member_id not in {one.member_id for one in booked}
        bought = Purchase.objects.filter(studio=weeks)
        left = balances(bought, now=now)
        assert bought.count() > 100
        assert all(one.free is None or one.free >= 0 for one in left.values())
        for one in weeks.reservations.exclude(purchase=None).select_related("purchase", "location"):
            assert one.purchase
            assert one.purchase.member_id == one.member_id
            assert one.purchase.expires_on is None or one.location.local_day(one.starts_at) <= one.purchase.expires_on
        assert set(LedgerEntry.objects.filter(studio=weeks, kind="sold").values_list("purchase", "uses")) == set(
            bought.values_list("pk", "uses")
        )
        noord = weeks.sessions.filter(location__slug="noord").earliest("starts_at")
        assert noord.starts_at.date() == now.date() - OPENED
        visits = weeks.reservations.attended()
        first = {row["member"]: row["booked"] for row in visits.values("member").annotate(booked=Min("booked_at"))}
        since = dict(weeks.members.values_list("pk", "joined_on"))
        assert sum(since[member] == booked.date() for member, booked in first.items()) > 20
        assert all(since[member] <= booked.date() for member, booked in first.items())


class TestDaysThatAreAdded:
    def test_a_second_run_changes_nothing(self, demo: Studio) -> None:
        kinds = (User, Member, Reservation, ScheduledSession)
        before = [list(model.objects.order_by("pk").values()) for model in kinds]

        assert load(now=MOMENTS[2] + timedelta(days=1), plans=SHORT).sessions == 0

        assert [list(model.objects.order_by("pk").values()) for model in kinds] == before

    def test_refresh_adds_the_days_that_are_missing(self, demo: Studio) -> None:
        before = set(demo.sessions.values_list("pk", flat=True))
        # A day on which others are booked already, in classes of the evening; nobody comes twice.
        later = MOMENTS[2] + timedelta(days=1)

        today = {one.member_id for one in demo.reservations.filter(booking="booked", starts_at__date=later.date())}
        place, dice = demo.locations.get(slug="centrum").pk, Random(1)
        crowd = diary.Diary(demo, SHORT[0], later, dice, later.date() + timedelta(days=1)).crowd
        drawn = {one.pk for one in crowd.draw(200, location_id=place, day=later.date(), dice=dice)}
        assert (bool(today), bool(drawn), today & drawn) == (True, True, set())
        load(now=later, refresh=True, plans=SHORT)

        assert before < set(demo.sessions.values_list("pk", flat=True))
        assert demo.sessions.filter(starts_at__lte=later, ends_at__gt=later).exists()
        assert demo.sessions.latest("starts_at").starts_at > later + timedelta(days=1)
        booked = demo.reservations.filter(booking="booked").select_related("location")
        days = Counter((one.member_id, one.location.local_day(one.starts_at)) for one in booked)
        assert max(days.values()) == 1
        hours = {one.starts_at - one.deadline_at for one in booked if one.source == "wellpass"}
        assert hours == {timedelta(hours=4)}

    def test_the_week_of_each_class_is_a_series_with_its_dates(self, demo: Studio) -> None:
        now, studio = MOMENTS[2], demo
        of_series = studio.sessions.filter(recurrence__isnull=False)
        assert of_series.count() > 40
        # Nothing is missing: to generate makes none.
        assert [schedule.generate(item, now=now) for item in studio.calendar_items.all()] == [0] * len(DEMO.classes)
        assert len({item.colour for item in studio.calendar_items.all()}) == len(DEMO.classes)

        load(now=now + timedelta(days=3), plans=SHORT, refresh=True)
        last = studio.recurrences.values_list("last_on", flat=True).distinct().get()
        assert last == date(2026, 7, 7)
        assert (
            not studio.sessions.filter(recurrence__isnull=False)
            .exclude(recurrence__last_on__gte=F("occurs_on"))
            .exists()
        )


def test_a_member_is_one_before_they_book_or_buy() -> None:
    begins = date(2026, 7, 1)
    old, new, known = (MemberFactory(joined_on=begins) for _ in range(3))

    def at(days: int) -> datetime:
        return MOMENTS[2].replace(day=10) - timedelta(days=days)

    did = [(old, 15), (old, 3), (new, 2), (known, 4)]
    told: Any = SimpleNamespace(
        crowd=SimpleNamespace(joined={new.pk: date(2026, 7, 9)}, newcomers=[]),
        reservations=[SimpleNamespace(member=one, member_id=one.pk, booked_at=at(days)) for one, days in did],
    )
    bought: Any = [SimpleNamespace(member=one, purchased_at=at(days)) for one, days in ((old, 16), (new, 3))]
    say_since_when(told, bought, is_new=False)

    for one in (old, new, known):
        one.refresh_from_db()
    assert [old.joined_on, new.joined_on, known.joined_on] == [date(2026, 6, 24), date(2026, 7, 7), begins]
