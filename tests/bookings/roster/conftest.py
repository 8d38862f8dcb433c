"""A class at Centrum from 18:00 to 19:00, seen at ten past six unless a test travels."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.models import ScheduledSession
from portal.models import Location, Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import client_of, login
from tests.bookings.scenes import at, evening_class
from tests.factories import CalendarItemFactory, LocationFactory, StudioFactory, TeacherFactory


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(at("18:10"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def studio() -> Studio:
    return StudioFactory(slug="linden", cancel_hours=12)


@pytest.fixture
def centrum(studio: Studio) -> Location:
    return LocationFactory(studio=studio, slug="centrum", name="Centrum", position=1)


@pytest.fixture
def vinyasa(centrum: Location) -> ScheduledSession:
    teacher = TeacherFactory(studio=centrum.studio, name="Mira Okafor")
    return evening_class(item=CalendarItemFactory(location=centrum, name="Vinyasa Flow", teacher=teacher))


@pytest.fixture
def desk(studio: Studio) -> Client:
    return client_of(login(studio))


@pytest.fixture
def owner(studio: Studio) -> Client:
    return client_of(login(studio, Preset.OWNER))
