"""Which visits will not be paid unless someone acts (X3): the rule, and what the counter shows of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings import actions as bookings
from bookings.models import Reservation, ScheduledSession
from marketplace import actions
from marketplace.models import Connection, Visit
from marketplace.rules import Asked, Settled, Settlement
from marketplace.rules.risk import Act, Risk, RiskFacts, Window, risk
from marketplace.selectors.passes import passes_of
from marketplace.selectors.urgent import window_of
from portal.models import StaffLogin
from portal.roles import Preset
from tests.factories import LocationFactory, SessionFactory, StaffLoginFactory, TeacherFactory
from tests.marketplace.scenes import connected, item_of

START = datetime(2026, 6, 3, 16, 0, tzinfo=UTC)  # 18:00 in Amsterdam
END = START + timedelta(hours=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def facts(**given: Any) -> RiskFacts:
    plain = {
        "takes_place": True,
        "starts_at": START,
        "ends_at": END,
        "is_today": True,
        "ticked": False,
        "confirmed": False,
        "answered": False,
        "correction_until": END + 72 * HOUR,
        "window": Window(),
    }
    return RiskFacts(**(plain | given))


APP_CLOSES, CORRECTED = END + 30 * MINUTE, END + 72 * HOUR


@pytest.mark.parametrize(
    ("given", "now", "found"),
    [
        # Nobody has said anything: nothing is owed before the end, then the question after the class asks.
        ({}, START, None),
        ({}, END + HOUR, None),
        # Ticked here: from an hour before the start on the guest can check in there, until half an hour after the end.
        ({"ticked": True}, START - 61 * MINUTE, None),
        ({"ticked": True}, START - 60 * MINUTE, Risk(Act.CONFIRM, APP_CLOSES)),
        ({"ticked": True}, APP_CLOSES, Risk(Act.CONFIRM, APP_CLOSES)),
        ({"ticked": True}, APP_CLOSES + MINUTE, Risk(Act.REPORT, CORRECTED)),
        # Of yesterday it is shown again when the time for corrections runs out, and not when it is over.
        ({"ticked": True, "is_today": False}, CORRECTED - 25 * HOUR, None),
        ({"ticked": True, "is_today": False}, CORRECTED - 24 * HOUR, Risk(Act.REPORT, CORRECTED)),
        ({"ticked": True, "is_today": False}, CORRECTED + MINUTE, None),
        # Checked in there: a tick saves it, as long as both of us take corrections.
        ({"confirmed": True}, START, Risk(Act.TICK, CORRECTED)),
        # Unless a person has said that the guest was not here; a tick afterwards is the newer answer.
        ({"confirmed": True, "answered": True}, END + HOUR, None),
        ({"ticked": True, "answered": True}, END + HOUR, Risk(Act.REPORT, CORRECTED)),
        ({"confirmed": True, "correction_until": END + 2 * HOUR}, END, Risk(Act.TICK, END + 2 * HOUR)),
        ({"confirmed": True, "correction_until": END + 2 * HOUR}, END + 3 * HOUR, None),
        # Neither: asked again on the last day, unless a person has answered.
        ({"is_today": False}, CORRECTED - 23 * HOUR, Risk(Act.ANSWER, CORRECTED)),
        ({"is_today": False, "answered": True}, CORRECTED - 23 * HOUR, None),
        # Safe.
        ({"ticked": True, "confirmed": True}, END, None),
        ({"ticked": True, "takes_place": False}, END, None),
    ],
)
def test_what_saves_a_visit_and_until_when(given: dict[str, Any], now: datetime, found: Risk | None) -> None:
    assert risk(facts(**given), now=now) == found


def test_a_marketplace_may_have_its_own_times(settings: Any) -> None:
    settings.MARKETPLACE_CHECK_INS = settings.MARKETPLACE_CHECK_INS | {
        "onefit": {"opens_minutes": 30, "closes_minutes": 5, "corrected_hours": 24}
    }
    assert window_of("onefit") == Window(opens_before=30 * MINUTE, closes_after=5 * MINUTE, corrected_within=24 * HOUR)
    assert window_of("wellpass") == Window()


# At the counter

MOMENT = START + 20 * MINUTE


@pytest.fixture
def there(db: None) -> Connection:
    return connected()


@pytest.fixture
def session(there: Connection) -> ScheduledSession:
    item = item_of(there, name="Vinyasa Flow", teacher=TeacherFactory(studio=there.studio))
    return SessionFactory(item=item, starts_at=START)


def guest_booked(there: Connection, session: ScheduledSession, name: str = "Kim Jansen") -> Visit:
    first, last = name.split()
    with time_machine.travel(START - 24 * HOUR, tick=False):
        now = datetime.now(UTC)
        guest, _is_new = actions.welcome(there, external_id=uuid4().hex, first_name=first, last_name=last, now=now)
        return actions.book(there, session, guest, action_id=uuid4(), now=now)


def ticked(visit: Visit, by: StaffLogin, now: datetime = START) -> Reservation:
    assert visit.reservation is not None
    return bookings.check_in(visit.reservation, action_id=uuid4(), by=by, now=now).reservation


def login_of(there: Connection, preset: Preset, **fields: Any) -> StaffLogin:
    return StaffLoginFactory(studio=there.studio, preset=preset, **fields)


def strip(login: StaffLogin, at: datetime = MOMENT, **asked: Any) -> Any:
    client = Client()
    with time_machine.travel(at, tick=False):
        client.force_login(login.user)
        return client.get(
            reverse("marketplace:at_risk", args=[login.studio.slug]), asked, headers={"HX-Request": "true"}
        )


def told(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_tick_that_the_marketplace_has_not_confirmed_is_shown_with_its_time_and_its_rate(
    there: Connection, session: ScheduledSession
) -> None:
    visit = guest_booked(there, session)
    manager = login_of(there, Preset.MANAGER)
    ticked(visit, manager)
    html = told(strip(manager))
    for words in ("1 visit will not be paid unless you act", "Kim Jansen", "Vinyasa Flow", "70 min left", "8.00 EUR"):
        assert words in html
    assert f"#reservation-{visit.reservation_id}" in html
    # The desk sees how many and how long, not how much (rights).
    html = told(strip(login_of(there, Preset.DESK)))
    assert "70 min left" in html
    assert "EUR" not in html
    # Confirmed: safe.
    Visit.objects.filter(pk=visit.pk).update(confirmed_at=START)
    html = told(strip(manager))
    assert "All visits of today are safe." in html
    assert "Kim Jansen" not in html


def test_a_check_in_there_that_is_no_tick_here_is_one_press_from_safe(
    there: Connection, session: ScheduledSession
) -> None:
    visit = guest_booked(there, session)
    Visit.objects.filter(pk=visit.pk).update(confirmed_at=START)
    html = told(strip(login_of(there, Preset.OWNER)))
    assert "no tick here" in html
    assert reverse("bookings:check_in", args=[there.studio.slug, visit.reservation_id]) in html
    assert reverse("bookings:mark_no_show", args=[there.studio.slug, visit.reservation_id]) in html


def shown_pass(visit: Visit, now: datetime) -> Settled:
    assert visit.reservation is not None
    (found,) = passes_of(visit.reservation.member, list(visit.studio.locations.all()), now=now)
    return found.settled


def test_did_not_come_is_an_answer_to_a_check_in_there(there: Connection, session: ScheduledSession) -> None:
    visit, owner = guest_booked(there, session), login_of(there, Preset.OWNER)
    Visit.objects.filter(pk=visit.pk).update(confirmed_at=START)
    assert visit.reservation is not None
    assert shown_pass(visit, MOMENT) == Settled(Settlement.VALIDATED, Asked.CONFIRMED, START)
    bookings.mark_no_show(visit.reservation, action_id=uuid4(), by=owner, now=MOMENT)
    assert "Kim Jansen" not in told(strip(owner))
    assert shown_pass(visit, MOMENT) == Settled(Settlement.DISPUTED, Asked.DENIED, START)
    # Taken back: asked again.
    bookings.revert_no_show(visit.reservation, action_id=uuid4(), by=owner, now=MOMENT)
    assert "Kim Jansen" in told(strip(owner))
    assert shown_pass(visit, MOMENT) == Settled(Settlement.VALIDATED, Asked.CONFIRMED, START)


def test_an_additional_workout_is_worth_its_own_rate(there: Connection, session: ScheduledSession) -> None:
    visit = guest_booked(there, session)
    assert visit.terms is not None
    owner = login_of(there, Preset.OWNER)
    ticked(visit, owner)
    terms = visit.terms
    with_more = terms.contract.terms.create(
        studio=there.studio,
        first_on="2021-01-01",
        check_in_rate=terms.check_in_rate,
        additional_rate=Decimal("4.50"),
        tax_category="E",
    )
    Visit.objects.filter(pk=visit.pk).update(additional=True, terms=with_more)
    assert "4.50 EUR" in told(strip(owner))


def test_one_line_and_thirty_cost_the_same_queries(there: Connection, session: ScheduledSession) -> None:
    owner, numbers = login_of(there, Preset.OWNER), []
    session.item.capacity = 40
    session.item.save()
    ScheduledSession.objects.filter(pk=session.pk).update(capacity=40)
    session.refresh_from_db()
    client = Client()
    with time_machine.travel(MOMENT, tick=False):
        client.force_login(owner.user)
        client.get(reverse("marketplace:at_risk", args=[there.studio.slug]))  # what the first request asks once
    for many in (1, 29):
        for number in range(many):
            ticked(guest_booked(there, session, f"Kim Nr{many}x{number}"), owner)
        with time_machine.travel(MOMENT, tick=False), CaptureQueriesContext(database) as queries:
            answer = client.get(
                reverse("marketplace:at_risk", args=[there.studio.slug]), headers={"HX-Request": "true"}
            )
        numbers.append(len(queries))
    assert "30 visits will not be paid" in told(answer)
    assert numbers[0] == numbers[1]


def test_a_studio_without_marketplaces_is_not_told_that_all_is_safe(db: None) -> None:
    owner = StaffLoginFactory(preset=Preset.OWNER)
    html = told(strip(owner))
    assert "safe" not in html
    assert "hx-trigger" not in html


def test_a_teacher_sees_the_own_classes_and_a_pinned_desk_its_location(
    there: Connection, session: ScheduledSession
) -> None:
    visit = guest_booked(there, session)
    ticked(visit, login_of(there, Preset.OWNER))
    mine, other = login_of(there, Preset.TEACHER), login_of(there, Preset.TEACHER)
    assert session.teacher is not None
    session.teacher.login = mine
    session.teacher.save()
    TeacherFactory(studio=there.studio, login=other)
    assert "Kim Jansen" in told(strip(mine))
    assert "Kim Jansen" not in told(strip(other))
    assert "Kim Jansen" in told(strip(mine, session=session.pk))
    assert "Kim Jansen" not in told(strip(mine, session=session.pk + 1))
    pinned = login_of(there, Preset.DESK)
    pinned.locations.add(LocationFactory(studio=there.studio))
    assert "Kim Jansen" not in told(strip(pinned))


def test_without_script_it_is_a_page(there: Connection, session: ScheduledSession, client: Client) -> None:
    owner = login_of(there, Preset.OWNER)
    ticked(guest_booked(there, session), owner)
    with time_machine.travel(MOMENT, tick=False):
        client.force_login(owner.user)
        html = client.get(reverse("marketplace:at_risk", args=[there.studio.slug])).content.decode()
        counter = client.get(reverse("bookings:check_ins", args=[there.studio.slug])).content.decode()
        roster = client.get(reverse("bookings:session", args=[there.studio.slug, session.pk])).content.decode()
    assert "Kim Jansen" in html
    assert '<form id="act"' in html
    for page in (counter, roster):
        assert 'id="at-risk"' in page
        assert reverse("marketplace:at_risk", args=[there.studio.slug]) in page
