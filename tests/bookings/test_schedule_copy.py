"""Copying a week: what is made and what is skipped is told first."""

from datetime import date

import pytest

from portal.models import ClosingDays, Location, StaffLogin
from portal.roles import Preset
from tests.bookings.schedule_pages import ask, confirm, errors, local, words
from tests.factories import CalendarItemFactory, LocationFactory, SessionFactory, StaffLoginFactory

PATH = "schedule/copy/"
WEEKS = {"from_day": "2026-11-25", "to_day": "2026-12-03"}


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", country="NL")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


def starts(place: Location) -> list[str]:
    return [f"{one.starts_at.astimezone(place.tz):%m-%d %H:%M}" for one in place.sessions.order_by("starts_at")]


def test_a_week_is_copied_and_the_closing_day_is_skipped(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place)
    for day in ("23", "26", "27"):
        SessionFactory(item=item, starts_at=local(f"2026-11-{day}T18:00"))
    ClosingDays.objects.create(
        studio=place.studio, first_on=date(2026, 12, 3), last_on=date(2026, 12, 3), reason="Repairs"
    )
    look = ask(manager, PATH, WEEKS)
    assert look.context["look"].made == 2
    assert [(f"{one.day:%m-%d}", one.reason) for one in look.context["look"].left_out] == [("12-03", "Repairs")]
    confirm(manager, PATH, WEEKS)
    assert starts(place) == ["11-23 18:00", "11-26 18:00", "11-27 18:00", "11-30 18:00", "12-04 18:00"]
    again = ask(manager, PATH, WEEKS)
    assert again.context["look"].made == 0
    assert "Nothing is left to copy" in words(again)


def test_only_the_chosen_location_is_copied(manager: StaffLogin, place: Location) -> None:
    noord = LocationFactory(studio=place.studio, name="Noord")
    SessionFactory(item__location=place, starts_at=local("2026-11-23T18:00"))
    SessionFactory(item__location=noord, starts_at=local("2026-11-23T18:00"))
    confirm(manager, PATH, WEEKS | {"place": str(noord.pk)})
    assert len(starts(place)) == 1
    assert len(starts(noord)) == 2


def test_a_pinned_login_copies_its_own_locations_only(manager: StaffLogin, place: Location) -> None:
    noord = LocationFactory(studio=place.studio, name="Noord")
    SessionFactory(item__location=noord, starts_at=local("2026-11-23T18:00"))
    SessionFactory(item__location=place, starts_at=local("2026-11-23T18:00"))
    manager.locations.add(place)
    confirm(manager, PATH, WEEKS)
    assert len(starts(noord)) == 1
    assert len(starts(place)) == 2


def test_the_same_week_twice_is_refused(manager: StaffLogin) -> None:
    answer = ask(manager, PATH, {"from_day": "2026-11-25", "to_day": "2026-11-27"}, status=422)
    assert errors(answer) == {"to_day": ["That is the same week."]}


def test_the_past_takes_no_copy(manager: StaffLogin, place: Location) -> None:
    SessionFactory(item__location=place, starts_at=local("2026-11-26T18:00"))
    look = ask(manager, PATH, {"from_day": "2026-11-25", "to_day": "2026-11-02"})
    assert look.context["look"].made == 0


def test_the_desk_may_not_copy(place: Location) -> None:
    ask(StaffLoginFactory(studio=place.studio, preset=Preset.DESK), PATH, status=403)
