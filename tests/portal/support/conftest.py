import pytest
from django.core.cache import cache

from portal.models import Answer, StaffLogin, Studio
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory


@pytest.fixture
def studio() -> Studio:
    place = LocationFactory(studio__slug="one", slug="centrum", name="Centrum", zone="Europe/Amsterdam")
    found: Studio = place.studio
    return found


@pytest.fixture
def owner(studio: Studio) -> StaffLogin:
    return StaffLoginFactory(studio=studio, preset=Preset.OWNER, user__name="Ana Vos", user__email="ana@one.test")


@pytest.fixture
def desk(studio: Studio) -> StaffLogin:
    return StaffLoginFactory(studio=studio, preset=Preset.DESK, user__name="Kim Desk", user__email="kim@one.test")


@pytest.fixture(autouse=True)
def _fresh(db: None) -> None:
    cache.clear()
    Answer.objects.all().delete()
    for slug, title, pages in (("in", "How do I check in?", ["bookings:check_ins"]), ("pay", "When am I paid?", [])):
        Answer.objects.create(slug=slug, language="en", title=title, pages=pages, text=f"{slug}.", topic="help")
