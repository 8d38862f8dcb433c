"""The menu of other studios on every page, and what it costs who works at one."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.models import StaffLogin
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db
OTHERS = 'SELECT "portal_studio"."name"'


@pytest.fixture
def login() -> StaffLogin:
    login = StaffLoginFactory(studio__slug="one", preset=Preset.DESK)
    LocationFactory(studio=login.studio)
    return login


def opened(login: StaffLogin) -> tuple[str, int]:
    """The counter's page, and how often it asked for other studios."""
    client = Client()
    client.force_login(login.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/one/check-ins/")
    assert response.status_code == 200
    return response.content.decode(), sum(query["sql"].startswith(OTHERS) for query in queries.captured_queries)


def test_who_works_at_one_studio_is_not_asked_for_others(login: StaffLogin) -> None:
    StaffLoginFactory(studio__name="Somebody else's")
    StaffLoginFactory(studio__name="Left", user=login.user, is_active=False)
    html, asked = opened(login)
    assert asked == 0
    assert "Other studios" not in html


def test_who_works_at_two_gets_the_way_to_the_other(login: StaffLogin) -> None:
    StaffLoginFactory(studio__name="Zweites", studio__slug="two", user=login.user)
    html, asked = opened(login)
    assert asked == 1
    assert "Other studios" in html
    assert "Zweites" in html
