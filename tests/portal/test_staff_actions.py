"""Invitations, wishes, changes of logins and PINs: what is written, what is refused, what two at once come to."""

import re
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.utils import timezone

import portal.tasks
from portal.jobs.registry import HANDLERS
from portal.models import Change, DeskPin, Invitation, Job, StaffLogin, Teacher
from portal.roles import Preset
from portal.staff import invitations, logins, mails, pins
from portal.staff.invitations import Wanted
from portal.staff.rules import PIN_TRIES, StaffRefused, Why
from tests.factories import LocationFactory, StaffLoginFactory, StudioFactory, TeacherFactory, UserFactory

ORIGIN = "https://tresen.test/"
KIM = Wanted(email="kim@example.test", name="Kim de Boer", preset=Preset.DESK)


@pytest.fixture
def owner(db):
    return StaffLoginFactory(preset=Preset.OWNER)


@pytest.fixture
def studio(owner):
    return owner.studio


def invite(owner, wanted=KIM, *, now=None):
    return invitations.invite(owner.studio, wanted, by=owner, now=now or timezone.now(), origin=ORIGIN)


def last_job():
    return Job.objects.order_by("pk").last()


def mailed_secret(mailoutbox):
    return re.search(r"https://tresen\.test/accounts/invitations/(\S+)/", mailoutbox[-1].body)[1]


def kinds(subject):
    return list(Change.objects.filter(subject=subject).order_by("pk").values_list("kind", flat=True))


# Invitations


def test_an_invitation_is_mailed_by_a_job_and_only_its_hash_is_kept(owner, mailoutbox):
    invitation = invite(owner)
    mails.send_invitation(last_job())

    assert mailoutbox[0].to == [KIM.email]
    secret = mailed_secret(mailoutbox)
    assert invitations.find(secret, now=timezone.now()) == invitation
    invitation.refresh_from_db()
    assert secret not in str(invitation.__dict__)
    assert secret not in str(list(Job.objects.values())) + str(list(Change.objects.values()))


@pytest.mark.parametrize("kind", [invitations.INVITE_JOB, invitations.ASKED_JOB, invitations.DECIDED_JOB])
def test_each_mail_has_a_worker_that_sends_it(kind):
    assert portal.tasks
    assert not HANDLERS[kind].transactional


def test_a_mail_that_is_sent_twice_holds_the_same_link(owner, mailoutbox):
    invite(owner)
    mails.send_invitation(last_job())
    mails.send_invitation(last_job())
    assert mailoutbox[0].body == mailoutbox[1].body


def test_a_new_link_kills_the_one_before(owner, mailoutbox):
    invitation, now = invite(owner), timezone.now()
    first_job = last_job()
    mails.send_invitation(first_job)
    first = mailed_secret(mailoutbox)

    invitations.resend(invitation, by=owner, now=now + timedelta(minutes=2), origin=ORIGIN)
    assert invitations.find(first, now=now) is None
    mails.send_invitation(first_job)
    assert len(mailoutbox) == 1
    mails.send_invitation(last_job())
    second = mailed_secret(mailoutbox)
    shown = invitations.show_link(invitation, by=owner, now=now + timedelta(minutes=3))
    assert invitations.find(second, now=now) is None
    assert invitations.find(shown, now=now) == invitation
    assert kinds("invitation") == ["invited", "resent", "link_shown"]


def test_a_link_lives_seven_days(owner):
    invitation, now = invite(owner), timezone.now()
    secret = invitations.show_link(invitation, by=owner, now=now)
    assert invitations.find(secret, now=now + timedelta(days=6, hours=23)) == invitation
    late = now + timedelta(days=7)
    assert invitations.find(secret, now=late) is None
    with pytest.raises(StaffRefused):
        invitations.accept(invitation, UserFactory(), now=late)


