"""What is offered: described, looked at, made; changed, archived, offered again (P16, Q26)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import CalendarItem, Recurrence, ScheduledSession
from portal.models import ClosingDays, Location, StaffLogin, Teacher
from portal.roles import Preset
from tests.bookings.schedule_pages import NOW, ask, confirm, errors, local, words
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    ReservationFactory,
    RoomFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden", country="NL")


@pytest.fixture
def manager(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.MANAGER)


def weekly(place: Location, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "class", "name": "Morning Flow", "colour": "3", "location": str(place.pk), "duration_minutes": "60",
        "capacity": "12", "how": "weekly", "local_start": "07:00", "weekdays": ["0"], "every_weeks": "1",
        "first_on": "2027-04-05", "last_on": "2027-05-17", **fields,
    }  # fmt: skip


def starts() -> list[str]:
    sessions = ScheduledSession.objects.order_by("starts_at")
    return [f"{one.starts_at.astimezone(one.location.tz):%m-%d %H:%M}" for one in sessions.select_related("location")]


def test_a_weekly_class_is_looked_at_and_then_made(manager: StaffLogin, place: Location) -> None:
    ClosingDays.objects.create(
        studio=place.studio, first_on=date(2027, 5, 3), last_on=date(2027, 5, 3), reason="Repairs"
    )
    data = weekly(place, skips_holidays="on", weekdays=["0", "1"], exceptions=["2027-04-12"], last_on="2027-05-04")
    look = ask(manager, "schedule/new/", data)
    assert look.context["look"].made == 7
    left_out = {f"{one.day:%m-%d}": one.reason for one in look.context["look"].left_out}
    assert left_out == {"04-12": "left out by you", "04-27": "King's Day", "05-03": "Repairs"}
    assert not CalendarItem.objects.exists()
    confirm(manager, "schedule/new/", data)
    item = CalendarItem.objects.get()
    assert (item.name, item.colour, item.capacity, item.skips_holidays) == ("Morning Flow", 3, 12, True)
    assert starts() == [f"{day} 07:00" for day in ("04-05", "04-06", "04-13", "04-19", "04-20", "04-26", "05-04")]


def test_single_days_are_made_with_a_new_teacher(manager: StaffLogin, place: Location) -> None:
    data = weekly(place, how="single", days=["2026-12-05", "2026-12-12", ""], new_teacher="Ilse Mol", kind="workshop")
    confirm(manager, "schedule/new/", data)
    assert starts() == ["12-05 07:00", "12-12 07:00"]
    assert {one.teacher.name for one in ScheduledSession.objects.all() if one.teacher} == {"Ilse Mol"}
    assert not Recurrence.objects.exists()


def test_a_teacher_who_is_known_is_not_made_twice(manager: StaffLogin, place: Location) -> None:
    TeacherFactory(studio=place.studio, name="Ilse Mol")
    confirm(manager, "schedule/new/", weekly(place, how="later", new_teacher="ilse mol"))
    assert Teacher.objects.get().name == "Ilse Mol"
    assert CalendarItem.objects.get().teacher == Teacher.objects.get()


def test_answers_that_changed_after_the_look_are_looked_at_again(manager: StaffLogin, place: Location) -> None:
    look = ask(manager, "schedule/new/", weekly(place))
    again = ask(manager, "schedule/new/", weekly(place, last_on="2027-06-30", confirmed=look.context["fingerprint"]))
    assert again.context["look"].made > look.context["look"].made
    assert not CalendarItem.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"last_on": ""}, "last_on", "A series needs a last day"),
        ({"last_on": "2027-04-01"}, "last_on", "before the first"),
        ({"weekdays": []}, "weekdays", "at least one weekday"),
        ({"local_start": ""}, "local_start", "when it starts"),
        ({"first_on": "12026-01-01"}, "first_on", "valid date"),
        ({"how": "single", "days": []}, "days", "at least one day"),
        ({"how": "single", "days": ["x"]}, "days", "is not a day"),
    ],
)
def test_dates_that_make_no_sense_are_refused_with_words(
    manager: StaffLogin, place: Location, fields: dict[str, Any], field: str, sentence: str
) -> None:
    answer = ask(manager, "schedule/new/", weekly(place, **fields), status=422)
    assert sentence in " ".join(errors(answer, "when")[field])
    assert not CalendarItem.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"first_on": "2026-11-01", "last_on": "2026-11-24"}, "no day"),
        ({"last_on": "2030-01-01"}, "two years"),
        ({"how": "single", "days": ["2026-11-24"]}, "past"),
    ],
)
def test_what_the_schedule_refuses_is_said_on_the_page(
    manager: StaffLogin, place: Location, fields: dict[str, Any], sentence: str
) -> None:
    answer = ask(manager, "schedule/new/", weekly(place, **fields), status=422)
    assert answer.context["look"].refused, words(answer)
    assert answer.context["look"].refused in words(answer).replace("&#x27;", "'")


def test_rooms_and_quotas_that_do_not_fit_are_refused(manager: StaffLogin, place: Location) -> None:
    noord = LocationFactory(studio=place.studio, name="Noord")
    room = RoomFactory(location=noord, name="Loft")
    answer = ask(manager, "schedule/new/", weekly(place, room=str(room.pk), marketplace_quota="20"), status=422)
    assert errors(answer) == {
        "room": ["Loft is at Noord."],
        "marketplace_quota": ["There are only 12 places."],
    }


def test_rows_of_another_studio_are_no_choices(manager: StaffLogin, place: Location) -> None:
    other = LocationFactory()
    foreign = weekly(place, location=str(other.pk), teacher=str(TeacherFactory().pk), room=str(RoomFactory().pk))
    answer = ask(manager, "schedule/new/", foreign, status=422)
    assert set(errors(answer)) == {"location", "teacher", "room"}


def test_the_form_says_which_rule_applies_where_it_is_empty(manager: StaffLogin, place: Location) -> None:
    place.studio.cancel_hours = 24
    place.studio.save()
    noord = LocationFactory(studio=place.studio, name="Noord", cancel_hours=4)
    text = words(ask(manager, "schedule/new/"))
    assert "Centrum: 24 hours before the start (set by the studio)" in text
    assert "Noord: 4 hours before the start (set at the location)" in text
    item = CalendarItemFactory(location=noord, closes_minutes=30)
    text = words(ask(manager, f"schedule/items/{item.pk}/"))
    assert "4 hours before the start · set at the location" in text
    assert "30 minutes before the start · set here" in text


def test_switching_marketplaces_off_says_who_stays(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place, allows_marketplaces=True, capacity=12)
    session = SessionFactory(item=item, starts_at=NOW + timedelta(days=2))
    for source in ("wellpass", "wellpass", "urban", "desk"):
        ReservationFactory(session=session, source=source)
    data = {
        "kind": "class", "name": item.name, "colour": "0", "location": str(place.pk), "duration_minutes": "60",
        "capacity": "12",
    }  # fmt: skip
    path = f"schedule/items/{item.pk}/edit/"
    look = ask(manager, path, data)
    assert "2 booked through Wellpass stay." in words(look)
    assert "1 booked through Urban Sports Club stays." in words(look)
    confirm(manager, path, data)
    item.refresh_from_db()
    assert not item.allows_marketplaces
    assert session.reservations.count() == 4


def test_an_item_with_history_is_archived_and_offered_again(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place, name="Old Flow")
    ReservationFactory(session=SessionFactory(item=item, starts_at=NOW - timedelta(days=7)))
    assert "It has a history, so it is archived" in words(ask(manager, f"schedule/items/{item.pk}/"))
    ask(manager, f"schedule/items/{item.pk}/remove/", {}, status=302)
    item.refresh_from_db()
    assert item.archived_at == NOW
    assert "Old Flow" not in words(ask(manager, "schedule/items/"))
    assert "Old Flow" in words(ask(manager, "schedule/items/?archived=1"))
    ask(manager, f"schedule/items/{item.pk}/restore/", {}, status=302)
    assert "Old Flow" in words(ask(manager, "schedule/items/"))


def test_an_item_that_nobody_booked_is_deleted(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place)
    SessionFactory(item=item, starts_at=NOW + timedelta(days=7))
    ask(manager, f"schedule/items/{item.pk}/remove/", {}, status=302)
    assert not CalendarItem.objects.exists()


def test_an_item_with_people_to_come_stays(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place)
    ReservationFactory(session=SessionFactory(item=item, starts_at=NOW + timedelta(days=7)))
    ask(manager, f"schedule/items/{item.pk}/remove/", {}, status=302)
    item.refresh_from_db()
    assert item.archived_at is None
    assert "disabled" in ask(manager, f"schedule/items/{item.pk}/").content.decode()


def test_more_dates_are_added_to_what_is_offered(manager: StaffLogin, place: Location) -> None:
    item = CalendarItemFactory(location=place)
    path = f"schedule/items/{item.pk}/dates/"
    confirm(manager, path, {"how": "single", "local_start": "18:00", "days": ["2026-12-01"]})
    assert starts() == ["12-01 18:00"]
    assert "no date" not in words(ask(manager, f"schedule/items/{item.pk}/"))


@pytest.mark.parametrize("preset", [Preset.DESK, Preset.TEACHER, Preset.VIEWER])
def test_who_may_not_plan_is_refused(place: Location, preset: Preset) -> None:
    item = CalendarItemFactory(location=place)
    login = StaffLoginFactory(studio=place.studio, preset=preset)
    for path in ("schedule/new/", "schedule/items/", f"schedule/items/{item.pk}/", f"schedule/items/{item.pk}/edit/"):
        ask(login, path, status=403)


def test_items_of_other_houses_are_not_found(manager: StaffLogin, place: Location) -> None:
    foreign = CalendarItemFactory()
    noord = LocationFactory(studio=place.studio)
    elsewhere = CalendarItemFactory(location=noord)
    manager.locations.add(place)
    for item in (foreign, elsewhere):
        for path in (
            f"schedule/items/{item.pk}/",
            f"schedule/items/{item.pk}/edit/",
            f"schedule/items/{item.pk}/dates/",
        ):
            ask(manager, path, status=404)
        ask(manager, f"schedule/items/{item.pk}/remove/", {}, status=404)


@pytest.mark.parametrize("path", ["schedule/items/", "schedule/items/{item}/"])
def test_one_and_thirty_rows_ask_the_same_number_of_queries(manager: StaffLogin, place: Location, path: str) -> None:
    client = Client()
    client.force_login(manager.user)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/linden/{path.format(item=item.pk)}").status_code == 200
        return len(queries)

    item = CalendarItemFactory(location=place, teacher=TeacherFactory(studio=place.studio))
    far = local("2099-01-01T10:00")
    SessionFactory(item=item, starts_at=far)
    count()  # what a session of the browser costs once
    one = count()
    for number in range(30):
        SessionFactory(item=item, starts_at=far + timedelta(days=number + 1))
        CalendarItemFactory(location=place, teacher=TeacherFactory(studio=place.studio))
    assert count() == one
