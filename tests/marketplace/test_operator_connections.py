"""The operator activates a connection on a page that says what happens (I1)."""

import pytest
from django.test import Client
from django.utils import timezone

from invoicing.models import Seller
from marketplace import actions
from marketplace.models import Connection
from portal.models import Change, Ticket
from portal.operator import needs
from tests.factories import LocationFactory, StaffLoginFactory, UserFactory
from tests.factories.marketplace import MarketplaceFactory
from tests.marketplace.scenes import Marketplace as There
from tests.marketplace.test_connecting import NOW, set_up
from tests.routes import all_routes

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


#: What is set there reaches somebody outside, or stands for money.
OUTSIDE = {"marketplace.views.connections", "marketplace.views.connection_deeds", "marketplace.views.agreeing"}
OUTSIDE |= {"marketplace.views.subscription", "invoicing.views.settings"}


def test_a_studio_for_practice_has_no_marketplace_and_the_operator_no_work_with_it(
    client: Client, there: There
) -> None:
    real = LocationFactory().studio
    place = LocationFactory(slug="centrum", name="Centrum", studio__practice_of=real)
    owner = StaffLoginFactory(studio=place.studio, preset="owner")
    StaffLoginFactory(studio=real, user=owner.user, preset="owner")
    seller, slug = MarketplaceFactory(), place.studio.slug
    theirs = Client()
    theirs.force_login(owner.user)
    answer = theirs.post(f"/{slug}/marketplaces/begin/", {"marketplace": seller.pk}, follow=True)
    assert "That is done in the real studio" in answer.content.decode()
    theirs.post(f"/{slug}/settings/subscription/", {"marketplace": seller.pk, "on": "1"})
    theirs.post(f"/{slug}/settings/invoices/", {"legal_name": "X"})
    assert not Connection.objects.exists()
    assert not Seller.objects.exists()
    now, connection = timezone.now(), set_up(owner, seller)
    url = f"/admin/marketplace/connection/{connection.pk}/activate/"
    assert waits() == 0
    assert client.post(url).status_code == 404
    client.post("/admin/marketplace/connection/", {"action": "activate", "_selected_action": [connection.pk]})
    connection.refresh_from_db()
    assert connection.state == Connection.State.SETTING_UP
    Connection.objects.update(state="live", late_at=now, activated_at=now)
    Ticket.objects.create(studio=place.studio, reference="T-1", subject="s", opened_at=now)
    found = {one.word for one in needs.needs(now) if one.count}
    assert not found & {"silent_connections", "tickets", "connections"}
    for listed in ("marketplace/connection/?waits=marketplace", "portal/ticket/?state=waiting"):
        assert client.get(f"/admin/{listed}").context["cl"].result_count == 0


def test_every_page_that_reaches_outside_is_of_real_studios() -> None:
    views = [one.view for one in all_routes() if one.view.__module__ in OUTSIDE]
    assert len(views) > 15
    unsafe = [view for view in views if view.access[1] or "invoicing" in view.__module__]
    assert [view.__name__ for view in unsafe if not view.real] == []
