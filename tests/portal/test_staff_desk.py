"""The desk: switch person by PIN, lock, and a look through another person's eyes (S3, S25)."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.models import ReservationEvent
from portal.models import Change, StaffLogin
from portal.roles import Preset
from portal.staff import desk, logins, pins
from tests.access_table import TABLE, Open, Studio
from tests.bare import bare_errors
from tests.factories import PASSWORD, LocationFactory, ReservationFactory, SessionFactory, StaffLoginFactory
from tests.routes import all_routes
from tests.world import world

pytestmark = pytest.mark.django_db
PAGE, SWITCH = "/one/check-ins/", "/one/switch/"
SCRIPT = {"HX-Request": "true"}
PIN = "7391"


@pytest.fixture(autouse=True)
def fast(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def base():
    """The login of the desk's browser."""
    login = StaffLoginFactory(studio__slug="one", preset=Preset.DESK, user__name="Desk")
    LocationFactory(studio=login.studio, slug="centrum", name="Centrum")
    return login


@pytest.fixture
def owner(base):
    return person(base, Preset.OWNER, "Ana Owner")


@pytest.fixture
def browser(base):
    client = Client()
    client.force_login(base.user)
    return client


def person(base, preset, name, pin=PIN):
    login = StaffLoginFactory(studio=base.studio, preset=preset, user__name=name)
    if pin:
        pins.set_pin(login, pin, now=timezone.now())
    return login


def switch(client, login, pin=PIN, **data):
    return client.post(SWITCH, {"person": login.pk, "pin": pin, **data})


def reservation(base):
    place = base.studio.locations.get()
    session = SessionFactory(item__location=place, starts_at=timezone.now() - timedelta(minutes=5))
    return ReservationFactory(session=session)


def check_in(client, row):
    return client.post(f"/one/reservations/{row.pk}/check-in/", {"action_id": uuid4()}, headers=SCRIPT)


# By PIN


def test_what_is_done_after_a_switch_is_done_by_the_person_switched_in(base, browser):
    kim, row = person(base, Preset.DESK, "Kim"), reservation(base)
    assert switch(browser, kim, next=PAGE).headers["Location"] == PAGE
    assert check_in(browser, row).status_code == 200
    assert ReservationEvent.objects.get().by == kim
    kim.refresh_from_db()
    assert kim.seen_at is not None


def test_an_owner_by_pin_does_what_the_desk_does_and_no_more(browser, owner):
    switch(browser, owner)
    assert browser.get(PAGE).status_code == 200
    assert "by PIN" in browser.get(PAGE).content.decode()
    for path in ("/one/staff/", "/one/imports/", "/one/settings/"):
        assert browser.get(path).status_code == 403, path


def test_a_viewer_and_a_teacher_by_pin_gain_nothing(base, browser):
    row = reservation(base)
    for preset in (Preset.VIEWER, Preset.TEACHER):
        switch(browser, person(base, preset, preset))
        assert check_in(browser, row).status_code in {403, 404}, preset
    assert not ReservationEvent.objects.exists()


@pytest.mark.parametrize("path", ["/one/me/", "/accounts/2fa/", "/accounts/password/change/", "/admin/"])
def test_the_account_below_is_closed_to_who_came_by_pin(base, browser, path):
    base.user.is_staff = base.user.is_superuser = True
    base.user.save()
    switch(browser, person(base, Preset.DESK, "Kim"))
    answer = browser.get(path)
    assert answer.status_code == 403
    assert "log in with your password" in answer.content.decode()


def test_a_person_by_pin_has_this_studio_and_no_other(base, browser):
    elsewhere = StaffLoginFactory(user=base.user, studio__slug="two", preset=Preset.OWNER)
    LocationFactory(studio=elsewhere.studio)
    assert browser.get("/two/check-ins/").status_code == 200
    switch(browser, person(base, Preset.DESK, "Kim"))
    assert browser.get("/two/check-ins/").headers["Location"].startswith("/two/switch/")
    assert browser.get("/").headers["Location"] == "/one/"


def test_what_is_taken_from_the_person_or_from_the_desk_is_gone_at_the_next_request(base, browser, owner):
    kim = person(base, Preset.DESK, "Kim")
    now = timezone.now()

    def is_in():
        answer = browser.get(PAGE)
        return answer.status_code == 200

    switch(browser, kim)
    assert is_in()
    pins.set_pin(kim, "80427", now=now + timedelta(seconds=1))
    assert not is_in()
    switch(browser, kim, "80427")
    logins.switch(kim, on=False, by=owner, now=now)
    assert not is_in()
    logins.switch(kim, on=True, by=owner, now=now)
    switch(browser, kim, "80427")
    assert is_in()
    logins.switch(base, on=False, by=owner, now=now)
    assert browser.get(PAGE).status_code == 404


