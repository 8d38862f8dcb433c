"""What is sold of a studio by its connection: places, kinds, secrets, and what the next comparison would say (I1)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from marketplace import actions
from marketplace.models import Connection
from marketplace.selectors.planned import Outcome, Switch, planned
from portal.models import Change, StaffLogin
from portal.roles import Preset
from tests.factories import (
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.marketplace.scenes import Marketplace as There
from tests.marketplace.scenes import connected, deliver, item_of, session_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def owner() -> StaffLogin:
    place = LocationFactory(slug="centrum", name="Centrum")
    return StaffLoginFactory(studio=place.studio, preset=Preset.OWNER)


class TestMatching:
    def test_ids_can_change_places(self, owner: StaffLogin) -> None:
        connection = connected()
        noord = LocationFactory(studio=connection.studio, slug="noord")
        centrum = connection.studio.locations.get(pk=connection.locations.get().location_id)
        actions.set_locations(connection, {centrum: "a", noord: "b"}, by=owner, now=NOW)
        actions.set_locations(connection, {centrum: "b", noord: "a"}, by=owner, now=NOW)
        assert dict(connection.locations.values_list("location__slug", "external_id")) == {
            centrum.slug: "b",
            "noord": "a",
        }

    def test_those_that_the_login_does_not_see_stay(self, owner: StaffLogin) -> None:
        connection = connected()
        noord = LocationFactory(studio=connection.studio, slug="noord")
        actions.set_locations(connection, {noord: "b"}, by=owner, now=NOW)
        assert connection.locations.count() == 2

    def test_a_course_series_never_goes(self, owner: StaffLogin) -> None:
        connection = connected()
        actions.set_kinds(connection, ["class", "course", "event"], by=owner, now=NOW)
        connection.refresh_from_db()
        assert connection.kinds == ["class", "event"]

    def test_a_new_secret_leaves_the_old_one_good_for_a_week(self, owner: StaffLogin) -> None:
        connection = connected()
        first = actions.make_secret(connection, by=owner, now=NOW)
        second = actions.make_secret(connection, by=owner, now=NOW)
        connection.refresh_from_db()
        assert first.startswith("whsec_")
        assert connection.secrets(NOW) == [second, first]
        assert connection.secrets(NOW + timedelta(days=7)) == [second]
        assert first not in str(list(Change.objects.values()))


class TestTheDryRun:
    def outcomes(self, connection: Connection, **given: object) -> dict[int, Outcome]:
        places = list(connection.studio.locations.all())
        rows = planned(connection, places, now=timezone.now(), can_move=True, **given)  # type: ignore[arg-type]
        return {row.session.pk: row.outcome for row in rows}

    def test_says_what_the_next_comparison_says(self, there: There) -> None:
        connection = connected()
        new, told = session_of(connection), session_of(connection)
        changed, closed = session_of(connection), session_of(connection)
        off = SessionFactory(item=item_of(connection, allows_marketplaces=False))
        now = timezone.now()
        with transaction.atomic():
            actions.tell(connection.studio, [told.pk, changed.pk, closed.pk], now=now)
        deliver(connection)
        type(changed).objects.filter(pk=changed.pk).update(capacity=4)
        type(closed.item).objects.filter(pk=closed.item_id).update(allows_marketplaces=False)

        before = self.outcomes(connection)

        assert before == {
            new.pk: Outcome.CREATED,
            told.pk: Outcome.UNCHANGED,
            changed.pk: Outcome.CHANGED,
            closed.pk: Outcome.HIDDEN,
            off.pk: Outcome.LEFT_OUT,
        }
        there.heard.clear()
        actions.sync(connection, cause="hand", now=timezone.now())
        deliver(connection)
        assert {reference for reference, _what, _offer in there.heard} == {new.pk, changed.pk, closed.pk}
        assert set(self.outcomes(connection).values()) == {Outcome.UNCHANGED, Outcome.LEFT_OUT}

    def test_leaves_out_what_no_comparison_looks_at(self, there: There) -> None:
        """Booked there once, allowed no more and never told: nothing is said of it."""
        connection = connected()
        session = SessionFactory(item=item_of(connection, allows_marketplaces=False))
        ReservationFactory(session=session, source="fitpass")
        assert self.outcomes(connection) == {session.pk: Outcome.LEFT_OUT}
        assert actions.sync(connection, cause="hand", now=timezone.now()).differed == 0

    def test_looks_at_a_connection_that_is_not_live_as_if_it_were(self) -> None:
        connection = connected(state=Connection.State.SETTING_UP, activated_at=None)
        session = session_of(connection)
        assert self.outcomes(connection) == {session.pk: Outcome.CREATED}
        assert connection.state == Connection.State.SETTING_UP

    def test_looks_at_switches_that_nobody_has_saved(self) -> None:
        connection = connected()
        item = item_of(connection, allows_marketplaces=False)
        session = SessionFactory(item=item)
        assert self.outcomes(connection, switches={item.pk: Switch(True, 0)}) == {session.pk: Outcome.LEFT_OUT}
        assert self.outcomes(connection, switches={item.pk: Switch(True, 2)}) == {session.pk: Outcome.CREATED}
        item.refresh_from_db()
        assert not item.allows_marketplaces
