"""The screen *Check-ins* from outside: who may see and do what."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from bookings import actions
from bookings.models import ScheduledSession
from portal.models import Studio
from portal.roles import Preset
from tests.bookings.check_ins.counter import client_of, login, member, page, rows, tick
from tests.bookings.scenes import at, booked, evening_class, kinds
from tests.factories import (
    LocationFactory,
    StaffLoginFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db


def test_the_viewer_gets_no_tick_no_undo_and_no_contact(vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim", email="kim@secret.test", phone="+49 30 9999"))
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("17:52"))
    html = page(client_of(login(vinyasa.studio, Preset.VIEWER)))
    assert "Checked in 17:52" in rows(html)["Kim"]
    for hidden in ("kim@secret.test", "9999", "action_id", "formaction", 'class="tick"'):
        assert hidden not in html


def test_a_teacher_sees_the_classes_they_teach_and_no_others(vinyasa: ScheduledSession) -> None:
    teacher = login(vinyasa.studio, Preset.TEACHER)
    own = evening_class(item__location=vinyasa.location, teacher=TeacherFactory(studio=vinyasa.studio, login=teacher))
    mine, other = booked(own, member(vinyasa.studio, "Mine")), booked(vinyasa, member(vinyasa.studio, "Other"))
    client = client_of(teacher)
    html = page(client)
    assert list(rows(html)) == ["Mine"]
    assert "@example.test" not in html
    assert tick(client, mine).status_code == 200
    assert tick(client, other).status_code == 404
    assert kinds(other) == ["reserved"]


@pytest.mark.parametrize(
    ("preset", "verb", "status"),
    [
        (Preset.VIEWER, "check-in", 403),
        (Preset.VIEWER, "revert-check-in", 403),
        (Preset.VIEWER, "no-show", 403),
        (Preset.TEACHER, "withdraw", 403),
        (Preset.DESK, "withdraw", 200),
    ],
)
def test_each_change_asks_for_its_right(vinyasa: ScheduledSession, preset: Preset, verb: str, status: int) -> None:
    kim = booked(vinyasa)
    assert tick(client_of(login(vinyasa.studio, preset)), kim, verb).status_code == status


def test_undoing_a_booking_needs_the_right_to_book(vinyasa: ScheduledSession) -> None:
    teacher = login(vinyasa.studio, Preset.TEACHER)
    vinyasa.teacher.login = teacher  # type: ignore[union-attr]
    vinyasa.teacher.save()  # type: ignore[union-attr]
    made = booked(vinyasa).events.get()
    url, data = f"/linden/events/{made.pk}/undo/", {"action_id": uuid4()}
    assert client_of(teacher).post(url, data).status_code == 403
    assert client_of(login(vinyasa.studio)).post(url, data).status_code == 302
    assert kinds(made.reservation) == ["reserved", "withdrawn"]


def test_what_belongs_to_another_studio_is_not_there(desk: Client, vinyasa: ScheduledSession) -> None:
    theirs = booked(evening_class())
    assert tick(desk, theirs).status_code == 404
    undo = f"/linden/events/{theirs.events.get().pk}/undo/"
    assert desk.post(undo, {"action_id": uuid4()}).status_code == 404
    assert kinds(theirs) == ["reserved"]


@pytest.fixture
def photo(settings: Any, tmp_path: Any, vinyasa: ScheduledSession) -> str:
    settings.MEDIA_ROOT = tmp_path
    kim = member(vinyasa.studio, "Kim", photo="kim.jpg")
    (tmp_path / "kim.jpg").write_bytes(b"\xff\xd8\xff picture")
    return f"/linden/reservations/{booked(vinyasa, kim).pk}/photo/"


def test_a_photo_is_shown_to_who_sees_the_row(desk: Client, photo: str) -> None:
    response = desk.get(photo)
    assert (response.status_code, response.content) == (200, b"\xff\xd8\xff picture")
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.headers["Cache-Control"] == "private, max-age=3600"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert photo in page(desk)


def test_a_photo_is_for_nobody_else(photo: str, studio: Studio) -> None:
    assert Client().get(photo).status_code == 302
    assert client_of(StaffLoginFactory()).get(photo).status_code == 404
    pinned = login(studio)
    pinned.locations.add(LocationFactory(studio=studio))
    assert client_of(pinned).get(photo).status_code == 404


def test_no_photo_is_no_content(desk: Client, vinyasa: ScheduledSession) -> None:
    assert desk.get(f"/linden/reservations/{booked(vinyasa).pk}/photo/").status_code == 204