def test_five_wrong_pins_rest_that_pin_and_no_other(base, browser):
    kim, bo = person(base, Preset.DESK, "Kim"), person(base, Preset.DESK, "Bo", "80427")
    answers = [switch(browser, kim, "8642") for _ in range(5)]
    assert [one.status_code for one in answers] == [422] * 5
    assert "15 minutes" in answers[-1].content.decode()
    cache.clear()
    assert switch(browser, kim).status_code == 422
    assert switch(browser, bo, "80427").status_code == 302


def test_only_people_of_this_studio_with_a_pin_can_be_chosen(base, browser):
    person(base, Preset.DESK, "Without Pin", pin=None)
    removed = person(base, Preset.DESK, "Removed Rita")
    StaffLogin.objects.filter(pk=removed.pk).update(is_active=False)
    foreign = StaffLoginFactory(user__name="Foreign Fay")
    pins.set_pin(foreign, PIN, now=timezone.now())
    page = browser.get(SWITCH).content.decode()
    for name in ("Without Pin", "Removed Rita", "Foreign Fay"):
        assert name not in page
    for login in (removed, foreign):
        assert switch(browser, login).status_code == 422
    assert browser.post(SWITCH, {"person": "x", "pin": ""}).status_code == 422


@pytest.mark.parametrize("back", ["//evil.test/", "https://evil.test/", "javascript:alert(1)", "/\\evil.test"])
def test_switching_leads_to_no_other_host(base, browser, back):
    kim = person(base, Preset.DESK, "Kim")
    assert back not in browser.get(SWITCH, {"next": back, "person": kim.pk}).content.decode()
    assert switch(browser, kim, next=back).headers["Location"] == "/one/"


def test_a_check_in_by_pin_asks_once_who_is_there(base, browser):
    kim = person(base, Preset.DESK, "Kim")
    browser.get(PAGE)
    switch(browser, kim)
    with CaptureQueriesContext(connection) as asked:
        browser.get("/one/")
    assert sum("portal_stafflogin" in one["sql"] for one in asked) == 1


# Locked


def test_a_locked_desk_shows_nothing_and_leads_back(base, browser):
    kim = person(base, Preset.DESK, "Kim")
    locked = browser.post("/one/lock/", {"next": f"{PAGE}?show=new"})
    assert locked.headers["Location"] == "/one/switch/?next=%2Fone%2Fcheck-ins%2F%3Fshow%3Dnew"
    assert browser.get(f"{PAGE}?show=new").headers["Location"] == locked.headers["Location"]
    assert switch(browser, kim, next=f"{PAGE}?show=new").headers["Location"] == f"{PAGE}?show=new"
    assert browser.get(PAGE).status_code == 200


def test_no_page_and_no_form_answers_while_the_desk_is_locked():
    houses = world()
    client = Client(raise_request_exception=False)
    client.force_login(houses.own.owner.user)
    client.post("/own/lock/")
    open_ones = {"portal:switch", "portal:lock", "portal:staff_preview_end"}
    for route in all_routes():
        rule = TABLE.get(route.name)
        if not isinstance(rule, Studio) or route.name in open_ones or set(route.arguments) - set(houses.own.words):
            continue
        url = route.url(houses.own.words)
        page, form, script = client.get(url), client.post(url, rule.data), client.post(url, rule.data, headers=SCRIPT)
        assert page.status_code == 302, route.name
        assert page.headers["Location"].startswith("/own/switch/"), route.name
        assert form.headers.get("Location") == "/own/switch/", route.name
        assert (script.status_code, script.headers["HX-Redirect"]) == (423, "/own/switch/"), route.name
    for path in ("/accounts/2fa/", "/accounts/password/change/", "/admin/"):
        assert client.get(path).headers["Location"].startswith("/own/switch/"), path


def test_a_tick_that_meets_the_lock_is_not_done_and_can_be_sent_again(base, browser):
    kim, row, action = person(base, Preset.DESK, "Kim"), reservation(base), uuid4()
    browser.post("/one/lock/")
    url = f"/one/reservations/{row.pk}/check-in/"
    assert browser.post(url, {"action_id": action}, headers=SCRIPT).status_code == 423
    assert not ReservationEvent.objects.exists()
    switch(browser, kim)
    assert browser.post(url, {"action_id": action}, headers=SCRIPT).status_code == 200
    assert ReservationEvent.objects.get().by == kim


def test_logging_out_ends_the_desk_and_a_password_opens_it(base, browser):
    browser.post("/one/lock/")
    out = browser.post("/accounts/logout/", {"next": "/accounts/login/?next=/one/check-ins/"})
    assert out.headers["Location"] == "/accounts/login/?next=/one/check-ins/"
    browser.post("/accounts/login/", {"login": base.user.email, "password": PASSWORD})
    assert browser.get(PAGE).status_code == 200


# Setting a PIN


