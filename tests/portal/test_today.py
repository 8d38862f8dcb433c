"""Home for owners: today's numbers and what needs somebody, each leading to where it is acted on."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bookings.selectors import reception
from bookings.selectors.today import numbers
from marketplace.models import Conflict
from marketplace.selectors.health import SLOTS
from portal.models import Job, Location, StaffLogin, Ticket
from portal.roles import Preset
from portal.today.registry import GROUPS, cards_for
from tests.bookings.scenes import at
from tests.factories import LocationFactory, MemberFactory, ReservationFactory, SessionFactory, StaffLoginFactory
from tests.factories.marketplace import ConnectionFactory, ContractTermsFactory
from tests.factories.packages import PackageVersionFactory

pytestmark = pytest.mark.django_db
NOW = at("18:10")


@pytest.fixture
def place() -> Location:
    return LocationFactory(studio__slug="ours", slug="centrum", name="Centrum")


@pytest.fixture
def owner(place: Location, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


def evening(place: Location, people: int = 1) -> None:
    """One class that runs and one that is over, each with so many people in each state."""
    for starts in ("18:00", "15:00"):
        session = SessionFactory(item__location=place, starts_at=at(starts))
        for number in range(3 * people):
            states: list[dict[str, Any]] = [
                {"attendance": "checked_in", "checked_in_at": at(starts)},
                {"booking": "cancelled", "cancelled_at": at("09:00")},
                {},
            ]
            member = MemberFactory(studio=place.studio)
            ReservationFactory(session=session, member=member, **states[number % 3])


def page(client: Client, **headers: str) -> Any:
    with time_machine.travel(NOW, tick=False):
        return client.get("/ours/", headers=headers)


def cards(login: StaffLogin, places: list[Location]) -> dict[str, Any]:
    found = cards_for(login, now=NOW, locations=places)
    return {card.word: card for group in GROUPS for card in found[group]}


def test_an_empty_house_says_that_nothing_needs_anybody(client: Client, owner: StaffLogin) -> None:
    response = page(client)
    assert response.status_code == 200
    assert "Nothing needs you." in response.content.decode()
    assert "No class is planned." in response.content.decode()
    assert 'data-key="g o"' in response.content.decode()


@pytest.mark.parametrize("preset", [Preset.DESK, Preset.VIEWER, Preset.TEACHER])
def test_who_works_at_the_desk_goes_straight_to_check_ins(client: Client, place: Location, preset: Preset) -> None:
    client.force_login(StaffLoginFactory(studio=place.studio, preset=preset).user)
    response = client.get("/ours/")
    assert response.status_code == 302
    assert response.url == reverse("bookings:check_ins", args=["ours"])


def test_the_numbers_are_those_of_the_counter(owner: StaffLogin, place: Location) -> None:
    evening(place, 2)
    SessionFactory(item__location=place, starts_at=at("18:00", days=1))
    found, day = numbers(owner, [place], now=NOW)[place.pk], reception.day_of(owner, [place], now=NOW)
    assert {
        "in": found.is_in,
        "expected": found.expected,
        "missing": found.missing,
        "first": found.first,
    } == day.counts
    assert (found.is_in, found.expected, found.missing, found.no_shows) == (4, 8, 2, 2)


def test_who_is_pinned_sees_the_own_locations_alone(client: Client, place: Location) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord", name="Noord")
    evening(place)
    manager = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    manager.locations.add(noord)
    ContractTermsFactory(contract__connection__studio=place.studio)
    client.force_login(manager.user)
    text = page(client).content.decode()
    assert "Centrum" not in text
    assert "<b>0</b> in" in text
    assert "Next dates" not in text  # invoices are of the whole studio


def test_what_needs_somebody_is_told_with_where_to_go(client: Client, owner: StaffLogin, place: Location) -> None:
    evening(place)
    PackageVersionFactory(package__studio=place.studio)
    cancelled = SessionFactory(item__location=place, starts_at=at("19:00"), cancelled_at=NOW)
    ReservationFactory(session=cancelled, member=MemberFactory(studio=place.studio))
    place.studio.reservations.update(assigned="rule")
    there = ConnectionFactory(studio=place.studio)
    told = {"studio": place.studio, "connection": there, "location": place, "about": NOW, "opened_at": NOW}
    Conflict.objects.create(kind=Conflict.Kind.CHECK_IN_NOT_TAKEN, **told)
    Conflict.objects.create(kind=Conflict.Kind.CHECK_IN_WITHOUT_BOOKING, **told)
    asked = {"studio": place.studio, "login": owner, "subject": "PDF", "opened_at": NOW}
    Ticket.objects.create(reference="T-1", answered_at=NOW, **asked)
    Ticket.objects.create(reference="T-2", **asked)
    Job.objects.create(key="mail 1", kind="portal.mail", studio=place.studio, dead_at=NOW)
    found = cards(owner, [place])
    assert {word: card.value for word, card in found.items()} == {
        "conflicts": "1",
        "unmatched": "1",
        "unpaid": "2",
        "tickets": "1",
        "given_up": "1",
    }
    text = page(client).content.decode()
    assert "Nothing needs you" not in text
    with time_machine.travel(NOW, tick=False):
        answers = {word: client.get(card.url) for word, card in found.items() if card.url}
    assert [answer.status_code for answer in answers.values()] == [200] * 4
    assert answers["unpaid"].context["listed"] == 2  # exactly these


def test_dates_are_local_and_only_where_a_contract_bills(owner: StaffLogin, place: Location) -> None:
    assert "issued" not in cards(owner, [place])
    ContractTermsFactory(contract__connection__studio=place.studio, contract__connection__activated_at=at("10:00"))
    with time_machine.travel(NOW, tick=False):
        found = cards(owner, [place])
    assert {"closes", "issued", "payout"} <= set(found)
    assert found["issued"].on.day == 5
    assert found["closes"].on.day == 3  # at the end of the third day
    assert found["payout"].on.day >= 15
    viewer = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    assert not {"closes", "issued", "payout", "close"} & set(cards(viewer, [place]))


def test_each_connection_shows_its_last_day(client: Client, owner: StaffLogin, place: Location) -> None:
    ConnectionFactory(studio=place.studio, activated_at=NOW - timedelta(days=3))
    text = page(client).content.decode()
    assert text.count('<rect class="is-') == SLOTS
    assert "late" in text


def test_a_page_asks_for_its_body_again(client: Client, owner: StaffLogin) -> None:
    text = page(client, **{"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<div class="home"')
    assert "<html" not in text


def test_the_page_costs_the_same_for_many(client: Client, owner: StaffLogin, place: Location) -> None:
    def cost() -> int:
        page(client)
        with CaptureQueriesContext(connection) as queries:
            page(client)
        return len(queries)

    ConnectionFactory(studio=place.studio)
    evening(place)
    before = cost()
    noord = LocationFactory(studio=place.studio, slug="noord", name="Noord")
    evening(noord, 3)
    asked = {"studio": place.studio, "login": owner, "subject": "?", "opened_at": timezone.now()}
    for number in range(3):
        Ticket.objects.create(reference=f"T-{number}", answered_at=timezone.now(), **asked)
    assert cost() == before


def test_how_old_the_last_copy_is_stands_there_where_it_is_known(
    owner: StaffLogin, place: Location, settings: Any, tmp_path: Path
) -> None:
    assert "backup" not in cards(owner, [place])
    settings.BACKUP_FILE = str(tmp_path / "dump")
    (tmp_path / "dump").write_bytes(b"")
    os.utime(tmp_path / "dump", times=(NOW.timestamp(), NOW.timestamp() - 3 * 86_400))
    assert cards(owner, [place])["backup"].kind == "error"
    assert "backup" not in cards(StaffLoginFactory(studio=place.studio, preset=Preset.DESK), [place])
