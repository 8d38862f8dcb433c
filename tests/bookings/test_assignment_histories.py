"""Whatever happens to bookings and purchases in whatever order: lists and the rule count alike, and nothing drifts.

Generated histories (K6, Q2-Q4, Q9): booked, cancelled in time and late, taken back, ticked, missed, moved, called off
and taken up again, swept late or never, assigned by hand, held, expired, extended, adjusted and refunded.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings import actions
from bookings.actions import assigning
from bookings.actions.schedule import calling_off, edit_session
from bookings.models import ItemPackage, Reservation, ScheduledSession
from bookings.plans import Scope, SessionValues
from bookings.rules import CancelAs
from bookings.selectors.purchases import ledger
from bookings.selectors.recount import recount
from bookings.selectors.wallet import Balance, balances
from packages import actions as packages
from packages.models import Purchase
from packages.rules import Verdict
from portal.models import StaffLogin
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.packages import PackageVersionFactory

START = datetime(2026, 10, 23, 9, tzinfo=UTC)  # the night to the 25th has 25 hours in Amsterdam
REFUSALS = (actions.Refused, packages.NotPossible)
STEPS = 12

pytestmark = pytest.mark.django_db


class Studio:
    """Two classes, two people, two packages, and whatever is done there."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self.draw, self.now = draw, START
        place = LocationFactory(grace_minutes=draw(st.sampled_from([0, 15])))
        self.place, self.studio = place, place.studio
        self.by: StaffLogin = StaffLoginFactory(studio=place.studio)
        self.members = [MemberFactory(studio=place.studio) for _ in range(2)]
        self.terms = [
            PackageVersionFactory(package__studio=place.studio, uses=uses, late_cancel_uses=late)
            for uses, late in ((2, True), (1, False))
        ]
        item = CalendarItemFactory(location=place, studio=place.studio)
        for terms in self.terms:
            ItemPackage.objects.create(studio=place.studio, item=item, package=terms.package)
        self.sessions = [SessionFactory(item=item, starts_at=START + timedelta(hours=24 * n + 1)) for n in range(5)]
        self.overruled = False
        for member in self.members:
            packages.sell(self.terms[0].package, member, zone=place.tz, **self.given())
            for session in self.sessions[:2]:
                actions.reserve(session, member, source="desk", **self.given())

    def one(self, rows: Any) -> Any:
        found = list(rows.order_by("pk"))
        return self.draw(st.sampled_from(found)) if found else None

    def step(self) -> None:
        with suppress(*REFUSALS):
            self.draw(st.sampled_from(DEEDS))(self)

    def given(self) -> dict[str, Any]:
        return {"action_id": uuid4(), "by": self.by, "now": self.now}

    def row(self) -> Reservation | None:
        return self.one(Reservation.objects.filter(studio=self.studio).select_related("session"))

    def bought(self) -> Purchase | None:
        return self.one(Purchase.objects.filter(studio=self.studio))

    def check(self) -> None:
        """At this moment, at each end, and a day after all: the sums are those of the rule, one by one."""
        rows = Reservation.objects.filter(studio=self.studio)
        purchases = list(Purchase.objects.filter(studio=self.studio))
        for now in (self.now, self.now + timedelta(minutes=75), START + timedelta(days=9)):
            words = dict(rows.with_count(now).values_list("pk", "count_word"))
            told = {row.pk: row for row in rows.select_related("session", "location", "purchase__version")}
            assert words == {pk: row.count(now).verdict for pk, row in told.items()}
            by_hand = {}
            for one in purchases:
                verdicts = [row.count(now).verdict for row in told.values() if row.purchase_id == one.pk]
                numbers = verdicts.count(Verdict.COUNTED), verdicts.count(Verdict.NOT_YET)
                by_hand[one.pk] = Balance(one.uses, *numbers)
                lines = ledger(one, now=now)
                assert lines[0].left == (one.uses or 0) - numbers[0]
                assert sum(line.change for line in lines) == lines[0].left
                assert sum(entry.uses or 0 for entry in one.entries.all()) == one.uses
            assert balances(purchases, now=now) == by_hand
            used = {pk: one for pk, one in by_hand.items() if any(row.purchase_id == pk for row in told.values())}
            assert recount(self.studio, now=now) == used
            if not self.overruled:
                assert all(one.free is not None and one.free >= 0 for one in by_hand.values())
        assert all(row.purchase_id is None or row.purchase.member_id == row.member_id for row in told.values())


