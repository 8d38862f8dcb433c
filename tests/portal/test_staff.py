"""The pages of logins as people use them: what is shown, refused, and gone at the next request."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.models import Change, Invitation, Job, LoginWish, StaffLogin, User
from portal.roles import Preset
from portal.staff import invitations, mails, pins
from tests.factories import PASSWORD, LocationFactory, StaffLoginFactory, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
NEW = {"email": "kim@example.test", "name": "Kim de Boer", "preset": "desk", "teaches_as": ""}


@pytest.fixture(autouse=True)
def fast(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def owner():
    login = StaffLoginFactory(studio__slug="one", preset=Preset.OWNER, user__email="ana@one.test", user__name="Ana")
    LocationFactory(studio=login.studio, slug="centrum", name="Centrum")
    LocationFactory(studio=login.studio, slug="noord", name="Noord")
    return login


def as_(login, **extra):
    client = Client(**extra)
    client.force_login(login.user)
    return client


def by_password(login, **extra):
    client = Client(**extra)
    assert client.post(LOGIN, {"login": login.user.email, "password": PASSWORD}).status_code == 302
    return client


def text(response):
    return re.sub(r"[A-Za-z0-9]{64}", "", re.sub(r"\s+", " ", response.content.decode()))


def invited_link(client, owner):
    client.post("/one/staff/invite/", NEW)
    mails.send_invitation(Job.objects.order_by("pk").last())
    return re.search(r"http://testserver(/accounts/invitations/\S+)", mail.outbox[-1].body)[1]


# The list


def test_alone_an_owner_is_told_what_a_desk_login_is(owner):
    assert "sees today's check-ins and reservations, nothing else" in text(as_(owner).get("/one/staff/"))


def test_the_list_shows_preset_locations_second_step_and_pin(owner):
    desk = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK, user__name="Bo Desk")
    desk.locations.add(owner.studio.locations.get(slug="noord"))
    pins.set_pin(desk, "7391", now=timezone.now())
    page = text(as_(owner).get("/one/staff/"))
    row = page[page.index("Bo Desk") :]
    for words in ("Desk, check in", "Noord", "never", ">off<", "set"):
        assert words in row, words
    assert page.count("See today&#x27;s check-ins") == 1


def test_a_person_with_many_colleagues_costs_as_many_queries(owner):
    def fill(number):
        for at in range(number):
            login = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
            login.locations.add(owner.studio.locations.first())
            wanted = invitations.Wanted(email=f"{number}-{at}@x.test", name="X", preset=Preset.DESK)
            invitations.invite(
                owner.studio, wanted, by=owner, now=timezone.now() - timedelta(hours=2), origin="http://x/"
            )

    client, counts = as_(owner), []
    client.get("/one/staff/")
    for number in (1, 29):
        fill(number)
        with CaptureQueriesContext(connection) as asked:
            client.get("/one/staff/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_manager_sees_the_list_and_asks_and_manages_nothing(owner):
    manager = as_(StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER))
    page = text(manager.get("/one/staff/"))
    assert "Ask for a login" in page
    assert f"/one/staff/{owner.pk}/" not in page
    assert manager.post("/one/staff/ask/", NEW | {"why": "Mondays"}).status_code == 302
    assert LoginWish.objects.get().why == "Mondays"
    assert manager.get("/one/staff/invite/").status_code == 403


# Invitation


def test_a_new_person_sets_a_name_and_a_password_and_is_in(owner):
    link = invited_link(as_(owner), owner)
    browser = Client()
    assert "Kim de Boer" in text(browser.get(link))
    weak = browser.post(link, {"name": "Kim", "password": "password1234"})
    assert weak.status_code == 422
    assert not User.objects.filter(email=NEW["email"]).exists()
    done = browser.post(link, {"name": "Kim", "password": "ein ganz neues wort"})
    assert done.headers["Location"] == "/one/"
    assert browser.get("/one/", follow=True).status_code == 200
    login = StaffLogin.objects.get(user__email=NEW["email"])
    assert (login.preset, login.user.name) == (Preset.DESK, "Kim")
    assert Client().get(link).status_code == 404


def test_a_person_with_a_login_elsewhere_logs_in_and_accepts(owner):
    elsewhere = StaffLoginFactory(user__email=NEW["email"])
    link = invited_link(as_(owner), owner)
    browser = Client()
    refused = browser.post(link, {"name": "Kim", "password": "ein ganz neues wort"})
    assert refused.status_code == 422
    assert not StaffLogin.objects.filter(user=elsewhere.user, studio=owner.studio).exists()
    browser = as_(elsewhere)
    assert browser.post(link).headers["Location"] == "/one/"
    assert StaffLogin.objects.filter(user=elsewhere.user, studio=owner.studio).exists()


def test_somebody_elses_invitation_is_not_taken(owner):
    link = invited_link(as_(owner), owner)
    stranger = as_(StaffLoginFactory())
    assert "for somebody else" in text(stranger.post(link))
    assert Invitation.objects.get().accepted_at is None


@pytest.mark.parametrize("what", ["used", "withdrawn", "old", "invented"])
def test_a_dead_link_looks_like_one_that_never_was(owner, what):
    client = as_(owner)
    link, invitation = invited_link(client, owner), Invitation.objects.get()
    if what == "used":
        invitations.accept(invitation, UserFactory(), now=timezone.now())
    elif what == "withdrawn":
        client.post(f"/one/staff/invitations/{invitation.pk}/withdraw/")
    elif what == "old":
        Invitation.objects.update(link_made_at=timezone.now() - timedelta(days=8))
    else:
        link = "/accounts/invitations/invented/"
    never, dead = Client().get("/accounts/invitations/never-was/"), Client().get(link)
    assert (dead.status_code, text(dead).replace(link, "")) == (
        404,
        text(never).replace("/accounts/invitations/never-was/", ""),
    )


def test_opening_invitations_is_throttled():
    answers = [Client().post("/accounts/invitations/guess/").status_code for _ in range(31)]
    assert answers[0] == 404
    assert answers[-1] == 429


def test_after_three_days_the_page_offers_to_send_again_or_to_show_a_link_once(owner):
    client = as_(owner)
    link, invitation = invited_link(client, owner), Invitation.objects.get()
    assert "mails land in spam" not in text(client.get("/one/staff/"))
    Invitation.objects.update(link_made_at=timezone.now() - timedelta(days=3))
    assert "mails land in spam" in text(client.get("/one/staff/"))
    shown = client.post(f"/one/staff/invitations/{invitation.pk}/link/")
    new = re.search(r"http://testserver(/accounts/invitations/[\w-]+/)", text(shown))[1]
    assert "no-store" in shown.headers["Cache-Control"]
    assert Client().get(link).status_code == 404
    assert Client().get(new).status_code == 200
    assert new not in text(client.get("/one/staff/"))


def test_the_answer_to_an_invitation_does_not_tell_who_has_a_login_elsewhere(owner):
    StaffLoginFactory(user__email="known@example.test")
    client = as_(owner)
    answers = []
    for email in ("known@example.test", "nobody@example.test"):
        answer = client.post("/one/staff/invite/", NEW | {"email": email}, follow=True)
        answers.append((answer.redirect_chain, text(answer).count("A mail with a link is on its way")))
    assert answers[0] == answers[1]


def test_a_wish_is_approved_or_declined_with_a_reason(owner):
    manager = StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER)
    as_(manager).post("/one/staff/ask/", NEW | {"why": ""})
    wish, client = LoginWish.objects.get(), as_(owner)
    assert client.post(f"/one/staff/wishes/{wish.pk}/decline/", {"reason": ""}).status_code == 422
    client.post(f"/one/staff/wishes/{wish.pk}/decline/", {"reason": "One is enough"})
    assert "declined: One is enough" in text(as_(manager).get("/one/staff/"))
    as_(manager).post("/one/staff/ask/", NEW | {"why": ""})
    client.post(f"/one/staff/wishes/{LoginWish.objects.first().pk}/grant/")
    assert Invitation.objects.get().email == NEW["email"]


# Changing, switching off, removing


def test_what_is_taken_away_is_gone_at_the_next_request(owner):
    desk = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
    there, client = as_(desk), as_(owner)
    assert there.get("/one/history/", follow=True).status_code == 200
    client.post(f"/one/staff/{desk.pk}/", {"preset": "viewer", "teaches_as": ""})
    assert there.get("/one/history/").status_code == 403
    client.post(f"/one/staff/{desk.pk}/active/", {"on": "0"})
    assert there.get("/one/check-ins/").status_code == 404
    client.post(f"/one/staff/{desk.pk}/active/", {"on": "1"})
    assert there.get("/one/check-ins/").status_code == 200
    client.post(f"/one/staff/{desk.pk}/remove/")
    assert there.get("/one/check-ins/").status_code == 404
    page = text(client.get("/one/staff/"))
    assert desk.user.name in page[page.index("Removed logins") :]


def test_the_last_owner_is_told_why_nothing_was_changed(owner):
    answer = as_(owner).post(f"/one/staff/{owner.pk}/", {"preset": "desk", "teaches_as": ""})
    assert answer.status_code == 422
    assert "last owner" in text(answer)
    pinned = {"preset": "owner", "teaches_as": "", "locations": [owner.studio.locations.first().pk]}
    assert as_(owner).post(f"/one/staff/{owner.pk}/", pinned).status_code == 422
    for path, data in ((f"/one/staff/{owner.pk}/remove/", {}), (f"/one/staff/{owner.pk}/active/", {"on": "0"})):
        assert "last owner" in text(as_(owner).post(path, data, follow=True))
    owner.refresh_from_db()
    assert (owner.preset, owner.is_active) == (Preset.OWNER, True)


def test_locations_of_another_studio_cannot_be_pinned_to(owner):
    desk, foreign = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK), LocationFactory()
    data = {"preset": "desk", "teaches_as": "", "locations": [foreign.pk]}
    assert as_(owner).post(f"/one/staff/{desk.pk}/", data).status_code == 422
    assert not desk.locations.exists()


# Sessions


def test_sessions_are_listed_by_device_and_ended(owner):
    desk = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
    phone = by_password(desk, headers={"user-agent": "Mozilla/5.0 (iPhone) Version/17 Safari/604"})
    tablet = by_password(desk, headers={"user-agent": "Mozilla/5.0 (iPad) Version/17 Safari/604"})
    client = as_(owner)
    page = text(client.get(f"/one/staff/{desk.pk}/"))
    assert "Safari, iPhone" in page
    assert "Safari, iPad" in page
    session = re.search(r'name="session" value="(\d+)">End<span class="for-readers">: Safari, iPhone', page)[1]
    client.post(f"/one/staff/{desk.pk}/sessions/end/", {"session": session})
    assert phone.get("/one/check-ins/").headers["Location"].startswith(LOGIN)
    assert tablet.get("/one/check-ins/").status_code == 200
    client.post(f"/one/staff/{desk.pk}/sessions/end/")
    assert tablet.get("/one/check-ins/").headers["Location"].startswith(LOGIN)
    assert Change.objects.filter(kind="sessions_ended").count() == 2


def test_everybody_ends_their_own_sessions_and_nobody_elses(owner):
    desk = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
    here, there, boss = by_password(desk), by_password(desk), by_password(owner)
    theirs = Session.objects.count()
    here.post("/one/me/sessions/end/", {"session": "999999"})
    assert Session.objects.count() == theirs
    here.post("/one/me/sessions/end/")
    assert there.get("/one/check-ins/").headers["Location"].startswith(LOGIN)
    assert here.get("/one/check-ins/").status_code == 200
    assert boss.get("/one/check-ins/").status_code == 200


# Two steps asked for


def test_a_studio_can_ask_its_owners_and_managers_for_two_steps(owner):
    client = as_(owner)
    client.post("/one/staff/desk/", {"two_step_required": "on", "lock_after_minutes": "5"})
    owner.studio.refresh_from_db()
    assert (owner.studio.two_step_required, owner.studio.lock_after_minutes) == (True, 5)
    assert client.get("/one/check-ins/").headers["Location"] == "/accounts/2fa/"
    desk = StaffLoginFactory(studio=owner.studio, preset=Preset.DESK)
    assert as_(desk).get("/one/check-ins/").status_code == 200
    Authenticator.objects.create(user=owner.user, type="totp", data={})
    assert client.get("/one/check-ins/").status_code == 200


# The operator's desk


def test_the_operator_cannot_take_the_last_owner_away_either(owner):
    operator = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(operator)
    url = f"/admin/portal/stafflogin/{owner.pk}/change/"
    form = {"studio": owner.studio.pk, "user": owner.user.pk}
    answer = client.post(url, form | {"preset": "desk", "is_active": "on"})
    assert "last owner" in text(answer)
    assert "last owner" in text(client.post(url, form | {"preset": "owner"}))
    assert client.post(f"/admin/portal/stafflogin/{owner.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/portal/user/{owner.user.pk}/delete/", {"post": "yes"}).status_code == 403
    owner.refresh_from_db()
    assert (owner.preset, owner.is_active) == (Preset.OWNER, True)


def test_the_operator_takes_a_lost_second_step_away_and_never_sees_it(owner):
    step = Authenticator.objects.create(user=owner.user, type="totp", data={"secret": "canary-seed"})
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    assert "canary-seed" not in text(client.get(f"/admin/mfa/authenticator/{step.pk}/change/"))
    client.post(f"/admin/mfa/authenticator/{step.pk}/delete/", {"post": "yes"})
    assert not Authenticator.objects.exists()
