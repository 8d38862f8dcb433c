"""The bookings of the next 14 days (P2, P3, Q12), and cancelling from there (Q11)."""

from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings import actions
from bookings.models import Reservation, ScheduledSession
from bookings.rules import Attendance, Booking, CancelAs
from bookings.selectors.upcoming import upcoming
from portal.models import Location, StaffLogin
from portal.roles import Preset
from tests.bookings.scenes import kinds
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    TeacherFactory,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local(text: str, zone: str = "Europe/Amsterdam") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


NOW = local("2026-06-10T12:00")


@pytest.fixture
def place(db: None) -> Location:
    return LocationFactory(slug="centrum", name="Centrum", studio__slug="linden")


@pytest.fixture
def desk(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.DESK)


def at(place: Location, start: str, **fields: Any) -> ScheduledSession:
    return SessionFactory(item__location=place, starts_at=local(start, place.zone), **fields)


def page(login: StaffLogin, query: str = "", *, now: datetime = NOW, **headers: str) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(now, tick=False):
        return client.get(f"/{login.studio.slug}/bookings/{query}", headers=headers)


def post(login: StaffLogin, path: str, data: dict[str, Any], *, now: datetime = NOW, **headers: str) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(now, tick=False):
        return client.post(
            f"/{login.studio.slug}/bookings/{path}", data, headers=headers, follow="hx-request" not in headers
        )


