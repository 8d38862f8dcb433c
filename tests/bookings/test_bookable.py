"""Bookable? The path of the answer and the buttons that follow, wherever someone can be added (X1)."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bookings import actions
from bookings.models import CalendarItem, ScheduledSession, WaitingEntry
from portal.models import Location, Member, StaffLogin
from portal.roles import Preset
from tests.bookings.scenes import at, booked
from tests.bookings.waits import BEFORE, give_up, join, places, states
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    SessionFactory,
    StaffLoginFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Location:
    return LocationFactory(studio__slug="linden")


@pytest.fixture
def desk(place: Location) -> StaffLogin:
    return StaffLoginFactory(studio=place.studio, preset=Preset.DESK)


@pytest.fixture
def session(place: Location) -> ScheduledSession:
    return SessionFactory(item__location=place, item__name="Flow", item__capacity=2, starts_at=at("18:00"))


@pytest.fixture
def kim(place: Location) -> Member:
    return MemberFactory(studio=place.studio, first_name="Kim", last_name="de Boer")


def ask(
    login: StaffLogin, name: str, session: ScheduledSession, query: str = "", *, now: datetime = BEFORE, **headers: str
) -> Any:
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(now, tick=False):
        url = reverse(f"bookings:{name}", args=[login.studio.slug, session.pk])
        return client.get(f"{url}{query}", headers=headers)


def book(login: StaffLogin, session: ScheduledSession, member: Member, deed: str = "book", **headers: str) -> Any:
    client = Client()
    client.force_login(login.user)
    data = {"member": member.pk, "deed": deed, "action_id": str(uuid4())}
    with time_machine.travel(BEFORE, tick=False):
        url = reverse("bookings:book", args=[login.studio.slug, session.pk])
        return client.post(url, data, headers=headers, follow="hx-request" not in headers)


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_a_free_place_is_shown_with_its_path_and_a_button(desk: Any, session: Any, kim: Member) -> None:
    page = words(ask(desk, "bookable", session, f"?member={kim.pk}"))
    assert "Bookable? Yes, because" in page
    assert "Book this place" in page
    assert "waiting list" not in page
    assert "Is a place free?" in page
    assert "2 places in all." in page


def test_a_full_class_shows_what_would_fix_it_and_offers_the_list(desk: Any, session: Any, kim: Member) -> None:
    for _ in range(2):
        booked(session)
    page = words(ask(desk, "bookable", session, f"?member={kim.pk}"))
    assert "Bookable? No, because" in page
    assert "What would fix it: Wait for a place on the waiting list, or raise the capacity of the class." in page
    assert "Put on the waiting list" in page
    assert "Book this place" not in page
    assert 'aria-label="not asked"' in page


def test_a_held_place_says_until_when(desk: Any, session: Any, kim: Member) -> None:
    rows = [booked(session) for _ in range(2)]
    join(session)
    give_up(rows[0])
    page = words(ask(desk, "bookable", session, f"?member={kim.pk}"))
    assert "the first until Wed 10 Jun, 13:00" in page


def test_whose_rule_it_is_is_told(desk: Any, session: Any, kim: Member, place: Location) -> None:
    place.closes_minutes = 600
    place.save()
    page = words(ask(desk, "bookable", session, f"?member={kim.pk}"))
    assert "Booking closed for members Wed 10 Jun, 08:00." in page
    assert "Set at the location." in page
    assert "Book this place" in page  # the desk is warned, and can


def test_nothing_is_booked_by_looking(desk: Any, session: Any, kim: Member) -> None:
    ask(desk, "bookable", session, f"?member={kim.pk}")
    ask(desk, "add_person", session, f"?member={kim.pk}")
    assert places(session) == (0, 0)


def test_booking_says_so_and_leads_back(desk: Any, session: Any, kim: Member) -> None:
    answer = book(desk, session, kim)
    assert answer.redirect_chain[0][0] == f"/linden/bookings/?open={session.pk}#session-{session.pk}"
    assert "Kim de Boer is booked for Flow." in words(answer)
    reservation = kim.reservations.get()
    assert (reservation.session, reservation.source) == (session, "desk")
    assert reservation.events.get().by == desk


def test_booking_by_script_answers_with_the_panel(desk: Any, session: Any, kim: Member) -> None:
    answer = book(desk, session, kim, **{"hx-request": "true"})
    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == "tresen:poll"
    assert "Kim de Boer is booked for Flow." in words(answer)
    assert "<html" not in words(answer)
    again = book(desk, session, kim, **{"hx-request": "true"})
    assert again.status_code == 422
    assert "Booked already" in words(again)


def test_waiting_puts_the_member_on_the_list(desk: Any, session: Any, kim: Member) -> None:
    for _ in range(2):
        booked(session)
    answer = book(desk, session, kim, "wait")
    assert "Kim de Boer waits for a place in Flow." in words(answer)
    assert WaitingEntry.objects.get().by == desk
    assert "Booked already" not in words(answer)


def test_a_course_is_booked_whole(desk: Any, kim: Member, place: Location) -> None:
    item = CalendarItemFactory(location=place, kind=CalendarItem.Kind.COURSE, capacity=1, name="Roots")
    evenings = [SessionFactory(item=item, starts_at=at("18:00", days=7 * week)) for week in range(3)]
    page = words(ask(desk, "bookable", evenings[0], f"?member={kim.pk}"))
    assert "Book the course, 3 evenings" in page
    assert "Kim de Boer has a place in Roots, 3 evenings." in words(book(desk, evenings[1], kim))
    assert kim.reservations.count() == 3
    other = MemberFactory(studio=place.studio)
    refused = words(book(desk, evenings[0], other))
    assert "Wed 10 Jun, 18:00: This class is full" in refused
    assert other.reservations.count() == 0


def test_a_form_that_is_not_whole_books_nothing(desk: Any, session: Any) -> None:
    client = Client()
    client.force_login(desk.user)
    url = reverse("bookings:book", args=["linden", session.pk])
    for data in ({}, {"member": "x", "deed": "book", "action_id": uuid4()}, {"member": 1, "deed": "x"}):
        assert "Nothing was booked: the form was not complete." in words(client.post(url, data, follow=True))
    assert places(session) == (0, 0)


def test_the_same_button_twice_books_once(desk: Any, session: Any, kim: Member) -> None:
    client = Client()
    client.force_login(desk.user)
    data = {"member": kim.pk, "deed": "book", "action_id": str(uuid4())}
    with time_machine.travel(BEFORE, tick=False):
        url = reverse("bookings:book", args=["linden", session.pk])
        for _ in range(2):
            assert "Kim de Boer is booked for Flow." in words(client.post(url, data, follow=True))
    assert places(session) == (1, 0)


class TestWhoMay:
    def test_a_member_of_another_studio_is_nobody(self, desk: Any, session: Any) -> None:
        stranger = MemberFactory()
        assert ask(desk, "bookable", session, f"?member={stranger.pk}").status_code == 404
        assert book(desk, session, stranger).status_code == 404
        assert places(session) == (0, 0)

    def test_what_is_no_number_is_no_choice(self, desk: Any, session: Any) -> None:
        for text in ("abc", "-1", "9" * 30, ""):
            answer = ask(desk, "bookable", session, f"?member={text}")
            assert answer.status_code == 200
            assert "Choose someone" in words(answer)

    @pytest.mark.parametrize("preset", [Preset.VIEWER, Preset.TEACHER])
    def test_who_may_not_book_may_not_ask(self, session: Any, kim: Member, preset: Preset) -> None:
        login = StaffLoginFactory(studio=session.studio, preset=preset)
        assert ask(login, "bookable", session, f"?member={kim.pk}").status_code == 403
        assert book(login, session, kim).status_code == 403

    def test_a_desk_that_is_pinned_elsewhere_finds_nothing(self, session: Any, kim: Member) -> None:
        login = StaffLoginFactory(studio=session.studio, preset=Preset.DESK)
        login.locations.add(LocationFactory(studio=session.studio))
        assert ask(login, "bookable", session, f"?member={kim.pk}").status_code == 404

    def test_the_way_back_never_leads_to_another_house(self, desk: Any, session: Any) -> None:
        page = ask(desk, "add_person", session, "?next=https://evil.example/")
        assert page.context["next"] == f"/linden/bookings/?open={session.pk}#session-{session.pk}"


def test_the_page_finds_people_as_one_types_and_costs_the_same_for_each(desk: Any, session: Any) -> None:
    def cost(query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert ask(desk, "add_person", session, query).status_code == 200
        return len(queries)

    MemberFactory(studio=desk.studio, first_name="Nora")
    one = cost("?q=nora")
    MemberFactory.create_batch(29, studio=desk.studio, first_name="Nora")
    assert cost("?q=nora") == one


class TestTheListOnTheBookingsPage:
    def page(self, login: StaffLogin, query: str = "") -> Any:
        client = Client()
        client.force_login(login.user)
        with time_machine.travel(BEFORE, tick=False):
            return client.get(f"/linden/bookings/{query}")

    def test_says_how_many_wait_and_opens_to_who(self, desk: Any, session: Any, kim: Member) -> None:
        for _ in range(2):
            booked(session)
        assert "Wait list" not in words(self.page(desk))
        join(session, kim)
        join(session)
        assert "Wait list 2" in words(self.page(desk))
        opened = words(self.page(desk, f"?open={session.pk}"))
        assert "Kim de Boer" in opened
        assert "on the list since Wed 10 Jun, 12:00" in opened

    def test_costs_the_same_with_one_and_with_thirty(self, desk: Any, session: Any) -> None:
        session.item.waiting_places = 50
        session.item.save()
        rows = [booked(session) for _ in range(2)]
        join(session)
        give_up(rows[0])

        def cost() -> int:
            with CaptureQueriesContext(connection) as queries:
                self.page(desk, f"?open={session.pk}")
            return len(queries)

        one = cost()
        for _ in range(29):
            join(session)
        assert cost() == one

    def deed(self, login: StaffLogin, entry: WaitingEntry, deed: str) -> Any:
        client = Client()
        client.force_login(login.user)
        url = reverse("bookings:waiting", args=["linden", entry.pk])
        with time_machine.travel(BEFORE, tick=False):
            return client.post(url, {"deed": deed, "action_id": str(uuid4())}, follow=True)

    def test_staff_book_or_take_off(self, desk: Any, session: Any) -> None:
        rows = [booked(session) for _ in range(2)]
        first, second = join(session), join(session)
        give_up(rows[0])
        assert "is off the waiting list" in words(self.deed(desk, first, "leave"))
        assert states(session) == ["left", "offered"]
        assert "has the place" in words(self.deed(desk, second, "book"))
        assert places(session) == (2, 0)
        third = join(session)
        assert "This class is full" in words(self.deed(desk, third, "offer"))
        assert "form was not complete" in words(self.deed(desk, third, "dance"))

    def test_a_cancelled_place_shows_its_offer_at_once(self, desk: Any, session: Any, kim: Member) -> None:
        reservation, _ = booked(session), booked(session)
        join(session, kim)
        client = Client()
        client.force_login(desk.user)
        url = reverse("bookings:cancel", args=["linden", reservation.pk])
        with time_machine.travel(BEFORE, tick=False):
            answer = client.post(url, {"outcome": "excused", "action_id": str(uuid4())}, headers={"hx-request": "true"})
        assert answer.status_code == 200
        assert f'id="waits-{session.pk}" hx-swap-oob="true"' in words(answer)
        assert "place held until Wed 10 Jun, 13:00" in words(answer)


def test_a_course_is_shown_as_one_booking_and_cancelled_whole(desk: Any, kim: Member, place: Location) -> None:
    item = CalendarItemFactory(location=place, kind=CalendarItem.Kind.COURSE, capacity=5)
    first, *_ = [SessionFactory(item=item, starts_at=at("18:00", days=week)) for week in range(3)]
    given: dict[str, Any] = {"source": "desk", "action_id": uuid4(), "by": desk, "now": BEFORE}
    done = actions.reserve_course(item, kim, **given)
    client = Client()
    client.force_login(desk.user)
    with time_machine.travel(BEFORE, tick=False):
        page = words(client.get(f"/linden/bookings/?open={first.pk}"))
        assert "course, 3 evenings" in page
        assert "Cancel the whole course, excused" in page
        url = reverse("bookings:cancel_course", args=["linden", done.done[0].reservation.pk])
        answer = client.post(url, {"outcome": "excused", "action_id": str(uuid4())}, follow=True)
    assert "3 evenings of the course cancelled" in words(answer)
    assert kim.reservations.active().count() == 0


@pytest.fixture
def merged(kim: Member) -> Member:
    return MemberFactory(studio=kim.studio, first_name="Kimmy", merged_into=kim)


@pytest.fixture
def scrubbed(place: Location) -> Member:
    return MemberFactory(studio=place.studio, first_name="deleted member 4711", scrubbed_at=at("08:00"))


@pytest.mark.parametrize("name", ["bookable", "add_person"])
def test_a_merged_profile_leads_to_the_kept_one(
    desk: Any, session: Any, kim: Member, merged: Member, name: str
) -> None:
    answer = ask(desk, name, session, f"?member={merged.pk}")
    assert answer.status_code == 200
    assert "<h2>Kim de Boer</h2>" in words(answer)
    assert f'name="member" value="{kim.pk}"' in words(answer)


def test_booking_a_merged_profile_books_the_kept_one(desk: Any, session: Any, kim: Member, merged: Member) -> None:
    assert "Kim de Boer is booked for Flow." in words(book(desk, session, merged))
    assert [one.member for one in session.reservations.all()] == [kim]


@pytest.mark.parametrize("name", ["bookable", "add_person"])
def test_somebody_who_was_deleted_is_answered_in_words(desk: Any, session: Any, scrubbed: Member, name: str) -> None:
    answer = ask(desk, name, session, f"?member={scrubbed.pk}")
    assert answer.status_code == 409
    assert "This person was deleted and cannot be booked." in words(answer)
    in_dialog = ask(desk, name, session, f"?member={scrubbed.pk}", **{"hx-request": "true"})
    assert in_dialog.status_code == 422


def test_somebody_who_was_deleted_is_not_booked(desk: Any, session: Any, scrubbed: Member) -> None:
    assert "This person was deleted and cannot be booked." in words(book(desk, session, scrubbed))
    answer = book(desk, session, scrubbed, **{"hx-request": "true"})
    assert answer.status_code == 422
    assert "This person was deleted and cannot be booked." in words(answer)
    assert not session.reservations.exists()
