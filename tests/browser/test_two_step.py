"""Two steps in a real browser: a passkey of a virtual authenticator, an app with codes, a recovery code."""

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Page, expect

from portal.models import StaffLogin
from tests.browser.conftest import OpenPage, violations
from tests.factories import PASSWORD, LocationFactory, StaffLoginFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ana() -> StaffLogin:
    cache.clear()
    login = StaffLoginFactory(studio__slug="one", user__email="ana@one.test", user__name="Ana Vos")
    LocationFactory(studio=login.studio)
    return login


def log_in(page: Page) -> None:
    page.locator("[name=login]").fill("ana@one.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()


def log_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/accounts/login/**")


def confirm(page: Page) -> None:
    """What keeps a login safe is changed only by who types the password again."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def with_authenticator(page: Page) -> Any:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools


def code(secret: str, *, ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def test_a_passkey_is_added_and_logs_in_without_a_password(ana: StaffLogin, open_page: OpenPage) -> None:
    page = open_page(ana, "/one/me/")
    with_authenticator(page)
    page.get_by_role("link", name="Two steps: off").click()
    assert violations(page) == []
    page.get_by_role("link", name="Add a passkey").click()
    confirm(page)
    assert violations(page) == []
    page.get_by_label("Name").fill("Desk tablet")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/2fa/codes/")
    assert violations(page) == []
    log_out(page)
    assert violations(page) == []
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url("**/one/")
    key = Authenticator.objects.get(type="webauthn")
    assert (key.wrap().name, bool(key.last_used_at)) == ("Desk tablet", True)


def test_a_password_alone_does_not_open_a_login_with_a_passkey(ana: StaffLogin, open_page: OpenPage) -> None:
    page = open_page(ana, "/accounts/2fa/passkeys/add/")
    devtools = with_authenticator(page)
    confirm(page)
    page.get_by_label("Name").fill("Key")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/2fa/codes/")
    log_out(page)
    log_in(page)
    page.wait_for_url("**/2fa/authenticate/")
    assert violations(page) == []
    page.goto("/one/")
    page.wait_for_url("**/2fa/authenticate/**")  # half logged in is not logged in
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/one/**")
    devtools.detach()


def test_an_app_with_codes_is_set_up_and_asked_for_and_a_recovery_code_works_once(
    ana: StaffLogin, open_page: OpenPage
) -> None:
    page = open_page(ana, "/accounts/2fa/")
    page.get_by_role("link", name="Set up").click()
    confirm(page)
    assert violations(page) == []
    secret = page.get_by_label("Or type this secret into the app").input_value()
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    page.get_by_label("code", exact=False).last.fill(code(secret, ahead=-1))
    page.get_by_role("button", name="Switch on").click()
    page.wait_for_url("**/2fa/codes/")
    recovery = page.locator("#recovery_codes code").all_inner_texts()
    assert len(recovery) == 10
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored

    log_out(page)
    log_in(page)
    page.wait_for_url("**/2fa/authenticate/")
    field = page.get_by_role("textbox")
    field.fill("000000")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("alert").first).to_be_visible()
    assert violations(page) == []
    field.fill(code(secret))
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/one/**")

    for works in (True, False):
        log_out(page)
        log_in(page)
        page.wait_for_url("**/2fa/authenticate/")
        field.fill(recovery[0])
        page.get_by_role("button", name="Log in", exact=True).click()
        if works:
            page.wait_for_url("**/one/**")
        else:
            expect(page.get_by_role("alert").first).to_be_visible()
            field.fill(recovery[1])
            page.get_by_role("button", name="Log in", exact=True).click()
            page.wait_for_url("**/one/**")
