"""Calendar feeds: made once, read by their secret address, closed; nothing of a member in them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from bookings.actions import schedule
from bookings.models import CalendarFeed, ScheduledSession
from portal.models import Change, Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, local, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)

PATH = "schedule/feeds/"


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", studio__name="Linden")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


def made(manager: StaffLogin, of: str) -> str:
    """Make a feed; the path of its address."""
    return urlsplit(ask(manager, PATH, {"of": of}).context["address"]).path


def read(path: str, *, status: int = 200, **headers: str) -> Any:
    with time_machine.travel(NOW, tick=False):
        answer = Client(headers=headers or None).get(path)
    assert answer.status_code == status
    return answer


def events(path: str) -> dict[int, Any]:
    calendar = Calendar.from_ical(read(path).content)
    return {int(str(one["UID"]).split("@")[0].split("-")[1]): one for one in calendar.walk("VEVENT")}


@pytest.fixture
def session(place: Location) -> ScheduledSession:
    teacher = TeacherFactory(studio=place.studio, name="Mira Okafor")
    item = CalendarItemFactory(location=place, name="Flow", teacher=teacher)
    session = SessionFactory(item=item, starts_at=local("2026-11-30T18:00"))
    ReservationFactory(session=session, member=MemberFactory(studio=place.studio, first_name="Canary"))
    return session


def test_a_feed_of_a_location_tells_its_sessions_in_local_time(
    manager: StaffLogin, place: Location, session: ScheduledSession
) -> None:
    path = made(manager, f"location-{place.pk}")
    answer = read(path)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    text = answer.content.decode()
    assert "DTSTART;TZID=Europe/Amsterdam:20261130T180000" in text
    assert "BEGIN:VTIMEZONE" in text
    assert "Canary" not in text
    event = events(path)[session.pk]
    assert (str(event["SUMMARY"]), str(event["DESCRIPTION"])) == ("Flow", "Mira Okafor")
    assert str(event["STATUS"]) == "CONFIRMED"
    assert event["DTEND"].dt == session.ends_at


def test_a_feed_of_a_teacher_tells_their_sessions_everywhere(
    manager: StaffLogin, place: Location, session: ScheduledSession
) -> None:
    noord = LocationFactory(studio=place.studio, zone="Europe/London")
    there = SessionFactory(item__location=noord, teacher=session.teacher, starts_at=local("2026-12-01T10:00"))
    SessionFactory(item__location=noord, starts_at=local("2026-12-01T12:00"))
    path = made(manager, f"teacher-{session.teacher_id}")
    assert set(events(path)) == {session.pk, there.pk}
    assert "DTSTART;TZID=Europe/London:20261201T090000" in read(path).content.decode()


def test_a_change_keeps_the_uid_and_raises_the_sequence(
    manager: StaffLogin, place: Location, session: ScheduledSession
) -> None:
    path = made(manager, f"location-{place.pk}")
    before = events(path)[session.pk]
    schedule.cancel_sessions([session], reason="", by=manager, now=NOW)
    after = events(path)[session.pk]
    assert str(after["STATUS"]) == "CANCELLED"
    assert after["UID"] == before["UID"]
    assert int(after["SEQUENCE"]) > int(before["SEQUENCE"])


def test_the_second_of_a_doubled_hour_is_told_in_utc(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place)
    SessionFactory(item=item, starts_at=local("2027-10-31T02:30"))
    SessionFactory(item=item, starts_at=local("2027-10-31T02:30").replace(fold=1))
    text = read(made(manager, f"location-{place.pk}")).content.decode()
    assert "DTSTART;TZID=Europe/Amsterdam:20271031T023000" in text
    assert "DTSTART:20271031T013000Z" in text


def test_what_has_not_changed_is_not_sent_again(
    manager: StaffLogin, place: Location, session: ScheduledSession
) -> None:
    path = made(manager, f"location-{place.pk}")
    tag = read(path).headers["ETag"]
    again = read(path, status=304, if_none_match=tag)
    assert again.content == b""
    assert again.headers["ETag"] == tag
    schedule.cancel_sessions([session], reason="", by=manager, now=NOW)
    assert read(path, if_none_match=tag).headers["ETag"] != tag


def test_the_address_is_shown_once_and_only_its_hash_is_kept(manager: StaffLogin, place: Location) -> None:
    path = made(manager, f"location-{place.pk}")
    secret = path.rpartition("/")[2].removesuffix(".ics")
    assert len(secret) >= 22  # 128 bits and more, six to a letter
    feed = CalendarFeed.objects.get()
    assert len(feed.secret_hash) == 64
    assert secret not in str(CalendarFeed.objects.values()) + str(Change.objects.values())
    assert secret not in words(ask(manager, PATH))


def test_a_wrong_or_revoked_secret_is_not_found(manager: StaffLogin, place: Location) -> None:
    path = made(manager, f"location-{place.pk}")
    read(path.replace("/linden/", "/other/"), status=404)
    read("/linden/feeds/wrong.ics", status=404)
    feed = CalendarFeed.objects.get()
    ask(manager, f"{PATH}{feed.pk}/revoke/", {}, status=302)
    read(path, status=404)
    assert "No feed yet" in words(ask(manager, PATH))


def test_the_page_says_when_it_was_fetched_last(manager: StaffLogin, place: Location) -> None:
    path = made(manager, f"location-{place.pk}")
    assert "never" in words(ask(manager, PATH))
    read(path)
    assert CalendarFeed.objects.get().last_fetched_at == NOW
    with time_machine.travel(NOW + timedelta(seconds=30), tick=False):
        Client().get(path)
    assert CalendarFeed.objects.get().last_fetched_at == NOW  # to the minute


def test_a_pinned_login_makes_feeds_of_its_locations_only(manager: StaffLogin, place: Location) -> None:
    noord = LocationFactory(studio=place.studio)
    teacher = TeacherFactory(studio=place.studio)
    made(manager, f"location-{place.pk}")
    pinned = StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)
    pinned.locations.add(noord)
    for of in (f"location-{place.pk}", f"teacher-{teacher.pk}", f"teacher-{TeacherFactory().pk}", "x"):
        ask(pinned, PATH, {"of": of}, status=422)
    ask(pinned, f"{PATH}{CalendarFeed.objects.get().pk}/revoke/", {}, status=404)
    assert CalendarFeed.objects.get().revoked_at is None


def test_who_may_not_plan_makes_no_feeds(place: Location) -> None:
    for preset in (Preset.DESK, Preset.TEACHER, Preset.VIEWER):
        ask(StaffLoginFactory(studio=place.studio, preset=preset), PATH, {"of": "x"}, status=403)


def test_a_feed_asks_the_same_number_of_queries_however_long_it_is(
    manager: StaffLogin, place: Location, session: ScheduledSession, django_assert_num_queries: Any
) -> None:
    path = made(manager, f"location-{place.pk}")
    for number in range(30):
        SessionFactory(item=session.item, starts_at=NOW + timedelta(days=number))
    with django_assert_num_queries(3):
        read(path)
