"""The screen *Check-ins* from outside: what it shows, what it lets one do, what it costs, and to whom."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.models import Reservation, ReservationEvent, ScheduledSession
from bookings.rules import CancelAs
from bookings.selectors.reception import plain
from portal.models import Location, Member, StaffLogin, Studio
from portal.roles import Preset
from tests.bookings.scenes import at, booked, evening_class, kinds
from tests.factories import (
    CalendarItemFactory,
    LocationFactory,
    MemberFactory,
    ReservationFactory,
    SessionFactory,
    StaffLoginFactory,
    StudioFactory,
    TeacherFactory,
)

pytestmark = pytest.mark.django_db
Rows = dict[str, str]


@pytest.fixture(autouse=True)
def ten_past_six() -> Any:
    """The evening class has begun ten minutes ago."""
    with time_machine.travel(at("18:10"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def studio() -> Studio:
    return StudioFactory(slug="linden")


@pytest.fixture
def centrum(studio: Studio) -> Location:
    return LocationFactory(studio=studio, slug="centrum", name="Centrum", position=1)


@pytest.fixture
def vinyasa(centrum: Location) -> ScheduledSession:
    teacher = TeacherFactory(studio=centrum.studio, name="Mira Okafor")
    return evening_class(item=CalendarItemFactory(location=centrum, name="Vinyasa Flow", teacher=teacher))


def login(studio: Studio, preset: Preset = Preset.DESK) -> StaffLogin:
    return StaffLoginFactory(studio=studio, preset=preset, user__name="Ana Vos")


def client_of(who: StaffLogin) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


@pytest.fixture
def desk(studio: Studio) -> Client:
    return client_of(login(studio))


def member(studio: Studio, name: str, **fields: Any) -> Member:
    first, _, last = name.partition(" ")
    return MemberFactory(studio=studio, first_name=first, last_name=last, **fields)


def page(client: Client, **query: str) -> str:
    response = client.get("/linden/check-ins/", query)
    assert response.status_code == 200
    return response.content.decode()


def rows(html: str) -> Rows:
    """Each row's text by the name in it."""
    found = re.findall(r"<article class=\"row.*?</article>", html, re.DOTALL)
    return {re.findall(r"class=\"full\">(.*?)<", one)[0]: words(one) for one in found}


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def counts(html: str) -> str:
    return words(re.findall(r"<div class=\"tiles\".*?</div>", html, re.DOTALL)[0])


def changes(client: Client, since: str, moment: datetime, **query: str) -> Any:
    return client.get("/linden/check-ins/changes/", {"since": since, "at": moment.isoformat(), **query})


def tick(client: Client, reservation: Reservation, verb: str = "check-in", **data: Any) -> Any:
    """As a script does it."""
    url = f"/linden/reservations/{reservation.pk}/{verb}/"
    return client.post(url, {"action_id": uuid4(), **data}, headers={"HX-Request": "true"})


# What it shows


def test_the_day_is_shown_with_its_classes_people_and_counts(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer", number="4711"))
    booked(vinyasa, member(vinyasa.studio, "Ada Lindqvist"))
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("17:52"))
    html = page(desk)
    found = rows(html)
    assert list(found) == ["Ada Lindqvist", "Kim de Boer"]
    assert "Checked in 17:52" in found["Kim de Boer"]
    assert "No check-in yet" in found["Ada Lindqvist"]
    assert counts(html) == "1 in 2 expected 1 no check-in 2 first visits"
    head = words(re.findall(r"<header class=\"session-head\".*?</header>", html, re.DOTALL)[0])
    assert head == "18:00 to 19:00 Vinyasa Flow Mira Okafor running 1 of 2 in"
    assert "<title>(1) Check-ins - Centrum" in html
    assert "Kim de Boer K. d. B. checked in Ana" in words(html)


