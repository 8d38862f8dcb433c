"""What allauth and axes are told about people who want to come in: nobody signs up, and nobody guesses for long."""

import logging
from collections.abc import Callable
from email.utils import make_msgid
from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.models import EmailAddress
from allauth.core import context, ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from axes.utils import reset
from cryptography.fernet import MultiFernet
from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from portal.encryption import cipher
from portal.jobs import Away, GiveUp, InDoubt
from portal.mail import fill, in_haste, in_words, language_at, sender_domain
from portal.models import User

logger = logging.getLogger(__name__)

NOBODY = str(ip_address(0))  # a request that came over no network


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Logins are given by the studio's owner or the operator."""
        return False

    def render_mail(self, template_prefix: str, email: str | list[str], *args: Any, **kwargs: Any) -> EmailMessage:
        """Text and HTML, as all mails are, in the language that the person chose, else in the page's; the links in it
        lead to where the request came from."""
        with translation.override(_chosen(email) or translation.get_language()):
            mail = super().render_mail(template_prefix, email, *args, **kwargs)
            request = context.request
            if isinstance(mail, EmailMultiAlternatives) and not mail.alternatives:
                hosts = [f"{scheme}://{request.get_host()}" for scheme in ("http", "https")] if request else []
                fill(mail, str(mail.subject), str(mail.body), origins=hosts)
            mail.extra_headers["Message-ID"] = make_msgid(domain=sender_domain())  # not with this machine's name
            mail.connection = in_haste()
        return mail

    def send_mail(self, *args: Any, **kwargs: Any) -> None:
        """At once and in haste, since a link to come in is waited for (and as a job it would lie in a row). Where it
        cannot go out, or perhaps did not, the page says so, for an address that nobody has, too."""
        try:
            with in_words(hasty=True):
                super().send_mail(*args, **kwargs)
        except (Away, GiveUp, InDoubt) as error:
            logger.warning("mail not sent", extra={"error": str(error)})
            ended = {"is_refused": isinstance(error, GiveUp), "is_in_doubt": isinstance(error, InDoubt)}
            page = render(context.request, "account/mail_away.html", ended, status=503)
            raise ImmediateHttpResponse(page) from error

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


def _chosen(email: str | list[str]) -> str:
    addresses = [email] if isinstance(email, str) else email
    return language_at(addresses[0]) if len(addresses) == 1 else ""


def client_ip(request: HttpRequest) -> str:
    """The address of whoever speaks to our outermost proxy (S9).

    Each proxy appends the address that it sees to X-Forwarded-For, so the last `settings.PROXIES` entries are ours and
    the ones before them may be invented.
    """
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    believed = seen[-settings.PROXIES] if 0 < settings.PROXIES <= len(seen) else ""
    for address in (believed, request.META.get("REMOTE_ADDR")):
        try:
            return str(ip_address(address or ""))
        except ValueError:
            continue
    return NOBODY


def typed_email(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The e-mail address that someone tries to log in with, known or not, for axes to count by."""
    given = credentials or {}
    typed = given.get("email") or given.get("username") or request.POST.get("login", "")
    return str(typed).strip().lower()[:255]


def locked_out(request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None) -> HttpResponse:
    """The page after too many wrong passwords; the same for an address that nobody has (S9)."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    answer = render(request, "account/locked_out.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(minutes * 60)
    return answer


def forget_guesses(user: User, **kwargs: Any) -> None:
    """Who has set a new password by a link from their mailbox comes in with it at once: the wrong ones before were at
    the old one. For their addresses alone, from wherever they were tried (S9)."""
    theirs = {user.email, *EmailAddress.objects.filter(user=user).values_list("email", flat=True)}
    for username in {one.strip().lower()[:255] for one in theirs} - {""}:  # as `typed_email` counts them
        reset(username=username)


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of the second step are stored encrypted: a copy of the database alone makes no codes (S18)."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    return cipher("portal.accounts.mfa")


class SecondStepForm(AuthenticateForm):
    """The code of an authenticator app, or a recovery code: ten tries in a quarter of an hour (S9)."""

    def clean_code(self) -> str:
        return _limited(self.user, super().clean_code)


class SecondStepAgainForm(ReauthenticateForm):
    def clean_code(self) -> str:
        return _limited(self.user, super().clean_code)


def _limited(user: Any, check: Callable[[], str]) -> str:
    """Count before the check, forget when it succeeds; the counts are rows in PostgreSQL (the database cache)."""
    request, key = context.request, f"second-step-{user.pk}"
    if not ratelimit.consume(request, action="second_step", key=key):
        raise get_account_adapter().validation_error("too_many_login_attempts")
    code = check()
    ratelimit.clear(request, action="second_step", key=key)
    return code
