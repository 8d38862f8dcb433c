"""Closing days: set, listed, taken back; what stands on them; public holidays of the next year."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.models import Change, ClosingDays, StaffLogin, Studio
from portal.preferences.places import public_holidays
from portal.roles import Preset
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
)

pytestmark = pytest.mark.django_db

PAGE = "/linden/settings/closing-days/"


@pytest.fixture
def studio() -> Studio:
    studio = StudioFactory(slug="linden")
    LocationFactory(studio=studio, slug="centrum", name="Centrum", country="NL", position=0)
    LocationFactory(studio=studio, slug="munich", name="Munich", country="DE", region="BY", position=1)
    return studio


@pytest.fixture
def owner(studio: Studio) -> StaffLogin:
    return StaffLoginFactory(studio=studio)


@pytest.fixture
def client(owner: StaffLogin) -> Client:
    client = Client()
    client.force_login(owner.user)
    return client


def test_days_are_closed_and_opened_again_and_both_are_logged(client: Client, studio: Studio) -> None:
    assert client.post(PAGE, {"first_on": "2027-01-04", "last_on": "", "reason": "Floor"}).status_code == 302
    closing = ClosingDays.objects.get(studio=studio)
    assert (closing.first_on, closing.last_on, closing.location) == (date(2027, 1, 4), date(2027, 1, 4), None)
    assert "Floor" in client.get(PAGE).content.decode()
    assert client.post(f"{PAGE}{closing.pk}/remove/").status_code == 302
    assert not ClosingDays.objects.exists()
    assert list(Change.objects.order_by("id").values_list("kind", flat=True)) == ["added", "removed"]
    assert client.post(f"{PAGE}{closing.pk}/remove/").status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"first_on": "2027-01-04", "last_on": "2027-01-03", "reason": "x"}, "last_on"),
        ({"first_on": "2027-01-04", "last_on": "2029-01-03", "reason": "x"}, "last_on"),
        ({"first_on": "2027-02-30", "reason": "x"}, "first_on"),
        ({"first_on": "0001-01-01", "reason": "x"}, "first_on"),
        ({"first_on": "2027-01-04", "reason": ""}, "reason"),
        ({"first_on": "2027-01-04", "reason": "x" * 101}, "reason"),
        ({"first_on": "2027-01-04", "reason": "x", "location": "9999999"}, "location"),
    ],
)
def test_days_that_cannot_be_are_answered_with_words(
    client: Client, studio: Studio, sent: dict[str, str], field: str
) -> None:
    answer = client.post(PAGE, sent)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ClosingDays.objects.exists()


def test_the_preview_lists_the_classes_that_stand_on_these_days_and_who_is_booked(
    client: Client, studio: Studio
) -> None:
    place = studio.locations.get(slug="centrum")
    day = place.local_day(timezone.now()) + timedelta(days=10)
    start = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
    item = CalendarItemFactory(location=place, name="Vinyasa")
    ReservationFactory(session=SessionFactory(item=item, starts_at=start))
    SessionFactory(item=item, starts_at=start + timedelta(days=1), cancelled_at=timezone.now())
    SessionFactory(item=item, starts_at=start + timedelta(days=2))
    sent = {"first_on": f"{day}", "last_on": f"{day + timedelta(days=1)}", "reason": "Floor", "step": "preview"}
    answer = client.post(PAGE, sent, headers={"HX-Request": "true"})
    assert "1 class stands on these days, with 1 places booked" in answer.content.decode()
    assert answer.content.decode().count("Vinyasa") == 1
    elsewhere = client.post(PAGE, sent | {"location": str(studio.locations.get(slug="munich").pk)})
    assert "No class stands on these days." in elsewhere.content.decode()
    assert not ClosingDays.objects.exists()


def test_a_pinned_login_closes_its_own_location_and_never_the_studio(studio: Studio) -> None:
    manager = StaffLoginFactory(studio=studio, preset=Preset.MANAGER)
    place, other = studio.locations.get(slug="munich"), studio.locations.get(slug="centrum")
    manager.locations.add(place)
    client = Client()
    client.force_login(manager.user)
    sent = {"first_on": "2027-01-04", "reason": "x"}
    assert client.post(PAGE, sent).status_code == 422
    assert client.post(PAGE, sent | {"location": str(other.pk)}).status_code == 422
    assert client.post(PAGE, sent | {"location": str(place.pk)}).status_code == 302
    whole = ClosingDays.objects.create(studio=studio, first_on="2027-02-01", last_on="2027-02-01", reason="All")
    theirs = ClosingDays.objects.create(
        studio=studio, location=other, first_on="2027-02-01", last_on="2027-02-01", reason="Other"
    )
    assert client.post(f"{PAGE}{whole.pk}/remove/").status_code == 403
    assert client.post(f"{PAGE}{theirs.pk}/remove/").status_code == 404
    assert ClosingDays.objects.count() == 3


def test_public_holidays_are_those_of_the_country_and_of_the_region(studio: Studio) -> None:
    here, munich = studio.locations.get(slug="centrum"), studio.locations.get(slug="munich")
    assert (date(2027, 4, 27), "King's Day") in [
        (day, name) for day, name in public_holidays(here, date(2027, 1, 1), date(2027, 12, 31))
    ]
    days = [day for day, _name in public_holidays(munich, date(2027, 1, 1), date(2027, 12, 31))]
    assert date(2027, 1, 6) in days  # Epiphany, in Bavaria
    munich.region = "BE"
    assert date(2027, 1, 6) not in [day for day, _name in public_holidays(munich, date(2027, 1, 1), date(2027, 12, 31))]
    munich.country = ""
    assert public_holidays(munich, date(2027, 1, 1), date(2027, 12, 31)) == []


def test_a_holiday_fills_the_form(client: Client) -> None:
    page = client.get(PAGE, {"first_on": "2027-04-27", "reason": "King's Day"})
    assert 'value="2027-04-27"' in page.content.decode()
    assert client.get(PAGE, {"first_on": "x" * 300}).status_code == 200
