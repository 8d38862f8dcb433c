"""The demo studio's marketplaces: what issue, sandbox and a visitor of the demo rely on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookings.demo.load import load
from bookings.demo.plan import DEMO
from bookings.models import Reservation
from marketplace.demo.load import CLIENT_ID, HOOK, SECRET
from marketplace.models import Connection, ContractTerms, Guest, Visit
from marketplace.sandbox.environment import read
from marketplace.selectors.offers import wanted
from portal.models import Job, Studio

NOW = datetime(2026, 7, 3, 10, 30, tzinfo=UTC)
SHORT = [replace(DEMO, members=380, past=timedelta(days=2), future=timedelta(days=1))]

pytestmark = pytest.mark.django_db


def test_the_demo_at_its_marketplaces(tmp_path: Path, settings: Any) -> None:
    """One test, because loading the demo takes as long as fifty others."""
    settings.MEDIA_ROOT = tmp_path
    settings.SANDBOX_ADDRESS = "http://127.0.0.1:8001/hooks/"
    load(now=NOW, plans=SHORT)
    studio = Studio.objects.get(slug="demo")
    wellpass_is_live_as_the_sandbox_knows_it(studio)
    each_booking_of_a_marketplace_has_its_guest_and_its_pass(studio)
    onefit_sends_people_and_wellhub_is_on_its_way(studio)
    again_only_says_where_the_sandbox_is(studio, settings)
    days_that_are_added_have_their_visits(studio)


def wellpass_is_live_as_the_sandbox_knows_it(studio: Studio) -> None:
    connection = studio.connections.get(marketplace="wellpass")
    beside = read({})
    assert (connection.state, connection.client_id, connection.secret) == ("live", CLIENT_ID, SECRET)
    assert (beside.client_id, beside.client_secret, beside.hook) == (CLIENT_ID, SECRET, str(HOOK))
    assert set(connection.locations.values_list("external_id", flat=True)) == set(beside.locations)
    assert connection.address == "http://127.0.0.1:8001/hooks/"
    assert Job.objects.filter(kind="marketplace.sync", payload__connection=connection.pk).exists()
    last = connection.sync_runs.latest("started_at")
    assert NOW - timedelta(minutes=30) < last.started_at <= NOW
    # Its contract is late within 4 hours, the studio's own rule within 24.
    terms = ContractTerms.objects.on(NOW.date()).filter(contract__connection=connection).first()
    assert terms is not None
    assert (terms.cancel_hours, studio.cancel_hours) == (4, 24)
    ahead = Reservation.objects.active().filter(studio=studio, source="wellpass", starts_at__gt=NOW)
    assert {one.starts_at - one.deadline_at for one in ahead} == {timedelta(hours=4)}
    sessions = list(studio.sessions.filter(starts_at__gt=NOW).values_list("pk", flat=True))
    assert any(one.offer for one in wanted(connection, sessions, now=NOW).values())


def each_booking_of_a_marketplace_has_its_guest_and_its_pass(studio: Studio) -> None:
    for key in ("wellpass", "onefit"):
        booked = Reservation.objects.filter(studio=studio, source=key)
        assert booked.exists()
        assert (
            Visit.objects.filter(reservation__in=booked, pass_name=booked[0].visit.pass_name).count() == booked.count()
        )
        assert Guest.objects.filter(connection__marketplace=key).count() == len({one.member_id for one in booked})


def onefit_sends_people_and_wellhub_is_on_its_way(studio: Studio) -> None:
    found = {one.marketplace_id: one for one in studio.connections.select_related("marketplace")}
    assert (found["onefit"].state, found["onefit"].marketplace.shape) == ("live", "check_in")
    assert found["wellhub"].state == Connection.State.SETTING_UP
    assert Connection.objects.exclude(studio=studio).count() == 0


def again_only_says_where_the_sandbox_is(studio: Studio, settings: Any) -> None:
    before = list(Connection.objects.order_by("pk").values("pk", "state", "client_id"))
    visits = Visit.objects.count()
    settings.SANDBOX_ADDRESS = "http://127.0.0.1:9001/hooks/"
    load(now=NOW + timedelta(hours=1), plans=SHORT)
    assert list(Connection.objects.order_by("pk").values("pk", "state", "client_id")) == before
    assert Visit.objects.count() == visits
    assert studio.connections.get(marketplace="wellpass").address == "http://127.0.0.1:9001/hooks/"


def days_that_are_added_have_their_visits(studio: Studio) -> None:
    load(now=NOW + timedelta(days=2), plans=SHORT, refresh=True)
    assert not Reservation.objects.filter(studio=studio, source__in=["wellpass", "onefit"], visit=None).exists()
