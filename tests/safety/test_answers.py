"""What every answer carries, where it may lead, and what may keep a copy of it (S14-S16, S27, S28)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client, override_settings

from tests.factories import PASSWORD, UserFactory
from tests.safety.crawl import page_addresses
from tests.world import World

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'",
    "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "manifest-src 'self'",
}  # fmt: skip
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
ELSEWHERE = [
    "//evil.test", "https://evil.test/", "https:evil.test", "http:///evil.test", "/\\evil.test", "\\\\evil.test",
    "javascript:alert(1)", "data:text/html,x", "%2f%2fevil.test", "/%0d%0aLocation:%20//evil.test", "///evil.test",
    "https://testserver@evil.test/", "https://testserver.evil.test/", " //evil.test", "\t//evil.test",
]  # fmt: skip


@pytest.fixture
def owner(houses: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(houses.own.owner.user)
    return client


@pytest.fixture(scope="module")
def answers(houses: World, django_db_blocker: Any) -> Iterator[list[Any]]:
    """What an owner gets from every page."""
    with django_db_blocker.unblock():
        client = Client(raise_request_exception=False)
        client.force_login(houses.own.owner.user)
        yield [client.get(url) for url in page_addresses(houses)]


def boom(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("on purpose")


def test_every_answer_carries_the_policy_and_the_headers(
    houses: World, owner: Client, answers: list[Any], monkeypatch: Any
) -> None:
    operator = Client()
    operator.force_login(houses.people["operator"])  # type: ignore[arg-type]
    others = [
        Client().get(url) for url in ("/accounts/login/", "/nothing/here/", "/own/", "/?x=\0", "/accounts/signup/")
    ]
    others += [operator.get(url) for url in ("/admin/", "/admin/portal/user/", "/admin/portal/user/add/")]
    others += [owner.put("/theme/"), Client(enforce_csrf_checks=True).post("/theme/")]
    monkeypatch.setattr("portal.views.render", boom)
    failed = owner.get("/")
    no_studio = Client(raise_request_exception=False)
    no_studio.force_login(houses.people["operator"])  # type: ignore[arg-type]
    failed = no_studio.get("/")
    assert failed.status_code == 500
    for answer in [*answers, *others, failed]:
        where = (answer.request["PATH_INFO"], answer.status_code)
        assert {part.strip() for part in answer["Content-Security-Policy"].split(";")} == POLICY, where
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, where
        assert "Server" not in answer.headers, where


def test_private_pages_are_kept_by_nobody(answers: list[Any]) -> None:
    private = [answer for answer in answers if answer.request["PATH_INFO"].startswith("/own/")]
    assert private
    for answer in private:
        url = answer.request["PATH_INFO"]
        assert "no-store" in answer.headers.get("Cache-Control", ""), url
        assert {"Cookie", "HX-Request"} <= set(answer["Vary"].replace(" ", "").split(",")), url


def test_cookies_over_tls_are_host_bound() -> None:
    """In a process of its own: settings are read once."""
    code = (
        "import django; django.setup(); from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_HTTPONLY, s.SESSION_COOKIE_SAMESITE, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH)"
    )
    environment = os.environ | {"HTTPS": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=configured.BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    )
    assert printed.stdout.split() == ["__Host-session", "__Host-csrf", "True", "True", "True", "Lax", "None", "/"]


def test_the_deployment_check_has_nothing_to_say() -> None:
    environment = os.environ | {"HTTPS": "1", "DEBUG": "0", "SECRET_KEY": "".join(map(chr, range(48, 122)))}
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        env=environment, cwd=configured.BASE_DIR, capture_output=True, text=True,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.git/HEAD", "/.env", "/__debug__/", "/debug/", "/openapi.json", "/config/settings.py",
     "/static/../config/settings.py", "/static/%2e%2e/manage.py", "/media/1/members/4000.jpg", "/server-status/",
     "/accounts/email/", "/accounts/login/code/", "/accounts/password/set/"],
)  # fmt: skip
def test_nothing_of_the_machine_is_served(path: str, owner: Client) -> None:
    assert owner.get(path).status_code in {403, 404}


def leads_away(answer: Any) -> bool:
    """Whether a browser would leave the house; to it a backslash is a slash, and leading blanks are nothing."""
    target = answer.headers.get("Location", "").strip().replace("\\", "/")
    return target.startswith("//") or (":" in target.split("/")[0]) or "\n" in target


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_form_leads_to_another_host(target: str, houses: World, owner: Client) -> None:
    person = UserFactory(email="redirected@example.test")
    asked = [
        Client().post(f"/accounts/login/?next={target}", {"login": person.email, "password": PASSWORD, "next": target}),
        owner.post("/theme/", {"theme": "dark", "next": target}),
        owner.post("/i18n/setlang/", {"language": "de", "next": target}),
        owner.post("/own/location/", {"location": "all", "next": target}),
        owner.get("/accounts/login/", {"next": target}),
        owner.post("/accounts/logout/", {"next": target}),
    ]
    assert [answer.status_code for answer in asked] == [302] * len(asked)
    assert [answer.headers["Location"] for answer in asked if leads_away(answer)] == []


@override_settings(SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=31_536_000, SECURE_HSTS_INCLUDE_SUBDOMAINS=True)
def test_over_tls_the_browser_is_told_to_stay_there() -> None:
    assert Client().get("/accounts/login/").status_code == 301
    answer = Client().get("/accounts/login/", secure=True)
    assert answer["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
