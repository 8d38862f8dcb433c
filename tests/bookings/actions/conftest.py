"""A class of three places, and who stands at its desk."""

import pytest

from bookings.models import ScheduledSession
from portal.models import StaffLogin
from tests.bookings.scenes import evening_class
from tests.factories import StaffLoginFactory


@pytest.fixture
def session() -> ScheduledSession:
    return evening_class(item__capacity=3)


@pytest.fixture
def desk(session: ScheduledSession) -> StaffLogin:
    return StaffLoginFactory(studio=session.studio)
