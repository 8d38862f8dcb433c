"""What an open tab of *Check-ins* is told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.models import ScheduledSession
from portal.roles import Preset
from tests.bookings.check_ins.counter import changes, counts, login, member, page, rows, words
from tests.bookings.scenes import at, booked, evening_class
from tests.factories import (
    LocationFactory,
)

pytestmark = pytest.mark.django_db


def test_nothing_new_costs_one_read_and_says_so(
    desk: Client, vinyasa: ScheduledSession, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    version = booked(vinyasa).events.get().version
    page(desk)  # the first request of a login writes when it began
    with django_assert_num_queries(4):  # session, person, login, and the one
        response = changes(desk, str(version), at("18:09"))
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Tresen-Version"] == str(version)


def test_news_hold_the_changed_rows_with_their_head_counts_and_actions(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim"))
    ada = booked(vinyasa, member(vinyasa.studio, "Ada"))
    seen = ada.events.get().version
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("18:09"))
    response = changes(desk, str(seen), at("18:09"))
    html = response.content.decode()
    assert response.status_code == 200
    assert list(rows(html)) == ["Kim"]
    assert "1 of 2 in" in words(html)
    assert counts(html).startswith("1 in 2 expected")
    assert "Kim checked in" in words(html)
    assert response.headers["Tresen-Version"] == str(seen + 1)


def test_a_tick_takes_the_star_off_the_members_next_row_of_the_day(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = member(vinyasa.studio, "Kim")
    later = evening_class(item__location=vinyasa.location, starts_at=at("20:00"))
    first, second = booked(vinyasa, kim), booked(later, kim)
    seen = second.events.get().version
    actions.check_in(first, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("18:09"))
    html = changes(desk, str(seen), at("18:09")).content.decode()
    assert {f'id="reservation-{one.pk}"' in html for one in (first, second)} == {True}
    assert html.count("First visit here</title>") == 1


@pytest.mark.parametrize(("clock", "state"), [("18:00", "No check-in yet"), ("19:00", "No-show")])
def test_the_clock_is_news_too(
    desk: Client, vinyasa: ScheduledSession, ten_past_six: Any, clock: str, state: str
) -> None:
    version = booked(vinyasa, member(vinyasa.studio, "Kim")).events.get().version
    ten_past_six.move_to(at(clock))
    response = changes(desk, str(version), at(clock) - timedelta(seconds=2))
    assert state in rows(response.content.decode())["Kim"]


def test_a_new_day_asks_for_the_page_again(desk: Client, vinyasa: ScheduledSession, ten_past_six: Any) -> None:
    version = booked(vinyasa).events.get().version
    ten_past_six.move_to(at("00:00", days=1))
    assert changes(desk, str(version), at("23:59")).status_code == 205


def test_news_of_one_location_are_not_told_at_another(desk: Client, vinyasa: ScheduledSession) -> None:
    LocationFactory(studio=vinyasa.studio, slug="noord", name="Noord")
    booked(vinyasa, member(vinyasa.studio, "Kim"))
    assert "Kim" not in changes(desk, "0", at("18:09"), location="noord").content.decode()
    assert "Kim" in changes(desk, "0", at("18:09"), location="all").content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"since": "x", "at": "2026-06-10T18:00:00+02:00"},
        {"since": "1"},
        {"since": "1", "at": "yesterday"},
        {"since": "1", "at": "2026-06-10T18:00:00"},
        {"since": "-1", "at": "2026-06-10T18:00:00+02:00"},
        {"since": "9" * 40, "at": "2026-06-10T18:00:00+02:00"},
    ],
)
def test_a_question_that_cannot_be_read_is_a_bad_request(desk: Client, vinyasa: Any, query: dict[str, str]) -> None:
    assert desk.get("/linden/check-ins/changes/", query).status_code == 400