def words(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


def listed(answer: Any) -> list[ScheduledSession]:
    return [booked.session for day in answer.context["days"] for booked in day.classes]


def names(answer: Any) -> list[str]:
    return [person.reservation.member.name for person in answer.context["people"]]


@pytest.mark.parametrize(
    ("now", "last", "beyond"),
    [
        ("2026-06-10T23:59", "2026-06-24T23:59", "2026-06-25T00:00"),
        ("2026-06-11T00:00", "2026-06-25T23:59", "2026-06-26T00:00"),
        # The nights in which the clock changes, today and at the far end.
        ("2026-03-29T00:30", "2026-04-12T23:59", "2026-04-13T00:00"),
        ("2026-03-15T12:00", "2026-03-29T23:59", "2026-03-30T00:00"),
        ("2026-10-25T01:30", "2026-11-08T23:59", "2026-11-09T00:00"),
        ("2026-10-11T12:00", "2026-10-25T23:59", "2026-10-26T00:00"),
        ("2026-12-25T12:00", "2027-01-08T23:59", "2027-01-09T00:00"),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "America/New_York"])
def test_the_list_ends_with_the_local_day_14_days_on(
    place: Location, desk: StaffLogin, now: str, last: str, beyond: str, zone: str
) -> None:
    place.zone = zone
    place.save()
    inside = at(place, last)
    at(place, beyond)
    found = upcoming(desk, [place], now=local(now, zone))
    assert [booked.session for booked in found] == [inside]


def test_a_class_that_has_begun_stays_until_it_ends(place: Location, desk: StaffLogin) -> None:
    running = at(place, "2026-06-10T11:30")
    at(place, "2026-06-10T11:00")
    through_the_night = at(place, "2026-06-09T12:30", ends_at=local("2026-06-10T12:30"))
    answer = page(desk)
    assert listed(answer) == [through_the_night, running]
    assert "running" in words(answer)


def test_each_location_groups_by_its_own_day(place: Location, desk: StaffLogin) -> None:
    tokyo = LocationFactory(studio=place.studio, zone="Asia/Tokyo")
    at(place, "2026-06-10T20:00")
    at(tokyo, "2026-06-11T04:00")  # an hour later, and the next day there
    answer = page(desk)
    assert [f"{day.day:%m-%d}" for day in answer.context["days"]] == ["06-10", "06-11"]
    assert "04:00" in words(answer)


@pytest.mark.parametrize(
    ("booking", "shown"),
    [
        ({}, "No check-in yet"),
        ({"attendance": Attendance.NO_SHOW}, "No-show"),
        ({"booking": Booking.LATE_CANCELLED, "cancelled_at": NOW}, "Late cancel"),
    ],
)
def test_a_begun_class_shows_what_became_of_those_without_a_tick(
    place: Location, desk: StaffLogin, booking: dict[str, Any], shown: str
) -> None:
    session = at(place, "2026-06-10T11:30")
    reservation = ReservationFactory(session=session, **booking)
    answer = page(desk, f"?open={session.pk}")
    assert names(answer) == [reservation.member.name]
    assert shown in words(answer)


def test_people_come_with_source_time_limit_and_who_set_it(place: Location, desk: StaffLogin) -> None:
    session = at(place, "2026-06-16T22:00")
    ReservationFactory(
        session=session,
        member__first_name="Kim",
        member__email="kim@example.test",
        member__phone="+31 6 5550",
        source="wellpass",
        booked_at=local("2026-06-08T09:30"),
    )
    page_words = words(page(desk, f"?open={session.pk}"))
    assert "free until Tue 16 Jun, 10:00, set by the studio" in page_words
    assert "booked Mon 8 Jun, 09:30" in page_words
    assert "Wellpass" in page_words
    assert "First visit here" in page_words
    assert "kim@example.test" not in page_words
    assert "5550" not in page_words


def test_the_people_of_one_class_come_as_a_fragment(place: Location, desk: StaffLogin) -> None:
    session = at(place, "2026-06-16T18:00")
    ReservationFactory(session=session, member__first_name="Kim")
    answer = page(desk, f"?open={session.pk}", hx_request="true")
    assert "Kim" in words(answer)
    assert "<html" not in words(answer)
    other = at(LocationFactory(), "2026-06-16T18:00")
    for number in (str(other.pk), "x", "99999999999999999999"):
        assert page(desk, f"?open={number}", hx_request="true").status_code == 404
        assert page(desk, f"?open={number}").status_code == 200


def test_filters_stand_in_the_address(place: Location, desk: StaffLogin) -> None:
    mira = TeacherFactory(studio=place.studio)
    full = at(place, "2026-06-11T18:00", capacity=1, teacher=mira)
    ReservationFactory(session=full, source="wellpass")
    workshop = SessionFactory(
        item=CalendarItemFactory(location=place, kind="workshop"), starts_at=local("2026-06-12T18:00")
    )
    regular = MemberFactory(studio=place.studio)
    earlier = at(place, "2026-05-01T18:00")
    ReservationFactory(
        session=earlier, member=regular, attendance=Attendance.CHECKED_IN, checked_in_at=earlier.starts_at
    )
    ReservationFactory(session=workshop, member=regular)
    assert listed(page(desk)) == [full, workshop]
    assert listed(page(desk, "?source=wellpass")) == [full]
    assert listed(page(desk, f"?teacher={mira.pk}")) == [full]
    assert listed(page(desk, "?kind=workshop")) == [workshop]
    assert listed(page(desk, "?new=1")) == [full]
    full.reservations.update(assigned="rule")
    assert listed(page(desk, "?unpaid=1")) == [full]
    assert "Unpaid" in words(page(desk))
    viewer = StaffLoginFactory(studio=place.studio, preset=Preset.VIEWER)
    assert listed(page(viewer, "?unpaid=1")) == [full, workshop]
    assert "Unpaid" not in words(page(viewer, "?unpaid=1"))
    full.reservations.update(assigned="free")
    assert listed(page(desk, "?unpaid=1")) == []
    assert listed(page(desk, "?fill=full")) == [full]
    assert listed(page(desk, "?fill=low")) == [workshop]
    nothing = page(desk, "?teacher='--")
    assert listed(nothing) == []
    assert "No class fits these filters" in words(nothing)


def test_cancelled_people_are_shown_when_asked_for(place: Location, desk: StaffLogin) -> None:
    session = at(place, "2026-06-16T18:00")
    stays = ReservationFactory(session=session)
    ReservationFactory(session=session, booking=Booking.CANCELLED, cancelled_at=NOW)
    ReservationFactory(session=session, booking=Booking.LATE_CANCELLED, cancelled_at=NOW)
    assert names(page(desk, f"?open={session.pk}")) == [stays.member.name]
    assert len(names(page(desk, f"?open={session.pk}&cancelled=1"))) == 3


def test_without_classes_it_says_so(desk: StaffLogin) -> None:
    assert "No classes in these 14 days" in words(page(desk))


@pytest.mark.parametrize(
    ("start", "offered"),
    [
        ("2026-06-11T18:00", ["in_time"]),
        ("2026-06-10T18:00", ["late", "excused"]),
        ("2026-06-10T11:30", ["late", "excused"]),
    ],
)
def test_the_outcomes_stand_on_the_buttons(place: Location, desk: StaffLogin, start: str, offered: list[str]) -> None:
    session = at(place, start)
    ReservationFactory(session=session)
    answer = page(desk, f"?open={session.pk}")
    assert [way.value for way, _words in answer.context["people"][0].ways] == offered
    for way in ("in_time", "late", "excused"):
        assert (f'name="outcome" value="{way}"' in words(answer)) == (way in offered)


def test_cancelling_frees_the_place_once_and_can_be_taken_back(place: Location, desk: StaffLogin) -> None:
    session = at(place, "2026-06-10T18:00")
    reservation = ReservationFactory(session=session, member__first_name="Kim")
    data = {"outcome": "late", "action_id": str(uuid4()), "next": f"/linden/bookings/?open={session.pk}&cancelled=1"}
    answer = post(desk, f"{reservation.pk}/cancel/", data)
    post(desk, f"{reservation.pk}/cancel/", data)
    reservation.refresh_from_db()
    session.refresh_from_db()
    assert (reservation.booking, session.places_taken, kinds(reservation)) == (Booking.LATE_CANCELLED, 0, ["cancelled"])
    assert "late cancel." in words(answer)
    assert "Take back" in words(answer)
    answer = post(desk, f"{reservation.pk}/reinstate/", {"action_id": str(uuid4()), "next": data["next"]})
    reservation.refresh_from_db()
    assert (reservation.booking, kinds(reservation)) == (Booking.BOOKED, ["cancelled", "reinstated"])
    assert "is booked again" in words(answer)


def test_with_script_only_the_row_the_numbers_and_a_toast_with_undo_come_back(
    place: Location, desk: StaffLogin
) -> None:
    session = at(place, "2026-06-16T18:00")
    reservation = ReservationFactory(session=session)
    data = {"outcome": "in_time", "action_id": str(uuid4())}
    answer = post(desk, f"{reservation.pk}/cancel/", data, hx_request="true")
    assert answer.status_code == 200
    fragment = words(answer)
    for part in (f'id="reservation-{reservation.pk}"', f'id="numbers-{session.pk}"', "beforeend:#toasts"):
        assert part in fragment
    assert f"/linden/bookings/{reservation.pk}/reinstate/" in fragment
    assert "<html" not in fragment


def test_a_refusal_says_why_and_changes_nothing(place: Location, desk: StaffLogin) -> None:
    session = at(place, "2026-06-10T11:30")
    reservation = ReservationFactory(session=session, attendance=Attendance.CHECKED_IN, checked_in_at=NOW)
    data = {"outcome": "late", "action_id": str(uuid4())}
    answer = post(desk, f"{reservation.pk}/cancel/", data, hx_request="true")
    assert answer.status_code == 422
    assert "take the check-in back first" in words(answer)
    assert "take the check-in back first" in words(post(desk, f"{reservation.pk}/cancel/", data))
    reservation.refresh_from_db()
    assert (reservation.booking, kinds(reservation)) == (Booking.BOOKED, [])


@pytest.mark.parametrize(
    "data",
    [{}, {"outcome": "late"}, {"outcome": "gone", "action_id": str(uuid4())}, {"outcome": "late", "action_id": "1"}],
)
def test_a_form_that_is_not_complete_changes_nothing(place: Location, desk: StaffLogin, data: dict[str, str]) -> None:
    reservation = ReservationFactory(session=at(place, "2026-06-10T18:00"))
    answer = post(desk, f"{reservation.pk}/cancel/", data, hx_request="true")
    assert answer.status_code == 422
    reservation.refresh_from_db()
    assert reservation.booking == Booking.BOOKED


def test_an_action_id_of_something_else_is_refused(place: Location, desk: StaffLogin) -> None:
    one, other = (ReservationFactory(session=at(place, "2026-06-16T18:00")) for _ in range(2))
    action_id = uuid4()
    actions.cancel(one, outcome=CancelAs.IN_TIME, action_id=action_id, by=desk, now=NOW)
    data = {"outcome": "in_time", "action_id": str(action_id)}
    assert post(desk, f"{other.pk}/cancel/", data, hx_request="true").status_code == 422
    assert Reservation.objects.get(pk=other.pk).booking == Booking.BOOKED


def test_viewers_see_bookings_and_cannot_cancel(place: Location) -> None:
    viewer = StaffLoginFactory(studio=place.studio, preset=Preset.VIEWER)
    session = at(place, "2026-06-16T18:00")
    reservation = ReservationFactory(session=session)
    answer = page(viewer, f"?open={session.pk}")
    assert names(answer) == [reservation.member.name]
    assert "outcome" not in words(answer)
    data = {"outcome": "in_time", "action_id": str(uuid4())}
    assert post(viewer, f"{reservation.pk}/cancel/", data).status_code == 403


def test_a_teacher_sees_the_classes_they_teach(place: Location) -> None:
    teacher = StaffLoginFactory(studio=place.studio, preset=Preset.TEACHER)
    own = at(place, "2026-06-16T18:00", teacher=TeacherFactory(studio=place.studio, login=teacher))
    other = at(place, "2026-06-16T19:00")
    ReservationFactory(session=other)
    assert listed(page(teacher)) == [own]
    assert page(teacher, f"?open={other.pk}", hx_request="true").status_code == 404


def test_another_studio_and_another_location_are_not_found(place: Location, desk: StaffLogin) -> None:
    noord = LocationFactory(studio=place.studio, slug="noord")
    desk.locations.add(place)
    data = {"outcome": "in_time", "action_id": str(uuid4())}
    for elsewhere in (noord, LocationFactory()):
        reservation = ReservationFactory(session=at(elsewhere, "2026-06-16T18:00"))
        assert listed(page(desk)) == []
        for verb in ("cancel", "reinstate"):
            assert post(desk, f"{reservation.pk}/{verb}/", data).status_code == 404
    assert page(desk, "?location=noord").status_code == 404
    assert post(desk, "99999999999999999999/cancel/", data).status_code == 404


# The manager may export, so the page counts the people who would stand in the file.
@pytest.mark.parametrize(("preset", "query", "most"), [("desk", "?open={}", 12), ("manager", "", 12)])
def test_many_classes_and_a_long_past_cost_as_many_queries_as_one_class(
    place: Location, preset: str, query: str, most: int
) -> None:
    client = Client()
    client.force_login(StaffLoginFactory(studio=place.studio, preset=preset).user)
    with time_machine.travel(NOW, tick=False):
        client.get("/linden/bookings/")  # the first request also stamps the session
    numbers = []
    for more in (1, 30):
        for _ in range(more):
            session = at(place, "2026-06-10T18:00", capacity=None)
            ReservationFactory.create_batch(3, session=session)
            past = at(place, "2026-04-01T18:00")
            ReservationFactory(session=past, attendance=Attendance.CHECKED_IN, checked_in_at=past.ends_at)
        with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
            client.get("/linden/bookings/" + query.format(session.pk))
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
    assert numbers[0] <= most
