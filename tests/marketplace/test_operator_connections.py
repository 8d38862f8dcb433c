"""The operator activates a connection on a page that says what happens (I1)."""

import pytest
from django.test import Client
from django.utils import timezone

from marketplace import actions
from marketplace.models import Connection
from portal.models import Change
from portal.operator import needs
from tests.factories import LocationFactory, StaffLoginFactory, UserFactory
from tests.factories.marketplace import MarketplaceFactory
from tests.marketplace.scenes import Marketplace as There
from tests.marketplace.test_connecting import NOW, set_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    found = Client()
    found.force_login(UserFactory(is_staff=True, is_superuser=True))
    return found


def waits() -> int:
    return next(one.count for one in needs.needs(timezone.now()) if one.word == "connections")


def test_what_is_ready_waits_on_the_first_page_and_is_activated_by_one_button(client: Client, there: There) -> None:
    owner = StaffLoginFactory(studio=LocationFactory(slug="centrum", name="Centrum").studio)
    connection = set_up(owner, MarketplaceFactory())
    url = f"/admin/marketplace/connection/{connection.pk}/activate/"
    assert waits() == 1
    assert url in client.get("/admin/marketplace/connection/?waits=you").content.decode()
    assert url in client.get(f"/admin/marketplace/connection/{connection.pk}/change/").content.decode()
    page = client.get(url)
    assert "Activate the connection" in page.content.decode()
    connection.refresh_from_db()
    assert connection.state == Connection.State.SETTING_UP
    client.post(url)
    connection.refresh_from_db()
    assert connection.state == Connection.State.LIVE
    assert Change.objects.filter(kind="activated", by_word="operator").count() == 1
    assert waits() == 0
    assert "Nothing to activate" in client.get(url).content.decode()


def test_what_is_not_ready_says_what_is_missing_and_stays(client: Client) -> None:
    owner = StaffLoginFactory(studio=LocationFactory().studio)
    connection = actions.begin(owner.studio, MarketplaceFactory(), by=owner, now=NOW)
    url = f"/admin/marketplace/connection/{connection.pk}/activate/"
    assert waits() == 0
    assert url not in client.get("/admin/marketplace/connection/?waits=studio").content.decode()
    page = client.get(url).content.decode()
    assert "Missing: the contract" in page
    assert '<button class="button primary">' not in page
    client.post(url)
    connection.refresh_from_db()
    assert connection.state == Connection.State.SETTING_UP


def test_only_the_operator_activates() -> None:
    owner = StaffLoginFactory(studio=LocationFactory(slug="centrum", name="Centrum").studio)
    connection = set_up(owner, MarketplaceFactory())
    url = f"/admin/marketplace/connection/{connection.pk}/activate/"
    helper = Client()
    helper.force_login(UserFactory(is_staff=True))
    assert helper.post(url).status_code == 403
    helper.force_login(owner.user)
    assert helper.post(url).status_code == 302
    connection.refresh_from_db()
    assert connection.state == Connection.State.SETTING_UP