def test_other_days_other_studios_and_other_locations_are_not_shown(desk: Client, vinyasa: ScheduledSession) -> None:
    noord = LocationFactory(studio=vinyasa.studio, slug="noord", name="Noord")
    booked(evening_class(item__location=noord), member(vinyasa.studio, "Nora Noord"))
    booked(evening_class(item__location=vinyasa.location, starts_at=at("18:00", days=1)), now=at("12:00"))
    booked(evening_class())
    booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    assert list(rows(page(desk, location="centrum"))) == ["Kim de Boer"]
    html = page(desk, location="all")
    assert set(rows(html)) == {"Kim de Boer", "Nora Noord"}
    assert "Noord" in words(html)


def test_today_is_the_day_of_each_location(desk: Client, vinyasa: ScheduledSession, ten_past_six: Any) -> None:
    """At 00:30 in Amsterdam it is still yesterday in Lisbon, and each shows its own day (Q15)."""
    lisbon = LocationFactory(studio=vinyasa.studio, slug="lisboa", name="Lisboa", zone="Europe/Lisbon")
    booked(evening_class(item__location=lisbon, starts_at=at("20:00")), member(vinyasa.studio, "Lia"))
    booked(vinyasa, member(vinyasa.studio, "Kim"))
    ten_past_six.move_to(at("00:30", days=1))
    assert list(rows(page(desk, location="all"))) == ["Lia"]


def test_a_class_that_runs_over_midnight_stays_until_it_ends(
    desk: Client, centrum: Location, ten_past_six: Any
) -> None:
    late = evening_class(item__location=centrum, starts_at=at("23:30"))
    booked(late, member(centrum.studio, "Kim"))
    ten_past_six.move_to(at("00:10", days=1))
    assert list(rows(page(desk))) == ["Kim"]
    ten_past_six.move_to(at("00:30", days=1))
    assert list(rows(page(desk))) == []


def test_the_star_is_filled_or_outlined_with_its_words(desk: Client, vinyasa: ScheduledSession) -> None:
    noord = LocationFactory(studio=vinyasa.studio, name="Noord")
    known = member(vinyasa.studio, "Known Elsewhere")
    for day in (3, 5):
        past = evening_class(item__location=noord, starts_at=at("18:00", days=-day))
        ReservationFactory(session=past, member=known, attendance="checked_in", checked_in_at=past.starts_at)
    booked(vinyasa, known)
    booked(vinyasa, member(vinyasa.studio, "New Here"))
    found = rows(page(desk, location="centrum"))
    assert "new here, 2 visits at Noord" in found["Known Elsewhere"]
    assert "First visit here" in found["New Here"]


def test_the_outlined_star_names_the_other_location_after_the_tick_too(desk: Client, vinyasa: ScheduledSession) -> None:
    noord = LocationFactory(studio=vinyasa.studio, name="Noord")
    known = member(vinyasa.studio, "Known Elsewhere")
    past = evening_class(item__location=noord, starts_at=at("18:00", days=-3))
    ReservationFactory(session=past, member=known, attendance="checked_in", checked_in_at=past.starts_at)
    tick(desk, booked(vinyasa, known))
    assert "new here, 1 visit at Noord" in rows(page(desk, location="centrum"))["Known Elsewhere"]


def test_who_cancelled_in_time_is_found_only_by_searching(desk: Client, vinyasa: ScheduledSession) -> None:
    gone = booked(vinyasa, member(vinyasa.studio, "Gone Girl"))
    actions.cancel(gone, outcome=CancelAs.IN_TIME, action_id=uuid4(), by=None, now=at("12:00", days=-1))
    html = page(desk)
    assert 'class="row counter is-gone"' in html
    assert counts(html).startswith("0 in 0 expected")
    assert "is-searching" not in html.split("data-changes")[0]
    assert "is-searching" in page(desk, q="gone").split("data-changes")[0]


