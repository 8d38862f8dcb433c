"""A new studio by invitation, and its owner's way in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from portal.models import Change, Invitation, Job, Location, StaffLogin, Studio
from portal.models.studio import RESERVED_SLUGS
from portal.roles import Preset
from portal.staff import invitations
from portal.staff.invitations import Wanted
from tests.factories import StaffLoginFactory, StudioFactory, UserFactory
from tests.routes import all_routes

pytestmark = pytest.mark.django_db

NEW = "/admin/studios/new/"
HOSTILE = "<script>alert(1)</script> & Söhne"
GIVEN = {
    "name": HOSTILE,
    "slug": "Nord",
    "language": "de",
    "location": "Haupt & Neben",
    "zone": "europe/berlin",
    "owner_name": HOSTILE,
    "owner_email": "Nora@Nord.test",
}


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_studio_location_and_the_owners_link_are_made_in_one_go(operator: Client) -> None:
    answer = operator.post(NEW, GIVEN)
    studio = Studio.objects.get(slug="nord")
    assert answer.headers["Location"] == f"/admin/portal/studio/{studio.pk}/change/"
    assert (studio.name, studio.language) == (HOSTILE, "de")
    assert list(Location.objects.values_list("studio", "name", "slug", "zone")) == [
        (studio.pk, "Haupt & Neben", "haupt-neben", "Europe/Berlin")
    ]
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.preset, invitation.invited_by) == ("nora@nord.test", Preset.OWNER, None)
    assert Job.objects.get(kind=invitations.INVITE_JOB).studio == studio
    assert set(Change.objects.values_list("kind", "by_word")) == {("created", "operator"), ("invited", "operator")}
    page = operator.get(answer.headers["Location"]).content.decode()
    assert "<script>alert" not in page
    assert "nora@nord.test" in page


def test_the_owner_comes_by_the_link_and_owns_the_studio(operator: Client) -> None:
    operator.post(NEW, GIVEN)
    invitation = Invitation.objects.get()
    page = operator.post(f"/admin/invitations/{invitation.pk}/link/").content.decode()
    link = page.split('value="http://testserver')[1].split('"')[0]
    owner = Client()
    answer = owner.post(link, {"name": "Nora", "password": "a few words in a row"})
    assert answer.headers["Location"] == "/nord/"
    assert StaffLogin.objects.get(studio__slug="nord").preset == Preset.OWNER
    assert owner.get("/nord/").status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "taken"),
        ("slug", "TAKEN"),
        ("slug", "admin"),
        ("slug", "theme"),
        ("slug", "a b"),
        ("slug", "x" * 51),
        ("name", "the taken one"),
        ("name", ""),
        ("zone", "Europe/Nowhere"),
        ("owner_email", "nobody"),
        ("location", ""),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(operator: Client, field: str, value: str) -> None:
    StudioFactory(slug="taken", name="The Taken One")
    answer = operator.post(NEW, GIVEN | {field: value})
    assert answer.status_code == 422
    assert f"#id_{field}" in answer.content.decode()
    assert not Studio.objects.exclude(slug="taken").exists()
    assert not Invitation.objects.exists()


def test_no_studio_can_be_named_like_an_address_of_the_installation() -> None:
    firsts = {route.url({}).split("/")[1] for route in all_routes() if not route.arguments}
    assert firsts - {""} <= RESERVED_SLUGS


def test_an_invitation_is_sent_anew_shown_and_withdrawn(operator: Client) -> None:
    operator.post(NEW, GIVEN)
    invitation = Invitation.objects.get()
    Invitation.objects.update(link_made_at=timezone.now() - timedelta(days=4))
    assert "link made 4" in operator.get(f"/admin/portal/studio/{invitation.studio_id}/change/").content.decode()
    operator.post(f"/admin/invitations/{invitation.pk}/resend/")
    invitation.refresh_from_db()
    assert invitation.link == 2
    operator.post(f"/admin/invitations/{invitation.pk}/withdraw/")
    invitation.refresh_from_db()
    assert invitation.withdrawn_at
    assert operator.get(f"/admin/invitations/{invitation.pk}/withdraw/").status_code == 405
    again = operator.post(
        f"/admin/studios/{invitation.studio_id}/invite/", {"owner_name": "Bo", "owner_email": "bo@nord.test"}
    )
    assert again.status_code == 302
    assert Invitation.objects.open().get().email == "bo@nord.test"


def test_whom_an_owner_invites_the_operator_does_not_let_in(operator: Client) -> None:
    owner: Any = StaffLoginFactory()
    wanted = Wanted(email="ana@x.test", name="Ana", preset=Preset.DESK)
    found = invitations.invite(owner.studio, wanted, by=owner, now=timezone.now(), origin="http://x/")
    for what in ("resend", "link", "withdraw"):
        assert operator.post(f"/admin/invitations/{found.pk}/{what}/").status_code == 404
    found.refresh_from_db()
    assert (found.link, found.withdrawn_at) == (1, None)


def test_a_form_sent_twice_makes_one_studio() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = client.get(NEW).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    answers = [client.post(NEW, GIVEN | {"csrfmiddlewaretoken": token}) for _time in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert Studio.objects.count() == 1
