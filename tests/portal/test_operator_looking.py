"""The operator looks into a studio: read only, for a quarter of an hour, with a reason, in the studio's log (S25)."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from portal.models import Change, StaffLogin, User
from portal.roles import Preset
from tests.access_table import TABLE, Studio
from tests.factories import LocationFactory, StaffLoginFactory, UserFactory
from tests.routes import all_routes
from tests.world import World

pytestmark = pytest.mark.django_db

REASON = "T-4711: the timetable <b>is</b> empty"
# What may hand out a file, by its address.
FILES = re.compile("csv|xlsx|pdf|zip|export|download")
LEAVE = "/one/staff/preview/end/"


def prove(client: Client, user: User, method: str = "mfa", ago: float = 1) -> None:
    """As allauth notes that a person has just shown who they are."""
    session = client.session
    session["account_authentication_methods"] = [{"method": method, "at": time.time() - ago}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


def set_up(user: User) -> None:
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})


@pytest.fixture
def person() -> User:
    person = UserFactory(name="Olga Operator", is_staff=True, is_superuser=True)
    set_up(person)
    return person


@pytest.fixture
def operator(person: User) -> Client:
    client = Client()
    client.force_login(person)
    prove(client, person)
    return client


@pytest.fixture
def owner() -> StaffLogin:
    place = LocationFactory(studio__slug="one", studio__name="One")
    return StaffLoginFactory(studio=place.studio, user__name="Nora")


def look(client: Client, login: StaffLogin, reason: str = REASON) -> Any:
    return client.post(f"/admin/studios/{login.studio_id}/look/", {"login": login.pk, "reason": reason})


def test_a_look_has_a_banner_and_stands_in_the_studios_log_when_it_begins_and_ends(operator, owner):
    assert look(operator, owner).headers["Location"] == "/one/"
    page = operator.get("/one/").content.decode()
    assert "Olga Operator looks into this studio as the operator, and sees what Nora sees (Owner)" in page
    assert "T-4711: the timetable &lt;b&gt;is&lt;/b&gt; empty" in page
    assert "15 minutes left" in page
    begun = Change.objects.get(kind="looked_in")
    assert (begun.by, begun.by_word, begun.subject, begun.studio) == (None, "operator", "studio", owner.studio)
    assert {"operator": "Olga Operator", "reason": REASON, "as": "Nora"}.items() <= begun.after.items()
    answer = operator.post(LEAVE)
    assert answer.headers["Location"] == f"/admin/portal/studio/{owner.studio_id}/change/"
    assert Change.objects.get(kind="looked_out").after == {"operator": "Olga Operator"}
    assert operator.get("/one/").status_code == 404
    reader = Client()
    reader.force_login(owner.user)
    log = reader.get("/one/log/").content.decode()
    assert "T-4711" in log
    assert "Olga Operator" in log


def test_no_look_without_a_reason_or_through_someone_else(operator, owner):
    other = StaffLoginFactory()
    off = StaffLoginFactory(studio=owner.studio, is_active=False)
    for data in (
        {"login": owner.pk, "reason": ""},
        {"login": owner.pk, "reason": "  x  "},
        {"login": owner.pk, "reason": "x" * 201},
        {"login": other.pk, "reason": REASON},
        {"login": off.pk, "reason": REASON},
    ):
        assert operator.post(f"/admin/studios/{owner.studio_id}/look/", data).status_code == 422
    assert not Change.objects.exists()
    assert operator.get("/one/").status_code == 404


def test_who_they_are_is_proved_anew_by_the_second_step(operator, owner, person):
    path = f"/admin/studios/{owner.studio_id}/look/"
    prove(operator, person, ago=3600)
    assert operator.get(path).headers["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    assert look(operator, owner).headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    prove(operator, person, "password")
    assert operator.get(path).headers["Location"].startswith("/accounts/2fa/reauthenticate/?next=")
    prove(operator, person)
    assert operator.get(path).status_code == 200
    assert not Change.objects.exists()


def test_a_password_alone_opens_no_studio(operator, owner, person):
    path = f"/admin/studios/{owner.studio_id}/look/"
    Authenticator.objects.update(type="recovery_codes")
    for method in ("password", "mfa"):
        prove(operator, person, method)
        answer = operator.get(path)
        assert answer.status_code == 403
        assert 'href="/accounts/2fa/"' in answer.content.decode()
        assert look(operator, owner).status_code == 403
    assert not Change.objects.exists()


def test_who_logs_out_has_left_and_the_log_says_until_when_it_was_at_most(operator, owner):
    look(operator, owner)
    until = Change.objects.get(kind="looked_in").after["until"]
    reader = Client()
    reader.force_login(owner.user)
    there = datetime.fromisoformat(until).astimezone(owner.studio.locations.get().tz)
    log = reader.get("/one/log/").content.decode()
    assert "At most until: " in log
    assert f"{there:%H:%M}" in log
    operator.post("/accounts/logout/")
    assert Change.objects.get(kind="looked_out").after == {"operator": "Olga Operator"}


def test_nothing_is_written_and_nothing_leaves_as_a_file(houses: World) -> None:
    person = houses.people["operator"]
    assert person
    client = Client(raise_request_exception=False)
    client.force_login(person)
    set_up(person)
    prove(client, person)
    look(client, houses.own.owner)
    wrong = []
    for number, route in enumerate(all_routes()):
        rule = TABLE.get(route.name)
        if not isinstance(rule, Studio) or route.name == "portal:staff_preview_end":
            continue
        url = route.url(houses.own.words)
        # Every address is walked for the previews of owners, which are refused at the same place.
        if (number % 7 == 0 or route.view.at_the_desk) and (status := client.post(url, rule.data).status_code) != 403:
            wrong.append((route.name, "POST", status))
        if rule.get and FILES.search(url):
            answer = client.get(url)
            kind = answer.headers.get("Content-Type", "").partition(";")[0]
            if "attachment" in answer.headers.get("Content-Disposition", "") or kind != "text/html":
                wrong.append((route.name, "GET", kind))
    assert not wrong
    assert client.post("/admin/studios/new/", {}).status_code == 403
    assert client.get("/own/members/").status_code == 200
    assert client.get("/own/members/members.csv").status_code == 403
    assert client.get("/other/").status_code == client.get("/missing/").status_code == 404


@pytest.mark.parametrize("lost", ["time", "is_staff", "is_superuser", "login", "person", "left"])
def test_a_look_ends_at_once(operator, owner, person, lost):
    StaffLoginFactory(studio=owner.studio)  # somebody must be left to give logins
    look(operator, owner)
    assert operator.get("/one/").status_code == 200
    later = datetime.now(tz=UTC)
    if lost == "time":
        later += timedelta(minutes=16)
    elif lost in {"is_staff", "is_superuser"}:
        User.objects.filter(pk=person.pk).update(**{lost: False})
    elif lost == "login":
        StaffLogin.objects.filter(pk=owner.pk).update(is_active=False, removed_at=timezone.now())
    elif lost == "person":
        User.objects.filter(pk=owner.user_id).update(is_active=False)
    else:
        operator.post(LEAVE)
    with time_machine.travel(later, tick=False):
        assert operator.get("/one/").status_code == 404
        assert operator.get("/one/").status_code == 404
    assert Change.objects.filter(kind="looked_out").count() == 1


def test_a_look_leaves_no_trace_at_the_person_and_gives_no_desk(operator, owner):
    owner.studio.two_step_required = True
    owner.studio.save()
    before = StaffLogin.objects.filter(pk=owner.pk).values().get()
    look(operator, owner)
    with time_machine.travel(datetime.now(tz=UTC) + timedelta(minutes=14), tick=False):
        assert operator.get("/one/check-ins/").status_code == 200
    assert StaffLogin.objects.filter(pk=owner.pk).values().get() == before
    assert operator.post("/one/lock/").status_code == 403
    assert operator.post("/one/switch/", {"person": owner.pk, "pin": "7392"}).status_code == 403
    assert operator.get("/admin/").status_code == 200


def test_who_works_in_a_studio_too_has_their_own_login_there_and_in_others_none(operator, owner, person):
    own = StaffLoginFactory(user=person, studio__slug="mine", preset=Preset.DESK)
    LocationFactory(studio=own.studio)
    look(operator, owner)
    page = operator.get("/mine/check-ins/").content.decode()
    assert "looks into this studio" not in page
    assert operator.get("/one/").status_code == 200
