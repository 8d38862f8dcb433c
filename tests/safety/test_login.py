"""Guessing passwords, finding out who has a login, sessions that should have ended (S6, S7, S9)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher, identify_hasher
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client, RequestFactory

from portal.accounts import NOBODY, client_ip
from portal.models import User
from tests.factories import PASSWORD, StaffLoginFactory, UserFactory

pytestmark = pytest.mark.django_db

LOGIN, RESET, CHANGE = "/accounts/login/", "/accounts/password/reset/", "/accounts/password/change/"
KNOWN, UNKNOWN = "ana@example.test", "nobody@example.test"


@pytest.fixture(autouse=True)
def ana() -> User:
    cache.clear()
    return StaffLoginFactory(user=UserFactory(email=KNOWN, name="Ana"), studio__slug="one").user


def log_in(client: Client, email: str = KNOWN, password: str = PASSWORD, **extra: Any) -> HttpResponse:
    return client.post(LOGIN, {"login": email, "password": password}, **extra)  # type: ignore[return-value]


def seen_by_a_person(response: HttpResponse) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "", response.content.decode())


# Guessing


def lock_out(email: str, **extra: Any) -> list[HttpResponse]:
    return [log_in(Client(), email, f"wrong-guess-{number}", **extra) for number in range(6)]


def test_after_five_wrong_passwords_the_right_one_is_refused_even_with_flushed_caches() -> None:
    answers = lock_out(KNOWN)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429, 429]
    cache.clear()
    refused = log_in(Client())
    assert refused.status_code == 429
    assert refused["Retry-After"] == "900"
    assert "15 minutes" in refused.content.decode()
    assert "_auth_user_id" not in Client().session


def test_the_lock_opens_after_a_quarter_of_an_hour() -> None:
    start = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        lock_out(KNOWN)
    with time_machine.travel(start + timedelta(minutes=16), tick=False):
        assert log_in(Client()).status_code == 302


def set_new_password(new: str) -> HttpResponse:
    """By the link in the newest mail."""
    link = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[-1].body))
    assert link
    browser = Client()
    page = browser.get(link[0], follow=True)
    return browser.post(page.redirect_chain[-1][0], {"password1": new, "password2": new}, follow=True)  # type: ignore[return-value]


def test_a_new_password_by_mail_opens_the_lock_at_once_for_that_person_alone() -> None:
    other = StaffLoginFactory(user__email="bo@example.test").user
    new = "ein ganz neues wort"
    for email in (KNOWN, other.email):
        lock_out(email)
    Client().post(RESET, {"email": KNOWN})
    assert log_in(Client()).status_code == 429  # to ask for the mail opens nothing

    assert set_new_password(new).status_code == 200
    assert [log_in(Client(), KNOWN.title(), new).status_code, log_in(Client(), other.email).status_code] == [302, 429]

    # Whoever guesses on has five tries at the new one, as at any other.
    assert [answer.status_code for answer in lock_out(KNOWN)] == [200, 200, 200, 200, 429, 429]


def test_a_forged_address_does_not_help() -> None:
    for number in range(6):
        log_in(Client(), KNOWN, "wrong-guess", headers={"X-Forwarded-For": f"203.0.113.{number}"})

    assert log_in(Client(), headers={"X-Forwarded-For": "203.0.113.99"}).status_code == 429


def test_a_stranger_elsewhere_cannot_lock_the_desk_out() -> None:
    lock_out(KNOWN, REMOTE_ADDR="203.0.113.7")

    assert log_in(Client(), REMOTE_ADDR="198.51.100.1").status_code == 302


def test_many_addresses_against_one_person_are_stopped_too() -> None:
    answers = [log_in(Client(), KNOWN, "guess", REMOTE_ADDR=f"203.0.113.{number}") for number in range(32)]

    refused = log_in(Client(), REMOTE_ADDR="198.51.100.1")
    assert refused.status_code == 200
    assert "Too many failed login attempts" in refused.content.decode()
    assert answers[0].status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "1.1.1.1", "1.1.1.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "127.0.0.1"),
        (1, "not an address", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed(settings: Any, proxies: int, forwarded: str, expected: str) -> None:
    settings.PROXIES = proxies
    assert client_ip(RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})) == expected


def test_a_request_over_no_network_has_an_address_that_postgresql_can_store() -> None:
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR="")) == NOBODY


# Finding out who has a login


def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_work() -> None:
    answers, hashed = [], []
    for email in (KNOWN, UNKNOWN):
        argon = Argon2PasswordHasher
        with (
            patch.object(argon, "encode", autospec=True, side_effect=argon.encode) as made,
            patch.object(argon, "verify", autospec=True, side_effect=argon.verify) as compared,
        ):
            answer = log_in(Client(), email, "wrong-guess-1")
        answers.append((answer.status_code, seen_by_a_person(answer).replace(email, "")))
        hashed.append(made.call_count + compared.call_count)
    assert answers[0] == answers[1]
    assert hashed == [1, 1]


def test_a_lockout_says_nothing_about_who_exists() -> None:
    known, unknown = lock_out(KNOWN), lock_out(UNKNOWN)
    assert [one.status_code for one in known] == [one.status_code for one in unknown]
    assert seen_by_a_person(known[-1]) == seen_by_a_person(unknown[-1])


def test_asking_for_a_new_password_says_nothing_about_who_exists() -> None:
    answers = [Client().post(RESET, {"email": email}, follow=True) for email in (KNOWN, UNKNOWN)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert seen_by_a_person(answers[0]) == seen_by_a_person(answers[1])  # type: ignore[arg-type]
    assert [one.to for one in mail.outbox] == [[KNOWN], [UNKNOWN]]
    assert "no login with this address" in str(mail.outbox[1].body)


# Setting a password


@pytest.mark.parametrize(
    "password",
    [
        "short", "elevenchars", "123456789123456789", "password1234", "1q2w3e4r5t6y", "qwerty123456",
        "ana@example.test",
        "correct horse"[:11], "trustno1trustno1"[:11], "",
    ],
)  # fmt: skip
def test_short_common_and_personal_passwords_are_refused(password: str, ana: User) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, ana)


@pytest.mark.parametrize(
    "password", ["tresen und linde", "🌻🌻🌻🌻🌻🌻🌻🌻🌻🌻🌻🌻", "x-ray " * 33, "ein langes wort ohne ziffern"]
)
def test_long_passwords_of_any_letters_are_taken_whole(password: str, ana: User) -> None:
    validate_password(password, ana)
    ana.set_password(password)
    assert identify_hasher(ana.password).algorithm == "argon2"
    assert ana.check_password(password)
    assert not ana.check_password(password[:-1])
    if len(password) > 72:
        assert not ana.check_password(password[:72])


def test_a_reset_by_mail_sets_the_password_once_and_ends_other_sessions(ana: User) -> None:
    elsewhere = Client()
    log_in(elsewhere)
    Client().post(RESET, {"email": KNOWN})
    link = re.search(r"/accounts/password/reset/key/\S+", str(mail.outbox[0].body))
    assert link
    new = "ein ganz neues wort"
    done = set_new_password(new)

    assert done.status_code == 200
    ana.refresh_from_db()
    assert ana.check_password(new)
    assert elsewhere.get("/one/").status_code == 302
    assert elsewhere.get("/one/")["Location"].startswith(LOGIN)
    assert "Bad Token" in Client().get(link[0], follow=True).content.decode()


def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one() -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        log_in(client)
    new = "ein ganz neues wort"
    here.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert here.get(CHANGE).status_code == 200
    assert elsewhere.get(CHANGE).status_code == 302


# Sessions


def test_logging_in_changes_the_session_id_and_logging_out_ends_it() -> None:
    client = Client()
    session = client.session  # planted before the login
    session["planted"] = "yes"
    session.save()
    planted = client.cookies["tresen_session"].value
    log_in(client)
    known = client.cookies["tresen_session"].value
    assert known != planted
    client.post("/accounts/logout/")

    for old in (planted, known):
        replay = Client()
        replay.cookies["tresen_session"] = old
        assert replay.get(CHANGE).status_code == 302


def test_a_login_ends_after_14_days_or_a_day_unseen() -> None:
    start = datetime(2026, 11, 2, 18, 0, tzinfo=UTC)

    def still_in(client: Client, after: timedelta) -> bool:
        with time_machine.travel(start + after, tick=False):
            return client.get(CHANGE).status_code == 200

    with time_machine.travel(start, tick=False):
        idle, busy = Client(), Client()
        for client in (idle, busy):
            log_in(client)
            client.get(CHANGE)
    assert not still_in(idle, timedelta(hours=25))
    assert all(still_in(busy, timedelta(hours=hours)) for hours in range(12, 14 * 24, 12))
    assert not still_in(busy, timedelta(days=14, minutes=1))