def test_searching_without_script_hides_who_does_not_fit(desk: Client, vinyasa: ScheduledSession) -> None:
    for name in ("Dörte Öhm", "Kim de Boer"):
        booked(vinyasa, member(vinyasa.studio, name, phone="+31 6 1234 5678" if name.startswith("K") else ""))
    shown = {q: re.findall(r"data-new aria-label=\"(.*?)\"", page(desk, q=q)) for q in ("ohm", "zz")}
    assert shown["ohm"] == ["Dörte Öhm"]
    assert shown["zz"] == []
    assert re.findall(r"data-new aria-label=\"(.*?)\"", page(desk, q="316123")) == ["Kim de Boer"]


@pytest.mark.parametrize(
    "query", [{"q": "a" * 5000}, {"show": "nonsense"}, {"q": "<script>", "show": "new"}, {"q": "😀"}]
)
def test_odd_searches_are_answered(desk: Client, vinyasa: ScheduledSession, query: dict[str, str]) -> None:
    booked(vinyasa, member(vinyasa.studio, "Kim"))
    html = page(desk, **query)
    assert list(rows(html)) == ["Kim"]
    assert "<script>" not in html


def test_a_day_without_classes_names_the_next_one(desk: Client, centrum: Location) -> None:
    item = CalendarItemFactory(location=centrum, name="Vinyasa")
    SessionFactory(item=item, starts_at=at("07:00", days=6))
    html = page(desk)
    assert "No classes at Centrum today." in html
    assert "Next: Tue 16 Jun, 07:00 Vinyasa, 0 booked." in html


def test_finished_classes_are_folded_away_with_their_counts(desk: Client, vinyasa: ScheduledSession) -> None:
    over = evening_class(item__location=vinyasa.location, starts_at=at("09:00"))
    booked(over)
    html = page(desk)
    finished = re.findall(r"<details class=\"finished\".*?</details>\n", html, re.DOTALL)[0]
    assert words(finished).startswith("1 finished class 0 of 1 in")
    assert f'id="session-{vinyasa.pk}"' not in finished


def test_names_are_written_as_text(desk: Client, vinyasa: ScheduledSession) -> None:
    booked(vinyasa, member(vinyasa.studio, '<script>alert(1)</script> O\'Neil "x"'))
    assert "<script>alert" not in page(desk)


def test_plain_is_small_letters_without_accents() -> None:
    assert plain("Łukasz ÖHM-Đorđević Straße Trần Œuvre") == "lukasz ohm-dordevic strasse tran oeuvre"


# Who sees what


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


# What it does