def test_a_link_works_once(owner):
    invitation, now = invite(owner), timezone.now()
    secret = invitations.show_link(invitation, by=owner, now=now)
    login = invitations.accept(invitation, UserFactory(email=KIM.email), now=now)
    assert (login.preset, login.is_active) == (Preset.DESK, True)
    assert invitations.find(secret, now=now) is None
    with pytest.raises(StaffRefused) as refused:
        invitations.accept(invitation, UserFactory(), now=now)
    assert refused.value.why == Why.NOT_OPEN


def test_a_withdrawn_invitation_opens_nothing_and_makes_room_for_another(owner):
    invitation, now = invite(owner), timezone.now()
    secret = invitations.show_link(invitation, by=owner, now=now)
    invitations.withdraw(invitation, by=owner, now=now)
    assert invitations.find(secret, now=now) is None
    assert invite(owner).pk != invitation.pk


@pytest.mark.parametrize("email", [KIM.email, "KIM@example.test"])
def test_nobody_is_invited_twice(owner, email):
    invite(owner)
    with pytest.raises(StaffRefused) as refused:
        invite(owner, Wanted(email=email, name="Kim", preset=Preset.DESK))
    assert refused.value.why == Why.ALREADY_ASKED


def test_who_has_a_login_here_is_not_invited_but_a_login_elsewhere_is_not_told(owner):
    StaffLoginFactory(studio=owner.studio, user__email="here@example.test")
    StaffLoginFactory(user__email="elsewhere@example.test")
    with pytest.raises(StaffRefused) as refused:
        invite(owner, Wanted(email="here@example.test", name="Here", preset=Preset.DESK))
    assert refused.value.why == Why.ALREADY_HERE
    assert invite(owner, Wanted(email="elsewhere@example.test", name="Else", preset=Preset.DESK))


def test_no_studio_mails_strangers_without_end(owner):
    now = timezone.now()
    for number in range(invitations.LINKS_AN_HOUR):
        invite(owner, Wanted(email=f"a{number}@example.test", name="A", preset=Preset.DESK), now=now)
    with pytest.raises(StaffRefused) as refused:
        invite(owner, now=now)
    assert refused.value.why == Why.TOO_MANY
    assert invite(owner, now=now + timedelta(hours=2))
    other = StaffLoginFactory()
    assert invite(other, now=now)


def test_a_mail_is_not_sent_again_within_a_minute(owner):
    invitation, now = invite(owner), timezone.now()
    with pytest.raises(StaffRefused) as refused:
        invitations.resend(invitation, by=owner, now=now, origin=ORIGIN)
    assert refused.value.why == Why.TOO_SOON


def test_a_removed_person_comes_back_with_the_same_row(owner):
    login = StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER, user__email=KIM.email)
    logins.remove(login, by=owner, now=timezone.now())
    invitation = invite(owner)
    assert invitations.accept(invitation, login.user, now=timezone.now()).pk == login.pk
    login.refresh_from_db()
    assert (login.preset, login.is_active, login.removed_at) == (Preset.DESK, True, None)


@pytest.mark.parametrize("chosen", [True, False])
def test_a_teachers_login_is_joined_to_a_teacher(owner, chosen):
    mira = TeacherFactory(studio=owner.studio, name="Mira Okafor")
    wanted = Wanted(email=KIM.email, name="Mira Okafor", preset=Preset.TEACHER, teaches_as=mira if chosen else None)
    login = invitations.accept(invite(owner, wanted), UserFactory(name="Mira Okafor"), now=timezone.now())
    mira.refresh_from_db()
    assert mira.login == login


def test_a_teacher_unknown_by_name_is_made_and_a_taken_name_is_told_apart(owner):
    TeacherFactory(studio=owner.studio, name="Kim", login=StaffLoginFactory(studio=owner.studio))
    wanted = Wanted(email=KIM.email, name="Kim", preset=Preset.TEACHER)
    login = invitations.accept(invite(owner, wanted), UserFactory(name="Kim", email=KIM.email), now=timezone.now())
    assert Teacher.objects.get(login=login).name == f"Kim ({KIM.email})"