def time_passes(here: Studio) -> None:
    here.now += timedelta(minutes=here.draw(st.sampled_from([30, 70, 600, 1440])))


def book(here: Studio) -> None:
    session, member = here.draw(st.sampled_from(here.sessions)), here.draw(st.sampled_from(here.members))
    actions.reserve(session, member, source="desk", **here.given())


def sell(here: Studio) -> None:
    terms, member = here.draw(st.sampled_from(here.terms)), here.draw(st.sampled_from(here.members))
    ago = timedelta(days=here.draw(st.sampled_from([0, 3])))
    packages.sell(terms.package, member, zone=here.place.tz, purchased_at=here.now - ago, **here.given())


def cancel(here: Studio) -> None:
    """One that is booked, by the first way of these that the rule allows."""
    if row := here.one(Reservation.objects.active().filter(studio=here.studio).select_related("session")):
        for way in here.draw(st.permutations(list(CancelAs))):
            with suppress(actions.Refused):
                actions.cancel(row, outcome=way, **here.given())
                return


def tick(here: Studio) -> None:
    if row := here.row():
        here.draw(st.sampled_from([actions.check_in, actions.mark_no_show]))(row, **here.given())


def take_back(here: Studio) -> None:
    verbs = [actions.reinstate, actions.revert_check_in, actions.revert_no_show, actions.withdraw]
    if row := here.row():
        here.draw(st.sampled_from(verbs))(row, **here.given())


def call_off(here: Studio) -> None:
    session = ScheduledSession.objects.get(pk=here.draw(st.sampled_from(here.sessions)).pk)
    verb = (
        calling_off.restore_session
        if session.cancelled_at
        else lambda one, **by: calling_off.cancel_sessions([one], **by)
    )
    verb(session, by=here.by, now=here.now)


def move(here: Studio) -> None:
    session = ScheduledSession.objects.select_related("location", "item", "studio").get(
        pk=here.draw(st.sampled_from(here.sessions)).pk
    )
    values = SessionValues.of(session)
    day = values.day + timedelta(days=here.draw(st.sampled_from([-1, 1, 2])))
    moved = SessionValues(**(vars(values) | {"day": day}))
    edit_session(session, moved, Scope.ONE, by=here.by, now=here.now)


def sweep(here: Studio) -> None:
    actions.sweep_no_shows(now=here.now)


def by_hand(here: Studio) -> None:
    if row := here.row():
        own = Purchase.objects.filter(member=row.member_id)
        chosen = here.one(own) if here.draw(st.booleans()) else None
        here.overruled |= chosen is not None
        assigning.assign(row, chosen, **here.given())


def ask_again(here: Studio) -> None:
    if row := here.row():
        assigning.choose_again(row, **here.given())


def change_purchase(here: Studio) -> None:
    if one := here.bought():
        today = here.place.local_day(here.now)
        asked: dict[Any, dict[str, Any]] = {
            packages.hold: {"first_on": today, "last_on": today + timedelta(days=1), "reason": ""},
            packages.resume: {"on": today},
            packages.expire: {"reason": ""},
            packages.revive: {},
            packages.extend: {"last_on": today + timedelta(days=2), "reason": "x"},
            packages.refund: {"amount": one.price, "reason": "x"},
            packages.adjust: {
                "uses": here.draw(st.sampled_from([-2, -1, 1])),
                "spoken_for": lambda it: balances([it], now=here.now)[it.pk].spoken_for,
                "reason": "x",
            },
        }
        verb = here.draw(st.sampled_from(list(asked)))
        verb(one, **asked[verb], **here.given())


DEEDS = [
    *[book] * 4,
    *[sell] * 3,
    *[cancel] * 3,
    *[tick] * 2,
    *[take_back] * 3,
    *[call_off] * 2,
    *[change_purchase] * 2,
    move,
    sweep,
    by_hand,
    ask_again,
    time_passes,
    time_passes,
]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_nothing_drifts_whatever_happens(db: None, data: Any) -> None:
    here = Studio(data.draw)
    for _step in range(STEPS):
        here.step()
    here.check()
