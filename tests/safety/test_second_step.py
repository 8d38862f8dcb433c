"""The second step: guessed, replayed, gone round, read from the database (S8, S9, S18)."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from portal.accounts import MFAAdapter
from portal.models import User
from tests.factories import PASSWORD, StaffLoginFactory

pytestmark = pytest.mark.django_db
LOGIN, STEP, INSIDE = "/accounts/login/", "/accounts/2fa/authenticate/", "/one/"


@pytest.fixture(autouse=True)
def flushed() -> None:
    cache.clear()


@pytest.fixture
def secret() -> str:
    return generate_totp_secret()


@pytest.fixture
def ana(secret: str) -> User:
    user: User = StaffLoginFactory(studio__slug="one", user__email="ana@one.test").user
    TOTP.activate(user, secret)
    return user


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def half_in(ana: User) -> Client:
    client = Client()
    answer = client.post(LOGIN, {"login": ana.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith(STEP)
    return client


def second(client: Client, typed: str) -> HttpResponse:
    return client.post(STEP, {"code": typed})  # type: ignore[return-value]


def is_in(client: Client) -> bool:
    return not client.get(INSIDE).headers.get("Location", "").startswith(LOGIN)


def test_a_password_alone_opens_nothing(ana: User, secret: str) -> None:
    client = half_in(ana)
    assert not is_in(client)
    assert second(client, "000000").status_code == 200
    assert not is_in(client)
    second(client, code(secret))
    assert is_in(client)


def test_after_ten_wrong_codes_the_right_one_is_refused_from_anywhere(ana: User, secret: str) -> None:
    client = half_in(ana)
    for number in range(10):
        second(client, f"{number:06}")
    for other in (client, half_in(ana)):
        assert "Too many" in second(other, code(secret)).content.decode()
        assert not is_in(other)


def test_wrong_codes_are_remembered_however_much_else_is(ana: User, secret: str) -> None:
    """Whoever fails with a thousand names must not push out what is counted against one."""
    for number in range(10):
        second(half_in(ana), f"{number:06}")
    for number in range(1000):
        cache.set(f"~{number}", 1)
    client = half_in(ana)
    assert "Too many" in second(client, code(secret)).content.decode()
    assert not is_in(client)


def test_a_code_that_was_used_is_refused(ana: User, secret: str) -> None:
    typed = code(secret)
    second(half_in(ana), typed)
    again = half_in(ana)
    second(again, typed)
    assert not is_in(again)


def test_a_recovery_code_works_once(ana: User) -> None:
    recovery = RecoveryCodes.activate(ana).generate_codes()[0]
    first, again = half_in(ana), half_in(ana)
    second(first, recovery)
    second(again, recovery)
    assert (is_in(first), is_in(again)) == (True, False)


def test_a_new_password_does_not_go_round_the_second_step(ana: User) -> None:
    ana.set_password("ein ganz neues wort")
    ana.save()
    client = Client()
    answer = client.post(LOGIN, {"login": ana.email, "password": "ein ganz neues wort"})
    assert answer.headers["Location"].startswith(STEP)
    assert not is_in(client)


def test_what_makes_codes_is_stored_encrypted(ana: User, secret: str) -> None:
    stored = str(list(Authenticator.objects.values()))
    assert secret not in stored


def test_secrets_outlive_a_new_key_of_the_installation(settings: Any) -> None:
    written = MFAAdapter().encrypt("seed")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key", [settings.SECRET_KEY]
    assert MFAAdapter().decrypt(written) == "seed"


@pytest.mark.parametrize("path", ["app/", "app/remove/", "passkeys/add/", "codes/new/"])
def test_the_second_step_is_changed_only_by_who_types_the_password_again(path: str) -> None:
    user = StaffLoginFactory(studio__slug="one").user
    client = Client()
    client.force_login(user)
    if path in {"app/remove/", "codes/new/"}:
        TOTP.activate(user, generate_totp_secret())
    assert "/reauthenticate/" in client.get(f"/accounts/2fa/{path}").headers["Location"]
