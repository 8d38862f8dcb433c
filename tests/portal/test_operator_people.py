"""What the operator does to the people of a studio: in its log, and never to be let in themselves."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.test import Client

from portal.admin_site import is_operator
from portal.models import Location, StaffLogin, Studio
from portal.roles import Preset
from tests.factories import LocationFactory, StaffLoginFactory, UserFactory

pytestmark = pytest.mark.django_db

LOGINS = "/admin/portal/stafflogin/"


@pytest.fixture
def person() -> Any:
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def operator(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def owner() -> StaffLogin:
    place = LocationFactory()
    return StaffLoginFactory(studio=place.studio, preset=Preset.OWNER, user__name="Nora")


def told(studio: Studio) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    changes = studio.changes.filter(subject="stafflogin").order_by("pk")
    return [(one.kind, one.by_word, one.before, one.after) for one in changes]


def test_a_login_given_and_changed_by_the_operator_stands_in_the_studios_log(operator, owner):
    new, place = UserFactory(), owner.studio.locations.get()
    data = {"studio": owner.studio_id, "user": new.pk, "preset": "desk", "is_active": "on"}
    assert operator.post(f"{LOGINS}add/", data).status_code == 302
    given = StaffLogin.objects.get(user=new)
    url = f"{LOGINS}{given.pk}/change/"
    assert operator.post(url, {"preset": "manager", "locations": [place.pk], "is_active": "on"}).status_code == 302
    assert operator.post(url, {"preset": "manager", "locations": [place.pk], "is_active": "on"}).status_code == 302
    assert operator.post(url, {"preset": "manager", "locations": [place.pk]}).status_code == 302
    assert told(owner.studio) == [
        ("added", "operator", {}, {"preset": "desk", "locations": [], "is_active": True}),
        (
            "changed",
            "operator",
            {"preset": "desk", "locations": []},
            {"preset": "manager", "locations": [place.name]},
        ),
        ("changed", "operator", {"is_active": True}, {"is_active": False}),
    ]


def test_a_login_stays_its_persons_and_its_studios(operator, owner, person):
    other = LocationFactory().studio
    data = {"preset": "manager", "is_active": "on", "user": person.pk, "studio": other.pk}
    second = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
    before = (second.user_id, second.studio_id)
    assert operator.post(f"{LOGINS}{second.pk}/change/", data).status_code == 302
    second.refresh_from_db()
    assert (second.user_id, second.studio_id, second.preset) == (*before, "manager")
    foreign = other.locations.get()
    answer = operator.post(f"{LOGINS}{second.pk}/change/", {**data, "locations": [foreign.pk]})
    assert answer.status_code == 200
    assert not second.locations.exists()


def test_the_operator_lets_nobody_of_the_installation_into_a_studio(operator, owner, person):
    for user in (person, UserFactory(is_staff=True), UserFactory(is_superuser=True)):
        data = {"studio": owner.studio_id, "user": user.pk, "preset": "owner", "is_active": "on"}
        answer = operator.post(f"{LOGINS}add/", data)
        assert answer.status_code == 200
        assert "Look into the studio from its page" in answer.content.decode()
    own = StaffLoginFactory(studio=owner.studio, user=person, preset=Preset.DESK)
    url = f"{LOGINS}{own.pk}/change/"
    assert operator.post(url, {"preset": "owner", "is_active": "on"}).status_code == 200
    own.refresh_from_db()
    assert own.preset == Preset.DESK
    assert operator.post(url, {"preset": "desk"}).status_code == 302
    assert operator.post(url, {"preset": "desk", "is_active": "on"}).status_code == 200
    own.refresh_from_db()
    assert not own.is_active


def test_what_is_done_to_a_person_stands_in_the_log_of_each_of_their_studios(operator, owner):
    elsewhere = StaffLoginFactory(user=owner.user, studio=LocationFactory().studio)
    url = f"/admin/portal/user/{owner.user_id}/"
    data = {"email": "n@new.test", "name": "Nora", "is_active": "on"}
    old = owner.user.email
    assert operator.post(f"{url}change/", data).status_code == 302
    assert operator.post(f"{url}change/", data).status_code == 302
    short = {"usable_password": "true", "password1": "x", "password2": "x"}
    assert operator.post(f"{url}password/", short).status_code == 200
    long = {"usable_password": "true", "password1": "a rather long one 7", "password2": "a rather long one 7"}
    assert operator.post(f"{url}password/", long).status_code == 302
    one, two = (
        Authenticator.objects.create(user=owner.user, type=kind, data={"name": "x"}) for kind in ("totp", "webauthn")
    )
    operator.post(f"/admin/mfa/authenticator/{one.pk}/delete/", {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [two.pk], "post": "yes"}
    operator.post("/admin/mfa/authenticator/", chosen)
    assert not Authenticator.objects.exists()
    for studio in (owner.studio, elsewhere.studio):
        assert told(studio) == [
            ("edited", "operator", {"email": old}, {"email": "n@new.test"}),
            ("password_set", "operator", {}, {}),
            ("step_removed", "operator", {}, {}),
            ("step_removed", "operator", {}, {}),
        ]


def test_a_location_is_looked_at_and_set_in_its_studio(operator, owner):
    place = owner.studio.locations.get()
    before = Location.objects.filter(pk=place.pk).values().get()
    url = f"/admin/portal/location/{place.pk}/change/"
    page = operator.get(url).content.decode()
    assert f"/{owner.studio.slug}/settings/" in page
    assert operator.post(url, {"name": "X", "zone": "UTC", "studio": LocationFactory().studio_id}).status_code == 403
    assert operator.get("/admin/portal/location/add/").status_code == 403
    assert Location.objects.filter(pk=place.pk).values().get() == before


@pytest.mark.parametrize("lost", ["is_staff", "is_superuser", "is_active"])
def test_an_operator_is_staff_and_superuser(lost, person):
    request = HttpRequest()
    request.user = person
    assert is_operator(request)
    setattr(person, lost, False)
    assert not is_operator(request)
