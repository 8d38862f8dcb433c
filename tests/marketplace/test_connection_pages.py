"""The pages on which a studio connects: list, connection, contract, subscription, classes, dry run (I1, I2, Q25)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import CalendarItem
from marketplace.models import Call, Connection, ContractTerms, Visit
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, errors, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
)
from tests.factories.marketplace import (
    ConnectedLocationFactory,
    ConnectionFactory,
    ContractTermsFactory,
    MarketplaceFactory,
)
from tests.marketplace.scenes import Marketplace as There

pytestmark = pytest.mark.django_db

TERMS = {
    "first_on": "2026-12-01",
    "cancel_hours": "4",
    "check_in_rate": "8.40",
    "no_show_rate": "0",
    "late_cancel_rate": "0",
    "late_cancel_paid": "never",
    "additional_rate": "",
    "paid_per_day": "1",
    "paid_per_30_days": "",
    "quota": "6",
    "tax_category": "S",
    "tax_rate": "9",
    "issuer": "marketplace",
}


@pytest.fixture
def place() -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


@pytest.fixture
def connection(place: Location) -> Connection:
    """Live at Fitpass One, with a contract since long ago."""
    found = ConnectionFactory(studio=place.studio, added_at=NOW, client_id="fitpass-linden")
    ConnectedLocationFactory(connection=found, location=place, external_id="c-1")
    ContractTermsFactory(contract__connection=found)
    return found


def item(place: Location, **fields: Any) -> CalendarItem:
    found = CalendarItemFactory(**{"location": place, "allows_marketplaces": True, "capacity": 10, **fields})
    SessionFactory(item=found, starts_at=NOW + timedelta(days=1))
    return found


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(database) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


class TestTheList:
    def test_without_a_connection_says_what_is_needed(self, manager: StaffLogin) -> None:
        said = words(ask(manager, "marketplaces/"))
        assert "Not connected" in said
        assert "a contract with the marketplace, the ids of your locations there, and about 10 minutes" in said

    def test_begins_with_a_marketplace_and_says_what_comes_next(self, manager: StaffLogin) -> None:
        answer = ask(manager, "marketplaces/begin/", {"marketplace": "wellpass"}, status=302)
        assert answer.headers["Location"] == "/linden/marketplaces/wellpass/"
        said = words(ask(manager, "marketplaces/wellpass/"))
        assert "Sign a contract with Wellpass: that takes two to six weeks." in said
        assert "Only the operator of this installation can activate it." in said

    def test_names_what_the_operator_waits_for(self, manager: StaffLogin) -> None:
        found = ConnectionFactory(
            studio=manager.studio, state="setting_up", activated_at=None, contracted_on=NOW.date(), added_at=NOW
        )
        ContractTermsFactory(contract__connection=found)
        said = words(ask(manager, "marketplaces/"))
        assert (
            "Before the operator can activate the connection: the ids of the locations, a secret for the marketplace"
        ) in said

    def test_knows_no_marketplace_that_there_is_not(self, manager: StaffLogin) -> None:
        ask(manager, "marketplaces/begin/", {"marketplace": "nobody"}, status=404)
        ask(manager, "marketplaces/nobody/", status=404)
        ask(manager, "marketplaces/wellpass/", status=404)  # not connected

    def test_is_found_by_rail_and_palette(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        assert 'href="/linden/marketplaces/" data-key="g k"' in ask(manager, "schedule/").content.decode()
        found = ask(manager, "commands/?q=fitpass+dry").content.decode()
        assert "/linden/marketplaces/fitpass/dry-run/" in found
        desk = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
        assert "marketplaces/" not in ask(desk, "commands/?q=fitpass").content.decode().partition("<main")[2]
        assert "g k" not in ask(desk, "bookings/").content.decode()

    @pytest.mark.parametrize("preset", [Preset.DESK, Preset.TEACHER, Preset.VIEWER])
    def test_is_for_who_manages_connections(self, place: Location, connection: Connection, preset: Preset) -> None:
        login = StaffLoginFactory(studio=place.studio, preset=preset)
        for path in ("marketplaces/", "marketplaces/fitpass/", "settings/subscription/"):
            ask(login, path, status=403)

    def test_another_studio_sees_nothing_of_it(self, connection: Connection) -> None:
        stranger = StaffLoginFactory(preset=Preset.OWNER)
        ask(stranger, "marketplaces/fitpass/", status=404)
        ask(stranger, "marketplaces/fitpass/secret/", {}, status=404)

    def test_takes_as_many_queries_for_many(self, client: Client, manager: StaffLogin, connection: Connection) -> None:
        client.force_login(manager.user)
        queries(client, "/linden/marketplaces/")
        for_one = queries(client, "/linden/marketplaces/")
        for number in range(29):
            seller = MarketplaceFactory(key=f"seller-{number}", name=f"Seller {number}")
            another = ConnectionFactory(studio=manager.studio, marketplace=seller)
            ContractTermsFactory(contract__connection=another)
        assert queries(client, "/linden/marketplaces/") == for_one


class TestTheSubscription:
    def test_switches_the_add_on(self, manager: StaffLogin) -> None:
        ask(manager, "settings/subscription/", {"marketplace": "wellpass", "step": "on"}, status=302)
        found = manager.studio.connections.get()
        assert (found.marketplace_id, found.state, found.added_at) == ("wellpass", "setting_up", NOW)

        ask(manager, "settings/subscription/", {"marketplace": "wellpass", "step": "off"}, status=302)
        found.refresh_from_db()
        assert found.added_at is None

    def test_is_found_in_the_settings(self, manager: StaffLogin) -> None:
        assert "/linden/settings/subscription/" in ask(manager, "settings/?q=subscription").content.decode()

    def test_is_read_only_for_a_pinned_login(self, manager: StaffLogin, place: Location) -> None:
        LocationFactory(studio=place.studio, slug="noord")
        manager.locations.add(place)
        assert "you can read them" in words(ask(manager, "settings/subscription/"))
        ask(manager, "settings/subscription/", {"marketplace": "wellpass", "step": "on"}, status=403)
        assert not manager.studio.connections.exists()


class TestOneConnection:
    def test_says_why_a_course_series_never_goes(self, manager: StaffLogin, connection: Connection) -> None:
        page = ask(manager, "marketplaces/fitpass/")
        assert "Never: it is booked as a whole, and marketplaces sell single visits." in words(page)
        assert '<input type="checkbox" name="kinds" value="course" id="kind-course" disabled' in page.content.decode()
        ask(manager, "marketplaces/fitpass/kinds/", {"kinds": ["class", "event"]}, status=302)
        connection.refresh_from_db()
        assert connection.kinds == ["class", "event"]
        ask(manager, "marketplaces/fitpass/kinds/", {"kinds": ["course"]}, status=422)

    def test_shows_a_secret_once(self, manager: StaffLogin, connection: Connection) -> None:
        page = ask(manager, "marketplaces/fitpass/secret/", {})
        connection.refresh_from_db()
        assert connection.secret in page.content.decode()
        assert page.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
        assert connection.secret not in ask(manager, "marketplaces/fitpass/").content.decode()
        again = ask(manager, "marketplaces/fitpass/secret/", {})
        assert "The one before it is good until Wed 2 Dec, 12:00" in words(again)

    def test_asks_before_it_ends_a_secret_that_may_be_in_use(self, manager: StaffLogin, connection: Connection) -> None:
        """As a reload of the page with the new secret would do."""
        path = "marketplaces/fitpass/secret/"
        ask(manager, path, {})
        ask(manager, path, {})
        connection.refresh_from_db()
        before = connection.secrets(NOW)
        assert "Change the secret once more?" in words(ask(manager, path, {}))
        connection.refresh_from_db()
        assert connection.secrets(NOW) == before
        ask(manager, path, {"again": "1"})
        connection.refresh_from_db()
        assert connection.secrets(NOW)[1] == before[0]

    def test_takes_the_ids_of_the_locations(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        noord = LocationFactory(studio=place.studio, slug="noord", name="Noord")
        path, fields = "marketplaces/fitpass/locations/", (f"location_{place.pk}", f"location_{noord.pk}")
        twice = ask(manager, path, dict.fromkeys(fields, "c-1"), status=422)
        assert errors(twice, "locations") == {fields[1]: ["Centrum has this id already."]}
        ask(manager, path, {fields[0]: "a b"}, status=422)
        ask(manager, path, {fields[0]: "c-2", fields[1]: ""}, status=302)
        assert list(connection.locations.values_list("location__slug", "external_id")) == [("centrum", "c-2")]

    @pytest.mark.parametrize("address", ["http://fitpass.example/", "https://127.0.0.1/", "ftp://x.example/", "no"])
    def test_takes_no_address_that_is_not_called(
        self, manager: StaffLogin, connection: Connection, address: str
    ) -> None:
        ask(manager, "marketplaces/fitpass/address/", {"address": address}, status=422)
        connection.refresh_from_db()
        assert connection.address == ""

    def test_takes_one_in_the_public_internet(self, manager: StaffLogin, connection: Connection) -> None:
        ask(manager, "marketplaces/fitpass/address/", {"address": "https://hooks.fitpass.example/in"}, status=302)
        connection.refresh_from_db()
        assert connection.address == "https://hooks.fitpass.example/in"

    def test_pauses_and_sells_again(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        session = SessionFactory(item=item(place), starts_at=NOW + timedelta(days=2))
        ReservationFactory(session=session, source="fitpass", member=MemberFactory(studio=place.studio))
        ask(manager, "marketplaces/fitpass/pause/", {}, status=302)
        connection.refresh_from_db()
        assert connection.state == "paused"
        said = words(ask(manager, "marketplaces/fitpass/"))
        assert "Paused: nothing more is sold through Fitpass One" in said

        ask(manager, "marketplaces/fitpass/resume/", {}, status=302)
        connection.refresh_from_db()
        assert connection.state == "paused"
        assert "Still paused. Missing: the contract, a secret for the marketplace" in words(
            ask(manager, "marketplaces/fitpass/resume/", {}, status=302).client.get("/linden/marketplaces/fitpass/")
        )

    def test_ends_only_when_asked_twice(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        session = SessionFactory(item=item(place), starts_at=NOW + timedelta(days=2))
        ReservationFactory(session=session, source="fitpass", member=MemberFactory(studio=place.studio))
        assert "1 booking through Fitpass One stays." in words(ask(manager, "marketplaces/fitpass/end/"))
        connection.refresh_from_db()
        assert connection.state == "live"
        ask(manager, "marketplaces/fitpass/end/", {}, status=302)
        connection.refresh_from_db()
        assert (connection.state, connection.added_at) == ("paused", None)  # until nothing about the booking can change
        said = words(ask(manager, "marketplaces/fitpass/"))
        assert "When the last booking can be corrected no more, it ends by itself" in said

    def test_ends_at_once_where_nobody_was_booked(self, manager: StaffLogin, connection: Connection) -> None:
        assert "Nobody is booked through it." in words(ask(manager, "marketplaces/fitpass/end/"))
        ask(manager, "marketplaces/fitpass/end/", {}, status=302)
        connection.refresh_from_db()
        assert (connection.state, connection.added_at) == ("ended", None)


class TestTheContract:
    def test_leads_to_its_terms(self, manager: StaffLogin) -> None:
        ConnectionFactory(studio=manager.studio, state="setting_up", activated_at=None)
        ask(manager, "marketplaces/fitpass/terms/", status=302)
        given = {"number": "7", "contracted_on": "2026-11-02", "ends_on": "", "currency": "EUR"}
        first = ask(manager, "marketplaces/fitpass/contract/", given, status=302)
        assert first.headers["Location"] == "/linden/marketplaces/fitpass/terms/"
        ask(manager, "marketplaces/fitpass/terms/", TERMS | {"first_on": "2026-11-02"}, status=302)
        terms = ContractTerms.objects.get(studio=manager.studio)
        assert (terms.cancel_hours, terms.quota, terms.tax_rate) == (4, 6, 9)
        assert "holds now" in words(ask(manager, "marketplaces/fitpass/"))

    @pytest.mark.parametrize(
        ("changed", "name", "said"),
        [
            ({"first_on": "2020-01-01"}, "first_on", "From this day on another version holds already."),
            ({"first_on": "2019-01-01"}, "first_on", "A later version is agreed already."),
            ({"first_on": "2026-11-24"}, "first_on", "This day is over"),
            ({"tax_rate": "0"}, "tax_rate", "What is taxed needs a rate above 0."),
            ({"tax_category": "E"}, "tax_rate", "Only what is taxed has a rate."),
            ({"check_in_rate": "-1"}, "check_in_rate", "A rate is not below 0."),
            ({"late_cancel_rate": "3"}, "late_cancel_rate", "Late cancels are never paid, so their rate is 0."),
            ({"late_cancel_paid": "always"}, "late_cancel_rate", "Late cancels are paid, so they need a rate."),
            ({"paid_per_day": "3", "paid_per_30_days": "2"}, "paid_per_day", "A day cannot pay for more visits"),
        ],
    )
    def test_says_what_is_wrong_with_terms(
        self, manager: StaffLogin, connection: Connection, changed: dict[str, str], name: str, said: str
    ) -> None:
        answer = ask(manager, "marketplaces/fitpass/terms/", TERMS | changed, status=422)
        (error,) = errors(answer)[name]
        assert error.startswith(said)
        assert ContractTerms.objects.count() == 1

    @pytest.mark.parametrize(
        ("changed", "name"),
        [
            ({"ends_on": "2019-12-31", "contracted_on": "2019-01-01"}, "ends_on"),
            ({"ends_on": "2026-01-01"}, "ends_on"),
            ({"currency": "euro"}, "currency"),
            ({"contracted_on": "1026-11-02"}, "contracted_on"),
        ],
    )
    def test_says_what_is_wrong_with_itself(
        self, manager: StaffLogin, connection: Connection, changed: dict[str, str], name: str
    ) -> None:
        given = {"number": "7", "contracted_on": "2026-11-02", "ends_on": "", "currency": "EUR"}
        assert name in errors(ask(manager, "marketplaces/fitpass/contract/", given | changed, status=422))

    def test_keeps_its_currency_once_there_are_visits(self, manager: StaffLogin, connection: Connection) -> None:
        given = {"number": "7", "contracted_on": "2026-11-02", "ends_on": "", "currency": "CHF"}
        # Those of another contract say nothing about this one.
        other = ContractTermsFactory(contract__connection__marketplace=MarketplaceFactory(key="wellpass"))
        visit = {"studio": other.studio, "connection": other.contract.connection, "terms": other}
        Visit.objects.create(**visit, booking_ref="1")
        ask(manager, "marketplaces/fitpass/contract/", given, status=302)
        visit = {"studio": connection.studio, "connection": connection, "terms": ContractTerms.objects.earliest("pk")}
        Visit.objects.create(**visit, booking_ref="1")
        answer = ask(manager, "marketplaces/fitpass/contract/", given | {"currency": "EUR"}, status=422)
        assert errors(answer)["currency"][0].startswith("Visits are booked in CHF already.")
        ask(manager, "marketplaces/fitpass/contract/", given | {"number": "8"}, status=302)
        assert list(connection.contracts.values_list("number", "currency")) == [("8", "CHF")]

    def test_a_version_that_was_sent_twice_is_one(self, manager: StaffLogin, connection: Connection) -> None:
        ask(manager, "marketplaces/fitpass/terms/", TERMS, status=302)
        ask(manager, "marketplaces/fitpass/terms/", TERMS, status=422)
        assert ContractTerms.objects.count() == 2


class TestClasses:
    PATH = "marketplaces/fitpass/classes/"

    def form(self, *items: CalendarItem, **fields: str) -> dict[str, Any]:
        """As the page shows them, with what is changed."""
        shown = {f"seen-{one.pk}": f"{int(one.allows_marketplaces)}:{one.marketplace_quota or ''}" for one in items} | {
            f"quota-{one.pk}": str(one.marketplace_quota or "") for one in items
        }
        return shown | {"allow": [one.pk for one in items if one.allows_marketplaces]} | fields

    def test_say_of_each_why_it_is_not_sold(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        item(place, name="Flow")
        item(place, name="Course", kind="course", allows_marketplaces=False)
        item(place, name="Talk", kind="event")
        item(place, name="Off", allows_marketplaces=False)
        item(place, name="None", marketplace_quota=0)
        item(LocationFactory(studio=place.studio, slug="noord"), name="Far")
        page = ask(manager, self.PATH)
        assert {row.item.name: (row.number, row.why) for row in page.context["rows"]} == {
            "Flow": (1, ""),
            "Course": (0, "A course series is booked as a whole, and marketplaces sell single visits."),
            "Talk": (0, "This kind is not sent there. The connection's page has the switch."),
            "Off": (0, "Marketplace bookings are not allowed for it."),
            "None": (0, "Its places for marketplaces are 0."),
            "Far": (0, "The location has no id at the marketplace. Enter it on the connection's page."),
        }

    def test_a_tick_is_saved_by_the_schedules_own_action_so_that_marketplaces_hear(
        self, manager: StaffLogin, place: Location, connection: Connection, there: There
    ) -> None:
        off, stays = item(place, name="Off", allows_marketplaces=False), item(place, name="Stays")
        data = self.form(off, stays, allow=[off.pk, stays.pk]) | {f"quota-{off.pk}": "3"}  # type: ignore[arg-type]
        ask(manager, self.PATH, data, status=302)
        off.refresh_from_db()
        assert (off.allows_marketplaces, off.marketplace_quota) == (True, 3)
        told = Call.objects.filter(connection=connection).values_list("listing__session__item", flat=True)
        assert set(told) == {off.pk}
        changes = manager.studio.changes.filter(subject="calendaritem")
        assert [(one.subject_id, one.after) for one in changes] == [
            (off.pk, {"allows_marketplaces": True, "marketplace_quota": 3})
        ]

    def test_looking_saves_nothing(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        off = item(place, name="Off", allows_marketplaces=False)
        course = item(place, name="Course", kind="course", allows_marketplaces=False)
        page = ask(manager, self.PATH, self.form(off, course) | {"step": "all"})
        rows = {row.item.name: row.switch.allows for row in page.context["rows"]}
        assert rows == {"Off": True, "Course": False}
        assert page.context["counted"]["created"] == 1
        off.refresh_from_db()
        assert not off.allows_marketplaces

    def test_what_others_changed_meanwhile_is_not_overwritten(
        self, manager: StaffLogin, place: Location, connection: Connection
    ) -> None:
        found = item(place, name="Flow")
        data = self.form(found) | {f"quota-{found.pk}": "5"}
        CalendarItem.objects.filter(pk=found.pk).update(marketplace_quota=2)
        ask(manager, self.PATH, data, status=302)
        found.refresh_from_db()
        assert found.marketplace_quota == 2

    def test_a_number_that_is_none_is_an_error_beside_it(
        self, manager: StaffLogin, place: Location, connection: Connection
    ) -> None:
        found = item(place)
        page = ask(manager, self.PATH, self.form(found) | {f"quota-{found.pk}": "-1"}, status=422)
        assert "A whole number, or empty for as many as there are." in words(page)

    def test_of_other_locations_are_not_a_pinned_logins(
        self, manager: StaffLogin, place: Location, connection: Connection
    ) -> None:
        far = item(LocationFactory(studio=place.studio, slug="noord"), name="Far")
        manager.locations.add(place)
        assert ask(manager, self.PATH).context["rows"] == []
        ask(manager, self.PATH, self.form(far) | {"allow": []}, status=302)
        far.refresh_from_db()
        assert far.allows_marketplaces


class TestTheDryRunsPage:
    def test_says_what_would_happen_and_why(self, manager: StaffLogin, place: Location, connection: Connection) -> None:
        item(place, name="Flow")
        item(place, name="Off", allows_marketplaces=False)
        page = ask(manager, "marketplaces/fitpass/dry-run/")
        assert [(row.session.item.name, str(said), reason) for row, said, reason in page.context["rows"]] == [
            ("Flow", "would be published", ""),
            ("Off", "not published", "Marketplace bookings are not allowed for it."),
        ]
        chosen = ask(manager, "marketplaces/fitpass/dry-run/?outcome=created")
        assert [row.session.item.name for row, *_rest in chosen.context["rows"]] == ["Flow"]
        assert not Call.objects.exists()


@pytest.mark.parametrize("path", ["", "classes/", "dry-run/"])
def test_one_class_takes_as_many_queries_as_thirty(
    client: Client, manager: StaffLogin, place: Location, connection: Connection, path: str, there: There
) -> None:
    client.force_login(manager.user)
    now = timezone.now()

    def add() -> None:
        found = CalendarItemFactory(location=place, allows_marketplaces=True)
        SessionFactory(item=found, starts_at=now + timedelta(days=1))

    add()
    url = f"/linden/marketplaces/fitpass/{path}"
    queries(client, url)
    for_one = queries(client, url)
    for _ in range(29):
        add()
    assert queries(client, url) == for_one
