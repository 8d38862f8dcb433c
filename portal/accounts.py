"""What allauth and axes are told about people who want to come in: nobody signs up, and nobody guesses for long."""

from ipaddress import ip_address
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

NOBODY = str(ip_address(0))  # a request that came over no network


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Logins are given by the studio's owner or the operator."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)


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
