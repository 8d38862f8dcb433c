"""A studio with a class that takes a five-pack, its member, and who is logged in."""

import pytest
from django.test import Client

from bookings.models import CalendarItem, ItemPackage
from portal.models import Location, Member, StaffLogin
from portal.roles import Preset
from tests.factories import CalendarItemFactory, LocationFactory, MemberFactory, StaffLoginFactory
from tests.factories.packages import PackageFactory, PackageVersionFactory


@pytest.fixture
def place() -> Location:
    return LocationFactory(studio__slug="ours", slug="centrum", name="Centrum", zone="Europe/Berlin")


@pytest.fixture
def desk(place: Location, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.DESK)
    client.force_login(login.user)
    return login


@pytest.fixture
def owner(place: Location, client: Client) -> StaffLogin:
    login = StaffLoginFactory(studio=place.studio, preset=Preset.OWNER)
    client.force_login(login.user)
    return login


@pytest.fixture
def kim(place: Location) -> Member:
    return MemberFactory(studio=place.studio, first_name="Kim", last_name="de Boer")


@pytest.fixture
def flow(place: Location) -> CalendarItem:
    item = CalendarItemFactory(location=place, name="Flow")
    package = PackageFactory(studio=place.studio, name="5 Pack")
    PackageVersionFactory(package=package)
    ItemPackage.objects.create(studio=place.studio, item=item, package=package)
    return item
