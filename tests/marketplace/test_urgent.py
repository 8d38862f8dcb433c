"""Money at risk where there is much of it: the database judges as the rule does, and nothing of today is cut."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection as database
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from bookings.actions import mark_no_show
from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance
from marketplace.models import Connection, ContractTerms, Guest, Visit
from marketplace.rules.risk import RiskFacts, risk
from marketplace.selectors.at_risk import Found, at_risk
from marketplace.selectors.urgent import urgent, window_of
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, SessionFactory, StaffLoginFactory
from tests.factories.marketplace import ConnectionFactory, MarketplaceFactory
from tests.marketplace.scenes import connected, item_of
from tests.marketplace.test_risk import strip, told

NOW = datetime(2026, 6, 3, 16, 20, tzinfo=UTC)  # 18:20 in Amsterdam
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def there(db: None) -> Connection:
    return connected()


@pytest.fixture
def owner(there: Connection) -> StaffLogin:
    return StaffLoginFactory(studio=there.studio, preset=Preset.OWNER)


def visits(there: Connection, session: ScheduledSession, many: int = 1, **said: Any) -> list[Visit]:
    """Guests of this class, without a contract if not said otherwise. `attendance`: on the row."""
    attendance = said.pop("attendance", Attendance.UNKNOWN)
    members = MemberFactory.create_batch(many, studio=there.studio)
    guests = Guest.objects.bulk_create(
        Guest(studio=there.studio, connection=there, member=member, external_id=uuid4().hex) for member in members
    )
    reservations = Reservation.objects.bulk_create(
        Reservation(
            studio=there.studio,
            session=session,
            member=member,
            location=session.location,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            source="fitpass",
            deadline_at=session.starts_at,
            deadline_from=Reservation.Deadline.CONTRACT,
            attendance=attendance,
            checked_in_at=session.starts_at if attendance is Attendance.CHECKED_IN else None,
        )
        for member in members
    )
    ScheduledSession.objects.filter(pk=session.pk).update(places_taken=F("places_taken") + many)
    return Visit.objects.bulk_create(
        Visit(
            studio=there.studio,
            connection=there,
            booking_ref=uuid4().hex,
            guest=guest,
            session=session,
            reservation=reservation,
            requested_at=session.starts_at - DAY,
            **said,
        )
        for guest, reservation in zip(guests, reservations, strict=True)
    )


def found_by_the_rule(visit: Visit, now: datetime, answered: set[int]) -> datetime | None:
    reservation = visit.reservation
    assert reservation is not None
    place = reservation.location
    found = risk(
        RiskFacts(
            takes_place=True,
            starts_at=reservation.starts_at,
            ends_at=reservation.ends_at,
            is_today=place.local_day(reservation.starts_at) == place.local_day(now),
            ticked=reservation.attendance == Attendance.CHECKED_IN,
            confirmed=visit.confirmed_at is not None,
            answered=visit.pk in answered,
            correction_until=reservation.correction_until,
            window=window_of(visit.connection.marketplace_id),
        ),
        now=now,
    )
    return found.until if found else None


def a_world(there: Connection, owner: StaffLogin) -> tuple[list[Location], set[int]]:
    """Two places far apart, two marketplaces, classes of some days, everything that can be said of a visit."""
    here, answered = there.studio.locations.get(), set[int]()
    # Corrected until midnight only, where the days begin ten hours earlier.
    far = LocationFactory(studio=there.studio, zone="Australia/Brisbane", correction_hours=1)
    other = ConnectionFactory(studio=there.studio, marketplace=MarketplaceFactory(key="onefit", name="OneFit"))
    starts = [-74 * HOUR, -3 * DAY + 6 * HOUR, -30 * HOUR, -18 * HOUR, -2 * HOUR, -80 * HOUR / 60, HOUR / 2, 9 * HOUR]
    for place, ahead in product((here, far), starts):
        session = SessionFactory(item=CalendarItemFactory(location=place, capacity=None), starts_at=NOW + ahead)
        for at, attendance, confirmed in product((there, other), Attendance, (None, NOW - HOUR)):
            visits(at, session, attendance=attendance, confirmed_at=confirmed)
        (said,) = visits(there, session, confirmed_at=NOW if ahead < -HOUR else None)
        if -DAY < ahead < -HOUR and place == here:
            assert said.reservation is not None
            mark_no_show(said.reservation, action_id=uuid4(), by=owner, now=NOW)
            answered.add(said.pk)
    return [here, far], answered


def test_the_database_judges_as_the_rule_does(there: Connection, owner: StaffLogin, settings: Any) -> None:
    settings.MARKETPLACE_CHECK_INS = settings.MARKETPLACE_CHECK_INS | {
        "onefit": {"opens_minutes": 15, "closes_minutes": 5, "corrected_hours": 24}
    }
    places, answered = a_world(there, owner)
    every = list(Visit.objects.select_related("reservation__location", "connection"))
    seen = set()
    for now in (NOW, NOW + 20 * HOUR / 60, NOW + 7 * HOUR, NOW + 30 * HOUR, NOW - 20 * HOUR, NOW + 68 * HOUR):
        by_rule = {one.pk: until for one in every if (until := found_by_the_rule(one, now, answered)) is not None}
        by_database = {one.pk: one.until for one in urgent(Visit.objects.all(), places, now=now)}  # type: ignore[attr-defined]
        assert by_database == by_rule
        seen |= set(by_rule)
    assert answered
    assert not answered & seen
    assert len(every) / 3 < len(seen) < len(every)


def of(owner: StaffLogin, most: int = 50) -> Found:
    return at_risk(owner, list(owner.studio.locations.all()), now=NOW, most=most)


def test_what_nobody_has_to_look_at_yet_takes_no_line_from_today(there: Connection, owner: StaffLogin) -> None:
    yesterday = SessionFactory(item=item_of(there, capacity=None), starts_at=NOW - 20 * HOUR)
    today = SessionFactory(item=item_of(there, capacity=None), starts_at=NOW - HOUR / 3)
    visits(there, yesterday, 201)
    (kim,) = visits(there, today, attendance=Attendance.CHECKED_IN)
    assert [one.visit for one in of(owner).lines] == [kim]


def test_of_too_many_todays_are_listed_and_all_are_counted(there: Connection, owner: StaffLogin) -> None:
    of_before = SessionFactory(item=item_of(there, capacity=None), starts_at=NOW - 72 * HOUR)
    today = SessionFactory(item=item_of(there, capacity=None), starts_at=NOW - HOUR / 3)
    visits(there, of_before, 52, terms=ContractTerms.objects.get())  # the last minutes for these
    (kim,) = visits(there, today, confirmed_at=NOW, additional=True)
    places = list(owner.studio.locations.all())
    with CaptureQueriesContext(database) as queries:
        found = at_risk(owner, places, now=NOW, most=50)
    assert len(queries) == 2
    assert (len(found.lines), found.number) == (50, 53)
    assert kim in [one.visit for one in found.lines]
    assert found.first_until == of_before.ends_at + 72 * HOUR
    assert found.sums == {"EUR": 52 * 8}
    html = told(strip(owner, NOW))
    assert "53 visits will not be paid unless you act" in html
    assert "50 of 53 are listed" in html
    assert html.count('id="risk-') == 50
    # All of them, and nothing of a cut, where there is room.
    assert (len(of(owner, 500).lines), of(owner, 500).sums) == (53, found.sums)


def test_who_has_no_place_sees_none(there: Connection, owner: StaffLogin) -> None:
    assert at_risk(owner, [], now=NOW, most=50).number == 0