def test_everybody_sets_their_own_pin(base, browser):
    assert browser.post("/one/me/pin/", {"pin": "1234", "again": "1234"}).status_code == 422
    assert browser.post("/one/me/pin/", {"pin": PIN, "again": "7392"}).status_code == 422
    assert browser.post("/one/me/pin/", {"pin": PIN, "again": PIN}).status_code == 302
    assert pins.try_pin(base, PIN, now=timezone.now()).pin
    page = browser.get("/one/me/").content.decode()
    assert PIN not in page
    browser.post("/one/me/pin/remove/")
    assert pins.try_pin(base, PIN, now=timezone.now()).pin is None


# See as this person


@pytest.fixture
def looking(owner, base):
    client = Client()
    client.force_login(owner.user)
    return client


def test_an_owner_sees_what_the_person_sees_and_nothing_more(base, owner, looking):
    teacher = person(base, Preset.TEACHER, "Mira", pin=None)
    row = f'id="reservation-{reservation(base).pk}"'
    own = looking.get(PAGE).content.decode()
    answer = looking.post(f"/one/staff/{teacher.pk}/preview/")
    assert answer.headers["Location"] == "/one/"
    page = looking.get(PAGE).content.decode()
    assert "You see what Mira sees" in page
    assert row in own
    assert row not in page
    assert looking.get("/one/history/").status_code == 403
    assert Change.objects.get(kind="previewed").by == owner
    looking.post("/one/staff/preview/end/")
    assert looking.get("/one/staff/").status_code == 200


def test_nothing_at_all_is_written_while_looking():
    houses = world()
    client = Client(raise_request_exception=False)
    client.force_login(houses.own.owner.user)
    client.post(f"/own/staff/{houses.own.words['login']}/preview/")
    open_ones = {"portal:switch", "portal:lock", "portal:staff_preview_end", "account_logout"}
    words = houses.own.words | {"uidb36": "1", "key": "abc", "pk": 1, "secret": "abc", "token": "abc"}
    wrong = []
    for route in all_routes():
        if route.name in open_ones or route.is_admin or route.name not in TABLE or set(route.arguments) - set(words):
            continue
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            with nullcontext() if method == "POST" else bare_errors():
                status = client.generic(method, route.url(words)).status_code
            rule = TABLE[route.name]
            if status not in ({400, 403, 404, 405} if isinstance(rule, Open) and rule.by_programs else {403}):
                wrong.append((route.name, method, status))
    assert not wrong
    assert client.post("/admin/portal/user/add/").status_code == 403


def test_a_preview_ends_after_a_quarter_of_an_hour_and_its_forms_are_not_done_by_the_owner(base, owner, looking):
    kim, row = person(base, Preset.DESK, "Kim", pin=None), reservation(base)
    start = datetime.now(tz=UTC)
    looking.post(f"/one/staff/{kim.pk}/preview/")
    with time_machine.travel(start + timedelta(minutes=16), tick=False):
        assert check_in(looking, row).status_code == 403
        assert not ReservationEvent.objects.exists()
        assert "You see what" not in looking.get(PAGE).content.decode()


def test_what_the_person_chose_last_is_not_touched_by_a_look(base, owner, looking):
    LocationFactory(studio=base.studio, slug="noord")
    kim = person(base, Preset.DESK, "Kim", pin=None)
    looking.post(f"/one/staff/{kim.pk}/preview/")
    before = StaffLogin.objects.filter(pk=kim.pk).values().get()
    looking.get(f"{PAGE}?location=noord")
    with time_machine.travel(datetime.now(tz=UTC) + timedelta(minutes=14), tick=False):
        looking.get(PAGE)
    assert StaffLogin.objects.filter(pk=kim.pk).values().get() == before


def test_who_may_not_look_through_others_cannot_and_nobody_looks_wider_than_they_see(base, owner):
    manager = person(base, Preset.MANAGER, "Marek", pin=None)
    client = Client()
    client.force_login(manager.user)
    assert client.post(f"/one/staff/{owner.pk}/preview/").status_code == 403
    pinned = person(base, Preset.OWNER, "Pinned", pin=None)
    pinned.locations.add(base.studio.locations.get())
    client.force_login(pinned.user)
    assert client.post(f"/one/staff/{manager.pk}/preview/").status_code == 404


def test_a_look_ends_when_the_owner_may_no_longer_give_logins(base, owner, looking):
    kim, other = person(base, Preset.DESK, "Kim", pin=None), person(base, Preset.OWNER, "Bo", pin=None)
    looking.post(f"/one/staff/{kim.pk}/preview/")
    logins.change(owner, preset=Preset.VIEWER, locations=[], by=other, now=timezone.now())
    assert "You see what" not in looking.get(PAGE).content.decode()


def test_the_words_of_the_session_hold_keys_only(base, browser):
    kim = person(base, Preset.DESK, "Kim")
    switch(browser, kim)
    assert desk.acting(browser.session) == kim.pk
    assert PIN not in str(dict(browser.session))