def test_a_tick_answers_with_the_row_and_undo(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim de Boer"))
    response = tick(desk, kim)
    html = response.content.decode()
    assert response.status_code == 200
    assert "Checked in 18:10" in rows(html)["Kim de Boer"]
    assert "<p>Kim de Boer is in</p>" in html
    made = kim.events.get(kind="checked_in")
    assert f'data-undo="/linden/events/{made.pk}/undo/"' in html
    assert 'aria-pressed="true"' in html


def test_the_same_action_id_is_done_once(desk: Client, vinyasa: ScheduledSession) -> None:
    kim, again = booked(vinyasa), uuid4()
    assert [tick(desk, kim, action_id=again).status_code for _ in range(3)] == [200, 200, 200]
    assert kinds(kim) == ["reserved", "checked_in"]


def test_who_is_in_already_stays_in_and_it_says_since_when(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim"))
    actions.check_in(kim, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("18:02"))
    assert "<p>Kim is already in, 18:02, Ana</p>" in tick(desk, kim).content.decode()
    assert kinds(kim) == ["reserved", "checked_in"]


def test_more_than_an_hour_early_is_only_a_note(desk: Client, centrum: Location) -> None:
    kim = booked(evening_class(item__location=centrum, starts_at=at("20:00")), member(centrum.studio, "Kim"))
    html = tick(desk, kim).content.decode()
    assert "Kim is in. That is early: the class begins Wed 10 Jun, 20:00." in html
    assert kinds(kim) == ["reserved", "checked_in"]


def test_being_in_elsewhere_at_that_time_is_a_note(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = member(vinyasa.studio, "Kim")
    noord = evening_class(item__location=LocationFactory(studio=vinyasa.studio, name="Noord"))
    there, here = booked(noord, kim), booked(vinyasa, kim)
    actions.check_in(there, action_id=uuid4(), by=login(vinyasa.studio, Preset.OWNER), now=at("17:55"))
    html = tick(desk, here).content.decode()
    assert "This person is also in another class at that time: Noord 17:55." in html
    assert kinds(here) == ["reserved", "checked_in"]


def test_a_refusal_is_a_conflict_with_its_reason_and_the_true_row(desk: Client, centrum: Location) -> None:
    old = booked(evening_class(item__location=centrum, starts_at=at("18:00", days=-9)), member(centrum.studio, "Kim"))
    response = tick(desk, old)
    assert response.status_code == 409
    assert "This class could be corrected until" in response.content.decode()
    assert kinds(old) == ["reserved"]


@pytest.mark.parametrize("action_id", ["", "nonsense", "12345", "😀"])
def test_a_bad_action_id_is_a_bad_request(desk: Client, vinyasa: ScheduledSession, action_id: str) -> None:
    kim = booked(vinyasa)
    assert tick(desk, kim, action_id=action_id).status_code == 400
    assert kinds(kim) == ["reserved"]


def test_an_action_id_of_something_else_is_a_conflict(desk: Client, vinyasa: ScheduledSession) -> None:
    kim, ada, used = booked(vinyasa), booked(vinyasa), uuid4()
    tick(desk, kim, action_id=used)
    assert tick(desk, ada, action_id=used).status_code == 409
    assert kinds(ada) == ["reserved"]


def test_each_change_has_its_way_back(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa)
    for verb in ("check-in", "revert-check-in", "no-show", "revert-no-show", "withdraw"):
        assert tick(desk, kim, verb).status_code == 200, verb
    assert kinds(kim) == [
        "reserved", "checked_in", "check_in_reverted", "no_show", "no_show_reverted", "withdrawn",
    ]  # fmt: skip
    last = kim.events.latest("id")
    assert desk.post(f"/linden/events/{last.pk}/undo/", {"action_id": uuid4()}).status_code == 302


def test_without_script_one_is_led_back_with_the_words(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa, member(vinyasa.studio, "Kim"))
    url = f"/linden/reservations/{kim.pk}/check-in/"
    response = desk.post(url, {"action_id": uuid4(), "next": "/linden/check-ins/?q=kim"}, follow=True)
    assert response.redirect_chain == [("/linden/check-ins/?q=kim", 302)]
    assert "Kim is in" in words(response.content.decode())
    elsewhere = desk.post(url, {"action_id": uuid4(), "next": "https://evil.test/"})
    assert elsewhere.headers["Location"] == "/linden/check-ins/"


# Live


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


# What it costs


def queries(client: Client, django_assert_max_num_queries: Any, **query: str) -> int:
    page(client)  # the first request of a login writes when it began
    with django_assert_max_num_queries(12) as captured:
        page(client, **query)
    return len(captured)


def test_the_page_costs_the_same_with_one_row_and_with_thirty(
    desk: Client, vinyasa: ScheduledSession, django_assert_max_num_queries: Any
) -> None:
    ScheduledSession.objects.filter(pk=vinyasa.pk).update(capacity=None)
    LocationFactory(studio=vinyasa.studio, name="Noord")
    booked(vinyasa)
    one = queries(desk, django_assert_max_num_queries, location="all")
    for _ in range(29):
        booked(vinyasa)
    assert queries(desk, django_assert_max_num_queries, location="all") == one


# Photos


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


def test_get_changes_nothing(desk: Client, vinyasa: ScheduledSession) -> None:
    kim = booked(vinyasa)
    for verb in ("check-in", "revert-check-in", "no-show", "withdraw"):
        assert desk.get(f"/linden/reservations/{kim.pk}/{verb}/").status_code == 405
    assert ReservationEvent.objects.count() == 1