# A second login is asked for


def test_a_manager_asks_the_owners_decide_and_both_hear_of_it(owner, mailoutbox):
    manager = StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER)
    now = timezone.now()
    wish = invitations.ask(owner.studio, KIM, why="Mondays", by=manager, now=now, origin=ORIGIN)
    mails.send_asked(last_job())
    assert mailoutbox[0].to == [owner.user.email]
    assert "Mondays" in mailoutbox[0].body

    invitation = invitations.grant(wish, by=owner, now=now, origin=ORIGIN)
    assert (invitation.email, invitation.preset) == (KIM.email, KIM.preset)
    mails.send_decided(last_job())
    assert mailoutbox[1].to == [manager.user.email]
    with pytest.raises(StaffRefused):
        invitations.decline(wish, reason="too late", by=owner, now=now)


def test_a_wish_is_declined_with_its_reason(owner, mailoutbox):
    manager = StaffLoginFactory(studio=owner.studio, preset=Preset.MANAGER)
    wish = invitations.ask(owner.studio, KIM, why="", by=manager, now=timezone.now(), origin=ORIGIN)
    invitations.decline(wish, reason="One desk login is enough.", by=owner, now=timezone.now())
    mails.send_decided(last_job())
    assert "One desk login is enough." in mailoutbox[0].body
    assert not Invitation.objects.exists()
    assert kinds("loginwish") == ["asked", "declined"]


# Changing a login


def test_a_preset_and_locations_are_changed_and_logged(owner, studio):
    noord = LocationFactory(studio=studio, name="Noord")
    login = StaffLoginFactory(studio=studio, preset=Preset.DESK)
    logins.change(login, preset=Preset.VIEWER, locations=[noord], by=owner, now=timezone.now())
    login.refresh_from_db()
    assert (login.preset, list(login.locations.all())) == (Preset.VIEWER, [noord])
    change = Change.objects.get(subject="stafflogin")
    assert (change.before, change.after) == (
        {"preset": "desk", "locations": []},
        {"preset": "viewer", "locations": ["Noord"]},
    )


def test_the_last_owner_stays(owner, studio):
    now, place = timezone.now(), LocationFactory(studio=studio)
    StaffLoginFactory(studio=studio, preset=Preset.OWNER, is_active=False)
    StaffLoginFactory(studio=studio, preset=Preset.OWNER, user__is_active=False)
    tries = [
        lambda: logins.change(owner, preset=Preset.MANAGER, locations=[], by=owner, now=now),
        lambda: logins.change(owner, preset=Preset.OWNER, locations=[place], by=owner, now=now),
        lambda: logins.switch(owner, on=False, by=owner, now=now),
        lambda: logins.remove(owner, by=owner, now=now),
    ]
    for attempt in tries:
        with pytest.raises(StaffRefused):
            attempt()
    owner.refresh_from_db()
    assert (owner.preset, owner.is_active, owner.removed_at, owner.locations.count()) == (Preset.OWNER, True, None, 0)
    assert not Change.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [{"preset": Preset.DESK}, {"is_active": False}])
def test_postgresql_keeps_the_last_owner_whatever_the_code_forgets(change):
    owner = StaffLoginFactory(preset=Preset.OWNER)
    with pytest.raises(IntegrityError, match="the last owner stays"):
        StaffLogin.objects.filter(pk=owner.pk).update(**change)
    with pytest.raises(IntegrityError, match="the last owner stays"):
        StaffLogin.objects.filter(pk=owner.pk).delete()
    owner.studio.delete()
    assert not StaffLogin.objects.exists()


