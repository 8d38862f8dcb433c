"""From the first thought of a marketplace to its end, and who may take which step (I1, Q25, Q26)."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.sites import site
from django.contrib.messages import get_messages
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from bookings.actions import schedule
from marketplace import actions, words
from marketplace.models import Connection, ContractTerms, Marketplace
from marketplace.rules import Question, Stand
from marketplace.rules.agreeing import Misdated, TermsFacts, misdated
from marketplace.rules.connecting import Missing, Stage
from marketplace.selectors.connecting import progress_of
from marketplace.selectors.planned import Outcome
from portal.models import Change, Job, StaffLogin
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    UserFactory,
)
from tests.factories.marketplace import (
    ContractFactory,
    ContractTermsFactory,
    MarketplaceFactory,
)
from tests.marketplace.scenes import Marketplace as There
from tests.marketplace.scenes import book, connected, deliver, item_of, session_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RATES = {"check_in_rate": Decimal("8.00"), "tax_category": "E", "tax_rate": Decimal(0)}


@pytest.fixture
def owner() -> StaffLogin:
    place = LocationFactory(slug="centrum", name="Centrum")
    return StaffLoginFactory(studio=place.studio, preset=Preset.OWNER)


@pytest.fixture
def fitpass() -> Marketplace:
    return MarketplaceFactory()


def set_up(owner: StaffLogin, fitpass: Marketplace) -> Connection:
    """All that the operator waits for."""
    connection = actions.switch_on(owner.studio, fitpass, by=owner, now=NOW)
    contract = actions.save_contract(
        connection, number="7", currency="EUR", contracted_on=date(2026, 11, 1), ends_on=None, by=owner, now=NOW
    )
    actions.add_terms(contract, ContractTerms(first_on=date(2026, 11, 1), **RATES), by=owner, now=NOW)
    actions.set_locations(connection, {owner.studio.locations.get(): "c-1"}, by=owner, now=NOW)
    actions.make_secret(connection, by=owner, now=NOW)
    return Connection.objects.select_related("marketplace", "studio").get(pk=connection.pk)


def reached(connection: Connection) -> list[Stage]:
    fresh = Connection.objects.select_related("marketplace").get(pk=connection.pk)
    return [one.stage for one in progress_of(fresh, adapters=["testing"]).stages if one.at]


def kinds_of_change(connection: Connection) -> list[str]:
    changes = Change.objects.filter(subject="connection", subject_id=connection.pk).order_by("id")
    return list(changes.values_list("kind", flat=True))


class TestTheWay:
    def test_each_step_is_a_stage_with_its_moment_and_a_line_in_the_log(
        self, owner: StaffLogin, fitpass: Marketplace, there: There
    ) -> None:
        begun = actions.begin(owner.studio, fitpass, by=owner, now=NOW)
        assert (begun.state, reached(begun)) == ("setting_up", [])

        connection = set_up(owner, fitpass)
        assert reached(connection) == [Stage.CONTRACT, Stage.ADD_ON]
        assert actions.missing(connection) == ()

        live = actions.activate(connection, by_word="operator", now=NOW)
        assert (live.state, live.activated_at, connection.pk) == ("live", NOW, begun.pk)
        assert reached(connection) == [Stage.CONTRACT, Stage.ADD_ON, Stage.ACTIVATED]
        assert kinds_of_change(connection) == [
            "begun",
            "add_on_switched_on",
            "contract_written_down",
            "terms_added",
            "locations_matched",
            "secret_changed",
            "activated",
        ]
        assert set(kinds_of_change(connection)) <= set(words.DONE)

    def test_the_operator_cannot_activate_what_is_not_ready(self, owner: StaffLogin, fitpass: Marketplace) -> None:
        connection = actions.begin(owner.studio, fitpass, by=owner, now=NOW)

        with pytest.raises(actions.NotReady) as refusal:
            actions.activate(connection, by_word="operator", now=NOW)

        assert refusal.value.missing == (
            Missing.CONTRACT,
            Missing.TERMS,
            Missing.ADD_ON,
            Missing.LOCATIONS,
            Missing.SECRET,
            Missing.ADAPTER,
        )
        connection.refresh_from_db()
        assert connection.state == Connection.State.SETTING_UP

    def test_a_marketplace_without_bookings_needs_no_secret_and_shows_no_classes(self, owner: StaffLogin) -> None:
        onefit = Marketplace.objects.get(key="onefit")
        connection = actions.begin(owner.studio, onefit, by=owner, now=NOW)
        steps = progress_of(connection, adapters=[]).stages
        assert [one.stage for one in steps] == [Stage.CONTRACT, Stage.ADD_ON, Stage.ACTIVATED, Stage.BOOKED]
        assert Missing.SECRET not in actions.missing(connection)

    def test_a_class_that_is_allowed_later_is_noted(self, owner: StaffLogin, fitpass: Marketplace) -> None:
        connection = actions.begin(owner.studio, fitpass, by=owner, now=NOW)
        item = CalendarItemFactory(location=owner.studio.locations.get())
        schedule.edit_item(item, {"allows_marketplaces": True}, by=owner, now=NOW)
        assert reached(connection) == [Stage.ALLOWED]

    def test_a_class_that_was_allowed_before_is_noted_at_the_beginning(
        self, owner: StaffLogin, fitpass: Marketplace
    ) -> None:
        CalendarItemFactory(location=owner.studio.locations.get(), allows_marketplaces=True)
        assert actions.begin(owner.studio, fitpass, by=owner, now=NOW).allowed_at == NOW

    def test_another_studios_class_is_not(self, owner: StaffLogin, fitpass: Marketplace) -> None:
        CalendarItemFactory(allows_marketplaces=True)
        assert actions.begin(owner.studio, fitpass, by=owner, now=NOW).allowed_at is None

    def test_the_add_on_off_pauses_what_is_live_and_on_again_does_not_sell_by_itself(
        self, owner: StaffLogin, there: There
    ) -> None:
        connection = connected(added_at=NOW)
        actions.switch_off(connection, by=owner, now=NOW)
        connection.refresh_from_db()
        assert (connection.state, connection.added_at) == ("paused", None)
        assert Job.objects.filter(kind=actions.SYNC, payload__connection=connection.pk).exists()
        with pytest.raises(actions.NotReady):
            actions.resume(connection, by=owner, now=NOW)


class TestTheOperatorsDesk:
    @pytest.fixture
    def operator(self, client: Client) -> Client:
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        return client

    def activate(self, client: Client, connection: Connection) -> list[str]:
        answer = client.post(
            "/admin/marketplace/connection/", {"action": "activate", "_selected_action": [connection.pk]}, follow=False
        )
        return [str(one) for one in get_messages(answer.wsgi_request)]

    def test_activates_what_is_ready(
        self, operator: Client, owner: StaffLogin, fitpass: Marketplace, there: There
    ) -> None:
        connection = set_up(owner, fitpass)
        self.activate(operator, connection)
        connection.refresh_from_db()
        assert connection.state == Connection.State.LIVE
        change = Change.objects.get(subject="connection", kind="activated")
        assert (change.by, change.by_word) == (None, "operator")

    def test_says_what_is_missing(self, operator: Client, owner: StaffLogin, fitpass: Marketplace) -> None:
        connection = actions.begin(owner.studio, fitpass, by=owner, now=NOW)
        (said,) = self.activate(operator, connection)
        assert "was not activated. Missing: the contract, the terms of the contract, the add-on" in said
        connection.refresh_from_db()
        assert connection.state == Connection.State.SETTING_UP

    def test_shows_and_changes_nothing_else(self, operator: Client) -> None:
        connection = connected()
        page = operator.get(f"/admin/marketplace/connection/{connection.pk}/change/")
        assert page.status_code == 200
        assert "sealed" not in page.content.decode()
        assert operator.post(f"/admin/marketplace/connection/{connection.pk}/change/", {}).status_code == 403
        assert not site._registry[Connection].has_delete_permission(page.wsgi_request)
        contract = connection.contracts.get()
        assert operator.get(f"/admin/marketplace/contract/{contract.pk}/change/").status_code == 200
        assert operator.post(f"/admin/marketplace/contract/{contract.pk}/change/", {}).status_code == 403

    def test_gives_a_marketplace_an_adapter_that_there_is(self, operator: Client) -> None:
        given = {"name": "ClassPass", "shape": "pull", "adapter": "groupx", "horizon_days": "14"}
        path = "/admin/marketplace/marketplace/classpass/change/"
        assert operator.post(path, given | {"adapter": "telepathy"}).status_code == 200
        assert operator.post(path, given).status_code == 302
        assert Marketplace.objects.get(key="classpass").adapter == "groupx"

    def test_is_not_a_studios(self, client: Client, owner: StaffLogin, fitpass: Marketplace, there: There) -> None:
        connection = set_up(owner, fitpass)
        client.force_login(owner.user)
        assert client.post("/admin/marketplace/connection/", {"action": "activate"}).status_code in {302, 403}
        slug = owner.studio.slug
        for step in ("resume", "pause", "kinds", "locations"):
            client.post(f"/{slug}/marketplaces/{fitpass.key}/{step}/")
        client.post(f"/{slug}/settings/subscription/", {"marketplace": fitpass.key, "step": "on"})
        connection.refresh_from_db()
        assert (connection.state, connection.activated_at) == ("setting_up", None)


@pytest.mark.usefixtures("by_day")
class TestTheEnd:
    def test_who_is_booked_stays_until_the_class_is_over(self, owner: StaffLogin, there: There) -> None:
        connection = connected(added_at=NOW)
        now = timezone.now()
        booked, empty = session_of(connection), SessionFactory(item=item_of(connection))
        book(booked, source="fitpass")
        deliver(connection)
        there.heard.clear()

        ending = actions.end(connection, by=owner, now=now)
        actions.sync_if_told(connection.pk, cause="hand", now=now)
        deliver(connection)

        assert ending.state == Connection.State.PAUSED
        assert {(one[0], one[1]) for one in there.heard} <= {(booked.pk, "seats"), (empty.pk, "withdraw")}
        stands = dict(connection.listings.values_list("reference", "stand"))
        assert stands[booked.pk] == Stand.HELD
        assert progress_of(ending, adapters=[]).is_ending
        assert actions.finish_endings(now=now) == 0
        limit = booked.correction_until
        for still in (booked.starts_at, booked.ends_at + timedelta(hours=71), limit):
            assert actions.finish_endings(now=still) == 0
        assert actions.finish_endings(now=limit + timedelta(minutes=1)) == 1
        connection.refresh_from_db()
        assert connection.state == Connection.State.ENDED

    @pytest.mark.parametrize("hours", [72, 0])
    @pytest.mark.parametrize("day", [date(2026, 10, 24), date(2026, 3, 28)])
    def test_until_the_limit_of_a_class_that_was_never_told_over_the_nights_of_the_clocks(
        self, hours: int, day: date
    ) -> None:
        connection = connected(state="paused")
        connection.studio.locations.update(correction_hours=hours, zone="Europe/Amsterdam")
        connection.contracts.update(ends_on=day)
        starts_at = datetime.combine(day, time(18), ZoneInfo("Europe/Amsterdam")).astimezone(UTC)
        session = session_of(connection, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        ReservationFactory(session=session, source="fitpass")
        limit = session.correction_until

        assert not connection.listings.exists()
        assert actions.finish_endings(now=limit) == 0
        assert actions.finish_endings(now=limit + timedelta(minutes=1)) == 1

    def test_nobody_waits_for_who_cancelled_in_time_came_otherwise_or_whose_class_was_cancelled(self) -> None:
        connection = connected(state="paused")
        connection.contracts.update(ends_on=NOW.date())
        ReservationFactory(session=session_of(connection), source="direct")
        ReservationFactory(session=session_of(connection, cancelled_at=NOW), source="fitpass")
        ReservationFactory(session=session_of(connection), source="fitpass", booking="cancelled", cancelled_at=NOW)
        late = ReservationFactory(
            session=session_of(connection), source="fitpass", booking="late_cancelled", cancelled_at=NOW
        )
        assert actions.finish_endings(now=timezone.now()) == 0
        late.delete()
        assert actions.finish_endings(now=timezone.now()) == 1

    def test_a_message_that_came_is_applied_first(self) -> None:
        connection = connected(state="paused")
        connection.contracts.update(ends_on=NOW.date())
        message, _is_new = actions.store(connection, proof="current", method="POST", path="/", headers={}, body=b"{}")
        assert actions.finish_endings(now=timezone.now()) == 0
        actions.conclude(message, "refused", reason="x", now=NOW)
        assert actions.finish_endings(now=timezone.now()) == 1

    def test_what_never_was_live_ends_at_once_and_may_begin_anew_with_another_contract(
        self, owner: StaffLogin, fitpass: Marketplace, there: There
    ) -> None:
        connection = set_up(owner, fitpass)
        actions.end(connection, by=owner, now=NOW)
        connection.refresh_from_db()
        assert connection.state == Connection.State.ENDED

        anew = actions.begin(owner.studio, fitpass, by=owner, now=NOW)
        assert (anew.pk, anew.state, anew.activated_at, anew.contracted_on) == (connection.pk, "setting_up", None, None)
        assert actions.contract_of(anew) is None

    def test_a_switched_off_add_on_alone_ends_nothing(self, owner: StaffLogin) -> None:
        connection = connected(added_at=NOW)
        actions.switch_off(connection, by=owner, now=NOW)
        assert actions.finish_endings(now=NOW) == 0


class TestTerms:
    @pytest.mark.parametrize(
        ("first_on", "why"),
        [
            (date(2026, 11, 1), Misdated.TAKEN),
            (date(2026, 10, 31), Misdated.BEFORE_NEWEST),
            (date(2026, 11, 21), Misdated.OVER),
            (date(2026, 11, 22), None),
            (date(2026, 12, 31), None),
            (date(2027, 1, 1), Misdated.AFTER_END),
        ],
    )
    def test_a_further_version_begins_today_at_the_earliest(self, first_on: date, why: Misdated | None) -> None:
        facts = TermsFacts(
            first_on=first_on, others=(date(2026, 11, 1),), ends_on=date(2026, 12, 31), earlier_until=date(2026, 10, 1)
        )
        assert misdated(facts, today=date(2026, 11, 22)) is why

    @pytest.mark.parametrize(
        ("first_on", "why"), [(date(2026, 10, 1), Misdated.OTHER_CONTRACT), (date(2026, 10, 2), None)]
    )
    def test_the_first_begins_with_its_contract_after_the_one_before(
        self, first_on: date, why: Misdated | None
    ) -> None:
        facts = TermsFacts(first_on=first_on, others=(), ends_on=None, earlier_until=date(2026, 10, 1))
        assert misdated(facts, today=date(2026, 11, 22)) is why

    def test_are_never_rewritten(self) -> None:
        terms = ContractTermsFactory()
        terms.check_in_rate = Decimal("9.99")
        with pytest.raises(DatabaseError), transaction.atomic():
            terms.save()

    def test_a_version_that_does_not_fit_is_refused_by_the_action_too(self, owner: StaffLogin) -> None:
        contract = ContractFactory(connection__studio=owner.studio)
        ContractTermsFactory(contract=contract, first_on=date(2026, 11, 1))
        with pytest.raises(actions.NotAgreed) as refusal:
            actions.add_terms(contract, ContractTerms(first_on=date(2026, 11, 1), **RATES), by=owner, now=NOW)
        assert refusal.value.why is Misdated.TAKEN


def test_every_reason_has_its_words() -> None:
    assert set(words.QUESTIONS) == set(words.REASONS) == set(Question)
    assert set(words.STAGES) == set(words.NEXT) == set(Stage)
    assert set(words.MISSING) == set(Missing)
    assert set(words.OUTCOMES) == {str(one) for one in Outcome}