def test_a_removed_login_keeps_its_name_and_loses_everything_else(owner, studio):
    login = StaffLoginFactory(studio=studio, preset=Preset.TEACHER, user__name="Mira")
    TeacherFactory(studio=studio, login=login)
    pins.set_pin(login, "7391", now=timezone.now())
    logins.remove(login, by=owner, now=timezone.now())
    login.refresh_from_db()
    assert (login.is_active, login.user.name) == (False, "Mira")
    assert not DeskPin.objects.exists()
    assert not Teacher.objects.exclude(login=None).exists()
    with pytest.raises(StaffRefused):
        logins.switch(login, on=True, by=owner, now=timezone.now())
    assert Change.objects.filter(by=login, kind="pin_set").exists()


def at_once(*deeds):
    """Each deed in a thread and connection of its own, from one barrier on; what each came to."""
    barrier, results = threading.Barrier(len(deeds)), [None] * len(deeds)

    def run(at, deed):
        try:
            connection.ensure_connection()
            barrier.wait()
            results[at] = deed()
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[at] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("through_the_code", [True, False])
def test_of_two_owners_who_demote_each_other_one_stays(through_the_code):
    studio = StudioFactory()
    for _round in range(5):
        StaffLogin.objects.filter(studio=studio).update(preset=Preset.OWNER)
        while studio.logins.count() < 2:
            StaffLoginFactory(studio=studio, preset=Preset.OWNER)
        ana, bo = studio.logins.order_by("pk")

        def demote(whom, by):
            if through_the_code:
                logins.change(whom, preset=Preset.DESK, locations=[], by=by, now=timezone.now())
            else:
                with transaction.atomic():
                    StaffLogin.objects.filter(pk=whom.pk).update(preset=Preset.DESK)

        results = at_once(lambda a=ana, b=bo: demote(b, a), lambda a=ana, b=bo: demote(a, b))
        assert studio.logins.filter(preset=Preset.OWNER).count() == 1
        assert sum(isinstance(one, StaffRefused | IntegrityError) for one in results) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_the_same_link_one_gets_in():
    owner = StaffLoginFactory()
    invitation = invite(owner)
    users = [UserFactory(), UserFactory()]
    at_once(*[lambda u=user: invitations.accept(invitation, u, now=timezone.now()) for user in users])
    assert StaffLogin.objects.filter(user__in=users).count() == 1


# PINs


def test_a_pin_is_kept_as_a_hash_and_opens(owner):
    now = timezone.now()
    pin = pins.set_pin(owner, "7391", now=now)
    assert "7391" not in pin.digits
    assert pin.digits.startswith("argon2")
    assert pins.try_pin(owner, "7391", now=now).pin == pin
    assert pins.try_pin(owner, "7392", now=now).pin is None


def test_a_weak_pin_is_never_stored(owner):
    with pytest.raises(ValueError, match="weak"):
        pins.set_pin(owner, "1234", now=timezone.now())
    assert not DeskPin.objects.exists()


def test_after_five_wrong_tries_the_pin_rests_for_a_quarter_of_an_hour(owner):
    now = timezone.now()
    pins.set_pin(owner, "7391", now=now)
    for _ in range(PIN_TRIES):
        tried = pins.try_pin(owner, "8642", now=now)
    assert tried.locked_until == now + timedelta(minutes=15)
    assert pins.try_pin(owner, "7391", now=now + timedelta(minutes=14)).pin is None
    assert pins.try_pin(owner, "7391", now=now + timedelta(minutes=15)).pin is not None
    assert "pin_locked" in kinds("stafflogin")


def test_a_right_pin_forgets_the_wrong_ones(owner):
    now = timezone.now()
    pins.set_pin(owner, "7391", now=now)
    for _ in range(2):
        for _ in range(PIN_TRIES - 1):
            pins.try_pin(owner, "8642", now=now)
        assert pins.try_pin(owner, "7391", now=now).pin


@pytest.mark.django_db(transaction=True)
def test_wrong_tries_at_once_are_all_counted():
    owner, now = StaffLoginFactory(), timezone.now()
    pins.set_pin(owner, "7391", now=now)
    at_once(*[lambda: pins.try_pin(owner, "8642", now=now)] * PIN_TRIES)
    assert pins.try_pin(owner, "7391", now=now).locked_until
